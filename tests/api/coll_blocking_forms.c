// SPDX-License-Identifier: MIT
// Every blocking collective gives what a serial program would, bit for bit, for every root, for
// counts from none to long, all layouts, in place and not, int and large functions, on
// communicators of every size up to the world's, in the world's order and reversed.
// ranks: 1 2 3 5 8
// timeout: 180
#include "coll_model.h"

static const int counts[] = {0, 1, 7, 300, 17000};

static void all_on(MPI_Comm comm, unsigned seed)
{
    int local, times = 0;
    MPI_Comm_size(comm, &local);
    for (int o = 0; o < OPERATIONS; o++) {
        for (size_t n = 0; n < COUNT_OF(counts); n++) {
            int roots = counts[n] > 1000 ? 1 : local; // long ones from one root, in turn
            for (int i = 0; i < roots; i++, times++) {
                struct coll c = {.operation = (enum coll_operation)o,
                                 .layout = (enum coll_layout)(times % LAYOUTS),
                                 .comm = comm,
                                 .root = roots == 1 ? times % local : i,
                                 .count = counts[n],
                                 .in_place = times % 3 == 1,
                                 .large = times / 2 % 2,
                                 .seed = seed + (unsigned)times};
                coll_do(c);
            }
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Comm part;
    start(&argc, &argv);
    coll_setup();
    all_on(MPI_COMM_WORLD, 1);
    all_on(MPI_COMM_SELF, 2);
    for (int width = 1; width<size; width += width> 3 ? 2 : 1) {
        // Parts of this width, reversed.
        MPI_Comm_split(MPI_COMM_WORLD, rank / width, -rank, &part);
        all_on(part, 3 + (unsigned)width);
        MPI_Comm_free(&part);
    }
    coll_teardown();
    return finish();
}
