// SPDX-License-Identifier: MIT
// Intercommunicators: created over a bridge from leaders that are not rank 0, compared,
// duplicated, split, cut down with MPI_Comm_create, merged in the order that `high` asks for;
// point-to-point goes to the other group.
// ranks: 2 3 5 8
#include "check.h"

static MPI_Comm local, inter;
static int side, mine, theirs, me;

// World rank of rank r of the other group: the world's even and odd ranks, downwards.
static int other_world(int r)
{
    return 2 * (theirs - 1 - r) + 1 - side;
}

static void talk(void)
{
    int got = -1, to = me % theirs;
    MPI_Request request;
    MPI_Status status;
    OK(MPI_Isend(&rank, 1, MPI_INT, to, 9, inter, &request));
    for (int r = 0; r < theirs; r++) {
        if (r % mine == me) {
            OK(MPI_Recv(&got, 1, MPI_INT, r, 9, inter, &status));
            CHECK(got == other_world(r) && status.MPI_SOURCE == r, "from %d got %d", r, got);
        }
    }
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
}

static void merge(void)
{
    for (int high = 0; high < 4; high++) { // bits: what the sides give
        MPI_Comm merged;
        int n, r, my_high = high >> side & 1, their_high = high >> (1 - side) & 1;
        OK(MPI_Intercomm_merge(inter, my_high, &merged));
        MPI_Comm_size(merged, &n);
        MPI_Comm_rank(merged, &r);
        CHECK(n == mine + theirs, "%d after merging", n);
        if (my_high != their_high) {
            CHECK(r == me + (my_high ? theirs : 0), "high %d: rank %d", high, r);
        } else {
            CHECK(r == me || r == me + theirs, "high %d: rank %d", high, r);
        }
        OK(MPI_Barrier(merged));
        OK(MPI_Comm_free(&merged));
    }
}

static void derive(void)
{
    MPI_Comm part, copy;
    MPI_Group group, one;
    int n, result, flag;
    OK(MPI_Comm_dup(inter, &copy));
    MPI_Comm_compare(inter, copy, &result);
    CHECK(result == MPI_CONGRUENT, "compare gives %d", result);
    MPI_Comm_compare(inter, MPI_COMM_WORLD, &result);
    CHECK(result == MPI_UNEQUAL, "compare gives %d", result);
    OK(MPI_Barrier(copy));
    OK(MPI_Comm_free(&copy));
    // Rank 0 of each side makes a color; the others another, which may be on one side only.
    OK(MPI_Comm_split(inter, me > 0, 0, &part));
    int both = me == 0 || theirs > 1;
    CHECK((part != MPI_COMM_NULL) == both, "part or not");
    if (both) {
        MPI_Comm_test_inter(part, &flag);
        MPI_Comm_remote_size(part, &n);
        CHECK(flag && n == (me > 0 ? theirs - 1 : 1), "remote size %d", n);
        OK(MPI_Barrier(part));
        OK(MPI_Comm_free(&part));
    }
    MPI_Comm_group(inter, &group);
    MPI_Group_incl(group, 1, (int[]){mine - 1}, &one);
    OK(MPI_Comm_create(inter, one, &part));
    CHECK((part != MPI_COMM_NULL) == (me == mine - 1), "member or not");
    if (part != MPI_COMM_NULL) {
        int got = -1;
        OK(MPI_Sendrecv(&rank, 1, MPI_INT, 0, 1, &got, 1, MPI_INT, 0, 1, part, MPI_STATUS_IGNORE));
        CHECK(got == other_world(theirs - 1), "got %d", got);
        OK(MPI_Comm_free(&part));
    }
    MPI_Group_free(&one);
    MPI_Group_free(&group);
}

int main(int argc, char **argv)
{
    int n;
    start(&argc, &argv);
    side = rank % 2;
    MPI_Comm_split(MPI_COMM_WORLD, side, -rank, &local);
    MPI_Comm_size(local, &mine);
    MPI_Comm_rank(local, &me);
    theirs = size - mine;
    for (int leader = 0; leader < 2; leader++) {
        // World rank of the other group's leader; ours is the last or the first of the group.
        int bridge = leader ? other_world(0) : other_world(theirs - 1);
        OK(MPI_Intercomm_create(local, leader ? 0 : mine - 1, MPI_COMM_WORLD, bridge, 70 + leader,
                                &inter));
        MPI_Comm_remote_size(inter, &n);
        CHECK(n == theirs, "remote size %d", n);
        talk();
        merge();
        derive();
        OK(MPI_Comm_free(&inter));
    }
    MPI_Comm_set_errhandler(local, MPI_ERRORS_RETURN);
    FAILS(MPI_ERR_COMM, MPI_Comm_remote_size(local, &n));
    FAILS(MPI_ERR_RANK, MPI_Intercomm_create(local, mine, MPI_COMM_WORLD, 0, 1, &inter));
    MPI_Comm_free(&local);
    return finish();
}
