// SPDX-License-Identifier: MIT
// An exclusive lock excludes all others of that target, shared ones only exclusive ones; ranks that
// hold several and ranks that lock all never wait for each other in a circle.
// ranks: 1 2 3 5 8
#include "check.h"

enum { ROUNDS = 100 };

int main(int argc, char **argv)
{
    long *base, value, one = 1;
    MPI_Win win;
    start(&argc, &argv);
    OK(MPI_Win_allocate(4 * sizeof(long), sizeof(long), MPI_INFO_NULL, MPI_COMM_WORLD, &base,
                        &win));
    memset(base, 0, 4 * sizeof(long));
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < ROUNDS; i++) { // read, then write: lost if two were in
        int target = i % size;
        OK(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, target, 0, win));
        OK(MPI_Get(&value, 1, MPI_LONG, target, 0, 1, MPI_LONG, win));
        OK(MPI_Win_flush(target, win));
        value++;
        OK(MPI_Put(&value, 1, MPI_LONG, target, 0, 1, MPI_LONG, win));
        OK(MPI_Win_unlock(target, win));
        if (i % 3 == 0) {
            OK(MPI_Win_lock(MPI_LOCK_SHARED, target, 0, win));
            OK(MPI_Get(&value, 1, MPI_LONG, target, 0, 1, MPI_LONG, win));
            OK(MPI_Win_unlock(target, win));
        }
    }
    for (int i = 0; i < ROUNDS; i++) { // several, in one order, against all
        if ((rank + i) % 2 == 0) {
            OK(MPI_Win_lock_all(0, win));
            OK(MPI_Accumulate(&one, 1, MPI_LONG, i % size, 1, 1, MPI_LONG, MPI_SUM, win));
            OK(MPI_Win_unlock_all(win));
        } else {
            int first = size - 1; // not the order in which all are locked
            OK(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, first, 0, win));
            if (size > 1) {
                OK(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win));
            }
            OK(MPI_Accumulate(&one, 1, MPI_LONG, first, 1, 1, MPI_LONG, MPI_SUM, win));
            OK(MPI_Win_unlock(first, win));
            if (size > 1) {
                OK(MPI_Win_unlock(0, win));
            }
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    OK(MPI_Win_lock(MPI_LOCK_SHARED, rank, 0, win));
    long own[2] = {base[0], base[1]}, sum[2];
    OK(MPI_Win_unlock(rank, win));
    long expected = (ROUNDS / size + (rank < ROUNDS % size)) * (long)size;
    CHECK(own[0] == expected, "counter is %ld, expected %ld", own[0], expected);
    MPI_Allreduce(own, sum, 2, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    CHECK(sum[1] == (long)ROUNDS * size, "%ld", sum[1]);
    OK(MPI_Win_free(&win));
    return finish();
}
