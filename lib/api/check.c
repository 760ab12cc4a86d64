// SPDX-License-Identifier: MIT
//
// The checks of arguments that occur in many chapters. Each says which argument is wrong, what it
// is, and what was allowed.

#include "api/api.h"
#include "api/requests.h"
#include "object/info.h"

int mp_check_comm(MPI_Comm comm, struct mp_comm **out)
{
    struct mp_comm *c = mp_comm_get(comm);
    if (likely(c && !c->freed)) {
        *out = c;
        return 0;
    }
    if (comm == MPI_COMM_WORLD || comm == MPI_COMM_SELF)
        return mp_fail(MPI_ERR_COMM,
                       "comm is %s, which there is from MPI_Init to MPI_Finalize only",
                       comm == MPI_COMM_WORLD ? "MPI_COMM_WORLD" : "MPI_COMM_SELF");
    if (comm == MPI_COMM_NULL)
        return mp_fail(MPI_ERR_COMM, "comm is MPI_COMM_NULL");
    return mp_fail(MPI_ERR_COMM, "comm is %p, which is no communicator, or one that was freed",
                   (void *)comm);
}

int mp_check_session(MPI_Session session, struct mp_session **out)
{
    *out = mp_session_get(session);
    if (*out)
        return 0;
    if (session == MPI_SESSION_NULL)
        return mp_fail(MPI_ERR_SESSION, "session is MPI_SESSION_NULL");
    return mp_fail(MPI_ERR_SESSION, "session is %p, which is no session, or one that was finalized",
                   (void *)session);
}

int mp_check_info(MPI_Info info, struct mp_info **out)
{
    *out = info == MPI_INFO_NULL ? NULL : mp_info_get(info);
    if (*out || info == MPI_INFO_NULL)
        return 0;
    return mp_fail(MPI_ERR_INFO, "info is %p, which is no info, or one that was freed",
                   (void *)info);
}

int mp_check_group(MPI_Group group, const char *name, struct mp_group **out)
{
    *out = mp_group_get(group);
    if (*out)
        return 0;
    if (group == MPI_GROUP_NULL)
        return mp_fail(MPI_ERR_GROUP, "%s is MPI_GROUP_NULL", name);
    return mp_fail(MPI_ERR_GROUP, "%s is %p, which is no group, or one that was freed", name,
                   (void *)group);
}

int mp_check_op(MPI_Op op, struct mp_op **out)
{
    *out = mp_op_get(op);
    if (*out)
        return 0;
    if (op == MPI_OP_NULL)
        return mp_fail(MPI_ERR_OP, "op is MPI_OP_NULL");
    return mp_fail(MPI_ERR_OP, "op is %p, which is no operation, or one that was freed",
                   (void *)op);
}

int mp_check_errhandler(MPI_Errhandler errhandler, enum mp_errhandler_kind kind,
                        struct mp_errhandler **out)
{
    static const char *const kinds[] = {[MP_ERRHANDLER_COMM] = "communicators",
                                        [MP_ERRHANDLER_SESSION] = "sessions",
                                        [MP_ERRHANDLER_WIN] = "windows",
                                        [MP_ERRHANDLER_FILE] = "files"};
    *out = mp_errhandler_get(errhandler);
    if (!*out && errhandler == MPI_ERRHANDLER_NULL)
        return mp_fail(MPI_ERR_ERRHANDLER, "errhandler is MPI_ERRHANDLER_NULL");
    if (!*out)
        return mp_fail(MPI_ERR_ERRHANDLER,
                       "errhandler is %p, which is no error handler, or one that was freed",
                       (void *)errhandler);
    if (kind != MP_ERRHANDLER_ANY && (*out)->kind >= MP_ERRHANDLER_COMM && (*out)->kind != kind)
        return mp_fail(MPI_ERR_ERRHANDLER, "errhandler was made for %s, not %s",
                       kinds[(*out)->kind], kinds[kind]);
    return 0;
}

int mp_check_count(MPI_Count count, const char *name)
{
    if (likely(count >= 0))
        return 0;
    return mp_fail(MPI_ERR_COUNT, "%s is %lld, must be 0 or more", name, (long long)count);
}

int mp_check_any_type(MPI_Datatype type, const char *name, struct mp_datatype **out)
{
    struct mp_datatype *t = mp_datatype_get(type);
    if (likely(t != NULL)) {
        *out = t;
        return 0;
    }
    if (type == MPI_DATATYPE_NULL)
        return mp_fail(MPI_ERR_TYPE, "%s is MPI_DATATYPE_NULL", name);
    return mp_fail(MPI_ERR_TYPE, "%s is %p, which is no datatype, or one that was freed", name,
                   (void *)type);
}

int mp_check_type(MPI_Datatype type, const char *name, struct mp_datatype **out)
{
    int err = mp_check_any_type(type, name, out);
    if (!err && unlikely(!(*out)->committed))
        err = mp_fail(MPI_ERR_TYPE, "%s is not committed; call MPI_Type_commit first", name);
    return err;
}

int mp_check_buffer(const void *buffer, MPI_Count count, const struct mp_datatype *type,
                    const char *name)
{
    // A type that does not begin at 0 may hold absolute addresses, relative to MPI_BOTTOM.
    if (unlikely(buffer == MPI_BOTTOM) && count > 0 && type->size > 0 && type->true_lb == 0)
        return mp_fail(MPI_ERR_BUFFER, "%s is a null pointer, and the message is not empty", name);
    if (unlikely(buffer == MPI_IN_PLACE) && count > 0)
        return mp_fail(MPI_ERR_BUFFER, "%s is MPI_IN_PLACE, which is not allowed here", name);
    return 0;
}

int mp_check_dest(const struct mp_comm *comm, int dest)
{
    if (likely((unsigned)dest < (unsigned)comm->peers->size) || dest == MPI_PROC_NULL)
        return 0;
    return mp_fail(MPI_ERR_RANK, "dest is %d, must be 0 to %d or MPI_PROC_NULL", dest,
                   comm->peers->size - 1);
}

int mp_check_source(const struct mp_comm *comm, int source)
{
    if (likely((unsigned)source < (unsigned)comm->peers->size) || source == MPI_ANY_SOURCE ||
        source == MPI_PROC_NULL)
        return 0;
    return mp_fail(MPI_ERR_RANK, "source is %d, must be 0 to %d, MPI_ANY_SOURCE or MPI_PROC_NULL",
                   source, comm->peers->size - 1);
}

int mp_check_tag(int tag)
{
    if (likely(tag >= 0)) // and so at most MP_TAG_UB, INT_MAX
        return 0;
    return mp_fail(MPI_ERR_TAG, "tag is %d%s, must be 0 to %d", tag,
                   tag == MPI_ANY_TAG ? " (MPI_ANY_TAG)" : "", MP_TAG_UB);
}

int mp_check_recv_tag(int tag)
{
    if (likely(tag >= 0) || tag == MPI_ANY_TAG)
        return 0;
    return mp_fail(MPI_ERR_TAG, "tag is %d, must be 0 to %d or MPI_ANY_TAG", tag, MP_TAG_UB);
}

int mp_check_root(const struct mp_comm *comm, int root)
{
    if (likely((unsigned)root < (unsigned)comm->peers->size))
        return 0;
    if (!comm->remote)
        return mp_fail(MPI_ERR_ROOT, "root is %d, must be 0 to %d", root, comm->size - 1);
    if (root == MPI_ROOT || root == MPI_PROC_NULL)
        return 0;
    return mp_fail(MPI_ERR_ROOT,
                   "root is %d, must be 0 to %d (of the remote group), MPI_ROOT or MPI_PROC_NULL",
                   root, comm->peers->size - 1);
}

int mp_check_leader(int leader, const struct mp_group *group, const char *name)
{
    if (leader >= 0 && leader < group->size)
        return 0;
    return mp_fail(MPI_ERR_RANK, "%s is %d, must be 0 to %d", name, leader, group->size - 1);
}

int mp_null_pointer(const char *name)
{
    return mp_fail(MPI_ERR_ARG, "%s is a null pointer", name);
}

int mp_check_request(const MPI_Request *request, const char *name)
{
    int err = mp_check_pointer(request, name);
    if (!err && *request != MPI_REQUEST_NULL && !mp_request_get(*request)) {
        err = mp_fail(MPI_ERR_REQUEST, "%s is no request (%p): freed, or never set", name,
                      (void *)*request);
    }
    return err;
}

int mp_check_requests(MPI_Count count, const MPI_Request requests[])
{
    int err = mp_check_count(count, "count");
    if (!err && count > 0) {
        err = mp_check_pointer(requests, "array_of_requests");
    }
    for (MPI_Count i = 0; !err && i < count; i++) {
        if (requests[i] != MPI_REQUEST_NULL && !mp_request_get(requests[i])) {
            err = mp_fail(MPI_ERR_REQUEST,
                          "array_of_requests[%lld] is no request (%p): freed, or never set",
                          (long long)i, (void *)requests[i]);
        }
    }
    return err;
}
