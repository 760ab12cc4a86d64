// SPDX-License-Identifier: MIT
// Ranks of worlds that met disagree about a collective operation, on the intercommunicator and on
// the merged communicator: at least one of them is told, with the right class of error, and none
// waits for ever. And where they agree, nobody is told, whatever they call their types.
// (Operations that are never over keep their memory, so leaks are not looked for.)
// ranks: 1 2
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 240
#include "coll_forms.h"

static MPI_Comm inter; // of the two worlds
static int child;

// Each world makes its own call, on a new communicator.
static void meet(const char *what, int merged, const struct call *parents,
                 const struct call *children, int class)
{
    MPI_Comm comm;
    int got, told, most;

    snprintf(check_again, sizeof check_again, "%s, %s communicator\n", what,
             merged ? "merged" : "inter");
    if (merged) {
        OK(MPI_Intercomm_merge(inter, child, &comm));
    } else {
        OK(MPI_Comm_dup(inter, &comm));
    }
    OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    got = do_call(child ? children : parents, comm);
    int error = MPI_Barrier(comm); // or there
    if (error != MPI_SUCCESS && got == MPI_SUCCESS) {
        MPI_Error_class(error, &got);
    }
    int length = got == MPI_ERR_COUNT || got == MPI_ERR_TRUNCATE;
    CHECK(got == MPI_SUCCESS || got == class || (class == MPI_ERR_TYPE && length), "%s: class %d",
          what, got);
    OK(MPI_Allreduce(&got, &told, 1, MPI_INT, MPI_MAX, inter));  // the other world's
    OK(MPI_Allreduce(&told, &most, 1, MPI_INT, MPI_MAX, inter)); // and this one's
    most = told > most ? told : most;
    CHECK(most != MPI_SUCCESS || class == MPI_SUCCESS, "%s: nobody was told", what);
    OK(MPI_Comm_free(&comm));
}

static void all(int merged, int count)
{
    struct call one = {ALLREDUCE, BLOCKING, 0, count, MPI_INT, count, MPI_INT, MPI_SUM}, other;

    meet("agreed", merged, &one, &one, MPI_SUCCESS);
    other = one;
    other.op = MPI_MAX;
    meet("operator", merged, &one, &other, MPI_ERR_OP);
    other = one;
    other.type = other.taken = MPI_FLOAT;
    meet("type", merged, &one, &other, MPI_ERR_TYPE);
    other = one;
    other.form = NONBLOCKING;
    meet("form", merged, &one, &other, MPI_ERR_OTHER);
    other.kind = ALLGATHER;
    other.form = BLOCKING;
    meet("operation", merged, &one, &other, MPI_ERR_OTHER);
    other.kind = BARRIER;
    meet("operation, none with data", merged, &one, &other, MPI_ERR_OTHER);
    one.kind = other.kind = ALLTOALL;
    one.type = one.taken = MPI_LONG;
    other.type = other.taken = MPI_DOUBLE;
    meet("type to each", merged, &one, &other, MPI_ERR_TYPE);
    other.type = other.taken = MPI_BYTE;
    other.count = other.room = 8 * count;
    meet("bytes", merged, &one, &other, MPI_SUCCESS);
    one.form = other.form = NONBLOCKING;
    meet("bytes, nonblocking", merged, &one, &other, MPI_SUCCESS);
    if (merged) {
        int first_child;
        MPI_Comm_remote_size(inter, &first_child); // as a child sees it, and only that needs it
        one.kind = BCAST;
        one.type = MPI_INT;
        other = one;
        other.root = first_child;
        meet("root", merged, &one, &other, MPI_ERR_ROOT);
    }
}

int main(int argc, char **argv)
{
    char word[] = "child", *arguments[] = {word, NULL};

    start(&argc, &argv);
    OK(MPI_Comm_get_parent(&inter));
    child = inter != MPI_COMM_NULL;
    if (!child) {
        OK(MPI_Comm_spawn(argv[0], arguments, 2, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter,
                          MPI_ERRCODES_IGNORE));
    }
    for (int merged = 0; merged < 2; merged++) {
        all(merged, 1);
        all(merged, 20000);
    }
    OK(MPI_Comm_disconnect(&inter));
    if (child) {
        MPI_Finalize();
        return 0;
    }
    return finish();
}
