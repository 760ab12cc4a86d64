// SPDX-License-Identifier: MIT
// A counter that all ranks share, in rank 0's memory.
//
//     mprun -n 4 examples/shared_value [additions]
//
// One idea: to read, add and write back is three things, and others come in between. Each rank
// adds 1 to the counter that many times (1000 unless given otherwise), in three ways:
//
//     get and put      reads the counter, adds 1, writes it back: what others added is lost
//     lock             the same while nobody else may: right
//     fetch_and_op     one operation that nobody can divide: right, and the shortest
//
// How many additions the first way loses differs from run to run; with one rank, none. The last
// line says what the other two came to, and is the same on any MPI.
//
// Read main() first, then the three functions above it.

#include "usage.h"

static const char usage[] =
    "Usage: mprun [-n RANKS] shared_value [ADDITIONS]\n"
    "All ranks add 1 to one counter, ADDITIONS times each (default 1000): by get and put, which\n"
    "loses some, under a lock, and by fetch_and_op.\n";

static MPI_Win win; // of one long, at rank 0

static void with_get_and_put(void)
{
    long value;
    // A shared lock: others may be at it at the same time.
    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win);
    MPI_Get(&value, 1, MPI_LONG, 0, 0, 1, MPI_LONG, win);
    MPI_Win_flush(0, win); // before this, `value` is not there
    value++;
    MPI_Put(&value, 1, MPI_LONG, 0, 0, 1, MPI_LONG, win);
    MPI_Win_unlock(0, win);
}

static void with_lock(void)
{
    long value;
    // An exclusive one: others wait here until it is unlocked.
    MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win);
    MPI_Get(&value, 1, MPI_LONG, 0, 0, 1, MPI_LONG, win);
    MPI_Win_flush(0, win);
    value++;
    MPI_Put(&value, 1, MPI_LONG, 0, 0, 1, MPI_LONG, win);
    MPI_Win_unlock(0, win);
}

static void with_fetch_and_op(void)
{
    long one = 1, before;
    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win);
    MPI_Fetch_and_op(&one, &before, MPI_LONG, 0, 0, MPI_SUM, win);
    MPI_Win_unlock(0, win);
}

// All ranks add. Returns what the counter has become, at rank 0.
static long count(void (*add_one)(void), int additions, long *counter, double *seconds)
{
    long result = 0;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        // Its own memory, but others may look at it: so it is locked, too.
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win);
        *counter = 0;
        MPI_Win_unlock(0, win);
    }
    MPI_Barrier(MPI_COMM_WORLD); // it is 0 before anybody adds
    *seconds = MPI_Wtime();
    for (int i = 0; i < additions; i++)
        add_one();
    MPI_Barrier(MPI_COMM_WORLD); // all have added before it is read
    *seconds = MPI_Wtime() - *seconds;
    if (rank == 0) {
        MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win);
        result = *counter;
        MPI_Win_unlock(0, win);
    }
    return result;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*add_one)(void);
    } ways[] = {{"get and put", with_get_and_put},
                {"lock", with_lock},
                {"fetch_and_op", with_fetch_and_op}};
    static const char *const names[] = {"ADDITIONS"};
    static const int most[] = {10000000};
    int rank, size, additions = 1000, verdict = GO;
    long *counter, results[3];

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == 0)
        verdict = read_numbers("shared_value", argc, argv, usage, 1, names, most, &additions);
    int word[2] = {verdict, additions};
    MPI_Bcast(word, 2, MPI_INT, 0, MPI_COMM_WORLD);
    additions = word[1];
    if (word[0] != GO) {
        MPI_Finalize();
        return status_of(word[0]);
    }

    // Only rank 0 has any memory in the window; the others reach it from afar.
    MPI_Win_allocate(rank == 0 ? (MPI_Aint)sizeof *counter : 0, sizeof *counter, MPI_INFO_NULL,
                     MPI_COMM_WORLD, &counter, &win);
    long expected = (long)size * additions;
    for (int i = 0; i < 3; i++) {
        double seconds;
        results[i] = count(ways[i].add_one, additions, counter, &seconds);
        if (rank == 0)
            printf("%-12s %ld of %ld, %ld lost; %.3f us each\n", ways[i].name, results[i], expected,
                   expected - results[i], 1e6 * seconds / (double)additions);
    }
    if (rank == 0)
        printf("%d rank%s added %d each: lock %ld, fetch_and_op %ld\n", size, size == 1 ? "" : "s",
               additions, results[1], results[2]);
    MPI_Win_free(&win);
    MPI_Finalize();
    return rank == 0 && (results[1] != expected || results[2] != expected);
}
