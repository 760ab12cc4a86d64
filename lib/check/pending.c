// SPDX-License-Identifier: MIT
// A send's data must be the same when it is completed as it was when it was started; a receive's
// when its message meets it, from where on the library writes it. Both are seen by a sum over the
// data. Where two receives that are pending want the same bytes, the second one is told when it is
// started. (One into the buffer of a pending send shows in the sum.)
// Read next: check/owned.c (the table of requests).
#include "check/pending.h"

#include "base/caller.h"
#include "base/channel.h"
#include "check/fault.h"
#include "check/owned.h"
#include "check/where.h"
#include "datatype/datatype_signature.h"
#include "process/handed.h"

#include <search.h>
#include <string.h>

// Of a long buffer so many bytes are summed: a program may offer far more than it gets.
#define SUMMED_MAX ((MPI_Count)64 << 20)
enum { PIECE = 4096 };

static uint64_t sum_bytes(uint64_t sum, const char *data, size_t bytes)
{
    uint64_t word;
    for (; bytes >= sizeof word; data += sizeof word, bytes -= sizeof word) {
        memcpy(&word, data, sizeof word);
        sum = (sum << 23 | sum >> 41) ^ word;
        sum *= UINT64_C(0x9e3779b97f4a7c15);
    }
    for (; bytes > 0; data++, bytes--) {
        sum = (sum ^ (unsigned char)*data) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static uint64_t sum_of(const struct mp_owned *owned)
{
    MPI_Count length = owned->count * owned->type->size;
    char piece[PIECE];
    uint64_t sum = 1;

    length = length < SUMMED_MAX ? length : SUMMED_MAX;
    if (owned->type->contiguous) {
        return sum_bytes(sum, (const char *)owned->buffer + owned->type->true_lb, (size_t)length);
    }
    for (MPI_Count at = 0; at < length; at += PIECE) {
        MPI_Count bytes = length - at < PIECE ? length - at : PIECE;
        mp_datatype_pack(owned->type, owned->buffer, owned->count, at, piece, bytes);
        sum = sum_bytes(sum, piece, (size_t)bytes);
    }
    return sum;
}

// The receives that are pending into consecutive bytes, none of which overlap. Those that do are
// equal in this order, which makes the tree find them.
static void *receives;

static int order(const void *one, const void *other)
{
    const struct mp_owned *a = one, *b = other;
    return a->high <= b->low ? -1 : b->high <= a->low;
}

static struct mp_owned *owned_of(const struct mp_request *request)
{
    return mp_owned_find(MP_OWNED_REQUEST, (uintptr_t)request);
}

static void start(struct mp_owned *owned, const struct mp_request *request)
{
    MPI_Count length = owned->type ? owned->count * owned->type->size : 0;
    if (length == 0 || request->peer == MPI_PROC_NULL) {
        return;
    }
    if (owned->type->contiguous) {
        owned->low = (uintptr_t)owned->buffer + (uintptr_t)owned->type->true_lb;
        owned->high = owned->low + (uintptr_t)length;
        struct mp_owned **other =
            owned->receives ? tsearch(owned, &receives, order) : tfind(owned, &receives, order);
        owned->listed = owned->receives && other && *other == owned;
        if (other && *other != owned) {
            char where[512];
            mp_where_write((*other)->caller, where, sizeof where);
            mp_fault_tell(owned->call, owned->caller,
                          "the buffer overlaps that of a receive that is pending%s%s",
                          where[0] ? ", from " : "", where);
            (*other)->summed = false; // it will be touched, and that was told
            return;
        }
    }
    // A receive whose message was there has its data by now.
    owned->summed = !owned->receives || !request->complete;
    owned->summed = owned->summed && !(owned->receives && mp_list_empty(&request->link));
    owned->sum = owned->summed ? sum_of(owned) : 0;
}

static void compare(struct mp_owned *owned)
{
    if (!owned->summed) {
        return;
    }
    owned->summed = false;
    if (sum_of(owned) == owned->sum) {
        return;
    }
    if (owned->receives) {
        mp_fault_tell(owned->call, owned->caller, "the buffer was written before its message came");
    } else {
        mp_fault_tell(owned->call, owned->caller,
                      "the buffer was changed before the send was complete");
    }
}

static void unlist(struct mp_owned *owned)
{
    if (owned->listed) {
        tdelete(owned, &receives, order);
        owned->listed = false;
    }
}

static void forget(struct mp_owned *owned)
{
    unlist(owned);
    if (owned->type) {
        mp_datatype_release(owned->type);
    }
    mp_owned_remove(owned->kind, owned->handle);
}

// ---- What is told

void mp_pending_made(struct mp_request *request, int call, const MPI_Comm *comm)
{
    struct mp_owned *owned = mp_owned_add(MP_OWNED_REQUEST, (uintptr_t)request, call);
    if (owned) {
        owned->comm = comm;
    }
    request->plain = false; // so that its end comes by here
}

void mp_pending_transfer(struct mp_request *request, int call, const void *buffer, MPI_Count count,
                         struct mp_datatype *type)
{
    struct mp_owned *owned = mp_owned_add(MP_OWNED_REQUEST, (uintptr_t)request, call);
    request->plain = false;
    if (!owned) {
        return;
    }
    owned->buffer = buffer;
    owned->count = count;
    owned->type = type;
    owned->receives = request->kind == MP_REQUEST_RECV;
    mp_datatype_hold(type);
    if (request->active) {
        start(owned, request);
    }
}

void mp_pending_started(struct mp_request *request)
{
    struct mp_owned *owned = owned_of(request);
    if (owned) {
        start(owned, request);
    }
}

void mp_pending_ended(struct mp_request *request)
{
    struct mp_owned *owned = owned_of(request);
    if (!owned) {
        return;
    }
    compare(owned);
    if (owned->comm) {
        struct mp_owned *comm = mp_owned_add(MP_OWNED_COMM, (uintptr_t)*owned->comm, owned->call);
        if (comm) {
            comm->caller = owned->caller;
        }
    }
    if (request->persistent) {
        unlist(owned);
    } else {
        forget(owned);
    }
}

void mp_pending_freed(struct mp_request *request, int call)
{
    struct mp_owned *owned = owned_of(request);
    if (request->persistent && request->active) {
        mp_fault_tell(call, mp_caller_find(), "the persistent request is active");
    }
    if (owned) {
        forget(owned);
    }
}

// Messages of the program say of what type they are (3.3.1).
static void compare_types(struct mp_request *request)
{
    uint32_t signature = mp_source_stamp(request->source);
    char given[MP_SIGNATURE_TEXT], taken[MP_SIGNATURE_TEXT];

    request->source = mp_source_rank(request->source);
    request->signature = MP_DATA_ANY;
    if (request->error ||
        !mp_datatype_contradicts(request->type, request->count, signature, request->total)) {
        return;
    }
    if (!(mp_process.check & MP_CHECK_WARN)) {
        request->signature = signature;
        request->error = MPI_ERR_TYPE;
        return;
    }
    mp_fault_tell(mp_call_inside(), mp_caller_find(),
                  "the message from rank %d with tag %d consists of %s, the receive of %s",
                  request->source, request->result_tag, mp_signature_words(signature, given),
                  mp_datatype_words(request->type, taken));
}

// A message has met its receive, into which nothing was written yet.
static void met(struct mp_request *request)
{
    struct mp_owned *owned = owned_of(request);
    if (request->context == request->comm->context) {
        compare_types(request);
    }
    if (owned) {
        compare(owned);
    }
}

void mp_check_open(void)
{
    if (mp_process.check) {
        mp_handed.receive_met = met;
    }
}
