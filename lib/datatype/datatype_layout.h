// SPDX-License-Identifier: MIT
// A message's bytes in memory, told so that another process can copy them where it can reach that
// memory: addresses and numbers only. Only regular types can be told: blocks of one length in
// nested loops. What the numbers mean: datatype/datatype_form.h.
#ifndef MP_DATATYPE_DATATYPE_LAYOUT_H
#define MP_DATATYPE_DATATYPE_LAYOUT_H

#include "datatype/datatype.h"
#include "datatype/datatype_form.h"

struct mp_layout {
    uint64_t base;       // address of the elements
    uint64_t low, span;  // all bytes of data lie within `span` bytes from `low` on
    MPI_Count extent;    // from one element to the next
    struct mp_form form; // of an element: MP_UNIT_BLOCK, so that it holds no pointer
};

// Consecutive bytes.
static inline struct mp_layout mp_layout_bytes(const void *address, size_t bytes)
{
    uint64_t at = (uintptr_t)address;
    MPI_Count length = (MPI_Count)bytes;
    return (struct mp_layout){
        .base = at,
        .low = at,
        .span = bytes,
        .extent = length,
        .form = {
            .kind = MP_UNIT_BLOCK, .size = length, .unit = length, .length = length, .count = 1}};
}

static inline bool mp_layout_is_contiguous(const struct mp_layout *layout)
{
    return layout->form.loops == 0 && layout->form.length == layout->extent;
}

// Says where this process has the same bytes: the lowest of them at `low`.
static inline void mp_layout_move(struct mp_layout *layout, const void *low)
{
    layout->base += (uintptr_t)low - layout->low;
    layout->low = (uintptr_t)low;
}

// Describes `count` elements at `buffer`. False if the type is not regular.
bool mp_layout_describe(struct mp_layout *layout, const struct mp_datatype *type,
                        const void *buffer, MPI_Count count);

// Copies bytes [at, at + bytes) of the stream. Both sides must be reachable at their addresses.
void mp_layout_copy(const struct mp_layout *to, const struct mp_layout *from, MPI_Count at,
                    MPI_Count bytes);

#endif
