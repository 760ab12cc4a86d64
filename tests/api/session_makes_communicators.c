// SPDX-License-Identifier: MIT
// Without MPI_Init: a session tells its process sets and hints, makes groups of them, and
// communicators of groups in any order; all of that again and again after everything was finalized.
// The World Model is not there meanwhile.
// ranks: 1 2 5
#include "sessions.h"

static void psets(MPI_Session session)
{
    int count, length, flag, world = 0, self = 0;
    char name[MPI_MAX_PSET_NAME_LEN], value[32];
    MPI_Info info;

    OK(MPI_Session_get_num_psets(session, MPI_INFO_NULL, &count));
    for (int i = 0; i < count; i++) {
        length = 0;
        OK(MPI_Session_get_nth_pset(session, MPI_INFO_NULL, i, &length, NULL));
        int needed = length;
        CHECK(needed > 1 && needed <= MPI_MAX_PSET_NAME_LEN, "length %d", needed);
        OK(MPI_Session_get_nth_pset(session, MPI_INFO_NULL, i, &length, name));
        CHECK(length == needed && (int)strlen(name) + 1 == needed, "'%s', length %d", name, length);
        char cut[4] = "xyz";
        length = 3;
        OK(MPI_Session_get_nth_pset(session, MPI_INFO_NULL, i, &length, cut));
        CHECK(length == needed && strncmp(cut, name, 2) == 0 && cut[2] == 0, "cut to '%s'", cut);
        OK(MPI_Session_get_pset_info(session, name, &info));
        length = sizeof value;
        OK(MPI_Info_get_string(info, "mpi_size", &length, value, &flag));
        CHECK(flag, "%s has no mpi_size", name);
        OK(MPI_Info_free(&info));
        MPI_Group group = session_group(session, name);
        int n;
        OK(MPI_Group_size(group, &n));
        CHECK(atoi(value) == n, "%s has %d members, mpi_size %s", name, n, value);
        OK(MPI_Group_free(&group));
        world += strcmp(name, "mpi://WORLD") == 0 && n == size;
        self += strcmp(name, "mpi://SELF") == 0 && n == 1;
    }
    CHECK(world == 1 && self == 1, "mpi://WORLD %d times, mpi://SELF %d times", world, self);
    length = 4;
    FAILS(MPI_ERR_ARG, MPI_Session_get_nth_pset(session, MPI_INFO_NULL, count, &length, value));
    FAILS(MPI_ERR_ARG, MPI_Session_get_pset_info(session, "mpi://NOWHERE", &info));
    MPI_Group none = MPI_GROUP_EMPTY;
    OK(MPI_Group_from_session_pset(session, "mpi://NOWHERE", &none));
    CHECK(none == MPI_GROUP_NULL, "a group of a set that is not there");
}

static void hints(const char *asked, const char *expected)
{
    MPI_Session session = session_new(asked);
    MPI_Info info;
    char value[64];
    int length = sizeof value, flag;
    OK(MPI_Session_get_info(session, &info));
    OK(MPI_Info_get_string(info, "thread_level", &length, value, &flag));
    CHECK(flag, "no thread_level");
    if (expected) {
        CHECK(strcmp(value, expected) == 0, "asked for %s, got %s", asked, value);
    } else {
        CHECK(strncmp(value, "MPI_THREAD_", 11) == 0, "thread level %s", value);
    }
    OK(MPI_Info_free(&info));
    OK(MPI_Session_finalize(&session));
}

// Members backwards, and every second one.
static void groups(MPI_Session session)
{
    MPI_Group world = session_group(session, "mpi://WORLD"), part, empty;
    MPI_Comm comm;
    int backwards[1][3] = {{size - 1, 0, -1}}, second[1][3] = {{0, size - 1, 2}}, me;

    OK(MPI_Group_range_incl(world, 1, backwards, &part));
    OK(MPI_Comm_create_from_group(part, "backwards", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
    OK(MPI_Comm_rank(comm, &me));
    CHECK(me == size - 1 - rank, "rank %d", me);
    try_out(comm);
    OK(MPI_Comm_free(&comm));
    OK(MPI_Group_free(&part));

    OK(MPI_Group_range_incl(world, 1, second, &part));
    if (rank % 2 == 0) {
        MPI_Comm again;
        OK(MPI_Comm_create_from_group(part, "second", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
        OK(MPI_Comm_rank(comm, &me));
        CHECK(me == rank / 2, "rank %d", me);
        OK(MPI_Comm_dup(comm, &again));
        try_out(again);
        OK(MPI_Comm_free(&again));
        OK(MPI_Comm_split(comm, 0, -me, &again));
        try_out(again);
        OK(MPI_Comm_disconnect(&again));
        OK(MPI_Comm_free(&comm));
    } else {
        FAILS(MPI_ERR_GROUP,
              MPI_Comm_create_from_group(part, "second", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
    }
    OK(MPI_Group_free(&part));
    OK(MPI_Group_difference(world, world, &empty));
    OK(MPI_Comm_create_from_group(empty, "nobody", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
    CHECK(comm == MPI_COMM_NULL, "a communicator of nobody");
    OK(MPI_Comm_create_from_group(MPI_GROUP_EMPTY, "nobody", MPI_INFO_NULL, MPI_ERRORS_RETURN,
                                  &comm));
    CHECK(comm == MPI_COMM_NULL, "a communicator of nobody");
    OK(MPI_Group_free(&world));
}

static void no_world(MPI_Comm comm)
{
    int flag, *value;
    OK(MPI_Initialized(&flag));
    CHECK(!flag, "MPI_Init was not called");
    OK(MPI_Finalized(&flag));
    CHECK(!flag, "MPI_Finalize was not called");
    // A world handle, here with a session's: the session's handler returns.
    int result;
    FAILS(MPI_ERR_COMM, MPI_Comm_compare(comm, MPI_COMM_WORLD, &result));
    FAILS(MPI_ERR_COMM, MPI_Comm_compare(comm, MPI_COMM_SELF, &result));
    OK(MPI_Comm_get_attr(comm, MPI_TAG_UB, &value, &flag));
    CHECK(flag && *value >= 32767, "no MPI_TAG_UB");
    OK(MPI_Comm_get_attr(comm, MPI_WTIME_IS_GLOBAL, &value, &flag));
    CHECK(!flag, "an attribute of the World Model");
}

int main(void)
{
    whoami();
    for (int round = 0; round < 20; round++) {
        MPI_Session session = session_new(NULL);
        psets(session);
        MPI_Comm comm = session_comm(session, "mpi://WORLD", "org.example.one");
        MPI_Comm self = session_comm(session, "mpi://SELF", "org.example.one");
        try_out(comm);
        try_out(self);
        no_world(comm);
        groups(session);
        OK(MPI_Comm_free(&comm));
        OK(MPI_Comm_free(&self));
        OK(MPI_Session_finalize(&session));
    }
    hints("MPI_THREAD_SINGLE", "MPI_THREAD_SINGLE");
    hints("MPI_THREAD_FUNNELED", "MPI_THREAD_FUNNELED");
    hints("MPI_THREAD_SERIALIZED", "MPI_THREAD_SERIALIZED");
    hints("MPI_THREAD_MULTIPLE", "MPI_THREAD_MULTIPLE");
    hints(NULL, NULL);
    return 0;
}
