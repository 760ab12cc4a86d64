// SPDX-License-Identifier: MIT
// Communicators and windows are made also where no context id that a rank has free first is one
// that another has: each rank keeps so many of its own that they begin with other ones. And two
// communicators of one process that exist at the same time never have the same.
// ranks: 2 3
#include "check.h"

enum { OWN = 150, ROUNDS = 20 };

static void use(MPI_Comm comm, int value)
{
    int sum = 0, left = (rank + size - 1) % size, got = -1;
    OK(MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, comm));
    CHECK(sum == size * value, "sum is %d of %d times %d", sum, size, value);
    OK(MPI_Sendrecv(&value, 1, MPI_INT, (rank + 1) % size, 0, &got, 1, MPI_INT, left, 0, comm,
                    MPI_STATUS_IGNORE));
    CHECK(got == value, "got %d, not %d", got, value);
}

int main(int argc, char **argv)
{
    static MPI_Comm own[OWN], made[ROUNDS];
    MPI_Win windows[ROUNDS];
    int *memory;
    start(&argc, &argv);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    int count = OWN * rank / size;
    for (int i = 0; i < count; i++) {
        OK(MPI_Comm_dup(MPI_COMM_SELF, &own[i]));
    }
    for (int i = 0; i < ROUNDS; i++) {
        OK(MPI_Comm_dup(i % 3 == 2 ? made[i - 1] : MPI_COMM_WORLD, &made[i]));
        OK(MPI_Win_allocate(4, 4, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &windows[i]));
        *memory = -1;
        use(made[i], i);
        int value = 7 * i + rank, target = (rank + 1) % size;
        OK(MPI_Win_fence(0, windows[i]));
        OK(MPI_Put(&value, 1, MPI_INT, target, 0, 1, MPI_INT, windows[i]));
        OK(MPI_Win_fence(0, windows[i]));
        CHECK(*memory == 7 * i + (rank + size - 1) % size, "window %d holds %d", i, *memory);
    }
    for (int i = 0; i < ROUNDS; i++) {
        use(made[i], 100 + i);
        OK(MPI_Comm_free(&made[i]));
        OK(MPI_Win_free(&windows[i]));
    }
    for (int i = 0; i < count; i++) {
        OK(MPI_Comm_free(&own[i]));
    }
    return finish();
}
