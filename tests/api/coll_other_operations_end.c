// SPDX-License-Identifier: MIT
// One rank calls one collective operation and the others another one, blocking and nonblocking,
// short and long, every operation with every other: nobody waits for ever, and a rank is told.
// (Operations that are never over keep their memory, so leaks are not looked for. Under valgrind no
// rank reads or writes another's memory, so long data is given in chunks, like short, and nobody
// needs to look who takes them.)
// ranks: 2 3
// channels: shm
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 120
// not under: valgrind
#include "check.h"
#include <stdbool.h>

enum operation {
    BARRIER,
    ALLREDUCE,
    ALLGATHER,
    ALLTOALL,
    REDUCE_SCATTER,
    BCAST, // from here on rank 0 need not wait for anybody
    SCATTER,
    SCAN,
    EXSCAN,
    REDUCE, // from here on the others need not
    GATHER,
    OPERATIONS
};

enum { SHORT = 2, MIDDLE = 5000, LONG = 1 << 18 };

static int *in, *out;

static int block(enum operation operation, int n, MPI_Comm w)
{
    switch (operation) {
    case BARRIER:
        return MPI_Barrier(w);
    case BCAST:
        return MPI_Bcast(in, n, MPI_INT, 0, w);
    case REDUCE:
        return MPI_Reduce(in, out, n, MPI_INT, MPI_SUM, 0, w);
    case ALLREDUCE:
        return MPI_Allreduce(in, out, n, MPI_INT, MPI_SUM, w);
    case GATHER:
        return MPI_Gather(in, n, MPI_INT, out, n, MPI_INT, 0, w);
    case SCATTER:
        return MPI_Scatter(in, n, MPI_INT, out, n, MPI_INT, 0, w);
    case ALLGATHER:
        return MPI_Allgather(in, n, MPI_INT, out, n, MPI_INT, w);
    case ALLTOALL:
        return MPI_Alltoall(in, n, MPI_INT, out, n, MPI_INT, w);
    case REDUCE_SCATTER:
        return MPI_Reduce_scatter_block(in, out, n, MPI_INT, MPI_SUM, w);
    case SCAN:
        return MPI_Scan(in, out, n, MPI_INT, MPI_SUM, w);
    default:
        return MPI_Exscan(in, out, n, MPI_INT, MPI_SUM, w);
    }
}

static int begin(enum operation operation, int n, MPI_Comm w, MPI_Request *request)
{
    switch (operation) {
    case BARRIER:
        return MPI_Ibarrier(w, request);
    case BCAST:
        return MPI_Ibcast(in, n, MPI_INT, 0, w, request);
    case REDUCE:
        return MPI_Ireduce(in, out, n, MPI_INT, MPI_SUM, 0, w, request);
    case ALLREDUCE:
        return MPI_Iallreduce(in, out, n, MPI_INT, MPI_SUM, w, request);
    case GATHER:
        return MPI_Igather(in, n, MPI_INT, out, n, MPI_INT, 0, w, request);
    case SCATTER:
        return MPI_Iscatter(in, n, MPI_INT, out, n, MPI_INT, 0, w, request);
    case ALLGATHER:
        return MPI_Iallgather(in, n, MPI_INT, out, n, MPI_INT, w, request);
    case ALLTOALL:
        return MPI_Ialltoall(in, n, MPI_INT, out, n, MPI_INT, w, request);
    case REDUCE_SCATTER:
        return MPI_Ireduce_scatter_block(in, out, n, MPI_INT, MPI_SUM, w, request);
    case SCAN:
        return MPI_Iscan(in, out, n, MPI_INT, MPI_SUM, w, request);
    default:
        return MPI_Iexscan(in, out, n, MPI_INT, MPI_SUM, w, request);
    }
}

#ifndef BY_MESSAGES
#define BY_MESSAGES false // coll_other_operations_end_by_messages.c
#endif

// Nobody looks at what anybody else does: all give and go. Or, by messages, nobody has sent any and
// all wait, in which case the user is told who waits where when he ends the job.
static bool is_unseen(enum operation first, enum operation others, int n)
{
    bool first_gives = first >= BCAST && first < REDUCE, others_give = others >= REDUCE;
    bool first_waits = first >= REDUCE || first == REDUCE_SCATTER;
    bool others_wait = others >= BCAST && others < REDUCE;
    return (n != LONG && first_gives && others_give) || (BY_MESSAGES && first_waits && others_wait);
}

static void disagree(enum operation first, enum operation others, int n, bool blocking)
{
    MPI_Comm w;
    enum operation mine = rank == 0 ? first : others;
    int error, told, any;

    if (is_unseen(first, others, n)) {
        return;
    }
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &w));
    OK(MPI_Comm_set_errhandler(w, MPI_ERRORS_RETURN));
    if (blocking) {
        error = block(mine, n, w);
    } else {
        MPI_Request request;
        OK(begin(mine, n, w, &request));
        error = MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    told = error != MPI_SUCCESS;
    OK(MPI_Allreduce(&told, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
    CHECK(any, "operation %d at rank 0, %d at the others, %d elements%s: nobody was told", first,
          others, n, blocking ? "" : ", nonblocking");
    // What was sent to nobody's receive is to be here before the communicator goes.
    for (int i = 0; i < 3; i++) {
        OK(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &any, MPI_STATUS_IGNORE));
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Comm_free(&w));
}

int main(int argc, char **argv)
{
    static const int lengths[] = {SHORT, MIDDLE, LONG};

    start(&argc, &argv);
    in = calloc(LONG * (size_t)size, sizeof *in);
    out = calloc(LONG * (size_t)size, sizeof *out);
    CHECK(in && out, "no memory");
    for (int i = 0; i < (int)COUNT_OF(lengths) * 2; i++) {
        for (int first = 0; first < OPERATIONS; first++) {
            for (int others = 0; others < OPERATIONS; others++) {
                if (first != others) {
                    disagree((enum operation)first, (enum operation)others, lengths[i / 2],
                             i % 2 == 0);
                }
            }
        }
    }
    free(in);
    free(out);
    return finish();
}
