// SPDX-License-Identifier: MIT
// Intercommunicators from two groups of a session: any leaders, groups of any size, only the local
// leaders need know the other side; with an empty group the call is local.
// ranks: 2 3 5
#include "sessions.h"

static void one(MPI_Session session, int cut, int lead_low, int lead_high, int informed)
{
    MPI_Group world = session_group(session, "mpi://WORLD"), sides[2];
    int range[1][3] = {{0, cut - 1, 1}}, mine = rank >= cut, me, n, result;
    int leader = mine ? lead_high : lead_low, other = mine ? lead_low : lead_high;
    MPI_Comm inter, intra;

    OK(MPI_Group_range_incl(world, 1, range, &sides[0]));
    OK(MPI_Group_range_excl(world, 1, range, &sides[1]));
    OK(MPI_Group_rank(sides[mine], &me));
    int knows = informed || me == leader;
    OK(MPI_Intercomm_create_from_groups(
        sides[mine], leader, knows ? sides[1 - mine] : MPI_GROUP_NULL, knows ? other : -77,
        "org.example.inter", MPI_INFO_NULL, MPI_ERRORS_RETURN, &inter));
    OK(MPI_Comm_test_inter(inter, &result));
    CHECK(result, "no intercommunicator");
    OK(MPI_Comm_size(inter, &n));
    CHECK(n == (mine ? size - cut : cut), "%d in the local group", n);
    OK(MPI_Comm_remote_size(inter, &n));
    CHECK(n == (mine ? cut : size - cut), "%d in the remote group", n);
    MPI_Group remote;
    OK(MPI_Comm_remote_group(inter, &remote));
    OK(MPI_Group_compare(remote, sides[1 - mine], &result));
    CHECK(result == MPI_IDENT, "another remote group");
    OK(MPI_Group_free(&remote));
    // Everybody sends to all of the other side.
    for (int i = 0; i < n; i++) {
        OK(MPI_Send(&rank, 1, MPI_INT, i, 1, inter));
    }
    for (int i = 0; i < n; i++) {
        int got;
        OK(MPI_Recv(&got, 1, MPI_INT, i, 1, inter, MPI_STATUS_IGNORE));
        CHECK(got == (mine ? i : cut + i), "rank %d says %d", i, got);
    }
    OK(MPI_Barrier(inter));
    OK(MPI_Intercomm_merge(inter, mine, &intra));
    try_out(intra);
    OK(MPI_Comm_free(&intra));
    OK(MPI_Comm_free(&inter));
    OK(MPI_Group_free(&sides[0]));
    OK(MPI_Group_free(&sides[1]));
    OK(MPI_Group_free(&world));
}

int main(void)
{
    whoami();
    MPI_Session session = session_new("MPI_THREAD_SERIALIZED");
    for (int cut = 1; cut < size; cut++) {
        one(session, cut, 0, 0, 1);
        one(session, cut, cut - 1, size - cut - 1, 0);
    }
    MPI_Group self = session_group(session, "mpi://SELF");
    MPI_Comm none = (MPI_Comm)(uintptr_t)1;
    OK(MPI_Intercomm_create_from_groups(self, 0, MPI_GROUP_EMPTY, 0, "empty", MPI_INFO_NULL,
                                        MPI_ERRORS_RETURN, &none));
    CHECK(none == MPI_COMM_NULL, "an intercommunicator with nobody");
    OK(MPI_Intercomm_create_from_groups(MPI_GROUP_EMPTY, 0, self, 0, "empty", MPI_INFO_NULL,
                                        MPI_ERRORS_RETURN, &none));
    CHECK(none == MPI_COMM_NULL, "an intercommunicator with nobody");
    OK(MPI_Group_free(&self));
    OK(MPI_Session_finalize(&session));
    return 0;
}
