// SPDX-License-Identifier: MIT
// ranks: 2 5
// Two groups that know nothing of each other but a port meet: an intercommunicator with everybody
// in it, for messages of all lengths, collectives and a merged communicator, as often as they like.
// What names nothing is an error that returns.
#include "check.h"

static char port[MPI_MAX_PORT_NAME];

static void exchange(MPI_Comm inter, int servers)
{
    static char data[200000];
    int mine = rank < servers, theirs, sum = 0, there;

    MPI_Comm_remote_size(inter, &theirs);
    CHECK(theirs == (mine ? size - servers : servers), "%d", theirs);
    OK(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, inter));
    for (int i = 0; i < size; i++) {
        sum -= (i < servers) == !mine ? i : 0;
    }
    CHECK(sum == 0, "%d", sum);
    MPI_Comm_rank(inter, &there);
    if (there == 0 && mine) {
        memset(data, 7, sizeof data);
        OK(MPI_Ssend(data, sizeof data, MPI_BYTE, 0, 1, inter));
    } else if (there == 0) {
        OK(MPI_Recv(data, sizeof data, MPI_BYTE, 0, 1, inter, MPI_STATUS_IGNORE));
        CHECK(data[0] == 7 && data[sizeof data - 1] == 7, "%d", data[0]);
    }
}

static void merge(MPI_Comm inter, int servers)
{
    MPI_Comm all;
    int there, expected = rank < servers ? size - servers + rank : rank - servers;

    OK(MPI_Intercomm_merge(inter, rank < servers, &all));
    MPI_Comm_rank(all, &there);
    CHECK(there == expected, "%d, not %d", there, expected);
    OK(MPI_Barrier(all));
    OK(MPI_Comm_disconnect(&all));
    CHECK(all == MPI_COMM_NULL, "not null");
}

int main(int argc, char **argv)
{
    int servers;
    MPI_Comm half, inter;

    start(&argc, &argv);
    servers = size / 2;
    OK(MPI_Comm_split(MPI_COMM_WORLD, rank < servers, 0, &half));
    if (rank == 0) {
        OK(MPI_Open_port(MPI_INFO_NULL, port));
    }
    OK(MPI_Bcast(port, sizeof port, MPI_CHAR, 0, MPI_COMM_WORLD));
    for (int i = 0; i < 20; i++) {
        if (rank < servers) {
            OK(MPI_Comm_accept(port, MPI_INFO_NULL, 0, half, &inter));
        } else {
            OK(MPI_Comm_connect(port, MPI_INFO_NULL, 0, half, &inter));
        }
        exchange(inter, servers);
        merge(inter, servers);
        OK(MPI_Comm_disconnect(&inter));
    }
    MPI_Comm_set_errhandler(half, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (rank == 0) {
        OK(MPI_Close_port(port));
        FAILS(MPI_ERR_PORT, MPI_Close_port(port));
        OK(MPI_Publish_name("a name of ports_connect_groups", MPI_INFO_NULL, "mprun-port-1-2"));
        FAILS(MPI_ERR_SERVICE,
              MPI_Publish_name("a name of ports_connect_groups", MPI_INFO_NULL, "mprun-port-1-2"));
        OK(MPI_Lookup_name("a name of ports_connect_groups", MPI_INFO_NULL, port));
        CHECK(strcmp(port, "mprun-port-1-2") == 0, "%s", port);
        OK(MPI_Unpublish_name("a name of ports_connect_groups", MPI_INFO_NULL, port));
        FAILS(MPI_ERR_NAME, MPI_Lookup_name("a name of ports_connect_groups", MPI_INFO_NULL, port));
        FAILS(MPI_ERR_SERVICE,
              MPI_Unpublish_name("a name of ports_connect_groups", MPI_INFO_NULL, port));
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (rank >= servers) {
        FAILS(MPI_ERR_PORT, MPI_Comm_connect(port, MPI_INFO_NULL, 0, half, &inter));
        FAILS(MPI_ERR_PORT, MPI_Comm_accept("nonsense", MPI_INFO_NULL, 0, half, &inter));
    }
    MPI_Comm_free(&half);
    return finish();
}
