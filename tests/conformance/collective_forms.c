// SPDX-License-Identifier: MIT
// Collective communication (chapter 6), beyond the blocking calls of collectives.c: nonblocking
// forms with several outstanding, in place, user operations (commutative or not, on derived types),
// intercommunicators with every operation, and the persistent and large-count forms, which Open MPI
// 4.1.4 has not: there the nonblocking or int form answers for them.
// ranks: 1 2 3 5
#include "say.h"

#include <stdint.h>

enum { N = 29, MOST = 8 };

static int in[MOST * N * 2], out[MOST * N * 2];
static int counts[MOST], displs[MOST], bytes[MOST];
static MPI_Datatype types[MOST];

static void fill(int salt)
{
    for (int i = 0; i < MOST * N * 2; i++) {
        in[i] = (i * 7 + rank * 1009 + salt) % 10007;
        out[i] = -i;
    }
}

static void show(const char *what, const int *data)
{
    uint64_t h = 1469598103934665603u;
    for (int i = 0; i < MOST * N * 2; i++) {
        h = (h ^ (uint32_t)data[i]) * 1099511628211u;
    }
    say("%s: %016llx\n", what, (unsigned long long)h);
}

// Not commutative: composes i -> a i + b, modulo a prime.
static void compose(void *left, void *right, int *n, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *n; i++) {
        int *x = (int *)left + 2 * i, *y = (int *)right + 2 * i;
        int a = x[0] * y[0] % 10007, b = (x[1] * y[0] + y[1]) % 10007;
        y[0] = a;
        y[1] = b;
    }
}

// Commutative, on one int of every 12 bytes.
static void spread_sum(void *left, void *right, int *n, MPI_Datatype *type)
{
    MPI_Aint lb, extent;
    MPI_Type_get_extent(*type, &lb, &extent);
    for (int i = 0; i < *n; i++) {
        *(int *)((char *)right + i * extent) += *(int *)((char *)left + i * extent);
    }
}

static MPI_Datatype pair, spread;
static MPI_Op composition, spreading;

enum { OPERATIONS = 17 };

static const char *const names[OPERATIONS] = {
    "barrier",   "bcast",     "gather",     "gatherv",        "scatter",
    "scatterv",  "allgather", "allgatherv", "alltoall",       "alltoallv",
    "alltoallw", "reduce",    "allreduce",  "reduce_scatter", "reduce_scatter_block",
    "scan",      "exscan"};

struct plan {
    MPI_Comm comm;
    int me, root; // as the call wants it: MPI_ROOT, MPI_PROC_NULL between groups
    int at_root;
    int in_place;
    MPI_Op op; // of reductions, on N elements of the type
    MPI_Datatype type;
};

static void blocking(int which, const struct plan *p)
{
    MPI_Comm c = p->comm;
    int *o = out, *i = p->in_place ? MPI_IN_PLACE : in;
    int me = p->me;
    int *root_i = p->in_place && p->at_root ? MPI_IN_PLACE : in;
    switch (which) {
    case 0:
        MPI_Barrier(c);
        break;
    case 1:
        MPI_Bcast(p->at_root ? in : out, N, MPI_INT, p->root, c);
        break;
    case 2:
        MPI_Gather(root_i, N, MPI_INT, o, N, MPI_INT, p->root, c);
        break;
    case 3:
        MPI_Gatherv(root_i, counts[me], MPI_INT, o, counts, displs, MPI_INT, p->root, c);
        break;
    case 4:
        MPI_Scatter(in, N, MPI_INT, p->in_place && p->at_root ? MPI_IN_PLACE : o, N, MPI_INT,
                    p->root, c);
        break;
    case 5:
        MPI_Scatterv(in, counts, displs, MPI_INT, p->in_place && p->at_root ? MPI_IN_PLACE : o,
                     counts[me], MPI_INT, p->root, c);
        break;
    case 6:
        MPI_Allgather(i, N, MPI_INT, o, N, MPI_INT, c);
        break;
    case 7:
        MPI_Allgatherv(i, counts[me], MPI_INT, o, counts, displs, MPI_INT, c);
        break;
    case 8:
        MPI_Alltoall(i, N, MPI_INT, o, N, MPI_INT, c);
        break;
    case 9:
        MPI_Alltoallv(i, counts, displs, MPI_INT, o, counts, displs, MPI_INT, c);
        break;
    case 10:
        MPI_Alltoallw(i, counts, bytes, types, o, counts, bytes, types, c);
        break;
    case 11:
        MPI_Reduce(root_i, o, N, p->type, p->op, p->root, c);
        break;
    case 12:
        MPI_Allreduce(i, o, N, p->type, p->op, c);
        break;
    case 13:
        MPI_Reduce_scatter(i, o, counts, p->type, p->op, c);
        break;
    case 14:
        MPI_Reduce_scatter_block(i, o, N / 4, p->type, p->op, c);
        break;
    case 15:
        MPI_Scan(i, o, N, p->type, p->op, c);
        break;
    default:
        MPI_Exscan(i, o, N, p->type, p->op, c);
    }
}

static void nonblocking(int which, const struct plan *p, int *o, MPI_Request *r)
{
    MPI_Comm c = p->comm;
    int *i = p->in_place ? MPI_IN_PLACE : in;
    int me = p->me;
    int *root_i = p->in_place && p->at_root ? MPI_IN_PLACE : in;
    switch (which) {
    case 0:
        MPI_Ibarrier(c, r);
        break;
    case 1:
        MPI_Ibcast(p->at_root ? in : o, N, MPI_INT, p->root, c, r);
        break;
    case 2:
        MPI_Igather(root_i, N, MPI_INT, o, N, MPI_INT, p->root, c, r);
        break;
    case 3:
        MPI_Igatherv(root_i, counts[me], MPI_INT, o, counts, displs, MPI_INT, p->root, c, r);
        break;
    case 4:
        MPI_Iscatter(in, N, MPI_INT, p->in_place && p->at_root ? MPI_IN_PLACE : o, N, MPI_INT,
                     p->root, c, r);
        break;
    case 5:
        MPI_Iscatterv(in, counts, displs, MPI_INT, p->in_place && p->at_root ? MPI_IN_PLACE : o,
                      counts[me], MPI_INT, p->root, c, r);
        break;
    case 6:
        MPI_Iallgather(i, N, MPI_INT, o, N, MPI_INT, c, r);
        break;
    case 7:
        MPI_Iallgatherv(i, counts[me], MPI_INT, o, counts, displs, MPI_INT, c, r);
        break;
    case 8:
        MPI_Ialltoall(i, N, MPI_INT, o, N, MPI_INT, c, r);
        break;
    case 9:
        MPI_Ialltoallv(i, counts, displs, MPI_INT, o, counts, displs, MPI_INT, c, r);
        break;
    case 10:
        MPI_Ialltoallw(i, counts, bytes, types, o, counts, bytes, types, c, r);
        break;
    case 11:
        MPI_Ireduce(root_i, o, N, p->type, p->op, p->root, c, r);
        break;
    case 12:
        MPI_Iallreduce(i, o, N, p->type, p->op, c, r);
        break;
    case 13:
        MPI_Ireduce_scatter(i, o, counts, p->type, p->op, c, r);
        break;
    case 14:
        MPI_Ireduce_scatter_block(i, o, N / 4, p->type, p->op, c, r);
        break;
    case 15:
        MPI_Iscan(i, o, N, p->type, p->op, c, r);
        break;
    default:
        MPI_Iexscan(i, o, N, p->type, p->op, c, r);
    }
}

#if MPI_VERSION >= 4
static MPI_Count large_counts[MOST];
static MPI_Aint large_displs[MOST], large_bytes[MOST];

static void persistent(int which, const struct plan *p, MPI_Request *r)
{
    MPI_Comm c = p->comm;
    int *o = out, *i = p->in_place ? MPI_IN_PLACE : in;
    int me = p->me;
    int *root_i = p->in_place && p->at_root ? MPI_IN_PLACE : in;
    MPI_Info none = MPI_INFO_NULL;
    switch (which) {
    case 0:
        MPI_Barrier_init(c, none, r);
        break;
    case 1:
        MPI_Bcast_init(p->at_root ? in : out, N, MPI_INT, p->root, c, none, r);
        break;
    case 2:
        MPI_Gather_init(root_i, N, MPI_INT, o, N, MPI_INT, p->root, c, none, r);
        break;
    case 3:
        MPI_Gatherv_init(root_i, counts[me], MPI_INT, o, counts, displs, MPI_INT, p->root, c, none,
                         r);
        break;
    case 4:
        MPI_Scatter_init(in, N, MPI_INT, p->in_place && p->at_root ? MPI_IN_PLACE : o, N, MPI_INT,
                         p->root, c, none, r);
        break;
    case 5:
        MPI_Scatterv_init(in, counts, displs, MPI_INT, p->in_place && p->at_root ? MPI_IN_PLACE : o,
                          counts[me], MPI_INT, p->root, c, none, r);
        break;
    case 6:
        MPI_Allgather_init(i, N, MPI_INT, o, N, MPI_INT, c, none, r);
        break;
    case 7:
        MPI_Allgatherv_init(i, counts[me], MPI_INT, o, counts, displs, MPI_INT, c, none, r);
        break;
    case 8:
        MPI_Alltoall_init(i, N, MPI_INT, o, N, MPI_INT, c, none, r);
        break;
    case 9:
        MPI_Alltoallv_init(i, counts, displs, MPI_INT, o, counts, displs, MPI_INT, c, none, r);
        break;
    case 10:
        MPI_Alltoallw_init(i, counts, bytes, types, o, counts, bytes, types, c, none, r);
        break;
    case 11:
        MPI_Reduce_init(root_i, o, N, p->type, p->op, p->root, c, none, r);
        break;
    case 12:
        MPI_Allreduce_init(i, o, N, p->type, p->op, c, none, r);
        break;
    case 13:
        MPI_Reduce_scatter_init(i, o, counts, p->type, p->op, c, none, r);
        break;
    case 14:
        MPI_Reduce_scatter_block_init(i, o, N / 4, p->type, p->op, c, none, r);
        break;
    case 15:
        MPI_Scan_init(i, o, N, p->type, p->op, c, none, r);
        break;
    default:
        MPI_Exscan_init(i, o, N, p->type, p->op, c, none, r);
    }
}

static void large(int which, const struct plan *p)
{
    MPI_Comm c = p->comm;
    int *o = out, *i = p->in_place ? MPI_IN_PLACE : in;
    int me = p->me;
    int *root_i = p->in_place && p->at_root ? MPI_IN_PLACE : in;
    switch (which) {
    case 0:
        MPI_Barrier(c);
        break;
    case 1:
        MPI_Bcast_c(p->at_root ? in : out, N, MPI_INT, p->root, c);
        break;
    case 2:
        MPI_Gather_c(root_i, N, MPI_INT, o, N, MPI_INT, p->root, c);
        break;
    case 3:
        MPI_Gatherv_c(root_i, counts[me], MPI_INT, o, large_counts, large_displs, MPI_INT, p->root,
                      c);
        break;
    case 4:
        MPI_Scatter_c(in, N, MPI_INT, p->in_place && p->at_root ? MPI_IN_PLACE : o, N, MPI_INT,
                      p->root, c);
        break;
    case 5:
        MPI_Scatterv_c(in, large_counts, large_displs, MPI_INT,
                       p->in_place && p->at_root ? MPI_IN_PLACE : o, counts[me], MPI_INT, p->root,
                       c);
        break;
    case 6:
        MPI_Allgather_c(i, N, MPI_INT, o, N, MPI_INT, c);
        break;
    case 7:
        MPI_Allgatherv_c(i, counts[me], MPI_INT, o, large_counts, large_displs, MPI_INT, c);
        break;
    case 8:
        MPI_Alltoall_c(i, N, MPI_INT, o, N, MPI_INT, c);
        break;
    case 9:
        MPI_Alltoallv_c(i, large_counts, large_displs, MPI_INT, o, large_counts, large_displs,
                        MPI_INT, c);
        break;
    case 10:
        MPI_Alltoallw_c(i, large_counts, large_bytes, types, o, large_counts, large_bytes, types,
                        c);
        break;
    case 11:
        MPI_Reduce_c(root_i, o, N, p->type, p->op, p->root, c);
        break;
    case 12:
        MPI_Allreduce_c(i, o, N, p->type, p->op, c);
        break;
    case 13:
        MPI_Reduce_scatter_c(i, o, large_counts, p->type, p->op, c);
        break;
    case 14:
        MPI_Reduce_scatter_block_c(i, o, N / 4, p->type, p->op, c);
        break;
    case 15:
        MPI_Scan_c(i, o, N, p->type, p->op, c);
        break;
    default:
        MPI_Exscan_c(i, o, N, p->type, p->op, c);
    }
}
#endif

// What each rank contributes: equal amounts where everybody's counts must fit everybody's.
static void arrange(int equal)
{
    for (int r = 0; r < MOST; r++) {
        counts[r] = equal ? 3 : r % 3 + 1;
        displs[r] = r * N + r % 2;
        bytes[r] = displs[r] * (int)sizeof(int);
        types[r] = MPI_INT;
#if MPI_VERSION >= 4
        large_counts[r] = counts[r];
        large_displs[r] = displs[r];
        large_bytes[r] = bytes[r];
#endif
    }
}

// The data of one call. What no call may touch is shown too, so it is the same on both sides.
static void prepare(int which, struct plan *p, int salt)
{
    fill(salt);
    arrange(which == 9 || which == 10);
    if (p->in_place) {
        memcpy(out, in, sizeof out);
    }
    if (p->root == MPI_PROC_NULL) { // not of its business
        memset(in, 0, sizeof in);
    }
}

// Behind the result of a reduce_scatter in place the buffer is anybody's.
static void cut(int which, const struct plan *p)
{
    if (p->in_place && (which == 13 || which == 14)) {
        int kept = (which == 13 ? counts[p->me] : N / 4) * (p->type == pair ? 2 : 1);
        memset(out + kept, 0, sizeof out - (size_t)kept * sizeof *out);
    }
}

static void every_form(const char *where, struct plan *p, int from, int until)
{
    char what[100];
    for (int which = from; which < until; which++) {
        prepare(which, p, which);
        blocking(which, p);
        snprintf(what, sizeof what, "%s %s", where, names[which]);
        cut(which, p);
        show(what, out);
        prepare(which, p, which + 50);
        MPI_Request request = MPI_REQUEST_NULL;
        nonblocking(which, p, out, &request);
        MPI_Status status;
        MPI_Wait(&request, &status);
        snprintf(what, sizeof what, "%s i%s null %d", where, names[which],
                 request == MPI_REQUEST_NULL);
        cut(which, p);
        show(what, out);
        prepare(which, p, which + 100);
#if MPI_VERSION >= 4
        large(which, p);
#else
        blocking(which, p);
#endif
        snprintf(what, sizeof what, "%s large %s", where, names[which]);
        cut(which, p);
        show(what, out);
        // Thrice with the same request, other data each time.
        prepare(which, p, which + 150);
#if MPI_VERSION >= 4
        persistent(which, p, &request);
#endif
        for (int round = 0; round < 3; round++) {
            prepare(which, p, which + 200 + round);
#if MPI_VERSION >= 4
            MPI_Start(&request);
#else
            nonblocking(which, p, out, &request);
#endif
            MPI_Wait(&request, &status);
            snprintf(what, sizeof what, "%s %s, round %d", where, names[which], round);
            cut(which, p);
            show(what, out);
        }
#if MPI_VERSION >= 4
        MPI_Request_free(&request);
#endif
    }
}

static void within_a_group(void)
{
    struct plan p = {MPI_COMM_WORLD, rank, 0, 0, 0, MPI_SUM, MPI_INT};
    for (p.root = 0; p.root<size; p.root += size> 1 ? size - 1 : 1) {
        p.at_root = rank == p.root;
        for (p.in_place = 0; p.in_place < 2; p.in_place++) {
            char where[40];
            snprintf(where, sizeof where, "root %d%s", p.root, p.in_place ? ", in place" : "");
            p.op = MPI_SUM;
            p.type = MPI_INT;
            every_form(where, &p, 0, OPERATIONS);
            snprintf(where, sizeof where, "composed, root %d%s", p.root,
                     p.in_place ? ", in place" : "");
            p.op = composition;
            p.type = pair;
            every_form(where, &p, 11, OPERATIONS);
        }
    }
    p.root = 0;
    p.at_root = rank == 0;
    p.in_place = 0;
    p.op = spreading;
    p.type = spread;
    every_form("spread", &p, 11, 13);
}

// Eight of them at a time, completed from the last to the first.
static void several(void)
{
    enum { AT_ONCE = 8 };
    static int results[AT_ONCE][MOST * N * 2];
    struct plan p = {MPI_COMM_WORLD, rank, 0, rank == 0, 0, MPI_MAX, MPI_INT};
    MPI_Request requests[AT_ONCE];
    static const int chosen[AT_ONCE] = {12, 1, 8, 0, 15, 6, 14, 12};
    fill(7);
    arrange(1);
    memset(results, 0, sizeof results);
    for (int i = 0; i < AT_ONCE; i++) {
        nonblocking(chosen[i], &p, results[i], &requests[i]);
    }
    for (int i = AT_ONCE - 1; i >= 0; i--) {
        int flag = 0;
        while (!flag) {
            MPI_Test(&requests[i], &flag, MPI_STATUS_IGNORE);
        }
        show("several", results[i]);
    }
}

// The first rank against all others, and halves.
static void between_groups(void)
{
    for (int low = 1; low <= size / 2; low += size / 2 > 1 ? size / 2 - 1 : 1) {
        int lower = rank < low, me;
        MPI_Comm mine, inter;
        MPI_Comm_split(MPI_COMM_WORLD, lower, 0, &mine);
        MPI_Intercomm_create(mine, 0, MPI_COMM_WORLD, lower ? low : 0, 5, &inter);
        MPI_Comm_rank(inter, &me);
        struct plan p = {inter, me, 0, 0, 0, MPI_SUM, MPI_INT};
        for (int from = 0; from < 2; from++) { // the root is in the lower group, or the upper
            int of_root = lower == !from;
            p.at_root = of_root && me == 0;
            p.root = p.at_root ? MPI_ROOT : of_root ? MPI_PROC_NULL : 0;
            char where[40];
            snprintf(where, sizeof where, "%d and %d, root %s", low, size - low,
                     from ? "above" : "below");
            every_form(where, &p, 0, 6);
            every_form(where, &p, 11, 12);
        }
        every_form("between", &p, 6, 11);
        every_form("between", &p, 12, 13);
        // The two groups get as many elements as they need: the same sum of counts on both sides.
        int total = low * (size - low) * 2, mine_count = total / (lower ? low : size - low);
        fill(3);
        for (int r = 0; r < MOST; r++) {
            counts[r] = mine_count;
        }
        MPI_Reduce_scatter(in, out, counts, MPI_INT, MPI_SUM, inter);
        show("between reduce_scatter", out);
        fill(4);
        MPI_Reduce_scatter_block(in, out, mine_count, MPI_INT, MPI_MAX, inter);
        show("between reduce_scatter_block", out);
        MPI_Comm_free(&inter);
        MPI_Comm_free(&mine);
        if (size / 2 <= 1) {
            break;
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Type_contiguous(2, MPI_INT, &pair);
    MPI_Type_create_resized(MPI_INT, 0, 3 * sizeof(int), &spread);
    MPI_Type_commit(&pair);
    MPI_Type_commit(&spread);
    MPI_Op_create(compose, 0, &composition);
    MPI_Op_create(spread_sum, 1, &spreading);
    int commutes[3];
    MPI_Op_commutative(composition, &commutes[0]);
    MPI_Op_commutative(spreading, &commutes[1]);
    MPI_Op_commutative(MPI_MAXLOC, &commutes[2]);
    say_ints(commutes, 3);
    say("\n");
    within_a_group();
    several();
    if (size > 1) {
        between_groups();
    }
    MPI_Op_free(&composition);
    MPI_Op_free(&spreading);
    MPI_Type_free(&pair);
    MPI_Type_free(&spread);
    print_lines();
    MPI_Finalize();
    return 0;
}
