// SPDX-License-Identifier: MIT
// Point-to-point communication (chapter 3) beyond point_to_point.c: the four modes in their
// blocking, nonblocking and persistent forms, attached buffers, exchanges in place, order under
// wildcards, what completes which request, cancellation of persistent receives, matched probes in
// another order, receives of less than is sent.
// MPI_Isendrecv, MPI_Buffer_flush and the large-count forms are MPI 4's: Open MPI 4.1.4 does the
// same by other means.
// Left out, for Open MPI 4.1.4 crashing there: one rank that sends all this to itself.
// ranks: 2 3 5
#include "say.h"

enum { N = 3000 };

static int out[N], in[N];
static int next, before;

static void fill(int salt)
{
    for (int i = 0; i < N; i++) {
        out[i] = i * 3 + rank * 100003 + salt;
        in[i] = -1;
    }
}

static void show(const char *what, int n, MPI_Status *status)
{
    int count, sum = 0;
    MPI_Get_count(status, MPI_INT, &count);
    for (int i = 0; i < N; i++) {
        sum = sum * 31 % 1000003 + in[i] % 1000003;
    }
    say("%s of %d: source %d tag %d count %d sum %d\n", what, n, status->MPI_SOURCE,
        status->MPI_TAG, count, sum);
}

static void modes(void)
{
    static const int sizes[] = {0, 1, 12, 13, 600, N};
    static const char *const names[] = {"send", "ssend", "rsend", "bsend"};
    int bytes;
    MPI_Pack_size(N, MPI_INT, MPI_COMM_WORLD, &bytes);
    char *buffer = malloc((size_t)(bytes + MPI_BSEND_OVERHEAD));
    MPI_Buffer_attach(buffer, bytes + MPI_BSEND_OVERHEAD);
    for (int s = 0; s < 6; s++) {
        int n = sizes[s];
        for (int mode = 0; mode < 4; mode++) {
            for (int form = 0; form < 3; form++) {
                MPI_Request receive, send = MPI_REQUEST_NULL, ready;
                MPI_Status status, none;
                int tag = 10 * mode + form, go = 0;
                fill(tag);
                MPI_Irecv(in, N, MPI_INT, before, tag, MPI_COMM_WORLD, &receive);
                // A ready send may only be started when its receive is.
                MPI_Isend(&go, 1, MPI_INT, before, 99, MPI_COMM_WORLD, &ready);
                MPI_Recv(&go, 1, MPI_INT, next, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                MPI_Wait(&ready, MPI_STATUS_IGNORE);
                switch (form * 4 + mode) {
                case 0:
                case 1:
                case 2:
                case 3: {
                    int (*const calls[])(const void *, int, MPI_Datatype, int, int,
                                         MPI_Comm) = {MPI_Send, MPI_Ssend, MPI_Rsend, MPI_Bsend};
                    calls[mode](out, n, MPI_INT, next, tag, MPI_COMM_WORLD);
                    break;
                }
                case 4:
                    MPI_Isend(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                    break;
                case 5:
                    MPI_Issend(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                    break;
                case 6:
                    MPI_Irsend(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                    break;
                case 7:
                    MPI_Ibsend(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                    break;
                case 8:
                    MPI_Send_init(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                    break;
                case 9:
                    MPI_Ssend_init(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                    break;
                case 10:
                    MPI_Rsend_init(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                    break;
                default:
                    MPI_Bsend_init(out, n, MPI_INT, next, tag, MPI_COMM_WORLD, &send);
                }
                if (form == 2) {
                    MPI_Start(&send);
                }
                MPI_Wait(&send, &none);
                MPI_Wait(&receive, &status);
                if (form == 2) {
                    say("inactive %d ", send != MPI_REQUEST_NULL);
                    MPI_Request_free(&send);
                }
                show(names[mode], n, &status);
            }
        }
    }
    void *back;
    int size_back;
    MPI_Buffer_detach(&back, &size_back);
    say("detached: %d %d\n", back == (void *)buffer, size_back == bytes + MPI_BSEND_OVERHEAD);
    free(buffer);
}

static void exchanges(void)
{
    MPI_Status status;
    fill(1);
    MPI_Sendrecv(out, 10, MPI_INT, next, 1, in, N, MPI_INT, before, 1, MPI_COMM_WORLD, &status);
    show("sendrecv", 10, &status);
    fill(2);
    memcpy(in, out, sizeof in);
    MPI_Sendrecv_replace(in, 700, MPI_INT, next, 2, before, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    show("sendrecv_replace", 700, &status);
    fill(3);
#if MPI_VERSION >= 4
    MPI_Request request;
    MPI_Isendrecv(out, 20, MPI_INT, next, 3, in, N, MPI_INT, before, 3, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, &status);
    show("isendrecv", 20, &status);
    fill(4);
    memcpy(in, out, sizeof in);
    MPI_Isendrecv_replace(in, 800, MPI_INT, next, 4, before, 4, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, &status);
    show("isendrecv_replace", 800, &status);
    fill(5);
    MPI_Sendrecv_c(out, 30, MPI_INT, next, 5, in, N, MPI_INT, before, 5, MPI_COMM_WORLD, &status);
    show("sendrecv_c", 30, &status);
#else
    MPI_Sendrecv(out, 20, MPI_INT, next, 3, in, N, MPI_INT, before, 3, MPI_COMM_WORLD, &status);
    show("isendrecv", 20, &status);
    fill(4);
    memcpy(in, out, sizeof in);
    MPI_Sendrecv_replace(in, 800, MPI_INT, next, 4, before, 4, MPI_COMM_WORLD, &status);
    show("isendrecv_replace", 800, &status);
    fill(5);
    MPI_Sendrecv(out, 30, MPI_INT, next, 5, in, N, MPI_INT, before, 5, MPI_COMM_WORLD, &status);
    show("sendrecv_c", 30, &status);
#endif
}

// Messages of one sender arrive in its order, whatever is asked for.
static void order(void)
{
    MPI_Status status;
    MPI_Request sends[40];
    int got[40], values[40];
    for (int i = 0; i < 40; i++) {
        values[i] = 1000 * rank + i;
        MPI_Isend(&values[i], 1, MPI_INT, next, i % 4, MPI_COMM_WORLD, &sends[i]);
    }
    for (int i = 0; i < 10; i++) { // the threes first
        MPI_Recv(&got[i], 1, MPI_INT, MPI_ANY_SOURCE, 3, MPI_COMM_WORLD, &status);
    }
    for (int i = 10; i < 40; i++) {
        MPI_Recv(&got[i], 1, MPI_INT, before, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    }
    MPI_Waitall(40, sends, MPI_STATUSES_IGNORE);
    say("order:");
    say_ints(got, 40);
    say("\n");
    // Matched messages are received in the order that the program likes.
    MPI_Message messages[3];
    MPI_Request requests[3];
    for (int i = 0; i < 3; i++) {
        MPI_Isend(&values[i], 1, MPI_INT, next, 7, MPI_COMM_WORLD, &requests[i]);
    }
    for (int i = 0; i < 3; i++) {
        int flag = 0;
        while (!flag) {
            MPI_Improbe(before, 7, MPI_COMM_WORLD, &flag, &messages[i], &status);
        }
    }
    for (int i = 2; i >= 0; i--) {
        MPI_Mrecv(&got[i], 1, MPI_INT, &messages[i], &status);
    }
    MPI_Waitall(3, requests, MPI_STATUSES_IGNORE);
    say("matched:");
    say_ints(got, 3);
    say("\n");
}

static void completion(void)
{
    enum { R = 6 };
    MPI_Request r[R], send;
    MPI_Status s[R];
    int got[R], index, flag, count, indices[R], word = rank;
    for (int i = 0; i < R; i++) {
        MPI_Irecv(&got[i], 1, MPI_INT, before, 20 + i, MPI_COMM_WORLD, &r[i]);
    }
    static const int sequence[] = {4, 0, 5, 2};
    for (int i = 0; i < 4; i++) {
        MPI_Isend(&word, 1, MPI_INT, next, 20 + sequence[i], MPI_COMM_WORLD, &send);
        MPI_Waitany(R, r, &index, &s[0]);
        MPI_Wait(&send, MPI_STATUS_IGNORE);
        MPI_Barrier(MPI_COMM_WORLD); // one message at a time
        say("waitany %d tag %d null %d\n", index, s[0].MPI_TAG, r[index] == MPI_REQUEST_NULL);
    }
    MPI_Testall(R, r, &flag, s);
    say("testall %d\n", flag);
    MPI_Request_get_status(r[1], &flag, &s[0]);
    say("get_status %d\n", flag);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Isend(&word, 1, MPI_INT, next, 21, MPI_COMM_WORLD, &send);
    MPI_Waitsome(R, r, &count, indices, s);
    MPI_Wait(&send, MPI_STATUS_IGNORE);
    say("waitsome %d: %d tag %d\n", count, indices[0], s[0].MPI_TAG);
    MPI_Cancel(&r[3]);
    MPI_Waitall(R, r, s);
    for (int i = 0; i < R; i++) {
        MPI_Test_cancelled(&s[i], &flag);
        MPI_Get_count(&s[i], MPI_INT, &count);
        // Of a cancelled receive only that is defined.
        say("%d: cancelled %d count %d\n", i, flag, flag ? 0 : count);
    }
    // A persistent receive that is cancelled can be started again.
    MPI_Recv_init(&got[0], 1, MPI_INT, before, 30, MPI_COMM_WORLD, &r[0]);
    for (int round = 0; round < 3; round++) {
        MPI_Start(&r[0]);
        if (round == 1) {
            MPI_Cancel(&r[0]);
        } else {
            MPI_Send(&word, 1, MPI_INT, next, 30, MPI_COMM_WORLD);
        }
        MPI_Wait(&r[0], &s[0]);
        MPI_Test_cancelled(&s[0], &flag);
        say("round %d: cancelled %d\n", round, flag);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Request_free(&r[0]);
    // Freed sends complete by themselves.
    fill(31);
    MPI_Irecv(in, N, MPI_INT, before, 31, MPI_COMM_WORLD, &r[0]);
    MPI_Isend(out, N, MPI_INT, next, 31, MPI_COMM_WORLD, &send);
    MPI_Request_free(&send);
    MPI_Wait(&r[0], &s[0]);
    show("freed send", N, &s[0]);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    next = (rank + 1) % size;
    before = (rank + size - 1) % size;
    exchanges();
    order();
    completion();
    modes();
    print_lines();
    MPI_Finalize();
    return 0;
}
