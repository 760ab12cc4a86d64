// SPDX-License-Identifier: MIT
// Partitioned sends and receives are matched in the order in which they were made, whatever the
// order in which they are started, per source, tag and communicator; they never meet ordinary
// messages; and one that is freed without having been started keeps its place.
// ranks: 1 2 4
#include "check.h"

enum { ENDS = 5, ROUNDS = 4 };

// The order in which request i is started in a round.
static int turn(int round, int i)
{
    return (i * (round % 2 ? 1 : ENDS - 1) + round) % ENDS;
}

static void rounds(MPI_Comm sends, MPI_Comm receives, int tag)
{
    int to = (rank + 1) % size, from = (rank + size - 1) % size;
    int out[ENDS][2], in[ENDS][2];
    MPI_Request s[ENDS], r[ENDS];
    for (int i = 0; i < ENDS; i++) {
        OK(MPI_Psend_init(out[i], 2, 1, MPI_INT, to, tag, sends, MPI_INFO_NULL, &s[i]));
    }
    for (int i = 0; i < ENDS; i++) {
        OK(MPI_Precv_init(in[i], 1, 2, MPI_INT, from, tag, receives, MPI_INFO_NULL, &r[i]));
    }
    for (int round = 0; round < ROUNDS; round++) {
        memset(in, 0xff, sizeof in);
        for (int k = 0; k < ENDS; k++) {
            int i = turn(round, k);
            out[i][0] = round * 100 + i;
            out[i][1] = -out[i][0];
            OK(MPI_Start(&s[i]));
            OK(MPI_Pready_range(0, 1, s[i]));
        }
        for (int k = 0; k < ENDS; k++) {
            OK(MPI_Start(&r[turn(round + 1, k)]));
        }
        OK(MPI_Waitall(ENDS, r, MPI_STATUSES_IGNORE));
        OK(MPI_Waitall(ENDS, s, MPI_STATUSES_IGNORE));
        for (int i = 0; i < ENDS; i++) {
            CHECK(in[i][0] == round * 100 + i && in[i][1] == -in[i][0], "end %d has %d and %d", i,
                  in[i][0], in[i][1]);
        }
    }
    for (int i = 0; i < ENDS; i++) {
        OK(MPI_Request_free(&s[i]));
        OK(MPI_Request_free(&r[i]));
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int to = (rank + 1) % size, from = (rank + size - 1) % size;
    MPI_Comm other;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &other));

    // An ordinary wildcard receive that is posted all the time sees none of it.
    int wild = -1;
    MPI_Request ordinary;
    OK(MPI_Irecv(&wild, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &ordinary));

    // Ends that are never started, freed before and after they met. They match each other.
    int unused[2];
    for (int order = 0; order < 2; order++) {
        MPI_Request s, r;
        if (order) {
            OK(MPI_Precv_init(unused, 1, 1, MPI_INT, from, 3, other, MPI_INFO_NULL, &r));
            OK(MPI_Request_free(&r));
            OK(MPI_Psend_init(unused + 1, 1, 1, MPI_INT, to, 3, other, MPI_INFO_NULL, &s));
            OK(MPI_Request_free(&s));
        } else {
            OK(MPI_Psend_init(unused + 1, 1, 1, MPI_INT, to, 3, other, MPI_INFO_NULL, &s));
            OK(MPI_Request_free(&s));
            OK(MPI_Precv_init(unused, 1, 1, MPI_INT, from, 3, other, MPI_INFO_NULL, &r));
            OK(MPI_Request_free(&r));
        }
    }
    rounds(other, other, 3);
    rounds(MPI_COMM_WORLD, MPI_COMM_WORLD, 3);
    rounds(MPI_COMM_WORLD, MPI_COMM_WORLD, 3); // those before are gone

    // A communicator may be freed while its requests live, and its successors see nothing of what
    // was left unmatched in it.
    for (int i = 0; i < 20; i++) {
        MPI_Comm comm;
        MPI_Request s, r;
        int data = i * size + rank, got = -1;
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
        OK(MPI_Psend_init(&data, 1, 1, MPI_INT, to, 0, comm, MPI_INFO_NULL, &s));
        OK(MPI_Precv_init(&got, 1, 1, MPI_INT, from, 0, comm, MPI_INFO_NULL, &r));
        MPI_Request lonely;
        OK(MPI_Psend_init(&data, 1, 1, MPI_INT, to, 0, comm, MPI_INFO_NULL, &lonely));
        OK(MPI_Request_free(&lonely));
        OK(MPI_Comm_free(&comm));
        OK(MPI_Start(&r));
        OK(MPI_Start(&s));
        OK(MPI_Pready(0, s));
        OK(MPI_Wait(&s, MPI_STATUS_IGNORE));
        OK(MPI_Wait(&r, MPI_STATUS_IGNORE));
        CHECK(got == i * size + from, "got %d", got);
        OK(MPI_Request_free(&s));
        OK(MPI_Request_free(&r));
        OK(MPI_Barrier(MPI_COMM_WORLD));
    }

    int flag;
    OK(MPI_Test(&ordinary, &flag, MPI_STATUS_IGNORE));
    CHECK(!flag && wild == -1, "the ordinary receive got %d", wild);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Send(&to, 1, MPI_INT, to, 9, MPI_COMM_WORLD));
    OK(MPI_Wait(&ordinary, MPI_STATUS_IGNORE));
    CHECK(wild == rank, "got %d", wild);
    OK(MPI_Comm_free(&other));
    return finish();
}
