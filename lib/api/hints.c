// SPDX-License-Identifier: MIT
// Chapter 7: the hints of communicators (7.4.4). The assertions are kept as given; a true one
// allows shortcuts but asks for none. Hints that are not known, or whose value makes no sense, are
// ignored, as the standard says.
#include "api/api.h"
#include "object/info.h"

#include <string.h>

static const char *const assertions[] = {"mpi_assert_no_any_tag", "mpi_assert_no_any_source",
                                         "mpi_assert_exact_length", "mpi_assert_allow_overtaking",
                                         "mpi_assert_strict_persistent_collective_ordering"};

static const char kinds_assertion[] = "mpi_assert_memory_alloc_kinds";

static bool is_good(const char *key, const char *value, const struct mp_session *session)
{
    if (strcmp(key, kinds_assertion) == 0) {
        return mp_memory_kinds_within(value, mp_session_memory_kinds(session));
    }
    return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

static int take(const struct mp_info *info, const char *key, const struct mp_session *session,
                struct mp_info **hints)
{
    const char *value = mp_info_find(info, key);
    if (!value || !is_good(key, value, session)) {
        return 0;
    }
    if (!*hints) {
        *hints = mp_info_new();
    }
    return *hints ? mp_info_put(*hints, key, value) : MPI_ERR_NO_MEM;
}

int mp_hints_take(const struct mp_info *info, const struct mp_session *session,
                  struct mp_info **hints)
{
    int err = 0;
    for (size_t i = 0; info && i < mp_array_length(assertions) && !err; i++) {
        err = take(info, assertions[i], session, hints);
    }
    return info && !err ? take(info, kinds_assertion, session, hints) : err;
}

int PMPI_Comm_set_info(MPI_Comm comm, MPI_Info info)
{
    struct mp_comm *c = NULL;
    struct mp_info *given = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_set_info, comm, &c);
    err = err ? err : mp_check_info(info, &given);
    err = err ? err : mp_hints_take(given, c->session, &c->info);
    return mp_leave(MP_CALL_Comm_set_info, c, err);
}
MP_WEAK(Comm_set_info);

// All hints that are known, with their values or defaults, and what the library adds.
static int list_hints(const struct mp_comm *comm, struct mp_info **out)
{
    int err = 0;
    *out = mp_info_new();
    if (!*out) {
        return MPI_ERR_NO_MEM;
    }
    for (size_t i = 0; i < mp_array_length(assertions) && !err; i++) {
        const char *value = comm->info ? mp_info_find(comm->info, assertions[i]) : NULL;
        err = mp_info_put(*out, assertions[i], value ? value : "false");
    }
    err = err ? err
              : mp_info_put(*out, "mpi_memory_alloc_kinds", mp_session_memory_kinds(comm->session));
    const char *kinds = comm->info ? mp_info_find(comm->info, kinds_assertion) : NULL;
    if (!err && kinds) { // not set by default
        err = mp_info_put(*out, kinds_assertion, kinds);
    }
    if (err) {
        mp_info_free(*out);
    }
    return err;
}

int PMPI_Comm_get_info(MPI_Comm comm, MPI_Info *info_used)
{
    struct mp_comm *c = NULL;
    struct mp_info *info = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_get_info, comm, &c);
    err = err ? err : mp_check_pointer(info_used, "info_used");
    err = err ? err : list_hints(c, &info);
    if (!err) {
        *info_used = mp_info_handle(info);
        mp_owned_made(MP_OWNED_INFO, *info_used, MP_CALL_Comm_get_info);
    }
    return mp_leave(MP_CALL_Comm_get_info, c, err);
}
MP_WEAK(Comm_get_info);
