// SPDX-License-Identifier: MIT
// Long collectives move the same bytes wherever each rank's buffers are: in the heap, in the
// program's variables, mapped, or with gaps between the elements, all mixed, with lengths around
// those at which data travels another way. With an odd number of ranks, one may not use the kernel
// to reach the others' memory and does not know that of them: it goes without there. What lies in
// gaps and after the end stays.
// ranks: 2 3 4 5
// timeout: 120
#include "check.h"

#include <sys/mman.h>

enum { MOST = 9001, RANKS = 5, ROUNDS = 16, PAINT = 0x5a };
enum kind { HEAP, STATIC, MAPPED, GAPS, KINDS };

static const int lengths[] = {511, 512, 2047, 2048, 2049, 4096, 4100, 8193, MOST};
static char static_memory[2][RANKS * (MOST + 1) * 8 + 8];
static char *heap_memory[2], *mapped_memory[2], *gapped_memory[2];
static MPI_Datatype cell, cell_and_gap;

struct buffer {
    char *at;
    int stride; // bytes from one element of 8 bytes to the next
    MPI_Datatype type;
    size_t bytes; // painted
};

static struct buffer paint(enum kind kind, int which, int elements)
{
    struct buffer b = {.stride = kind == GAPS ? 16 : 8, .type = kind == GAPS ? cell_and_gap : cell};
    b.at = kind == HEAP     ? heap_memory[which]
           : kind == STATIC ? static_memory[which] + 8
           : kind == MAPPED ? mapped_memory[which] + 8
                            : gapped_memory[which];
    b.bytes = (size_t)(elements + 1) * (size_t)b.stride;
    memset(b.at, PAINT, b.bytes);
    return b;
}

static char *element(const struct buffer *b, int i)
{
    return b->at + (MPI_Aint)i * b->stride;
}

// Elements [from, from + count) become the message of that number.
static void put(const struct buffer *b, int from, int count, unsigned message)
{
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < 8; k++) {
            element(b, from + i)[k] = (char)byte_of(message, (size_t)(8 * i + k));
        }
    }
}

// They are that message; then they are painted over.
static void take(const struct buffer *b, int from, int count, unsigned message, const char *what)
{
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < 8; k++) {
            CHECK(element(b, from + i)[k] == (char)byte_of(message, (size_t)(8 * i + k)),
                  "%s: byte %d of element %d of %d, message %u", what, k, i, count, message);
        }
        memset(element(b, from + i), PAINT, 8);
    }
}

static void untouched(const struct buffer *b, const char *what)
{
    for (size_t i = 0; i < b->bytes; i++) {
        CHECK(b->at[i] == PAINT, "%s wrote byte %zu, which is not its own", what, i);
    }
}

static enum kind give_kind(int round)
{
    return (enum kind)((round + rank) % KINDS);
}

static enum kind take_kind(int round)
{
    return (enum kind)((round / KINDS + 2 * rank) % KINDS);
}

static void from_root(int n, int round, int root)
{
    struct buffer mine = paint(rank == root ? give_kind(round) : take_kind(round), 0, n);
    if (rank == root) {
        put(&mine, 0, n, 1);
    }
    OK(MPI_Bcast(mine.at, n, mine.type, root, MPI_COMM_WORLD));
    take(&mine, 0, n, 1, "MPI_Bcast");
    untouched(&mine, "MPI_Bcast");

    struct buffer all = paint(give_kind(round), 0, size * n);
    mine = paint(take_kind(round), 1, n);
    for (int i = 0; i < size; i++) {
        put(&all, i * n, n, 2 + (unsigned)i);
    }
    OK(MPI_Scatter(all.at, n, all.type, mine.at, n, mine.type, root, MPI_COMM_WORLD));
    take(&mine, 0, n, 2 + (unsigned)rank, "MPI_Scatter");
    untouched(&mine, "MPI_Scatter");
}

// The count of a rank in the v forms: all lengths at the same time.
static int count_of(int n, int of_rank)
{
    return of_rank % 2 ? n : n / (of_rank + 1);
}

static void to_root(int n, int round, int root)
{
    int counts[RANKS], places[RANKS];
    struct buffer mine = paint(give_kind(round), 0, n);
    struct buffer all = paint(take_kind(round), 1, size * n);

    put(&mine, 0, n, (unsigned)rank);
    OK(MPI_Gather(mine.at, n, mine.type, all.at, n, all.type, root, MPI_COMM_WORLD));
    for (int i = 0; i < size && rank == root; i++) {
        take(&all, i * n, n, (unsigned)i, "MPI_Gather");
    }
    untouched(&all, "MPI_Gather");
    for (int i = 0; i < size; i++) {
        counts[i] = count_of(n, i);
        places[i] = (size - 1 - i) * n;
    }
    OK(MPI_Gatherv(mine.at, counts[rank], mine.type, all.at, counts, places, all.type, root,
                   MPI_COMM_WORLD));
    for (int i = 0; i < size && rank == root; i++) {
        take(&all, places[i], counts[i], (unsigned)i, "MPI_Gatherv");
    }
    untouched(&all, "MPI_Gatherv");
}

static void to_all(int n, int round)
{
    struct buffer mine = paint(give_kind(round), 0, size * n);
    struct buffer all = paint(take_kind(round), 1, size * n);

    for (int i = 0; i < size; i++) {
        put(&mine, i * n, n, (unsigned)(rank * size + i));
    }
    OK(MPI_Allgather(mine.at, n, mine.type, all.at, n, all.type, MPI_COMM_WORLD));
    for (int i = 0; i < size; i++) {
        take(&all, i * n, n, (unsigned)(i * size), "MPI_Allgather");
    }
    untouched(&all, "MPI_Allgather");
    OK(MPI_Alltoall(mine.at, n, mine.type, all.at, n, all.type, MPI_COMM_WORLD));
    for (int i = 0; i < size; i++) {
        take(&all, i * n, n, (unsigned)(i * size + rank), "MPI_Alltoall");
    }
    untouched(&all, "MPI_Alltoall");
}

// Sums of small whole numbers, which are the same in any order.
static void reduce(int n, int round, int root)
{
    struct buffer in = paint((enum kind)(give_kind(round) % GAPS), 0, n);
    struct buffer out = paint((enum kind)(take_kind(round) % GAPS), 1, n);
    double *from = (double *)(void *)in.at, *to = (double *)(void *)out.at;

    for (int i = 0; i < n; i++) {
        from[i] = rank * i;
    }
    for (int what = 0; what < 4; what++) {
        int end = n, upto = size;
        if (what == 0) {
            OK(MPI_Allreduce(from, to, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
        } else if (what == 1) {
            OK(MPI_Reduce(from, to, n, MPI_DOUBLE, MPI_SUM, root, MPI_COMM_WORLD));
            end = rank == root ? n : 0;
        } else if (what == 2) {
            OK(MPI_Scan(from, to, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
            upto = rank + 1;
        } else {
            OK(MPI_Exscan(from, to, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
            upto = rank;
            end = rank > 0 ? n : 0;
        }
        for (int i = 0; i < end; i++) {
            CHECK(to[i] == upto * (upto - 1) / 2 * (double)i, "way %d: element %d of %d is %g",
                  what, i, n, to[i]);
        }
        memset(to, PAINT, (size_t)end * 8);
        untouched(&out, "a reduction");
    }
}

// Blocks that no cache holds, at addresses that are not those of lines.
static void past_the_caches(void)
{
    enum { BLOCK = (7 << 20) + 5 };
    char *from = room((size_t)size * BLOCK + 3), *to = room((size_t)size * BLOCK + 9);

    for (int i = 0; i < size; i++) {
        fill(from + 3 + (MPI_Aint)i * BLOCK, BLOCK, (unsigned)(rank * size + i));
    }
    to[8] = PAINT;
    OK(MPI_Alltoall(from + 3, BLOCK, MPI_BYTE, to + 9, BLOCK, MPI_BYTE, MPI_COMM_WORLD));
    for (int i = 0; i < size; i++) {
        HOLDS(to + 9 + (MPI_Aint)i * BLOCK, BLOCK, i * size + rank);
    }
    OK(MPI_Allgather(from + 3, BLOCK, MPI_BYTE, to + 9, BLOCK, MPI_BYTE, MPI_COMM_WORLD));
    for (int i = 0; i < size; i++) {
        HOLDS(to + 9 + (MPI_Aint)i * BLOCK, BLOCK, i * size);
    }
    CHECK(to[8] == PAINT, "wrote before the buffer");
    free(from);
    free(to);
}

int main(int argc, char **argv)
{
    const char *ranks = getenv("MPRUN_SIZE"), *own = getenv("MPRUN_RANK");
    if (ranks && own && atoi(ranks) % 2 && strcmp(own, "1") == 0) {
        setenv("MPRUN_CMA", "0", 1);
    }
    start(&argc, &argv);
    CHECK(size <= RANKS, "%d ranks", size);
    OK(MPI_Type_contiguous(8, MPI_BYTE, &cell));
    OK(MPI_Type_create_resized(cell, 0, 16, &cell_and_gap));
    OK(MPI_Type_commit(&cell));
    OK(MPI_Type_commit(&cell_and_gap));
    for (int i = 0; i < 2; i++) {
        heap_memory[i] = room(sizeof static_memory[i]);
        gapped_memory[i] = room(2 * sizeof static_memory[i]);
        mapped_memory[i] = mmap(NULL, sizeof static_memory[i], PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(mapped_memory[i] != MAP_FAILED, "mmap");
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = round % 2; i < COUNT_OF(lengths); i += 2) {
            int root = (round + (int)i) % size;
            from_root(lengths[i], round, root);
            to_root(lengths[i], round, root);
            to_all(lengths[i], round);
            reduce(lengths[i], round, root);
        }
    }
    if (size <= 3) { // it is much memory
        past_the_caches();
    }
    for (int i = 0; i < 2; i++) {
        free(heap_memory[i]);
        free(gapped_memory[i]);
    }
    OK(MPI_Type_free(&cell));
    OK(MPI_Type_free(&cell_and_gap));
    return finish();
}
