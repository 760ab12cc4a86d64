// SPDX-License-Identifier: MIT
// Whatever ranks accumulate into the same bytes at the same time is as if one had done it after the
// other: additions, swaps, long vectors and fetches, in every kind of memory.
// ranks: 1 2 3 5
#include "check.h"

enum { ROUNDS = 300, LONG = 3000 };
static long statics[LONG + 8];

static void exercise(MPI_Win win, long *base, MPI_Aint unit)
{
    const long one = 1;
    long *ones = room(LONG * sizeof *ones), *got = room(LONG * sizeof *got), sum = 0;
    char *seen = calloc((size_t)(ROUNDS * size), 1);
    for (int i = 0; i < LONG + 8; i++) {
        base[i] = 0;
    }
    for (int i = 0; i < LONG; i++) {
        ones[i] = 1;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    OK(MPI_Win_lock_all(0, win));
    for (int i = 0; i < ROUNDS; i++) { // tickets: each once
        long ticket = -1;
        OK(MPI_Fetch_and_op(&one, &ticket, MPI_LONG, 0, 0, MPI_SUM, win));
        OK(MPI_Win_flush(0, win));
        CHECK(ticket >= 0 && ticket < ROUNDS * size && !seen[ticket], "ticket %ld", ticket);
        seen[ticket] = 1;
    }
    for (int i = 0; i < ROUNDS; i++) { // a counter by compare and swap, beside additions to it
        long old = 0, new, is = -1;
        for (;;) {
            new = old + 1;
            OK(MPI_Compare_and_swap(&new, &old, &is, MPI_LONG, size - 1, 8 / unit * 1, win));
            OK(MPI_Win_flush(size - 1, win));
            if (is == old) {
                break;
            }
            old = is;
        }
        OK(MPI_Accumulate(&one, 1, MPI_LONG, size - 1, 8 / unit * 1, 1, MPI_LONG, MPI_SUM, win));
    }
    for (int i = 0; i < 20; i++) { // vectors: all elements of a fetch are of one addition or before
        OK(MPI_Get_accumulate(ones, LONG, MPI_LONG, got, LONG, MPI_LONG, 0, 8 / unit * 8, LONG,
                              MPI_LONG, MPI_SUM, win));
        OK(MPI_Win_flush(0, win));
        sum += got[0];
    }
    OK(MPI_Win_unlock_all(win));
    long all = 0;
    MPI_Reduce(&sum, &all, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock(MPI_LOCK_SHARED, rank, 0, win); // so that our loads see it
    if (rank == 0) {
        long n = 20L * size;
        CHECK(base[0] == (long)ROUNDS * size, "%ld tickets", base[0]);
        for (int i = 0; i < LONG; i++) {
            CHECK(base[8 + i] == n, "[%d] is %ld", i, base[8 + i]);
        }
        CHECK(all == n * (n - 1) / 2, "the values fetched sum up to %ld", all);
    }
    if (rank == size - 1) {
        CHECK(base[1] == 2L * ROUNDS * size, "%ld", base[1]);
    }
    MPI_Win_unlock(rank, win);
    MPI_Barrier(MPI_COMM_WORLD);
    free(ones);
    free(got);
    free(seen);
}

// Single words and vectors over them at the same time: long runs of the one and of the other, of
// integers and of doubles.
static void mix(MPI_Win win, long *base, MPI_Aint unit)
{
    enum { RUNS = 4, SINGLES = 1100, WORDS = 64 };
    const long one = 1;
    const double real = 1;
    long ones[WORDS];
    double reals[WORDS];
    for (int i = 0; i < WORDS; i++) {
        ones[i] = 1;
        reals[i] = 1;
        base[i] = 0;
        ((double *)base)[WORDS + i] = 0;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    OK(MPI_Win_lock_all(0, win));
    for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < SINGLES; i++) {
            MPI_Aint at = 8 * (i % WORDS);
            OK(MPI_Accumulate(&one, 1, MPI_LONG, 0, at / unit, 1, MPI_LONG, MPI_SUM, win));
            OK(MPI_Accumulate(&real, 1, MPI_DOUBLE, 0, (at + 8 * WORDS) / unit, 1, MPI_DOUBLE,
                              MPI_SUM, win));
            if (i % 100 == rank) {
                OK(MPI_Accumulate(ones, WORDS, MPI_LONG, 0, 0, WORDS, MPI_LONG, MPI_SUM, win));
                OK(MPI_Accumulate(reals, WORDS, MPI_DOUBLE, 0, 8 * WORDS / unit, WORDS, MPI_DOUBLE,
                                  MPI_SUM, win));
            }
        }
        for (int i = 0; i < SINGLES; i++) {
            OK(MPI_Accumulate(&one, 1, MPI_LONG, 0, 0, 1, MPI_LONG, MPI_SUM, win));
        }
    }
    OK(MPI_Win_unlock_all(win));
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock(MPI_LOCK_SHARED, rank, 0, win);
    for (int i = 0; i < WORDS && rank == 0; i++) {
        long vectors = SINGLES / 100, single = SINGLES / WORDS + (i < SINGLES % WORDS);
        long more = (vectors + single) * RUNS * size;
        CHECK(base[i] == more + (i == 0 ? (long)RUNS * SINGLES * size : 0), "[%d] is %ld", i,
              base[i]);
        CHECK(((double *)base)[WORDS + i] == (double)more, "[%d] is %g", i,
              ((double *)base)[WORDS + i]);
    }
    MPI_Win_unlock(rank, win);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    long on_stack[LONG + 8], *base;
    MPI_Win win;
    start(&argc, &argv);
    OK(MPI_Win_allocate(sizeof on_stack, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    exercise(win, base, 1);
    mix(win, base, 1);
    OK(MPI_Win_free(&win));
    OK(MPI_Win_create(on_stack, sizeof on_stack, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    exercise(win, on_stack, 8);
    mix(win, on_stack, 8);
    OK(MPI_Win_free(&win));
    OK(MPI_Win_create(statics, sizeof statics, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    exercise(win, statics, 8);
    OK(MPI_Win_free(&win));
    return finish();
}
