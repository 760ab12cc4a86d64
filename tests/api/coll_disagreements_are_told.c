// SPDX-License-Identifier: MIT
// Whatever ranks disagree about in a collective operation, at least one of them is told, with the
// right class of error, and none waits for ever: the operation, in every pair of different ones and
// of forms, the root, the operator, the type and the length, of short data and of long; and which
// call makes a communicator.
// (Operations that are never over keep their memory, so leaks are not looked for.)
// ranks: 2 3
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 240
#include "coll_forms.h"

static int cases, silent, verbose;

static const char *class_name(int class)
{
    switch (class) {
    case MPI_SUCCESS:
        return "-";
    case MPI_ERR_TYPE:
        return "TYPE";
    case MPI_ERR_OP:
        return "OP";
    case MPI_ERR_ROOT:
        return "ROOT";
    case MPI_ERR_COUNT:
        return "COUNT";
    case MPI_ERR_TRUNCATE:
        return "TRUNCATE";
    case MPI_ERR_OTHER:
        return "OTHER";
    default:
        return "?";
    }
}

// All ranks but the last do `common`, the last one `odd`. `class`: what who is told is told; -1 for
// one of those about lengths.
static void disagree(const char *what, const struct call *common, const struct call *odd, int class)
{
    const struct call *mine = rank == size - 1 ? odd : common;
    int classes[8], got;
    char text[200];
    MPI_Comm comm;

    snprintf(text, sizeof text, "%s: %s%s (%d), and at the last rank %s%s (%d)", what,
             form_names[common->form], kind_names[common->kind], common->count,
             form_names[odd->form], kind_names[odd->kind], odd->count);
    snprintf(check_again, sizeof check_again, "%.198s\n", text);
    if (verbose > 1 && rank == 0) {
        fprintf(stderr, "%s\n", text);
    }
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    got = do_call(mine, comm);
    int error = MPI_Barrier(comm); // or there; a persistent one, when it is started again
    if (error != MPI_SUCCESS && got == MPI_SUCCESS) {
        MPI_Error_class(error, &got);
    }
    if (mine->form == PERSISTENT && has_root(mine->kind) && common->root != odd->root) {
        int again = start_and_wait(&kept_request);
        got = got == MPI_SUCCESS ? again : got;
    }
    OK(MPI_Allgather(&got, 1, MPI_INT, classes, 1, MPI_INT, MPI_COMM_WORLD));
    int told = 0, right = 1;
    for (int i = 0; i < size; i++) {
        int length = classes[i] == MPI_ERR_COUNT || classes[i] == MPI_ERR_TRUNCATE;
        told += classes[i] != MPI_SUCCESS;
        right = right && (classes[i] == MPI_SUCCESS || classes[i] == class ||
                          ((class == -1 || class == MPI_ERR_TYPE) && length));
    }
    cases++;
    if (rank == 0 && (verbose || !told || !right)) {
        printf("%-9s%s:", told && right ? "" : told ? "WRONG" : "SILENT", text);
        for (int i = 0; i < size; i++) {
            printf(" %s", class_name(classes[i]));
        }
        printf("\n");
    }
    silent += !told || !right;
    MPI_Comm_free(&comm);
}

static struct call a_call(enum kind kind, enum form form, int count)
{
    return (struct call){kind, form, 0, count, MPI_INT, count, MPI_INT, MPI_SUM};
}

static void operations(void)
{
    for (int i = 0; i < KINDS * 2; i++) {
        for (int j = 0; j < KINDS * 2; j++) {
            struct call one = a_call(i / 2, i % 2, 1), other = a_call(j / 2, j % 2, 1);
            if (i != j) {
                disagree("operation", &one, &other, MPI_ERR_OTHER);
            }
        }
    }
}

static void one_kind(enum kind kind, enum form form, int count)
{
    struct call one = a_call(kind, form, count), other;

    if (has_root(kind)) {
        other = one;
        other.root = size - 1;
        disagree("root", &one, &other, MPI_ERR_ROOT);
    }
    if (kind == BARRIER) {
        return;
    }
    if (reduces(kind)) {
        other = one;
        other.op = MPI_MAX;
        disagree("operator", &one, &other, MPI_ERR_OP);
    }
    one.type = one.taken = MPI_LONG;
    other = one;
    other.type = other.taken = MPI_DOUBLE;
    disagree("long and double", &one, &other, MPI_ERR_TYPE);
    one.type = one.taken = MPI_DOUBLE;
    other = one;
    other.type = other.taken = MPI_FLOAT;
    other.count = other.room = 2 * count;
    disagree("double and floats", &one, &other, MPI_ERR_TYPE);
    if (!reduces(kind)) {
        one = a_call(kind, form, count);
        one.type = one.taken = MPI_DOUBLE_INT;
        other = one;
        other.type = other.taken = MPI_INT;
        other.count = other.room = 3 * count;
        disagree("a pair and integers", &one, &other, MPI_ERR_TYPE);
    }
    one = a_call(kind, form, count);
    other = one;
    other.count = other.room = count + 1;
    disagree("longer", &one, &other, -1);
    disagree("shorter", &other, &one, -1);
}

// Calls that make communicators, the first on their communicator or not.
static void makers(void)
{
    enum { DUP, CREATE, SPLIT, CALLS };
    for (int i = 0; i < CALLS * CALLS * 2; i++) {
        int call = rank == size - 1 ? i / CALLS % CALLS : i % CALLS, got = MPI_SUCCESS, told;
        MPI_Comm comm, made = MPI_COMM_NULL;
        MPI_Group group;
        if (i / CALLS % CALLS == i % CALLS) {
            continue;
        }
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
        OK(MPI_Comm_group(comm, &group));
        if (i < CALLS * CALLS) {
            OK(MPI_Barrier(comm));
        }
        OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
        int error = call == DUP      ? MPI_Comm_dup(comm, &made)
                    : call == CREATE ? MPI_Comm_create(comm, group, &made)
                                     : MPI_Comm_split(comm, 0, 0, &made);
        MPI_Error_class(error, &got);
        error = MPI_Barrier(comm); // or there
        if (got == MPI_SUCCESS) {
            MPI_Error_class(error, &got);
        }
        OK(MPI_Allreduce(&got, &told, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
        CHECK(told == MPI_ERR_OTHER, "calls %d and %d: class %d", i % CALLS, i / CALLS, told);
        if (made != MPI_COMM_NULL) {
            OK(MPI_Comm_free(&made));
        }
        OK(MPI_Group_free(&group));
        OK(MPI_Comm_free(&comm));
    }
}

int main(int argc, char **argv)
{
    static const int counts[] = {1, 9, 700, 20000};
    start(&argc, &argv);
    verbose = argc > 1 ? atoi(argv[1]) : 0;
    operations();
    makers();
    for (int kind = 0; kind < KINDS; kind++) {
        for (int form = 0; form < FORMS; form++) {
            for (size_t i = 0; i < COUNT_OF(counts); i++) {
                one_kind(kind, form, counts[i]);
            }
        }
    }
    if (rank == 0) {
        printf("%d disagreements, of which %d were not told as they should be\n", cases, silent);
    }
    CHECK(silent == 0, "%d", silent);
    if (kept_request != MPI_REQUEST_NULL) {
        OK(MPI_Request_free(&kept_request));
    }
    return finish();
}
