// SPDX-License-Identifier: MIT
// Windows on communicators of a session, without MPI_Init: made, accessed in every kind of epoch,
// and freed before the session ends; twice.
// ranks: 1 2 3
#include "check.h"

static MPI_Comm comm;

static void access_all(MPI_Win win, MPI_Aint own, const int *memory)
{
    MPI_Group all;
    MPI_Aint where[16];
    int value = 100 + rank, one = 1, was, right = (rank + 1) % size;
    int left = (rank + size - 1) % size;
    OK(MPI_Allgather(&own, 1, MPI_AINT, where, 1, MPI_AINT, comm));
    OK(MPI_Win_fence(0, win));
    OK(MPI_Put(&value, 1, MPI_INT, right, where[right], 1, MPI_INT, win));
    OK(MPI_Win_fence(MPI_MODE_NOSUCCEED, win));
    CHECK(*memory == 100 + left, "%d after a fence", *memory);
    OK(MPI_Barrier(comm));
    OK(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, right, 0, win));
    OK(MPI_Fetch_and_op(&one, &was, MPI_INT, right, where[right], MPI_SUM, win));
    OK(MPI_Win_unlock(right, win));
    CHECK(was == 100 + rank, "%d was fetched", was);
    OK(MPI_Win_get_group(win, &all));
    OK(MPI_Barrier(comm));
    OK(MPI_Win_post(all, 0, win));
    OK(MPI_Win_start(all, 0, win));
    OK(MPI_Accumulate(&one, 1, MPI_INT, 0, where[0], 1, MPI_INT, MPI_SUM, win));
    OK(MPI_Win_complete(win));
    OK(MPI_Win_wait(win));
    OK(MPI_Group_free(&all));
    CHECK(*memory == 101 + left + (rank == 0 ? size : 0), "%d at the end", *memory);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (int i = 0; i < 2; i++) {
        MPI_Session session;
        MPI_Group group;
        MPI_Win win;
        int *memory, on_stack = 0;
        MPI_Aint at;
        OK(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session));
        OK(MPI_Group_from_session_pset(session, "mpi://WORLD", &group));
        OK(MPI_Comm_create_from_group(group, "windows", MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL,
                                      &comm));
        OK(MPI_Comm_rank(comm, &rank));
        OK(MPI_Comm_size(comm, &size));
        OK(MPI_Win_allocate(sizeof(int), 1, MPI_INFO_NULL, comm, &memory, &win));
        *memory = 0;
        access_all(win, 0, memory);
        OK(MPI_Win_free(&win));
        OK(MPI_Win_create(&on_stack, sizeof(int), 1, MPI_INFO_NULL, comm, &win));
        access_all(win, 0, &on_stack);
        OK(MPI_Win_free(&win));
        on_stack = 0;
        OK(MPI_Win_create_dynamic(MPI_INFO_NULL, comm, &win));
        OK(MPI_Win_attach(win, &on_stack, sizeof(int)));
        OK(MPI_Get_address(&on_stack, &at));
        access_all(win, at, &on_stack);
        OK(MPI_Win_detach(win, &on_stack));
        OK(MPI_Win_free(&win));
        OK(MPI_Comm_free(&comm));
        OK(MPI_Group_free(&group));
        OK(MPI_Session_finalize(&session));
    }
    return 0;
}
