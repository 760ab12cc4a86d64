// SPDX-License-Identifier: MIT
// Post, start, complete, wait: an epoch concerns its groups only, epochs do not mix however far one
// rank is ahead, and MPI_Win_test ends one as MPI_Win_wait does.
// ranks: 2 3 5
#include "check.h"

enum { ROUNDS = 200 };

int main(int argc, char **argv)
{
    long *base;
    MPI_Win win;
    MPI_Group all, left, right;
    start(&argc, &argv);
    int before = (rank + size - 1) % size, after = (rank + 1) % size;
    OK(MPI_Win_allocate((MPI_Aint)sizeof(long) * size, sizeof(long), MPI_INFO_NULL, MPI_COMM_WORLD,
                        &base, &win));
    OK(MPI_Win_get_group(win, &all));
    MPI_Group_incl(all, 1, &before, &left);
    MPI_Group_incl(all, 1, &after, &right);
    for (long i = 0; i < ROUNDS; i++) { // a ring: exposed to the left, accesses the right
        OK(MPI_Win_post(left, i % 3 == 0 ? MPI_MODE_NOSTORE : 0, win));
        OK(MPI_Win_start(right, 0, win));
        OK(MPI_Put(&i, 1, MPI_LONG, after, rank, 1, MPI_LONG, win));
        OK(MPI_Win_complete(win));
        if (i % 2 == 0) {
            OK(MPI_Win_wait(win));
        } else {
            int flag = 0;
            while (!flag) {
                OK(MPI_Win_test(win, &flag));
            }
        }
        CHECK(base[before] == i, "round %ld: %ld", i, base[before]);
    }
    for (long i = 0; i < ROUNDS; i++) { // all to one, who is only a target
        int root = (int)(i % size);
        MPI_Group target, others;
        MPI_Group_incl(all, 1, &root, &target);
        MPI_Group_difference(all, target, &others);
        if (rank == root) {
            OK(MPI_Win_post(others, 0, win));
            OK(MPI_Win_wait(win));
            for (int k = 0; k < size; k++) {
                CHECK(k == root || base[k] == i + k, "round %ld: %ld of rank %d", i, base[k], k);
            }
        } else {
            long value = i + rank;
            OK(MPI_Win_start(target, 0, win));
            OK(MPI_Put(&value, 1, MPI_LONG, root, rank, 1, MPI_LONG, win));
            OK(MPI_Win_complete(win));
        }
        MPI_Group_free(&target);
        if (others != MPI_GROUP_EMPTY) {
            MPI_Group_free(&others);
        }
    }
    MPI_Group_free(&all);
    MPI_Group_free(&left);
    MPI_Group_free(&right);
    OK(MPI_Win_free(&win));
    return finish();
}
