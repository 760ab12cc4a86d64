// SPDX-License-Identifier: MIT
// Accumulates know all predefined operations and types: small ones, pairs with a gap, derived ones;
// the result is that of MPI_Reduce_local.
// ranks: 2
#include "check.h"

static const MPI_Datatype integers[] = {MPI_SIGNED_CHAR, MPI_SHORT,    MPI_INT,      MPI_LONG,
                                        MPI_UNSIGNED,    MPI_INT8_T,   MPI_UINT16_T, MPI_INT64_T,
                                        MPI_AINT,        MPI_LONG_LONG};
static const MPI_Datatype reals[] = {MPI_FLOAT, MPI_DOUBLE, MPI_LONG_DOUBLE};
static const MPI_Datatype pairs[] = {MPI_FLOAT_INT, MPI_DOUBLE_INT, MPI_LONG_INT,
                                     MPI_2INT,      MPI_SHORT_INT,  MPI_LONG_DOUBLE_INT};
static const MPI_Op arithmetic[] = {MPI_SUM, MPI_PROD, MPI_MIN, MPI_MAX};
static const MPI_Op bits[] = {MPI_BAND, MPI_BOR, MPI_BXOR, MPI_LAND, MPI_LOR, MPI_LXOR};
static const MPI_Op locations[] = {MPI_MINLOC, MPI_MAXLOC};
enum { COUNT = 30, ROOM = 32 * COUNT * 2 };

static void one(MPI_Win win, char *base, MPI_Datatype type, MPI_Op op)
{
    _Alignas(16) char origin[ROOM], was[ROOM], expected[ROOM], got[ROOM], before[ROOM];
    MPI_Aint lb, extent;
    MPI_Datatype spaced;
    MPI_Type_get_extent(type, &lb, &extent);
    MPI_Type_vector(COUNT / 2, 1, 2, type, &spaced);
    MPI_Type_commit(&spaced);
    for (int derived = 0; derived < 2; derived++) {
        int count = derived ? COUNT / 2 : COUNT;
        MPI_Datatype there = derived ? spaced : type;
        for (int i = 0; i < ROOM; i++) {
            origin[i] = (char)(i % 3);
            before[i] = (char)(i % 5 % 3);
        }
        memcpy(base, before, ROOM);
        MPI_Barrier(MPI_COMM_WORLD);
        // What is expected: in rows.
        memset(got, 0, ROOM);
        memset(was, 0, ROOM);
        memset(expected, 0, ROOM);
        MPI_Sendrecv(before, derived ? 1 : count, there, 0, 0, expected, count, type, 0, 0,
                     MPI_COMM_SELF, MPI_STATUS_IGNORE);
        memcpy(got, expected, ROOM);
        if (op != MPI_REPLACE && op != MPI_NO_OP) {
            MPI_Reduce_local(origin, expected, count, type, op);
        } else if (op == MPI_REPLACE) {
            MPI_Sendrecv(origin, count, type, 0, 0, expected, count, type, 0, 0, MPI_COMM_SELF,
                         MPI_STATUS_IGNORE);
        }
        if (rank == 0) {
            OK(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, win));
            OK(MPI_Get_accumulate(origin, count, type, was, count, type, 1, 0, derived ? 1 : count,
                                  there, op, win));
            OK(MPI_Win_unlock(1, win));
            CHECK(memcmp(was, got, (size_t)extent * (size_t)count) == 0, "fetched is wrong");
        }
        MPI_Barrier(MPI_COMM_WORLD);
        if (rank == 1) {
            OK(MPI_Win_lock(MPI_LOCK_SHARED, 1, 0, win));
            memset(got, 0, ROOM);
            MPI_Sendrecv(base, derived ? 1 : count, there, 0, 0, got, count, type, 0, 0,
                         MPI_COMM_SELF, MPI_STATUS_IGNORE);
            OK(MPI_Win_unlock(1, win));
            CHECK(memcmp(got, expected, (size_t)extent * (size_t)count) == 0,
                  "the result is wrong (extent %ld, derived %d)", (long)extent, derived);
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Type_free(&spaced);
}

int main(int argc, char **argv)
{
    char *base;
    MPI_Win win;
    start(&argc, &argv);
    OK(MPI_Win_allocate(ROOM, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    for (size_t i = 0; i < COUNT_OF(integers); i++) {
        for (size_t k = 0; k < COUNT_OF(arithmetic); k++) {
            one(win, base, integers[i], arithmetic[k]);
        }
        for (size_t k = 0; k < COUNT_OF(bits); k++) {
            one(win, base, integers[i], bits[k]);
        }
        one(win, base, integers[i], MPI_REPLACE);
        one(win, base, integers[i], MPI_NO_OP);
    }
    for (size_t i = 0; i < 2; i++) { // a long double has bytes without meaning
        for (size_t k = 0; k < COUNT_OF(arithmetic); k++) {
            one(win, base, reals[i], arithmetic[k]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(pairs) - 1; i++) {
        for (size_t k = 0; k < COUNT_OF(locations); k++) {
            one(win, base, pairs[i], locations[k]);
        }
        one(win, base, pairs[i], MPI_REPLACE);
    }
    OK(MPI_Win_free(&win));
    return finish();
}
