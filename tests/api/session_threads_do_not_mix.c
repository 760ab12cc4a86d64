// SPDX-License-Identifier: MIT
// Many threads start sessions and make communicators at the same time, from equal and from
// different groups, told apart by their strings alone; every communicator connects the right
// threads. So does an intercommunicator.
// ranks: 1 2 4
// timeout: 120
#include "sessions.h"

#include "threads.h"

enum { THREADS = 6, ROUNDS = 12 };

// All ranks' threads of the same number, in the order of that rank's choice.
static void one_communicator(MPI_Session session, int thread, int round)
{
    char tag[200];
    MPI_Group world = session_group(session, "mpi://WORLD"), group;
    int turned[2][3] = {{thread % size, size - 1, 1}, {0, thread % size - 1, 1}};
    MPI_Comm comm;

    // Long strings that differ in one place.
    memset(tag, 'x', sizeof tag);
    snprintf(tag + 150, 50, "%d", thread);
    if (thread % 2) {
        OK(MPI_Group_range_incl(world, thread % size ? 2 : 1, turned, &group));
    } else {
        OK(MPI_Group_union(world, MPI_GROUP_EMPTY, &group));
    }
    OK(MPI_Comm_create_from_group(group, tag, MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
    int mine[2] = {thread, round}, least[2], most[2];
    OK(MPI_Allreduce(mine, least, 2, MPI_INT, MPI_MIN, comm));
    OK(MPI_Allreduce(mine, most, 2, MPI_INT, MPI_MAX, comm));
    CHECK(least[0] == thread && most[0] == thread, "threads %d to %d in the communicator of %d",
          least[0], most[0], thread);
    CHECK(least[1] == round && most[1] == round, "rounds %d to %d in round %d", least[1], most[1],
          round);
    OK(MPI_Comm_free(&comm));
    OK(MPI_Group_free(&group));
    OK(MPI_Group_free(&world));
}

static void one_intercommunicator(MPI_Session session, int thread)
{
    MPI_Group world = session_group(session, "mpi://WORLD"), mine, theirs;
    int half[1][3] = {{0, size / 2 - 1, 1}};
    int member, value = -1, sum = 0, n;
    char tag[32];
    MPI_Comm inter;

    if (size >= 2) {
        OK(MPI_Group_range_incl(world, 1, half, &mine));
        OK(MPI_Group_range_excl(world, 1, half, &theirs));
        OK(MPI_Group_rank(mine, &member));
        if (member == MPI_UNDEFINED) {
            MPI_Group swap = mine;
            mine = theirs;
            theirs = swap;
        }
        snprintf(tag, sizeof tag, "inter %d", thread);
        OK(MPI_Intercomm_create_from_groups(mine, 0, theirs, 0, tag, MPI_INFO_NULL,
                                            MPI_ERRORS_RETURN, &inter));
        value = thread;
        OK(MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, inter));
        OK(MPI_Comm_remote_size(inter, &n));
        CHECK(sum == thread * n, "the sum of %d threads %d is %d", n, thread, sum);
        OK(MPI_Comm_free(&inter));
        OK(MPI_Group_free(&mine));
        OK(MPI_Group_free(&theirs));
    }
    OK(MPI_Group_free(&world));
}

static void *work(void *argument)
{
    int thread = (int)(intptr_t)argument;
    MPI_Session own = MPI_SESSION_NULL;
    for (int round = 0; round < ROUNDS; round++) {
        if (own == MPI_SESSION_NULL) {
            own = session_new(NULL);
        }
        one_communicator(own, thread, round);
        one_intercommunicator(own, thread);
        if (round % 3 == thread % 3) {
            OK(MPI_Session_finalize(&own)); // perhaps the last one of all for now
        }
    }
    if (own != MPI_SESSION_NULL) {
        OK(MPI_Session_finalize(&own));
    }
    return NULL;
}

int main(void)
{
    whoami();
    in_threads(THREADS, work);
    return 0;
}
