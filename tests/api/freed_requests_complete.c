// SPDX-License-Identifier: MIT
// An active send or receive whose request was freed still completes; a freed persistent request's
// started operation does too.
// ranks: 2
// not under: check
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *out = room(LARGEST), *in = room(LARGEST), *tokens = room(LARGEST);
    int peer = 1 - rank;
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        int bytes = sizes[s];
        MPI_Request request;
        if (rank == 0) {
            fill(out, (size_t)bytes, 1);
            OK(MPI_Isend(out, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, &request));
            OK(MPI_Request_free(&request));
            CHECK(request == MPI_REQUEST_NULL, "a freed request is not null");
            OK(MPI_Ssend_init(out, bytes, MPI_BYTE, peer, 2, MPI_COMM_WORLD, &request));
            OK(MPI_Start(&request));
            OK(MPI_Request_free(&request));
            // The answer says that both were received, so the buffer may be used again.
            OK(MPI_Recv(NULL, 0, MPI_BYTE, peer, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            fill(out, (size_t)bytes, 2);
            OK(MPI_Send(out, bytes, MPI_BYTE, peer, 4, MPI_COMM_WORLD));
            OK(MPI_Send(out, bytes, MPI_BYTE, peer, 4, MPI_COMM_WORLD));
            OK(MPI_Send(NULL, 0, MPI_BYTE, peer, 5, MPI_COMM_WORLD));
        } else {
            OK(MPI_Recv(in, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            HOLDS(in, bytes, 1);
            OK(MPI_Recv(in, bytes, MPI_BYTE, peer, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            HOLDS(in, bytes, 1);
            memset(in, 0, (size_t)bytes);
            memset(tokens, 0, (size_t)bytes);
            OK(MPI_Irecv(in, bytes, MPI_BYTE, peer, 4, MPI_COMM_WORLD, &request));
            OK(MPI_Request_free(&request));
            OK(MPI_Recv_init(tokens, bytes, MPI_BYTE, peer, 4, MPI_COMM_WORLD, &request));
            OK(MPI_Start(&request));
            OK(MPI_Request_free(&request));
            OK(MPI_Send(NULL, 0, MPI_BYTE, peer, 3, MPI_COMM_WORLD));
            // The later message came over the same way, so the earlier ones are here or soon.
            OK(MPI_Recv(NULL, 0, MPI_BYTE, peer, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            double until = seconds() + 10;
            while ((wrong_byte(in, (size_t)bytes, 2) >= 0 ||
                    wrong_byte(tokens, (size_t)bytes, 2) >= 0) &&
                   seconds() < until) {
                int flag;
                OK(MPI_Iprobe(peer, 99, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE));
            }
            HOLDS(in, bytes, 2);
            HOLDS(tokens, bytes, 2);
        }
    }
    free(out);
    free(in);
    free(tokens);
    return finish();
}
