// SPDX-License-Identifier: MIT
// Communicators: the local part. Making and freeing the object, WORLD and SELF.
#include "object/comm.h"

#include "base/calls.h"
#include "object/attribute.h"
#include "object/info.h"
#include "object/session.h"
#include "object/topology.h"
#include "process/handed.h"
#include "process/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Until MPI_Init they are as good as freed.
#define NO_WORLD                                                                  \
    {                                                                             \
        .object = {.magic = MP_KIND_COMM, .refs = 1, .builtin = 1}, .freed = true \
    }
struct mp_comm mp_comm_world = NO_WORLD;
struct mp_comm mp_comm_self = NO_WORLD;
struct mp_comm mp_comm_boot = NO_WORLD;

struct mp_comm *mp_comm_get_slow(MPI_Comm handle)
{
    if (handle == MPI_COMM_SELF) {
        return &mp_comm_self;
    }
    return mp_object_is(handle, MP_KIND_COMM) ? (struct mp_comm *)(void *)handle : NULL;
}

MPI_Comm mp_comm_handle(struct mp_comm *comm)
{
    if (comm == &mp_comm_world) {
        return MPI_COMM_WORLD;
    }
    return comm == &mp_comm_self ? MPI_COMM_SELF : (MPI_Comm)(void *)comm;
}

// (Not snprintf, which takes several times as long.)
static void append(char text[MP_WAIT_NAME], const char *more)
{
    size_t length = strlen(text), bytes = strnlen(more, MP_WAIT_NAME - 1 - length);
    memcpy(text + length, more, bytes);
    text[length + bytes] = 0;
}

// After the call that it is made in. MPI_Comm_idup ends in any call, so all that are not named here
// are taken for that.
static void set_origin(struct mp_comm *comm, const struct mp_comm *parent)
{
    const char *what = "duplicate";

    switch (mp_call_inside()) {
    case MP_CALL_Comm_split:
    case MP_CALL_Comm_split_type:
        what = "split";
        break;
    case MP_CALL_Comm_create:
    case MP_CALL_Comm_create_group:
    case MP_CALL_Cart_sub:
        what = "part";
        break;
    case MP_CALL_Intercomm_create:
    case MP_CALL_Comm_accept:
    case MP_CALL_Comm_connect:
    case MP_CALL_Comm_join:
    case MP_CALL_Comm_spawn:
    case MP_CALL_Comm_spawn_multiple:
        what = "intercommunicator";
        break;
    case MP_CALL_Intercomm_merge:
        what = "merger";
        break;
    case MP_CALL_Cart_create:
        what = "grid";
        break;
    case MP_CALL_Graph_create:
    case MP_CALL_Dist_graph_create:
    case MP_CALL_Dist_graph_create_adjacent:
        what = "graph";
        break;
    case MP_CALL_Win_create:
    case MP_CALL_Win_allocate:
    case MP_CALL_Win_allocate_shared:
    case MP_CALL_Win_create_dynamic:
        what = "window";
        break;
    default:
        break;
    }
    append(comm->origin, what);
    append(comm->origin, " of ");
    append(comm->origin, parent->name[0] ? parent->name : parent->origin);
}

// Sets up `comm`, whose head is set. Takes references of the groups.
static int fill(struct mp_comm *comm, struct mp_group *group, struct mp_group *remote,
                uint32_t pair, struct mp_comm *parent)
{
    comm->rank = group->rank;
    comm->size = group->size;
    comm->context = 2 * pair;
    mp_list_init(&comm->tied);
    int error = mp_handed.comm_made(comm);
    if (error) {
        return error;
    }
    comm->group = group;
    comm->remote = remote;
    comm->peers = remote ? remote : group;
    // Who checks wants to see all calls at leisure: none goes the short way.
    comm->quick_peers = mp_process.check ? 0 : (unsigned)comm->peers->size;
    mp_group_hold(group);
    if (remote) {
        mp_group_hold(remote);
    }
    if (parent) {
        set_origin(comm, parent);
    }
    comm->errhandler = parent ? parent->errhandler : &mp_errors_are_fatal;
    mp_errhandler_hold(comm->errhandler);
    comm->session = parent ? parent->session : group->session;
    mp_session_hold(comm->session);
    mp_context_take(pair);
    return 0;
}

struct mp_comm *mp_comm_new(struct mp_group *group, struct mp_group *remote, uint32_t pair,
                            struct mp_comm *parent)
{
    struct mp_comm *comm = mp_object_new(MP_KIND_COMM, sizeof *comm);
    if (comm && fill(comm, group, remote, pair, parent) != 0) {
        mp_object_delete(comm);
        return NULL;
    }
    return comm;
}

static void drop_board(struct mp_comm *comm)
{
    struct mp_comm_board *board = &mp_comm_near(comm)->board;

    free(board->members);
    board->members = NULL;
    if (comm->nodes) {
        mp_group_release(comm->nodes->near.group);
        free(comm->nodes);
        comm->nodes = NULL;
    }
}

void mp_comm_destroy(struct mp_comm *comm)
{
    if (comm->intra) {
        mp_comm_release(comm->intra);
    }
    if (mp_handed.comm_ends(comm)) {
        mp_context_retire(comm);
    }
    drop_board(comm);
    mp_group_release(comm->group);
    if (comm->remote) {
        mp_group_release(comm->remote);
    }
    mp_errhandler_release(comm->errhandler);
    if (comm->info) {
        mp_info_free(comm->info);
    }
    if (comm->topology) {
        mp_topology_release(comm->topology);
    }
    mp_session_release(comm->session);
    mp_object_delete(comm);
}

void mp_comm_describe(const struct mp_comm *comm, struct mp_wait_item *item)
{
    item->context = comm->context;
    item->derived = comm->name[0] == 0;
    append(item->name, item->derived ? comm->origin : comm->name);
}

static int make_builtin(struct mp_comm *comm, int size, int first, uint32_t pair, const char *name)
{
    struct mp_group *group = mp_group_new_range(size, first, 1);
    int error;

    snprintf(comm->name, sizeof comm->name, "%s", name);
    error = group ? fill(comm, group, NULL, pair, NULL) : MPI_ERR_NO_MEM;
    if (group) {
        mp_group_release(group);
    }
    comm->freed = error != 0;
    return error;
}

int mp_comm_open(void)
{
    mp_context_open();
    int error = make_builtin(&mp_comm_boot, mp_process.size, 0, MP_CONTEXT_BOOT, "");
    mp_comm_boot.errhandler = &mp_errors_return;
    return error ? mp_fail(error, "no memory for the first communicator") : 0;
}

int mp_comm_init(void)
{
    int error =
        make_builtin(&mp_comm_world, mp_process.size, 0, MP_CONTEXT_WORLD, "MPI_COMM_WORLD");
    if (!error) {
        error = make_builtin(&mp_comm_self, 1, mp_process.rank, MP_CONTEXT_SELF, "MPI_COMM_SELF");
    }
    return error ? mp_fail(error, "no memory for MPI_COMM_WORLD") : 0;
}

static void end_builtin(struct mp_comm *comm)
{
    (void)mp_handed.comm_ends(comm);
    drop_board(comm);
    mp_group_release(comm->group);
    mp_errhandler_release(comm->errhandler);
    if (comm->info) {
        mp_info_free(comm->info);
        comm->info = NULL;
    }
    comm->freed = true;
    comm->quick_peers = 0;
}

void mp_comm_finish(void)
{
    end_builtin(&mp_comm_world);
    end_builtin(&mp_comm_self);
}
