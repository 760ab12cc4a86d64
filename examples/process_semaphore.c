// SPDX-License-Identifier: MIT
// A semaphore: 24 visitors, and a house for 8.
//
//     mprun -n 4 examples/process_semaphore
//     mprun -n 4 examples/process_semaphore --open      the door stands open
//
// One idea: a semaphore is a number of free places. To come in is one atomic step: take one from
// the number, and if there was none, put it back and try again later. (To read the number first and
// then take one would be two steps, and another could come between them.) Each rank brings a part
// of the visitors. First all who can come in do; then one leaves for one that comes.

#include "gallery.h"

#include <sched.h>

enum { FREE, INSIDE, MOST, VISITS, WORDS }; // words at rank 0

static const char usage[] =
    "Usage: mprun [-n RANKS] process_semaphore [--slots S] [--visitors V] [--open]\n"
    "V visitors (default 24) in S slots (default 8); with --open nobody waits for a slot.\n";

static MPI_Win win;

static int step(int word, int value, MPI_Op op)
{
    int old;
    MPI_Fetch_and_op(&value, &old, MPI_INT, 0, word, op, win);
    MPI_Win_flush(0, win);
    return old;
}

static int try_to_enter(int open)
{
    if (!open && step(FREE, -1, MPI_SUM) <= 0) {
        step(FREE, 1, MPI_SUM);
        return 0;
    }
    int now = step(INSIDE, 1, MPI_SUM) + 1;
    step(MOST, now, MPI_MAX);
    step(VISITS, 1, MPI_SUM);
    return 1;
}

static void leave(int open)
{
    step(INSIDE, -1, MPI_SUM); // before the place is free for the next
    if (!open)
        step(FREE, 1, MPI_SUM);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, slots = 8, visitors = 24, open = 0, *words;
    begin("process_semaphore", usage, argc, argv,
          (struct setting[]){{"--slots", &slots, 1, 10000, NULL, NULL},
                             {"--visitors", &visitors, 1, 1000000, NULL, NULL},
                             {"--open", &open, 0, 0, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Win_allocate(rank == 0 ? WORDS * sizeof(int) : 0, sizeof(int), MPI_INFO_NULL,
                     MPI_COMM_WORLD, &words, &win);
    MPI_Win_lock_all(0, win);
    for (int i = 0; rank == 0 && i < WORDS; i++)
        step(i, i == FREE ? slots : 0, MPI_REPLACE);
    MPI_Barrier(MPI_COMM_WORLD);

    int waiting = visitors / size + (rank < visitors % size), inside = 0, all;
    while (waiting > 0 && try_to_enter(open)) {
        inside++;
        waiting--;
    }
    MPI_Reduce(&inside, &all, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("the first %d are in, %d wait outside\n", all, visitors - all);
    MPI_Barrier(MPI_COMM_WORLD);

    while (waiting > 0 || inside > 0) {
        if (inside > 0) {
            pause_us(200); // the visit
            leave(open);
            inside--;
        }
        if (waiting > 0 && try_to_enter(open)) {
            inside++;
            waiting--;
        } else {
            sched_yield();
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d visits, most inside at once: %d of %d\n", step(VISITS, 0, MPI_NO_OP),
               step(MOST, 0, MPI_NO_OP), slots);
    MPI_Win_unlock_all(win);
    MPI_Win_free(&win);
    MPI_Finalize();
    return 0;
}
