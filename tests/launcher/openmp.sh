#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# A program of MPI and OpenMP: threads allocate, resize and free large blocks at the same time, also
# blocks of other threads, compute on them, and send them, by the first thread only (FUNNELED) or
# all of them at once (MULTIPLE); with the shared heap and without.
. "${srcdir:-.}/tests/launcher/lib.sh"
builddir=${builddir:-$top_builddir}

cat > "$work/hybrid.c" << 'END'
#include <mpi.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 25 };

static int rank, size, multiple;
static long *blocks[THREADS]; // each is freed by the thread after the one that made it

static void need(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "rank %d: %s\n", rank, what);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

static void pass_on(long *out, long *in, int count, int tag)
{
    MPI_Sendrecv(out, count, MPI_LONG, (rank + 1) % size, tag, in, count, MPI_LONG,
                 (rank + size - 1) % size, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void check(const long *in, int count, int thread, int round)
{
    int from = (rank + size - 1) % size;
    for (int i = 0; i < count; i++)
        need(in[i] == from * 1000000L + thread * 1000 + round + i, "a wrong value arrived");
}

static void one_round(int thread, int round)
{
    int next = (thread + 1) % THREADS, count = 6000 + 4000 * (round % 7) + 100 * thread;
    long *in = calloc((size_t)count, sizeof *in);
    blocks[thread] = malloc((size_t)count / 2 * sizeof **blocks);
    blocks[thread] = realloc(blocks[thread], (size_t)count * sizeof **blocks);
    need(in && blocks[thread], "no memory");
    for (int i = 0; i < count; i++) {
        need(in[i] == 0, "calloc's memory is not zero");
        blocks[thread][i] = rank * 1000000L + thread * 1000 + round + i;
    }
    if (multiple) {
        pass_on(blocks[thread], in, count, thread);
        check(in, count, thread, round);
    }
#pragma omp barrier
#pragma omp master
    if (!multiple)
        for (int t = 0; t < THREADS; t++) {
            int many = count + 100 * t; // the master is thread 0
            long *place = malloc((size_t)many * sizeof *place);
            pass_on(blocks[t], place, many, t);
            check(place, many, t, round);
            free(place);
        }
#pragma omp barrier
    free(blocks[next]);
    free(in);
#pragma omp barrier
}

int main(int argc, char **argv)
{
    int wanted, level;
    long sum = 0, total;
    multiple = argc > 1;
    wanted = multiple ? MPI_THREAD_MULTIPLE : MPI_THREAD_FUNNELED;
    MPI_Init_thread(&argc, &argv, wanted, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    need(level >= wanted, "the thread level is not there");
#pragma omp parallel num_threads(THREADS) reduction(+ : sum)
    {
        need(omp_get_num_threads() == THREADS, "too few threads");
        for (int round = 0; round < ROUNDS; round++)
            one_round(omp_get_thread_num(), round);
        sum += omp_get_thread_num() + 1;
    }
    MPI_Allreduce(&sum, &total, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%ld\n", total);
    MPI_Finalize();
    return 0;
}
END
cd "$work" || exit 1
if ! "$builddir/mpicc" -O1 -fopenmp -o hybrid hybrid.c 2> "$work/err"; then
    echo "the compiler has no OpenMP: $(sed -n 1p "$work/err")"
    exit 77
fi
OMP_DYNAMIC=false OMP_WAIT_POLICY=passive
export OMP_DYNAMIC OMP_WAIT_POLICY
for heap in '' --no-shared-heap; do
    for level in '' multiple; do
        expect 0 $heap -n 2 ./hybrid $level
        says 20
        expect 0 $heap -n 3 ./hybrid $level
        says 30
    done
done
expect 0 --channel socket -n 2 ./hybrid multiple
says 20
finish
