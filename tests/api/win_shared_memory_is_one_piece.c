// SPDX-License-Identifier: MIT
// The members of a shared window see each other's memory: one piece in the order of ranks, or apart
// where the program allows that; with and without a shared heap.
// ranks: 1 2 4
#include "check.h"

static void look(int apart, MPI_Comm comm)
{
    int *base, unit, me, members;
    MPI_Aint bytes;
    MPI_Win win;
    MPI_Info info;
    MPI_Comm_rank(comm, &me);
    MPI_Comm_size(comm, &members);
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", apart ? "true" : "false");
    int own = me == 1 ? 0 : 10 + me;
    OK(MPI_Win_allocate_shared((MPI_Aint)sizeof(int) * own, sizeof(int), info, comm, &base, &win));
    OK(MPI_Win_lock_all(0, win));
    for (int i = 0; i < own; i++) {
        base[i] = 1000 * me + i;
    }
    OK(MPI_Win_sync(win));
    MPI_Barrier(comm);
    OK(MPI_Win_sync(win));
    int *expected = NULL;
    for (int k = 0; k < members; k++) {
        int *theirs, count = k == 1 ? 0 : 10 + k;
        OK(MPI_Win_shared_query(win, k, &bytes, &unit, &theirs));
        CHECK(bytes == (MPI_Aint)sizeof(int) * count && unit == sizeof(int), "rank %d has %ld", k,
              (long)bytes);
        if (!apart && k > 0) {
            CHECK(theirs == expected, "rank %d begins elsewhere", k);
        }
        for (int i = 0; i < count; i++) {
            CHECK(theirs[i] == 1000 * k + i, "rank %d [%d] is %d", k, i, theirs[i]);
        }
        expected = theirs ? theirs + count : NULL;
    }
    int *first;
    OK(MPI_Win_shared_query(win, MPI_PROC_NULL, &bytes, &unit, &first));
    CHECK(bytes == 10 * (MPI_Aint)sizeof(int) && first[3] == 3, "the first has %ld", (long)bytes);
    MPI_Barrier(comm);
    int target = (me + 1) % members; // stores and accesses meet
    if (target != 1) {
        int minus = -me, is;
        OK(MPI_Put(&minus, 1, MPI_INT, target, 2, 1, MPI_INT, win));
        OK(MPI_Win_flush(target, win));
        OK(MPI_Win_shared_query(win, target, &bytes, &unit, &first));
        OK(MPI_Get(&is, 1, MPI_INT, target, 2, 1, MPI_INT, win));
        OK(MPI_Win_flush(target, win));
        CHECK(first[2] == minus && is == minus, "%d %d", first[2], is);
    }
    OK(MPI_Win_unlock_all(win));
    OK(MPI_Win_free(&win));
    MPI_Info_free(&info);
}

int main(int argc, char **argv)
{
    MPI_Comm node;
    start(&argc, &argv);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    look(0, node);
    look(1, node);
    MPI_Comm_free(&node);
    return finish();
}
