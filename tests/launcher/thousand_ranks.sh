#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# memory: 2
# A thousand ranks meet on few cores, each neighbour and all together; and what a rank maps for that
# is as much as it uses, not as much as all pairs could.
. "${srcdir:-.}/tests/launcher/lib.sh"
builddir=${builddir:-$top_builddir}

cat > "$work/meet.c" << 'END'
#include <mpi.h>
#include <stdio.h>
#include <string.h>

static unsigned long mapped(void)
{
    char line[512];
    unsigned long from, to, total = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "memfd:mprun") && sscanf(line, "%lx-%lx", &from, &to) == 2)
            total += to - from;
    if (maps)
        fclose(maps);
    return total;
}

int main(int argc, char **argv)
{
    int rank, size, got = -1;
    long own, sum, expected;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Sendrecv(&rank, 1, MPI_INT, (rank + 1) % size, 0, &got, 1, MPI_INT,
                 (rank + size - 1) % size, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    own = rank;
    MPI_Allreduce(&own, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    expected = (long)size * (size - 1) / 2;
    int right = got == (rank + size - 1) % size && sum == expected;
    int small = mapped() < 1ul << 29; /* 24 GB for all pairs */
    int all[2], here[2] = {right, small};
    MPI_Reduce(here, all, 2, MPI_INT, MPI_MIN, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%s %s\n", all[0] ? "right" : "wrong", all[1] ? "small" : "large");
    MPI_Finalize();
    return 0;
}
END
"$builddir/mpicc" -O1 -o "$work/meet" "$work/meet.c" || fail "does not build"
run sh -c 'ulimit -u 2>/dev/null || echo unlimited'
most=$(cat "$work/out")
if [ "$most" != unlimited ] && [ "$most" -lt 3000 ]; then
    echo "no more than $most processes are allowed here"
    exit 77
fi
expect 0 -n 1024 "$work/meet"
says 'right small'
finish
