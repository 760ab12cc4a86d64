// SPDX-License-Identifier: MIT
// ranks: 1
// channels: shm
// not under: asan tsan valgrind
// An attribute among thousands of one object is set, found, replaced and deleted in as many
// instructions as one among a few, and so is a keyval made; the order of setting is kept through
// all of that.
#include "count.h"

enum { FEW = 40, MANY = 4000, SAMPLES = 5 };

static int keyvals[MANY], deleted[MANY], deletions;
static long places[MANY];

static int note(MPI_Comm comm, int keyval, void *value, void *extra)
{
    (void)comm;
    (void)keyval;
    (void)extra;
    deleted[deletions++] = (int)(*(long *)value);
    return MPI_SUCCESS;
}

struct costs {
    long make, set, get, replace, delete;
};

static void least(long *cost, long now)
{
    *cost = now < *cost ? now : *cost;
}

// Of the last ones made, of some in the middle of the others.
static struct costs measure(int count)
{
    struct costs costs = {1L << 40, 1L << 40, 1L << 40, 1L << 40, 1L << 40};
    MPI_Comm comm;
    OK(MPI_Comm_dup(MPI_COMM_SELF, &comm));
    for (int i = 0; i < count; i++) {
        places[i] = i;
        if (i < count - SAMPLES) {
            OK(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, note, &keyvals[i], NULL));
            OK(MPI_Comm_set_attr(comm, keyvals[i], &places[i]));
            continue;
        }
        count_begin();
        MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, note, &keyvals[i], NULL);
        least(&costs.make, count_end());
        count_begin();
        MPI_Comm_set_attr(comm, keyvals[i], &places[i]);
        least(&costs.set, count_end());
    }
    for (int i = count / 2; i < count / 2 + SAMPLES; i++) {
        void *value;
        int found;
        count_begin();
        MPI_Comm_get_attr(comm, keyvals[i], &value, &found);
        least(&costs.get, count_end());
        CHECK(found && value == &places[i], "%d of %d", i, count);
    }
    deletions = 0;
    for (int i = count / 2; i < count / 2 + SAMPLES; i++) {
        count_begin();
        MPI_Comm_set_attr(comm, keyvals[i], &places[i]);
        least(&costs.replace, count_end());
        count_begin();
        MPI_Comm_delete_attr(comm, keyvals[i]);
        least(&costs.delete, count_end());
        OK(MPI_Comm_set_attr(comm, keyvals[i], &places[i]));
    }
    // The last ones set are now those from the middle: they go first.
    deletions = 0;
    OK(MPI_Comm_free(&comm));
    CHECK(deletions == count, "%d of %d", deletions, count);
    for (int i = 0; i < count; i++) {
        int expected = i < SAMPLES             ? count / 2 + SAMPLES - 1 - i
                       : i < count - count / 2 ? count - 1 - (i - SAMPLES)
                                               : count - 1 - i;
        CHECK(deleted[i] == expected, "%d of %d: %d, not %d", i, count, deleted[i], expected);
        OK(MPI_Comm_free_keyval(&keyvals[i]));
    }
    return costs;
}

static void compare(const char *what, long few, long many)
{
    printf("%s: %ld and %ld instructions, with %d and %d\n", what, few, many, FEW, MANY);
    fflush(stdout);
    CHECK(many <= 2 * few, "%s: %ld and %ld", what, few, many);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    if (!CAN_COUNT) {
        skip_without_count();
    }
    struct costs few = measure(FEW);
    struct costs many = measure(MANY);
    compare("make a keyval", few.make, many.make);
    compare("set", few.set, many.set);
    compare("get", few.get, many.get);
    compare("replace", few.replace, many.replace);
    compare("delete", few.delete, many.delete);
    return finish();
}
