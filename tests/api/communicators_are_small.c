// SPDX-License-Identifier: MIT
// ranks: 2
// not under: asan tsan valgrind
// A communicator that no collective operation uses has next to no memory, private or shared.
#include "check.h"

enum { COUNT = 1000, MOST = 3000 }; // bytes each

static long resident(void)
{
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file, "no /proc/self/status");
    while (fgets(line, sizeof line, file) && sscanf(line, "VmRSS: %ld", &kb) != 1) {
    }
    fclose(file);
    return kb * 1024;
}

int main(int argc, char **argv)
{
    static MPI_Comm comms[COUNT];
    start(&argc, &argv);
    MPI_Comm first;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &first));
    long before = resident();
    for (int i = 0; i < COUNT; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
    }
    long each = (resident() - before) / COUNT;
    printf("rank %d: %ld bytes each\n", rank, each);
    CHECK(each <= MOST, "%ld bytes each", each);
    for (int i = 0; i < COUNT; i++) {
        int sum = 0;
        int one = 1;
        OK(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, comms[i]));
        CHECK(sum == size, "%d", sum);
        OK(MPI_Comm_free(&comms[i]));
    }
    OK(MPI_Comm_free(&first));
    return finish();
}
