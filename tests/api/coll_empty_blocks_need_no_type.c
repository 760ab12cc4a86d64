// SPDX-License-Identifier: MIT
// In MPI_Alltoallw a block without elements may have no type, also when the other blocks are larger
// than the caches, as in an exchange with few neighbours.
// ranks: 3
// timeout: 60
#include "check.h"

enum { RANKS = 3, LONG = 24 << 20 };

static void exchange(int bytes)
{
    char *out = malloc((size_t)bytes), *in = malloc((size_t)bytes);
    int given[RANKS] = {0}, taken[RANKS] = {0}, places[RANKS] = {0};
    MPI_Datatype given_types[RANKS], taken_types[RANKS];
    int to = (rank + 1) % size, from = (rank + size - 1) % size;

    CHECK(out && in, "no memory");
    for (int i = 0; i < size; i++) {
        given_types[i] = taken_types[i] = MPI_DATATYPE_NULL;
    }
    given[to] = taken[from] = bytes;
    given_types[to] = taken_types[from] = MPI_BYTE;
    memset(out, rank, (size_t)bytes);
    for (int k = 0; k < 2; k++) {
        memset(in, 99, (size_t)bytes);
        OK(MPI_Alltoallw(out, given, places, given_types, in, taken, places, taken_types,
                         MPI_COMM_WORLD));
        for (int i = 0; i < bytes; i++) {
            CHECK(in[i] == from, "byte %d of %d is %d", i, bytes, in[i]);
        }
    }
    free(out);
    free(in);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    exchange(8);
    exchange(5000);
    exchange(LONG);
    return finish();
}
