// SPDX-License-Identifier: MIT
// Messages of nonblocking operations that are under way, and of the agreement of MPI_Comm_idup, may
// lie at a rank long before it comes to them. A blocking operation that is over meanwhile does not
// take them for those of ranks that disagree.
// ranks: 4 5
#include "check.h"

#include <unistd.h>

enum { MOMENT = 20000, TIMES = 6, LONG = 40000 };

static void poll_for(int us)
{
    double end = MPI_Wtime() + us * 1e-6;
    int flag;
    while (MPI_Wtime() < end) {
        OK(MPI_Iprobe(MPI_ANY_SOURCE, 4711, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE));
    }
}

static void between_groups(void)
{
    MPI_Comm half, inter, dup, part;
    MPI_Request requests[2];
    int side = rank >= size / 2, number = rank, sum = 0;
    OK(MPI_Comm_split(MPI_COMM_WORLD, side, rank, &half));
    OK(MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, side ? 0 : size / 2, 1, &inter));
    for (int i = 0; i < TIMES; i++) {
        if (rank == 1) {
            usleep(3 * MOMENT); // the leader waits for this one, and has got what the other sent
        }
        OK(MPI_Comm_idup(inter, &dup, &requests[0]));
        OK(MPI_Iallreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, inter, &requests[1]));
        if (rank == 0) {
            poll_for(MOMENT);
        }
        int root = side ? 0 : rank == 0 ? MPI_ROOT : MPI_PROC_NULL;
        OK(MPI_Bcast(&number, 1, MPI_INT, root, inter));
        OK(MPI_Comm_split(inter, 0, 0, &part));
        OK(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
        OK(MPI_Comm_free(&part));
        OK(MPI_Comm_free(&dup));
    }
    OK(MPI_Comm_free(&inter));
    OK(MPI_Comm_free(&half));
}

static void in_one_group(void)
{
    static int in[LONG], out[LONG * 8];
    MPI_Comm comm, dup;
    MPI_Request requests[3];
    int number = rank;
    for (int i = 0; i < TIMES; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
        if (rank == 1) {
            usleep(MOMENT);
        }
        OK(MPI_Iallgather(in, LONG, MPI_INT, out, LONG, MPI_INT, comm, &requests[0]));
        OK(MPI_Comm_idup(comm, &dup, &requests[1]));
        OK(MPI_Ibarrier(comm, &requests[2]));
        if (rank == 2) {
            usleep(MOMENT);
        }
        OK(MPI_Bcast(&number, 1, MPI_INT, i % size, comm));
        OK(MPI_Waitall(3, requests, MPI_STATUSES_IGNORE));
        OK(MPI_Barrier(dup));
        OK(MPI_Comm_free(&dup));
        OK(MPI_Comm_free(&comm));
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    between_groups();
    in_one_group();
    return finish();
}
