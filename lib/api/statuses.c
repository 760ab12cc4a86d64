// SPDX-License-Identifier: MIT
//
// What a status tells, and its setting for generalized requests (chapters 3, 5 and 13).

#include "object/status.h"

#include "api/api.h"
#include "base/calls.h"

#include <stddef.h>

static int check_status(const MPI_Status *status)
{
    if (likely(status != MPI_STATUS_IGNORE))
        return 0;
    return mp_fail(MPI_ERR_ARG, "status is MPI_STATUS_IGNORE, or a null pointer");
}

static MPI_Count whole_elements(const MPI_Status *status, const struct mp_datatype *type)
{
    MPI_Count bytes = mp_status_bytes(status);
    if (type->size == 0)
        return bytes ? MPI_UNDEFINED : 0;
    return bytes % type->size ? MPI_UNDEFINED : bytes / type->size;
}

static MPI_Count basic_elements(const MPI_Status *status, const struct mp_datatype *type)
{
    return mp_datatype_elements(type, mp_status_bytes(status));
}

// One of the two counts; *count is only written without error.
static int get(int call, const MPI_Status *status, MPI_Datatype datatype, const void *pointer,
               MPI_Count (*counted)(const MPI_Status *, const struct mp_datatype *),
               MPI_Count *count)
{
    struct mp_datatype *type;
    int err = mp_enter(call);
    err = err ? err : check_status(status);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_pointer(pointer, "count");
    if (!err)
        *count = counted(status, type);
    return mp_leave(call, NULL, err);
}

int PMPI_Get_count(const MPI_Status *status, MPI_Datatype datatype, int *count)
{
    MPI_Count found;
    int err = get(MP_CALL_Get_count, status, datatype, count, whole_elements, &found);
    if (!err)
        *count = mp_narrow(found);
    return err;
}
MP_WEAK(Get_count);

int PMPI_Get_count_c(const MPI_Status *status, MPI_Datatype datatype, MPI_Count *count)
{
    return get(MP_CALL_Get_count_c, status, datatype, count, whole_elements, count);
}
MP_WEAK(Get_count_c);

int PMPI_Get_elements(const MPI_Status *status, MPI_Datatype datatype, int *count)
{
    MPI_Count found;
    int err = get(MP_CALL_Get_elements, status, datatype, count, basic_elements, &found);
    if (!err)
        *count = mp_narrow(found);
    return err;
}
MP_WEAK(Get_elements);

int PMPI_Get_elements_c(const MPI_Status *status, MPI_Datatype datatype, MPI_Count *count)
{
    return get(MP_CALL_Get_elements_c, status, datatype, count, basic_elements, count);
}
MP_WEAK(Get_elements_c);

int PMPI_Get_elements_x(const MPI_Status *status, MPI_Datatype datatype, MPI_Count *count)
{
    return get(MP_CALL_Get_elements_x, status, datatype, count, basic_elements, count);
}
MP_WEAK(Get_elements_x);

static int set_elements(int call, MPI_Status *status, MPI_Datatype datatype, MPI_Count count)
{
    struct mp_datatype *type;
    MPI_Count bytes = 0;
    int err = mp_enter(call);
    err = err ? err : check_status(status);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_count(count, "count");
    if (!err) {
        bytes = mp_datatype_element_bytes(type, count);
        if (bytes < 0)
            err = mp_fail(MPI_ERR_COUNT, "count is %lld, more elements than the datatype can make",
                          (long long)count);
    }
    if (!err)
        mp_status_set_bytes(status, bytes);
    return mp_leave(call, NULL, err);
}

int PMPI_Status_set_elements(MPI_Status *status, MPI_Datatype datatype, int count)
{
    return set_elements(MP_CALL_Status_set_elements, status, datatype, count);
}
MP_WEAK(Status_set_elements);

int PMPI_Status_set_elements_c(MPI_Status *status, MPI_Datatype datatype, MPI_Count count)
{
    return set_elements(MP_CALL_Status_set_elements_c, status, datatype, count);
}
MP_WEAK(Status_set_elements_c);

int PMPI_Status_set_elements_x(MPI_Status *status, MPI_Datatype datatype, MPI_Count count)
{
    return set_elements(MP_CALL_Status_set_elements_x, status, datatype, count);
}
MP_WEAK(Status_set_elements_x);

int PMPI_Status_set_cancelled(MPI_Status *status, int flag)
{
    int err = mp_enter(MP_CALL_Status_set_cancelled);
    err = err ? err : check_status(status);
    if (!err)
        mp_status_set_cancelled(status, flag);
    return mp_leave(MP_CALL_Status_set_cancelled, NULL, err);
}
MP_WEAK(Status_set_cancelled);

int PMPI_Test_cancelled(const MPI_Status *status, int *flag)
{
    int err = mp_enter(MP_CALL_Test_cancelled);
    err = err ? err : check_status(status);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err)
        *flag = mp_status_cancelled(status);
    return mp_leave(MP_CALL_Test_cancelled, NULL, err);
}
MP_WEAK(Test_cancelled);

// ---- The public members, by function; `member` is the offset

static int get_member(int call, const MPI_Status *status, size_t member, int *value,
                      const char *name)
{
    int err = mp_enter(call);
    err = err ? err : check_status(status);
    err = err ? err : mp_check_pointer(value, name);
    if (!err)
        *value = *(const int *)(const void *)((const char *)status + member);
    return mp_leave(call, NULL, err);
}

static int set_member(int call, MPI_Status *status, size_t member, int value)
{
    int err = mp_enter(call);
    err = err ? err : check_status(status);
    if (!err)
        *(int *)(void *)((char *)status + member) = value;
    return mp_leave(call, NULL, err);
}

int PMPI_Status_get_source(const MPI_Status *status, int *source)
{
    return get_member(MP_CALL_Status_get_source, status, offsetof(MPI_Status, MPI_SOURCE), source,
                      "source");
}
MP_WEAK(Status_get_source);

int PMPI_Status_get_tag(const MPI_Status *status, int *tag)
{
    return get_member(MP_CALL_Status_get_tag, status, offsetof(MPI_Status, MPI_TAG), tag, "tag");
}
MP_WEAK(Status_get_tag);

int PMPI_Status_get_error(const MPI_Status *status, int *error)
{
    return get_member(MP_CALL_Status_get_error, status, offsetof(MPI_Status, MPI_ERROR), error,
                      "error");
}
MP_WEAK(Status_get_error);

int PMPI_Status_set_source(MPI_Status *status, int source)
{
    return set_member(MP_CALL_Status_set_source, status, offsetof(MPI_Status, MPI_SOURCE), source);
}
MP_WEAK(Status_set_source);

int PMPI_Status_set_tag(MPI_Status *status, int tag)
{
    return set_member(MP_CALL_Status_set_tag, status, offsetof(MPI_Status, MPI_TAG), tag);
}
MP_WEAK(Status_set_tag);

int PMPI_Status_set_error(MPI_Status *status, int error)
{
    return set_member(MP_CALL_Status_set_error, status, offsetof(MPI_Status, MPI_ERROR), error);
}
MP_WEAK(Status_set_error);
