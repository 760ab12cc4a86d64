// SPDX-License-Identifier: MIT
// A program may put and get as much as it likes before it completes any of it: where that goes by
// messages, the memory that origin and target need for it has a bound.
// ranks: 2
// channels: socket nodes2
// timeout: 120
// not under: asan tsan valgrind
#include "check.h"

enum { BYTES = 2 << 20, TIMES = 150, MOST_KIB = 100 << 10 };

static long most_memory(void)
{
    char line[200];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        sscanf(line, "VmHWM: %ld", &kib);
    }
    CHECK(file && kib > 0, "no status");
    fclose(file);
    return kib;
}

int main(int argc, char **argv)
{
    char *base, *buffer = room(BYTES);
    MPI_Win win;
    start(&argc, &argv);
    OK(MPI_Win_allocate(BYTES, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    memset(base, 0, BYTES);
    fill(buffer, BYTES, 3);
    for (int gets = 0; gets < 2; gets++) {
        OK(MPI_Barrier(MPI_COMM_WORLD));
        long before = most_memory();
        if (rank == 0) {
            OK(MPI_Win_lock_all(0, win));
            for (int i = 0; i < TIMES; i++) {
                OK(gets ? MPI_Get(buffer, BYTES, MPI_BYTE, 1, 0, BYTES, MPI_BYTE, win)
                        : MPI_Put(buffer, BYTES, MPI_BYTE, 1, 0, BYTES, MPI_BYTE, win));
            }
            OK(MPI_Win_unlock_all(win));
        } else {
            double until = MPI_Wtime() + 0.3;
            while (MPI_Wtime() < until) {
            }
        }
        OK(MPI_Barrier(MPI_COMM_WORLD));
        HOLDS(rank == 0 ? buffer : base, BYTES, 3);
        long more = most_memory() - before;
        CHECK(more < MOST_KIB, "%ld KiB more for %s", more, gets ? "gets" : "puts");
    }
    OK(MPI_Win_free(&win));
    free(buffer);
    return finish();
}
