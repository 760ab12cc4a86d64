#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# A job that runs for a while gets huge pages for its part of the shared heap, where the kernel can
# give them, blocks and static arrays: while they are written, read and sent, and without a page more
# than was touched.
. "${srcdir:-.}/tests/launcher/lib.sh"
builddir=${builddir:-$top_builddir}
unset MPRUN_SHARED_HEAP

cat > "$work/able.c" << 'END'
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
    size_t two = (size_t)2 << 20;
    int fd = memfd_create("able", 0);
    char *at = ftruncate(fd, (off_t)(2 * two)) ? MAP_FAILED
                                      : mmap(NULL, 2 * two, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return 1;
    memset(at, 1, 2 * two);
    at += -(size_t)at & (two - 1);
    at = mmap(at, two, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    return madvise(at, two, 25) != 0;
}
END
cat > "$work/long.c" << 'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE = 12 << 20, SPARSE = 64 << 20, LONGEST = 25 };

static unsigned arrays[2][DENSE / 4];

// Kilobytes of that kind in the mappings of the heap, or in the one that `place` is in.
static long kilobytes(const char *kind, const void *place)
{
    char line[512];
    long sum = 0, some, heap = 0;
    unsigned long from, to, at = (unsigned long)place;
    FILE *maps = fopen("/proc/self/smaps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        if (strstr(line, "-") && strstr(line, " rw-s "))
            heap = strstr(line, "mprun-heap") && sscanf(line, "%lx-%lx", &from, &to) == 2 &&
                   (!place || (at >= from && at < to));
        else if (heap && strncmp(line, kind, strlen(kind)) == 0 &&
                 sscanf(line + strlen(kind), ": %ld", &some) == 1)
            sum += some;
    }
    if (maps)
        fclose(maps);
    return sum;
}

int main(void)
{
    int rank, done = 0;
    unsigned round = 0;
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    unsigned *out = rank ? arrays[0] : malloc(DENSE), *in = rank ? arrays[1] : malloc(DENSE);
    char *sparse = malloc(SPARSE);
    for (size_t i = 0; i < SPARSE; i += 64 << 10)
        sparse[i] = 1;
    double start = MPI_Wtime();
    for (; !done; round++) {
        for (unsigned i = 0; i < DENSE / 4; i++)
            out[i] = (unsigned)rank * 1000000007u + round + i;
        MPI_Sendrecv(out, DENSE / 4, MPI_UNSIGNED, 1 - rank, 0, in, DENSE / 4, MPI_UNSIGNED,
                     1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (unsigned i = 0; i < DENSE / 4; i++)
            if (in[i] != (unsigned)(1 - rank) * 1000000007u + round + i)
                MPI_Abort(MPI_COMM_WORLD, 99);
        int mine = kilobytes("ShmemPmdMapped", NULL) >= DENSE >> 10 &&
                   kilobytes("ShmemPmdMapped", in) > 0;
        MPI_Allreduce(&mine, &done, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
        if (MPI_Wtime() - start > LONGEST)
            done = 2;
        MPI_Bcast(&done, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    // What this rank and its peer have touched of two dense blocks and a sparse one, and a bit;
    // arrays may be seen at two addresses.
    long most = (2 + rank) * (2 * (DENSE >> 10) + (SPARSE >> 14)) + 8192;
    printf("%s, %s\n", done == 1 ? "huge" : "never", kilobytes("Rss", NULL) <= most ? "no more" : "more");
    fflush(stdout);
    if (rank == 0) {
        free(out);
        free(in);
    }
    free(sparse);
    MPI_Finalize();
    return 0;
}
END
cd "$work" || exit 1
${CC:-cc} -O1 -o able able.c || fail "able.c does not build"
"$builddir/mpicc" -O1 -o long long.c || fail "long.c does not build"
if grep -qF '[never]' /sys/kernel/mm/transparent_hugepage/enabled 2> /dev/null || ! ./able; then
    echo "the kernel gives no huge pages to shared files"
    exit 77
fi
if [ ! -r /proc/self/smaps ]; then
    echo "there is no /proc to see huge pages by"
    exit 77
fi
if ! "$MPRUN" -n 2 sh -c '[ "$MPRUN_HEAP" ]'; then
    echo "this machine gives out no shared heap"
    exit 77
fi
run "$MPRUN" -n 2 ./long
what="mprun -n 2 ./long"
says 'huge, no more
huge, no more'
finish
