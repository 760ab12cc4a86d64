# SPDX-License-Identifier: MIT
# timeout: 100
# --limit: a rank that has more than it may is ended within a second, and named; wherever its memory
# is. --exit-codes says how each one ended.
. "${srcdir:-.}/tests/launcher/lib.sh"
builddir=${builddir:-$top_builddir}
mpicc=$(cd "$builddir" && pwd)/mpicc

cat > "$work/eats.c" << 'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
/* eats WHERE MIB: rank 1 takes so much, the others wait for it; or all read what it has. */
int main(int argc, char **argv)
{
    int rank, size;
    long bytes = atol(argv[2]) << 20;
    char *block = NULL;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (strcmp(argv[1], "peers") == 0) { /* sent to all: those map it, but it is not theirs */
        block = malloc((size_t)bytes);
        if (rank == 1)
            memset(block, 1, (size_t)bytes);
        if (rank == 1)
            for (int i = 0; i < size; i++)
                if (i != 1)
                    MPI_Send(block, 1 << 20, MPI_BYTE, i, 0, MPI_COMM_WORLD);
        if (rank != 1)
            MPI_Recv(block, 1 << 20, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else if (rank == 1) {
        for (long at = 0; at < bytes; at += 1 << 20) {
            size_t piece = strcmp(argv[1], "small") == 0 ? 1 << 10 : 1 << 20;
            for (size_t i = 0; i < 1 << 20; i += piece)
                memset(malloc(piece), 1, piece);
        }
    }
    usleep(rank == 1 ? 800000 : 0);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}
END
"$mpicc" -O0 -o "$work/eats" "$work/eats.c" || exit 1
for where in small large; do
    for heap in '' --no-shared-heap; do
        expect 0 --limit mem=150M $heap -n 2 "$work/eats" $where 100
        warns_lines 0
        expect 137 --limit mem=150M $heap -n 2 "$work/eats" $where 300
        warns "^mprun: rank 1 (.*) was ended: it had [1-4][0-9][0-9].[0-9] MiB of memory, and --limit mem allows 150.0$"
        warns 'rank 0 was .*MPI_Barrier'
    done
done
# What a peer has does not count, nor what it has sent.
expect 0 --limit mem=150M -n 3 "$work/eats" peers 100
# Children count.
expect 137 --limit mem=100M -n 1 sh -c 'head -c 300m /dev/zero | tail -c 250m | wc -c; sleep 10'
warns 'rank 0 (.*) was ended: it had'
expect 152 --limit cpu=1 -n 2 sh -c '[ $MPRUN_RANK = 1 ] || exec sleep 20; ulimit -c 0; while :; do :; done'
warns 'rank 1 (.*) was killed by SIGXCPU .*: --limit cpu allows 1 s'
expect 0 --limit files=70 -n 2 sh -c 'ulimit -n'
says '70
70'
expect 0 --limit files=20 -n 2 "$RANK" where
says '0 of 2
1 of 2'

expect 3 --exit-codes -n 4 sh -c '[ $MPRUN_RANK = 3 ] && exit 3; exec sleep 20'
warns '^mprun: ranks 0-2: SIGTERM$'
warns '^mprun: rank 3: exit status 3$'
expect 0 -print-all-exitcodes -n 3 true
warns '^mprun: ranks 0-2: exit status 0$'
finish
