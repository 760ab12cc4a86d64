// SPDX-License-Identifier: MIT
// When a rank waits in a call that has called a function of the program's, which called MPI itself,
// the account of the job's end names the outer call. Here a copy function sends a message, and the
// rank waits for the other one in MPI_Comm_dup, which ends the job instead.
// ranks: 2
// expect: exit 3
// says: in MPI_Comm_dup
#include "asleep.h"

static int copied(MPI_Comm comm, int keyval, void *extra, void *value, void *copy, int *flag)
{
    long self = (long)getpid();
    (void)keyval;
    (void)extra;
    *(void **)copy = value;
    *flag = 1;
    return MPI_Send(&self, 1, MPI_LONG, 1, 0, comm);
}

int main(int argc, char **argv)
{
    int keyval;
    start(&argc, &argv);
    OK(MPI_Comm_create_keyval(copied, MPI_COMM_NULL_DELETE_FN, &keyval, NULL));
    if (rank == 0) {
        MPI_Comm dup;
        OK(MPI_Comm_set_attr(MPI_COMM_WORLD, keyval, NULL));
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &dup));
    } else {
        long other;
        OK(MPI_Recv(&other, 1, MPI_LONG, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        until_asleep(other, other);
        MPI_Abort(MPI_COMM_WORLD, 3);
    }
    return finish();
}
