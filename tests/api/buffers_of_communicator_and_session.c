// SPDX-License-Identifier: MIT
// Buffers of MPI 4.1: each communicator may have its own, and the automatic buffer takes any number
// and size of messages; flush returns when all have left.
// ranks: 2
#include "check.h"

static void take(MPI_Comm comm, char *data, int bytes, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        OK(MPI_Recv(data, bytes, MPI_BYTE, 0, i, comm, MPI_STATUS_IGNORE));
        HOLDS(data, bytes, i);
    }
}

static void give(MPI_Comm comm, char *data, int bytes, int count)
{
    for (int i = 0; i < count; i++) {
        fill(data, (size_t)bytes, (unsigned)i);
        OK(MPI_Bsend(data, bytes, MPI_BYTE, 1, i, comm));
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Comm comm;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    char *data = room(1 << 20), *buffer = room(1 << 20);
    static const int some[] = {0, 1, 48, 5000, 100000};
    for (size_t s = 0; s < COUNT_OF(some); s++) {
        int bytes = some[s], count = 8, space = count * (bytes + MPI_BSEND_OVERHEAD), got = -1;
        MPI_Count got_c = -1;
        void *detached = NULL;
        if (rank == 0) {
            MPI_Request request;
            OK(MPI_Comm_attach_buffer(comm, buffer, space));
            give(comm, data, bytes, count);
            OK(MPI_Comm_flush_buffer(comm));
            give(comm, data, bytes, count);
            OK(MPI_Comm_iflush_buffer(comm, &request));
            OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
            OK(MPI_Comm_detach_buffer(comm, &detached, &got));
            CHECK(detached == buffer && got == space, "detached %p of %d bytes", detached, got);

            OK(MPI_Comm_attach_buffer_c(comm, buffer, space));
            give(comm, data, bytes, count);
            OK(MPI_Comm_detach_buffer_c(comm, &detached, &got_c));
            CHECK(detached == buffer && got_c == space, "detached %p of %lld bytes", detached,
                  (long long)got_c);

            OK(MPI_Comm_attach_buffer(comm, MPI_BUFFER_AUTOMATIC, 0));
            give(comm, data, bytes, 200);
            OK(MPI_Comm_flush_buffer(comm));
            give(comm, data, bytes, 200);
            OK(MPI_Comm_detach_buffer(comm, &detached, &got));
            CHECK(detached == MPI_BUFFER_AUTOMATIC, "detached %p", detached);
        } else {
            take(comm, data, bytes, count);
            take(comm, data, bytes, count);
            take(comm, data, bytes, count);
            take(comm, data, bytes, 200);
            take(comm, data, bytes, 200);
        }
    }
    // The communicator's own buffer comes before the process's, and serves it only.
    if (rank == 0) {
        char tiny[MPI_BSEND_OVERHEAD];
        void *detached;
        int got;
        OK(MPI_Buffer_attach(buffer, 1 << 20));
        OK(MPI_Comm_attach_buffer(comm, tiny, sizeof(tiny)));
        FAILS(MPI_ERR_BUFFER, MPI_Bsend(data, 1000, MPI_BYTE, 1, 0, comm));
        OK(MPI_Comm_detach_buffer(comm, &detached, &got));
        give(comm, data, 1000, 5);
        OK(MPI_Buffer_flush());
        give(comm, data, 1000, 5);
        OK(MPI_Buffer_detach(&detached, &got));
        CHECK(detached == buffer && got == 1 << 20, "detached %p of %d bytes", detached, got);
        OK(MPI_Buffer_attach(MPI_BUFFER_AUTOMATIC, 0));
        give(MPI_COMM_WORLD, data, 1000, 5);
        OK(MPI_Buffer_detach(&detached, &got));
    } else {
        take(comm, data, 1000, 5);
        take(comm, data, 1000, 5);
        take(MPI_COMM_WORLD, data, 1000, 5);
    }
    OK(MPI_Comm_free(&comm));
    free(data);
    free(buffer);
    return finish();
}
