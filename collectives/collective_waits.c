// SPDX-License-Identifier: MIT
// What collectives wait for. A blocking one waits for certain ranks: for their posts (board.c), or
// for a message to or from one (execute.c). Each of those does its part by being called, or inside,
// if it has begun the operation without blocking. A nonblocking one waits for the same: for posts
// (async.c), or for the message that holds up its schedule. Where none is known, it is met by
// members of its communicator; only making a communicator waits for others, too: see comm_agree.c.
#include "collectives/collective_waits.h"

#include "collectives/collectives.h"
#include "message/message_waits.h"

static const struct {
    uint16_t blocking, nonblocking;
} calls[MP_COLLECTIVES] = {
    [MP_BARRIER] = {MP_CALL_Barrier, MP_CALL_Ibarrier},
    [MP_BCAST] = {MP_CALL_Bcast, MP_CALL_Ibcast},
    [MP_REDUCE] = {MP_CALL_Reduce, MP_CALL_Ireduce},
    [MP_ALLREDUCE] = {MP_CALL_Allreduce, MP_CALL_Iallreduce},
    [MP_GATHER] = {MP_CALL_Gather, MP_CALL_Igather},
    [MP_SCATTER] = {MP_CALL_Scatter, MP_CALL_Iscatter},
    [MP_ALLGATHER] = {MP_CALL_Allgather, MP_CALL_Iallgather},
    [MP_ALLTOALL] = {MP_CALL_Alltoall, MP_CALL_Ialltoall},
    [MP_SCAN] = {MP_CALL_Scan, MP_CALL_Iscan},
    [MP_EXSCAN] = {MP_CALL_Exscan, MP_CALL_Iexscan},
    [MP_REDUCE_SCATTER] = {MP_CALL_Reduce_scatter, MP_CALL_Ireduce_scatter},
    [MP_NEIGHBOR_ALLGATHER] = {MP_CALL_Neighbor_allgather, MP_CALL_Ineighbor_allgather},
    [MP_NEIGHBOR_ALLTOALL] = {MP_CALL_Neighbor_alltoall, MP_CALL_Ineighbor_alltoall}};

struct mp_wait_item *mp_describe_collective(struct mp_wait_record *record,
                                            const struct mp_comm *comm, unsigned kind,
                                            bool nonblocking, int root)
{
    struct mp_wait_item *item = mp_record_add(record, MP_WAIT_COLLECTIVE);
    if (item) {
        mp_comm_describe(comm, item);
        if (kind < MP_COLLECTIVES) {
            item->operation = nonblocking ? calls[kind].nonblocking : calls[kind].blocking;
        }
        item->root = root >= 0 && root < comm->peers->size ? mp_comm_world_rank(comm, root) : -1;
        item->root = mp_is_guest(item->root) ? -1 : item->root;
    }
    return item;
}

void mp_describe_members(struct mp_wait_item *item, const struct mp_comm *comm)
{
    item->all = 0;
    mp_group_describe(comm->group, item);
    if (comm->remote) {
        mp_group_describe(comm->remote, item);
    }
}

void mp_describe_opening(const void *waits, struct mp_wait_record *record)
{
    const struct mp_comm *comm = waits;
    mp_describe_members(mp_describe_collective(record, comm, MP_COLLECTIVES, false, -1), comm);
}

static unsigned kind_of(const struct mp_schedule *schedule)
{
    return (unsigned)schedule->scope.tag >> MP_TAG_KIND_SHIFT & MP_TAG_KIND;
}

void mp_describe_held(struct mp_wait_item *item, const struct mp_request *held)
{
    if (mp_describe_met(held)) {
        item->met = MP_MET_OUTSIDE;
    } else {
        item->inside = 1;
        mp_item_add_ranks(item, held->world, held->world);
    }
}

void mp_describe_schedule(const void *waits, struct mp_wait_record *record)
{
    const struct mp_schedule *schedule = waits;
    const struct mp_request *held = schedule->held;
    struct mp_wait_item *item =
        mp_describe_collective(record, schedule->comm, kind_of(schedule), false, -1);

    if (!held || held->world < 0) {
        item->met = mp_met_by_anybody();
    } else {
        mp_describe_held(item, held);
    }
}

static bool makes_calls(const struct mp_schedule *schedule)
{
    for (size_t i = 0; i < schedule->count; i++) {
        if (schedule->steps[i].kind == MP_STEP_CALL) {
            return true;
        }
    }
    return false;
}

void mp_describe_schedule_request(const struct mp_request *request, struct mp_wait_record *record)
{
    const struct mp_schedule *schedule = request->state;
    struct mp_wait_item *item =
        mp_describe_collective(record, schedule->comm, kind_of(schedule), true, -1);

    const struct mp_request *held = schedule->held;

    if (item && makes_calls(schedule)) {
        item->met = mp_met_by_anybody();
    } else if (item && held && held->world >= 0) {
        mp_describe_held(item, held);
    } else if (item) {
        mp_describe_members(item, schedule->comm);
    }
}
