// SPDX-License-Identifier: MIT
// Collectives on an intercommunicator: blocking, nonblocking and persistent, with the root in
// either group, for groups of every pair of sizes that the world can be cut in.
// ranks: 2 3 5 7
// timeout: 120
#include "coll_model.h"

static void all_on(MPI_Comm comm, int side, int sizes_of[2])
{
    static const int counts[] = {0, 1, 13, 17000};
    int times = 0;
    for (int o = 0; o < OPERATIONS; o++) {
        for (int form = BLOCKING; form <= PERSISTENT; form++) {
            for (size_t n = 0; n < COUNT_OF(counts); n++, times++) {
                int root_side = times % 2;
                struct coll c = {.operation = (enum coll_operation)o,
                                 .form = (enum coll_form)form,
                                 .layout = (enum coll_layout)(times % LAYOUTS),
                                 .comm = comm,
                                 .root_side = root_side,
                                 .root = times / 2 % sizes_of[root_side],
                                 .count = counts[n],
                                 .large = times / 3 % 2,
                                 .side = side,
                                 .seed = 1000u + (unsigned)times};
                if (o == SCAN || o == EXSCAN) {
                    continue;
                }
                coll_begin(&c);
                OK(coll_call(&c));
                if (form == PERSISTENT) {
                    OK(MPI_Start(&c.request));
                }
                if (form != BLOCKING) {
                    OK(MPI_Wait(&c.request, MPI_STATUS_IGNORE));
                }
                coll_verify(&c);
                if (form == PERSISTENT) {
                    OK(MPI_Request_free(&c.request));
                }
                coll_end(&c);
            }
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Comm half, inter, copy;
    start(&argc, &argv);
    coll_setup();
    for (int left = 1; left < size; left++) {
        int side = rank >= left, flag, n;
        int sizes_of[2] = {left, size - left};
        MPI_Comm_split(MPI_COMM_WORLD, side, rank, &half);
        OK(MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, side ? 0 : left, left, &inter));
        OK(MPI_Comm_test_inter(inter, &flag));
        CHECK(flag, "no intercommunicator");
        OK(MPI_Comm_remote_size(inter, &n));
        CHECK(n == sizes_of[1 - side], "remote size is %d", n);
        all_on(inter, side, sizes_of);
        OK(MPI_Comm_dup(inter, &copy));
        all_on(copy, side, sizes_of);
        MPI_Comm_free(&copy);
        MPI_Comm_free(&inter);
        MPI_Comm_free(&half);
    }
    coll_teardown();
    return finish();
}
