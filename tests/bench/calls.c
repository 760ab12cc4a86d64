// SPDX-License-Identifier: MIT
// Calls that find nothing, or one among many: MPI_Testany and MPI_Testsome over a thousand requests
// that are not complete, MPI_Iprobe in vain, attributes among a thousand of one communicator.
//     mprun -n 2 tests/bench/calls
#include "bench.h"

enum { MANY = 1000, TAG = 5 };

static MPI_Request requests[MANY];
static MPI_Status statuses[MANY];
static int indices[MANY], keyvals[MANY];
static char bytes[MANY];

static void testany(int count)
{
    for (int i = 0; i < count; i++) {
        int found, flag;
        MPI_Testany(MANY, requests, &found, &flag, &statuses[0]);
    }
}

static void testsome(int count)
{
    for (int i = 0; i < count; i++) {
        int found;
        MPI_Testsome(MANY, requests, &found, indices, statuses);
    }
}

static void iprobe(int count)
{
    for (int i = 0; i < count; i++) {
        int flag;
        MPI_Iprobe(1 - bench_rank, TAG, MPI_COMM_WORLD, &flag, &statuses[0]);
    }
}

static void get(int count)
{
    for (int i = 0; i < count; i++) {
        void *value;
        int flag;
        MPI_Comm_get_attr(MPI_COMM_WORLD, keyvals[i % MANY], &value, &flag);
    }
}

static void replace(int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Comm_delete_attr(MPI_COMM_WORLD, keyvals[i % MANY]);
        MPI_Comm_set_attr(MPI_COMM_WORLD, keyvals[i % MANY], bytes);
    }
}

int main(int argc, char **argv)
{
    static const struct bench benches[] = {
        {.figure = "testany", .unit = "ns", .amount = 1e9, .steps = testany},
        {.figure = "testsome", .unit = "ns", .amount = 1e9, .steps = testsome},
        {.figure = "iprobe", .unit = "ns", .amount = 1e9, .steps = iprobe},
        {.figure = "attribute_get", .unit = "ns", .amount = 1e9, .steps = get},
        {.figure = "attribute_replace", .unit = "ns", .amount = 1e9, .steps = replace},
    };
    bench_start(&argc, &argv, MPI_THREAD_SINGLE);
    for (int i = 0; i < MANY; i++) {
        MPI_Irecv(&bytes[i], 1, MPI_CHAR, 1 - bench_rank, TAG, MPI_COMM_WORLD, &requests[i]);
        MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &keyvals[i], NULL);
        MPI_Comm_set_attr(MPI_COMM_WORLD, keyvals[i], bytes);
    }
    for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
        bench_run(&benches[i]);
    }
    for (int i = 0; i < MANY; i++) {
        MPI_Send(&bytes[0], 1, MPI_CHAR, 1 - bench_rank, TAG, MPI_COMM_WORLD);
    }
    MPI_Waitall(MANY, requests, statuses);
    MPI_Finalize();
    return 0;
}
