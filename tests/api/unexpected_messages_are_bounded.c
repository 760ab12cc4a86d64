// SPDX-License-Identifier: MIT
// However many messages come that no receive asks for, the receiver keeps no more of them than
// MPRUN_UNEXPECTED says and what is under way; what comes beyond waits with its sender. Order,
// probes and cancelling are the same for those. A sender that blocks does not keep a later message
// of another one. Once all were received, in whatever order, the memory is given back.
// ranks: 2 3
// env: MPRUN_UNEXPECTED=4M
// timeout: 180
// not under: asan tsan valgrind
#include "check.h"

#include <stdbool.h>
#include <unistd.h>

enum { MIB = 1 << 20, LIMIT = 4, UNDER_WAY = 4, BYTES = 4096, TAGS = 64, EACH = 160 };

// Bytes of this process that are in memory and nobody else's.
static long resident(void)
{
    long pages = 0, shared = 0, ignored;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld %ld", &ignored, &pages, &shared) == 3, "no statm");
    fclose(file);
    return (pages - shared) * sysconf(_SC_PAGESIZE);
}

static long start_bytes, most_bytes;

static void look(void)
{
    long now = resident();
    most_bytes = now > most_bytes ? now : most_bytes;
}

static void within(long allowed, long bytes, const char *when)
{
    long grown = bytes - start_bytes;
    CHECK(grown <= allowed * MIB, "%s: %ld MiB, at most %ld", when, grown / MIB, allowed);
}

static void take(int i, int source, int tag)
{
    char data[BYTES];
    MPI_Status status;
    OK(MPI_Recv(data, BYTES, MPI_BYTE, source, tag, MPI_COMM_WORLD, &status));
    HOLDS(data, BYTES, i);
    STATUS_IS(status, source, i % TAGS, BYTES);
}

// Blocking sends. The receiver looks for another message all the time, and once it has as many as
// it keeps receives them in order, with and without naming the tag.
static void senders_wait(int messages)
{
    char data[BYTES];
    int flag = 0;

    if (rank > 0) {
        for (int i = 0; i < messages; i++) {
            fill(data, BYTES, (unsigned)i);
            OK(MPI_Send(data, BYTES, MPI_BYTE, 0, i % TAGS, MPI_COMM_WORLD));
        }
        OK(MPI_Send(NULL, 0, MPI_BYTE, 0, 99, MPI_COMM_WORLD));
        return;
    }
    for (int i = 0; i < messages; i++) {
        for (int k = 0; k < 20 && !flag; k++) {
            OK(MPI_Iprobe(1, 99, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE));
        }
        if (i % 1000 == 0) {
            look();
        }
        for (int source = 1; source < size; source++) {
            take(i, source, i % 3 ? i % TAGS : MPI_ANY_TAG);
        }
    }
    for (int source = 1; source < size; source++) {
        OK(MPI_Recv(NULL, 0, MPI_BYTE, source, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
}

// Nonblocking sends, of one rank, all of them before the one that is received first. The others
// send one message each, which gets through all the same.
enum order { FORWARDS, BACKWARDS, BY_TAG, ORDERS };

static void all_before_the_first(enum order order)
{
    enum { messages = EACH * TAGS };
    if (rank == 1) {
        MPI_Request *requests = room((size_t)messages * sizeof *requests), last;
        char *data = room((size_t)TAGS * BYTES);
        for (unsigned i = 0; i < TAGS; i++) {
            fill(data + i * BYTES, BYTES, i);
        }
        for (int i = 0; i < messages; i++) {
            OK(MPI_Isend(data + i % TAGS * BYTES, BYTES, MPI_BYTE, 0, i % TAGS, MPI_COMM_WORLD,
                         &requests[i]));
        }
        OK(MPI_Issend(NULL, 0, MPI_BYTE, 0, 99, MPI_COMM_WORLD, &last));
        OK(MPI_Wait(&last, MPI_STATUS_IGNORE));
        OK(MPI_Waitall(messages, requests, MPI_STATUSES_IGNORE));
        free(requests);
        free(data);
    } else if (rank > 1) {
        OK(MPI_Ssend(NULL, 0, MPI_BYTE, 0, 99, MPI_COMM_WORLD));
    } else {
        for (int source = size - 1; source > 0; source--) {
            OK(MPI_Recv(NULL, 0, MPI_BYTE, source, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        }
        look();
        // Some at a time, so that answers do not go to and fro one by one.
        char *data = room((size_t)EACH * BYTES);
        MPI_Request requests[EACH];
        for (int part = 0; part < TAGS; part++) {
            int tag = order == BACKWARDS ? TAGS - 1 - part : part;
            for (int i = 0; i < EACH; i++) {
                OK(MPI_Irecv(data + i * BYTES, BYTES, MPI_BYTE, 1,
                             order == FORWARDS ? MPI_ANY_TAG : tag, MPI_COMM_WORLD, &requests[i]));
            }
            OK(MPI_Waitall(EACH, requests, MPI_STATUSES_IGNORE));
            for (int i = 0; i < EACH; i++) {
                HOLDS(data + i * BYTES, BYTES, order == FORWARDS ? (part * EACH + i) % TAGS : tag);
            }
        }
        free(data);
    }
}

// With the receiver at its limit, what is only offered is a message like any other: probed, taken
// out, cancelled; also to this very rank, from a buffer, in a type with gaps, and without data.
static void offered_ones_are_messages(void)
{
    enum { N = 2500 };
    MPI_Request *requests = room(N * sizeof *requests), request, own[2];
    MPI_Status status;
    MPI_Datatype gaps;
    int words[40], got[40], flag = 0;
    char data[BYTES];

    OK(MPI_Type_vector(10, 1, 2, MPI_INT, &gaps));
    OK(MPI_Type_commit(&gaps));
    for (int i = 0; i < 40; i++) {
        words[i] = 1000 * rank + i;
        got[i] = -1;
    }
    if (rank == 1) {
        int room_for = 0;
        fill(data, BYTES, 7);
        for (int i = 0; i < N; i++) {
            OK(MPI_Isend(data, BYTES, MPI_BYTE, 0, 7, MPI_COMM_WORLD, &requests[i]));
        }
        OK(MPI_Pack_size(40, MPI_INT, MPI_COMM_WORLD, &room_for));
        char *buffer = room((size_t)room_for + MPI_BSEND_OVERHEAD);
        OK(MPI_Buffer_attach(buffer, room_for + MPI_BSEND_OVERHEAD));
        OK(MPI_Ssend(NULL, 0, MPI_BYTE, 0, 99, MPI_COMM_WORLD));
        OK(MPI_Isend(words, 40, MPI_INT, 0, 1, MPI_COMM_WORLD, &request));
        OK(MPI_Cancel(&request));
        OK(MPI_Wait(&request, &status));
        OK(MPI_Test_cancelled(&status, &flag));
        CHECK(flag, "a message that nobody receives was not cancelled");
        OK(MPI_Bsend(words, 40, MPI_INT, 0, 2, MPI_COMM_WORLD));
        OK(MPI_Isend(words, 2, gaps, 0, 3, MPI_COMM_WORLD, &own[0]));
        OK(MPI_Issend(NULL, 0, MPI_INT, 0, 4, MPI_COMM_WORLD, &own[1]));
        OK(MPI_Waitall(2, own, MPI_STATUSES_IGNORE));
        OK(MPI_Send_init(words, 40, MPI_INT, 0, 5, MPI_COMM_WORLD, &request));
        for (int i = 0; i < 2; i++) {
            OK(MPI_Start(&request));
            OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        }
        OK(MPI_Request_free(&request));
        OK(MPI_Buffer_detach(&buffer, &room_for));
        free(buffer);
    } else if (rank == 0) {
        MPI_Message message;
        OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        OK(MPI_Isend(words, 40, MPI_INT, 0, 6, MPI_COMM_WORLD, &request));
        OK(MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
        CHECK(!flag, "the limit was not reached");
        OK(MPI_Recv(got, 40, MPI_INT, 0, 6, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CHECK(got[39] == 39, "%d from this rank", got[39]);
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        OK(MPI_Probe(1, 2, MPI_COMM_WORLD, &status));
        STATUS_IS(status, 1, 2, sizeof words);
        OK(MPI_Iprobe(1, 1, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE));
        CHECK(!flag, "a cancelled message is there");
        OK(MPI_Mprobe(1, 2, MPI_COMM_WORLD, &message, &status));
        OK(MPI_Mrecv(got, 40, MPI_INT, &message, &status));
        CHECK(got[39] == 1039, "%d from a buffer", got[39]);
        STATUS_IS(status, 1, 2, sizeof words);
        memset(got, 0, sizeof got);
        OK(MPI_Recv(got, 2, gaps, 1, 3, MPI_COMM_WORLD, &status));
        CHECK(got[0] == 1000 && got[18] == 1018 && got[19] == 1019 && got[1] == 0, "%d %d %d %d",
              got[0], got[18], got[19], got[1]);
        STATUS_IS(status, 1, 3, 20 * sizeof(int));
        OK(MPI_Recv(NULL, 0, MPI_INT, 1, 4, MPI_COMM_WORLD, &status));
        STATUS_IS(status, 1, 4, 0);
        for (int i = 0; i < 2; i++) {
            OK(MPI_Recv(got, 40, MPI_INT, 1, 5, MPI_COMM_WORLD, &status));
            CHECK(got[39] == 1039, "%d from a persistent one", got[39]);
        }
    }
    for (int i = 0; rank == 0 && i < N; i++) {
        OK(MPI_Recv(data, BYTES, MPI_BYTE, 1, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        HOLDS(data, BYTES, 7);
    }
    if (rank == 1) {
        OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
    }
    OK(MPI_Type_free(&gaps));
    free(requests);
}

// Collective operations go on where every rank has as much as it keeps.
static void collectives_go_on(void)
{
    enum { N = 2500 };
    int next = (rank + 1) % size, before = (rank + size - 1) % size, reached = 0, all[8], words[8];
    MPI_Request *requests = room(N * sizeof *requests), request;
    char data[BYTES];

    fill(data, BYTES, 7);
    for (int i = 0; i < N; i++) {
        OK(MPI_Isend(data, BYTES, MPI_BYTE, next, 7, MPI_COMM_WORLD, &requests[i]));
    }
    OK(MPI_Issend(NULL, 0, MPI_BYTE, next, 99, MPI_COMM_WORLD, &request));
    OK(MPI_Recv(NULL, 0, MPI_BYTE, before, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    for (int i = 0; i < 20; i++) {
        words[0] = words[size - 1] = rank;
        OK(MPI_Iallreduce(&rank, &reached, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD, &request));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        CHECK(reached == size * (size - 1) / 2, "a sum of %d", reached);
        OK(MPI_Allreduce(&rank, &reached, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
        CHECK(reached == size - 1, "a maximum of %d", reached);
        OK(MPI_Allgather(&rank, 1, MPI_INT, all, 1, MPI_INT, MPI_COMM_WORLD));
        CHECK(all[next] == next, "%d gathered from %d", all[next], next);
        OK(MPI_Alltoall(words, 1, MPI_INT, all, 1, MPI_INT, MPI_COMM_WORLD));
        OK(MPI_Bcast(words, 8, MPI_INT, i % size, MPI_COMM_WORLD));
        OK(MPI_Sendrecv(&rank, 1, MPI_INT, next, 8, &reached, 1, MPI_INT, before, 8, MPI_COMM_WORLD,
                        MPI_STATUS_IGNORE));
        CHECK(reached == before, "%d from %d", reached, before);
    }
    for (int i = 0; i < N; i++) {
        char got[BYTES];
        OK(MPI_Recv(got, BYTES, MPI_BYTE, before, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        HOLDS(got, BYTES, 7);
    }
    OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
    free(requests);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    senders_wait(100);
    start_bytes = most_bytes = resident();
    senders_wait(4000);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (rank == 0) {
        within(LIMIT + UNDER_WAY, most_bytes, "while senders wait");
        within(4, resident(), "after all were received");
    }
    for (int order = 0; order < ORDERS; order++) {
        OK(MPI_Barrier(MPI_COMM_WORLD));
        most_bytes = start_bytes;
        all_before_the_first(order);
        OK(MPI_Barrier(MPI_COMM_WORLD));
        if (rank == 0) {
            within(LIMIT + UNDER_WAY + 2, most_bytes, "while sends are pending"); // 2: the offers
            within(4, resident(), "after all were received, in another order");
        }
    }
    offered_ones_are_messages();
    OK(MPI_Barrier(MPI_COMM_WORLD));
    collectives_go_on();
    return finish();
}
