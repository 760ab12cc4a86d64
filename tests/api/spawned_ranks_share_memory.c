// SPDX-License-Identifier: MIT
// ranks: 1 2 3
// channels: shm
// timeout: 100
// Spawned ranks share memory with their parents: MPI_Comm_split_type says so of the merged
// communicator, a window that is allocated there is written by one and read by all, and so are
// windows of any other kind. Messages of all lengths come over, from memory of all kinds, in the
// order in which they were sent. And so it is with their own children.
#include "check.h"

enum { WORDS = 20000, LONGEST = 3 << 20, TIMES = 20 };

static void shared_window(MPI_Comm all, int me, int everybody)
{
    MPI_Win window;
    MPI_Aint bytes;
    int *own, *others, unit;

    OK(MPI_Win_allocate_shared(WORDS * sizeof(int), sizeof(int), MPI_INFO_NULL, all, &own,
                               &window));
    OK(MPI_Win_lock_all(0, window));
    for (int i = 0; i < WORDS; i++) {
        own[i] = me * WORDS + i;
    }
    OK(MPI_Win_sync(window));
    OK(MPI_Barrier(all));
    OK(MPI_Win_sync(window));
    for (int r = 0; r < everybody; r++) {
        OK(MPI_Win_shared_query(window, r, &bytes, &unit, &others));
        CHECK(bytes == WORDS * sizeof(int) && unit == sizeof(int), "%ld", (long)bytes);
        CHECK(others[0] == r * WORDS && others[WORDS - 1] == (r + 1) * WORDS - 1, "%d", others[0]);
    }
    OK(MPI_Win_unlock_all(window));
    OK(MPI_Win_free(&window));
}

// `own`, of WORDS longs, is 0 everywhere.
static void access(MPI_Win window, MPI_Comm all, const long *own, int me, int everybody)
{
    int next = (me + 1) % everybody, before = (me + everybody - 1) % everybody;
    static long data[WORDS], back[WORDS];
    long one = 1, counter, old;

    for (int i = 0; i < WORDS; i++) {
        data[i] = me + 7L * i;
    }
    OK(MPI_Win_fence(0, window));
    OK(MPI_Put(data + 2, WORDS - 2, MPI_LONG, next, 2, WORDS - 2, MPI_LONG, window));
    OK(MPI_Accumulate(&one, 1, MPI_LONG, 0, 0, 1, MPI_LONG, MPI_SUM, window));
    OK(MPI_Win_fence(0, window));
    CHECK(own[2] == before + 14 && own[WORDS - 1] == before + 7L * (WORDS - 1), "%ld", own[2]);
    CHECK(me != 0 || own[0] == everybody, "%ld of %d", own[0], everybody);
    OK(MPI_Get(back, WORDS, MPI_LONG, next, 0, WORDS, MPI_LONG, window));
    OK(MPI_Win_fence(MPI_MODE_NOSUCCEED, window));
    CHECK(back[2] == me + 14, "%ld", back[2]);
    for (int i = 0; i < TIMES; i++) {
        OK(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, window));
        OK(MPI_Get(&counter, 1, MPI_LONG, 0, 1, 1, MPI_LONG, window));
        OK(MPI_Win_flush(0, window));
        counter++;
        OK(MPI_Put(&counter, 1, MPI_LONG, 0, 1, 1, MPI_LONG, window));
        OK(MPI_Win_unlock(0, window));
        OK(MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, window));
        OK(MPI_Fetch_and_op(&one, &old, MPI_LONG, 0, 0, MPI_SUM, window));
        OK(MPI_Win_unlock(0, window));
        CHECK(old >= everybody && old < (TIMES + 1L) * everybody, "%ld", old);
    }
    OK(MPI_Win_fence(MPI_MODE_NOSUCCEED, window));
    CHECK(me != 0 || (own[0] == (TIMES + 1L) * everybody && own[1] == (long)TIMES * everybody),
          "%ld %ld", own[0], own[1]);
    OK(MPI_Barrier(all));
    // One after the other.
    counter = (long)TIMES * everybody + me;
    old = -1;
    while (old != counter) {
        long after = counter + 1;
        OK(MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, window));
        OK(MPI_Compare_and_swap(&after, &counter, &old, MPI_LONG, 0, 1, window));
        OK(MPI_Win_unlock(0, window));
    }
    OK(MPI_Barrier(all));
    CHECK(me != 0 || own[1] == (TIMES + 1L) * everybody, "%ld", own[1]);
}

static void post_and_start(MPI_Win window, MPI_Comm all, long *own, int me, int everybody)
{
    MPI_Group group, others;
    long value = 100 + me;

    OK(MPI_Comm_group(all, &group));
    OK(MPI_Group_excl(group, 1, &me, &others));
    OK(MPI_Group_free(&group));
    own[0] = 0;
    OK(MPI_Win_post(others, 0, window));
    OK(MPI_Win_start(others, 0, window));
    for (int r = 0; r < everybody; r++) {
        if (r != me) {
            OK(MPI_Put(&value, 1, MPI_LONG, r, 10 + me, 1, MPI_LONG, window));
        }
    }
    OK(MPI_Win_complete(window));
    OK(MPI_Win_wait(window));
    for (int r = 0; r < everybody; r++) {
        CHECK(r == me || own[10 + r] == 100 + r, "%ld from %d", own[10 + r], r);
    }
    OK(MPI_Group_free(&others));
}

static void windows(MPI_Comm all, int me, int everybody)
{
    static long variables[WORDS];
    long *memory;
    MPI_Win window;

    OK(MPI_Win_allocate(WORDS * sizeof(long), sizeof(long), MPI_INFO_NULL, all, &memory, &window));
    memset(memory, 0, WORDS * sizeof(long));
    access(window, all, memory, me, everybody);
    post_and_start(window, all, memory, me, everybody);
    OK(MPI_Win_free(&window));
    OK(MPI_Win_create(variables, sizeof variables, sizeof(long), MPI_INFO_NULL, all, &window));
    access(window, all, variables, me, everybody);
    OK(MPI_Win_free(&window));
}

// Each with each. Bytes at the end tell what came, and the order tells the rest.
static void messages(MPI_Comm all, int me, int everybody)
{
    static const int lengths[] = {0, 8, 48, 49, 4000, 8192, 9000, 16385, 100000, LONGEST};
    static unsigned char variables[LONGEST];
    unsigned char *block = room(LONGEST), *got = room(LONGEST);
    MPI_Request requests[2 * COUNT_OF(lengths)];
    MPI_Datatype pairs;
    MPI_Status status;
    int count;

    OK(MPI_Type_vector(LONGEST / 16, 8, 16, MPI_BYTE, &pairs));
    OK(MPI_Type_commit(&pairs));
    for (int apart = 1; apart < everybody; apart++) {
        int to = (me + apart) % everybody, from = (me + everybody - apart) % everybody;
        fill(block, LONGEST, (unsigned)me);
        fill(variables, LONGEST, (unsigned)me);
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
            OK(MPI_Isend(block, lengths[i], MPI_BYTE, to, 1, all, &requests[2 * i]));
            OK(MPI_Isend(variables, lengths[i], MPI_BYTE, to, 1, all, &requests[2 * i + 1]));
        }
        for (size_t i = 0; i < 2 * COUNT_OF(lengths); i++) {
            int length = lengths[i / 2];
            memset(got, 0, LONGEST);
            OK(MPI_Recv(got, LONGEST, MPI_BYTE, from, 1, all, &status));
            MPI_Get_count(&status, MPI_BYTE, &count);
            CHECK(count == length, "%d bytes, not %d", count, length);
            for (int b = length - 1; b >= 0 && b >= length - 100; b--) {
                CHECK(got[b] == byte_of((unsigned)from, (size_t)b), "byte %d of %d", b, length);
            }
        }
        OK(MPI_Waitall(2 * COUNT_OF(lengths), requests, MPI_STATUSES_IGNORE));
        OK(MPI_Sendrecv(block, 1, pairs, to, 2, got, 1, pairs, from, 2, all, &status));
        for (int b = 0; b < LONGEST; b += 16 * 1000) {
            CHECK(got[b + 7] == byte_of((unsigned)from, (size_t)b + 7), "byte %d", b);
        }
        OK(MPI_Issend(block, 8, MPI_BYTE, to, 3, all, requests));
        OK(MPI_Recv(got, 8, MPI_BYTE, from, 3, all, &status));
        OK(MPI_Wait(requests, MPI_STATUS_IGNORE));
    }
    OK(MPI_Type_free(&pairs));
    free(block);
    free(got);
}

static void together(MPI_Comm inter, int high)
{
    MPI_Comm all, near;
    int me, everybody, there;

    OK(MPI_Intercomm_merge(inter, high, &all));
    MPI_Comm_size(all, &everybody);
    MPI_Comm_rank(all, &me);
    OK(MPI_Comm_split_type(all, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &near));
    MPI_Comm_size(near, &there);
    CHECK(there == everybody, "%d of %d share memory", there, everybody);
    shared_window(near, me, everybody);
    windows(all, me, everybody);
    messages(all, me, everybody);
    OK(MPI_Comm_free(&near));
    OK(MPI_Comm_free(&all));
}

int main(int argc, char **argv)
{
    char leaf[] = "leaf", *arguments[] = {leaf, NULL};
    MPI_Comm parent, inter;

    start(&argc, &argv);
    OK(MPI_Comm_get_parent(&parent));
    if (parent != MPI_COMM_NULL) {
        together(parent, 1);
    }
    if (argc == 1) {
        OK(MPI_Comm_spawn(argv[0], parent == MPI_COMM_NULL ? MPI_ARGV_NULL : arguments, 2,
                          MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter, MPI_ERRCODES_IGNORE));
        together(inter, 0);
        OK(MPI_Comm_disconnect(&inter));
    }
    if (parent != MPI_COMM_NULL) {
        OK(MPI_Comm_disconnect(&parent));
    }
    return finish();
}
