// SPDX-License-Identifier: MIT
// Many may read at once, but who writes must be alone.
//
//     mprun -n 4 examples/readers_writers
//     mprun -n 4 examples/readers_writers --no-locks      what readers see then
//
// One idea: a lock has two strengths. Rank 0 holds a value of 64 numbers that are all equal. The
// last rank writes new ones, in two halves, under an exclusive lock. The others read under a shared
// lock, which keeps out writers but not readers. A reader that sees two different numbers has seen
// a value that never was. The wait of the writer shows how fair the lock is to it.

#include "gallery.h"

enum { NUMBERS = 64, HALF = NUMBERS / 2 };

static const char usage[] =
    "Usage: mprun -n RANKS readers_writers [--reads R] [--writes W] [--no-locks]\n"
    "All ranks but the last read a value R times in all (default 120), the last writes it W times\n"
    "(default 20).\n";

static MPI_Win win;

// Returns whether what was read is whole.
static int read_value(int no_locks)
{
    int value[NUMBERS], whole = 1;
    MPI_Win_lock(MPI_LOCK_SHARED, 0, no_locks ? MPI_MODE_NOCHECK : 0, win);
    MPI_Get(value, NUMBERS, MPI_INT, 0, 0, NUMBERS, MPI_INT, win);
    MPI_Win_unlock(0, win);
    for (int i = 1; i < NUMBERS; i++)
        whole = whole && value[i] == value[0];
    return whole;
}

// Returns the seconds that it waited for the lock.
static double write_value(int number, int no_locks)
{
    int value[NUMBERS];
    for (int i = 0; i < NUMBERS; i++)
        value[i] = number;
    double start = MPI_Wtime();
    // Without locks the writer is a second "shared" one, which nobody keeps out.
    MPI_Win_lock(no_locks ? MPI_LOCK_SHARED : MPI_LOCK_EXCLUSIVE, 0, 0, win);
    MPI_Get(value, 1, MPI_INT, 0, 0, 1, MPI_INT, win);
    MPI_Win_flush(0, win); // when this is back, the lock is ours
    double waited = MPI_Wtime() - start;
    value[0] = number;
    MPI_Put(value, HALF, MPI_INT, 0, 0, HALF, MPI_INT, win);
    MPI_Win_flush(0, win);
    pause_us(500); // half of it is written
    MPI_Put(value + HALF, HALF, MPI_INT, 0, HALF, HALF, MPI_INT, win);
    MPI_Win_unlock(0, win);
    return waited;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, reads = 120, writes = 20, no_locks = 0, *value;
    begin("readers_writers", usage, argc, argv,
          (struct setting[]){{"--reads", &reads, 1, 1000000, NULL, NULL},
                             {"--writes", &writes, 1, 1000000, NULL, NULL},
                             {"--no-locks", &no_locks, 0, 0, NULL, NULL},
                             {0}},
          2);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Win_allocate(rank == 0 ? NUMBERS * sizeof(int) : 0, sizeof(int), MPI_INFO_NULL,
                     MPI_COMM_WORLD, &value, &win);
    if (rank == 0) {
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win);
        memset(value, 0, NUMBERS * sizeof(int));
        MPI_Win_unlock(0, win);
    }
    MPI_Barrier(MPI_COMM_WORLD);

    int half_written = 0, all = 0;
    double longest = 0;
    if (rank == size - 1) {
        for (int i = 1; i <= writes; i++) {
            double waited = write_value(i, no_locks);
            longest = waited > longest ? waited : longest;
            pause_us(200);
        }
    }
    for (int i = rank; rank < size - 1 && i < reads; i += size - 1) {
        half_written += !read_value(no_locks);
        pause_us(100);
    }
    double wait;
    MPI_Reduce(&half_written, &all, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Reduce(&longest, &wait, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("the writer waited for %.1f ms at most\n", 1000 * wait);
    if (rank == 0 && all == 0)
        printf("%d reads, %d writes: no reader saw a half-written value\n", reads, writes);
    else if (rank == 0)
        printf("%d of %d reads saw a half-written value\n", all, reads);
    MPI_Win_free(&win);
    MPI_Finalize();
    return all && rank == 0 ? 1 : 0;
}
