// SPDX-License-Identifier: MIT
// Combining what an origin gives with what is in a target's memory, element by element atomically:
// page by page under the stripe of each (stripes.h), by the operations' vector loops. Carried out
// by whoever reaches the memory: a near origin, or the target itself when it is asked to.
#include "window/access.h"

#include "process/process.h"
#include "process/remote.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 1 << MP_STRIPE_BITS, LONGEST = 64 }; // bytes of an element at most

static void combine(const struct mp_op *op, char *place, const char *operand, MPI_Count count,
                    const struct mp_datatype *basic)
{
    MPI_Op handle = mp_op_handle(op);
    if (handle == MPI_REPLACE) {
        mp_window_store(place, operand, (size_t)(count * basic->size));
    } else if (handle != MPI_NO_OP) {
        mp_op_combine(op, place, operand, place, count, basic);
    }
}

// Elements in a row whose first bytes lie in one page.
static bool combine_page(int world, char *place, uint64_t address, MPI_Count count,
                         const struct mp_datatype *basic, const struct mp_op *op,
                         const char *operand, char *result)
{
    size_t bytes = (size_t)(count * basic->size);
    _Alignas(16) char copy[PAGE + LONGEST];
    if (place) {
        if (result) {
            mp_window_load(result, place, bytes);
        }
        combine(op, place, operand, count, basic);
        return true;
    }
    if (!mp_remote_read(world, address, copy, bytes)) {
        return false;
    }
    if (result) {
        memcpy(result, copy, bytes);
    }
    if (mp_op_handle(op) == MPI_NO_OP) {
        return true;
    }
    combine(op, copy, operand, count, basic);
    return mp_remote_write(world, address, copy, bytes);
}

static bool combine_row(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                        MPI_Count count, const struct mp_datatype *basic, const struct mp_op *op,
                        const char *operand, char *result)
{
    bool done = true;
    while (count > 0 && done) {
        uint64_t left = PAGE - address % PAGE;
        MPI_Count here = ((MPI_Count)left + basic->size - 1) / basic->size;
        here = here < count ? here : count;
        struct mp_stripe *stripe = &stripes[mp_stripe_number(address)];
        mp_stripe_take(stripe);
        done = combine_page(world, place, address, here, basic, op, operand, result);
        mp_stripe_give(stripe);
        size_t bytes = (size_t)(here * basic->size);
        address += bytes;
        place = place ? place + bytes : NULL;
        operand = operand ? operand + bytes : NULL;
        result = result ? result + bytes : NULL;
        count -= here;
    }
    return done;
}

// The stripes of all pages from `low` on, in rising order; as bits.
static uint64_t stripes_of(uint64_t low, uint64_t span)
{
    uint64_t first = low >> MP_STRIPE_BITS, last = (low + span - 1) >> MP_STRIPE_BITS, bits = 0;
    if (last - first >= MP_STRIPES) {
        return ~UINT64_C(0);
    }
    for (uint64_t page = first; page <= last; page++) {
        bits |= UINT64_C(1) << (page & (MP_STRIPES - 1));
    }
    return bits;
}

// Room for elements as the operations want them: a pair may have a gap within, and its packed form
// has none.
static void *spread(const struct mp_datatype *basic, const void *packed, MPI_Count count)
{
    void *elements = calloc((size_t)count, (size_t)basic->extent);
    if (elements) {
        mp_datatype_unpack(basic, elements, count, 0, packed, count * basic->size);
    }
    return elements;
}

// Elements anywhere: out of the memory, combined, and back into it, under all stripes.
static void combine_scattered(struct mp_stripe *stripes, char *place, uint64_t address,
                              const struct mp_datatype *type, MPI_Count count,
                              const struct mp_datatype *basic, const struct mp_op *op,
                              const void *operand, void *result)
{
    MPI_Op handle = mp_op_handle(op);
    MPI_Count shift, bytes = count * type->size, elements = bytes / basic->size;
    MPI_Count span = mp_datatype_span(type, count, &shift);
    uint64_t bits = stripes_of(address + (uint64_t)shift, (uint64_t)span);
    bool computes = handle != MPI_REPLACE && handle != MPI_NO_OP;
    char *old = computes ? malloc((size_t)bytes) : NULL;
    void *left = computes ? calloc((size_t)elements, (size_t)basic->extent) : NULL;
    void *right = computes ? spread(basic, operand, elements) : NULL;
    if (computes && (!old || !left || !right)) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory in an accumulate");
    }
    for (int i = 0; i < MP_STRIPES; i++) {
        if (bits >> i & 1) {
            mp_stripe_take(&stripes[i]);
        }
    }
    if (result) {
        mp_datatype_pack(type, place, count, 0, result, bytes);
    }
    if (computes) {
        mp_datatype_pack(type, place, count, 0, old, bytes);
        mp_datatype_unpack(basic, left, elements, 0, old, bytes);
        mp_op_combine(op, left, right, left, elements, basic);
        mp_datatype_pack(basic, left, elements, 0, old, bytes);
        mp_datatype_unpack(type, place, count, 0, old, bytes);
    } else if (handle == MPI_REPLACE) {
        mp_datatype_unpack(type, place, count, 0, operand, bytes);
    }
    for (int i = 0; i < MP_STRIPES; i++) {
        if (bits >> i & 1) {
            mp_stripe_give(&stripes[i]);
        }
    }
    free(old);
    free(left);
    free(right);
}

bool mp_stripes_combine(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                        const struct mp_datatype *type, MPI_Count count,
                        const struct mp_datatype *basic, const struct mp_op *op,
                        const void *operand, void *result)
{
    if (type->contiguous && basic->contiguous) {
        return combine_row(stripes, world, place ? place + type->true_lb : NULL,
                           address + (uint64_t)type->true_lb, count * type->size / basic->size,
                           basic, op, operand, result);
    }
    combine_scattered(stripes, place, address, type, count, basic, op, operand, result);
    return true;
}

bool mp_stripes_swap(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                     size_t bytes, const void *compare, const void *operand, void *result)
{
    _Alignas(16) char old[LONGEST];
    bool done = true;
    struct mp_stripe *stripe = &stripes[mp_stripe_number(address)];
    mp_stripe_take(stripe);
    if (place) {
        mp_window_load(old, place, bytes);
    } else {
        done = mp_remote_read(world, address, old, bytes);
    }
    if (done && memcmp(old, compare, bytes) == 0) {
        if (place) {
            mp_window_store(place, operand, bytes);
        } else {
            done = mp_remote_write(world, address, operand, bytes);
        }
    }
    mp_stripe_give(stripe);
    if (done) {
        memcpy(result, old, bytes);
    }
    return done;
}
