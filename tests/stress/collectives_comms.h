// SPDX-License-Identifier: MIT
// The communicators of collectives.c, of every shape: a pool in which a place is emptied and filled
// again now and then, even while operations on the old one are under way. All ranks draw the same
// numbers, members or not. Read first: collectives_call.h; next: collectives.c.
#ifndef TESTS_STRESS_COLLECTIVES_COMMS_H
#define TESTS_STRESS_COLLECTIVES_COMMS_H

#include "collectives_call.h"

static uint64_t shared_state; // the same at all ranks

static inline int shared_below(int limit)
{
    shared_state = mix(shared_state);
    return (int)((shared_state >> 32) * (uint64_t)limit >> 32);
}

// The part of an entry that this rank has: several may come from one split. `part` numbers them.
struct comm_entry {
    MPI_Comm comm; // MPI_COMM_NULL: no member
    int part, side;
    const char *how;
    struct net *net; // has neighbours
};

enum { COMMS = 8 };
static struct comm_entry comms[COMMS];

static inline void shared_permutation(int *list)
{
    for (int i = 0; i < size; i++) {
        list[i] = i;
    }
    for (int i = size - 1; i > 0; i--) {
        int j = shared_below(i + 1), keep = list[i];
        list[i] = list[j];
        list[j] = keep;
    }
}

// Splits `from`, in which not all ranks need be, into up to `colors`; some take no part.
static inline void entry_split(struct comm_entry *to, const struct comm_entry *from, int colors)
{
    int color = 0, key = 0;
    for (int r = 0; r < size; r++) {
        int c = shared_below(10) == 0 ? MPI_UNDEFINED : shared_below(colors), k = shared_below(4);
        color = r == rank ? c : color;
        key = r == rank ? k : key;
    }
    to->part = from->part * colors + (color == MPI_UNDEFINED ? 0 : color);
    to->side = from->side;
    if (from->comm != MPI_COMM_NULL) {
        OK(MPI_Comm_split(from->comm, color, key, &to->comm));
    }
}

// A communicator of some of the world, in any order.
static inline void entry_group(struct comm_entry *to)
{
    int list[RANKS_MAX], members = 1 + shared_below(size), how = shared_below(3);
    bool member = false;
    MPI_Group world, group;
    shared_permutation(list);
    for (int i = 0; i < members; i++) {
        member = member || list[i] == rank;
    }
    OK(MPI_Comm_group(MPI_COMM_WORLD, &world));
    OK(MPI_Group_incl(world, members, list, &group));
    if (how == 0) {
        OK(MPI_Comm_create(MPI_COMM_WORLD, group, &to->comm));
    } else if (member && how == 1) {
        OK(MPI_Comm_create_group(MPI_COMM_WORLD, group, 3, &to->comm));
    } else if (member) {
        OK(MPI_Comm_create_from_group(group, "tests/stress/collectives", MPI_INFO_NULL,
                                      MPI_ERRORS_ARE_FATAL, &to->comm));
    }
    MPI_Group_free(&world);
    MPI_Group_free(&group);
}

// Between some ranks and some others; or both merged.
static inline void entry_inter(struct comm_entry *to, bool merge)
{
    int list[RANKS_MAX], left = 1 + shared_below(size - 1), right = 1 + shared_below(size - left);
    int at = 0, high = shared_below(2), swap = shared_below(2);
    shared_permutation(list);
    while (list[at] != rank) {
        at++;
    }
    int side = at < left ? 0 : at < left + right ? 1 : MPI_UNDEFINED;
    MPI_Comm local;
    OK(MPI_Comm_split(MPI_COMM_WORLD, side, at, &local));
    if (local == MPI_COMM_NULL) {
        return;
    }
    OK(MPI_Intercomm_create(local, 0, MPI_COMM_WORLD, list[side ? 0 : left], 5, &to->comm));
    MPI_Comm_free(&local);
    to->side = side;
    if (merge) {
        MPI_Comm inter = to->comm;
        OK(MPI_Intercomm_merge(inter, swap ? side : high, &to->comm));
        MPI_Comm_free(&inter);
        to->side = 0;
    }
}

static inline void entry_dup(struct comm_entry *to, const struct comm_entry *from)
{
    int how = shared_below(3);
    MPI_Request request;
    to->part = from->part;
    to->side = from->side;
    if (from->comm == MPI_COMM_NULL) {
        return;
    }
    if (how == 0) {
        OK(MPI_Comm_dup(from->comm, &to->comm));
    } else if (how == 1) {
        OK(MPI_Comm_dup_with_info(from->comm, MPI_INFO_NULL, &to->comm));
    } else {
        OK(MPI_Comm_idup(from->comm, &to->comm, &request));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    }
}

// Operations that are under way may need the nets of communicators that are gone already.
enum { OLD_NETS_MAX = 200 };
static struct net *old_nets[OLD_NETS_MAX];
static int old_nets_count;

static inline void old_nets_free(void)
{
    while (old_nets_count > 0) {
        struct net *net = old_nets[--old_nets_count];
        net_free(net);
        free(net);
    }
}

static inline void entry_free(struct comm_entry *e)
{
    if (e->comm != MPI_COMM_NULL) {
        MPI_Comm_free(&e->comm);
    }
    if (e->net) {
        CHECK(old_nets_count < OLD_NETS_MAX, "no room for another net");
        e->net->comm = MPI_COMM_NULL;
        old_nets[old_nets_count++] = e->net;
    }
    e->comm = MPI_COMM_NULL;
    e->net = NULL;
}

static inline void entry_make(struct comm_entry *e)
{
    const struct comm_entry world = {.comm = MPI_COMM_WORLD};
    const struct comm_entry *old = &comms[shared_below(COMMS)];
    struct comm_entry new = {.comm = MPI_COMM_NULL};
    int kind = shared_below(12);
    if (old == e || old->net || !old->how) {
        old = &world;
    }
    switch (kind) {
    case 0:
        new.how = "copy";
        entry_dup(&new, old);
        break;
    case 1:
    case 2:
        new.how = "split";
        entry_split(&new, old, 1 + shared_below(3));
        break;
    case 3:
    case 4:
        new.how = "group";
        entry_group(&new);
        break;
    case 5:
    case 6:
        new.how = "inter";
        if (size > 1) {
            entry_inter(&new, false);
        }
        break;
    case 7:
        new.how = "merged";
        if (size > 1) {
            entry_inter(&new, true);
        }
        break;
    case 8:
        new.how = "machine";
        OK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, size - rank, MPI_INFO_NULL,
                               &new.comm));
        break;
    default:
        new.how = "topology";
        new.net = room(sizeof *new.net);
        net_state = (unsigned)shared_below(INT_MAX);
        net_any(new.net);
        new.comm = new.net->comm;
    }
    entry_free(e);
    *e = new;
}

#endif
