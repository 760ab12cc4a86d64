// SPDX-License-Identifier: MIT
//
// Chapter 7: groups. New groups are put together as lists of world ranks, which mp_group_new stores
// as a range where they form one.

#include "api/api.h"
#include "base/calls.h"

#include <stdlib.h>

static int check_groups(MPI_Group group1, MPI_Group group2, struct mp_group **out1,
                        struct mp_group **out2)
{
    int err = mp_check_group(group1, "group1", out1);
    return err ? err : mp_check_group(group2, "group2", out2);
}

static int check_array(int n, const void *array, const char *name)
{
    if (n < 0)
        return mp_fail(MPI_ERR_ARG, "n is %d, must be 0 or more", n);
    return n > 0 ? mp_check_pointer(array, name) : 0;
}

static int out_of_memory(void)
{
    return mp_fail(MPI_ERR_NO_MEM, "no memory for a group");
}

// Memory for `size` world ranks; never NULL for a size of 0.
static int *new_list(int size)
{
    return malloc((size_t)(size + 1) * sizeof(int));
}

// Ends a construction: makes the group of the list, which it frees.
static int give(int *list, int size, struct mp_session *session, MPI_Group *newgroup)
{
    struct mp_group *group = list ? mp_group_new(size, list) : NULL;
    free(list);
    if (!group)
        return out_of_memory();
    mp_group_derive(group, session);
    *newgroup = mp_group_handle(group);
    mp_owned_made(MP_OWNED_GROUP, *newgroup, mp_call_inside());
    return 0;
}

// ---- Inquiry

int PMPI_Group_size(MPI_Group group, int *size)
{
    struct mp_group *g = NULL;
    int err = mp_enter(MP_CALL_Group_size);
    err = err ? err : mp_check_group(group, "group", &g);
    err = err ? err : mp_check_pointer(size, "size");
    if (!err)
        *size = g->size;
    return mp_leave_group(MP_CALL_Group_size, g, err);
}
MP_WEAK(Group_size);

int PMPI_Group_rank(MPI_Group group, int *rank)
{
    struct mp_group *g = NULL;
    int err = mp_enter(MP_CALL_Group_rank);
    err = err ? err : mp_check_group(group, "group", &g);
    err = err ? err : mp_check_pointer(rank, "rank");
    if (!err)
        *rank = g->rank;
    return mp_leave_group(MP_CALL_Group_rank, g, err);
}
MP_WEAK(Group_rank);

static int translate(const struct mp_group *from, int n, const int *ranks1,
                     const struct mp_group *to, int *ranks2)
{
    for (int i = 0; i < n; i++) {
        if (ranks1[i] == MPI_PROC_NULL)
            ranks2[i] = MPI_PROC_NULL;
        else if ((unsigned)ranks1[i] < (unsigned)from->size)
            ranks2[i] = mp_group_find(to, mp_group_world(from, ranks1[i]));
        else
            return mp_fail(MPI_ERR_RANK, "ranks1[%d] is %d, must be 0 to %d or MPI_PROC_NULL", i,
                           ranks1[i], from->size - 1);
    }
    return 0;
}

int PMPI_Group_translate_ranks(MPI_Group group1, int n, const int ranks1[], MPI_Group group2,
                               int ranks2[])
{
    struct mp_group *g1 = NULL;
    struct mp_group *g2 = NULL;
    int err = mp_enter(MP_CALL_Group_translate_ranks);
    err = err ? err : check_groups(group1, group2, &g1, &g2);
    err = err ? err : check_array(n, ranks1, "ranks1");
    err = err ? err : check_array(n, ranks2, "ranks2");
    err = err ? err : translate(g1, n, ranks1, g2, ranks2);
    return mp_leave_group(MP_CALL_Group_translate_ranks, g1, err);
}
MP_WEAK(Group_translate_ranks);

int PMPI_Group_compare(MPI_Group group1, MPI_Group group2, int *result)
{
    struct mp_group *g1 = NULL;
    struct mp_group *g2 = NULL;
    int err = mp_enter(MP_CALL_Group_compare);
    err = err ? err : check_groups(group1, group2, &g1, &g2);
    err = err ? err : mp_check_pointer(result, "result");
    if (!err)
        *result = mp_group_compare(g1, g2);
    return mp_leave_group(MP_CALL_Group_compare, g1, err);
}
MP_WEAK(Group_compare);

// ---- Set operations, in the order of the first group and then of the second (7.3.2)

// Appends the members of `group` that are (or are not) in `other`.
static int filter(const struct mp_group *group, const struct mp_group *other, bool in, int *list,
                  int count)
{
    for (int i = 0; i < group->size; i++) {
        int world = mp_group_world(group, i);
        if ((mp_group_find(other, world) != MPI_UNDEFINED) == in)
            list[count++] = world;
    }
    return count;
}

enum set_operation { UNION, INTERSECTION, DIFFERENCE };

static int combine(int call, enum set_operation operation, MPI_Group group1, MPI_Group group2,
                   MPI_Group *newgroup)
{
    struct mp_group *g1 = NULL;
    struct mp_group *g2 = NULL;
    int err = mp_enter(call);
    err = err ? err : check_groups(group1, group2, &g1, &g2);
    err = err ? err : mp_check_pointer(newgroup, "newgroup");
    if (!err) {
        int *list = new_list(g1->size + g2->size);
        int count = 0;
        if (list && operation == UNION) {
            count = filter(g1, &mp_group_empty, false, list, 0); // all
            count = filter(g2, g1, false, list, count);
        } else if (list) {
            count = filter(g1, g2, operation == INTERSECTION, list, 0);
        }
        err = give(list, count, g1->session ? g1->session : g2->session, newgroup);
    }
    return mp_leave_group(call, g1, err);
}

int PMPI_Group_union(MPI_Group group1, MPI_Group group2, MPI_Group *newgroup)
{
    return combine(MP_CALL_Group_union, UNION, group1, group2, newgroup);
}
MP_WEAK(Group_union);

int PMPI_Group_intersection(MPI_Group group1, MPI_Group group2, MPI_Group *newgroup)
{
    return combine(MP_CALL_Group_intersection, INTERSECTION, group1, group2, newgroup);
}
MP_WEAK(Group_intersection);

int PMPI_Group_difference(MPI_Group group1, MPI_Group group2, MPI_Group *newgroup)
{
    return combine(MP_CALL_Group_difference, DIFFERENCE, group1, group2, newgroup);
}
MP_WEAK(Group_difference);

// ---- Choosing members

// Marks rank `rank` as chosen, in the order of choice; it must be one, and not chosen before.
static int choose(const struct mp_group *group, int rank, bool *chosen, int *list, int *count,
                  const char *name, int index)
{
    if ((unsigned)rank >= (unsigned)group->size)
        return mp_fail(MPI_ERR_RANK, "%s[%d] names rank %d, must be 0 to %d", name, index, rank,
                       group->size - 1);
    if (chosen[rank])
        return mp_fail(MPI_ERR_RANK, "%s[%d] names rank %d again", name, index, rank);
    chosen[rank] = true;
    list[(*count)++] = mp_group_world(group, rank);
    return 0;
}

static int choose_ranks(const struct mp_group *group, int n, const int *ranks, bool *chosen,
                        int *list, int *count)
{
    int err = 0;
    for (int i = 0; i < n && !err; i++)
        err = choose(group, ranks[i], chosen, list, count, "ranks", i);
    return err;
}

// A range is (first, last, stride): first, first + stride, ... up to last, down for a negative one.
static int choose_ranges(const struct mp_group *group, int n, int (*ranges)[3], bool *chosen,
                         int *list, int *count)
{
    int err = 0;
    for (int i = 0; i < n && !err; i++) {
        int first = ranges[i][0], last = ranges[i][1], stride = ranges[i][2];
        if (stride == 0)
            return mp_fail(MPI_ERR_ARG, "ranges[%d] has a stride of 0", i);
        for (long long rank = first; !err && (stride > 0 ? rank <= last : rank >= last);
             rank += stride)
            err = choose(group, (int)rank, chosen, list, count, "ranges", i);
    }
    return err;
}

// Include or exclude; `ranks` or `ranges` is given.
static int select_members(int call, MPI_Group group, int n, const int *ranks, int (*ranges)[3],
                          bool include, MPI_Group *newgroup)
{
    struct mp_group *g = NULL;
    int err = mp_enter(call);
    err = err ? err : mp_check_group(group, "group", &g);
    err = err ? err : mp_check_pointer(newgroup, "newgroup");
    bool by_rank = call == MP_CALL_Group_incl || call == MP_CALL_Group_excl;
    if (!err)
        err = by_rank ? check_array(n, ranks, "ranks") : check_array(n, ranges, "ranges");
    if (err)
        return mp_leave_group(call, g, err);

    int count = 0;
    int *list = new_list(g->size);
    bool *chosen = calloc((size_t)g->size + 1, sizeof *chosen);
    if (!list || !chosen)
        err = out_of_memory();
    else if (by_rank)
        err = choose_ranks(g, n, ranks, chosen, list, &count);
    else
        err = choose_ranges(g, n, ranges, chosen, list, &count);
    if (!err && !include) {
        count = 0;
        for (int i = 0; i < g->size; i++) {
            if (!chosen[i])
                list[count++] = mp_group_world(g, i);
        }
    }
    free(chosen);
    if (err)
        free(list);
    else
        err = give(list, count, g->session, newgroup);
    return mp_leave_group(call, g, err);
}

int PMPI_Group_incl(MPI_Group group, int n, const int ranks[], MPI_Group *newgroup)
{
    return select_members(MP_CALL_Group_incl, group, n, ranks, NULL, true, newgroup);
}
MP_WEAK(Group_incl);

int PMPI_Group_excl(MPI_Group group, int n, const int ranks[], MPI_Group *newgroup)
{
    return select_members(MP_CALL_Group_excl, group, n, ranks, NULL, false, newgroup);
}
MP_WEAK(Group_excl);

int PMPI_Group_range_incl(MPI_Group group, int n, int ranges[][3], MPI_Group *newgroup)
{
    return select_members(MP_CALL_Group_range_incl, group, n, NULL, ranges, true, newgroup);
}
MP_WEAK(Group_range_incl);

int PMPI_Group_range_excl(MPI_Group group, int n, int ranges[][3], MPI_Group *newgroup)
{
    return select_members(MP_CALL_Group_range_excl, group, n, NULL, ranges, false, newgroup);
}
MP_WEAK(Group_range_excl);

// ---- Life

int PMPI_Group_free(MPI_Group *group)
{
    struct mp_group *g = NULL;
    int err = mp_enter(MP_CALL_Group_free);
    err = err ? err : mp_check_pointer(group, "group");
    err = err ? err : mp_check_group(*group, "group", &g);
    if (!err) {
        mp_owned_freed(MP_OWNED_GROUP, *group);
        mp_group_release(g); // nothing happens to MPI_GROUP_EMPTY, which constructors may return
        *group = MPI_GROUP_NULL;
    }
    return mp_leave_group(MP_CALL_Group_free, g, err);
}
MP_WEAK(Group_free);

static int group_of(int call, MPI_Comm comm, bool remote, MPI_Group *group)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : mp_check_pointer(group, "group");
    if (!err && remote && !c->remote)
        err = mp_fail(MPI_ERR_COMM, "comm is an intracommunicator, which has no remote group");
    if (!err) {
        struct mp_group *copy = mp_group_copy(remote ? c->remote : c->group);
        if (copy) {
            mp_group_derive(copy, c->session);
            *group = mp_group_handle(copy);
            mp_owned_made(MP_OWNED_GROUP, *group, call);
        } else {
            err = out_of_memory();
        }
    }
    return mp_leave(call, c, err);
}

int PMPI_Comm_group(MPI_Comm comm, MPI_Group *group)
{
    return group_of(MP_CALL_Comm_group, comm, false, group);
}
MP_WEAK(Comm_group);

int PMPI_Comm_remote_group(MPI_Comm comm, MPI_Group *group)
{
    return group_of(MP_CALL_Comm_remote_group, comm, true, group);
}
MP_WEAK(Comm_remote_group);
