// SPDX-License-Identifier: MIT
// Put and get. First of all where the target's memory is, for all kinds of access.
#include "window/access.h"

#include "object/errhandler.h"
#include "process/peers.h"
#include "process/remote.h"
#include "window/remote_access.h"

#include <stdlib.h>

static bool is_near_guest(int peer)
{
    return mp_is_guest(peer) && mp_peer_is_near(peer);
}

static int no_epoch(const struct mp_access *access)
{
    const struct mp_window *window = access->window;
    if (window->epoch == MP_EPOCH_START) {
        return mp_fail(MPI_ERR_RMA_SYNC,
                       "target_rank is %d, which is not in the group of MPI_Win_start",
                       access->target);
    }
    if (window->locks > 0) {
        return mp_fail(
            MPI_ERR_RMA_SYNC,
            "target_rank is %d, which is not locked (this rank holds %d locks of others)",
            access->target, window->locks);
    }
    return mp_fail(MPI_ERR_RMA_SYNC,
                   "target_rank is %d, and no epoch is open: call MPI_Win_fence, "
                   "MPI_Win_start or MPI_Win_lock first",
                   access->target);
}

static int out_of_range(const struct mp_access *access, MPI_Count span)
{
    return mp_fail(MPI_ERR_RMA_RANGE,
                   "target_disp is %lld (in units of %lld bytes) for %lld bytes, and the window of "
                   "rank %d has %llu bytes",
                   (long long)access->displacement, (long long)access->side->unit, (long long)span,
                   access->target, (unsigned long long)access->side->size);
}

// In bytes from the base: of the first element, of the lowest byte, of all.
static int find_bytes(struct mp_access *access, uint64_t *at, MPI_Count *shift, MPI_Count *span)
{
    const struct mp_window_side *side = access->side;
    int64_t first, low, end;
    *span = mp_datatype_span(access->type, access->type->size ? access->count : 0, shift);
    // A dynamic window's displacements are addresses, whose numbers may be negative.
    if (access->window->flavor == MPI_WIN_FLAVOR_DYNAMIC) {
        *at = (uint64_t)access->displacement;
        return 0;
    }
    if (__builtin_mul_overflow(access->displacement, side->unit, &first) ||
        __builtin_add_overflow(first, *shift, &low) || __builtin_add_overflow(low, *span, &end) ||
        (*span > 0 && (low < 0 || (uint64_t)end > side->size))) {
        return out_of_range(access, *span);
    }
    *at = (uint64_t)first;
    return 0;
}

int mp_access_find(struct mp_access *access)
{
    struct mp_window *window = access->window;
    struct mp_window_side *side = &window->sides[access->target];
    uint64_t at = 0;
    MPI_Count shift, span;

    access->side = side;
    if (unlikely(!(window->open | side->open))) {
        return no_epoch(access);
    }
    int error = find_bytes(access, &at, &shift, &span);
    if (error) {
        return error;
    }
    access->address = side->address + at;
    access->place = NULL;
    if (span == 0) {
        return 0;
    }
    if (side->base) {
        access->place = side->gate || mp_is_guest(side->world) ? side->base + at : NULL;
    } else if (access->target == window->rank) {
        access->place = (char *)(uintptr_t)access->address;
    } else if (side->gate || is_near_guest(side->world)) {
        const char *low = (const char *)(uintptr_t)(access->address + (uint64_t)shift);
        char *reached = mp_heap_reach(side->world, low, (size_t)span);
        access->place = reached ? reached - shift : NULL;
    }
    return 0;
}

// ---- Through the kernel: contiguous memory of a near target, whose gate and stripes we reach, or
// that needs none

static bool by_kernel(const struct mp_access *access)
{
    return (access->side->gate || is_near_guest(access->side->world)) && access->type->contiguous &&
           mp_remote_can(access->side->world);
}

static bool has_stripes(const struct mp_access *access)
{
    return access->side->stripes != NULL;
}

// After the kernel has refused. While we are still allowed, it is the memory that is not there.
static int gone(const struct mp_access *access, MPI_Count bytes)
{
    return mp_fail(MPI_ERR_RMA_RANGE,
                   "target_disp is %lld for %lld bytes, which rank %d has no memory for (any more) "
                   "at %p",
                   (long long)access->displacement, (long long)bytes, access->target,
                   (void *)(uintptr_t)access->address);
}

// A packed copy of a buffer, if it is not contiguous; else the buffer itself. *copy is to be freed.
static const void *packed(const struct mp_window_buffer *buffer, void **copy)
{
    MPI_Count bytes = buffer->count * buffer->type->size;
    if (buffer->type->contiguous) {
        *copy = NULL;
        return (const char *)buffer->at + buffer->type->true_lb;
    }
    *copy = malloc((size_t)bytes);
    if (*copy) {
        mp_datatype_pack(buffer->type, buffer->at, buffer->count, 0, *copy, bytes);
    }
    return *copy;
}

// Memory of the program's, which may have another use in a guest when this process's world has died
// for it, and this process does not know: that guest stores what is put there itself.
static bool is_guests_own(const struct mp_access *access)
{
    int flavor = access->window->flavor;
    return mp_is_guest(access->side->world) &&
           (flavor == MPI_WIN_FLAVOR_CREATE || flavor == MPI_WIN_FLAVOR_DYNAMIC);
}

int mp_access_put(struct mp_access *access)
{
    const struct mp_window_buffer *origin = &access->origin;
    MPI_Count bytes = access->count * access->type->size;
    if (bytes == 0) {
        return 0;
    }
    if (unlikely(is_guests_own(access))) {
        return mp_ask_put(access);
    }
    access->window->dirty = true;
    if (access->place) {
        if (origin->type->contiguous && access->type->contiguous) {
            mp_window_store(access->place + access->type->true_lb,
                            (const char *)origin->at + origin->type->true_lb, (size_t)bytes);
        } else {
            mp_datatype_copy(origin->type, origin->at, origin->count, access->type, access->place,
                             access->count);
        }
        return 0;
    }
    if (by_kernel(access)) {
        void *copy;
        const void *data = packed(origin, &copy);
        bool done = data && mp_remote_write(access->side->world,
                                            access->address + (uint64_t)access->type->true_lb, data,
                                            (size_t)bytes);
        free(copy);
        if (done) {
            return 0;
        }
        if (data && mp_remote_can(access->side->world)) {
            return gone(access, bytes);
        }
    }
    return mp_ask_put(access);
}

int mp_access_get(struct mp_access *access, struct mp_request **request)
{
    const struct mp_window_buffer *origin = &access->origin;
    MPI_Count bytes = access->count * access->type->size;
    if (bytes == 0) {
        return 0;
    }
    if (access->place) {
        if (origin->type->contiguous && access->type->contiguous) {
            mp_window_load((char *)origin->at + origin->type->true_lb,
                           access->place + access->type->true_lb, (size_t)bytes);
        } else {
            mp_datatype_copy(access->type, access->place, access->count, origin->type, origin->at,
                             origin->count);
        }
        return 0;
    }
    if (by_kernel(access)) {
        uint64_t from = access->address + (uint64_t)access->type->true_lb;
        void *copy = origin->type->contiguous ? NULL : malloc((size_t)bytes);
        void *to = copy ? copy : (char *)origin->at + origin->type->true_lb;
        bool has_room = copy || origin->type->contiguous;
        bool done = has_room && mp_remote_read(access->side->world, from, to, (size_t)bytes);
        if (done && copy) {
            mp_datatype_unpack(origin->type, origin->at, origin->count, 0, copy, bytes);
        }
        free(copy);
        if (done) {
            return 0;
        }
        if (has_room && mp_remote_can(access->side->world)) {
            return gone(access, bytes);
        }
    }
    return mp_ask_get(access, request);
}

// ---- Accumulates, up to the combining (window/accumulate.c)

// Accumulates of one origin to one place are done in order (12.7.2), so one that is done here waits
// for those that the target was asked for.
static int in_order(struct mp_access *access)
{
    return likely(!access->side->sent) ? 0 : mp_ask_flush(access->window, access->target, false);
}

// The kernel has combined the first `done` bytes, and allows no more: the target does what is left.
static int ask_for_rest(const struct mp_access *access, MPI_Count bytes, MPI_Count done,
                        const void *data, void *into)
{
    struct mp_access rest = *access;
    rest.address += (uint64_t)(access->type->true_lb + done);
    rest.type = access->basic;
    rest.count = (bytes - done) / rest.type->size;
    if (into) {
        rest.result = (struct mp_window_buffer){(char *)into + done, rest.count, rest.type};
    }
    int error = mp_ask_accumulate(&rest, data ? (const char *)data + done : NULL, NULL);
    // It may be received into a buffer that goes when we return.
    return error ? error : mp_ask_flush(access->window, access->target, false);
}

int mp_access_accumulate(struct mp_access *access, struct mp_request **request)
{
    const struct mp_window_buffer *origin = &access->origin, *result = &access->result;
    MPI_Count bytes = access->count * access->type->size;
    bool reads = mp_op_handle(access->op) != MPI_NO_OP; // else the origin is not looked at
    if (bytes == 0 || (!reads && !result->type)) {
        return 0;
    }
    void *copy = NULL, *fetched = NULL;
    const void *data = reads ? packed(origin, &copy) : NULL;
    bool scattered = result->type && !result->type->contiguous;
    if (scattered) {
        fetched = malloc((size_t)bytes);
    }
    if ((reads && !data) || (scattered && !fetched)) {
        free(copy);
        free(fetched);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a copy of %lld bytes", (long long)bytes);
    }
    void *into = fetched        ? fetched
                 : result->type ? (char *)result->at + result->type->true_lb
                                : NULL;
    int error = 0;
    access->window->dirty = true;
    bool kernel = !access->place && by_kernel(access) && access->basic->contiguous;
    if ((access->place || kernel) && has_stripes(access) && (error = in_order(access)) == 0) {
        MPI_Count done = mp_stripes_combine(access->side->stripes, access->side->world,
                                            access->place, access->address, access->type,
                                            access->count, access->basic, access->op, data, into);
        if (unlikely(done < bytes)) {
            error = mp_remote_can(access->side->world)
                        ? gone(access, bytes)
                        : ask_for_rest(access, bytes, done, data, into);
        }
        if (fetched && !error) {
            mp_datatype_unpack(result->type, result->at, result->count, 0, fetched, bytes);
        }
    } else if (!error) {
        error = mp_ask_accumulate(access, data, request);
    }
    free(copy);
    free(fetched);
    return error;
}

int mp_access_compare_and_swap(struct mp_access *access)
{
    size_t bytes = (size_t)access->type->size;
    access->window->dirty = true;
    if (has_stripes(access) && (access->place || by_kernel(access))) {
        int error = in_order(access);
        if (error) {
            return error;
        }
        if (mp_stripes_swap(access->side->stripes, access->side->world, access->place,
                            access->address, bytes, access->compare, access->origin.at,
                            access->result.at)) {
            return 0;
        }
        if (mp_remote_can(access->side->world)) {
            return gone(access, (MPI_Count)bytes);
        }
    }
    return mp_ask_compare_and_swap(access);
}
