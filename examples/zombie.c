// SPDX-License-Identifier: MIT
// A process that has ended stays in the table of processes until its parent has asked how.
//
//     mprun -n 2 examples/zombie
//     mprun -n 2 examples/zombie --leave      the parent ends without having asked
//
// One idea: to reap. Each rank starts a process that ends at once with status 7. Its memory and its
// files are gone, but a number and a status are kept: it is a zombie, Z in the output of ps.
// waitpid fetches the status, and the number is free again. A parent that ends unasked leaves its
// zombies to the one that adopts orphans, which asks.

#include "gallery.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "Usage: mprun [-n RANKS] zombie [--leave]\n"
                            "Every rank makes a zombie, and reaps it, or leaves it to mprun.\n";

// R, S, D, T, Z: running, sleeping, waiting for a disk, stopped, zombie. ? where there is no /proc.
static char state_of(pid_t process)
{
    char name[40], state = '?';
    snprintf(name, sizeof name, "/proc/%d/stat", (int)process);
    FILE *file = fopen(name, "r");
    if (file) {
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = '?';
        fclose(file);
    }
    return state;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, leave = 0;
    begin("zombie", usage, argc, argv,
          (struct setting[]){{"--leave", &leave, 0, 0, NULL, NULL}, {0}}, 1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);

    pid_t child = fork();
    if (child < 0)
        MPI_Abort(MPI_COMM_WORLD, 1);
    if (child == 0)
        _exit(7);

    // Waits until it has ended, without asking how.
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    char state = state_of(child);
    int there = kill(child, 0) == 0; // signal 0 only asks whether there is such a process

    int status = 0, reaped = 0, gone = 0;
    if (!leave) {
        reaped = waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7;
        gone = kill(child, 0) != 0 && errno == ESRCH;
    }

    int counts[] = {there && (state == 'Z' || state == '?'), reaped, gone}, sums[3], size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Reduce(counts, sums, 3, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("process %d, a child of rank 0, was in state %c\n", (int)child, state);
        printf("zombies: %d seen, %d reaped with status 7, %d left\n", sums[0], sums[1],
               size - sums[2]);
    }
    MPI_Finalize();
    return 0;
}
