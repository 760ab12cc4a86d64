// SPDX-License-Identifier: MIT
// Combining what an origin gives with what is in a target's memory, element by element atomically:
// page by page under the stripe of each (stripes.h), by the operations' vector loops; a single word
// by one instruction, without the stripe while nobody else wants it. Carried out by whoever reaches
// the memory: a near origin, or the target itself when it is asked to.
#include "window/access.h"

#include "process/peers.h"
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

// ---- Single words (stripes.h)

// Until the stripe is opened to them again.
enum { SINGLES = 1024 };

// True: without the stripe. Else it is held.
static bool enter_single(struct mp_stripe *stripe)
{
    _Atomic uint32_t *inside = &mp_process.board->combines;
    uint32_t combines = atomic_load_explicit(inside, memory_order_relaxed);
    atomic_store_explicit(inside, combines + 1, memory_order_relaxed);
    if (unlikely(mp_shm_must_fence())) {
        atomic_thread_fence(memory_order_seq_cst);
    }
    atomic_signal_fence(memory_order_seq_cst);
    // Acquire: pairs with the release in leave_single, after what was done under the stripe.
    if (likely(!atomic_load_explicit(&stripe->blocks, memory_order_acquire))) {
        return true;
    }
    atomic_store_explicit(inside, combines + 2, memory_order_relaxed);
    mp_stripe_take_single(stripe);
    return false;
}

static void leave_single(struct mp_stripe *stripe, bool without)
{
    _Atomic uint32_t *inside = &mp_process.board->combines;
    if (likely(without)) {
        uint32_t combines = atomic_load_explicit(inside, memory_order_relaxed);
        atomic_store_explicit(inside, combines + 1, memory_order_release);
        return;
    }
    if (++stripe->singles >= SINGLES) {
        atomic_store_explicit(&stripe->blocks, 0, memory_order_release);
    }
    mp_stripe_give(stripe);
}

static uint64_t combine_uint64(_Atomic uint64_t *word, MPI_Op op, const void *operand)
{
    uint64_t value;
    if (op == MPI_NO_OP) {
        return atomic_load(word);
    }
    memcpy(&value, operand, sizeof value);
    return op == MPI_SUM ? atomic_fetch_add(word, value) : atomic_exchange(word, value);
}

static uint32_t combine_uint32(_Atomic uint32_t *word, MPI_Op op, const void *operand)
{
    uint32_t value;
    if (op == MPI_NO_OP) {
        return atomic_load(word);
    }
    memcpy(&value, operand, sizeof value);
    return op == MPI_SUM ? atomic_fetch_add(word, value) : atomic_exchange(word, value);
}

static uint64_t add_double(_Atomic uint64_t *word, const void *operand)
{
    uint64_t old = atomic_load_explicit(word, memory_order_relaxed), new;
    double value, sum;
    memcpy(&value, operand, sizeof value);
    do {
        memcpy(&sum, &old, sizeof sum);
        sum += value;
        memcpy(&new, &sum, sizeof new);
    } while (!atomic_compare_exchange_weak(word, &old, new));
    return old;
}

bool mp_stripe_combine_single(struct mp_stripe *stripe, char *place, enum mp_format format,
                              MPI_Op op, const void *operand, void *result)
{
    bool narrow = format == MP_FORMAT_INT32 || format == MP_FORMAT_UINT32;
    bool real = format == MP_FORMAT_DOUBLE;
    if (!(narrow || real || format == MP_FORMAT_INT64 || format == MP_FORMAT_UINT64) ||
        (uintptr_t)place % (narrow ? 4 : 8) != 0 ||
        !(op == MPI_SUM || op == MPI_REPLACE || op == MPI_NO_OP)) {
        return false;
    }
    bool without = enter_single(stripe);
    if (narrow) {
        uint32_t old = combine_uint32((_Atomic uint32_t *)(void *)place, op, operand);
        leave_single(stripe, without);
        if (result) {
            memcpy(result, &old, sizeof old);
        }
    } else {
        _Atomic uint64_t *word = (_Atomic uint64_t *)(void *)place;
        uint64_t old =
            real && op == MPI_SUM ? add_double(word, operand) : combine_uint64(word, op, operand);
        leave_single(stripe, without);
        if (result) {
            memcpy(result, &old, sizeof old);
        }
    }
    return true;
}

void mp_stripe_swap_single(struct mp_stripe *stripe, char *place, size_t bytes, const void *compare,
                           const void *operand, void *result)
{
    bool without = enter_single(stripe);
    if (bytes == 8) {
        uint64_t old, new;
        memcpy(&old, compare, 8);
        memcpy(&new, operand, 8);
        atomic_compare_exchange_strong((_Atomic uint64_t *)(void *)place, &old, new);
        memcpy(result, &old, 8);
    } else {
        uint32_t old, new;
        memcpy(&old, compare, 4);
        memcpy(&new, operand, 4);
        atomic_compare_exchange_strong((_Atomic uint32_t *)(void *)place, &old, new);
        memcpy(result, &old, 4);
    }
    leave_single(stripe, without);
}

// ---- Anything

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

// Returns how many elements that came to.
static MPI_Count combine_row(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                             MPI_Count count, const struct mp_datatype *basic,
                             const struct mp_op *op, const char *operand, char *result)
{
    MPI_Count all = count;
    while (count > 0) {
        uint64_t left = PAGE - address % PAGE;
        MPI_Count here = ((MPI_Count)left + basic->size - 1) / basic->size;
        here = here < count ? here : count;
        struct mp_stripe *stripe = mp_stripe_of(stripes, address);
        mp_stripe_take(stripe);
        bool done = combine_page(world, place, address, here, basic, op, operand, result);
        mp_stripe_give(stripe);
        if (!done) {
            break;
        }
        size_t bytes = (size_t)(here * basic->size);
        address += bytes;
        place = place ? place + bytes : NULL;
        operand = operand ? operand + bytes : NULL;
        result = result ? result + bytes : NULL;
        count -= here;
    }
    return all - count;
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

MPI_Count mp_stripes_combine(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                             const struct mp_datatype *type, MPI_Count count,
                             const struct mp_datatype *basic, const struct mp_op *op,
                             const void *operand, void *result)
{
    if (type->contiguous && basic->contiguous) {
        address += (uint64_t)type->true_lb;
        place = place ? place + type->true_lb : NULL;
        if (place && count * type->size == basic->size &&
            mp_stripe_combine_single(mp_stripe_of(stripes, address), place, basic->format,
                                     mp_op_handle(op), operand, result)) {
            return basic->size;
        }
        return basic->size * combine_row(stripes, world, place, address,
                                         count * type->size / basic->size, basic, op, operand,
                                         result);
    }
    combine_scattered(stripes, place, address, type, count, basic, op, operand, result);
    return count * type->size;
}

bool mp_stripes_swap(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                     size_t bytes, const void *compare, const void *operand, void *result)
{
    _Alignas(16) char old[LONGEST];
    bool done = true;
    struct mp_stripe *stripe = mp_stripe_of(stripes, address);
    if (place && mp_stripe_swaps_single(place, bytes)) {
        mp_stripe_swap_single(stripe, place, bytes, compare, operand, result);
        return true;
    }
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
