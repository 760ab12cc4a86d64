// SPDX-License-Identifier: MIT
// Each error of chapter 12 has its class, raised on the window, and the window goes on.
// ranks: 1 2 3
#include "check.h"

static int called;
static void handler(MPI_Win *win, int *code, ...)
{
    (void)win;
    (void)code;
    called++;
}

int main(int argc, char **argv)
{
    int *base, value = 0, other = 0, flag;
    MPI_Win win, none;
    MPI_Group world, empty = MPI_GROUP_EMPTY;
    MPI_Errhandler mine, was;
    MPI_Request request;
    start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    int last = size - 1;

    // Making one: wrong at one rank, so an error at all.
    FAILS(MPI_ERR_SIZE,
          MPI_Win_allocate(rank == last ? -1 : 8, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &none));
    CHECK(none == MPI_WIN_NULL, "there is a window all the same");
    FAILS(MPI_ERR_DISP, MPI_Win_create(&value, 4, 0, MPI_INFO_NULL, MPI_COMM_WORLD, &none));
    FAILS(MPI_ERR_BASE, MPI_Win_create(NULL, 4, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &none));
    FAILS(MPI_ERR_COMM, MPI_Win_create(&value, 4, 1, MPI_INFO_NULL, MPI_COMM_NULL, &none));
    FAILS(MPI_ERR_WIN, MPI_Win_fence(0, MPI_WIN_NULL));
    FAILS(MPI_ERR_WIN, MPI_Win_free(&none));

    OK(MPI_Win_allocate(16 * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    OK(MPI_Win_get_errhandler(win, &was));
    CHECK(was == MPI_ERRORS_ARE_FATAL, "the first handler is another one");
    OK(MPI_Win_create_errhandler(handler, &mine));
    OK(MPI_Win_set_errhandler(win, mine));
    OK(MPI_Win_call_errhandler(win, MPI_ERR_OTHER));
    CHECK(called == 1, "called %d times", called);

    // No epoch.
    FAILS(MPI_ERR_RMA_SYNC, MPI_Put(&value, 1, MPI_INT, 0, 0, 1, MPI_INT, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_unlock(0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_unlock_all(win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_complete(win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_wait(win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_test(win, &flag));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_flush(0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_flush_all(win));
    CHECK(called == 9, "called %d times", called);
    OK(MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN));
    OK(MPI_Errhandler_free(&mine));

    FAILS(MPI_ERR_LOCKTYPE, MPI_Win_lock(7, 0, 0, win));
    FAILS(MPI_ERR_ASSERT, MPI_Win_lock(MPI_LOCK_SHARED, 0, 3, win));
    FAILS(MPI_ERR_ASSERT, MPI_Win_fence(1, win));
    FAILS(MPI_ERR_RANK, MPI_Win_lock(MPI_LOCK_SHARED, size, 0, win));
    FAILS(MPI_ERR_GROUP, MPI_Win_post(MPI_GROUP_NULL, 0, win));
    FAILS(MPI_ERR_RMA_FLAVOR, MPI_Win_attach(win, &value, 4));
    FAILS(MPI_ERR_RMA_FLAVOR, MPI_Win_detach(win, &value));

    OK(MPI_Win_lock(MPI_LOCK_SHARED, last, 0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_lock(MPI_LOCK_SHARED, last, 0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_lock_all(0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_fence(0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_start(world, 0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_free(&win));
    if (size > 1) {
        FAILS(MPI_ERR_RMA_SYNC, MPI_Get(&value, 1, MPI_INT, 0, 0, 1, MPI_INT, win));
    }
    FAILS(MPI_ERR_RMA_RANGE, MPI_Put(&value, 1, MPI_INT, last, 16, 1, MPI_INT, win));
    FAILS(MPI_ERR_RMA_RANGE, MPI_Get(&value, 1, MPI_INT, last, (MPI_Aint)1 << 62, 1, MPI_INT, win));
    FAILS(MPI_ERR_RMA_RANGE,
          MPI_Accumulate(&value, 1, MPI_INT, last, 16, 1, MPI_INT, MPI_SUM, win));
    FAILS(MPI_ERR_DISP, MPI_Put(&value, 1, MPI_INT, last, -1, 1, MPI_INT, win));
    FAILS(MPI_ERR_RANK, MPI_Put(&value, 1, MPI_INT, size, 0, 1, MPI_INT, win));
    FAILS(MPI_ERR_COUNT, MPI_Put(&value, -1, MPI_INT, last, 0, 1, MPI_INT, win));
    FAILS(MPI_ERR_COUNT, MPI_Put(&value, 1, MPI_INT, last, 0, 2, MPI_INT, win));
    FAILS(MPI_ERR_TYPE, MPI_Put(&value, 1, MPI_DATATYPE_NULL, last, 0, 1, MPI_INT, win));
    FAILS(MPI_ERR_BUFFER, MPI_Put(NULL, 1, MPI_INT, last, 0, 1, MPI_INT, win));
    FAILS(MPI_ERR_ARG, MPI_Rput(&value, 1, MPI_INT, last, 0, 1, MPI_INT, win, NULL));
    FAILS(MPI_ERR_TYPE, MPI_Accumulate(&value, 1, MPI_INT, last, 0, 1, MPI_FLOAT, MPI_SUM, win));
    FAILS(MPI_ERR_OP, MPI_Accumulate(&value, 1, MPI_INT, last, 0, 1, MPI_INT, MPI_MINLOC, win));
    FAILS(MPI_ERR_OP, MPI_Accumulate(&value, 1, MPI_INT, last, 0, 1, MPI_INT, MPI_OP_NULL, win));
    FAILS(MPI_ERR_TYPE, MPI_Compare_and_swap(&value, &value, &other, MPI_FLOAT, last, 0, win));
    // Nobody is there.
    OK(MPI_Put(&value, 1, MPI_INT, MPI_PROC_NULL, 0, 1, MPI_INT, win));
    OK(MPI_Rget(&value, 1, MPI_INT, MPI_PROC_NULL, 0, 1, MPI_INT, win, &request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    // And it goes on.
    OK(MPI_Put(&value, 1, MPI_INT, last, 15, 1, MPI_INT, win));
    OK(MPI_Win_unlock(last, win));

    // Exposed twice; and epochs of nobody.
    OK(MPI_Win_post(empty, 0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_post(empty, 0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_free(&win));
    OK(MPI_Win_wait(win));
    OK(MPI_Win_start(empty, 0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Win_start(empty, 0, win));
    FAILS(MPI_ERR_RMA_SYNC, MPI_Put(&value, 1, MPI_INT, 0, 0, 1, MPI_INT, win));
    OK(MPI_Win_complete(win));
    OK(MPI_Win_free(&win));

    // Dynamic.
    OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    OK(MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN));
    int array[8];
    MPI_Aint bytes;
    void *where;
    OK(MPI_Win_attach(win, array, sizeof array));
    FAILS(MPI_ERR_RMA_ATTACH, MPI_Win_attach(win, array + 7, 8));
    FAILS(MPI_ERR_RMA_ATTACH, MPI_Win_detach(win, array + 1));
    FAILS(MPI_ERR_RMA_FLAVOR, MPI_Win_shared_query(win, 0, &bytes, &flag, &where));
    OK(MPI_Win_attach(win, &value, 0)); // nothing, and it may be detached, once
    OK(MPI_Win_detach(win, &value));
    FAILS(MPI_ERR_RMA_ATTACH, MPI_Win_detach(win, &value));
    OK(MPI_Win_detach(win, array));
    OK(MPI_Win_free(&win));
    if (sharing() < size && size > 1) {
        FAILS(MPI_ERR_RMA_SHARED,
              MPI_Win_allocate_shared(8, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    }
    MPI_Group_free(&world);
    return finish();
}
