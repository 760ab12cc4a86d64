// SPDX-License-Identifier: MIT
// One-sided communication between two ranks: puts and gets with a flush, atomics, synchronizations,
// making windows. Rank 0 acts and rank 1 waits in a barrier, but for what concerns both.
//     mprun -n 2 tests/bench/windows
//     mprun -n 2 tests/bench/windows both         both ranks at one target
//     mprun -n 2 tests/bench/windows swap         compare and swap
//     mprun -n 8 tests/bench/windows crowded      more ranks than CPUs
//     mprun -n 2 tests/bench/windows computing    beside a target that makes no call meanwhile
//     mprun -n 2 tests/bench/windows limits       the same without MPI: what the machine can do
// (Apart, since there are libraries that do not survive them.)
// Read next: bench.h.
#include "bench.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum { WORDS = 1 << 19, MANY = 4096, COLUMN = 16384, APART = 32, ROWS = 128, ROW = 512 };

static MPI_Win window;
static double *memory, *local;
static MPI_Aint at;   // of the target's memory
static MPI_Aint here; // of rank 0's own
static int bytes;
static MPI_Group all, other;
static MPI_Datatype column, rows;

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
ONE_SIDED(get_rows, MPI_Get(local, ROWS *ROW, MPI_DOUBLE, 1, at, 1, rows, window);
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
ONE_SIDED(get_add_long, MPI_Get_accumulate(local, MANY, MPI_DOUBLE, local + MANY, MANY, MPI_DOUBLE,
                                           1, at, MANY, MPI_DOUBLE, MPI_SUM, window);
          MPI_Win_flush(1, window))
ONE_SIDED(exclusive, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, window); MPI_Win_unlock(1, window))
ONE_SIDED(shared, MPI_Win_lock(MPI_LOCK_SHARED, 1, 0, window); MPI_Win_unlock(1, window))
ONE_SIDED(lock_put, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window); MPI_Win_unlock(1, window))
TWO_SIDED(lock_put_both, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, 1, at, 1, MPI_DOUBLE, window); MPI_Win_unlock(1, window))
TWO_SIDED(lock_put_crowd, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, 0, at, 1, MPI_DOUBLE, window); MPI_Win_unlock(0, window))
TWO_SIDED(fetch_crowd, long one = 1; long old;
          MPI_Fetch_and_op(&one, &old, MPI_LONG, 0, at, MPI_SUM, window); MPI_Win_flush(0, window))
TWO_SIDED(fence, MPI_Win_fence(0, window))
TWO_SIDED(fence_put, MPI_Put(local, 1, MPI_DOUBLE, 1 - bench_rank, at, 1, MPI_DOUBLE, window);
          MPI_Win_fence(0, window))
TWO_SIDED(pscw, MPI_Win_post(other, 0, window); MPI_Win_start(other, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, 1 - bench_rank, at, 1, MPI_DOUBLE, window);
          MPI_Win_complete(window); MPI_Win_wait(window))

// One way: each awaits the other's number in its own memory. Now and then it calls, for libraries
// whose target has to.
static void await_number(double number)
{
    for (unsigned polls = 1; *(volatile double *)memory != number; polls++) {
        if (polls % 10000 == 0) {
            int flag;
            MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE);
        }
    }
}

static void put_polled(int count)
{
    static double number;
    for (int i = 0; i < count; i++) {
        double next = number + 1;
        if (bench_rank == 1) {
            await_number(next);
        }
        MPI_Put(&next, 1, MPI_DOUBLE, 1 - bench_rank, at, 1, MPI_DOUBLE, window);
        MPI_Win_flush(1 - bench_rank, window);
        if (bench_rank == 0) {
            await_number(next);
        }
        number = next;
    }
}

TWO_SIDED(make_created, MPI_Win win;
          MPI_Win_create(memory, 4096, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win); MPI_Win_free(&win))
TWO_SIDED(make_allocated, MPI_Win win; void *base;
          MPI_Win_allocate(4096, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win); MPI_Win_free(&win))
TWO_SIDED(make_large, MPI_Win win; void *base;
          MPI_Win_allocate(1 << 20, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
          MPI_Win_free(&win))
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

static void both(void)
{
    MPI_Win_allocate(64, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    memset(memory, 0, 64);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock_all(0, window);
    measure("", "fetch_and_op_both", 1e9, "ns", fetch_both);
    MPI_Win_unlock_all(window);
    measure("", "lock_put_both", 1e9, "ns", lock_put_both);
    MPI_Win_free(&window);
}

// ---- More ranks than CPUs

static void crowded(void)
{
    MPI_Win_allocate(64, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    memset(memory, 0, 64);
    MPI_Win_fence(0, window);
    measure("crowded_", "fence", 1e6, "us", fence);
    MPI_Win_fence(MPI_MODE_NOSUCCEED, window);
    measure("crowded_", "lock_put", 1e6, "us", lock_put_crowd);
    MPI_Win_lock_all(0, window);
    measure("crowded_", "fetch_and_op", 1e6, "us", fetch_crowd);
    MPI_Win_unlock_all(window);
    MPI_Win_free(&window);
    measure("crowded_", "make_allocated", 1e6, "us", make_allocated);
}

// ---- Beside a target that computes for a while without a call, or waits in a barrier

// So many that the first ones, which take 1 us longer in all, do not count.
enum { FEW = 2000, TIMES = 5 };

static int target;

static void time_operation(const char *flavor, const char *figure, bool computes,
                           void (*operation)(void))
{
    for (int i = 0; i < TIMES; i++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime(), end = start + 0.1;
        while (MPI_Wtime() < (bench_rank == 0 ? start + 0.001 : computes ? end : start)) {
        }
        // Warm: the same to its own memory.
        MPI_Aint there = at;
        target = 0;
        at = here;
        for (int k = 0; k < FEW && bench_rank == 0; k++) {
            operation();
        }
        target = 1;
        at = there;
        double begun = MPI_Wtime();
        for (int k = 0; k < FEW && bench_rank == 0; k++) {
            operation();
        }
        double each = (MPI_Wtime() - begun) / FEW * 1e6;
        while (computes && MPI_Wtime() < end) { // nor does rank 0 sleep
        }
        MPI_Barrier(MPI_COMM_WORLD);
        if (bench_rank == 0) {
            printf("%s_%s%s 0 %.6g us 0 0 0\n", computes ? "computing" : "waiting", flavor, figure,
                   each);
        }
    }
    fflush(stdout);
}

#define OPERATION(name, ...)  \
    static void name##1(void) \
    {                         \
        __VA_ARGS__;          \
    }
OPERATION(put, MPI_Put(local, 1, MPI_DOUBLE, target, at, 1, MPI_DOUBLE, window);
          MPI_Win_flush(target, window))
OPERATION(get, MPI_Get(local, 1, MPI_DOUBLE, target, at, 1, MPI_DOUBLE, window);
          MPI_Win_flush(target, window))
OPERATION(add, MPI_Accumulate(local, 1, MPI_DOUBLE, target, at, 1, MPI_DOUBLE, MPI_SUM, window);
          MPI_Win_flush(target, window))
OPERATION(fetch, long one = 1; long old;
          MPI_Fetch_and_op(&one, &old, MPI_LONG, target, at, MPI_SUM, window);
          MPI_Win_flush(target, window))
OPERATION(swap, long one = 1; long zero = 0; long old;
          MPI_Compare_and_swap(&one, &zero, &old, MPI_LONG, target, at, window);
          MPI_Win_flush(target, window))
OPERATION(lock_put, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, target, 0, window);
          MPI_Put(local, 1, MPI_DOUBLE, target, at, 1, MPI_DOUBLE, window);
          MPI_Win_unlock(target, window))

static void time_operations(const char *flavor)
{
    for (int computes = 0; computes < 2; computes++) {
        MPI_Win_lock_all(0, window);
        time_operation(flavor, "put", computes, put1);
        time_operation(flavor, "get", computes, get1);
        time_operation(flavor, "accumulate", computes, add1);
        time_operation(flavor, "fetch_and_op", computes, fetch1);
        MPI_Win_unlock_all(window);
        time_operation(flavor, "lock_put", computes, lock_put1);
    }
}

static void time_swaps(const char *flavor)
{
    MPI_Win_lock_all(0, window);
    time_operation(flavor, "compare_and_swap", false, swap1);
    time_operation(flavor, "compare_and_swap", true, swap1);
    MPI_Win_unlock_all(window);
}

static void computing(double *block, double *on_stack, void (*time)(const char *))
{
    MPI_Win_allocate(4096, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    memset(memory, 0, 4096);
    time("");
    MPI_Win_free(&window);
    MPI_Win_create(block, 4096, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    time("created_");
    MPI_Win_free(&window);
    MPI_Win_create(on_stack, 512, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    time("stack_");
    MPI_Win_free(&window);
    MPI_Win_allocate_shared(4096, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    memset(memory, 0, 4096);
    time("shared_");
    MPI_Win_free(&window);
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    MPI_Win_attach(window, block, 4096);
    MPI_Get_address(block, &here);
    at = here;
    MPI_Sendrecv_replace(&at, 1, MPI_AINT, 1 - bench_rank, 0, 1 - bench_rank, 0, MPI_COMM_WORLD,
                         MPI_STATUS_IGNORE);
    time("dynamic_");
    here = at = 0;
    MPI_Win_detach(window, block);
    MPI_Win_free(&window);
}

// ---- What the machine can do: loops that no library can be faster than

static pid_t peer_process;
static uint64_t peer_address;

ONE_SIDED(store_fence, *(volatile char *)bench_memory->copy[1] = (char)i;
          atomic_thread_fence(memory_order_seq_cst))
ONE_SIDED(lock_add, _Atomic unsigned *lock = (void *)bench_memory->copy[1];
          volatile long *sum = (void *)(bench_memory->copy[1] + 64);
          while (atomic_exchange_explicit(lock, 1, memory_order_acquire)){} *sum += 1;
          atomic_store_explicit(lock, 0, memory_order_release))
ONE_SIDED(copy_long, memcpy(bench_memory->copy[1], local, (size_t)bytes);
          atomic_thread_fence(memory_order_seq_cst))
ONE_SIDED(kernel_write, struct iovec from = {local, 8};
          struct iovec to = {(void *)(uintptr_t)peer_address, 8};
          if (process_vm_writev(peer_process, &from, 1, &to, 1, 0) != 8) abort())

// As put_polled does it: each awaits a number in a line of its own.
static void store_polled(int count)
{
    static unsigned number;
    _Atomic unsigned *own = (void *)bench_memory->copy[bench_rank];
    _Atomic unsigned *others = (void *)bench_memory->copy[1 - bench_rank];
    for (int i = 0; i < count; i++, number++) {
        while (bench_rank == 1 && atomic_load_explicit(own, memory_order_acquire) != number + 1) {
        }
        atomic_store_explicit(others, number + 1, memory_order_release);
        while (bench_rank == 0 && atomic_load_explicit(own, memory_order_acquire) != number + 1) {
        }
    }
}

static void limits(double *on_stack)
{
    long mine[2] = {getpid(), (long)(uintptr_t)on_stack};
    MPI_Sendrecv_replace(mine, 2, MPI_LONG, 1 - bench_rank, 0, 1 - bench_rank, 0, MPI_COMM_WORLD,
                         MPI_STATUS_IGNORE);
    peer_process = (pid_t)mine[0];
    peer_address = (uint64_t)mine[1];
    if (!bench_memory) {
        return;
    }
    memset(bench_memory->copy[bench_rank], 0, 64);
    MPI_Barrier(MPI_COMM_WORLD);
    measure("limit_", "store_polled", 1e9 / 2, "ns", store_polled);
    measure("limit_", "store_fence", 1e9, "ns", store_fence);
    measure("limit_", "kernel_write", 1e9, "ns", kernel_write);
    bytes = 64 << 10;
    measure("limit_", "memcpy_64K", 65536e-9, "GB/s", copy_long);
    bytes = 1 << 20;
    measure("limit_", "memcpy_1M", 1048576e-9, "GB/s", copy_long);
    measure("limit_", "lock_add", 1e9, "ns", lock_add);
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
    memset(on_stack, 0, sizeof on_stack);
    if (argc > 1) {
        if (strcmp(argv[1], "both") == 0) {
            both();
        } else if (strcmp(argv[1], "crowded") == 0) {
            crowded();
        } else if (strcmp(argv[1], "limits") == 0) {
            limits(on_stack);
        } else if (strcmp(argv[1], "computing") == 0) {
            computing(block, on_stack, time_operations);
        } else {
            MPI_Win_allocate(64, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
            memset(memory, 0, 64);
            MPI_Win_lock_all(0, window);
            measure("", "compare_and_swap", 1e9, "ns", swap);
            MPI_Win_unlock_all(window);
            MPI_Win_free(&window);
            computing(block, on_stack, time_swaps);
        }
        MPI_Finalize();
        return 0;
    }
    MPI_Comm_group(MPI_COMM_WORLD, &all);
    MPI_Group_incl(all, 1, &peer, &other);
    MPI_Type_vector(COLUMN, 1, APART, MPI_DOUBLE, &column);
    MPI_Type_commit(&column);
    MPI_Type_vector(ROWS, ROW, 2 * ROW, MPI_DOUBLE, &rows);
    MPI_Type_commit(&rows);

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
    measure("", "get_rows", 1e6, "us", get_rows);
    measure("", "put_polled", 1e9 / 2, "ns", put_polled);
    measure("", "accumulate", 1e9, "ns", add);
    measure("", "accumulate_4096", 1e6, "us", add_long);
    measure("", "get_accumulate_4096", 1e6, "us", get_add_long);
    MPI_Barrier(MPI_COMM_WORLD);
    memset(memory, 0, 64);
    MPI_Barrier(MPI_COMM_WORLD);
    measure("", "fetch_and_op", 1e9, "ns", fetch);
    MPI_Win_unlock_all(window);
    measure("", "lock_exclusive", 1e9, "ns", exclusive);
    measure("", "lock_shared", 1e9, "ns", shared);
    measure("", "lock_put", 1e9, "ns", lock_put);
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
    measure("make_", "allocated_1M", 1e6, "us", make_large);
    measure("make_", "shared", 1e6, "us", make_shared);
    measure("make_", "dynamic", 1e6, "us", make_dynamic);
    MPI_Finalize();
    return 0;
}
