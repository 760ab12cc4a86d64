// SPDX-License-Identifier: MIT
// Programs that wait for ever in calls on a window, and programs that seem to: `window_waits CASE`.
// In the live ones somebody computes for a while outside MPI. See window_deadlocks_are_told.sh and
// window_locks_are_reported.sh.
#include <mpi.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W MPI_COMM_WORLD
enum { SHARED = MPI_LOCK_SHARED, ALONE = MPI_LOCK_EXCLUSIVE };
static int rank, size, next, before, *memory;
static MPI_Win win;
static double delay = 0.5; // before the kill

static void compute(double seconds)
{
    double until = MPI_Wtime() + seconds;
    while (MPI_Wtime() < until) {
    }
}

static void lock(int kind, int target)
{
    MPI_Win_lock(kind, target, 0, win);
}

static void unlock(int target)
{
    MPI_Win_unlock(target, win);
}

static void recv_from(int from)
{
    int value;
    MPI_Recv(&value, 1, MPI_INT, from, 7, W, MPI_STATUS_IGNORE);
}

static void send_to(int to)
{
    MPI_Send(&rank, 1, MPI_INT, to, 7, W);
}

static MPI_Group only(int member)
{
    MPI_Group all, one;
    MPI_Win_get_group(win, &all);
    MPI_Group_incl(all, 1, &member, &one);
    MPI_Group_free(&all);
    return one;
}

static int is_dead(const char *what)
{
    if (strcmp(what, "lock-cycle") == 0) {
        lock(ALONE, rank);
        MPI_Barrier(W);
        lock(ALONE, next);
    } else if (strcmp(what, "lock-kept") == 0) { // by one that waits for something else
        if (rank == 1) {
            lock(ALONE, 0);
        }
        MPI_Barrier(W);
        rank == 1 ? recv_from(0) : lock(SHARED, 0);
    } else if (strcmp(what, "lock-shared") == 0) { // nobody knows who holds it
        if (rank == 1) {
            lock(SHARED, 0);
        }
        MPI_Barrier(W);
        rank == 1 ? recv_from(0) : lock(ALONE, 0);
    } else if (strcmp(what, "lock-all") == 0) {
        if (rank == 1) {
            lock(ALONE, size - 1);
        }
        MPI_Barrier(W);
        rank == 1 ? recv_from(0) : (void)MPI_Win_lock_all(0, win);
    } else if (strcmp(what, "start") == 0) { // all start, and nobody posts
        MPI_Win_start(only(next), 0, win);
    } else if (strcmp(what, "wait") == 0) { // the partner never completes
        MPI_Win_post(only(next), 0, win);
        MPI_Win_start(only(before), 0, win);
        rank == size - 1 ? recv_from(0) : (void)MPI_Win_wait(win);
    } else if (strcmp(what, "start-finalize") == 0) {
        if (rank == 0) {
            MPI_Win_start(only(1), 0, win);
        }
    } else if (strcmp(what, "fence") == 0) {
        rank == size - 1 ? recv_from(0) : (void)MPI_Win_fence(0, win);
    } else if (strcmp(what, "two-fences") == 0) {
        MPI_Win other;
        MPI_Win_create_dynamic(MPI_INFO_NULL, W, &other);
        MPI_Win_fence(0, rank == 0 ? win : other);
    } else {
        return 0;
    }
    return 1;
}

// Whoever wants a lock, whose it is, and who holds it, with each rank in each part.
static void in_all_parts(void (*part)(int wants, int target, int holds))
{
    for (int i = 0; i < size; i++) {
        part(i, (i + 1) % size, (i + 2) % size);
        part(i, (i + 2) % size, (i + 1) % size);
        MPI_Barrier(W);
    }
}

// The holder computes; the target sleeps in a receive from whoever wants the lock.
static void holder_computes(int wants, int target, int holds)
{
    if (rank == holds) {
        lock(ALONE, target);
        send_to(wants);
        compute(0.4);
        unlock(target);
    } else if (rank == wants) {
        recv_from(holds);
        lock(SHARED, target);
        unlock(target);
        send_to(target);
    } else if (rank == target) {
        recv_from(wants);
    }
}

// The holder has unlocked, and sleeps until whoever wants the lock has had it; the target computes.
static void unlock_is_unread(int wants, int target, int holds)
{
    if (rank == holds) {
        lock(ALONE, target);
        send_to(target);
        send_to(wants);
        compute(0.05);
        unlock(target);
        recv_from(wants);
    } else if (rank == wants) {
        recv_from(holds);
        lock(ALONE, target);
        unlock(target);
        send_to(holds);
    } else if (rank == target) {
        recv_from(holds);
        compute(0.4);
    }
}

// A put to one that computes is waited for, while the others wait for its origin.
static void put_is_unread(int wants, int target, int holds)
{
    int one = 1;
    if (rank == wants) {
        lock(SHARED, target);
        send_to(target);
        send_to(holds);
        MPI_Put(&one, 1, MPI_INT, target, 0, 1, MPI_INT, win);
        unlock(target);
        send_to(holds);
    } else if (rank == target) {
        recv_from(wants);
        compute(0.4);
    } else if (rank == holds) {
        recv_from(wants);
        recv_from(wants);
    }
}

static int is_live(const char *what)
{
    if (strcmp(what, "live-holder") == 0) {
        in_all_parts(holder_computes);
    } else if (strcmp(what, "live-unlock") == 0) {
        in_all_parts(unlock_is_unread);
    } else if (strcmp(what, "live-put") == 0) {
        in_all_parts(put_is_unread);
    } else if (strcmp(what, "live-queue") == 0) { // all but one sleep in the queue for one lock
        for (int i = 0; i < 3; i++) {
            lock((rank + i) % 2 ? ALONE : SHARED, i % size);
            compute(0.1);
            unlock(i % size);
        }
    } else if (strcmp(what, "live-epochs") == 0) { // around a ring, the last one comes late
        for (int i = 0; i < 3; i++) {
            if (rank == i % size) {
                compute(0.4);
            }
            MPI_Group to = only(next), from = only(before);
            MPI_Win_post(from, 0, win);
            MPI_Win_start(to, 0, win);
            MPI_Put(&rank, 1, MPI_INT, next, 0, 1, MPI_INT, win);
            MPI_Win_complete(win);
            MPI_Win_wait(win);
            MPI_Group_free(&to);
            MPI_Group_free(&from);
        }
    } else if (strcmp(what, "killed") == 0) { // with a lock that the others wait for
        if (rank == 1) {
            lock(ALONE, 0);
        }
        MPI_Barrier(W);
        if (rank == 1) {
            compute(delay);
            raise(SIGKILL);
        }
        lock(SHARED, 0);
    } else if (strcmp(what, "live-fence") == 0) {
        for (int i = 0; i < size; i++) {
            if (rank == i) {
                compute(0.4);
            }
            MPI_Win_fence(0, win);
        }
    } else {
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    delay = argc > 2 ? atof(argv[2]) : delay;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(W, &rank);
    MPI_Comm_size(W, &size);
    next = (rank + 1) % size;
    before = (rank + size - 1) % size;
    MPI_Win_allocate(sizeof(int), sizeof(int), MPI_INFO_NULL, W, &memory, &win);
    if (!is_dead(what) && !is_live(what)) {
        printf("there is no case %s\n", what);
        MPI_Abort(W, 99);
    }
    if (strncmp(what, "live", 4) == 0) {
        MPI_Win_free(&win);
    }
    MPI_Finalize();
    return 0;
}
