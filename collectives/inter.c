// SPDX-License-Identifier: MIT
// Barriers, broadcasts and reductions between the groups of an intercommunicator (MPI 5.0, 6.2.3):
// up to the leader of each group, across, down again. Where all take part, the leaders are rank 0
// of each group and swap; with a root, it deals with the leader of the other group by itself.
#include "collectives/collectives.h"

// What a group has to say is at its leader afterwards.
static void add_up(struct mp_schedule *schedule, const struct mp_collective *c, void *ours,
                   MPI_Count count)
{
    if (c->kind == MP_BARRIER) {
        mp_barrier_dissemination(schedule, c);
    } else if (c->kind != MP_BCAST) {
        mp_add_reduce(schedule, c->send.buffer, ours, count, c->recv.type, 0);
    }
}

static void add_down(struct mp_schedule *schedule, const struct mp_collective *c, void *theirs,
                     MPI_Count count, struct mp_datatype *type)
{
    if (c->kind == MP_REDUCE_SCATTER) {
        mp_add_hand_out(schedule, c, theirs);
    } else if (c->kind != MP_REDUCE) {
        mp_add_bcast(schedule, theirs, count, type, 0);
    }
}

void mp_inter_leaders(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *type = c->kind == MP_BARRIER ? mp_byte_type() : c->recv.type;
    MPI_Count count = mp_reduced_count(c);
    bool rooted = c->kind == MP_BCAST || c->kind == MP_REDUCE;
    bool leader = c->comm->rank == 0;
    void *theirs = c->recv.buffer, *ours = NULL;

    if ((c->op && count == 0) || (rooted && c->root == MPI_PROC_NULL)) {
        return;
    }
    if (rooted && c->root == MPI_ROOT) {
        if (c->kind == MP_BCAST) {
            mp_schedule_send(schedule, theirs, count, type, 0);
        } else {
            mp_schedule_recv_exact(schedule, theirs, count, type, 0);
        }
        return;
    }
    if (leader && c->op) {
        ours = mp_schedule_elements(schedule, type, count);
    }
    if (leader && c->kind == MP_REDUCE_SCATTER) {
        theirs = mp_schedule_elements(schedule, type, count);
    }
    struct mp_scope across = schedule->scope;
    mp_schedule_local(schedule);
    add_up(schedule, c, ours, count);
    if (leader) {
        struct mp_scope local = schedule->scope;
        int peer = rooted ? c->root : 0;
        mp_schedule_wait(schedule);
        schedule->scope = across;
        if (c->kind != MP_BCAST) {
            mp_schedule_send(schedule, ours, count, type, peer);
        }
        if (c->kind != MP_REDUCE) {
            mp_schedule_recv_exact(schedule, theirs, count, type, peer);
        }
        mp_schedule_wait(schedule);
        schedule->scope = local;
    }
    add_down(schedule, c, theirs, count, type);
}
