// SPDX-License-Identifier: MIT
// Persistent collectives: requests made in one order, the same at all ranks, and started again
// and again in another, with new contents each time, several at once.
// ranks: 1 2 3 5
#include "coll_model.h"

enum { STARTS = 5 };

static void all_operations(MPI_Comm comm, int count, int in_place)
{
    struct coll colls[OPERATIONS];
    int local;
    MPI_Comm_size(comm, &local);
    for (int o = 0; o < OPERATIONS; o++) {
        colls[o] = (struct coll){.operation = (enum coll_operation)o,
                                 .form = PERSISTENT,
                                 .layout = (enum coll_layout)((o + count) % LAYOUTS),
                                 .comm = comm,
                                 .root = o % local,
                                 .count = count,
                                 .in_place = in_place,
                                 .large = o % 2,
                                 .seed = 5u + (unsigned)o};
        coll_begin(&colls[o]);
        OK(coll_call(&colls[o]));
    }
    for (int again = 0; again < STARTS; again++) {
        for (int o = 0; o < OPERATIONS; o++) {
            coll_refill(&colls[o], 100u + (unsigned)(again * OPERATIONS + o));
        }
        // Starts in an order of this rank's own: a persistent operation is known by its making.
        for (int i = 0; i < OPERATIONS; i++) {
            OK(MPI_Start(&colls[(i * 3 + rank + again) % OPERATIONS].request));
        }
        for (int i = 0; i < OPERATIONS; i++) {
            struct coll *c = &colls[(i * 5 + rank) % OPERATIONS];
            OK(MPI_Wait(&c->request, MPI_STATUS_IGNORE));
            CHECK(c->request != MPI_REQUEST_NULL, "a persistent request is gone");
            coll_verify(c);
        }
    }
    for (int o = 0; o < OPERATIONS; o++) {
        OK(MPI_Request_free(&colls[o].request));
        coll_end(&colls[o]);
    }
}

int main(int argc, char **argv)
{
    MPI_Comm reversed;
    start(&argc, &argv);
    coll_setup();
    MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &reversed);
    all_operations(MPI_COMM_WORLD, 0, 0);
    all_operations(MPI_COMM_WORLD, 9, 0);
    all_operations(reversed, 9, 1);
    all_operations(reversed, 4000, 0);
    MPI_Comm_free(&reversed);
    coll_teardown();
    return finish();
}
