// SPDX-License-Identifier: MIT
// Children that one thread forks while others are in MPI calls end: MPI_Finalize does nothing in
// them, whoever held which lock at that moment, and a call that is refused is refused at once.
// ranks: 1 2
// timeout: 60
#include "check.h"
#include "threads.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3, CHILDREN = 40 };
static MPI_Comm comms[THREADS];
static atomic_int over;

// Talks to the same thread of the next rank until this rank's last child is gone, and says so.
static void *talk(void *argument)
{
    MPI_Comm comm = comms[*(int *)argument];
    for (int go = 1; go;) {
        int mine = !atomic_load(&over), word = -1;
        OK(MPI_Sendrecv(&rank, 1, MPI_INT, (rank + 1) % size, 0, &word, 1, MPI_INT,
                        (rank + size - 1) % size, 0, comm, MPI_STATUS_IGNORE));
        OK(MPI_Allreduce(&mine, &go, 1, MPI_INT, MPI_MAX, comm));
    }
    return NULL;
}

static void fork_one(int kind)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (kind == 0) {
            _exit(MPI_Finalize() == MPI_SUCCESS ? 0 : 1);
        }
        int word = open("/dev/null", O_WRONLY);
        dup2(word, 2);
        MPI_Recv(&word, 1, MPI_INT, 0, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        _exit(0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid, "no child");
    CHECK(WIFEXITED(status) && (WEXITSTATUS(status) != 0) == kind, "status %d of kind %d", status,
          kind);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    start_threads(&argc, &argv);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, talk, &numbers[i]) == 0, "no thread");
    }
    for (int i = 0; i < CHILDREN; i++) {
        fork_one(i % 2);
    }
    atomic_store(&over, 1);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        OK(MPI_Comm_free(&comms[i]));
    }
    return finish();
}
