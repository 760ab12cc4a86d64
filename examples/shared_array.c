// SPDX-License-Identifier: MIT
// An array that all ranks of a machine share: loads and stores, without a message.
//
//     mprun -n 2 examples/shared_array [times]
//
// Two ideas. First, MPI_Win_allocate_shared gives each rank a piece of one array, and
// MPI_Win_shared_query the address of anybody's piece: from there on it is plain memory, and MPI
// only says when. Here each rank fills its piece, and after a fence reads its neighbour's.
//
// Second, false sharing. A core does not fetch bytes but lines, 64 bytes or 128 of them. Each rank
// counts to `times` (a million unless given otherwise) in a variable of its own. Where these are 4
// bytes apart, all lie in one line, which travels from core to core, though no rank looks at
// another one's; 128 bytes apart, each core keeps its line. The same program, several times as
// fast. (Not where the ranks take turns on one core: it has all lines.) So what ranks write often
// belongs 128 bytes apart, and that is asked for below: pieces that begin at multiples of 4096
// bytes.
//
// The last line, the sums of all counters and pieces, is the same on any MPI.
//
// Read main() first, then count() and pass_on().

#include "usage.h"

#include <stdbool.h>
#include <stdint.h>

enum { PIECE = 1000 };

static const char usage[] =
    "Usage: mprun [-n RANKS] shared_array [TIMES]\n"
    "Ranks share an array; then each counts to TIMES (default 1000000) in an element of its own, "
    "4\n"
    "and 128 bytes from the next one's. All ranks must be on one machine.\n";

static int rank, size;

// Each rank counts in its own variable, `apart` bytes from the next one's. Returns ns for each
// addition; *sum becomes that of all counters.
static double count(int apart, int times, int64_t *sum)
{
    MPI_Win win;
    char *own, *first;
    MPI_Aint bytes;
    int unit;

    // One piece, at the first rank, so that the distances are ours to choose.
    MPI_Win_allocate_shared(rank == 0 ? (MPI_Aint)size * apart : 0, 1, MPI_INFO_NULL,
                            MPI_COMM_WORLD, &own, &win);
    MPI_Win_shared_query(win, 0, &bytes, &unit, &first);
    // The compiler must not keep it in a register: it is the stores that are measured.
    volatile int32_t *counter = (volatile int32_t *)(void *)(first + (size_t)rank * (size_t)apart);
    *counter = 0;
    MPI_Win_fence(0, win);
    double seconds = MPI_Wtime();
    for (int i = 0; i < times; i++)
        *counter = *counter + 1;
    seconds = MPI_Wtime() - seconds;
    MPI_Win_fence(0, win); // what others have counted may be read after this
    *sum = 0;
    for (int i = 0; i < size; i++)
        *sum += *(volatile int32_t *)(void *)(first + (size_t)i * (size_t)apart);
    MPI_Win_fence(0, win); // and goes after all have read it
    MPI_Win_free(&win);
    double most;
    MPI_Reduce(&seconds, &most, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    return 1e9 * most / times;
}

// Each rank fills its piece, and adds up the piece of the next one. Returns the sum of all those,
// at rank 0; *aligned: whether all pieces begin where a line does.
static int64_t pass_on(bool *aligned)
{
    MPI_Win win;
    MPI_Info apart;
    MPI_Aint bytes;
    int unit, lines, all;
    int64_t *own, *theirs, sum = 0, total = 0;

    // Unless it is allowed to leave gaps, MPI puts one piece right behind the other.
    MPI_Info_create(&apart);
    MPI_Info_set(apart, "alloc_shared_noncontig", "true");
    MPI_Win_allocate_shared(PIECE * sizeof *own, sizeof *own, apart, MPI_COMM_WORLD, &own, &win);
    MPI_Info_free(&apart);
    MPI_Win_shared_query(win, (rank + 1) % size, &bytes, &unit, &theirs);
    MPI_Win_fence(0, win);
    for (int i = 0; i < PIECE; i++)
        own[i] = (int64_t)rank * PIECE + i;
    MPI_Win_fence(0, win);
    for (int i = 0; i < PIECE; i++)
        sum += theirs[i];
    MPI_Win_fence(0, win);
    lines = (uintptr_t)own % 64 == 0;
    MPI_Win_free(&win);
    MPI_Reduce(&sum, &total, 1, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Reduce(&lines, &all, 1, MPI_INT, MPI_LAND, 0, MPI_COMM_WORLD);
    *aligned = rank == 0 && all;
    return total;
}

static bool on_one_machine(void)
{
    MPI_Comm near;
    int count;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &near);
    MPI_Comm_size(near, &count);
    MPI_Comm_free(&near);
    int one = count == size, all;
    MPI_Allreduce(&one, &all, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
    return all;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"TIMES"};
    static const int most[] = {1000000000};
    int times = 1000000, verdict = GO;
    bool aligned;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    bool near = on_one_machine();
    if (rank == 0)
        verdict = read_numbers("shared_array", argc, argv, usage, 1, names, most, &times);
    if (rank == 0 && verdict == GO && !near) {
        fprintf(stderr, "shared_array: the ranks share no memory: run them on one machine\n");
        verdict = FAILED;
    }
    int word[2] = {verdict, times};
    MPI_Bcast(word, 2, MPI_INT, 0, MPI_COMM_WORLD);
    times = word[1];
    if (word[0] != GO) {
        MPI_Finalize();
        return status_of(word[0]);
    }

    int64_t sums[2];
    int64_t passed = pass_on(&aligned);
    double close = count(4, times, &sums[0]), apart = count(128, times, &sums[1]);
    if (rank == 0) {
        printf("pieces that may lie apart begin %s\n",
               aligned ? "at lines of their own" : "anywhere");
        printf("  4 bytes apart: %7.2f ns for each addition\n", close);
        printf("128 bytes apart: %7.2f ns, %.1f times as fast\n", apart, close / apart);
        printf("%d rank%s: pieces %lld, counters %lld and %lld\n", size, size == 1 ? "" : "s",
               (long long)passed, (long long)sums[0], (long long)sums[1]);
    }
    MPI_Finalize();
    return 0;
}
