// SPDX-License-Identifier: MIT
// More programs that wait for each other for ever, one kind each: `deadlocks KIND`. Rank 0 sits in
// a receive that nobody sends to unless the kind says otherwise. See deadlocks_of_all_kinds.sh,
// which says who waits in which call; waits.c has the simpler kinds.
#include <mpi.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define W   MPI_COMM_WORLD
#define IGN MPI_STATUS_IGNORE
enum { LONG = 1 << 20 };
static int rank, size, next, before;
static int from[64], to[64], ones[64], places[64];
static char *buffer, *other;
static MPI_Datatype types[64];

static void recv_from(int source, int tag, MPI_Comm comm)
{
    MPI_Recv(other, LONG, MPI_CHAR, source, tag, comm, IGN);
}

static void wait_for(MPI_Request *request)
{
    MPI_Wait(request, IGN);
}

static MPI_Comm halves(void) // an intercommunicator of the even and the odd ranks
{
    MPI_Comm half, both;
    MPI_Comm_split(W, rank % 2, rank, &half);
    MPI_Intercomm_create(half, 0, W, 1 - rank % 2, 3, &both);
    return both;
}

// ---- Rank 0 is missing in a collective operation of the others

static void gatherv(void)
{
    MPI_Gatherv(from, 1, MPI_INT, to, ones, places, MPI_INT, 1, W);
    recv_from(0, 8, W);
}

static void scatterv(void)
{
    MPI_Scatterv(from, ones, places, MPI_INT, to, 1, MPI_INT, 0, W);
}

static void allgatherv(void)
{
    MPI_Allgatherv(from, 1, MPI_INT, to, ones, places, MPI_INT, W);
}

static void alltoallv(void)
{
    MPI_Alltoallv(from, ones, places, MPI_INT, to, ones, places, MPI_INT, W);
}

static void alltoallw(void)
{
    MPI_Alltoallw(from, ones, places, types, to, ones, places, types, W);
}

static void exscan(void)
{
    MPI_Exscan(from, to, 1, MPI_INT, MPI_SUM, W);
    MPI_Barrier(W);
}

static void reduce_scatter_block(void)
{
    MPI_Reduce_scatter_block(from, to, 1, MPI_INT, MPI_SUM, W);
}

static void igather(void)
{
    MPI_Request r;
    MPI_Igather(from, 1, MPI_INT, to, 1, MPI_INT, 1, W, &r);
    wait_for(&r);
    recv_from(0, 8, W);
}

static void iscatter(void)
{
    MPI_Request r;
    MPI_Iscatter(from, 1, MPI_INT, to, 1, MPI_INT, 0, W, &r);
    wait_for(&r);
}

static void iallgather(void)
{
    MPI_Request r;
    MPI_Iallgather(from, 1, MPI_INT, to, 1, MPI_INT, W, &r);
    wait_for(&r);
}

static void iscan(void)
{
    MPI_Request r;
    MPI_Iscan(from, to, 1, MPI_INT, MPI_SUM, W, &r);
    wait_for(&r);
}

static void ialltoallv(void)
{
    MPI_Request r;
    MPI_Ialltoallv(from, ones, places, MPI_INT, to, ones, places, MPI_INT, W, &r);
    wait_for(&r);
}

static void bcast_init(void)
{
    MPI_Request r;
    MPI_Bcast_init(buffer, LONG, MPI_CHAR, 0, W, MPI_INFO_NULL, &r);
    MPI_Start(&r);
    wait_for(&r);
}

static void allreduce_init(void)
{
    MPI_Request r;
    MPI_Allreduce_init(from, to, 1, MPI_INT, MPI_SUM, W, MPI_INFO_NULL, &r);
    MPI_Start(&r);
    wait_for(&r);
}

static void mixed_waitall(void) // a barrier that cannot end beside a receive that could
{
    MPI_Request r[2];
    MPI_Irecv(other, 1, MPI_CHAR, before, 5, W, r);
    MPI_Ibarrier(W, r + 1);
    MPI_Send(buffer, 1, MPI_CHAR, next, 5, W);
    MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
}

static void mixed_waitany(void)
{
    MPI_Request r[2];
    int index;
    MPI_Irecv(other, 1, MPI_CHAR, MPI_ANY_SOURCE, 5, W, r);
    MPI_Ibarrier(W, r + 1);
    MPI_Waitany(2, r, &index, IGN);
}

static void create_group(void)
{
    MPI_Group all;
    MPI_Comm comm;
    MPI_Comm_group(W, &all);
    MPI_Comm_create_group(W, all, 4, &comm);
}

static void split_type(void)
{
    MPI_Comm comm;
    MPI_Comm_split_type(W, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &comm);
}

static void cart_create(void)
{
    MPI_Comm grid;
    int dims = size, wrap = 1;
    MPI_Cart_create(W, 1, &dims, &wrap, 0, &grid);
}

static void dist_graph(void)
{
    MPI_Comm graph;
    MPI_Dist_graph_create_adjacent(W, 1, &before, MPI_UNWEIGHTED, 1, &next, MPI_UNWEIGHTED,
                                   MPI_INFO_NULL, 0, &graph);
}

static void idup(void)
{
    MPI_Comm comm;
    MPI_Request r[2];
    MPI_Comm_idup(W, &comm, r);
    MPI_Ibarrier(W, r + 1);
    MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
}

// ---- All ranks do the same

static void sendrecv_replace(void)
{
    MPI_Sendrecv_replace(buffer, 1, MPI_CHAR, next, 1, before, 2, W, IGN);
}

static void startall(void)
{
    MPI_Request r[2];
    MPI_Ssend_init(buffer, 1, MPI_CHAR, next, 1, W, r);
    MPI_Recv_init(other, 1, MPI_CHAR, next, 2, W, r + 1);
    MPI_Startall(2, r);
    MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
}

static void issend_self(void)
{
    MPI_Request r;
    MPI_Issend(buffer, 1, MPI_CHAR, rank, 7, W, &r);
    wait_for(&r);
}

static void isend_long(void)
{
    MPI_Request r;
    MPI_Isend(buffer, LONG, MPI_CHAR, next, 7, W, &r);
    wait_for(&r);
    recv_from(before, 7, W);
}

static void bsend_detach(void) // the buffer has a message that nobody receives
{
    void *space = malloc(2 * LONG), *detached;
    int bytes;
    MPI_Buffer_attach(space, 2 * LONG);
    MPI_Bsend(buffer, LONG, MPI_CHAR, next, 1, W);
    MPI_Buffer_detach(&detached, &bytes);
}

static void probe_any(void)
{
    MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, W, IGN);
}

static void part_not_ready(void)
{
    MPI_Request r[2];
    MPI_Psend_init(buffer, 4, 1, MPI_CHAR, next, 7, W, MPI_INFO_NULL, r);
    MPI_Precv_init(other, 4, 1, MPI_CHAR, before, 7, W, MPI_INFO_NULL, r + 1);
    MPI_Startall(2, r);
    MPI_Pready_range(0, 2, r[0]);
    MPI_Wait(r + 1, IGN);
}

static void part_no_receiver(void)
{
    MPI_Request r;
    MPI_Psend_init(buffer, 4, 1, MPI_CHAR, next, 7, W, MPI_INFO_NULL, &r);
    MPI_Start(&r);
    MPI_Pready_range(0, 3, r);
    MPI_Wait(&r, IGN);
}

static void inter_recv(void)
{
    recv_from(0, 7, halves());
}

static void inter_barrier(void) // one half is in a barrier of its own
{
    MPI_Comm both = halves(), half;
    MPI_Comm_split(W, rank % 2, rank, &half);
    if (rank % 2 == 0) {
        MPI_Barrier(both);
    } else {
        recv_from(0, 9, both);
    }
}

static void inter_create(void) // the leaders name different tags
{
    MPI_Comm half, both;
    MPI_Comm_split(W, rank % 2, rank, &half);
    MPI_Intercomm_create(half, 0, W, 1 - rank % 2, 3 + rank % 2, &both);
}

static void inter_merge(void)
{
    MPI_Comm both = halves(), all;
    if (rank == 0) {
        recv_from(0, 9, both);
    }
    MPI_Intercomm_merge(both, 0, &all);
}

static void dup_order(void) // two communicators are duplicated in opposite orders
{
    MPI_Comm a, b, c;
    MPI_Comm_dup(W, &a);
    MPI_Comm_dup(W, &b);
    MPI_Comm_dup(rank == 0 ? a : b, &c);
}

static void split_order(void)
{
    MPI_Comm a, b;
    MPI_Comm_split(W, 0, rank, &a);
    MPI_Comm_split(W, 0, rank, &b);
    MPI_Allreduce(from, to, 1, MPI_INT, MPI_SUM, rank == 0 ? a : b);
}

static void ssend_order(void) // each Ssend waits for a receive that comes after one
{
    MPI_Ssend(buffer, 1, MPI_CHAR, size - 1 - rank, 1, W);
    recv_from(size - 1 - rank, 1, W);
}

static void two_of_three(void) // two talk, the third has been forgotten
{
    if (rank < 2) {
        MPI_Sendrecv(buffer, 1, MPI_CHAR, 1 - rank, 1, other, 1, MPI_CHAR, 1 - rank, 1, W, IGN);
    } else {
        recv_from(MPI_ANY_SOURCE, 1, W);
    }
    MPI_Barrier(W);
}

static void count_differs(void) // rank 0 waits for one message more than there are
{
    for (int i = 0; rank == 0 && i < size; i++) {
        recv_from(MPI_ANY_SOURCE, 1, W);
    }
    if (rank != 0) {
        MPI_Send(buffer, 1, MPI_CHAR, 0, 1, W);
    }
    MPI_Barrier(W);
}

static void other_source(void)
{
    if (rank == 1) {
        MPI_Ssend(buffer, 1, MPI_CHAR, 0, 7, W);
    }
    recv_from(2, 7, W);
}

static void *also_receives(void *unused)
{
    char byte;
    MPI_Recv(&byte, 1, MPI_CHAR, next, 8, W, IGN);
    return unused;
}

static void threads_recv(void)
{
    pthread_t thread[2];
    pthread_create(thread, NULL, also_receives, NULL);
    pthread_create(thread + 1, NULL, also_receives, NULL);
    recv_from(next, 7, W);
}

static MPI_Comm second;
static void *also_barrier(void *unused)
{
    MPI_Barrier(second);
    return unused;
}

static void threads_barrier(void) // rank 0 is in both, the others in one of them only
{
    pthread_t thread;
    MPI_Comm_dup(W, &second);
    if (rank == 0) {
        pthread_create(&thread, NULL, also_barrier, NULL);
    }
    if (rank != 1) {
        MPI_Barrier(W);
    }
    recv_from(0, 7, W);
}

// ---- The first two of all

static void partial(const char *how, MPI_Comm pair)
{
    MPI_Request r;
    int index;
    if (strcmp(how, "barrier") == 0 && rank == 0) {
        recv_from(1, 7, pair);
    } else if (strcmp(how, "barrier") == 0) {
        MPI_Barrier(pair);
    } else if (strcmp(how, "ibarrier") == 0) {
        if (rank == 0) {
            recv_from(1, 7, W);
        }
        MPI_Ibarrier(W, &r);
        wait_for(&r);
    } else if (strcmp(how, "probe") == 0) {
        MPI_Probe(1 - rank, 7, W, IGN);
    } else if (strcmp(how, "waitany") == 0) {
        MPI_Irecv(other, 1, MPI_CHAR, 1 - rank, 7, W, &r);
        MPI_Waitany(1, &r, &index, IGN);
    } else if (strcmp(how, "long") == 0) {
        MPI_Send(buffer, LONG, MPI_CHAR, 1 - rank, 7, W);
    } else {
        MPI_Ssend(buffer, 1, MPI_CHAR, 1 - rank, 7, pair);
    }
}

static void work_on(bool polls)
{
    MPI_Comm rest;
    int flag;
    MPI_Comm_split(W, rank < 2, rank, &rest);
    for (double until = MPI_Wtime() + 20; MPI_Wtime() < until;) {
        struct timespec moment = {0, 2000000};
        if (polls) {
            MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, rest, &flag, IGN);
        }
        nanosleep(&moment, NULL);
        MPI_Allreduce(from, to, 1, MPI_INT, MPI_SUM, rest);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
    bool missing; // rank 0 is
} kinds[] = {{"gatherv", gatherv, true},
             {"scatterv", scatterv, true},
             {"allgatherv", allgatherv, true},
             {"alltoallv", alltoallv, true},
             {"alltoallw", alltoallw, true},
             {"exscan", exscan, true},
             {"reduce-scatter-block", reduce_scatter_block, true},
             {"igather", igather, true},
             {"iscatter", iscatter, true},
             {"iallgather", iallgather, true},
             {"iscan", iscan, true},
             {"ialltoallv", ialltoallv, true},
             {"bcast-init", bcast_init, true},
             {"allreduce-init", allreduce_init, true},
             {"mixed-waitall", mixed_waitall, true},
             {"mixed-waitany", mixed_waitany, true},
             {"create-group", create_group, true},
             {"split-type", split_type, true},
             {"cart-create", cart_create, true},
             {"dist-graph", dist_graph, true},
             {"idup", idup, true},
             {"sendrecv-replace", sendrecv_replace, false},
             {"startall", startall, false},
             {"issend-self", issend_self, false},
             {"isend-long", isend_long, false},
             {"bsend-detach", bsend_detach, false},
             {"probe-any", probe_any, false},
             {"part-not-ready", part_not_ready, false},
             {"part-no-receiver", part_no_receiver, false},
             {"inter-recv", inter_recv, false},
             {"inter-barrier", inter_barrier, false},
             {"inter-create", inter_create, false},
             {"inter-merge", inter_merge, false},
             {"dup-order", dup_order, false},
             {"split-order", split_order, false},
             {"ssend-order", ssend_order, false},
             {"two-of-three", two_of_three, false},
             {"count-differs", count_differs, false},
             {"other-source", other_source, false},
             {"threads-recv", threads_recv, false},
             {"threads-barrier", threads_barrier, false}};

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int provided;

    MPI_Init_thread(&argc, &argv,
                    strncmp(what, "threads", 7) == 0 ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE,
                    &provided);
    MPI_Comm_rank(W, &rank);
    MPI_Comm_size(W, &size);
    next = (rank + 1) % size;
    before = (rank + size - 1) % size;
    buffer = calloc(1, LONG);
    other = calloc(1, LONG);
    for (int i = 0; i < 64; i++) {
        ones[i] = 1;
        places[i] = 4 * i;
        types[i] = MPI_INT;
    }
    for (int i = 0; i < 64 && strcmp(what, "alltoallw") != 0; i++) {
        places[i] = i;
    }
    if (strncmp(what, "partial-", 8) == 0 || strncmp(what, "polled-", 7) == 0) {
        MPI_Comm pair;
        MPI_Comm_split(W, rank < 2, rank, &pair);
        if (rank < 2) {
            MPI_Comm unused;
            MPI_Comm_split(W, 1, rank, &unused);
            partial(strchr(what, '-') + 1, pair);
        }
        work_on(what[1] == 'o');
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, what) == 0) {
            if (kinds[i].missing && rank == 0) {
                recv_from(1, 7, W);
            }
            kinds[i].run();
            MPI_Finalize();
            return 0;
        }
    }
    return 3;
}
