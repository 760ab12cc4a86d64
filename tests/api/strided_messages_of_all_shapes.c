// SPDX-License-Identifier: MIT
// Long messages of regular types, up to four nested loops of blocks, forwards and backwards, arrive
// in any other regular type of the same signature: the bytes at their places and nothing beside
// them, whether the sender waits or computes, whole or shorter than the receive. An argument is the
// number of cases.
// ranks: 2 3
// timeout: 90
#include "check.h"

enum { LEVELS = 4, ROOM = 12 << 20, GUARD = 64 };

// A block of `block` bytes in nested loops, the innermost first; the last is the count of elements.
struct shape {
    int block, times[LEVELS];
    long stride[LEVELS];
    long low, high; // of the bytes, from the first block's address
};

static uint32_t state;

static uint32_t random_below(uint32_t limit)
{
    state = state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(state >> 4) * limit >> 28);
}

// Deals out the prime factors of `total` to the block and the loops.
static struct shape make_shape(int total)
{
    struct shape s;
    do {
        s = (struct shape){.block = 1, .times = {1, 1, 1, 1}};
        int left = total;
        for (int prime = 2; left > 1; prime++) {
            for (; left % prime == 0; left /= prime) {
                // Mostly short blocks and long inner loops, as in matrices.
                uint32_t place = random_below(16);
                if (place < 4)
                    s.block *= prime;
                else
                    s.times[place < 10 ? 0 : place < 13 ? 1 : place < 15 ? 2 : 3] *= prime;
            }
        }
        long extent = s.block;
        s.low = 0;
        s.high = s.block;
        for (int i = 0; i < LEVELS; i++) {
            static const int gaps[] = {0, 1, 8, 24, 56, 120, 504};
            long gap = random_below(3) ? gaps[random_below(COUNT_OF(gaps))]
                                       : (long)random_below(4) * extent;
            s.stride[i] = extent + gap;
            if (random_below(5) == 0)
                s.stride[i] = -s.stride[i];
            long reach = (s.times[i] - 1) * s.stride[i];
            s.low += reach < 0 ? reach : 0;
            s.high += reach > 0 ? reach : 0;
            extent = s.high - s.low;
        }
    } while (s.high - s.low > ROOM / 2);
    return s;
}

static MPI_Datatype make_type(const struct shape *s)
{
    MPI_Datatype type, next;
    OK(MPI_Type_contiguous(s->block, MPI_BYTE, &type));
    for (int i = 0; i < LEVELS - 1; i++) {
        OK(MPI_Type_create_hvector(s->times[i], 1, s->stride[i], type, &next));
        OK(MPI_Type_free(&type));
        type = next;
    }
    OK(MPI_Type_create_resized(type, 0, s->stride[LEVELS - 1], &next));
    OK(MPI_Type_free(&type));
    OK(MPI_Type_commit(&next));
    return next;
}

static unsigned char value(unsigned seed, long i)
{
    return (unsigned char)((seed + (unsigned)i * 2654435761u) >> 13 | 1); // never 0
}

// Writes bytes of the stream to their places, or checks that they are there and clears them.
static void each_byte(const struct shape *s, unsigned char *first, unsigned seed, long bytes,
                      int check)
{
    long i = 0;
    for (int d = 0; d < s->times[3]; d++)
        for (int c = 0; c < s->times[2]; c++)
            for (int b = 0; b < s->times[1]; b++)
                for (int a = 0; a < s->times[0]; a++) {
                    unsigned char *at = first + a * s->stride[0] + b * s->stride[1] +
                                        c * s->stride[2] + d * s->stride[3];
                    for (int k = 0; k < s->block && i < bytes; k++, i++) {
                        CHECK(!check || at[k] == value(seed, i), "byte %ld is %d, not %d", i, at[k],
                              value(seed, i));
                        at[k] = check ? 0 : value(seed, i);
                    }
                }
}

int main(int argc, char **argv)
{
    static const int totals[] = {2 * 3 * 4096, 65536, 3 * 5 * 7 * 1024, 1 << 18, 9 * 5 * 16384};
    static unsigned char outside[ROOM];

    start(&argc, &argv);
    int cases = argc > 1 ? atoi(argv[1]) : 300, to = (rank + 1) % size;
    int from = (rank + size - 1) % size;
    unsigned char *out = room(ROOM), *heap = room(ROOM);
    memset(heap, 0, ROOM);
    for (int n = 0; n < cases; n++) {
        state = (uint32_t)n * 977 + 1; // the same on all ranks
        snprintf(check_again, sizeof check_again, "in case %d\n", n);
        int total = totals[random_below(COUNT_OF(totals))];
        struct shape sent = make_shape(total), taken = make_shape(total);
        unsigned char *in = random_below(5) ? heap : outside;
        unsigned seed = random_below(1 << 20), mode = random_below(4);
        long bytes = total;
        if (random_below(4) == 0) { // fewer elements than the receive takes
            sent.times[3] = 1 + (int)random_below((uint32_t)sent.times[3]);
            bytes =
                (long)sent.block * sent.times[0] * sent.times[1] * sent.times[2] * sent.times[3];
        }
        MPI_Datatype out_type = make_type(&sent), in_type = make_type(&taken);
        unsigned char *first = out + GUARD - sent.low, *place = in + GUARD - taken.low;
        MPI_Request request;
        MPI_Status status;
        int count;
        each_byte(&sent, first, seed + (unsigned)rank, bytes, 0);
        if (mode == 0 && rank % 2) // received when the message is there, and sent to who waits
            nap(1);
        OK(MPI_Isend(first, sent.times[3], out_type, to, n, MPI_COMM_WORLD, &request));
        if (mode == 1)
            OK(MPI_Probe(from, n, MPI_COMM_WORLD, &status));
        OK(MPI_Recv(place, taken.times[3], in_type, from, n, MPI_COMM_WORLD, &status));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        OK(MPI_Get_elements(&status, in_type, &count));
        CHECK(count == bytes, "%d bytes arrived of %ld", count, bytes);
        each_byte(&taken, place, seed + (unsigned)from, bytes, 1);
        for (long i = 0; i < taken.high - taken.low + 2 * GUARD; i++)
            CHECK(in[i] == 0, "byte %ld beside the data was changed", i);
        OK(MPI_Type_free(&out_type));
        OK(MPI_Type_free(&in_type));
    }
    free(out);
    free(heap);
    return finish();
}
