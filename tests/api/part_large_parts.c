// SPDX-License-Identifier: MIT
// Long partitions, in a row or with gaps at either end, cross without either side having to help
// the other along by more than waiting; many messages at once find their way when the channel is
// full.
// ranks: 2 3
// timeout: 120
#include "check.h"

enum { BYTES = 8 << 20, BLOCK = 64, MESSAGES = 8 };

// Every other block of 64 bytes, or all in a row.
static MPI_Datatype layout(int gaps, int bytes)
{
    MPI_Datatype type;
    OK(MPI_Type_vector(bytes / BLOCK, BLOCK, gaps ? 2 * BLOCK : BLOCK, MPI_BYTE, &type));
    MPI_Datatype padded;
    OK(MPI_Type_create_resized(type, 0, gaps ? 2 * bytes : bytes, &padded));
    OK(MPI_Type_commit(&padded));
    OK(MPI_Type_free(&type));
    return padded;
}

static void spread(char *to, const char *from, int gaps, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += BLOCK) {
        memcpy(to + (gaps ? 2 * at : at), from + at, BLOCK);
    }
}

static void gather(char *to, const char *from, int gaps, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += BLOCK) {
        memcpy(to + at, from + (gaps ? 2 * at : at), BLOCK);
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int to = (rank + 1) % size, from = (rank + size - 1) % size;
    char *out = room(2 * BYTES), *in = room(2 * BYTES), *flat = room(BYTES);

    for (int form = 0; form < 4; form++) {
        int parts_out = form % 2 ? 2 : 8, parts_in = form % 3 ? 16 : 4;
        int gaps_out = form & 1, gaps_in = form >> 1;
        MPI_Datatype type_out = layout(gaps_out, BYTES / parts_out);
        MPI_Datatype type_in = layout(gaps_in, BYTES / parts_in);
        MPI_Request requests[2];
        OK(MPI_Psend_init(out, parts_out, 1, type_out, to, 0, MPI_COMM_WORLD, MPI_INFO_NULL,
                          &requests[0]));
        OK(MPI_Precv_init(in, parts_in, 1, type_in, from, 0, MPI_COMM_WORLD, MPI_INFO_NULL,
                          &requests[1]));
        for (unsigned round = 0; round < 2; round++) {
            OK(MPI_Startall(2, requests));
            fill(flat, BYTES, round * 100 + (unsigned)rank);
            spread(out, flat, gaps_out, BYTES);
            for (int p = parts_out - 1; p >= 0; p--) {
                OK(MPI_Pready(p, requests[0]));
            }
            OK(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
            gather(flat, in, gaps_in, BYTES);
            HOLDS(flat, BYTES, round * 100 + (unsigned)from);
        }
        OK(MPI_Request_free(&requests[0]));
        OK(MPI_Request_free(&requests[1]));
        OK(MPI_Type_free(&type_out));
        OK(MPI_Type_free(&type_in));
    }

    // Several at once, each more than a channel holds, in parts too short to be fetched.
    MPI_Request sends[MESSAGES], receives[MESSAGES];
    enum { PART = 4096, EACH = BYTES / MESSAGES };
    for (int m = 0; m < MESSAGES; m++) {
        OK(MPI_Psend_init(out + m * EACH, EACH / PART, PART, MPI_BYTE, to, m, MPI_COMM_WORLD,
                          MPI_INFO_NULL, &sends[m]));
        OK(MPI_Precv_init(in + m * EACH, EACH / PART, PART, MPI_BYTE, from, m, MPI_COMM_WORLD,
                          MPI_INFO_NULL, &receives[m]));
    }
    for (unsigned round = 0; round < 2; round++) {
        fill(out, BYTES, 1000 + round * 100 + (unsigned)rank);
        OK(MPI_Startall(MESSAGES, receives));
        OK(MPI_Barrier(MPI_COMM_WORLD));
        OK(MPI_Startall(MESSAGES, sends));
        for (int p = 0; p < EACH / PART; p += 2) { // no two neighbours at once
            for (int m = 0; m < MESSAGES; m++) {
                OK(MPI_Pready(p, sends[m]));
            }
        }
        for (int p = 1; p < EACH / PART; p += 2) {
            for (int m = 0; m < MESSAGES; m++) {
                OK(MPI_Pready(p, sends[m]));
            }
        }
        OK(MPI_Waitall(MESSAGES, sends, MPI_STATUSES_IGNORE));
        OK(MPI_Waitall(MESSAGES, receives, MPI_STATUSES_IGNORE));
        HOLDS(in, BYTES, 1000 + round * 100 + (unsigned)from);
    }
    for (int m = 0; m < MESSAGES; m++) {
        OK(MPI_Request_free(&sends[m]));
        OK(MPI_Request_free(&receives[m]));
    }
    free(out);
    free(in);
    free(flat);
    return finish();
}
