// SPDX-License-Identifier: MIT
// Chapters 7 and 11: sessions, their process sets, and the groups and communicators made from them.
// Their error handlers are in errors.c, their buffers in buffers.c. Read next: object/session.h.
#include "api/api.h"
#include "api/life.h"
#include "collectives/comm_from_group.h"
#include "object/info.h"
#include "process/child.h"

#include <stdio.h>
#include <string.h>

// ---- Life

int PMPI_Session_init(MPI_Info info, MPI_Errhandler errhandler, MPI_Session *session)
{
    struct mp_errhandler *handler = NULL;
    struct mp_session *made = NULL;
    struct mp_info *hints = NULL;

    if (mp_child_is()) {
        return mp_raise(MP_CALL_Session_init, NULL, mp_child_refuse());
    }
    mp_life_enter(MP_CALL_Session_init);
    int err = mp_check_errhandler(errhandler, MP_ERRHANDLER_SESSION, &handler);
    if (err) {
        mp_life_exit();
        return mp_raise(MP_CALL_Session_init, NULL, err);
    }
    err = mp_check_info(info, &hints);
    err = err ? err : mp_check_pointer(session, "session");
    err = err ? err : mp_life_open_session(hints, handler, &made);
    if (!err) {
        *session = mp_session_handle(made);
    }
    mp_life_exit();
    return err ? mp_raise_with(MP_CALL_Session_init, handler, err) : MPI_SUCCESS;
}
MP_WEAK(Session_init);

int PMPI_Session_finalize(MPI_Session *session)
{
    struct mp_session *s = NULL;

    if (session && mp_child_is()) {
        *session = MPI_SESSION_NULL; // its parent's: there is nothing to end here
        return MPI_SUCCESS;
    }
    mp_life_enter(MP_CALL_Session_finalize);
    int err = mp_check_pointer(session, "session");
    err = err ? err : mp_check_session(*session, &s);
    err = err ? err : mp_life_close_session(s);
    if (!err) {
        *session = MPI_SESSION_NULL;
    }
    mp_life_exit();
    return err ? mp_raise_session(MP_CALL_Session_finalize, s, err) : MPI_SUCCESS;
}
MP_WEAK(Session_finalize);

// ---- What there is

int PMPI_Session_get_info(MPI_Session session, MPI_Info *info_used)
{
    struct mp_session *s = NULL;
    int err = mp_enter(MP_CALL_Session_get_info);
    err = err ? err : mp_check_session(session, &s);
    err = err ? err : mp_check_pointer(info_used, "info_used");
    if (!err) {
        struct mp_info *copy = mp_info_copy(s->hints);
        *info_used = copy ? mp_info_handle(copy) : MPI_INFO_NULL;
        mp_owned_made(MP_OWNED_INFO, *info_used, MP_CALL_Session_get_info);
        err = copy ? 0 : mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
    }
    return mp_leave_session(MP_CALL_Session_get_info, s, err);
}
MP_WEAK(Session_get_info);

int PMPI_Session_get_num_psets(MPI_Session session, MPI_Info info, int *npset_names)
{
    struct mp_session *s = NULL;
    struct mp_info *hints;
    int err = mp_enter(MP_CALL_Session_get_num_psets);
    err = err ? err : mp_check_session(session, &s);
    err = err ? err : mp_check_info(info, &hints);
    err = err ? err : mp_check_pointer(npset_names, "npset_names");
    if (!err) {
        *npset_names = mp_pset_count();
    }
    return mp_leave_session(MP_CALL_Session_get_num_psets, s, err);
}
MP_WEAK(Session_get_num_psets);

// `room` characters, the final 0 included; with none, the name may be a null pointer.
static int check_name_buffer(const int *room, const char *name)
{
    int err = mp_check_pointer(room, "pset_len");
    if (!err && *room < 0) {
        err = mp_fail(MPI_ERR_ARG, "pset_len is %d, must be 0 or more", *room);
    }
    return err || *room == 0 ? err : mp_check_pointer(name, "pset_name");
}

int PMPI_Session_get_nth_pset(MPI_Session session, MPI_Info info, int n, int *pset_len,
                              char *pset_name)
{
    struct mp_session *s = NULL;
    struct mp_info *hints;
    int err = mp_enter(MP_CALL_Session_get_nth_pset);
    err = err ? err : mp_check_session(session, &s);
    err = err ? err : mp_check_info(info, &hints);
    if (!err && (n < 0 || n >= mp_pset_count())) {
        err = mp_fail(MPI_ERR_ARG, "n is %d, must be 0 to %d", n, mp_pset_count() - 1);
    }
    err = err ? err : check_name_buffer(pset_len, pset_name);
    if (!err) {
        const char *name = mp_pset_name(n);
        if (*pset_len > 0) {
            snprintf(pset_name, (size_t)*pset_len, "%s", name);
        }
        *pset_len = (int)strlen(name) + 1;
    }
    return mp_leave_session(MP_CALL_Session_get_nth_pset, s, err);
}
MP_WEAK(Session_get_nth_pset);

static int describe_pset(const char *name, struct mp_info **info)
{
    char text[16];
    int number = mp_pset_find(name);

    if (number < 0) {
        return mp_fail(MPI_ERR_ARG,
                       "pset_name is \"%.60s\", which is none that MPI_Session_get_nth_pset tells",
                       name);
    }
    snprintf(text, sizeof text, "%d", mp_pset_size(number));
    *info = mp_info_new();
    if (!*info || mp_info_put(*info, "mpi_size", text) != 0) {
        mp_info_free(*info);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
    }
    return 0;
}

int PMPI_Session_get_pset_info(MPI_Session session, const char *pset_name, MPI_Info *info)
{
    struct mp_session *s = NULL;
    struct mp_info *made = NULL;
    int err = mp_enter(MP_CALL_Session_get_pset_info);
    err = err ? err : mp_check_session(session, &s);
    err = err ? err : mp_check_pointer(pset_name, "pset_name");
    err = err ? err : mp_check_pointer(info, "info");
    err = err ? err : describe_pset(pset_name, &made);
    if (!err) {
        *info = mp_info_handle(made);
        mp_owned_made(MP_OWNED_INFO, *info, MP_CALL_Session_get_pset_info);
    }
    return mp_leave_session(MP_CALL_Session_get_pset_info, s, err);
}
MP_WEAK(Session_get_pset_info);

// ---- Groups and communicators

int PMPI_Group_from_session_pset(MPI_Session session, const char *pset_name, MPI_Group *newgroup)
{
    struct mp_session *s = NULL;
    int err = mp_enter(MP_CALL_Group_from_session_pset);
    err = err ? err : mp_check_session(session, &s);
    err = err ? err : mp_check_pointer(pset_name, "pset_name");
    err = err ? err : mp_check_pointer(newgroup, "newgroup");
    if (!err) {
        // A name that is not known is no error; it makes no group (7.3.2).
        int number = mp_pset_find(pset_name);
        struct mp_group *group = number < 0 ? NULL : mp_pset_group(number);
        if (group) {
            mp_group_derive(group, s);
        } else if (number >= 0) {
            err = mp_fail(MPI_ERR_NO_MEM, "no memory for a group");
        }
        *newgroup = group ? mp_group_handle(group) : MPI_GROUP_NULL;
        mp_owned_made(MP_OWNED_GROUP, *newgroup, MP_CALL_Group_from_session_pset);
    }
    return mp_leave_session(MP_CALL_Group_from_session_pset, s, err);
}
MP_WEAK(Group_from_session_pset);

static int check_member(const struct mp_group *group, const char *name)
{
    if (group->size > 0 && group->rank == MPI_UNDEFINED) {
        return mp_fail(MPI_ERR_GROUP, "the calling process is not in %s", name);
    }
    return 0;
}

static int check_stringtag(const char *stringtag)
{
    int err = mp_check_pointer(stringtag, "stringtag");
    if (!err && strnlen(stringtag, MPI_MAX_STRINGTAG_LEN) == MPI_MAX_STRINGTAG_LEN) {
        err = mp_fail(MPI_ERR_ARG, "stringtag has %d characters or more, must have less",
                      MPI_MAX_STRINGTAG_LEN);
    }
    return err;
}

// Gives the new communicator, if there is one, what its maker asked for, and a handle. The handler
// that was given takes care of errors of the making, too; without one, the session's.
static int hand_out(int call, int err, struct mp_comm *made, const struct mp_info *hints,
                    struct mp_errhandler *handler, const struct mp_group *group, MPI_Comm *newcomm)
{
    if (!err && made) {
        err = mp_hints_take(hints, made->session, &made->info);
    }
    if (!err) {
        if (made) {
            mp_errhandler_hold(handler);
            mp_errhandler_release(made->errhandler);
            made->errhandler = handler;
        }
        *newcomm = made ? mp_comm_handle(made) : MPI_COMM_NULL;
        mp_owned_made(MP_OWNED_COMM, *newcomm, call);
    }
    mp_exit();
    if (!err) {
        return MPI_SUCCESS;
    }
    return handler ? mp_raise_with(call, handler, err) : mp_raise_group(call, group, err);
}

int PMPI_Comm_create_from_group(MPI_Group group, const char *stringtag, MPI_Info info,
                                MPI_Errhandler errhandler, MPI_Comm *newcomm)
{
    struct mp_errhandler *handler = NULL;
    struct mp_group *g = NULL;
    struct mp_info *hints = NULL;
    struct mp_comm *made = NULL;
    int err = mp_enter(MP_CALL_Comm_create_from_group);
    err = err ? err : mp_check_group(group, "group", &g);
    err = err ? err : mp_check_errhandler(errhandler, MP_ERRHANDLER_COMM, &handler);
    err = err ? err : check_member(g, "group");
    err = err ? err : check_stringtag(stringtag);
    err = err ? err : mp_check_info(info, &hints);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    if (!err && g->size > 0) {
        err = mp_comm_create_from_group(g, stringtag, &made);
    }
    return hand_out(MP_CALL_Comm_create_from_group, err, made, hints, handler, g, newcomm);
}
MP_WEAK(Comm_create_from_group);

static int check_disjoint(const struct mp_group *local, const struct mp_group *remote)
{
    for (int i = 0; i < remote->size; i++) {
        if (mp_group_find(local, mp_group_world(remote, i)) != MPI_UNDEFINED) {
            return mp_fail(MPI_ERR_GROUP, "member %d of remote_group is in local_group, too", i);
        }
    }
    return 0;
}

// What only the local leader has to give.
static int check_remote(const struct mp_group *local, MPI_Group group, int leader,
                        struct mp_group **remote)
{
    int err = mp_check_group(group, "remote_group", remote);
    err = err ? err : mp_check_leader(leader, *remote, "remote_leader");
    return err ? err : check_disjoint(local, *remote);
}

int PMPI_Intercomm_create_from_groups(MPI_Group local_group, int local_leader,
                                      MPI_Group remote_group, int remote_leader,
                                      const char *stringtag, MPI_Info info,
                                      MPI_Errhandler errhandler, MPI_Comm *newintercomm)
{
    struct mp_errhandler *handler = NULL;
    struct mp_group *local = NULL;
    struct mp_group *remote = NULL;
    struct mp_info *hints = NULL;
    struct mp_comm *made = NULL;
    int err = mp_enter(MP_CALL_Intercomm_create_from_groups);
    err = err ? err : mp_check_group(local_group, "local_group", &local);
    err = err ? err : mp_check_errhandler(errhandler, MP_ERRHANDLER_COMM, &handler);
    err = err ? err : check_member(local, "local_group");
    err = err ? err : check_stringtag(stringtag);
    err = err ? err : mp_check_info(info, &hints);
    err = err ? err : mp_check_pointer(newintercomm, "newintercomm");
    if (!err && local->size > 0 && remote_group != MPI_GROUP_EMPTY) {
        err = mp_check_leader(local_leader, local, "local_leader");
        if (!err) {
            int problem = local->rank == local_leader
                              ? check_remote(local, remote_group, remote_leader, &remote)
                              : 0;
            err = mp_intercomm_create_from_groups(local, local_leader, remote, remote_leader,
                                                  problem, stringtag, &made);
        }
    }
    return hand_out(MP_CALL_Intercomm_create_from_groups, err, made, hints, handler, local,
                    newintercomm);
}
MP_WEAK(Intercomm_create_from_groups);
