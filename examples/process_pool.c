// SPDX-License-Identifier: MIT
// A manager and its workers: ten tasks, nine of 50 ms and then one of 500, dealt in three ways.
//
//     mprun -n 3 examples/process_pool                 two workers
//     mprun -n 3 examples/process_pool --speed 10      the same, ten times as fast
//
// One idea: what is dealt when. A static split gives each worker its share beforehand. A queue
// gives the next task to whoever is free, which helps against tasks that turn out long; but not
// if the longest comes last, for then all others wait for it. Longest first does help. The last
// line is what a model says for --workers 2, whatever the ranks; the lines above are what it took.

#include "gallery.h"

enum { TASKS = 10, SHORT = 50, LONG = 500 };
enum { STATIC, QUEUE, LONGEST_FIRST, WAYS };
enum { TASK, DONE, END }; // tags

static const char *const ways[] = {"static", "queue", "longest first"};
static const int last_long[TASKS] = {SHORT, SHORT, SHORT, SHORT, SHORT,
                                     SHORT, SHORT, SHORT, SHORT, LONG};
static const int long_first[TASKS] = {LONG,  SHORT, SHORT, SHORT, SHORT,
                                      SHORT, SHORT, SHORT, SHORT, SHORT};

static const char usage[] =
    "Usage: mprun -n RANKS process_pool [--workers W] [--speed S]\n"
    "Rank 0 deals ten tasks to the others. --speed S plays them S times as fast (default 1);\n"
    "the last line is about W workers (default 2) and does not depend on the ranks.\n";

// The tasks of a worker in a static split: first[w] up to first[w + 1].
static int first(int worker, int workers)
{
    return TASKS * worker / workers;
}

// What the clock should show in the end, in milliseconds.
static int model(int way, int workers)
{
    int busy[TASKS + 1] = {0}, most = 0; // more workers than tasks do not matter
    workers = workers < TASKS ? workers : TASKS;
    for (int w = 0; way == STATIC && w < workers; w++)
        for (int task = first(w, workers); task < first(w + 1, workers); task++)
            busy[w] += last_long[task];
    for (int task = 0; way != STATIC && task < TASKS; task++) {
        int next = 0; // the worker that is free first
        for (int w = 1; w < workers; w++)
            next = busy[w] < busy[next] ? w : next;
        busy[next] += way == QUEUE ? last_long[task] : long_first[task];
    }
    for (int w = 0; w < workers; w++)
        most = busy[w] > most ? busy[w] : most;
    return most;
}

// Gives a task to whoever asks, and in the end says to each that there are no more.
static void manage(const int tasks[TASKS], int workers)
{
    for (int next = 0; next < TASKS + workers; next++) {
        MPI_Status status;
        MPI_Recv(NULL, 0, MPI_INT, MPI_ANY_SOURCE, DONE, MPI_COMM_WORLD, &status);
        MPI_Send(next < TASKS ? &tasks[next] : NULL, next < TASKS, MPI_INT, status.MPI_SOURCE,
                 next < TASKS ? TASK : END, MPI_COMM_WORLD);
    }
}

static void work(int speed)
{
    for (;;) {
        int ms;
        MPI_Status status;
        MPI_Sendrecv(NULL, 0, MPI_INT, 0, DONE, &ms, 1, MPI_INT, 0, MPI_ANY_TAG, MPI_COMM_WORLD,
                     &status);
        if (status.MPI_TAG == END)
            return;
        pause_us(1000L * ms / speed);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, workers = 2, speed = 1;
    begin("process_pool", usage, argc, argv,
          (struct setting[]){{"--workers", &workers, 1, 1000, NULL, NULL},
                             {"--speed", &speed, 1, 1000, NULL, NULL},
                             {0}},
          2);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    for (int way = 0; way < WAYS; way++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        if (way == STATIC && rank > 0)
            for (int task = first(rank - 1, size - 1); task < first(rank, size - 1); task++)
                pause_us(1000L * last_long[task] / speed);
        else if (way != STATIC && rank > 0)
            work(speed);
        else if (way != STATIC)
            manage(way == QUEUE ? last_long : long_first, size - 1);
        MPI_Barrier(MPI_COMM_WORLD);
        if (rank == 0)
            printf("%-13s %4.0f ms with %d workers; the model says %d\n", ways[way],
                   1000 * (MPI_Wtime() - start), size - 1, model(way, size - 1) / speed);
    }
    if (rank == 0)
        printf("model for %d workers: static %d, queue %d, longest first %d ms\n", workers,
               model(STATIC, workers), model(QUEUE, workers), model(LONGEST_FIRST, workers));
    MPI_Finalize();
    return 0;
}
