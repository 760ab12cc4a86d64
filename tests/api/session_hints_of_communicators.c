// SPDX-License-Identifier: MIT
// A communicator tells all hints that are known, with their defaults or what was given: at its
// making, or later; what makes no sense is ignored, and nothing is inherited. Memory allocation
// kinds: what a session was asked to support is what its communicators tell.
// ranks: 1 2
#include "sessions.h"

static const char *const assertions[] = {"mpi_assert_no_any_tag", "mpi_assert_no_any_source",
                                         "mpi_assert_exact_length", "mpi_assert_allow_overtaking",
                                         "mpi_assert_strict_persistent_collective_ordering"};

// The value of a hint; NULL when the communicator has none of that name.
static const char *hint(MPI_Comm comm, const char *key)
{
    static char value[MPI_MAX_INFO_VAL];
    int length = sizeof value, flag;
    MPI_Info info;
    OK(MPI_Comm_get_info(comm, &info));
    OK(MPI_Info_get_string(info, key, &length, value, &flag));
    OK(MPI_Info_free(&info));
    return flag ? value : NULL;
}

#define HINT(comm, key, expected)                                                    \
    do {                                                                             \
        const char *value_ = hint(comm, key), *expected_ = (expected);               \
        CHECK(value_ &&strcmp(value_, expected_) == 0, "%s is %s, expected %s", key, \
              value_ ? value_ : "not there", expected_);                             \
    } while (0)

static int has_kind(const char *list, const char *kind)
{
    for (const char *at = list; (at = strstr(at, kind)) != NULL; at++) {
        char end = at[strlen(kind)];
        if ((at == list || at[-1] == ',') && (end == 0 || end == ',')) {
            return 1;
        }
    }
    return 0;
}

static void kinds(void)
{
    MPI_Info info;
    MPI_Session session;
    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, "mpi_memory_alloc_kinds",
                    "system,  mpi:win_allocate:alloc_mem,abacus,mpi:abacus"));
    OK(MPI_Session_init(info, MPI_ERRORS_RETURN, &session));
    OK(MPI_Info_free(&info));
    MPI_Comm comm = session_comm(session, "mpi://WORLD", "kinds"), other;
    char list[MPI_MAX_INFO_VAL];
    int length = sizeof list, flag;
    OK(MPI_Session_get_info(session, &info));
    OK(MPI_Info_get_string(info, "mpi_memory_alloc_kinds", &length, list, &flag));
    CHECK(flag && has_kind(list, "mpi") && has_kind(list, "system") &&
              has_kind(list, "mpi:win_allocate:alloc_mem") && !strstr(list, "abacus"),
          "kinds %s", list);
    OK(MPI_Info_free(&info));
    HINT(comm, "mpi_memory_alloc_kinds", list);
    // What the program promises must be among them.
    CHECK(!hint(comm, "mpi_assert_memory_alloc_kinds"), "set by default");
    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, "mpi_assert_memory_alloc_kinds", "abacus"));
    OK(MPI_Comm_set_info(comm, info));
    CHECK(!hint(comm, "mpi_assert_memory_alloc_kinds"), "an unknown kind was taken");
    OK(MPI_Info_set(info, "mpi_assert_memory_alloc_kinds", "system,mpi:alloc_mem"));
    OK(MPI_Comm_dup_with_info(comm, info, &other));
    HINT(other, "mpi_assert_memory_alloc_kinds", "system,mpi:alloc_mem");
    OK(MPI_Info_free(&info));
    OK(MPI_Comm_free(&other));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Session_finalize(&session));
}

static void asserts(MPI_Comm parent)
{
    MPI_Info info;
    MPI_Comm comm, other;
    MPI_Request request;
    for (size_t i = 0; i < COUNT_OF(assertions); i++) {
        HINT(parent, assertions[i], "false");
    }
    HINT(parent, "mpi_memory_alloc_kinds", "mpi,system");
    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, assertions[0], "true"));
    OK(MPI_Info_set(info, assertions[1], "perhaps"));
    OK(MPI_Info_set(info, "org.example.hint", "true"));
    OK(MPI_Comm_dup_with_info(parent, info, &comm));
    HINT(comm, assertions[0], "true");
    HINT(comm, assertions[1], "false");
    CHECK(!hint(comm, "org.example.hint"), "an unknown hint was taken");
    OK(MPI_Comm_dup(comm, &other));
    HINT(other, assertions[0], "false"); // not inherited
    OK(MPI_Info_delete(info, assertions[0]));
    OK(MPI_Info_set(info, assertions[4], "true"));
    OK(MPI_Comm_set_info(comm, info));
    HINT(comm, assertions[0], "true"); // not mentioned, not changed
    HINT(comm, assertions[4], "true");
    OK(MPI_Info_set(info, assertions[4], "false"));
    OK(MPI_Comm_set_info(comm, info));
    HINT(comm, assertions[4], "false");
    OK(MPI_Comm_set_info(comm, MPI_INFO_NULL));
    OK(MPI_Comm_free(&other));
    OK(MPI_Info_set(info, assertions[3], "true"));
    OK(MPI_Comm_idup_with_info(comm, info, &other, &request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    HINT(other, assertions[3], "true");
    OK(MPI_Comm_free(&other));
    OK(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, info, &other));
    HINT(other, assertions[3], "true");
    OK(MPI_Comm_free(&other));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Info_free(&info));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    asserts(MPI_COMM_WORLD);
    kinds();
    MPI_Session session = session_new(NULL);
    MPI_Comm comm = session_comm(session, "mpi://WORLD", "hints");
    asserts(comm);
    OK(MPI_Comm_free(&comm));
    // At its making.
    MPI_Group group = session_group(session, "mpi://WORLD");
    MPI_Info info;
    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, assertions[2], "true"));
    OK(MPI_Comm_create_from_group(group, "hints", info, MPI_ERRORS_RETURN, &comm));
    HINT(comm, assertions[2], "true");
    OK(MPI_Comm_free(&comm));
    OK(MPI_Info_free(&info));
    OK(MPI_Group_free(&group));
    OK(MPI_Session_finalize(&session));
    return finish();
}
