// SPDX-License-Identifier: MIT
// Nonblocking collectives: many outstanding at once, on several communicators, completed in any
// order, each rank in its own, with blocking ones and point-to-point messages in between; each
// gives what a serial program would.
// ranks: 1 2 3 5 8
// timeout: 180
#include "coll_model.h"

enum { OUTSTANDING = 24, ROUNDS = 12 };

static unsigned state;
static unsigned next(unsigned below) // the same at all ranks
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

static unsigned own_state;
static unsigned own(unsigned below) // of this rank
{
    own_state = own_state * 1664525u + 1013904223u;
    return (own_state >> 8) % below;
}

static struct coll random_coll(MPI_Comm comm)
{
    static const int most[] = {1, 10, 100, 3000};
    int local;
    MPI_Comm_size(comm, &local);
    return (struct coll){.operation = (enum coll_operation)next(OPERATIONS),
                         .layout = (enum coll_layout)next(LAYOUTS),
                         .form = NONBLOCKING,
                         .comm = comm,
                         .root = (int)next((unsigned)local),
                         .count = (int)next((unsigned)most[next(4)] + 1),
                         .in_place = (int)next(2),
                         .large = (int)next(2),
                         .seed = next(1000000)};
}

// Completes the requests in an order of this rank's own, by one of the ways there are.
static void complete(struct coll *colls, int count)
{
    MPI_Request requests[OUTSTANDING];
    int left = count;
    for (int i = 0; i < count; i++) {
        requests[i] = colls[i].request;
    }
    while (left > 0) {
        int i = (int)own((unsigned)count), flag = 1;
        if (requests[i] == MPI_REQUEST_NULL) {
            continue;
        }
        switch (own(4)) {
        case 0:
            OK(MPI_Wait(&requests[i], MPI_STATUS_IGNORE));
            break;
        case 1:
            OK(MPI_Waitany(count, requests, &i, MPI_STATUS_IGNORE));
            break;
        case 2:
            OK(MPI_Test(&requests[i], &flag, MPI_STATUS_IGNORE));
            break;
        default:
            OK(MPI_Testany(count, requests, &i, &flag, MPI_STATUS_IGNORE));
            break;
        }
        if (flag) {
            CHECK(requests[i] == MPI_REQUEST_NULL, "request %d is still there", i);
            coll_verify(&colls[i]);
            left--;
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Comm comms[3];
    struct coll colls[OUTSTANDING];
    start(&argc, &argv);
    coll_setup();
    own_state = 17u + (unsigned)rank;
    comms[0] = MPI_COMM_WORLD;
    MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &comms[1]);
    MPI_Comm_dup(MPI_COMM_WORLD, &comms[2]);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < OUTSTANDING; i++) {
            colls[i] = random_coll(comms[next(3)]);
            coll_begin(&colls[i]);
            OK(coll_call(&colls[i]));
            if (i % 8 == 3) {
                struct coll blocking = random_coll(comms[next(3)]);
                blocking.form = BLOCKING;
                coll_do(blocking);
            }
        }
        int token = rank, got = -1;
        OK(MPI_Sendrecv(&token, 1, MPI_INT, (rank + 1) % size, 5, &got, 1, MPI_INT,
                        (rank + size - 1) % size, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CHECK(got == (rank + size - 1) % size, "token is %d", got);
        complete(colls, OUTSTANDING);
        for (int i = 0; i < OUTSTANDING; i++) {
            coll_end(&colls[i]);
        }
    }
    MPI_Comm_free(&comms[1]);
    MPI_Comm_free(&comms[2]);
    coll_teardown();
    return finish();
}
