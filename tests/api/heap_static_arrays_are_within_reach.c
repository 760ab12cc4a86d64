// SPDX-License-Identifier: MIT
// A rank's static arrays can be read and written by its peers where blocks of malloc can: a message
// from them is received while its sender does nothing, without the kernel's help. Arrays with
// values, without, at both ends of the program's variables; whole, strided, into strided ones.
// ranks: 2
// channels: shm
// env: MPRUN_CMA=0
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { BYTES = 300000 };

static char with_values[BYTES] = "these come from the file";
static char without[BYTES], target[BYTES];

// Whether it is memory of the shared heap's file.
static int is_shared(const void *place)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long from, to, at = (unsigned long)place;
    int shared = 0;
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && at >= from && at < to)
            shared = strstr(line, " rw-s ") && strstr(line, "mprun-heap");
    if (maps)
        fclose(maps);
    return shared;
}

// Rank 0 offers the message and then waits for a signal, which rank 1 sends when it has it.
static void without_sender(char *from, int count, MPI_Datatype type, int bytes)
{
    sigset_t usr1;
    struct timespec patience = {20, 0};
    long pid = (long)getpid();
    MPI_Request request;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    if (rank == 0) {
        fill(from, BYTES, 7);
        OK(MPI_Send(&pid, 1, MPI_LONG, 1, 0, MPI_COMM_WORLD));
        OK(MPI_Isend(from, count, type, 1, 1, MPI_COMM_WORLD, &request));
        CHECK(sigtimedwait(&usr1, NULL, &patience) == SIGUSR1, "the message needs its sender");
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    } else {
        memset(target, 0, BYTES);
        OK(MPI_Recv(&pid, 1, MPI_LONG, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        if (bytes == BYTES) {
            OK(MPI_Recv(target, bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            HOLDS(target, BYTES, 7);
        } else {
            OK(MPI_Recv(target, count, type, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            for (int i = 0; i < BYTES; i++) {
                int sent = i / 8 % 3 == 0 && i < BYTES / 24 * 24;
                CHECK(target[i] == (sent ? (char)byte_of(7, (size_t)i) : 0), "byte %d is %d", i,
                      target[i]);
            }
        }
        CHECK(kill((pid_t)pid, SIGUSR1) == 0, "kill");
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
}

int main(int argc, char **argv)
{
    sigset_t usr1;
    MPI_Datatype strided;
    char *block = malloc(BYTES);

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    start(&argc, &argv);
    CHECK(memcmp(with_values, "these come from the file", 25) == 0, "values are lost");
    for (int i = 30; i < BYTES; i++)
        CHECK(with_values[i] == 0 && without[i] == 0, "byte %d is not zero", i);
    int here[4] = {is_shared(block), is_shared(with_values), is_shared(without), is_shared(target)};
    CHECK(here[1] == here[0] && here[2] == here[0] && here[3] == here[0],
          "the heap has malloc's blocks: %d; arrays: %d %d %d", here[0], here[1], here[2], here[3]);
    if (here[0]) {
        OK(MPI_Type_vector(BYTES / 24, 8, 24, MPI_BYTE, &strided));
        OK(MPI_Type_commit(&strided));
        without_sender(with_values, BYTES, MPI_BYTE, BYTES);
        without_sender(without, BYTES, MPI_BYTE, BYTES);
        without_sender(without, 1, strided, BYTES / 24 * 8);
        without_sender(with_values, 1, strided, BYTES / 24 * 8);
        without_sender(block, BYTES, MPI_BYTE, BYTES);
        OK(MPI_Type_free(&strided));
    }
    free(block);
    return finish();
}
