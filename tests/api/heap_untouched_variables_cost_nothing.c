// SPDX-License-Identifier: MIT
// Static arrays take memory where they were written, and nowhere else: at the start, after messages
// from a part of them, and when the process forks.
// ranks: 1 2
// channels: shm
// not under: asan tsan valgrind
#define _GNU_SOURCE
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20 };
static char sparse[(size_t)1024 * MEGABYTE], values[MEGABYTE] = "x";

static size_t resident(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%*u %zu", &pages) == 1, "no /proc/self/statm");
    fclose(file);
    return pages * 4096 / MEGABYTE;
}

int main(int argc, char **argv)
{
    size_t start_up = resident();
    CHECK(start_up < 64, "%zu MB at the start", start_up);
    start(&argc, &argv);
    int peer = (rank + 1) % size, from = (rank + size - 1) % size;
    char *out = sparse + (size_t)200 * MEGABYTE + 17, *in = sparse + (size_t)900 * MEGABYTE + 5;
    fill(out, MEGABYTE, (unsigned)rank);
    OK(MPI_Sendrecv(out, MEGABYTE, MPI_BYTE, peer, 0, in, MEGABYTE, MPI_BYTE, from, 0,
                    MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    HOLDS(in, MEGABYTE, from);
    CHECK(resident() < start_up + 64, "%zu MB, %zu at the start", resident(), start_up);
    CHECK(values[0] == 'x', "values");
    pid_t pid = fork();
    if (pid == 0) {
        int wrong = wrong_byte(in, MEGABYTE, (unsigned)from) >= 0 || resident() >= start_up + 64;
        _exit(wrong || values[0] != 'x');
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "the child says %d", status >> 8);
    CHECK(resident() < start_up + 64, "%zu MB after the fork", resident());
    return finish();
}
