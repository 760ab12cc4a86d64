// SPDX-License-Identifier: MIT
// A program may have more communicators than there is room for in shared memory, and those that
// come late work like the first; so do those that are made where another one was freed, at once or
// after it was left in the middle of things by some ranks. Blocking collectives do not disturb
// nonblocking ones that are under way on the same communicator.
// ranks: 2 3 8
// timeout: 120
#include "check.h"

enum { MANY = 700, LONG = 20000, ROUNDS = 40 };

static int *data;

// Blocking collectives of several kinds and lengths, with something nonblocking under way.
static void use(MPI_Comm comm, int seed, int length)
{
    int local, me, sum = 0, mine = seed, later = 0, expected = 0;
    MPI_Request request, all;
    MPI_Comm_size(comm, &local);
    MPI_Comm_rank(comm, &me);
    mine = seed + me;
    for (int i = 0; i < local; i++) {
        expected += seed + i;
    }
    OK(MPI_Iallreduce(&mine, &later, 1, MPI_INT, MPI_SUM, comm, &request));
    OK(MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, comm));
    CHECK(sum == expected, "sum is %d, not %d", sum, expected);
    for (int i = 0; i < length; i++) {
        data[i] = me == seed % local ? seed ^ i : -1;
    }
    OK(MPI_Ibarrier(comm, &all));
    OK(MPI_Bcast(data, length, MPI_INT, seed % local, comm));
    for (int i = 0; i < length; i++) {
        CHECK(data[i] == (seed ^ i), "element %d of %d is %d", i, length, data[i]);
    }
    OK(MPI_Barrier(comm));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(later == expected, "the nonblocking sum is %d, not %d", later, expected);
    OK(MPI_Reduce(&mine, &sum, 1, MPI_INT, MPI_SUM, 0, comm));
    OK(MPI_Wait(&all, MPI_STATUS_IGNORE));
}

// More turns than a board keeps, by ranks that wait for nobody.
static void run_ahead(MPI_Comm comm, int root)
{
    int local, me;
    MPI_Comm_size(comm, &local);
    MPI_Comm_rank(comm, &me);
    for (int i = 0; i < 300; i++) {
        int value = me == root ? i * 3 : -1, sum = 0;
        OK(MPI_Bcast(&value, 1, MPI_INT, root, comm));
        CHECK(value == i * 3, "broadcast %d brought %d", i, value);
        OK(MPI_Reduce(&value, &sum, 1, MPI_INT, MPI_SUM, root, comm));
        CHECK(me != root || sum == i * 3 * local, "sum %d is %d", i, sum);
    }
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 1000; k++) {
            data[k] = me == root ? i + k : -1;
        }
        OK(MPI_Bcast(data, 1000, MPI_INT, root, comm));
        CHECK(data[999] == i + 999, "broadcast %d brought %d", i, data[999]);
    }
}

int main(int argc, char **argv)
{
    static MPI_Comm comms[MANY];
    start(&argc, &argv);
    data = room(LONG * sizeof *data);
    for (int i = 0; i < MANY; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
    }
    for (int i = 0; i < MANY; i += 1 + MANY / 30) {
        use(comms[i], i, i % 2 ? 3 : 3000);
        run_ahead(comms[i], i % size);
    }
    for (int i = 1; i < MANY; i++) {
        OK(MPI_Comm_free(&comms[i]));
    }
    use(comms[0], 5, LONG);
    OK(MPI_Comm_free(&comms[0]));
    for (int i = 0; i < ROUNDS; i++) {
        // Parts of all sizes, one after the other in the same place. The last ranks are late.
        MPI_Comm part;
        OK(MPI_Comm_split(MPI_COMM_WORLD, rank / (1 + i % size), -rank, &part));
        if (i % 3 == 0) {
            int value = rank;
            OK(MPI_Bcast(&value, 1, MPI_INT, 0, part));
        } else {
            use(part, i, i % 3 == 1 ? 10 : LONG);
        }
        OK(MPI_Comm_free(&part));
    }
    free(data);
    return finish();
}
