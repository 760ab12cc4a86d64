// SPDX-License-Identifier: MIT
// Three locks between processes: a ticket lock, a queue lock (MCS), and that of the window.
//
//     mprun -n 4 examples/process_lock
//     mprun -n 4 examples/process_lock --lock none      what they are good for
//
// One idea: a lock is one atomic step, and a way to wait. A ticket is drawn by MPI_Fetch_and_op;
// then one looks again and again whether it is on. In the queue lock one puts oneself at the tail,
// by the same call with MPI_REPLACE, and sleeps in MPI_Recv until the one before sends word: no
// looking, and each hears it once. MPI_Win_lock leaves both to MPI.

#include "gallery.h"

#include <sched.h>

enum { NONE, TICKET, QUEUE, WINDOW, LOCKS };
enum { DRAWN, SERVED, TAIL, INSIDE, COUNT, WORDS }; // words at rank 0
enum { NEXT = 1, YOURS };                           // tags

static const char usage[] =
    "Usage: mprun [-n RANKS] process_lock [--turns T] [--lock none|ticket|queue|window|all]\n"
    "All ranks together take T turns (default 120) with each lock: inside they add one to a\n"
    "number, by reading and writing it.\n";

static const char *const names[] = {"none", "ticket", "queue", "window"};
static int rank, size;
static MPI_Win win;   // the words: all ranks have a shared lock on them all the time
static MPI_Win guard; // what MPI_Win_lock locks

// One atomic step on a word of rank 0: returns what was there.
static int step(int word, int value, MPI_Op op)
{
    int old;
    MPI_Fetch_and_op(&value, &old, MPI_INT, 0, word, op, win);
    MPI_Win_flush(0, win);
    return old;
}

static void lock(int kind)
{
    if (kind == TICKET) {
        int ticket = step(DRAWN, 1, MPI_SUM);
        while (step(SERVED, 0, MPI_NO_OP) != ticket)
            sched_yield();
    } else if (kind == QUEUE) {
        int before = step(TAIL, rank + 1, MPI_REPLACE); // 0: nobody
        if (before != 0) {
            MPI_Send(NULL, 0, MPI_INT, before - 1, NEXT, MPI_COMM_WORLD);
            MPI_Recv(NULL, 0, MPI_INT, before - 1, YOURS, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    } else if (kind == WINDOW) {
        int word;
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, guard);
        MPI_Get(&word, 1, MPI_INT, 0, 0, 1, MPI_INT, guard);
        MPI_Win_flush(0, guard); // MPI may wait for the lock only where it is needed: here
    }
}

static void unlock(int kind)
{
    if (kind == TICKET) {
        step(SERVED, 1, MPI_SUM);
    } else if (kind == QUEUE) {
        int nobody = 0, me = rank + 1, tail;
        MPI_Compare_and_swap(&nobody, &me, &tail, MPI_INT, 0, TAIL, win);
        MPI_Win_flush(0, win);
        if (tail != me) { // somebody is behind us, who says so before long
            MPI_Status status;
            MPI_Recv(NULL, 0, MPI_INT, MPI_ANY_SOURCE, NEXT, MPI_COMM_WORLD, &status);
            MPI_Send(NULL, 0, MPI_INT, status.MPI_SOURCE, YOURS, MPI_COMM_WORLD);
        }
    } else if (kind == WINDOW) {
        MPI_Win_unlock(0, guard);
    }
}

// What must not be done by two at once. Returns how many were inside.
static int inside(void)
{
    int now = step(INSIDE, 1, MPI_SUM) + 1, count;
    MPI_Get(&count, 1, MPI_INT, 0, COUNT, 1, MPI_INT, win);
    MPI_Win_flush(0, win);
    sched_yield(); // an invitation to the others
    count++;
    MPI_Put(&count, 1, MPI_INT, 0, COUNT, 1, MPI_INT, win);
    MPI_Win_flush(0, win);
    step(INSIDE, -1, MPI_SUM);
    return now;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int turns = 120, which = LOCKS, *words, worst = 0, wrong = 0;
    begin("process_lock", usage, argc, argv,
          (struct setting[]){{"--turns", &turns, 1, 1000000, NULL, NULL},
                             {"--lock", &which, 0, 0, "none|ticket|queue|window|all", NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int *guarded;
    MPI_Win_allocate(rank == 0 ? sizeof(int) : 0, sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD,
                     &guarded, &guard);
    MPI_Win_allocate(rank == 0 ? WORDS * sizeof(int) : 0, sizeof(int), MPI_INFO_NULL,
                     MPI_COMM_WORLD, &words, &win);

    for (int kind = which == LOCKS ? TICKET : which; kind < LOCKS; kind++) {
        if (which != LOCKS && kind != which)
            break;
        MPI_Win_lock_all(0, win);
        for (int i = 0; rank == 0 && i < WORDS; i++)
            step(i, 0, MPI_REPLACE);
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        int most = 0, at_once;
        for (int turn = rank; turn < turns; turn += size) {
            lock(kind);
            int now = inside();
            unlock(kind);
            most = now > most ? now : most;
        }
        MPI_Reduce(&most, &at_once, 1, MPI_INT, MPI_MAX, 0, MPI_COMM_WORLD);
        MPI_Barrier(MPI_COMM_WORLD);
        if (rank == 0) {
            int count = step(COUNT, 0, MPI_NO_OP);
            printf("%-6s %d turns of %d counted, inside at once: %d, %.1f us a turn\n", names[kind],
                   count, turns, at_once, 1e6 * (MPI_Wtime() - start) / turns);
            worst = at_once > worst ? at_once : worst;
            wrong += count != turns;
        }
        MPI_Win_unlock_all(win);
    }
    if (rank == 0)
        printf("inside at once: %d, turns %s\n", worst, wrong ? "lost" : "all counted");
    MPI_Win_free(&win);
    MPI_Win_free(&guard);
    MPI_Finalize();
    return 0;
}
