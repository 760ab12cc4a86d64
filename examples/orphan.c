// SPDX-License-Identifier: MIT
// A process whose parent ends is adopted by another one.
//
//     mprun -n 2 examples/orphan
//     mprun -n 2 examples/orphan --leave      the orphans are still there when the job is over
//
// One idea: a child outlives its parent, and then somebody has to look after it. Each rank starts a
// process, which starts another and ends. The one that is left asks who its parent is, before
// and after. The kernel gives orphans to the nearest ancestor that has asked for them: mprun
// has, so that it finds whatever a job leaves behind, ends it, and says how much it was.

#include "gallery.h"

#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "Usage: mprun [-n RANKS] orphan [--leave]\n"
                            "Every rank makes an orphan, and ends it, or leaves it to mprun.\n";

// Only calls of the system here: MPI belongs to the rank, and not to what it forks.
static void be_an_orphan(int to_rank, int from_rank, int leave, pid_t parent)
{
    while (getppid() == parent) // until the kernel has seen that it is gone
        pause_us(1000);
    pid_t adopted_by = getppid();
    if (write(to_rank, &adopted_by, sizeof adopted_by) != sizeof adopted_by)
        _exit(1);
    char end;
    if (leave)
        sleep(1000);
    else if (read(from_rank, &end, 1) != 0) // which ends when the rank closes its side
        _exit(1);
    _exit(0);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, leave = 0, up[2], down[2];
    begin("orphan", usage, argc, argv,
          (struct setting[]){{"--leave", &leave, 0, 0, NULL, NULL}, {0}}, 1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    if (pipe(up) != 0 || pipe(down) != 0)
        MPI_Abort(MPI_COMM_WORLD, 1);
    pid_t child = fork();
    if (child < 0)
        MPI_Abort(MPI_COMM_WORLD, 1);
    if (child == 0) {
        pid_t me = getpid(), grandchild = fork();
        if (grandchild == 0) {
            close(up[0]);
            close(down[1]);
            be_an_orphan(up[1], down[0], leave, me);
        }
        _exit(grandchild < 0);
    }
    close(up[1]);
    close(down[0]);
    waitpid(child, NULL, 0); // now there is no parent any more

    pid_t adopted_by = 0;
    ssize_t got = read(up[0], &adopted_by, sizeof adopted_by);
    close(down[1]); // our word that the orphan may end
    char end;
    int ended = !leave && read(up[0], &end, 1) == 0; // nobody has the other side of the pipe now

    int mine[] = {(int)getpid(), (int)getppid(), (int)child, (int)adopted_by};
    int *all = malloc(sizeof mine * (size_t)size);
    int counts[] = {got == sizeof adopted_by && adopted_by != child, ended}, sums[2];
    if (!all)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Gather(mine, 4, MPI_INT, all, 4, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Reduce(counts, sums, 2, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        for (int r = 0; r < size; r++)
            printf(
                "rank %d is process %d, its parent %d; its grandchild's parent was %d and is %d\n",
                r, all[4 * r], all[4 * r + 1], all[4 * r + 2], all[4 * r + 3]);
        printf("orphans: %d adopted, %d ended, %d left\n", sums[0], sums[1], size - sums[1]);
    }
    free(all);
    MPI_Finalize();
    return 0;
}
