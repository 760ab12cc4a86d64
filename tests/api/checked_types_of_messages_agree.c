// SPDX-License-Identifier: MIT
// Under `mprun --check` a receive of another type than the message's is MPI_ERR_TYPE, whatever the
// form, the length, and which of the two is there first. One signature in other words is the same
// type, bytes are any, and a message may be the beginning of what there is room for (3.3.1).
// ranks: 2
// options: --check
#include "check.h"

enum { LONG = 30000, FORMS = 6 };
static _Alignas(64) char in[LONG * 32], out[LONG * 32];

static int receive(int form, int count, MPI_Datatype type, int early)
{
    MPI_Request request;
    MPI_Message message;
    MPI_Status status;
    int error, class = MPI_SUCCESS, any = form % 2, source = any ? MPI_ANY_SOURCE : 0;

    if (form / 2 == 1) {
        OK(MPI_Irecv(in, count, type, source, 3, MPI_COMM_WORLD, &request));
    }
    if (early) {
        OK(MPI_Barrier(MPI_COMM_WORLD));
    }
    if (!early) {
        OK(MPI_Barrier(MPI_COMM_WORLD));
        OK(MPI_Probe(source, 3, MPI_COMM_WORLD, &status));
        CHECK(form / 2 == 1 || status.MPI_SOURCE == 0, "source %d", status.MPI_SOURCE);
    }
    if (form / 2 == 0) {
        error = MPI_Recv(in, count, type, source, 3, MPI_COMM_WORLD, &status);
    } else if (form / 2 == 1) {
        error = MPI_Wait(&request, &status);
    } else {
        OK(MPI_Mprobe(source, 3, MPI_COMM_WORLD, &message, &status));
        CHECK(status.MPI_SOURCE == 0, "source %d", status.MPI_SOURCE);
        error = MPI_Mrecv(in, count, type, &message, &status);
    }
    CHECK(status.MPI_SOURCE == 0, "source %d", status.MPI_SOURCE);
    MPI_Error_class(error, &class);
    return class;
}

static void pass(int count, MPI_Datatype type, int room, MPI_Datatype taken, int class)
{
    for (int form = 0; form < FORMS; form++) {
        for (int early = 0; early < 2; early++) {
            if (!early && form / 2 == 1) {
                continue; // it is met before it could be probed
            }
            if (rank == 0) {
                OK(MPI_Barrier(MPI_COMM_WORLD));
                OK(MPI_Send(out, count, type, 1, 3, MPI_COMM_WORLD));
            } else {
                int got = receive(form, room, taken, early);
                CHECK(got == class, "form %d early %d count %d: class %d, not %d", form, early,
                      count, got, class);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static const int counts[] = {1, 7, 600, LONG};
    int lengths[2] = {1, 1};
    MPI_Aint places[2] = {0, 8};
    MPI_Datatype members[2] = {MPI_DOUBLE, MPI_INT}, structure, triple;

    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    OK(MPI_Type_create_struct(2, lengths, places, members, &structure));
    OK(MPI_Type_contiguous(3, MPI_INT, &triple));
    OK(MPI_Type_commit(&structure));
    OK(MPI_Type_commit(&triple));
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        int n = counts[i];
        pass(n, MPI_DOUBLE, n, MPI_LONG, MPI_ERR_TYPE);
        pass(n, MPI_INT, n, MPI_FLOAT, MPI_ERR_TYPE);
        pass(n, MPI_DOUBLE, 2 * n, MPI_FLOAT, MPI_ERR_TYPE);
        pass(n, structure, n, triple, MPI_ERR_TYPE);
        pass(n, triple, 2 * n, structure, MPI_ERR_TYPE);
        pass(n, MPI_DOUBLE, n, MPI_REAL8, MPI_SUCCESS);
        pass(n, MPI_LONG, n, MPI_AINT, MPI_SUCCESS);
        pass(n, structure, n, MPI_DOUBLE_INT, MPI_SUCCESS);
        pass(n, triple, 4 * n, MPI_INT, MPI_SUCCESS);
        pass(n, MPI_DOUBLE_INT, n + 1, structure, MPI_SUCCESS);
        pass(1, MPI_DOUBLE, n, structure, MPI_SUCCESS);
        pass(n, MPI_DOUBLE, 8 * n, MPI_BYTE, MPI_SUCCESS);
        pass(8 * n, MPI_PACKED, n, MPI_DOUBLE, MPI_SUCCESS);
        pass(0, MPI_INT, n, MPI_DOUBLE, MPI_SUCCESS);
    }
    OK(MPI_Type_free(&structure));
    OK(MPI_Type_free(&triple));
    return finish();
}
