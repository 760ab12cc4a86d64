// SPDX-License-Identifier: MIT
// A window over a variable of a function that has returned is MPI_ERR_RMA_RANGE at its rank, in the
// calls that expose it, and told in a line when the window is freed; nobody else waits for ever. A
// variable that lives is none, whoever makes the call: its function, one that it calls, a thread.
// ranks: 1 2 3
// says: was a variable of a function that has returned: it has to live until MPI_Win_free
// not under: asan
#include "check.h"

#include <pthread.h>

static MPI_Win win;

__attribute__((noinline)) static void expose_own(void)
{
    volatile int64_t counter[3] = {0};
    OK(MPI_Win_create((void *)(uintptr_t)counter, sizeof counter, 8, MPI_INFO_NULL, MPI_COMM_WORLD,
                      &win));
    OK(MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN));
    OK(MPI_Win_fence(0, win));
}

__attribute__((noinline)) static void expose(void *memory, int bytes)
{
    OK(MPI_Win_create(memory, bytes, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
}

__attribute__((noinline)) static void use(int depth)
{
    volatile char room_for_this[100] = {0};
    int64_t one = 1;
    if (depth > 0) {
        use(depth - 1);
        (void)room_for_this[depth];
        return;
    }
    OK(MPI_Win_fence(0, win));
    OK(MPI_Accumulate(&one, 1, MPI_INT64_T, (rank + 1) % size, 0, 1, MPI_INT64_T, MPI_SUM, win));
    OK(MPI_Win_fence(0, win));
}

// One that lives, here or in the function that has called this one.
static void live(int64_t *of_caller)
{
    int64_t own = 0;
    expose(&own, sizeof own);
    use(0);
    use(5);
    OK(MPI_Win_free(&win));
    CHECK(own == 2, "own is %d", (int)own);
    expose(of_caller, sizeof *of_caller);
    use(3);
}

static void *of_thread(void *nothing)
{
    int64_t callers = 0;
    live(&callers);
    use(0);
    OK(MPI_Win_free(&win));
    CHECK(callers == 2, "the caller's is %d", (int)callers);
    return nothing;
}

int main(int argc, char **argv)
{
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    of_thread(NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, of_thread, NULL) == 0, "no thread");
    pthread_join(thread, NULL);
    int64_t *block = room(64);
    *block = 0;
    live(block);
    OK(MPI_Win_free(&win));
    free(block);

    expose_own();
    FAILS(MPI_ERR_RMA_RANGE, MPI_Win_fence(0, win));
    FAILS(MPI_ERR_RMA_RANGE, MPI_Win_fence(MPI_MODE_NOSUCCEED, win));
    FAILS(MPI_ERR_RMA_RANGE, MPI_Win_post(MPI_GROUP_EMPTY, 0, win));
    OK(MPI_Win_wait(win));
    OK(MPI_Win_free(&win));
    return finish();
}
