// SPDX-License-Identifier: MIT
// The power of two choices: look at two queues, and stand in the shorter one.
//
//     mprun -n 4 examples/two_choices
//     mprun -n 4 examples/two_choices --round 1000      all look before anybody stands anywhere
//
// One idea: a little knowledge is nearly as good as all of it. 1000 arrive at 1000 queues. If each
// takes one by chance, the longest queue is far longer than the mean; of two, the shorter: hardly.
// The lengths are in a window. In each round all ranks read them, then add those who arrived; what
// they read is therefore a little old, the older the longer a round is. But it is the same for any
// number of ranks, and so is the result.

#include "gallery.h"

#include <stdint.h>

static const char usage[] =
    "Usage: mprun [-n RANKS] two_choices [--queues Q] [--arrivals A] [--round R]\n"
    "A arrivals (default 1000) at Q queues (default 1000), R in a round (default 20).\n";

static int rank, size, queues = 1000, arrivals = 1000, per_round = 20;

// Chance: a mix of the number of the arrival, which any rank can work out (splitmix64).
static int chance(int arrival, int which)
{
    uint64_t x = (uint64_t)(2 * arrival + which + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (int)((x ^ x >> 31) % (uint64_t)queues);
}

// Returns the longest queue, on rank 0.
static int longest(int choices, int *lengths, int *seen, MPI_Win win)
{
    const int one = 1; // MPI_Accumulate reads it as late as in the fence
    memset(lengths, 0, rank == 0 ? sizeof(int) * (size_t)queues : 0);
    MPI_Win_fence(0, win);
    for (int start = 0; start < arrivals; start += per_round) {
        int end = start + per_round < arrivals ? start + per_round : arrivals;
        MPI_Get(seen, queues, MPI_INT, 0, 0, queues, MPI_INT, win);
        MPI_Win_fence(0, win); // all have read before anybody writes
        for (int i = start + rank; i < end; i += size) {
            int queue = chance(i, 0), other = chance(i, 1);
            if (choices == 2 && seen[other] < seen[queue])
                queue = other;
            MPI_Accumulate(&one, 1, MPI_INT, 0, queue, 1, MPI_INT, MPI_SUM, win);
        }
        MPI_Win_fence(0, win); // all have written before anybody reads
    }
    int most = 0;
    for (int i = 0; rank == 0 && i < queues; i++)
        most = lengths[i] > most ? lengths[i] : most;
    MPI_Win_fence(0, win);
    return most;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int *lengths;
    MPI_Win win;
    begin("two_choices", usage, argc, argv,
          (struct setting[]){{"--queues", &queues, 1, 100000, NULL, NULL},
                             {"--arrivals", &arrivals, 1, 100000, NULL, NULL},
                             {"--round", &per_round, 1, 100000, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int *seen = malloc(sizeof *seen * (size_t)queues);
    if (!seen)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Win_allocate(rank == 0 ? (MPI_Aint)sizeof(int) * queues : 0, sizeof(int), MPI_INFO_NULL,
                     MPI_COMM_WORLD, &lengths, &win);
    MPI_Win_fence(0, win);

    int one = longest(1, lengths, seen, win), two = longest(2, lengths, seen, win);
    if (rank == 0)
        printf("longest of %d queues after %d arrivals: %d with one choice, %d with two\n", queues,
               arrivals, one, two);
    free(seen);
    MPI_Win_free(&win);
    MPI_Finalize();
    return 0;
}
