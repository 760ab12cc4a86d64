// SPDX-License-Identifier: MIT
// Programs with one fault each, which `mprun --check` tells, and programs that look as if they had
// one: `faults CASE`, on two ranks. See faults_are_told.sh, which says what each comes to.
#include <mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W     MPI_COMM_WORLD
#define IGN   MPI_STATUS_IGNORE
#define OTHER (1 - rank)
enum { N = 1000, LONG = 1 << 18 };
static int rank;
static int *buffer, *other;
static MPI_Request request, second;

static int copy_nothing(MPI_Comm comm, int keyval, void *extra, void *in, void *out, int *flag)
{
    (void)comm, (void)keyval, (void)extra, (void)in, (void)out;
    *flag = 0;
    return MPI_SUCCESS;
}

static void add(void *in, void *inout, int *length, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *length; i++) {
        ((int *)inout)[i] += ((int *)in)[i];
    }
}

static void handler(MPI_Comm *comm, int *error, ...)
{
    (void)comm, (void)error;
}

static int is(const char *name, const char *wanted)
{
    return strcmp(name, wanted) == 0;
}

// ---- Faults, of rank 0 only

static void send_buffer(int count, MPI_Datatype type, int at)
{
    if (rank == 0) {
        MPI_Isend(buffer, count, type, 1, 0, W, &request);
        buffer[at]++;
        MPI_Wait(&request, IGN);
    } else {
        MPI_Recv(buffer, LONG, MPI_INT, 0, 0, W, IGN);
    }
}

static void receive_buffer(int source)
{
    if (rank == 0) {
        MPI_Irecv(buffer, N, MPI_INT, source, 0, W, &request);
        buffer[7] = 5;
        MPI_Barrier(W);
        MPI_Wait(&request, IGN);
    } else {
        MPI_Barrier(W);
        MPI_Send(buffer, N, MPI_INT, 0, 0, W);
    }
}

static void overlap(int first, int next)
{
    if (rank == 0) {
        MPI_Irecv(buffer, first, MPI_INT, 1, 0, W, &request);
        MPI_Irecv(buffer + next, N, MPI_INT, 1, 1, W, &second);
        MPI_Barrier(W);
        MPI_Wait(&request, IGN);
        MPI_Wait(&second, IGN);
    } else {
        MPI_Barrier(W);
        MPI_Send(other, first, MPI_INT, 0, 0, W);
        MPI_Send(other, N, MPI_INT, 0, 1, W);
    }
}

static void send_overlap(void)
{
    if (rank == 0) {
        MPI_Irecv(buffer, N, MPI_INT, 1, 0, W, &request);
        MPI_Isend(buffer + N - 1, 1, MPI_INT, 1, 0, W, &second);
        MPI_Wait(&second, IGN);
        MPI_Barrier(W);
        MPI_Wait(&request, IGN);
    } else {
        MPI_Recv(other, 1, MPI_INT, 0, 0, W, IGN);
        MPI_Barrier(W);
        MPI_Send(other, N, MPI_INT, 0, 0, W);
    }
}

static void not_completed(const char *what)
{
    if (is(what, "isend") && rank == 0) {
        MPI_Isend(buffer, 1, MPI_INT, 1, 0, W, &request);
    } else if (is(what, "isend")) {
        MPI_Recv(buffer, 1, MPI_INT, 0, 0, W, IGN);
    } else if (is(what, "irecv") && rank == 0) {
        MPI_Irecv(buffer, 1, MPI_INT, 1, 0, W, &request);
    } else if (is(what, "ibarrier")) {
        MPI_Ibarrier(W, &request);
        if (rank == 1) {
            MPI_Wait(&request, IGN);
        }
    } else if (is(what, "persistent") && rank == 0) {
        MPI_Recv_init(buffer, 1, MPI_INT, 1, 0, W, &request);
    } else if (is(what, "active") && rank == 0) {
        MPI_Recv_init(buffer, 1, MPI_INT, 1, 0, W, &request);
        MPI_Start(&request);
        MPI_Request_free(&request);
        MPI_Barrier(W);
    } else if (is(what, "active")) {
        MPI_Barrier(W);
        MPI_Send(buffer, 1, MPI_INT, 0, 0, W);
    }
}

static void not_received(const char *what)
{
    MPI_Comm comm = W;
    if (is(what, "freed")) {
        MPI_Comm_dup(W, &comm);
    }
    if (rank == 1) {
        MPI_Send(buffer, 3, MPI_INT, 0, 8, comm);
    }
    MPI_Barrier(W);
    if (is(what, "freed")) {
        int flag;
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &flag, IGN);
        MPI_Comm_free(&comm);
    }
}

static void not_freed(const char *what)
{
    MPI_Comm comm;
    MPI_Datatype type;
    MPI_Group group;
    MPI_Op op;
    MPI_Win win;
    MPI_Info info;
    MPI_Errhandler errhandler;
    int keyval;

    if (is(what, "dup")) {
        MPI_Comm_dup(W, &comm);
        if (rank == 1) {
            MPI_Comm_free(&comm);
        }
    } else if (is(what, "idup")) {
        MPI_Comm_idup(W, &comm, &request);
        MPI_Wait(&request, IGN);
        if (rank == 1) {
            MPI_Comm_free(&comm);
        }
    } else if (is(what, "win")) {
        MPI_Win_create(buffer, 8, 1, MPI_INFO_NULL, MPI_COMM_SELF, &win);
        if (rank == 1) {
            MPI_Win_free(&win);
        }
    } else if (rank != 0) {
        return;
    } else if (is(what, "type")) {
        MPI_Type_contiguous(3, MPI_INT, &type);
    } else if (is(what, "contents")) {
        MPI_Datatype inner;
        int count;
        MPI_Aint address;
        MPI_Type_contiguous(3, MPI_INT, &inner);
        MPI_Type_contiguous(3, inner, &type);
        MPI_Type_free(&inner);
        MPI_Type_get_contents(type, 1, 0, 1, &count, &address, &inner);
        MPI_Type_free(&type);
    } else if (is(what, "group")) {
        MPI_Comm_group(W, &group);
    } else if (is(what, "op")) {
        MPI_Op_create(add, 1, &op);
    } else if (is(what, "keyval")) {
        MPI_Comm_create_keyval(copy_nothing, MPI_COMM_NULL_DELETE_FN, &keyval, NULL);
    } else if (is(what, "info")) {
        MPI_Info_create(&info);
    } else if (is(what, "errhandler")) {
        MPI_Comm_create_errhandler(handler, &errhandler);
    }
}

static void other_type(void)
{
    if (rank == 0) {
        MPI_Recv(buffer, 4, MPI_LONG, 1, 2, W, IGN);
    } else {
        MPI_Send(buffer, 4, MPI_DOUBLE, 0, 2, W);
    }
}

// Every rank sends before it receives.
static void rely(int nonblocking)
{
    if (nonblocking) {
        MPI_Isend(buffer, 1, MPI_INT, OTHER, 0, W, &request);
        MPI_Wait(&request, IGN);
    } else {
        MPI_Send(buffer, 1, MPI_INT, OTHER, 0, W);
    }
    MPI_Recv(other, 1, MPI_INT, OTHER, 0, W, IGN);
}

// ---- None

static void columns(void)
{
    enum { ROWS = 40, COLUMNS = 10 };
    MPI_Datatype column;
    MPI_Request requests[COLUMNS];
    MPI_Type_vector(ROWS, 1, COLUMNS, MPI_INT, &column);
    MPI_Type_commit(&column);
    for (int i = 0; i < COLUMNS; i++) {
        if (rank == 0) {
            MPI_Irecv(buffer + i, 1, column, 1, i, W, &requests[i]);
        } else {
            MPI_Isend(buffer + i, 1, column, 0, i, W, &requests[i]);
        }
    }
    buffer[ROWS * COLUMNS] = 3;
    MPI_Type_free(&column);
    MPI_Waitall(COLUMNS, requests, MPI_STATUSES_IGNORE);
}

static void all_well(void)
{
    MPI_Request requests[4];
    MPI_Errhandler errhandler;
    MPI_Group group;
    int flag = 0;

    columns();
    for (int round = 0; round < 20; round++) {
        int count = round < 10 ? N / 2 : LONG / 2;
        // Side by side, the same data twice, and a buffer that is used again at once.
        MPI_Irecv(other, count, MPI_INT, OTHER, 0, W, &requests[0]);
        MPI_Irecv(other + count, count, MPI_INT, OTHER, 1, W, &requests[1]);
        MPI_Isend(buffer, count, MPI_INT, OTHER, 0, W, &requests[2]);
        MPI_Isend(buffer, count, MPI_INT, OTHER, 1, W, &requests[3]);
        MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
        buffer[0]++;
        other[0]++;
    }
    MPI_Send_init(buffer, N, MPI_INT, OTHER, 2, W, &requests[0]);
    MPI_Recv_init(other, N, MPI_INT, OTHER, 2, W, &requests[1]);
    for (int round = 0; round < 20; round++) {
        buffer[1] = round;
        MPI_Startall(2, requests);
        MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
        other[1] = -1;
    }
    MPI_Request_free(&requests[0]);
    MPI_Request_free(&requests[1]);
    MPI_Irecv(other, N, MPI_INT, OTHER, 3, W, &request);
    MPI_Cancel(&request);
    MPI_Wait(&request, IGN);
    MPI_Irecv(other, N, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, W, &request);
    MPI_Isend(buffer, 1, MPI_INT, OTHER, 4, W, &second);
    MPI_Request_free(&second);
    while (!flag) {
        MPI_Test(&request, &flag, IGN);
    }
    MPI_Irecv(other, N, MPI_INT, MPI_PROC_NULL, 3, W, &request);
    other[3]++;
    MPI_Wait(&request, IGN);
    MPI_Sendrecv(buffer, N, MPI_INT, OTHER, 5, other, N, MPI_INT, OTHER, 5, W, IGN);
    MPI_Comm_get_errhandler(W, &errhandler);
    MPI_Errhandler_free(&errhandler);
    MPI_Comm_group(W, &group);
    MPI_Group_free(&group);
}

static void late_info(void)
{
    MPI_Info info;
    MPI_Info_create(&info);
    MPI_Finalize();
    MPI_Info_free(&info);
    exit(0);
}

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "", *what = argc > 2 ? argv[2] : "";

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(W, &rank);
    buffer = calloc(LONG + 1, sizeof *buffer);
    other = calloc(LONG + 1, sizeof *other);
    if (is(which, "send")) {
        MPI_Datatype pairs;
        MPI_Type_vector(2, 1, 2, MPI_INT, &pairs);
        MPI_Type_commit(&pairs);
        if (is(what, "derived")) {
            send_buffer(3, pairs, 6);
        } else if (is(what, "gap")) {
            send_buffer(1, pairs, 1);
        } else {
            send_buffer(is(what, "long") ? LONG : 1, MPI_INT, 0);
        }
        MPI_Type_free(&pairs);
    } else if (is(which, "receive")) {
        receive_buffer(is(what, "any") ? MPI_ANY_SOURCE : 1);
    } else if (is(which, "overlap")) {
        overlap(N, is(what, "none") ? N : N - 1);
    } else if (is(which, "send-overlap")) {
        send_overlap();
    } else if (is(which, "incomplete")) {
        not_completed(what);
    } else if (is(which, "unreceived")) {
        not_received(what);
    } else if (is(which, "leak")) {
        not_freed(what);
    } else if (is(which, "types")) {
        other_type();
    } else if (is(which, "rely")) {
        rely(is(what, "nonblocking"));
    } else if (is(which, "well")) {
        all_well();
    } else if (is(which, "late-info")) {
        late_info();
    }
    MPI_Finalize();
    free(buffer);
    free(other);
    return 0;
}
