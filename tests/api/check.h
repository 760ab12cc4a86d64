// SPDX-License-Identifier: MIT
// What every program of tests/api needs: a check that says where and with which values it failed
// and ends the job, and buffers whose bytes tell who sent them. Only mpi.h and libc.
//     CHECK(count == 3, "count is %d", count);
//     OK(MPI_Barrier(MPI_COMM_WORLD));
#ifndef TESTS_API_CHECK_H
#define TESTS_API_CHECK_H

#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int rank = -1, size;
static char check_again[200]; // how to see it fail once more; mostly there is nothing to say

#define CHECK(condition, ...)                                                              \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "rank %d: %s:%d: %s: ", rank, __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                                  \
            fprintf(stderr, "\n%s", check_again);                                          \
            MPI_Abort(MPI_COMM_WORLD, 1);                                                  \
        }                                                                                  \
    } while (0)

// A call that must return MPI_SUCCESS.
#define OK(call)                                                \
    do {                                                        \
        int returned_ = (call);                                 \
        CHECK(returned_ == MPI_SUCCESS, "error %d", returned_); \
    } while (0)

// A call that must return an error of this class.
#define FAILS(class, call)                                                                    \
    do {                                                                                      \
        int returned_ = (call), class_ = MPI_SUCCESS;                                         \
        if (returned_ != MPI_SUCCESS) {                                                       \
            MPI_Error_class(returned_, &class_);                                              \
        }                                                                                     \
        CHECK(class_ == (class), "error %d of class %d, expected %s (%d)", returned_, class_, \
              #class, (class));                                                               \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static inline void start(int *argc, char ***argv)
{
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
}

static inline int finish(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}

static inline void *room(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    CHECK(p, "no memory for %zu bytes", bytes);
    return p;
}

// Byte `i` of the message `seed`.
static inline unsigned char byte_of(unsigned seed, size_t i)
{
    return (unsigned char)((i * 2654435761u >> 5) + seed * 40503u + i);
}

static inline void fill(void *buffer, size_t bytes, unsigned seed)
{
    unsigned char *p = buffer;
    for (size_t i = 0; i < bytes; i++) {
        p[i] = byte_of(seed, i);
    }
}

// Index of the first byte that is not of message `seed`, or -1.
static inline long wrong_byte(const void *buffer, size_t bytes, unsigned seed)
{
    const unsigned char *p = buffer;
    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != byte_of(seed, i)) {
            return (long)i;
        }
    }
    return -1;
}

#define HOLDS(buffer, bytes, seed)                                                      \
    do {                                                                                \
        long wrong_ = wrong_byte(buffer, (size_t)(bytes), seed);                        \
        CHECK(wrong_ < 0, "byte %ld of %zu is %d, message %u", wrong_, (size_t)(bytes), \
              ((const unsigned char *)(buffer))[wrong_], (unsigned)(seed));             \
    } while (0)

#define STATUS_IS(status, source, tag, bytes)                                                \
    do {                                                                                     \
        int count_ = -1;                                                                     \
        MPI_Get_count(&(status), MPI_BYTE, &count_);                                         \
        CHECK((status).MPI_SOURCE == (source) && (status).MPI_TAG == (tag) &&                \
                  count_ == (int)(bytes),                                                    \
              "status is source %d tag %d count %d, expected %d %d %d", (status).MPI_SOURCE, \
              (status).MPI_TAG, count_, (int)(source), (int)(tag), (int)(bytes));            \
    } while (0)

// What a null or inactive request yields (MPI 5.0, 3.7.3).
#define STATUS_IS_EMPTY(status)                               \
    do {                                                      \
        int cancelled_ = -1;                                  \
        MPI_Test_cancelled(&(status), &cancelled_);           \
        CHECK(!cancelled_, "an empty status says cancelled"); \
        STATUS_IS(status, MPI_ANY_SOURCE, MPI_ANY_TAG, 0);    \
    } while (0)

// Around the sizes where protocols tend to change.
static const int sizes[] = {0,     1,      7,      8,       47,           48,    49,    64,
                            100,   255,    256,    1000,    4095,         4096,  4097,  8191,
                            8192,  8193,   16383,  16384,   16385,        32768, 65535, 65536,
                            65537, 262143, 262144, 1 << 20, (5 << 20) + 3};
enum { LARGEST = (5 << 20) + 3 };

static inline double seconds(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline void nap(int milliseconds)
{
    struct timespec t = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&t, NULL);
}

// How many ranks share memory with this one, as tests/runner says of the way in which it runs us.
static inline int sharing(void)
{
    const char *shape = getenv("TEST_SHAPE");
    int nodes = shape && strncmp(shape, "nodes", 5) == 0 ? atoi(shape + 5) : 1;
    if (shape && strcmp(shape, "socket") == 0) {
        return 1;
    }
    for (int node = 0; node < nodes; node++) { // the blocks that ranks lie in
        int end = (node + 1) * size / nodes;
        if (rank < end) {
            return end - node * size / nodes;
        }
    }
    return size;
}

#endif
