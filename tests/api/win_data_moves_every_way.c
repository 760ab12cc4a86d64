// SPDX-License-Identifier: MIT
// Put, get and accumulate bring the right bytes to the right places, for memory of every kind,
// every flavour of window and every way to synchronize, with derived types on both sides.
// ranks: 1 2 3 5
#include "check.h"

enum { COUNT = 20000 };
static int in_static[COUNT], small_static[16];
enum sync { FENCE, PSCW, LOCK, LOCK_ALL, SYNCS };

static void begin(MPI_Win win, enum sync sync, int target, MPI_Group all)
{
    switch (sync) {
    case FENCE:
        OK(MPI_Win_fence(MPI_MODE_NOPRECEDE, win));
        break;
    case PSCW:
        OK(MPI_Win_post(all, 0, win));
        OK(MPI_Win_start(all, 0, win));
        break;
    case LOCK:
        MPI_Barrier(MPI_COMM_WORLD);
        OK(MPI_Win_lock(MPI_LOCK_SHARED, target, 0, win));
        break;
    default:
        MPI_Barrier(MPI_COMM_WORLD);
        OK(MPI_Win_lock_all(0, win));
    }
}

static void end(MPI_Win win, enum sync sync, int target)
{
    switch (sync) {
    case FENCE:
        OK(MPI_Win_fence(MPI_MODE_NOSUCCEED, win));
        break;
    case PSCW:
        OK(MPI_Win_complete(win));
        OK(MPI_Win_wait(win));
        break;
    case LOCK:
        OK(MPI_Win_unlock(target, win));
        MPI_Barrier(MPI_COMM_WORLD);
        break;
    default:
        OK(MPI_Win_unlock_all(win));
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

// `base`: this rank's memory, `count` ints; `at`: displacement of the target's first one.
static void exercise(MPI_Win win, int *base, int count, MPI_Aint at, MPI_Aint unit)
{
    int target = (rank + 1) % size, source = (rank + size - 1) % size;
    int *data = room(sizeof(int) * (size_t)count), *back = room(sizeof(int) * (size_t)count);
    int half = count / 2;
    MPI_Group all;
    MPI_Datatype every_other, irregular, reversed;
    int lengths[3] = {2, 1, 3}, places[3] = {1, 5, 9};
    int down[4] = {3, 2, 1, 0};
    OK(MPI_Win_get_group(win, &all));
    MPI_Type_vector(half, 1, 2, MPI_INT, &every_other);
    MPI_Type_indexed(3, lengths, places, MPI_INT, &irregular);
    MPI_Type_create_indexed_block(4, 1, down, MPI_INT, &reversed);
    MPI_Type_commit(&every_other);
    MPI_Type_commit(&irregular);
    MPI_Type_commit(&reversed);
    for (enum sync sync = 0; sync < SYNCS; sync++) {
        int seed = 1000 * (int)sync;
        for (int i = 0; i < count; i++) {
            base[i] = -1;
            data[i] = seed + 7 * rank + i;
        }
        begin(win, sync, target, all); // in a row
        OK(MPI_Put(data, count, MPI_INT, target, at, count, MPI_INT, win));
        end(win, sync, target);
        for (int i = 0; i < count; i++) {
            CHECK(base[i] == seed + 7 * source + i, "sync %d: [%d] is %d", (int)sync, i, base[i]);
        }
        begin(win, sync, target, all);
        OK(MPI_Get(back, count, MPI_INT, target, at, count, MPI_INT, win));
        end(win, sync, target);
        for (int i = 0; i < count; i++) {
            CHECK(back[i] == data[i], "sync %d: [%d] is %d", (int)sync, i, back[i]);
        }
        begin(win, sync, target, all); // sums, into every other one
        OK(MPI_Accumulate(data, half, MPI_INT, target, at, 1, every_other, MPI_SUM, win));
        end(win, sync, target);
        for (int i = 0; i < count; i++) {
            int was = seed + 7 * source + i, more = i % 2 == 0 ? seed + 7 * source + i / 2 : 0;
            CHECK(base[i] == was + (i / 2 < half ? more : 0), "sync %d: [%d] is %d", (int)sync, i,
                  base[i]);
        }
        begin(win, sync, target, all); // a scattered one here, and there
        int six[6] = {rank, 1, 2, 3, 4, 5}, was[6];
        OK(MPI_Get_accumulate(six, 6, MPI_INT, was, 6, MPI_INT, target, at, 1, irregular,
                              MPI_REPLACE, win));
        end(win, sync, target);
        CHECK(base[1] == source && base[2] == 1 && base[5] == 2 && base[11] == 5, "%d %d", base[1],
              base[11]);
        CHECK(was[0] == seed + 7 * rank + 1, "sync %d: was %d", (int)sync, was[0]);
        begin(win, sync, target, all);
        OK(MPI_Put(six, 4, MPI_INT, target, at, 1, reversed, win));
        end(win, sync, target);
        CHECK(base[3] == source && base[0] == 3, "%d %d", base[3], base[0]);
        begin(win, sync, target, all);
        memset(back, 0, 4 * sizeof *back);
        OK(MPI_Get(back, 1, reversed, target, at, 2, MPI_2INT, win));
        end(win, sync, target);
        CHECK(back[0] == rank && back[3] == 3, "%d %d", back[0], back[3]);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    (void)unit;
    MPI_Type_free(&every_other);
    MPI_Type_free(&irregular);
    MPI_Type_free(&reversed);
    MPI_Group_free(&all);
    free(data);
    free(back);
}

static void created(int *memory, int count)
{
    MPI_Win win;
    OK(MPI_Win_create(memory, (MPI_Aint)sizeof(int) * count, sizeof(int), MPI_INFO_NULL,
                      MPI_COMM_WORLD, &win));
    exercise(win, memory, count, 0, sizeof(int));
    OK(MPI_Win_free(&win));
    CHECK(win == MPI_WIN_NULL, "the handle is still there");
}

static void dynamic(int *memory, int count)
{
    MPI_Win win;
    MPI_Aint own, theirs;
    OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    OK(MPI_Win_attach(win, memory, (MPI_Aint)sizeof(int) * count));
    MPI_Get_address(memory, &own);
    MPI_Sendrecv(&own, 1, MPI_AINT, (rank + size - 1) % size, 0, &theirs, 1, MPI_AINT,
                 (rank + 1) % size, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    exercise(win, memory, count, theirs, 1);
    OK(MPI_Win_detach(win, memory));
    OK(MPI_Win_free(&win));
}

int main(int argc, char **argv)
{
    int on_stack[64], *allocated, *base;
    MPI_Win win;
    start(&argc, &argv);
    int *small = room(64 * sizeof(int)), *large = room(COUNT * sizeof(int));
    MPI_Alloc_mem(COUNT * sizeof(int), MPI_INFO_NULL, &allocated);
    created(on_stack, 64);
    created(small, 64);
    created(large, COUNT);
    created(small_static, 16);
    created(in_static, COUNT);
    created(allocated, COUNT);
    dynamic(on_stack, 64);
    dynamic(large, COUNT);
    dynamic(in_static + 3, 500);
    OK(MPI_Win_allocate(COUNT * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &base,
                        &win));
    exercise(win, base, COUNT, 0, sizeof(int));
    OK(MPI_Win_free(&win));
    if (sharing() == size) {
        OK(MPI_Win_allocate_shared(100 * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD,
                                   &base, &win));
        exercise(win, base, 100, 0, sizeof(int));
        OK(MPI_Win_free(&win));
    }
    MPI_Free_mem(allocated);
    free(small);
    free(large);
    return finish();
}
