// SPDX-License-Identifier: MIT
// Windows leave nothing behind: thousands are made and freed, hundreds are alive at once, thousands
// of regions are attached, and the memory in use does not grow. More than here:
//     mprun -n 8 tests/api/win_many_are_made_and_freed 10000 1000 20000
// ranks: 2 4
// timeout: 120
// not under: asan tsan valgrind
#include "check.h"
#include <unistd.h>

static long resident(void)
{
    long pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld", &all, &pages) == 2, "no statm");
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void some(int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        MPI_Win win;
        void *base;
        if (i % 3 == 0) {
            OK(MPI_Win_create(&value, sizeof value, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
        } else if (i % 3 == 1) {
            OK(MPI_Win_allocate(4096, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
        } else {
            OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
        }
        OK(MPI_Win_free(&win));
    }
}

int main(int argc, char **argv)
{
    void *base;
    start(&argc, &argv);
    int made = argc > 3 ? atoi(argv[1]) : 2000, alive = argc > 3 ? atoi(argv[2]) : 300;
    int regions = argc > 3 ? atoi(argv[3]) : 5000; // no multiple of 3 or 7
    MPI_Win *wins = room((size_t)alive * sizeof(MPI_Win));
    char *memory = room((size_t)regions * 2);
    some(300);
    long before = resident();
    some(made);
    long more = resident() - before;
    CHECK(more < 1024, "%ld KiB more are in use", more);
    for (int i = 0; i < alive; i++) {
        OK(MPI_Win_allocate(64, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &wins[i]));
        OK(MPI_Win_fence(0, wins[i]));
        char byte = (char)i;
        OK(MPI_Put(&byte, 1, MPI_BYTE, (rank + 1) % size, i % 64, 1, MPI_BYTE, wins[i]));
        OK(MPI_Win_fence(0, wins[i]));
        CHECK(((char *)base)[i % 64] == byte, "window %d", i);
    }
    for (int i = 0; i < alive; i++) {
        OK(MPI_Win_free(&wins[i]));
    }
    OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &wins[0]));
    for (int i = 0; i < regions; i++) { // in no order
        OK(MPI_Win_attach(wins[0], memory + 2 * (i * 7 % regions), 1));
    }
    for (int i = 0; i < regions; i++) {
        OK(MPI_Win_detach(wins[0], memory + 2 * (i * 3 % regions)));
    }
    OK(MPI_Win_free(&wins[0]));
    free(wins);
    free(memory);
    return finish();
}
