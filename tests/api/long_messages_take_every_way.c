// SPDX-License-Identifier: MIT
// A long message arrives whole by each row of the table in lib/message/rendezvous.c: between memory
// that ranks reach in each other and memory that they do not, contiguous, regular and irregular on
// either side, to the rank itself, while its sender waits for it, sends more, receives as well, or
// is outside of MPI.
// ranks: 1 2
// channels: shm
// timeout: 90
#include "check.h"

#include <sys/mman.h>

enum { MOST = 9 << 18, MESSAGES = 2, ROOM = MESSAGES * 2 * MOST + 64, BLOCKS = 3, STATES = 4 };
enum { WAITS, STREAMS, RECEIVES, COMPUTES }; // the sender meanwhile

static const int lengths[] = {9000, 18000, 300000, MOST};

static char *mapped(void)
{
    char *memory = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED, "mmap");
    return memory;
}

// `bytes` bytes, a multiple of 12, in a row; in blocks of 4, 12 apart; in three of other lengths.
static MPI_Datatype make_type(int kind, int bytes)
{
    MPI_Datatype type;
    int third = bytes / BLOCKS, lengths_of[] = {third - 1, third + 3, third - 2};
    int places[] = {5, bytes, bytes / 2};
    if (kind == 0)
        OK(MPI_Type_contiguous(bytes, MPI_BYTE, &type));
    else if (kind == 1)
        OK(MPI_Type_vector(bytes / 4, 4, 6, MPI_BYTE, &type));
    else
        OK(MPI_Type_indexed(BLOCKS, lengths_of, places, MPI_BYTE, &type));
    OK(MPI_Type_commit(&type));
    return type;
}

static void write_message(char *place, MPI_Datatype type, char *packed, int bytes, unsigned seed)
{
    int position = 0;
    fill(packed, (size_t)bytes, seed);
    OK(MPI_Unpack(packed, bytes, &position, place, 1, type, MPI_COMM_WORLD));
}

static void check_message(const char *place, MPI_Datatype type, char *packed, int bytes,
                          unsigned seed)
{
    int position = 0;
    OK(MPI_Pack(place, 1, type, packed, bytes, &position, MPI_COMM_WORLD));
    HOLDS(packed, bytes, seed);
}

// From rank 0 to the last one, in so many messages; with RECEIVES as many the other way.
static void transfer(char *out, MPI_Datatype sent, char *in, MPI_Datatype taken, char *packed,
                     int bytes, int state)
{
    int sends = rank == 0 || state == RECEIVES, receives = rank == size - 1 || state == RECEIVES;
    int peer = size - 1 - rank, count = state == STREAMS ? MESSAGES : 1, n = 0;
    MPI_Request requests[2 * MESSAGES];
    unsigned seed = (unsigned)bytes;

    for (int i = 0; i < count && receives; i++) {
        memset(in + i * 2 * MOST, 0, (size_t)bytes * 2);
        if (state != COMPUTES || rank == 0)
            OK(MPI_Irecv(in + i * 2 * MOST, 1, taken, peer, i, MPI_COMM_WORLD, &requests[n++]));
    }
    for (int i = 0; i < count && sends; i++)
        write_message(out + i * 2 * MOST, sent, packed, bytes, seed + (unsigned)(rank + i));
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (sends && state == WAITS && rank != peer)
        OK(MPI_Send(out, 1, sent, peer, 0, MPI_COMM_WORLD));
    for (int i = 0; i < count && sends && (state != WAITS || rank == peer); i++)
        OK(MPI_Isend(out + i * 2 * MOST, 1, sent, peer, i, MPI_COMM_WORLD, &requests[n++]));
    if (state == COMPUTES && sends)
        nap(1);
    else if (state == COMPUTES)
        OK(MPI_Recv(in, 1, taken, peer, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    OK(MPI_Waitall(n, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < count && receives; i++)
        check_message(in + i * 2 * MOST, taken, packed, bytes, seed + (unsigned)(peer + i));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *outs[] = {room(ROOM), mapped()}, *ins[] = {room(ROOM), mapped()}, *packed = room(MOST);
    for (size_t l = 0; l < COUNT_OF(lengths); l++) {
        MPI_Datatype types[3];
        for (int kind = 0; kind < 3; kind++)
            types[kind] = make_type(kind, lengths[l]);
        for (int k = 0; k < 2 * 2 * 3 * 3 * STATES; k++) {
            int state = k % STATES, way = k / STATES;
            snprintf(check_again, sizeof check_again, "way %d, sender's state %d\n", way, state);
            transfer(outs[way % 2], types[way / 4 % 3], ins[way / 2 % 2], types[way / 12], packed,
                     lengths[l], state);
        }
        for (int kind = 0; kind < 3; kind++)
            OK(MPI_Type_free(&types[kind]));
    }
    free(outs[0]);
    free(ins[0]);
    free(packed);
    return finish();
}
