// SPDX-License-Identifier: MIT
//
// Groups. Most are a range of world ranks: all of them, one of them, every k-th. Only others keep
// a list, with a table that leads back from a world rank.

#include "object/group.h"

#include "boot/guests.h"
#include "object/session.h"
#include "process/process.h"
#include "wait/record.h"

#include <stdlib.h>
#include <string.h>

// Up to here a group is searched from its start.
#define FEW 8

struct mp_group mp_group_empty = {
    .object = {MP_KIND_GROUP, 1, 0, 1}, .rank = MPI_UNDEFINED, .stride = 1};

struct mp_group *mp_group_get(MPI_Group handle)
{
    if (handle == MPI_GROUP_EMPTY)
        return &mp_group_empty;
    return mp_object_is(handle, MP_KIND_GROUP) ? (struct mp_group *)(void *)handle : NULL;
}

MPI_Group mp_group_handle(struct mp_group *group)
{
    return group == &mp_group_empty ? MPI_GROUP_EMPTY : (MPI_Group)(void *)group;
}

void mp_group_hold(struct mp_group *group)
{
    if (!group->object.builtin)
        group->object.refs++;
}

// Holds the members that are of other worlds, for a new group, or lets go of them.
static void hold_guests(struct mp_group *group, void (*one)(int peer))
{
    for (int i = 0; i < group->size; i++) {
        int peer = mp_group_world(group, i);
        if (mp_is_guest(peer)) {
            group->guests = true;
            one(peer);
        }
    }
}

void mp_group_release(struct mp_group *group)
{
    if (group->object.builtin || --group->object.refs)
        return;
    if (group->guests)
        hold_guests(group, mp_guest_release);
    free(group->world);
    free(group->ranks);
    mp_session_release(group->session);
    mp_object_delete(group);
}

int mp_group_find(const struct mp_group *group, int world_rank)
{
    if (!group->world) {
        int distance = world_rank - group->first;
        int rank = group->stride == 1 ? distance : distance / group->stride;
        bool found = rank >= 0 && rank < group->size && rank * group->stride == distance;
        return found ? rank : MPI_UNDEFINED;
    }
    if (group->ranks)
        return world_rank >= 0 && world_rank < group->ranks_end ? group->ranks[world_rank]
                                                                : MPI_UNDEFINED;
    for (int i = 0; i < group->size; i++) {
        if (group->world[i] == world_rank)
            return i;
    }
    return MPI_UNDEFINED;
}

struct mp_group *mp_group_new_range(int size, int first, int stride)
{
    if (size == 0)
        return &mp_group_empty;
    struct mp_group *group = mp_object_new(MP_KIND_GROUP, sizeof *group);
    if (group) {
        group->size = size;
        group->first = first;
        group->stride = size == 1 ? 1 : stride;
        group->rank = mp_group_find(group, mp_process.rank);
        if (mp_is_guest(first) || mp_is_guest(first + (size - 1) * stride))
            hold_guests(group, mp_guest_hold);
    }
    return group;
}

// The table from world ranks to ranks.
static bool make_ranks(struct mp_group *group)
{
    for (int i = 0; i < group->size; i++) {
        if (group->world[i] >= group->ranks_end)
            group->ranks_end = group->world[i] + 1;
    }
    group->ranks = malloc((size_t)group->ranks_end * sizeof(int));
    if (!group->ranks)
        return false;
    for (int w = 0; w < group->ranks_end; w++)
        group->ranks[w] = MPI_UNDEFINED;
    for (int i = 0; i < group->size; i++)
        group->ranks[group->world[i]] = i;
    return true;
}

struct mp_group *mp_group_new(int size, const int *world_ranks)
{
    int stride = size > 1 ? world_ranks[1] - world_ranks[0] : 1;
    int in_range = 1;
    while (in_range < size && world_ranks[in_range] - world_ranks[in_range - 1] == stride)
        in_range++;
    if (size == 0 || in_range >= size)
        return mp_group_new_range(size, size ? world_ranks[0] : 0, stride);

    struct mp_group *group = mp_object_new(MP_KIND_GROUP, sizeof *group);
    if (!group)
        return NULL;
    group->size = size;
    group->world = malloc((size_t)size * sizeof(int));
    if (group->world)
        memcpy(group->world, world_ranks, (size_t)size * sizeof(int));
    if (!group->world || (size > FEW && !make_ranks(group))) {
        mp_group_release(group);
        return NULL;
    }
    group->rank = mp_group_find(group, mp_process.rank);
    if (mp_peers_end > mp_peers_first_guest)
        hold_guests(group, mp_guest_hold);
    return group;
}

void mp_group_derive(struct mp_group *group, struct mp_session *session)
{
    if (!group->object.builtin && !group->session) {
        group->session = session;
        mp_session_hold(session);
    }
}

struct mp_group *mp_group_copy(struct mp_group *group)
{
    struct mp_group *copy = group->world
                                ? mp_group_new(group->size, group->world)
                                : mp_group_new_range(group->size, group->first, group->stride);
    if (copy)
        mp_group_derive(copy, group->session);
    return copy;
}

int mp_group_compare(const struct mp_group *a, const struct mp_group *b)
{
    if (a->size != b->size)
        return MPI_UNEQUAL;
    if (!a->world && !b->world && a->first == b->first && a->stride == b->stride)
        return MPI_IDENT;
    bool same_order = true;
    for (int i = 0; i < a->size; i++) {
        int rank = mp_group_find(b, mp_group_world(a, i));
        if (rank == MPI_UNDEFINED)
            return MPI_UNEQUAL;
        same_order &= rank == i;
    }
    return same_order ? MPI_IDENT : MPI_SIMILAR;
}

void mp_group_describe(const struct mp_group *group, struct mp_wait_item *item)
{
    int last = group->size - 1;
    if (!group->world && group->size > 0 && (group->stride == 1 || group->stride == -1)) {
        int first = group->stride > 0 ? 0 : last;
        mp_item_add_ranks(item, mp_group_world(group, first), mp_group_world(group, last - first));
        return;
    }
    for (int i = 0; i < group->size; i++) {
        int world = mp_group_world(group, i);
        mp_item_add_ranks(item, world, world);
    }
}
