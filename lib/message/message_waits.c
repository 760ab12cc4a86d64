// SPDX-License-Identifier: MIT
// What messages wait for. Who can meet a receive that no message has met: the program of its
// source, by sending. A send that waits for an answer or for room: the program of its destination,
// by receiving, or by any call that takes from the channel. Both may be met by one rank only, or
// with MPI_ANY_SOURCE by one of a group. Once the two have met, or a message is being taken back,
// what remains to be done is done by the ranks' progress, whatever call they are in: that counts as
// coming from outside. Requests of other kinds tell for themselves (`awaits` in mp_request_ops).
#include "message/message_waits.h"

#include "message/match.h"
#include "message/outgoing.h"

// Requests of a list that are looked at; past that, any may be among them.
enum { LOOKED_AT = 4096 };

static void from(struct mp_wait_item *item, const struct mp_comm *comm, int source, int tag)
{
    int world = source == MPI_ANY_SOURCE ? -1 : mp_comm_world_rank(comm, source);
    enum mp_kept how = MP_KEPT_NONE;
    const struct mp_unexpected *kept =
        comm->match ? mp_match_near(comm->match, world, tag, &how) : NULL;

    mp_comm_describe(comm, item);
    item->tag = tag;
    if (world < 0) {
        item->all = 0;
        mp_group_describe(comm->peers, item);
    } else {
        mp_item_add_ranks(item, world, world);
    }
    if (kept && !mp_is_guest(kept->peer)) {
        item->kept = (uint8_t)how;
        item->kept_source = kept->peer;
        item->kept_tag = kept->packet.tag;
        item->kept_context = kept->packet.context;
    }
}

// A receive that accepted a guest's offer, or a send that was offered to one.
static bool is_awaiting(const struct mp_request *r)
{
    const struct mp_list *list = mp_is_guest(r->world) ? &mp_outgoing[r->world].awaiting : NULL;
    const struct mp_list *at = list ? list->next : NULL;

    while (at != list && at != &r->link) {
        at = at->next;
    }
    return at != list;
}

bool mp_describe_met(const struct mp_request *r)
{
    if (r->cancelling || !r->comm || r->peer == MPI_PROC_NULL) {
        return true;
    }
    // A receive that is posted is in its queue; a send that was accepted, in that of its pushes.
    return r->kind == MP_REQUEST_RECV ? mp_list_empty(&r->link) || is_awaiting(r)
                                      : r->offered && !mp_list_empty(&r->link) && !is_awaiting(r);
}

static void describe_message(const struct mp_request *r, struct mp_wait_record *record)
{
    bool receives = r->kind == MP_REQUEST_RECV;
    struct mp_wait_item *item = mp_record_add(record, receives ? MP_WAIT_RECV : MP_WAIT_SEND);
    if (!item) {
        return;
    }
    if (mp_describe_met(r) || r->context != r->comm->context) {
        item->met = mp_describe_met(r) ? MP_MET_OUTSIDE : mp_met_by_anybody();
    } else if (receives) {
        from(item, r->comm, r->peer, r->entry.tag);
    } else {
        mp_comm_describe(r->comm, item);
        item->tag = r->entry.tag;
        item->bytes = (uint64_t)r->length;
        item->standard = r->mode == MP_SEND_STANDARD;
        mp_item_add_ranks(item, r->world, r->world);
    }
}

// What remains once a partition is ready and its receiver has started goes on inside.
void mp_describe_part(const struct mp_request *r, bool own, struct mp_wait_record *record)
{
    bool receives = r->kind == MP_REQUEST_PART_RECV;
    struct mp_wait_item *item = mp_record_add(record, own        ? MP_WAIT_PARTS
                                                      : receives ? MP_WAIT_RECV
                                                                 : MP_WAIT_SEND);
    if (!item) {
        return;
    }
    if (r->peer < 0) {
        item->met = MP_MET_OUTSIDE;
        return;
    }
    int world = own ? mp_process.rank : mp_comm_world_rank(r->comm, r->peer);
    mp_comm_describe(r->comm, item);
    item->inside = 1;
    item->tag = r->entry.tag;
    item->bytes = (uint64_t)r->length;
    mp_item_add_ranks(item, world, world);
}

static void describe(const struct mp_request *r, struct mp_wait_record *record)
{
    if (r->ops && r->ops->awaits) {
        r->ops->awaits(r, record);
    } else if (r->kind == MP_REQUEST_SEND || r->kind == MP_REQUEST_RECV) {
        describe_message(r, record);
    } else {
        struct mp_wait_item *item = mp_record_add(record, MP_WAIT_OTHER);
        if (item) {
            item->met = r->kind == MP_REQUEST_GENERALIZED ? MP_MET_OUTSIDE : mp_met_by_anybody();
        }
    }
}

void mp_describe_request(const void *waits, struct mp_wait_record *record)
{
    describe(waits, record);
}

// Of a list of which all are needed, some tell enough. Of one of which any suffices, one of those
// that there was no room for may be met from outside.
void mp_describe_requests(const void *waits, struct mp_wait_record *record)
{
    const struct mp_request_set *set = waits;
    int looked = set->count < LOOKED_AT ? set->count : LOOKED_AT;

    record->any = set->any;
    for (int i = 0; i < looked && !(record->more && !set->any); i++) {
        const struct mp_request *r = mp_request_get(set->requests[i]);
        if (r && !r->complete) {
            describe(r, record);
        }
    }
    if (looked < set->count || (record->more && set->any)) {
        record->more = 1;
        if (set->any || record->nitems == 0) {
            record->nitems = 0;
            mp_record_add(record, MP_WAIT_OTHER)->met = MP_MET_OUTSIDE;
        }
    }
}

void mp_describe_probe(const void *waits, struct mp_wait_record *record)
{
    const struct mp_probed *probed = waits;
    from(mp_record_add(record, MP_WAIT_PROBE), probed->comm, probed->source, probed->tag);
}
