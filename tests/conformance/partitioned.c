// SPDX-License-Identifier: MIT
// A ring of messages in parts that are computed one after the other, sent as they are ready, and
// used as they arrive. Open MPI 4.1 has no partitioned communication (it came with MPI 4.0): there,
// each part is a persistent message of its own, and the numbers must come out the same.
// ranks: 1 2 3 5
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>

enum { PARTS = 12, EACH = 700, ROUNDS = 6 };

static uint64_t out[PARTS][EACH], in[PARTS][EACH];
static int rank, size, to, from;

#if MPI_VERSION >= 4
static MPI_Request sending, receiving;

static void make(void)
{
    // Cut differently at the other end.
    MPI_Psend_init(out, PARTS, EACH, MPI_UINT64_T, to, 3, MPI_COMM_WORLD, MPI_INFO_NULL, &sending);
    MPI_Precv_init(in, PARTS / 3, 3 * EACH, MPI_UINT64_T, from, 3, MPI_COMM_WORLD, MPI_INFO_NULL,
                   &receiving);
}

static void begin(void)
{
    MPI_Start(&receiving);
    MPI_Start(&sending);
}

static void ready(int part)
{
    MPI_Pready(part, sending);
}

static void wait_for(int part)
{
    int flag = 0;
    while (!flag) {
        MPI_Parrived(receiving, part / 3, &flag);
    }
}

static void end(void)
{
    MPI_Wait(&sending, MPI_STATUS_IGNORE);
    MPI_Wait(&receiving, MPI_STATUS_IGNORE);
}
#else
static MPI_Request sending[PARTS], receiving[PARTS];

static void make(void)
{
    for (int p = 0; p < PARTS; p++) {
        MPI_Send_init(out[p], EACH, MPI_UINT64_T, to, p, MPI_COMM_WORLD, &sending[p]);
        MPI_Recv_init(in[p], EACH, MPI_UINT64_T, from, p, MPI_COMM_WORLD, &receiving[p]);
    }
}

static void begin(void)
{
    MPI_Startall(PARTS, receiving);
}

static void ready(int part)
{
    MPI_Start(&sending[part]);
}

static void wait_for(int part)
{
    MPI_Wait(&receiving[part], MPI_STATUS_IGNORE);
}

static void end(void)
{
    MPI_Waitall(PARTS, sending, MPI_STATUSES_IGNORE);
    MPI_Waitall(PARTS, receiving, MPI_STATUSES_IGNORE);
}
#endif

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    to = (rank + 1) % size;
    from = (rank + size - 1) % size;
    make();
    uint64_t sum = (uint64_t)rank + 1, all[64];
    for (int round = 0; round < ROUNDS; round++) {
        begin();
        for (int i = 0; i < PARTS; i++) {
            int part = (i * 5 + round) % PARTS;
            for (int k = 0; k < EACH; k++) {
                out[part][k] = (sum + (uint64_t)(part * EACH + k)) * 1099511628211u;
            }
            ready(part);
        }
        for (int part = PARTS - 1; part >= 0; part--) {
            wait_for(part);
            for (int k = 0; k < EACH; k++) {
                sum = (sum ^ in[part][k]) * 6364136223846793005u + 1;
            }
        }
        end();
        MPI_Gather(&sum, 1, MPI_UINT64_T, all, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
        for (int r = 0; rank == 0 && r < size; r++) {
            printf("round %d rank %d: %016llx\n", round, r, (unsigned long long)all[r]);
        }
    }
    MPI_Finalize();
    return 0;
}
