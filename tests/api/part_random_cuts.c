// SPDX-License-Identifier: MIT
// A partitioned message may be cut differently at its two ends and laid out in memory differently,
// its parts become ready in any order and by any of the three calls, and every round brings what
// was in the buffer; a partition that has arrived is complete at once.
// ranks: 1 2 3
// timeout: 120
#include "check.h"

enum { CASES = 120, ROUNDS = 3, TAG = 7 };

static uint64_t seed;

static int draw(int limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)limit);
}

// One end: how its part of the stream lies in memory. The stream is `bytes` long in all.
struct end {
    MPI_Datatype type;
    int partitions, count;
    size_t size, extent; // of an element
    char *memory;
};

// Draws a type whose size divides `unit`, so that `partitions` can be chosen freely after that.
static struct end draw_end(int units, int unit)
{
    struct end end = {.type = MPI_BYTE, .size = 1, .extent = 1};
    switch (draw(4)) {
    case 0: // bytes
        break;
    case 1: // as large as the unit, in a row
        OK(MPI_Type_contiguous(unit, MPI_BYTE, &end.type));
        end.size = end.extent = (size_t)unit;
        break;
    case 2: // two halves with a gap
        if (unit % 2 == 0) {
            OK(MPI_Type_vector(2, unit / 2, unit / 2 + 3, MPI_BYTE, &end.type));
            end.size = (size_t)unit;
            end.extent = (size_t)(unit + 3);
        }
        break;
    default: { // every other byte, backwards
        MPI_Datatype inner;
        OK(MPI_Type_create_hvector(unit, 1, -2, MPI_BYTE, &inner));
        OK(MPI_Type_create_hindexed_block(1, 1, &(MPI_Aint){2 * (unit - 1)}, inner, &end.type));
        OK(MPI_Type_free(&inner));
        end.size = (size_t)unit;
        end.extent = 2 * (size_t)unit - 1;
    }
    }
    if (end.type != MPI_BYTE) {
        OK(MPI_Type_commit(&end.type));
    }
    // Any divisor of the number of units, or of bytes.
    int whole = end.size == 1 ? units * unit : units;
    do {
        end.partitions = 1 + draw(whole);
    } while (whole % end.partitions);
    end.count = whole / end.partitions;
    end.memory = room((size_t)whole * end.extent);
    memset(end.memory, 0x5a, (size_t)whole * end.extent);
    return end;
}

static void drop_end(struct end *end)
{
    if (end->type != MPI_BYTE) {
        OK(MPI_Type_free(&end->type));
    }
    free(end->memory);
}

// Where byte `i` of the stream lies.
static char *place(const struct end *end, int unit, size_t i)
{
    char *element = end->memory + i / end->size * end->extent;
    size_t within = i % end->size;
    if (end->extent == 2 * (size_t)unit - 1 && end->size > 1) {
        return element + 2 * ((size_t)unit - 1 - within);
    }
    if (end->extent == (size_t)unit + 3 && end->size > 1) {
        return element + within + (within >= (size_t)unit / 2 ? 3 : 0);
    }
    return element + within;
}

static void put(const struct end *end, int unit, size_t from, size_t bytes, unsigned message)
{
    for (size_t i = from; i < from + bytes; i++) {
        *place(end, unit, i) = (char)byte_of(message, i);
    }
}

static void holds(const struct end *end, int unit, size_t from, size_t bytes, unsigned message)
{
    for (size_t i = from; i < from + bytes; i++) {
        CHECK(*place(end, unit, i) == (char)byte_of(message, i), "byte %zu of message %u", i,
              message);
    }
}

// Makes all partitions ready, in a random order, each filled just before.
static void send_parts(const struct end *end, int unit, unsigned message, MPI_Request request)
{
    int n = end->partitions;
    size_t bytes = (size_t)end->count * end->size;
    int *order = room((size_t)n * sizeof *order);
    for (int i = 0; i < n; i++) {
        int j = draw(i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    if (draw(3) == 0) {
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
    }
    for (int i = 0; i < n;) {
        int length = 1;
        int most = 1 + draw(n - i);
        switch (draw(3)) {
        case 0:
            put(end, unit, (size_t)order[i] * bytes, bytes, message);
            OK(MPI_Pready(order[i], request));
            break;
        case 1:
            while (length < most && order[i + length] == order[i] + length) {
                length++;
            }
            put(end, unit, (size_t)order[i] * bytes, bytes * (size_t)length, message);
            OK(MPI_Pready_range(order[i], order[i] + length - 1, request));
            break;
        default:
            length = most;
            for (int k = i; k < i + length; k++) {
                put(end, unit, (size_t)order[k] * bytes, bytes, message);
            }
            OK(MPI_Pready_list(length, order + i, request));
        }
        i += length;
    }
    free(order);
}

static void look_at_parts(const struct end *end, int unit, unsigned message, MPI_Request request)
{
    size_t bytes = (size_t)end->count * end->size;
    int flag;
    for (int k = 0; k < 4; k++) {
        int p = draw(end->partitions);
        OK(MPI_Parrived(request, p, &flag));
        if (flag) {
            holds(end, unit, (size_t)p * bytes, bytes, message);
        }
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL));
    int to = (rank + 1) % size, from = (rank + size - 1) % size;

    for (int c = 0; c < CASES; c++) {
        seed = (uint64_t)c * 1000003 + 12345; // the same at all: the message's size
        int unit = 1 + draw(c % 4 == 3 ? 3000 : 40);
        int units = (1 + draw(6)) * (1 + draw(6)) * (1 + draw(c % 5 == 4 ? 30 : 3));
        size_t bytes = (size_t)unit * (size_t)units;
        seed += (uint64_t)rank * 7919;
        struct end out = draw_end(units, unit), in = draw_end(units, unit);
        MPI_Request requests[2];
        MPI_Status statuses[2];

        if (draw(2)) {
            OK(MPI_Psend_init(out.memory, out.partitions, out.count, out.type, to, TAG,
                              MPI_COMM_WORLD, MPI_INFO_NULL, &requests[1]));
            OK(MPI_Precv_init(in.memory, in.partitions, in.count, in.type, from, TAG,
                              MPI_COMM_WORLD, MPI_INFO_NULL, &requests[0]));
        } else {
            OK(MPI_Precv_init_c(in.memory, in.partitions, in.count, in.type, from, TAG,
                                MPI_COMM_WORLD, MPI_INFO_NULL, &requests[0]));
            OK(MPI_Psend_init_c(out.memory, out.partitions, out.count, out.type, to, TAG,
                                MPI_COMM_WORLD, MPI_INFO_NULL, &requests[1]));
        }
        for (int round = 0; round < ROUNDS; round++) {
            unsigned mine = (unsigned)(c * ROUNDS + round) * 16 + (unsigned)rank;
            unsigned theirs = mine - (unsigned)rank + (unsigned)from;
            int late = draw(2);
            if (late) {
                OK(MPI_Start(&requests[1]));
                send_parts(&out, unit, mine, requests[1]);
                OK(MPI_Start(&requests[0]));
            } else {
                OK(MPI_Startall(2, requests));
                send_parts(&out, unit, mine, requests[1]);
            }
            look_at_parts(&in, unit, theirs, requests[0]);
            OK(MPI_Waitall(2, requests, statuses));
            STATUS_IS(statuses[0], from, TAG, bytes);
            holds(&in, unit, 0, bytes, theirs);
        }
        OK(MPI_Request_free(&requests[0]));
        OK(MPI_Request_free(&requests[1]));
        drop_end(&out);
        drop_end(&in);
    }
    return finish();
}
