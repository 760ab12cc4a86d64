// SPDX-License-Identifier: MIT
// Messages from ranks that share memory with this one and from ranks of other nodes meet the same
// receives: those of one sender come in the order in which they were sent, whatever their lengths
// and modes, and receives from any source get each message once.
// ranks: 2 4 5
// channels: shm nodes2 nodes3
#include "check.h"

enum { PER_PEER = 600, POSTED = 16, LONGEST = 100000 };

static unsigned state;

static unsigned draw(unsigned below)
{
    state = state * 1103515245U + 12345U;
    return (state >> 8) % below;
}

// The same at both ends.
static int length_of(int from, int to, int number)
{
    unsigned n = (unsigned)(from * 7919 + to * 104729 + number * 31);
    return n % 50 == 0  ? LONGEST - (int)(n % 1000)
           : n % 7 == 0 ? 2000 + (int)(n % 9000)
                        : 5 + (int)(n % 60);
}

static char *incoming[POSTED];
static MPI_Request posted[POSTED];
static int first, under_way; // of the posted ones
static int next_from[64], got;

// Takes the receive that was posted first.
static void take(void)
{
    MPI_Status status;
    int bytes, number, place = first % POSTED;
    OK(MPI_Wait(&posted[place], &status));
    OK(MPI_Get_count(&status, MPI_BYTE, &bytes));
    memcpy(&number, incoming[place], sizeof number);
    int from = status.MPI_SOURCE;
    CHECK(number == next_from[from], "from %d number %d, expected %d", from, number,
          next_from[from]);
    CHECK(bytes == length_of(from, rank, number), "from %d: %d bytes", from, bytes);
    CHECK(status.MPI_TAG == number % 5, "tag %d", status.MPI_TAG);
    CHECK(incoming[place][bytes - 1] == (char)(number + from), "the end is wrong");
    next_from[from]++;
    first++;
    under_way--;
    got++;
}

static void post(int source)
{
    int place = (first + under_way++) % POSTED;
    OK(MPI_Irecv(incoming[place], LONGEST, MPI_BYTE, source, MPI_ANY_TAG, MPI_COMM_WORLD,
                 &posted[place]));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    state = (unsigned)rank + 1;
    int all = (size - 1) * PER_PEER, sent[64] = {0}, out = 0;
    static char outgoing[LONGEST];
    MPI_Request send = MPI_REQUEST_NULL;
    for (int i = 0; i < POSTED; i++) {
        incoming[i] = malloc(LONGEST);
        CHECK(incoming[i] != NULL, "no memory");
    }
    while (got < all || out < all) {
        while (under_way < POSTED && got + under_way < all) {
            post(MPI_ANY_SOURCE);
        }
        int to = (int)draw((unsigned)size), flag;
        if (out < all && to != rank && sent[to] < PER_PEER) {
            int number = sent[to]++, bytes = length_of(rank, to, number);
            OK(MPI_Wait(&send, MPI_STATUS_IGNORE));
            memcpy(outgoing, &number, sizeof number);
            outgoing[bytes - 1] = (char)(number + rank);
            if (draw(4) == 0) {
                OK(MPI_Issend(outgoing, bytes, MPI_BYTE, to, number % 5, MPI_COMM_WORLD, &send));
            } else {
                OK(MPI_Isend(outgoing, bytes, MPI_BYTE, to, number % 5, MPI_COMM_WORLD, &send));
            }
            out++;
        }
        for (flag = 1; flag && under_way > 0;) {
            OK(MPI_Request_get_status(posted[first % POSTED], &flag, MPI_STATUS_IGNORE));
            if (flag) {
                take();
            }
        }
        flag = 0;
        while (send != MPI_REQUEST_NULL && !flag) { // whom we send to may wait for us
            OK(MPI_Test(&send, &flag, MPI_STATUS_IGNORE));
            int ready = 0;
            if (under_way > 0) {
                OK(MPI_Request_get_status(posted[first % POSTED], &ready, MPI_STATUS_IGNORE));
            }
            if (ready) {
                take();
                while (under_way < POSTED && got + under_way < all) {
                    post(MPI_ANY_SOURCE);
                }
            }
        }
        if (out == all && under_way > 0) {
            take();
        }
    }
    OK(MPI_Barrier(MPI_COMM_WORLD)); // above, a receive takes any message
    // One that sleeps is woken by either kind of peer.
    for (int round = 0; round < 3; round++) {
        for (int r = 0; r < size; r++) {
            int word = r;
            if (rank == r) {
                nap(12);
            }
            if (rank == r) {
                for (int i = 1; i < size; i++) {
                    OK(MPI_Send(&word, 1, MPI_INT, (r + i) % size, 9, MPI_COMM_WORLD));
                }
            } else {
                MPI_Status status;
                OK(MPI_Recv(&word, 1, MPI_INT, MPI_ANY_SOURCE, 9, MPI_COMM_WORLD, &status));
                CHECK(word == status.MPI_SOURCE, "word %d from %d", word, status.MPI_SOURCE);
            }
            OK(MPI_Barrier(MPI_COMM_WORLD));
        }
    }
    return finish();
}
