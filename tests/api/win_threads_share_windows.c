// SPDX-License-Identifier: MIT
// Threads of a rank access one window at the same time, and lock targets of windows of their own.
// ranks: 1 2 3
// timeout: 120
#include "threads.h"

enum { THREADS = 4, ROUNDS = 200 };
static MPI_Win shared, own[THREADS];
static long *base, *bases[THREADS];

static void *work(void *argument)
{
    int me = (int)(intptr_t)argument;
    long one = 1, ticket, last = -1, back;
    for (int i = 0; i < ROUNDS; i++) {
        int target = (rank + i) % size;
        OK(MPI_Fetch_and_op(&one, &ticket, MPI_LONG, 0, 0, MPI_SUM, shared));
        OK(MPI_Win_flush(0, shared));
        CHECK(ticket > last, "ticket %ld after %ld", ticket, last);
        last = ticket;
        MPI_Aint place = 1 + rank * THREADS + me;
        long value = i;
        MPI_Request request;
        OK(MPI_Rput(&value, 1, MPI_LONG, target, place, 1, MPI_LONG, shared, &request));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        OK(MPI_Win_flush(target, shared));
        OK(MPI_Rget(&back, 1, MPI_LONG, target, place, 1, MPI_LONG, shared, &request));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        CHECK(back == i, "%ld is %d", back, i);
        OK(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, target, 0, own[me]));
        OK(MPI_Get(&back, 1, MPI_LONG, target, 0, 1, MPI_LONG, own[me]));
        OK(MPI_Win_flush(target, own[me]));
        back++;
        OK(MPI_Put(&back, 1, MPI_LONG, target, 0, 1, MPI_LONG, own[me]));
        OK(MPI_Win_unlock(target, own[me]));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    OK(MPI_Win_allocate((MPI_Aint)sizeof(long) * (1 + size * THREADS), sizeof(long), MPI_INFO_NULL,
                        MPI_COMM_WORLD, &base, &shared));
    base[0] = 0;
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Win_allocate(sizeof(long), sizeof(long), MPI_INFO_NULL, MPI_COMM_WORLD, &bases[i],
                            &own[i]));
        *bases[i] = 0;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    OK(MPI_Win_lock_all(0, shared));
    in_threads(THREADS, work);
    OK(MPI_Win_unlock_all(shared));
    MPI_Barrier(MPI_COMM_WORLD);
    long sum[THREADS], all[THREADS];
    for (int i = 0; i < THREADS; i++) {
        sum[i] = *bases[i];
    }
    MPI_Allreduce(sum, all, THREADS, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < THREADS; i++) {
        CHECK(all[i] == (long)ROUNDS * size, "%ld", all[i]);
        OK(MPI_Win_free(&own[i]));
    }
    CHECK(rank != 0 || base[0] == (long)ROUNDS * size * THREADS, "%ld tickets", base[0]);
    OK(MPI_Win_free(&shared));
    return finish();
}
