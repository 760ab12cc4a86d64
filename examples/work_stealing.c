// SPDX-License-Identifier: MIT
// Whoever has nothing left to do takes half of what another one has.
//
//     mprun -n 4 examples/work_stealing
//     mprun -n 4 examples/work_stealing --no-stealing      rank 0 does it all
//
// One idea: nobody deals the work out. Each rank has a deque of tasks in a window: the owner takes
// from its end, thieves take half from its front. Here it is one number of 64 bits, the first
// task and the one after the last, so that one MPI_Compare_and_swap takes a task, or fails
// because somebody was faster; and nobody ever waits for a lock. All tasks start at rank 0.

#include "gallery.h"

#include <stdint.h>

enum { DEQUE, FINISHED, WORDS }; // the words of each rank's window; FINISHED is used at rank 0

static const char usage[] = "Usage: mprun [-n RANKS] work_stealing [--tasks T] [--no-stealing]\n"
                            "T tasks (default 200), each tenth of which takes ten times as long, "
                            "all with rank 0 at first.\n";

static MPI_Win win;

static int64_t deque_of(int first, int end)
{
    return (int64_t)first << 32 | end;
}

static int64_t step(int rank, int word, int64_t value, MPI_Op op)
{
    int64_t old;
    MPI_Fetch_and_op(&value, &old, MPI_INT64_T, rank, word, op, win);
    MPI_Win_flush(rank, win);
    return old;
}

// Takes half of a rank's tasks, from the front, or the last one. Returns how many, from `first` on:
// 0 if there was nothing, -1 if somebody was faster, and left perhaps some.
static int take(int rank, int half, int *first)
{
    int64_t old = step(rank, DEQUE, 0, MPI_NO_OP), new, seen;
    int from = (int)(old >> 32), end = (int)(old & 0xffffffff), count = end - from;
    if (count <= 0)
        return 0;
    count = half ? (count + 1) / 2 : 1;
    *first = half ? from : end - 1;
    new = half ? deque_of(from + count, end) : deque_of(from, end - 1);
    MPI_Compare_and_swap(&new, &old, &seen, MPI_INT64_T, rank, DEQUE, win);
    MPI_Win_flush(rank, win);
    return seen == old ? count : -1;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, tasks = 200, no_stealing = 0;
    int64_t *words;
    begin("work_stealing", usage, argc, argv,
          (struct setting[]){{"--tasks", &tasks, 1, 1000000, NULL, NULL},
                             {"--no-stealing", &no_stealing, 0, 0, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int *times = calloc((size_t)tasks * 2, sizeof *times), *all_times = times + tasks;
    int *done = calloc((size_t)size, sizeof *done);
    if (!times || !done)
        MPI_Abort(MPI_COMM_WORLD, 1);

    MPI_Win_allocate(WORDS * sizeof *words, sizeof *words, MPI_INFO_NULL, MPI_COMM_WORLD, &words,
                     &win);
    MPI_Win_lock_all(0, win);
    step(rank, DEQUE, deque_of(0, rank == 0 ? tasks : 0), MPI_REPLACE);
    step(rank, FINISHED, 0, MPI_REPLACE);
    MPI_Barrier(MPI_COMM_WORLD);

    int mine = 0, steals = 0, first;
    double start = MPI_Wtime();
    for (int victim = rank; step(0, FINISHED, 0, MPI_NO_OP) < tasks;) {
        int own = take(rank, 0, &first);
        if (own > 0) {
            pause_us(first % 10 == 0 ? 1000 : 100); // the task
            times[first]++;
            mine++;
            step(0, FINISHED, 1, MPI_SUM);
        }
        if (own != 0)
            continue; // only an empty deque may be filled
        victim = (victim + 1) % size;
        int count = victim != rank && !no_stealing ? take(victim, 1, &first) : 0;
        if (count > 0) { // nobody takes from our deque while it is empty
            step(rank, DEQUE, deque_of(first, first + count), MPI_REPLACE);
            steals++;
        } else {
            pause_us(50);
        }
    }
    double seconds = MPI_Wtime() - start;

    int all_steals, once = 1;
    MPI_Reduce(times, all_times, tasks, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Gather(&mine, 1, MPI_INT, done, 1, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Reduce(&steals, &all_steals, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        for (int task = 0; task < tasks; task++)
            once = once && all_times[task] == 1;
        for (int r = 0; r < size; r++)
            printf("rank %d did %d tasks\n", r, done[r]);
        printf("%d thefts, %.0f ms\n", all_steals, 1000 * seconds);
        printf("%d tasks, %s\n", tasks, once ? "each done once" : "NOT each done once");
    }
    free(times);
    free(done);
    MPI_Win_unlock_all(win);
    MPI_Win_free(&win);
    MPI_Finalize();
    return once ? 0 : 1;
}
