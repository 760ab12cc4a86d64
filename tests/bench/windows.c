// SPDX-License-Identifier: MIT
// One-sided communication between two ranks: puts and gets with a flush, atomics, synchronizations,
// making windows. Rank 0 acts and rank 1 waits in a barrier, but for what concerns both.
//     mprun -n 2 tests/bench/windows
// Read next: bench.h.
#include "bench.h"

enum { WORDS = 1 << 17, MANY = 4096, COLUMN = 16384 };

static MPI_Win window;
static double *memory, *local;
static MPI_Aint at; // of the target's memory
static int bytes;
static MPI_Group all, other;
static MPI_Datatype column;

#define ONE_SIDED(name, ...)                                 \
    static void name(int count)                              \
    {                                                        \
        for (int i = 0; i < count && bench_rank == 0; i++) { \
            __VA_ARGS__;                                     \
        }                                                    \
        MPI_Barrier(MPI_COMM_WORLD);                         \
    }
#define TWO_SIDED(name, ...)              \
    static void name(int count)           \
    {                                     \
        for (int i = 0; i < count; i++) { \
            __VA_ARGS__;                  \
        }                                 \
    }

ONE_SIDED(put, MPI_Put(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window);
          MPI_Win_flush(1, window))
ONE_SIDED(get, MPI_Get(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window);
          MPI_Win_flush(1, window))
ONE_SIDED(put64,
          for (int k = 0; k < 64; k++) MPI_Put(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window);
          MPI_Win_flush(1, window))
ONE_SIDED(rput, MPI_Request request;
          MPI_Rput(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window, &request);
          MPI_Wait(&request, MPI_STATUS_IGNORE))
ONE_SIDED(flush, MPI_Win_flush(1, window))
ONE_SIDED(put_long, MPI_Put(local, bytes / 8, MPI_DOUBLE, 1, at, bytes / 8, MPI_DOUBLE, window);
          MPI_Win_flush(1, window))
ONE_SIDED(put_column, MPI_Put(local, COLUMN, MPI_DOUBLE, 1, at, 1, column, window);
          MPI_Win_flush(1, window))
ONE_SIDED(add, double one = 1;
          MPI_Accumulate(&one, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, MPI_SUM, window);
          MPI_Win_flush(1, window))
ONE_SIDED(fetch, long one = 1; long old;
          MPI_Fetch_and_op(&one, &old, MPI_LONG, 1, at, MPI_SUM, window); MPI_Win_flush(1, window))
ONE_SIDED(swap, long one = 1; long zero = 0; long old;
          MPI_Compare_and_swap(&one, &zero, &old, MPI_LONG, 1, at, window);
          MPI_Win_flush(1, window))
TWO_SIDED(fetch_both, long one = 1; long old;
          MPI_Fetch_and_op(&one, &old, MPI_LONG, 1, at, MPI_SUM, window); MPI_Win_flush(1, window))
ONE_SIDED(add_long,
          MPI_Accumulate(local, MANY, MPI_DOUBLE, 1, at, MANY, MPI_DOUBLE, MPI_SUM, window);
          MPI_Win_flush(1, window))
ONE_SIDED(exclusive, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, window); MPI_Win_unlock(1, window))
ONE_SIDED(shared, MPI_Win_lock(MPI_LOCK_SHARED, 1, 0, window); MPI_Win_unlock(1, window))
ONE_SIDED(lock_put, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window); MPI_Win_unlock(1, window))
TWO_SIDED(lock_put_both, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window); MPI_Win_unlock(1, window))
TWO_SIDED(fence, MPI_Win_fence(0, window))
TWO_SIDED(fence_put, MPI_Put(local, 1, MPI_DOUBLE, 1 - bench_rank, at, 1, MPI_DOUBLE, window);
          MPI_Win_fence(0, window))
TWO_SIDED(pscw, MPI_Win_post(other, 0, window); MPI_Win_start(other, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, 1 - bench_rank, at, 1, MPI_DOUBLE, window);
          MPI_Win_complete(window); MPI_Win_wait(window))

TWO_SIDED(make_created, MPI_Win win;
          MPI_Win_create(memory, 4096, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win); MPI_Win_free(&win))
TWO_SIDED(make_allocated, MPI_Win win; void *base;
          MPI_Win_allocate(4096, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win); MPI_Win_free(&win))
TWO_SIDED(make_shared, MPI_Win win; void *base;
          MPI_Win_allocate_shared(4096, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
          MPI_Win_free(&win))
TWO_SIDED(make_dynamic, MPI_Win win; MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
          MPI_Win_free(&win))

static void measure(const char *prefix, const char *figure, double amount, const char *unit,
                    void (*steps)(int))
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, figure);
    struct bench bench = {.figure = name, .unit = unit, .amount = amount, .steps = steps};
    bench_run(&bench);
}

static void put_get(const char *prefix)
{
    MPI_Win_lock_all(0, window);
    measure(prefix, "put", 1e9, "ns", put);
    measure(prefix, "get", 1e9, "ns", get);
    MPI_Win_unlock_all(window);
}

int main(int argc, char **argv)
{
    bench_start(&argc, &argv, MPI_THREAD_SINGLE);
    static double statics[WORDS];
    double on_stack[64];
    int peer = 1 - bench_rank;
    double *block = malloc(WORDS * sizeof *block);
    local = calloc(WORDS, sizeof *local);
    memset(block, 0, WORDS * sizeof *block);
    MPI_Comm_group(MPI_COMM_WORLD, &all);
    MPI_Group_incl(all, 1, &peer, &other);
    MPI_Type_vector(COLUMN, 1, 8, MPI_DOUBLE, &column);
    MPI_Type_commit(&column);

    MPI_Win_allocate(WORDS * sizeof *memory, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    memset(memory, 0, WORDS * sizeof *memory);
    MPI_Win_lock_all(0, window);
    measure("", "put", 1e9, "ns", put);
    measure("", "get", 1e9, "ns", get);
    measure("", "put64", 1e9 / 64, "ns", put64);
    measure("", "rput_wait", 1e9, "ns", rput);
    measure("", "flush", 1e9, "ns", flush);
    bytes = 64 << 10;
    measure("", "put_64K", 65536e-9, "GB/s", put_long);
    bytes = 1 << 20;
    measure("", "put_1M", 1048576e-9, "GB/s", put_long);
    measure("", "put_column", 1e6, "us", put_column);
    measure("", "accumulate", 1e9, "ns", add);
    measure("", "accumulate_4096", 1e6, "us", add_long);
    MPI_Barrier(MPI_COMM_WORLD);
    memset(memory, 0, 64);
    MPI_Barrier(MPI_COMM_WORLD);
    measure("", "fetch_and_op", 1e9, "ns", fetch);
    MPI_Win_unlock_all(window);
    measure("", "lock_exclusive", 1e9, "ns", exclusive);
    measure("", "lock_shared", 1e9, "ns", shared);
    measure("", "lock_put", 1e9, "ns", lock_put);
    measure("", "lock_put_both", 1e9, "ns", lock_put_both);
    measure("", "pscw", 1e9, "ns", pscw);
    MPI_Win_fence(0, window);
    measure("", "fence", 1e9, "ns", fence);
    measure("", "fence_put", 1e9, "ns", fence_put);
    MPI_Win_fence(MPI_MODE_NOSUCCEED, window);
    MPI_Win_free(&window);

    MPI_Win_create(block, WORDS * 8, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    put_get("created_");
    MPI_Win_free(&window);
    MPI_Win_create(statics, sizeof statics, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    put_get("static_");
    MPI_Win_free(&window);
    MPI_Win_create(on_stack, sizeof on_stack, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    put_get("stack_");
    MPI_Win_free(&window);
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    MPI_Win_attach(window, block, WORDS * 8);
    MPI_Get_address(block, &at);
    MPI_Sendrecv_replace(&at, 1, MPI_AINT, peer, 0, peer, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    put_get("dynamic_");
    MPI_Win_detach(window, block);
    MPI_Win_free(&window);
    memory = block;
    at = 0;
    measure("make_", "created", 1e6, "us", make_created);
    measure("make_", "allocated", 1e6, "us", make_allocated);
    measure("make_", "shared", 1e6, "us", make_shared);
    measure("make_", "dynamic", 1e6, "us", make_dynamic);
    // Last, since there are libraries that do not survive them.
    MPI_Win_allocate(64, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    memset(memory, 0, 64);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock_all(0, window);
    measure("", "fetch_and_op_both", 1e9, "ns", fetch_both);
    measure("", "compare_and_swap", 1e9, "ns", swap);
    MPI_Win_unlock_all(window);
    MPI_Win_free(&window);
    MPI_Finalize();
    return 0;
}
