// SPDX-License-Identifier: MIT
// Errors of a session, and of groups from it, go to the session's handler; those of making a
// communicator from a group to the handler that it was to have; those of the communicator to its
// own. Wrong arguments are told.
// ranks: 1 2
#include "sessions.h"

static int session_calls, comm_calls, last_code;
static MPI_Session last_session;
static MPI_Comm last_comm;

static void on_session(MPI_Session *session, int *code, ...)
{
    session_calls++;
    last_session = *session;
    last_code = *code;
}

static void on_comm(MPI_Comm *comm, int *code, ...)
{
    comm_calls++;
    last_comm = *comm;
    last_code = *code;
}

// One call of the session's handler, with that session and class.
#define RAISED(of_session, class)                                                           \
    do {                                                                                    \
        int class_ = -1;                                                                    \
        OK(MPI_Error_class(last_code, &class_));                                            \
        CHECK(session_calls == 1 && class_ == (class), "%d calls, class %d", session_calls, \
              class_);                                                                      \
        CHECK(last_session == (of_session), "called with another session");                 \
        session_calls = 0;                                                                  \
    } while (0)

#define RAISED_ON_COMM(of_comm, class)                                                         \
    do {                                                                                       \
        int class_ = -1;                                                                       \
        OK(MPI_Error_class(last_code, &class_));                                               \
        CHECK(comm_calls == 1 && class_ == (class), "%d calls, class %d", comm_calls, class_); \
        CHECK(last_comm == (of_comm), "called with another communicator");                     \
        comm_calls = 0;                                                                        \
    } while (0)

int main(int argc, char **argv)
{
    MPI_Errhandler of_session, of_comm, got;
    MPI_Session session = MPI_SESSION_NULL, other;
    MPI_Group group, wrong_group = MPI_GROUP_NULL;
    MPI_Comm comm, made;
    MPI_Info info;
    int n, member;

    whoami();
    OK(MPI_Session_create_errhandler(on_session, &of_session)); // before anything else
    OK(MPI_Comm_create_errhandler(on_comm, &of_comm));
    // The making of a session.
    FAILS(MPI_ERR_INFO, MPI_Session_init((MPI_Info)(uintptr_t)0x7777, of_session, &session));
    RAISED(MPI_SESSION_NULL, MPI_ERR_INFO);
    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, "thread_level", "MPI_THREAD_MULTIPEL"));
    FAILS(MPI_ERR_INFO_VALUE, MPI_Session_init(info, of_session, &session));
    RAISED(MPI_SESSION_NULL, MPI_ERR_INFO_VALUE);
    OK(MPI_Info_free(&info));
    FAILS(MPI_ERR_ARG, MPI_Session_init(MPI_INFO_NULL, of_session, NULL));
    RAISED(MPI_SESSION_NULL, MPI_ERR_ARG);
    OK(MPI_Session_init(MPI_INFO_NULL, of_session, &session));
    OK(MPI_Session_get_errhandler(session, &got));
    CHECK(got == of_session, "another handler comes back");
    OK(MPI_Errhandler_free(&got));
    OK(MPI_Errhandler_free(&of_session)); // lives on in the session
    // On the session.
    FAILS(MPI_ERR_ARG, MPI_Session_get_num_psets(session, MPI_INFO_NULL, NULL));
    RAISED(session, MPI_ERR_ARG);
    FAILS(MPI_ERR_ARG, MPI_Session_get_pset_info(session, "mpi://NOWHERE", &info));
    RAISED(session, MPI_ERR_ARG);
    FAILS(MPI_ERR_ARG, MPI_Group_from_session_pset(session, NULL, &group));
    RAISED(session, MPI_ERR_ARG);
    FAILS(MPI_ERR_ERRHANDLER, MPI_Session_set_errhandler(session, of_comm));
    RAISED(session, MPI_ERR_ERRHANDLER);
    FAILS(MPI_ERR_BUFFER, MPI_Session_detach_buffer(session, &got, &n));
    RAISED(session, MPI_ERR_BUFFER);
    OK(MPI_Session_call_errhandler(session, MPI_ERR_OTHER));
    RAISED(session, MPI_ERR_OTHER);
    // On its groups, and groups of these.
    MPI_Group world = session_group(session, "mpi://WORLD"), part;
    int far = size;
    OK(MPI_Group_incl(world, 1, &rank, &part));
    FAILS(MPI_ERR_RANK, MPI_Group_incl(part, 1, &far, &group));
    RAISED(session, MPI_ERR_RANK);
    FAILS(MPI_ERR_ARG, MPI_Group_size(part, NULL));
    RAISED(session, MPI_ERR_ARG);
    // In the making of a communicator.
    char tag[MPI_MAX_STRINGTAG_LEN + 1];
    memset(tag, 't', sizeof tag);
    tag[MPI_MAX_STRINGTAG_LEN] = 0;
    FAILS(MPI_ERR_ARG, MPI_Comm_create_from_group(world, tag, MPI_INFO_NULL, of_comm, &comm));
    RAISED_ON_COMM(MPI_COMM_NULL, MPI_ERR_ARG);
    FAILS(MPI_ERR_ERRHANDLER,
          MPI_Comm_create_from_group(world, "tag", MPI_INFO_NULL, MPI_ERRHANDLER_NULL, &comm));
    RAISED(session, MPI_ERR_ERRHANDLER);
    FAILS(MPI_ERR_RANK, MPI_Intercomm_create_from_groups(world, size, part, 0, "tag", MPI_INFO_NULL,
                                                         of_comm, &comm));
    RAISED_ON_COMM(MPI_COMM_NULL, MPI_ERR_RANK);
    // The groups overlap: only the leader can know, and all are told.
    FAILS(MPI_ERR_GROUP, MPI_Intercomm_create_from_groups(world, 0, part, 0, "tag", MPI_INFO_NULL,
                                                          of_comm, &comm));
    RAISED_ON_COMM(MPI_COMM_NULL, MPI_ERR_GROUP);
    tag[MPI_MAX_STRINGTAG_LEN - 1] = 0; // the longest that may be
    OK(MPI_Comm_create_from_group(world, tag, MPI_INFO_NULL, of_comm, &comm));
    OK(MPI_Errhandler_free(&of_comm));
    FAILS(MPI_ERR_RANK, MPI_Send(&n, 1, MPI_INT, size, 0, comm));
    RAISED_ON_COMM(comm, MPI_ERR_RANK);
    OK(MPI_Comm_dup(comm, &made)); // inherits
    FAILS(MPI_ERR_TAG, MPI_Send(&n, 1, MPI_INT, 0, -5, made));
    RAISED_ON_COMM(made, MPI_ERR_TAG);
    CHECK(session_calls == 0, "the session's handler was called for a communicator");
    OK(MPI_Comm_free(&made));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Group_free(&part));
    OK(MPI_Group_free(&world));
    OK(MPI_Session_set_errhandler(session, MPI_ERRORS_RETURN));
    FAILS(MPI_ERR_ARG, MPI_Session_get_info(session, NULL));
    CHECK(session_calls == 0, "the handler that was replaced was called");

    // With a world there is somewhere to raise what concerns no session.
    OK(MPI_Init(&argc, &argv));
    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    other = session;
    OK(MPI_Session_finalize(&session));
    FAILS(MPI_ERR_SESSION, MPI_Session_finalize(&session));
    FAILS(MPI_ERR_SESSION, MPI_Session_finalize(&other));
    FAILS(MPI_ERR_SESSION, MPI_Session_get_info(other, &info));
    FAILS(MPI_ERR_SESSION, MPI_Session_get_num_psets(MPI_SESSION_NULL, MPI_INFO_NULL, &n));
    FAILS(MPI_ERR_SESSION, MPI_Session_call_errhandler(MPI_SESSION_NULL, MPI_ERR_OTHER));
    FAILS(MPI_ERR_GROUP, MPI_Group_rank(wrong_group, &member));
    FAILS(MPI_ERR_ERRHANDLER, MPI_Session_init(MPI_INFO_NULL, MPI_ERRHANDLER_NULL, &session));
    FAILS(MPI_ERR_OTHER, MPI_Init(&argc, &argv));
    return finish();
}
