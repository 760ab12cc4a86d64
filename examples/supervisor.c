// SPDX-License-Identifier: MIT
// Tasks for workers that may die: each worker is a world of its own, spawned by the supervisor.
// When one is killed, its task goes back to the others, another worker is spawned in its place, and
// at the end each task has been counted once.
//
//     mprun -n 1 examples/supervisor                                  100 tasks, 4 workers
//     mprun -n 1 examples/supervisor --tasks 400 --milliseconds 100   time to kill some
//
// What makes that possible: the communicator that leads to a worker has an error handler that
// returns. It is that of MPI_COMM_SELF, over which it was spawned. So the worker's death is an
// error of the calls that concern it, MPI_ERR_PROC_ABORTED, and not the end of the job.

#include "gallery.h"

static const char usage[] =
    "Usage: mprun [-n 1] supervisor [--tasks N] [--workers N] [--milliseconds N]\n"
    "Rank 0 spawns workers (default 4) and deals out tasks (default 100) that take so many\n"
    "milliseconds (default 20) each. Kill any of the workers: each task is done once all the "
    "same.\n";

enum { TAG_TASK, TAG_STOP, TAG_RESULT };

static void work(MPI_Comm supervisor, int milliseconds)
{
    MPI_Status status;
    int task;

    for (;;) {
        MPI_Recv(&task, 1, MPI_INT, 0, MPI_ANY_TAG, supervisor, &status);
        if (status.MPI_TAG == TAG_STOP) {
            break;
        }
        pause_us(milliseconds * 1000L);
        MPI_Send(&task, 1, MPI_INT, 0, TAG_RESULT, supervisor);
    }
    MPI_Comm_disconnect(&supervisor);
}

static struct {
    char *program, milliseconds[16];
    int tasks, workers;
    int *left, nleft; // tasks that nobody has
    int *counted;     // results of each
    MPI_Comm *comms;  // to each worker; MPI_COMM_NULL: it was stopped
    MPI_Request *results;
    int *has, *result; // the task of each worker, and what it answers
    int spawned;
} all;

static void hire(int worker)
{
    char option[] = "--milliseconds", *arguments[] = {option, all.milliseconds, NULL};

    // It may be killed while it starts.
    while (MPI_Comm_spawn(all.program, arguments, 1, MPI_INFO_NULL, 0, MPI_COMM_SELF,
                          &all.comms[worker], MPI_ERRCODES_IGNORE) != MPI_SUCCESS) {
    }
    all.spawned++;
}

// Gives a worker its next task, or sends it home. False: it is dead.
static int give(int worker)
{
    int task = all.nleft > 0 ? all.left[--all.nleft] : -1;

    all.has[worker] = task;
    if (MPI_Send(&task, 1, MPI_INT, 0, task < 0 ? TAG_STOP : TAG_TASK, all.comms[worker])) {
        return 0;
    }
    if (task < 0) {
        MPI_Comm_disconnect(&all.comms[worker]);
        return 1;
    }
    return MPI_Irecv(&all.result[worker], 1, MPI_INT, 0, TAG_RESULT, all.comms[worker],
                     &all.results[worker]) == MPI_SUCCESS;
}

// A worker's task goes back, and another worker takes its place, as long as there is work.
static void employ(int worker)
{
    while (!give(worker)) {
        if (all.has[worker] >= 0) {
            all.left[all.nleft++] = all.has[worker];
        }
        all.results[worker] = MPI_REQUEST_NULL;
        MPI_Comm_disconnect(&all.comms[worker]);
        if (all.nleft == 0) {
            return;
        }
        hire(worker);
    }
}

static int supervise(void)
{
    int worker, wrong = 0;

    for (int i = 0; i < all.tasks; i++) {
        all.left[all.nleft++] = i;
    }
    for (int i = 0; i < all.workers; i++) {
        all.results[i] = MPI_REQUEST_NULL;
        hire(i);
        employ(i);
    }
    for (;;) {
        int error = MPI_Waitany(all.workers, all.results, &worker, MPI_STATUS_IGNORE);
        if (worker == MPI_UNDEFINED) {
            break;
        }
        if (error == MPI_SUCCESS) {
            all.counted[all.result[worker]]++;
        } else {
            all.left[all.nleft++] = all.has[worker];
            MPI_Comm_disconnect(&all.comms[worker]);
            hire(worker);
        }
        employ(worker);
    }
    for (int i = 0; i < all.tasks; i++) {
        wrong += all.counted[i] != 1;
    }
    printf("%d tasks done by %d workers, %d of them in place of one that died; %d counted wrong\n",
           all.tasks, all.spawned, all.spawned - all.workers, wrong);
    return wrong != 0;
}

static void *room_for(int count, size_t each)
{
    void *room = calloc((size_t)count, each);
    if (!room)
        MPI_Abort(MPI_COMM_WORLD, 1);
    return room;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm parent;
    int rank, milliseconds = 20, status = 0;
    all.tasks = 100;
    all.workers = 4;
    begin("supervisor", usage, argc, argv,
          (struct setting[]){{"--tasks", &all.tasks, 1, 1000000, NULL, NULL},
                             {"--workers", &all.workers, 1, 64, NULL, NULL},
                             {"--milliseconds", &milliseconds, 0, 100000, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        work(parent, milliseconds);
    } else if (rank == 0) {
        all.program = argv[0];
        snprintf(all.milliseconds, sizeof all.milliseconds, "%d", milliseconds);
        all.left = room_for(all.tasks, sizeof *all.left);
        all.counted = room_for(all.tasks, sizeof *all.counted);
        all.comms = room_for(all.workers, sizeof(MPI_Comm));
        all.results = room_for(all.workers, sizeof(MPI_Request));
        all.has = room_for(all.workers, sizeof *all.has);
        all.result = room_for(all.workers, sizeof *all.result);
        MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
        status = supervise();
    }
    MPI_Finalize();
    return status;
}
