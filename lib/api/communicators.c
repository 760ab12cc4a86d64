// SPDX-License-Identifier: MIT
// Chapter 7: communicators and intercommunicators: inquiry, making, freeing, names. Their hints are
// in hints.c, MPI_Comm_split_type in split_type.c, communicators made from a session's groups in
// sessions.c, groups in groups.c, attributes in attributes.c. Read next: collectives/comm_make.h.
#include "collectives/comm_make.h"
#include "collectives/offspring.h"

#include "api/api.h"
#include "api/requests.h"
#include "message/match.h"
#include "message/request.h"
#include "object/info.h"
#include "wait/progress.h"

#include <string.h>

// ---- Inquiry

int PMPI_Comm_size(MPI_Comm comm, int *size)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_size, comm, &c);
    err = err ? err : mp_check_pointer(size, "size");
    if (!err) {
        *size = c->size;
    }
    return mp_leave(MP_CALL_Comm_size, c, err);
}
MP_WEAK(Comm_size);

int PMPI_Comm_rank(MPI_Comm comm, int *rank)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_rank, comm, &c);
    err = err ? err : mp_check_pointer(rank, "rank");
    if (!err) {
        *rank = c->rank;
    }
    return mp_leave(MP_CALL_Comm_rank, c, err);
}
MP_WEAK(Comm_rank);

int PMPI_Comm_test_inter(MPI_Comm comm, int *flag)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_test_inter, comm, &c);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        *flag = c->remote != NULL;
    }
    return mp_leave(MP_CALL_Comm_test_inter, c, err);
}
MP_WEAK(Comm_test_inter);

static int check_inter(MPI_Comm comm, const char *name, struct mp_comm **out)
{
    int err = mp_check_comm(comm, out);
    if (!err && !(*out)->remote) {
        err =
            mp_fail(MPI_ERR_COMM, "%s is an intracommunicator, must be an intercommunicator", name);
    }
    return err;
}

static int check_intra(MPI_Comm comm, const char *name, struct mp_comm **out)
{
    int err = mp_check_comm(comm, out);
    if (!err && (*out)->remote) {
        err =
            mp_fail(MPI_ERR_COMM, "%s is an intercommunicator, must be an intracommunicator", name);
    }
    return err;
}

int PMPI_Comm_remote_size(MPI_Comm comm, int *size)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Comm_remote_size);
    err = err ? err : check_inter(comm, "comm", &c);
    err = err ? err : mp_check_pointer(size, "size");
    if (!err) {
        *size = c->remote->size;
    }
    return mp_leave(MP_CALL_Comm_remote_size, c, err);
}
MP_WEAK(Comm_remote_size);

static int compare(const struct mp_comm *a, const struct mp_comm *b)
{
    if (a == b) {
        return MPI_IDENT;
    }
    if (!a->remote != !b->remote) {
        return MPI_UNEQUAL;
    }
    int result = mp_group_compare(a->group, b->group);
    if (a->remote && result != MPI_UNEQUAL) {
        int remote = mp_group_compare(a->remote, b->remote);
        result = result == MPI_IDENT || remote == MPI_UNEQUAL ? remote : result;
    }
    return result == MPI_IDENT ? MPI_CONGRUENT : result;
}

int PMPI_Comm_compare(MPI_Comm comm1, MPI_Comm comm2, int *result)
{
    struct mp_comm *a = NULL;
    struct mp_comm *b = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_compare, comm1, &a);
    err = err ? err : mp_check_comm(comm2, &b);
    err = err ? err : mp_check_pointer(result, "result");
    if (!err) {
        *result = compare(a, b);
    }
    return mp_leave(MP_CALL_Comm_compare, a, err);
}
MP_WEAK(Comm_compare);

// ---- Names

int PMPI_Comm_set_name(MPI_Comm comm, const char *comm_name)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_set_name, comm, &c);
    err = err ? err : mp_check_pointer(comm_name, "comm_name");
    if (!err) {
        size_t length = strnlen(comm_name, sizeof c->name - 1);
        memcpy(c->name, comm_name, length);
        c->name[length] = 0;
    }
    return mp_leave(MP_CALL_Comm_set_name, c, err);
}
MP_WEAK(Comm_set_name);

int PMPI_Comm_get_name(MPI_Comm comm, char *comm_name, int *resultlen)
{
    struct mp_comm *c = NULL;
    const char *name = "MPI_COMM_NULL"; // a valid argument, with this name (7.8)
    int err = mp_enter(MP_CALL_Comm_get_name);
    if (!err && comm != MPI_COMM_NULL) {
        err = mp_check_comm(comm, &c);
        name = c ? c->name : "";
    }
    err = err ? err : mp_check_pointer(comm_name, "comm_name");
    err = err ? err : mp_check_pointer(resultlen, "resultlen");
    if (!err) {
        size_t length = strlen(name);
        memcpy(comm_name, name, length + 1);
        *resultlen = (int)length;
    }
    return mp_leave(MP_CALL_Comm_get_name, c, err);
}
MP_WEAK(Comm_get_name);

// ---- Duplication

// The way into the four of them. MPI_Comm_dup takes no info, and copies the hints.
static int begin_dup(int call, MPI_Comm comm, MPI_Info info, const MPI_Comm *newcomm,
                     struct mp_comm **c, struct mp_info **hints)
{
    struct mp_info *given = NULL;
    int err = mp_enter_comm(call, comm, c);
    err = err ? err : mp_check_info(info, &given);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    return err || !given ? err : mp_hints_take(given, (*c)->session, hints);
}

static int dup(int call, MPI_Comm comm, MPI_Info info, MPI_Comm *newcomm)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    struct mp_info *hints = NULL;
    int err = begin_dup(call, comm, info, newcomm, &c, &hints);
    err = err ? err : mp_comm_dup(c, hints, &made);
    return mp_leave_with_comm(call, c, err, made, newcomm);
}

int PMPI_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm)
{
    return dup(MP_CALL_Comm_dup, comm, MPI_INFO_NULL, newcomm);
}
MP_WEAK(Comm_dup);

int PMPI_Comm_dup_with_info(MPI_Comm comm, MPI_Info info, MPI_Comm *newcomm)
{
    return dup(MP_CALL_Comm_dup_with_info, comm, info, newcomm);
}
MP_WEAK(Comm_dup_with_info);

static int idup(int call, MPI_Comm comm, MPI_Info info, MPI_Comm *newcomm, MPI_Request *request)
{
    struct mp_comm *c = NULL;
    struct mp_request *made = NULL;
    struct mp_info *hints = NULL;
    int err = begin_dup(call, comm, info, newcomm, &c, &hints);
    if (!err && !request) {
        mp_info_free(hints);
        err = mp_check_pointer(request, "request");
    }
    err = err ? err : mp_comm_idup(c, hints, newcomm, &made);
    if (!err) {
        *request = (MPI_Request)(void *)made;
        mp_request_made(made, call, newcomm);
    }
    return mp_leave(call, c, err);
}

int PMPI_Comm_idup(MPI_Comm comm, MPI_Comm *newcomm, MPI_Request *request)
{
    return idup(MP_CALL_Comm_idup, comm, MPI_INFO_NULL, newcomm, request);
}
MP_WEAK(Comm_idup);

int PMPI_Comm_idup_with_info(MPI_Comm comm, MPI_Info info, MPI_Comm *newcomm, MPI_Request *request)
{
    return idup(MP_CALL_Comm_idup_with_info, comm, info, newcomm, request);
}
MP_WEAK(Comm_idup_with_info);

// ---- Split

int PMPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *newcomm)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_split, comm, &c);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    if (!err && color < 0 && color != MPI_UNDEFINED) {
        err = mp_fail(MPI_ERR_ARG, "color is %d, must be 0 or more, or MPI_UNDEFINED", color);
    }
    err = err ? err : mp_comm_split(c, color, key, &made);
    return mp_leave_with_comm(MP_CALL_Comm_split, c, err, made, newcomm);
}
MP_WEAK(Comm_split);

// ---- From a group

static int check_group(MPI_Group handle, const struct mp_comm *comm, struct mp_group **group)
{
    int err = mp_check_group(handle, "group", group);
    for (int i = 0; !err && i < (*group)->size; i++) {
        if (mp_group_find(comm->group, mp_group_world(*group, i)) == MPI_UNDEFINED) {
            err = mp_fail(MPI_ERR_GROUP, "member %d of the group is not in the communicator", i);
        }
    }
    return err;
}

int PMPI_Comm_create(MPI_Comm comm, MPI_Group group, MPI_Comm *newcomm)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    struct mp_group *g = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_create, comm, &c);
    err = err ? err : check_group(group, c, &g);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    err = err ? err : mp_comm_create(c, g, &made);
    return mp_leave_with_comm(MP_CALL_Comm_create, c, err, made, newcomm);
}
MP_WEAK(Comm_create);

int PMPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm *newcomm)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    struct mp_group *g = NULL;
    int err = mp_enter(MP_CALL_Comm_create_group);
    err = err ? err : check_intra(comm, "comm", &c);
    err = err ? err : check_group(group, c, &g);
    err = err ? err : mp_check_tag(tag);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    if (!err && g->rank != MPI_UNDEFINED) {
        err = mp_comm_create_group(c, g, tag, &made);
    }
    return mp_leave_with_comm(MP_CALL_Comm_create_group, c, err, made, newcomm);
}
MP_WEAK(Comm_create_group);

// ---- Intercommunicators

int PMPI_Intercomm_create(MPI_Comm local_comm, int local_leader, MPI_Comm peer_comm,
                          int remote_leader, int tag, MPI_Comm *newintercomm)
{
    struct mp_comm *local = NULL;
    struct mp_comm *peer = NULL;
    struct mp_comm *made = NULL;
    int err = mp_enter(MP_CALL_Intercomm_create);
    err = err ? err : check_intra(local_comm, "local_comm", &local);
    err = err ? err : mp_check_leader(local_leader, local->group, "local_leader");
    err = err ? err : mp_check_pointer(newintercomm, "newintercomm");
    if (!err) {
        int problem = 0;
        if (local->rank == local_leader) {
            problem = mp_check_comm(peer_comm, &peer);
            problem =
                problem ? problem : mp_check_leader(remote_leader, peer->peers, "remote_leader");
            problem = problem ? problem : mp_check_tag(tag);
        }
        err = mp_intercomm_create(local, local_leader, peer, remote_leader, tag, problem, &made);
    }
    return mp_leave_with_comm(MP_CALL_Intercomm_create, local, err, made, newintercomm);
}
MP_WEAK(Intercomm_create);

int PMPI_Intercomm_merge(MPI_Comm intercomm, int high, MPI_Comm *newintracomm)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    int err = mp_enter(MP_CALL_Intercomm_merge);
    err = err ? err : check_inter(intercomm, "intercomm", &c);
    err = err ? err : mp_check_pointer(newintracomm, "newintracomm");
    err = err ? err : mp_intercomm_merge(c, high != 0, &made);
    return mp_leave_with_comm(MP_CALL_Intercomm_merge, c, err, made, newintracomm);
}
MP_WEAK(Intercomm_merge);

// ---- The end

// A message that has arrived on a communicator that is being freed, and that no receive asked for,
// is lost. The communicator is freed all the same, and a program that handles its errors is told;
// others run on as they would elsewhere.
static int report_lost_message(const struct mp_comm *comm)
{
    if (comm->errhandler == &mp_errors_are_fatal || comm->errhandler == &mp_errors_abort) {
        return 0;
    }
    mp_progress();
    if (mp_list_empty(&comm->match->arrived) || comm->lost) { // there is another error to tell
        return 0;
    }
    const struct mp_unexpected *lost =
        mp_container_of(comm->match->arrived.next, struct mp_unexpected, arrived);
    return mp_fail(MPI_ERR_OTHER,
                   "a message from rank %d with tag %d and %llu bytes was never received; the "
                   "communicator is freed, and the message is lost",
                   mp_source_rank(lost->packet.source), lost->packet.tag,
                   (unsigned long long)lost->packet.total);
}

static int release(int call, MPI_Comm *comm)
{
    struct mp_comm *c = NULL;
    struct mp_errhandler *handler = NULL;
    int err = mp_enter(call);
    int lost = 0;
    err = err ? err : mp_check_pointer(comm, "comm");
    err = err ? err : mp_check_comm(*comm, &c);
    if (!err && c->object.builtin) {
        err = mp_fail(MPI_ERR_COMM, "comm is %s, which is predefined and cannot be freed",
                      c == &mp_comm_world ? "MPI_COMM_WORLD" : "MPI_COMM_SELF");
    }
    if (!err) {
        handler = c->errhandler;
        mp_errhandler_hold(handler);
        lost = report_lost_message(c);
        if (unlikely(mp_process.check) && !c->lost) {
            mp_check_unreceived(c->context, call);
        }
        err = (call == MP_CALL_Comm_free ? mp_comm_free : mp_comm_disconnect)(c);
    }
    if (!err) {
        mp_owned_freed(MP_OWNED_COMM, *comm);
        *comm = MPI_COMM_NULL;
        mp_comm_parent = c == mp_comm_parent ? NULL : mp_comm_parent;
    }
    int result = lost && !err ? (mp_exit(), mp_raise_with(call, handler, lost))
                              : mp_leave(call, err ? c : NULL, err);
    if (handler) {
        mp_errhandler_release(handler);
    }
    return result;
}

int PMPI_Comm_free(MPI_Comm *comm)
{
    return release(MP_CALL_Comm_free, comm);
}
MP_WEAK(Comm_free);

int PMPI_Comm_disconnect(MPI_Comm *comm)
{
    return release(MP_CALL_Comm_disconnect, comm);
}
MP_WEAK(Comm_disconnect);
