// SPDX-License-Identifier: MIT
// A chain of stages: the first makes numbers, the second squares them, all pass them on, and the
// last looks at what arrives.
//
//     mprun -n 4 examples/pipe_communication
//     mprun -n 4 examples/pipe_communication --numbers 100000 --block 1000
//
// One idea: a message that is sent over and over is set up once. MPI_Send_init and MPI_Recv_init
// say where, how much and to whom; MPI_Start only says: now. Each stage has two buffers, so that
// one block comes in while the block before it goes out.

#include "gallery.h"

static const char usage[] =
    "Usage: mprun [-n RANKS] pipe_communication [--numbers N] [--block B]\n"
    "Sends the squares of 1 to N (default 1000) through all ranks, B at a time (default 64).\n";

static int rank, size, numbers = 1000, block = 64;

// What this stage does to block number b, whose numbers are those after b * block.
static void treat(long *values, int b)
{
    for (int i = 0; i < block; i++) {
        if (rank == 0)
            values[i] = (long)b * block + i + 1;
        if (rank == 1 || size == 1)
            values[i] *= values[i];
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    begin("pipe_communication", usage, argc, argv,
          (struct setting[]){{"--numbers", &numbers, 1, 1000000000, NULL, NULL},
                             {"--block", &block, 1, 100000, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    int before = rank > 0 ? rank - 1 : MPI_PROC_NULL; // with which messages are no messages
    int after = rank + 1 < size ? rank + 1 : MPI_PROC_NULL;
    long *buffer[2];
    MPI_Request in[2], out[2];
    for (int i = 0; i < 2; i++) {
        buffer[i] = malloc(sizeof(long) * (size_t)block);
        if (!buffer[i])
            MPI_Abort(MPI_COMM_WORLD, 1);
        MPI_Recv_init(buffer[i], block, MPI_LONG, before, 0, MPI_COMM_WORLD, &in[i]);
        MPI_Send_init(buffer[i], block, MPI_LONG, after, 0, MPI_COMM_WORLD, &out[i]);
    }

    int blocks = (numbers + block - 1) / block, in_order = 1;
    long count = 0;
    unsigned long sum = 0;
    MPI_Start(&in[0]);
    for (int b = 0; b < blocks; b++) {
        int now = b % 2, next = 1 - now;
        MPI_Wait(&in[now], MPI_STATUS_IGNORE);
        if (b > 0) // the next block comes to where the block before this one was
            MPI_Wait(&out[next], MPI_STATUS_IGNORE);
        if (b + 1 < blocks)
            MPI_Start(&in[next]);
        treat(buffer[now], b);
        for (int i = 0; rank == size - 1 && i < block && count < numbers; i++) {
            count++;
            sum += (unsigned long)buffer[now][i];
            in_order = in_order && buffer[now][i] == count * count;
        }
        MPI_Start(&out[now]);
    }
    MPI_Wait(&out[(blocks - 1) % 2], MPI_STATUS_IGNORE);

    if (rank == size - 1)
        printf("%ld numbers, squared, %s order, sum %lu\n", count, in_order ? "in" : "NOT in", sum);
    for (int i = 0; i < 2; i++) {
        MPI_Request_free(&in[i]);
        MPI_Request_free(&out[i]);
        free(buffer[i]);
    }
    MPI_Finalize();
    return in_order ? 0 : 1;
}
