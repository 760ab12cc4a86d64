// SPDX-License-Identifier: MIT
// Groups (MPI 5.0, 7.3): ordered sets of processes, kept as a range where they are one.
#ifndef MP_OBJECT_GROUP_H
#define MP_OBJECT_GROUP_H

#include "mpi.h"
#include "object/object.h"

struct mp_session;

struct mp_group {
    struct mp_object object;
    int size;
    int rank;   // of this process, MPI_UNDEFINED when it is not a member
    int first;  // world rank of member 0, when `world` is NULL
    int stride; // from member to member, when `world` is NULL
    int *world; // world ranks, owned; NULL: member i is first + i * stride
    // The way back, where `world` is not NULL and there are more than a few members: ranks[w] is
    // the rank of world rank w, for w below `ranks_end`. Owned.
    int *ranks;
    int ranks_end;
    struct mp_session *session; // that it derives from; held. NULL: the World Model
    bool guests;                // some members are of other worlds (boot/guests.h); held
};

struct mp_group *mp_group_get(MPI_Group handle); // NULL when it is no live group
MPI_Group mp_group_handle(struct mp_group *group);
void mp_group_hold(struct mp_group *group);
void mp_group_release(struct mp_group *group);

static inline int mp_group_world(const struct mp_group *group, int rank)
{
    return group->world ? group->world[rank] : group->first + rank * group->stride;
}

// A copy with a handle of its own: what the program frees is never what a communicator uses.
struct mp_group *mp_group_copy(struct mp_group *group);

// Says which session a new group derives from (NULL: the World Model), and holds it.
void mp_group_derive(struct mp_group *group, struct mp_session *session);

// Rank in the group of a world rank, or MPI_UNDEFINED.
int mp_group_find(const struct mp_group *group, int world_rank);

// A new group of these world ranks (copied; stored as a range if they form one). Empty: the
// predefined empty group. NULL when memory is out.
struct mp_group *mp_group_new(int size, const int *world_ranks);

// The range first, first + stride, ...
struct mp_group *mp_group_new_range(int size, int first, int stride);

// MPI_IDENT, MPI_SIMILAR or MPI_UNEQUAL.
int mp_group_compare(const struct mp_group *a, const struct mp_group *b);

// All members, as those that can meet what a thread waits for.
struct mp_wait_item;
void mp_group_describe(const struct mp_group *group, struct mp_wait_item *item);

extern struct mp_group mp_group_empty;

#endif
