// SPDX-License-Identifier: MIT
// A barrier made of messages, beside MPI_Barrier, and MPI_Ibarrier with work while it is under way.
//
//     mprun -n 4 examples/process_barrier
//     mprun -n 4 examples/process_barrier --short     the last round of messages is left out
//
// One idea: who has heard of whom. In the first round each rank tells the next one that it is
// there, in the second the one after that, then the fourth: after each round it has heard, at first
// or second hand, of twice as many, so that a thousand ranks need ten rounds (dissemination). One
// round less, and somebody leaves whom the last one has not met.

#include "gallery.h"

enum { MESSAGES, BARRIER, IBARRIER, KINDS };

static const char *const kinds[] = {"messages", "MPI_Barrier", "MPI_Ibarrier"};

static const char usage[] = "Usage: mprun [-n RANKS] process_barrier [--rounds R] [--short]\n"
                            "Passes R barriers of each kind (default 100). --short leaves out the "
                            "last messages of the one\n"
                            "that is made of them, and then some rank leaves too early.\n";

static int rank, size, rounds = 100, short_one;
static long worked; // pieces of work done while MPI_Ibarrier was under way

static void barrier(int kind)
{
    if (kind == BARRIER) {
        MPI_Barrier(MPI_COMM_WORLD);
        return;
    }
    if (kind == IBARRIER) {
        MPI_Request request;
        int all_there = 0;
        MPI_Ibarrier(MPI_COMM_WORLD, &request);
        for (;;) {
            MPI_Test(&request, &all_there, MPI_STATUS_IGNORE);
            if (all_there)
                return;
            pause_us(20); // a piece of work
            worked++;
        }
    }
    for (int far = 1; far < size; far *= 2) {
        if (short_one && far * 2 >= size)
            return;
        MPI_Sendrecv(NULL, 0, MPI_INT, (rank + far) % size, far, NULL, 0, MPI_INT,
                     (rank - far + size) % size, far, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int *came, early = 0, wrong;
    MPI_Win win;
    begin("process_barrier", usage, argc, argv,
          (struct setting[]){{"--rounds", &rounds, 1, 100000, NULL, NULL},
                             {"--short", &short_one, 0, 0, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    // A witness: at rank 0 stands how often anybody came to a barrier.
    MPI_Win_allocate(sizeof *came, sizeof *came, MPI_INFO_NULL, MPI_COMM_WORLD, &came, &win);
    MPI_Win_lock_all(0, win);
    int nothing = 0, one = 1, before, now;
    if (rank == 0)
        MPI_Fetch_and_op(&nothing, &before, MPI_INT, 0, 0, MPI_REPLACE, win);
    MPI_Win_flush_all(win);
    MPI_Barrier(MPI_COMM_WORLD);

    for (int kind = 0; kind < KINDS; kind++) {
        double start = MPI_Wtime();
        for (int round = 1; round <= rounds; round++) {
            if (short_one && rank == round % size)
                pause_us(2000); // the one that all should wait for
            MPI_Fetch_and_op(&one, &before, MPI_INT, 0, 0, MPI_SUM, win);
            MPI_Win_flush(0, win);
            barrier(kind);
            MPI_Fetch_and_op(&nothing, &now, MPI_INT, 0, 0, MPI_NO_OP, win);
            MPI_Win_flush(0, win);
            early += now < size * (kind * rounds + round);
            if (short_one && kind == MESSAGES)
                MPI_Barrier(MPI_COMM_WORLD); // so that nobody comes twice in a round
        }
        if (rank == 0)
            printf("%-12s %8.2f us a round\n", kinds[kind], 1e6 * (MPI_Wtime() - start) / rounds);
    }
    long pieces;
    MPI_Reduce(&worked, &pieces, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Allreduce(&early, &wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%ld pieces of work were done while MPI_Ibarrier was under way\n", pieces);
        if (wrong == 0)
            printf("%d rounds of each: nobody left before all had come\n", rounds);
        else
            printf("somebody left before all had come\n");
        fflush(stdout);
    }
    MPI_Win_unlock_all(win);
    MPI_Win_free(&win);
    MPI_Finalize();
    return wrong ? 1 : 0;
}
