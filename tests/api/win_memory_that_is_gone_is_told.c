// SPDX-License-Identifier: MIT
// Access to memory that its owner has unmapped, or has not attached, is MPI_ERR_RMA_RANGE at the
// origin: at once, or where messages go, when the access is completed. No rank dies of it, no other
// rank waits for ever, and the window goes on.
// ranks: 2 3
// not under: valgrind
#include "check.h"

#include <sys/mman.h>

enum { BYTES = 1 << 16, AWAY = 1 << 15, KINDS = 6 };
static MPI_Win win;
static int target, called;

static void handler(MPI_Win *window, int *code, ...)
{
    int class;
    (void)window;
    MPI_Error_class(*code, &class);
    CHECK(class == MPI_ERR_RMA_RANGE, "class %d", class);
    called++;
}

static void *mapped(void)
{
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED, "no memory");
    return memset(memory, 0, BYTES);
}

static void access_there(int kind, MPI_Aint at)
{
    static int64_t value = 1, result[1];
    MPI_Request request = MPI_REQUEST_NULL;
    switch (kind) {
    case 0:
        MPI_Put(&value, 1, MPI_INT64_T, target, at, 1, MPI_INT64_T, win);
        break;
    case 1:
        MPI_Get(result, 1, MPI_INT64_T, target, at, 1, MPI_INT64_T, win);
        break;
    case 2:
        MPI_Accumulate(&value, 1, MPI_INT64_T, target, at, 1, MPI_INT64_T, MPI_SUM, win);
        break;
    case 3:
        MPI_Fetch_and_op(&value, result, MPI_INT64_T, target, at, MPI_SUM, win);
        break;
    case 4:
        MPI_Compare_and_swap(&value, &value, result, MPI_INT64_T, target, at, win);
        break;
    default:
        if (MPI_Rget(result, 1, MPI_INT64_T, target, at, 1, MPI_INT64_T, win, &request) == 0) {
            MPI_Wait(&request, MPI_STATUS_IGNORE);
        }
    }
}

// What is there works, what is gone is told once, and what is there still works.
static void all_kinds(MPI_Aint there, MPI_Aint gone)
{
    for (int kind = 0; kind < KINDS && rank == 0; kind++) {
        for (int i = 0; i < 3; i++) {
            called = 0;
            MPI_Win_lock(MPI_LOCK_SHARED, target, 0, win);
            access_there(kind, i == 1 ? gone : there);
            MPI_Win_unlock(target, win);
            CHECK(called == (i == 1), "access %d of kind %d: %d errors", i, kind, called);
        }
    }
    // Nobody is left behind in a fence, nor in an epoch of some ranks.
    called = 0;
    OK(MPI_Win_fence(MPI_MODE_NOPRECEDE, win));
    if (rank == 0) {
        access_there(0, gone);
    }
    MPI_Win_fence(0, win);
    if (rank == 0) {
        access_there(2, there);
    }
    MPI_Win_fence(MPI_MODE_NOSUCCEED, win);
    CHECK(called == (rank == 0), "%d errors", called);
    MPI_Group all, origin, exposed;
    int zero = 0;
    MPI_Win_get_group(win, &all);
    MPI_Group_incl(all, 1, &zero, &origin);
    MPI_Group_incl(all, 1, &target, &exposed);
    if (rank == target) {
        OK(MPI_Win_post(origin, 0, win));
    }
    if (rank == 0) {
        called = 0;
        OK(MPI_Win_start(exposed, 0, win));
        access_there(1, gone);
        MPI_Win_complete(win);
        CHECK(called == 1, "%d errors", called);
    }
    if (rank == target) {
        OK(MPI_Win_wait(win));
    }
    MPI_Group_free(&all);
    MPI_Group_free(&origin);
    MPI_Group_free(&exposed);
    OK(MPI_Barrier(MPI_COMM_WORLD));
}

int main(int argc, char **argv)
{
    MPI_Errhandler mine;
    start(&argc, &argv);
    target = size - 1;
    OK(MPI_Win_create_errhandler(handler, &mine));

    char *memory = mapped();
    OK(MPI_Win_create(memory, BYTES, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    OK(MPI_Win_set_errhandler(win, mine));
    munmap(memory + AWAY, BYTES - AWAY);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    all_kinds(64, AWAY + 64);
    OK(MPI_Win_free(&win));
    munmap(memory, AWAY);

    memory = mapped();
    OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    OK(MPI_Win_set_errhandler(win, mine));
    OK(MPI_Win_attach(win, memory, AWAY));
    munmap(memory + AWAY, BYTES - AWAY);
    MPI_Aint where[2] = {MPI_Aint_add((MPI_Aint)memory, 64), (MPI_Aint)memory + AWAY};
    OK(MPI_Bcast(where, 2, MPI_AINT, target, MPI_COMM_WORLD));
    all_kinds(where[0], where[1]);
    OK(MPI_Win_detach(win, memory));
    OK(MPI_Win_free(&win));
    munmap(memory, AWAY);
    OK(MPI_Errhandler_free(&mine));
    return finish();
}
