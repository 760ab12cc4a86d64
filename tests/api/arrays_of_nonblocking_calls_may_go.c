// SPDX-License-Identifier: MIT
// The counts, displacements and types that a nonblocking or a persistent collective is called with
// may be overwritten, and their memory may go, as soon as the call has returned; the types may be
// freed. Ranks make each call one after the other, so that all but the last have data to take after
// their arrays are gone.
// ranks: 1 2 3 5
// timeout: 120
#define _GNU_SOURCE
#include "check.h"

#include <stdbool.h>
#include <sys/mman.h>

enum { MOST = 32, GAP = 3, ROOM = MOST * 8192 };
enum { INT, LARGE, PERSISTENT, PERSISTENT_LARGE, FORMS };

// Those of both sides of a call, in memory that goes with it.
struct side {
    int counts[MOST], displs[MOST];
    MPI_Count counts_c[MOST];
    MPI_Aint displs_c[MOST];
    MPI_Datatype types[MOST];
};
struct arrays {
    struct side send, recv;
};

struct operation {
    const char *name;
    int (*call)(int form, const struct arrays *a, int n, int root, MPI_Request *request);
    bool rooted, typed;        // with a root; with a type per block
    bool gives_one, takes_one; // one block to all; one from the root
    bool between;              // also where two groups face each other
};

static MPI_Comm comm;
static int peers, world_of[MOST], base; // whom blocks go to and come from
static int sent[ROOM], got[ROOM];

#define FORM(i, c, p, pc) \
    (form == INT ? (i) : form == LARGE ? (c) : form == PERSISTENT ? (p) : (pc))
#define ONE(buffer)      buffer, n, MPI_INT
#define V(buffer, side)  buffer, a->side.counts, a->side.displs, MPI_INT
#define VC(buffer, side) buffer, a->side.counts_c, a->side.displs_c, MPI_INT
#define W(buffer, side)  buffer, a->side.counts, a->side.displs, a->side.types
#define WA(buffer, side) buffer, a->side.counts, a->side.displs_c, a->side.types
#define WC(buffer, side) buffer, a->side.counts_c, a->side.displs_c, a->side.types
#define INFO             MPI_INFO_NULL, request

static int gatherv(int form, const struct arrays *a, int n, int root, MPI_Request *request)
{
    return FORM(MPI_Igatherv(ONE(sent), V(got, recv), root, comm, request),
                MPI_Igatherv_c(ONE(sent), VC(got, recv), root, comm, request),
                MPI_Gatherv_init(ONE(sent), V(got, recv), root, comm, INFO),
                MPI_Gatherv_init_c(ONE(sent), VC(got, recv), root, comm, INFO));
}

static int scatterv(int form, const struct arrays *a, int n, int root, MPI_Request *request)
{
    return FORM(MPI_Iscatterv(V(sent, send), ONE(got), root, comm, request),
                MPI_Iscatterv_c(VC(sent, send), ONE(got), root, comm, request),
                MPI_Scatterv_init(V(sent, send), ONE(got), root, comm, INFO),
                MPI_Scatterv_init_c(VC(sent, send), ONE(got), root, comm, INFO));
}

static int allgatherv(int form, const struct arrays *a, int n, int root, MPI_Request *request)
{
    (void)root;
    return FORM(MPI_Iallgatherv(ONE(sent), V(got, recv), comm, request),
                MPI_Iallgatherv_c(ONE(sent), VC(got, recv), comm, request),
                MPI_Allgatherv_init(ONE(sent), V(got, recv), comm, INFO),
                MPI_Allgatherv_init_c(ONE(sent), VC(got, recv), comm, INFO));
}

static int alltoallv(int form, const struct arrays *a, int n, int root, MPI_Request *request)
{
    (void)n, (void)root;
    return FORM(MPI_Ialltoallv(V(sent, send), V(got, recv), comm, request),
                MPI_Ialltoallv_c(VC(sent, send), VC(got, recv), comm, request),
                MPI_Alltoallv_init(V(sent, send), V(got, recv), comm, INFO),
                MPI_Alltoallv_init_c(VC(sent, send), VC(got, recv), comm, INFO));
}

static int alltoallw(int form, const struct arrays *a, int n, int root, MPI_Request *request)
{
    (void)n, (void)root;
    return FORM(MPI_Ialltoallw(W(sent, send), W(got, recv), comm, request),
                MPI_Ialltoallw_c(WC(sent, send), WC(got, recv), comm, request),
                MPI_Alltoallw_init(W(sent, send), W(got, recv), comm, INFO),
                MPI_Alltoallw_init_c(WC(sent, send), WC(got, recv), comm, INFO));
}

static int neighbor_allgatherv(int form, const struct arrays *a, int n, int root,
                               MPI_Request *request)
{
    (void)root;
    return FORM(MPI_Ineighbor_allgatherv(ONE(sent), V(got, recv), comm, request),
                MPI_Ineighbor_allgatherv_c(ONE(sent), VC(got, recv), comm, request),
                MPI_Neighbor_allgatherv_init(ONE(sent), V(got, recv), comm, INFO),
                MPI_Neighbor_allgatherv_init_c(ONE(sent), VC(got, recv), comm, INFO));
}

static int neighbor_alltoallv(int form, const struct arrays *a, int n, int root,
                              MPI_Request *request)
{
    (void)n, (void)root;
    return FORM(MPI_Ineighbor_alltoallv(V(sent, send), V(got, recv), comm, request),
                MPI_Ineighbor_alltoallv_c(VC(sent, send), VC(got, recv), comm, request),
                MPI_Neighbor_alltoallv_init(V(sent, send), V(got, recv), comm, INFO),
                MPI_Neighbor_alltoallv_init_c(VC(sent, send), VC(got, recv), comm, INFO));
}

static int neighbor_alltoallw(int form, const struct arrays *a, int n, int root,
                              MPI_Request *request)
{
    (void)n, (void)root;
    return FORM(MPI_Ineighbor_alltoallw(WA(sent, send), WA(got, recv), comm, request),
                MPI_Ineighbor_alltoallw_c(WC(sent, send), WC(got, recv), comm, request),
                MPI_Neighbor_alltoallw_init(WA(sent, send), WA(got, recv), comm, INFO),
                MPI_Neighbor_alltoallw_init_c(WC(sent, send), WC(got, recv), comm, INFO));
}

static int reduce_scatter(int form, const struct arrays *a, int n, int root, MPI_Request *request)
{
    (void)n, (void)root;
    const int *counts = a->recv.counts;
    const MPI_Count *large = a->recv.counts_c;
    return FORM(MPI_Ireduce_scatter(sent, got, counts, MPI_INT, MPI_SUM, comm, request),
                MPI_Ireduce_scatter_c(sent, got, large, MPI_INT, MPI_SUM, comm, request),
                MPI_Reduce_scatter_init(sent, got, counts, MPI_INT, MPI_SUM, comm, INFO),
                MPI_Reduce_scatter_init_c(sent, got, large, MPI_INT, MPI_SUM, comm, INFO));
}

static const struct operation operations[] = {
    {"gatherv", gatherv, .rooted = true, .gives_one = true, .between = true},
    {"scatterv", scatterv, .rooted = true, .takes_one = true, .between = true},
    {"allgatherv", allgatherv, .gives_one = true, .between = true},
    {"alltoallv", alltoallv, .between = true},
    {"alltoallw", alltoallw, .typed = true, .between = true},
    {"neighbor_allgatherv", neighbor_allgatherv, .gives_one = true},
    {"neighbor_alltoallv", neighbor_alltoallv, .typed = false},
    {"neighbor_alltoallw", neighbor_alltoallw, .typed = true},
};

// ---- What goes from one rank of the world to another, ALL being any of them

enum { ALL = 99 };

static int count_of(int from, int to)
{
    return base + 2 * ((from + 2 * to) % 3);
}

static int element(int from, int to, int k)
{
    return from * 1000003 + to * 10007 + k;
}

static int destination(const struct operation *o, int to)
{
    return o->gives_one ? ALL : to;
}

// In pairs of ints, to or from every other rank, where blocks have types of their own.
static void plan(struct side *side, const struct operation *o, bool sends, MPI_Datatype pair)
{
    for (int j = 0, at = 0; j < peers; j++) {
        int n = sends ? count_of(rank, destination(o, world_of[j]))
                      : count_of(world_of[j], destination(o, rank));
        bool pairs = o->typed && (world_of[j] + sends) % 2;
        side->types[j] = pairs ? pair : MPI_INT;
        side->counts_c[j] = side->counts[j] = pairs ? n / 2 : n;
        side->displs_c[j] = side->displs[j] = o->typed ? at * (int)sizeof(int) : at;
        at += n + GAP;
    }
}

static void give(const struct operation *o)
{
    for (int j = 0, at = 0; j < (o->gives_one ? 1 : peers); j++) {
        int to = destination(o, world_of[j]);
        for (int k = 0; k < count_of(rank, to); k++) {
            sent[at + k] = element(rank, to, k);
        }
        at += count_of(rank, to) + GAP;
    }
}

static void compare(const struct operation *o, int form, int at, int from)
{
    int to = destination(o, rank);
    for (int k = 0; k < count_of(from, to); k++) {
        CHECK(got[at + k] == element(from, to, k), "%s, form %d, base %d: element %d from %d is %d",
              o->name, form, base, k, from, got[at + k]);
    }
}

// One call at a time: this rank's is to come, or was made.
static void turn(bool over)
{
    int peer = over ? rank + 1 : rank - 1;
    if (over && peer < size) {
        OK(MPI_Send(NULL, 0, MPI_BYTE, peer, 0, MPI_COMM_WORLD));
    } else if (!over && peer >= 0) {
        OK(MPI_Recv(NULL, 0, MPI_BYTE, peer, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
}

static void end_arrays(struct arrays *a)
{
    memset(a, 0x7e, sizeof *a);
    OK(munmap(a, sizeof *a));
}

static struct arrays *begin_arrays(void)
{
    struct arrays *a =
        mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(a != MAP_FAILED, "no memory");
    return a;
}

// Waits for it; a persistent one is started twice.
static bool next_start(int form, int start, MPI_Request *request)
{
    bool persistent = form >= PERSISTENT;
    if (start > (persistent ? 1 : 0)) {
        if (persistent) {
            OK(MPI_Request_free(request));
        }
        return false;
    }
    if (persistent) {
        OK(MPI_Start(request));
    }
    OK(MPI_Wait(request, MPI_STATUS_IGNORE));
    return true;
}

// `root`: of the world; where two groups face each other it is in the first one.
static void exchange(const struct operation *o, int form, int root, bool between, bool first)
{
    MPI_Datatype pair;
    MPI_Request request;
    bool at_root = rank == root;
    int argument = !between ? root : at_root ? MPI_ROOT : first ? MPI_PROC_NULL : root;
    bool takes = !o->rooted || (o->takes_one ? (between ? !first : true) : at_root);
    int n = count_of(o->takes_one ? root : rank, o->takes_one ? rank : ALL);

    OK(MPI_Type_contiguous(2, MPI_INT, &pair));
    OK(MPI_Type_commit(&pair));
    give(o);
    memset(got, 0, sizeof got);
    turn(false);
    struct arrays *a = begin_arrays();
    plan(&a->send, o, true, pair);
    plan(&a->recv, o, false, pair);
    OK(o->call(form, a, n, argument, &request));
    end_arrays(a);
    OK(MPI_Type_free(&pair));
    turn(true);
    for (int start = 0; next_start(form, start, &request); start++) {
        for (int j = 0, at = 0; takes && j < (o->takes_one ? 1 : peers); j++) {
            int from = o->takes_one ? root : world_of[j];
            compare(o, form, at, from);
            at += count_of(from, destination(o, rank)) + GAP;
        }
        memset(got, 0, sizeof got);
    }
}

// Element g of the operand of rank r is r * 1000 + g.
static void reduce(int form)
{
    MPI_Request request;
    int before = 0, total = 0, ranks = size * (size - 1) / 2 * 1000;

    turn(false);
    struct arrays *a = begin_arrays();
    for (int j = 0; j < size; j++) {
        a->recv.counts_c[j] = a->recv.counts[j] = count_of(0, j);
        before += j < rank ? count_of(0, j) : 0;
        total += count_of(0, j);
    }
    for (int g = 0; g < total; g++) {
        sent[g] = rank * 1000 + g;
    }
    OK(reduce_scatter(form, a, 0, 0, &request));
    end_arrays(a);
    turn(true);
    for (int start = 0; next_start(form, start, &request); start++) {
        for (int k = 0; k < count_of(0, rank); k++) {
            CHECK(got[k] == ranks + size * (before + k),
                  "reduce_scatter, form %d, base %d: %d is %d", form, base, k, got[k]);
        }
        memset(got, 0, sizeof got);
    }
}

static void everything(bool between, bool first)
{
    static const int bases[] = {2, 200, 5000}; // in a post, in its pad, by messages
    for (size_t b = 0; b < COUNT_OF(bases); b++) {
        base = bases[b];
        for (int form = 0; form < FORMS; form++) {
            for (size_t i = 0; i < COUNT_OF(operations); i++) {
                if (!between || operations[i].between) {
                    exchange(&operations[i], form, 0, between, first);
                }
            }
            if (!between) {
                reduce(form);
            }
        }
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    peers = size;
    for (int i = 0; i < size; i++) {
        world_of[i] = i;
    }
    OK(MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, size, world_of, MPI_UNWEIGHTED, size,
                                      world_of, MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &comm));
    everything(false, false);
    OK(MPI_Comm_free(&comm));
    if (size > 1) {
        MPI_Comm half;
        bool first = rank < size / 2;
        OK(MPI_Comm_split(MPI_COMM_WORLD, first, rank, &half));
        OK(MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, first ? size / 2 : 0, 0, &comm));
        OK(MPI_Comm_remote_size(comm, &peers));
        for (int j = 0; j < peers; j++) {
            world_of[j] = first ? size / 2 + j : j;
        }
        everything(true, first);
        OK(MPI_Comm_free(&comm));
        OK(MPI_Comm_free(&half));
    }
    return finish();
}
