// SPDX-License-Identifier: MIT
// The canonical form of a datatype: where the data of one element lies, in the order of the type
// map, as up to four nested loops over a unit. A unit is one block, blocks of one length, runs, or
// pieces, each with a form of its own; what is regular stays small however long it is. Forms are
// built by datatype_make.c with the functions below and carried out by datatype_move.c.
#ifndef MP_DATATYPE_DATATYPE_FORM_H
#define MP_DATATYPE_DATATYPE_FORM_H

#include "mpi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mp_unit {
    MP_UNIT_BLOCK,  // one block of `length` bytes
    MP_UNIT_NEAR,   // `count` blocks of `length` bytes at the offsets near[]
    MP_UNIT_FAR,    // the same, at far[]: an offset is beyond 31 bits
    MP_UNIT_RUNS,   // `count` runs of any length
    MP_UNIT_PIECES, // `count` pieces, each of its own form
};

enum { MP_LOOPS_MAX = 4 };

// A unit of up to so many runs or blocks is best moved run by run, each in many units at once.
enum { MP_FEW = 32 };

// A loop's body is done `count` times (2 or more), `stride` bytes apart.
struct mp_loop {
    MPI_Count count, stride;
};

// Consecutive bytes at `offset`; `start` bytes of the unit's data come before them, so that the
// next run's start is where this one ends. After the last run there is one more `start`.
struct mp_run {
    MPI_Aint offset;
    MPI_Count start;
};

// The same with a form (held) in place of the bytes.
struct mp_piece {
    MPI_Aint offset;
    MPI_Count start;
    struct mp_form *form;
};

// Never changed while more than one holds it. Forms without data do not exist.
struct mp_form {
    uint32_t refs;
    uint8_t kind;  // enum mp_unit
    uint8_t loops; // in use
    uint8_t depth; // of pieces within pieces; 0 for the other kinds
    MPI_Aint offset;
    MPI_Count size;                    // bytes of data: the loops' counts times those of
    MPI_Count unit;                    // a unit
    MPI_Count length;                  // of a block
    struct mp_loop loop[MP_LOOPS_MAX]; // the innermost first
    size_t count;
    union { // from the unit's start, which is `offset` plus the loops' steps
        const int32_t *near;
        const MPI_Aint *far;
        const struct mp_run *runs;
        const struct mp_piece *pieces;
        void *list;
    };
    struct mp_form *owner; // of the list (held); NULL if this one owns it or there is none
};

// How far `count` steps go. Distances are numbers modulo 2^64, like addresses: their sums come out
// right though a product in between may not fit.
static inline MPI_Aint mp_form_reach(MPI_Count count, MPI_Aint stride)
{
    return (MPI_Aint)((uint64_t)count * (uint64_t)stride);
}

void mp_form_hold(struct mp_form *form);
void mp_form_release(struct mp_form *form); // may be NULL

// All of these return a form with one reference, or NULL when memory is out; they take over the
// reference to the form that they are given, which may be NULL for that reason.
struct mp_form *mp_form_block(MPI_Aint offset, MPI_Count length);
struct mp_form *mp_form_repeat(struct mp_form *form, MPI_Count count, MPI_Count stride);
struct mp_form *mp_form_shift(struct mp_form *form, MPI_Aint by);

// Same data at the same places, but for the offset of the whole. May say no where it is costly to
// find out.
bool mp_form_alike(const struct mp_form *a, const struct mp_form *b);

// A list of forms and single blocks, to become one form. Begin with all zeros.
struct mp_form_list {
    struct mp_block *blocks;
    struct mp_piece *pieces;
    size_t block_count, block_room, piece_count, piece_room;
    bool failed; // out of memory
};
void mp_form_list_block(struct mp_form_list *list, MPI_Aint offset, MPI_Count length);
void mp_form_list_add(struct mp_form_list *list, MPI_Aint offset, struct mp_form *form); // held
struct mp_form *mp_form_list_end(struct mp_form_list *list); // there must be some data

#endif
