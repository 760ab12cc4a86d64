// SPDX-License-Identifier: MIT
// A long collective operation as the first thing that the ranks do after one of them has given up
// rights. Arguments: the operation, and what the last rank gives up:
//   write, read, both  the system calls that copy to, from, or both, from now on refused to it
//   user               root: it becomes another user; others: nobody may look into it any more
// Before that the ranks find out what the kernel lets them do, and run the operation once; what
// each run gives is looked at whole. Exits with 77 where the machine has no such right to give up.
#define _GNU_SOURCE
#include "../api/filter.h"

#include <mpi.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { COUNT = 120001, RANKS = 8, TIMES = 3 }; // ints
static int rank, size;
static int *in, *out, *kept; // RANKS * COUNT each, where only the kernel reaches them

static void *mapped(void)
{
    void *memory = mmap(NULL, RANKS * COUNT * sizeof(int), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        MPI_Abort(MPI_COMM_WORLD, 99);
    }
    return memory;
}

static void refuse(unsigned call)
{
    if (!filter_call(call, SECCOMP_RET_ERRNO | EPERM, 0)) {
        printf("no system call filters here\n");
        fflush(stdout);
        MPI_Abort(MPI_COMM_WORLD, 77);
    }
}

static void give_up(const char *what)
{
    if (strcmp(what, "user") == 0) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))) {
            printf("root may not become another user here\n");
            fflush(stdout);
            MPI_Abort(MPI_COMM_WORLD, 77);
        }
    }
    if (strcmp(what, "write") == 0 || strcmp(what, "both") == 0) {
        refuse(SYS_process_vm_writev);
    }
    if (strcmp(what, "read") == 0 || strcmp(what, "both") == 0) {
        refuse(SYS_process_vm_readv);
    }
}

// Element i of the block that rank `from` has for rank `to`.
static int element(int from, int to, int i, int round)
{
    return from * 7919 + to * 104729 + i + round * 31;
}

static void fill(int blocks, int round)
{
    for (int b = 0; b < blocks; b++) {
        for (int i = 0; i < COUNT; i++) {
            out[b * COUNT + i] = element(rank, b, i, round);
        }
    }
    memset(in, 0, (size_t)size * COUNT * sizeof *in);
}

static void hold(const char *name, int block, int i, int value, int expected)
{
    if (value != expected) {
        fprintf(stderr, "rank %d: %s: element %d of block %d is %d, not %d\n", rank, name, i, block,
                value, expected);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

// The sum over ranks [0, ranks) of what they have for block `to`.
static int sum(int ranks, int to, int i, int round)
{
    int s = 0;
    for (int r = 0; r < ranks; r++) {
        s += element(r, to, i, round);
    }
    return s;
}

// Runs it with this root, and looks at all that this rank gets.
static void run(const char *name, int root, int round)
{
    MPI_Comm w = MPI_COMM_WORLD;
    int blocks = 0, *at = in; // to look at
    int from = -1, to = -1;   // block b comes from there (-1: from b), and was meant for
    int ranks = 0;            // it is a sum over so many instead
    fill(size, round);
    if (strcmp(name, "bcast") == 0) {
        at = rank == root ? out : in;
        MPI_Bcast(at, COUNT, MPI_INT, root, w);
        blocks = 1, from = root, to = 0;
    } else if (strcmp(name, "gather") == 0) {
        MPI_Gather(out, COUNT, MPI_INT, in, COUNT, MPI_INT, root, w);
        blocks = rank == root ? size : 0, to = 0;
    } else if (strcmp(name, "scatter") == 0) {
        MPI_Scatter(out, COUNT, MPI_INT, in, COUNT, MPI_INT, root, w);
        blocks = 1, from = root, to = rank;
    } else if (strcmp(name, "allgather") == 0) {
        MPI_Allgather(out, COUNT, MPI_INT, in, COUNT, MPI_INT, w);
        blocks = size, to = 0;
    } else if (strcmp(name, "strided") == 0) { // received where it does not fit in one piece
        MPI_Datatype column;
        MPI_Type_vector(COUNT, 1, 2, MPI_INT, &column);
        MPI_Type_commit(&column);
        MPI_Bcast(rank == root ? out : kept, rank == root ? COUNT : 1,
                  rank == root ? MPI_INT : column, root, w);
        for (int i = 0; i < COUNT && rank != root; i++) {
            in[i] = kept[2 * i];
        }
        MPI_Type_free(&column);
        blocks = rank != root, from = root, to = 0;
    } else if (strcmp(name, "alltoall") == 0) {
        MPI_Alltoall(out, COUNT, MPI_INT, in, COUNT, MPI_INT, w);
        blocks = size, to = rank;
    } else if (strcmp(name, "reduce") == 0) {
        MPI_Reduce(out, in, COUNT, MPI_INT, MPI_SUM, root, w);
        blocks = rank == root, to = 0, ranks = size;
    } else if (strcmp(name, "allreduce") == 0) {
        MPI_Allreduce(out, in, COUNT, MPI_INT, MPI_SUM, w);
        blocks = 1, to = 0, ranks = size;
    } else if (strcmp(name, "inplace") == 0) {
        MPI_Allreduce(MPI_IN_PLACE, out, COUNT, MPI_INT, MPI_SUM, w);
        at = out, blocks = 1, to = 0, ranks = size;
    } else if (strcmp(name, "reduce_scatter") == 0) {
        MPI_Reduce_scatter_block(out, in, COUNT, MPI_INT, MPI_SUM, w);
        blocks = 1, to = rank, ranks = size;
    } else if (strcmp(name, "scan") == 0) {
        MPI_Scan(out, in, COUNT, MPI_INT, MPI_SUM, w);
        blocks = 1, to = 0, ranks = rank + 1;
    } else if (strcmp(name, "exscan") == 0) {
        MPI_Exscan(out, in, COUNT, MPI_INT, MPI_SUM, w);
        blocks = rank > 0, to = 0, ranks = rank;
    } else {
        MPI_Abort(w, 98);
    }
    for (int b = 0; b < blocks; b++) {
        for (int i = 0; i < COUNT; i++) {
            hold(name, b, i, at[b * COUNT + i],
                 ranks ? sum(ranks, to, i, round) : element(from < 0 ? b : from, to, i, round));
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc < 3 || size > RANKS) {
        MPI_Abort(MPI_COMM_WORLD, 97);
    }
    in = mapped();
    out = mapped();
    kept = mapped();
    run("allgather", 0, 0); // after which all know of each other that they may
    run(argv[1], 0, 1);
    if (rank == size - 1) {
        give_up(argv[2]);
    }
    for (int k = 0; k < TIMES; k++) {
        run(argv[1], (size - 1 + k) % size, 2 + k);
    }
    MPI_Finalize();
    return 0;
}
