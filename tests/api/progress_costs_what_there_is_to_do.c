// SPDX-License-Identifier: MIT
// ranks: 2
// timeout: 120
// not under: asan tsan valgrind
// However many operations are under way, a call that makes progress, and the start of one more,
// take about as many instructions: nothing looks at all of them. Rank 0 starts operations that wait
// for rank 1, few and then many, and counts instructions.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "count.h"

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

enum {
    FEW = 500,
    MANY = 8000,
    SAMPLES = 3,
    SETTLING = 100,
    LONG = 20000,
    PUSHED = 160000,
    TAG = 5
};
enum { FULL = 500 }; // instructions: that with many the channel is full, and something is tried

static int peer;
static pid_t pids[2];
static char out[PUSHED], in[PUSHED];
static MPI_Request *requests;
static MPI_Comm *comms;
static char *memory; // of many receives

// ---- What is under way

static void start_ibarrier(int i)
{
    MPI_Ibarrier(MPI_COMM_WORLD, &requests[i]);
}

static void start_iallreduce(int i)
{
    MPI_Iallreduce(out, in, LONG / 4, MPI_INT, MPI_BOR, MPI_COMM_WORLD, &requests[i]);
}

static void prepare_barrier(int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Barrier_init(MPI_COMM_WORLD, MPI_INFO_NULL, &requests[i]);
    }
}

static void start_persistent(int i)
{
    MPI_Start(&requests[i]);
}

static void end_persistent(int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Request_free(&requests[i]);
    }
}

static void start_idup(int i)
{
    MPI_Comm_idup(MPI_COMM_WORLD, &comms[i], &requests[i]);
}

static void end_idup(int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Comm_free(&comms[i]);
    }
}

static void start_isendrecv(int i)
{
    MPI_Isendrecv(out, 8, MPI_CHAR, peer, TAG, memory + 8 * i, 8, MPI_CHAR, peer, TAG,
                  MPI_COMM_WORLD, &requests[i]);
}

static void start_issend(int i)
{
    if (rank == 0) {
        MPI_Issend(out, 8, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    } else {
        MPI_Irecv(memory + 8 * i, 8, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    }
}

static void start_irecv(int i)
{
    if (rank == 0) {
        MPI_Irecv(memory + 8 * i, 8, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    } else {
        MPI_Isend(out, 8, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    }
}

// More than a ring holds.
static void start_isend(int i)
{
    if (rank == 0) {
        MPI_Isend(out, 1000, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    } else {
        MPI_Irecv(memory + 1000 * i, 1000, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    }
}

static void start_bsend(int i)
{
    if (rank == 0) {
        MPI_Ibsend(out, 1000, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    } else {
        MPI_Irecv(memory + 1000 * i, 1000, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    }
}

// A flush for each message, on top.
static void start_iflush(int i)
{
    if (rank == 0 && i % 2) {
        MPI_Buffer_iflush(&requests[i]);
    } else if (rank == 0 || i % 2 == 0) {
        start_bsend(i);
    }
}

// Accepted at once, since the receives are there, and more than fits the channel.
static void prepare_pushes(int count)
{
    for (int i = 0; i < count && rank == 1; i++) {
        MPI_Irecv(memory + (size_t)PUSHED * (size_t)i, PUSHED, MPI_CHAR, peer, TAG, MPI_COMM_WORLD,
                  &requests[i]);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

static void start_push(int i)
{
    if (rank == 0) {
        MPI_Isend(out, PUSHED, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[i]);
    }
}

// Both ends know each other, and the rounds are open: ready parts go at once, if there is room.
static void prepare_parts(int count)
{
    for (int i = 0; i < count; i++) {
        if (rank == 0) {
            MPI_Psend_init(out, 1, 1000, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, MPI_INFO_NULL,
                           &requests[i]);
        } else {
            MPI_Precv_init(memory + 1000 * i, 1, 1000, MPI_CHAR, peer, TAG, MPI_COMM_WORLD,
                           MPI_INFO_NULL, &requests[i]);
        }
    }
    MPI_Startall(count, requests);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void start_part(int i)
{
    if (rank == 0) {
        MPI_Pready(0, requests[i]);
    }
}

static const struct kind {
    const char *name;
    void (*start)(int i);
    void (*prepare)(int count);
    void (*end)(int count);
    int few, many; // 0: as usual
} kinds[] = {
    {"MPI_Ibarrier", start_ibarrier, NULL, NULL, 0, 0},
    {"a long MPI_Iallreduce", start_iallreduce, NULL, NULL, 0, 2000},
    {"a persistent barrier", start_persistent, prepare_barrier, end_persistent, 0, 2000},
    {"MPI_Comm_idup", start_idup, NULL, end_idup, 100, 1600},
    {"MPI_Isendrecv", start_isendrecv, NULL, NULL, 0, 0},
    {"MPI_Issend", start_issend, NULL, NULL, 0, 0},
    {"MPI_Irecv", start_irecv, NULL, NULL, 0, 0},
    {"MPI_Isend", start_isend, NULL, NULL, 0, 0},
    {"MPI_Ibsend", start_bsend, NULL, NULL, 0, 0},
    {"MPI_Buffer_iflush", start_iflush, NULL, NULL, 0, 0},
    {"an accepted MPI_Isend", start_push, prepare_pushes, NULL, 40, 400},
    {"MPI_Pready", start_part, prepare_parts, end_persistent, 0, 2000},
};

// ---- Measuring

static long least(long a, long b)
{
    return a < b ? a : b;
}

static void await_signal(void)
{
    sigset_t set;
    int signal;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwait(&set, &signal);
}

struct costs {
    long start, poll;
};

// The least of some, since one may have to get memory from the system.
static struct costs measure(const struct kind *kind, int count)
{
    struct costs costs = {1L << 40, 1L << 40};

    if (kind->prepare) {
        kind->prepare(count);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    // Rank 1 leaves MPI when rank 0 has all that it had to say, and rank 0 waits for that: else it
    // would take what rank 1 still sends.
    if (rank == 0) {
        MPI_Send(NULL, 0, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
        await_signal();
    } else {
        MPI_Recv(NULL, 0, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        kill(pids[0], SIGUSR1);
        await_signal();
    }
    for (int i = 0; i < count; i++) {
        bool counts = rank == 0 && i >= count - SAMPLES;
        if (counts) {
            count_begin();
        }
        kind->start(i);
        if (counts) {
            costs.start = least(costs.start, count_end());
        }
    }
    // The first ones send what there is room for.
    for (int i = -SETTLING; i < SAMPLES && rank == 0; i++) {
        int flag;
        if (i >= 0) {
            count_begin();
        }
        MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);
        if (i >= 0) {
            costs.poll = least(costs.poll, count_end());
        }
    }
    if (rank == 0) {
        kill(pids[1], SIGUSR1);
    }
    MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
    if (kind->end) {
        kind->end(count);
    }
    return costs;
}

static void compare(const struct kind *kind)
{
    int few = kind->few ? kind->few : FEW;
    int many = kind->many ? kind->many : MANY;
    struct costs with_few = measure(kind, few);
    struct costs with_many = measure(kind, many);
    if (rank == 0) {
        printf("%s: start %ld and %ld instructions, poll %ld and %ld, with %d and %d\n", kind->name,
               with_few.start, with_many.start, with_few.poll, with_many.poll, few, many);
        fflush(stdout);
        CHECK(with_many.start <= 2 * with_few.start + FULL, "%s: %ld and %ld", kind->name,
              with_few.start, with_many.start);
        CHECK(with_many.poll <= 2 * with_few.poll + FULL, "%s: %ld and %ld", kind->name,
              with_few.poll, with_many.poll);
    }
}

int main(int argc, char **argv)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    start(&argc, &argv);
    peer = 1 - rank;
    pid_t pid = getpid();
    MPI_Allgather(&pid, sizeof pid, MPI_BYTE, pids, sizeof pid, MPI_BYTE, MPI_COMM_WORLD);
    requests = room(MANY * sizeof(MPI_Request));
    comms = room(MANY * sizeof(MPI_Comm));
    memory = room((size_t)PUSHED * 400);
    MPI_Buffer_attach(MPI_BUFFER_AUTOMATIC, 0);
    if (!CAN_COUNT) {
        skip_without_count();
    }
    for (int i = 0; i < MANY; i++) {
        requests[i] = MPI_REQUEST_NULL;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (argc < 2 || atoi(argv[1]) == (int)i) {
            compare(&kinds[i]);
        }
    }
    void *automatic;
    int bytes;
    MPI_Buffer_detach(&automatic, &bytes);
    free(memory);
    free(comms);
    free(requests);
    return finish();
}
