// SPDX-License-Identifier: MIT
// Which algorithm serves which operation, size and shape: one table, read from the top; the first
// row that fits is taken. All ranks must come to the same row, so rows may ask only for what all
// ranks know: the size of the communicator, whether every block has the same size, and that size.
#include "collectives/choose.h"

#include "collectives/async.h"
#include "collectives/collective_waits.h"
#include "collectives/levels.h"
#include "collectives/shm.h"
#include "object/errhandler.h"
#include "wait/progress.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANY = INT_MAX };

struct choice {
    enum mp_collective_kind kind;
    struct mp_algorithm algorithm;
    bool even;       // asks for the same count at all ranks
    int ranks;       // taken up to this many ranks
    MPI_Count bytes; // and up to this many bytes: of the buffer, or of one rank's block
};

// Below the board there is one way for short and one for long. A third one earns it with sockets,
// on 2 cores: between 2 ranks an allreduce of 8 bytes by exchange takes 4.1 us instead of 7.1, and
// a reduce-scatter of 1 KB in slices 4.0 us instead of 6.2. The limits are where the two ways met,
// at 2, 4 and 8 ranks. (Among 4 ranks reduce_bcast would be quicker than exchange; but there
// everybody sends at once, so ranks that are in different operations find out.)
//
// Two levels, with 4 ranks on 2 nodes: an allgather of blocks of 4 KB takes 28 us so and 43 by
// messages alone, of 8 KB 65 and 43, of 256 KB 1.0 ms and 0.43 (but with 8 ranks 2.7 and 5.2); a
// scatter of 8 bytes 6.2 and 8.1, of 4 KB 16 and 11, of 256 KB 0.25 ms and 0.16.
static const struct choice table[] = {
    // operation, algorithm, builder, even, ranks up to, bytes up to
    {MP_BARRIER, {"board", NULL, mp_shm_barrier}, false, ANY, ANY},
    {MP_BARRIER, {"levels", NULL, mp_levels}, false, ANY, ANY},
    {MP_BARRIER, {"dissemination", mp_barrier_dissemination, NULL}, false, ANY, ANY},
    {MP_BCAST, {"board", NULL, mp_shm_bcast}, false, ANY, LLONG_MAX},
    {MP_BCAST, {"levels", NULL, mp_levels}, false, ANY, LLONG_MAX},
    {MP_BCAST, {"linear", mp_bcast_linear, NULL}, false, 4, LLONG_MAX},
    {MP_BCAST, {"binomial", mp_bcast_binomial, NULL}, false, ANY, LLONG_MAX},
    {MP_REDUCE, {"board", NULL, mp_shm_reduce}, false, ANY, LLONG_MAX},
    {MP_REDUCE, {"levels", NULL, mp_levels}, false, ANY, LLONG_MAX},
    {MP_REDUCE, {"gather", mp_reduce_gather, NULL}, false, ANY, MP_REDUCE_SHORT},
    {MP_REDUCE, {"sliced", mp_reduce_sliced, NULL}, false, ANY, LLONG_MAX},
    {MP_ALLREDUCE, {"board", NULL, mp_shm_allreduce}, false, ANY, LLONG_MAX},
    {MP_ALLREDUCE, {"levels", NULL, mp_levels}, false, ANY, LLONG_MAX},
    {MP_ALLREDUCE, {"exchange", mp_allreduce_exchange, NULL}, false, 4, 8 << 10},
    {MP_ALLREDUCE, {"reduce_bcast", mp_allreduce_reduce_bcast, NULL}, false, ANY, 16 << 10},
    {MP_ALLREDUCE, {"sliced", mp_allreduce_sliced, NULL}, false, ANY, LLONG_MAX},
    {MP_GATHER, {"board", NULL, mp_shm_gather}, false, ANY, LLONG_MAX},
    {MP_GATHER, {"levels", NULL, mp_levels}, false, ANY, LLONG_MAX},
    {MP_GATHER, {"direct", mp_exchange_direct, NULL}, false, ANY, LLONG_MAX},
    {MP_SCATTER, {"board", NULL, mp_shm_scatter}, false, ANY, LLONG_MAX},
    {MP_SCATTER, {"levels", NULL, mp_levels}, false, ANY, 1 << 10},
    {MP_SCATTER, {"direct", mp_exchange_direct, NULL}, false, ANY, LLONG_MAX},
    {MP_ALLGATHER, {"board", NULL, mp_shm_allgather}, false, ANY, LLONG_MAX},
    {MP_ALLGATHER, {"levels", NULL, mp_levels}, false, 4, 4 << 10},
    {MP_ALLGATHER, {"direct", mp_exchange_direct, NULL}, false, 4, LLONG_MAX},
    {MP_ALLGATHER, {"levels", NULL, mp_levels}, false, ANY, LLONG_MAX},
    {MP_ALLGATHER, {"bruck", mp_allgather_bruck, NULL}, true, ANY, 1 << 10},
    {MP_ALLGATHER, {"direct", mp_exchange_direct, NULL}, false, ANY, LLONG_MAX},
    {MP_ALLTOALL, {"board", NULL, mp_shm_alltoall}, false, ANY, LLONG_MAX},
    {MP_ALLTOALL, {"direct", mp_exchange_direct, NULL}, false, 8, LLONG_MAX},
    {MP_ALLTOALL, {"bruck", mp_alltoall_bruck, NULL}, true, ANY, 128},
    {MP_ALLTOALL, {"direct", mp_exchange_direct, NULL}, false, ANY, LLONG_MAX},
    {MP_SCAN, {"board", NULL, mp_shm_scan}, false, ANY, LLONG_MAX},
    {MP_SCAN, {"chain", mp_scan_chain, NULL}, false, ANY, LLONG_MAX},
    {MP_EXSCAN, {"board", NULL, mp_shm_scan}, false, ANY, LLONG_MAX},
    {MP_EXSCAN, {"chain", mp_scan_chain, NULL}, false, ANY, LLONG_MAX},
    {MP_REDUCE_SCATTER, {"board", NULL, mp_shm_reduce_scatter}, false, ANY, LLONG_MAX},
    {MP_REDUCE_SCATTER, {"sliced", mp_reduce_scatter_sliced, NULL}, false, 2, LLONG_MAX},
    {MP_REDUCE_SCATTER, {"root", mp_reduce_scatter_root, NULL}, false, ANY, 16 << 10},
    {MP_REDUCE_SCATTER, {"sliced", mp_reduce_scatter_sliced, NULL}, false, ANY, LLONG_MAX},
    {MP_NEIGHBOR_ALLGATHER, {"direct", mp_exchange_neighbors, NULL}, false, ANY, LLONG_MAX},
    {MP_NEIGHBOR_ALLTOALL, {"direct", mp_exchange_neighbors, NULL}, false, ANY, LLONG_MAX},
};

static const char *const names[MP_COLLECTIVES] = {[MP_BARRIER] = "barrier",
                                                  [MP_BCAST] = "bcast",
                                                  [MP_REDUCE] = "reduce",
                                                  [MP_ALLREDUCE] = "allreduce",
                                                  [MP_GATHER] = "gather",
                                                  [MP_SCATTER] = "scatter",
                                                  [MP_ALLGATHER] = "allgather",
                                                  [MP_ALLTOALL] = "alltoall",
                                                  [MP_SCAN] = "scan",
                                                  [MP_EXSCAN] = "exscan",
                                                  [MP_REDUCE_SCATTER] = "reduce_scatter",
                                                  [MP_NEIGHBOR_ALLGATHER] = "neighbor_allgather",
                                                  [MP_NEIGHBOR_ALLTOALL] = "neighbor_alltoall"};

// What the variables ask for: looked up once.
static const char *wanted[MP_COLLECTIVES];
static bool wanted_known;
static bool any_wanted;
static size_t first_row[MP_COLLECTIVES];

static void look_up(void)
{
    for (size_t i = mp_array_length(table); i > 0; i--) {
        first_row[table[i - 1].kind] = i - 1;
    }
    any_wanted = false;
    for (int kind = 0; kind < MP_COLLECTIVES; kind++) {
        char variable[64] = "MPRUN_COLL_";
        size_t at = strlen(variable);
        for (const char *c = names[kind]; *c; c++) {
            variable[at++] = (char)toupper((unsigned char)*c);
        }
        variable[at] = 0;
        wanted[kind] = getenv(variable);
        if (wanted[kind] && !wanted[kind][0]) {
            wanted[kind] = NULL;
        }
        any_wanted = any_wanted || wanted[kind];
    }
    wanted_known = true;
}

void mp_choose_reset(void)
{
    wanted_known = false;
}

// The size by which the table goes: the same at all ranks.
static MPI_Count size_of(const struct mp_collective *c)
{
    const struct mp_blocks *blocks = &c->recv;
    bool at_root = c->root == c->comm->rank;

    if (c->kind == MP_BARRIER || c->uneven) {
        return 0;
    }
    if (c->op) {
        return mp_reduced_count(c) * blocks->type->size;
    }
    if ((c->kind == MP_GATHER && !at_root) || (c->kind == MP_SCATTER && at_root)) {
        blocks = &c->send;
    }
    return blocks->counts.each * blocks->type->size;
}

bool mp_choose_is_free(void)
{
    if (unlikely(!wanted_known)) {
        look_up();
    }
    return !any_wanted;
}

static void refuse(const struct mp_collective *c)
{
    char list[256] = "";
    size_t at = 0;
    for (size_t i = 0; i < mp_array_length(table); i++) {
        if (table[i].kind == c->kind && !strstr(list, table[i].algorithm.name) &&
            at + strlen(table[i].algorithm.name) + 3 < sizeof list) {
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "",
                                   table[i].algorithm.name);
        }
    }
    mp_fail(MPI_ERR_OTHER,
            "the variable MPRUN_COLL_... asks for \"%s\" as algorithm for %s; there is %s",
            wanted[c->kind], names[c->kind], list);
}

// Whether the row can do the operation at all.
static bool can(const struct choice *row, const struct mp_collective *c, bool blocking)
{
    mp_run_fn *run = row->algorithm.run;
    return !(row->even && c->uneven) &&
           (!run || (blocking && (run == mp_levels ? mp_levels_can(c) : mp_shm_can(c))));
}

// In an intercommunicator there is one way for each.
static const struct mp_algorithm *between_groups(const struct mp_collective *c)
{
    static const struct mp_algorithm direct = {"direct", mp_exchange_direct, NULL};
    static const struct mp_algorithm leaders = {"leaders", mp_inter_leaders, NULL};
    bool blocks = c->kind == MP_GATHER || c->kind == MP_SCATTER || c->kind == MP_ALLGATHER ||
                  c->kind == MP_ALLTOALL;
    return blocks ? &direct : &leaders;
}

const struct mp_algorithm *mp_choose(const struct mp_collective *c, bool blocking)
{
    if (unlikely(!wanted_known)) {
        look_up();
    }
    if (unlikely(c->comm->remote != NULL)) {
        return between_groups(c);
    }
    const struct choice *end = table + mp_array_length(table);
    const struct choice *row = table + first_row[c->kind];
    const char *name = wanted[c->kind];
    if (likely(!name) && row->algorithm.run && can(row, c, blocking)) {
        return &row->algorithm; // whatever the size
    }
    bool known = false;
    MPI_Count bytes = size_of(c);
    const struct choice *fits = NULL;
    for (; row < end && row->kind == c->kind; row++) {
        bool named = name && strcmp(row->algorithm.name, name) == 0;
        known = known || named;
        if (!can(row, c, blocking)) {
            continue;
        }
        if (named) {
            return &row->algorithm;
        }
        if (!fits && c->comm->size <= row->ranks && bytes <= row->bytes) {
            fits = row;
            if (!name) {
                break;
            }
        }
    }
    if (name && !known) {
        refuse(c);
        return NULL;
    }
    return fits ? &fits->algorithm : NULL;
}

// ---- The three ways to have it done

static uint32_t signature_of(const struct mp_blocks *blocks)
{
    return blocks->type ? mp_block_signature(blocks, 0) : MP_DATA_ANY;
}

void mp_schedule_stamp(struct mp_schedule *schedule, const struct mp_collective *c,
                       bool nonblocking)
{
    uint32_t head = c->op ? (uint32_t)c->op->code << MP_STAMP_OP_SHIFT : 0;
    uint32_t gives = 0, takes = 0;

    head |= nonblocking ? MP_STAMP_NONBLOCKING : 0;
    schedule->uneven = c->uneven && !c->op;
    if (c->op) {
        gives = takes = mp_datatype_signature(c->recv.type, mp_reduced_count(c));
    } else if (c->kind != MP_BARRIER && !c->uneven) {
        takes = signature_of(&c->recv);
        bool one = c->kind == MP_BCAST || (c->in_place && c->kind != MP_SCATTER);
        gives = one ? takes : signature_of(&c->send);
    }
    bool rooted = c->kind == MP_BCAST || c->kind == MP_REDUCE || c->kind == MP_GATHER ||
                  c->kind == MP_SCATTER;
    schedule->root = rooted && !c->comm->remote ? c->root : -1;
    schedule->looks_back = !nonblocking;
    schedule->gives = head | gives;
    schedule->takes = head | takes;
}

static struct mp_schedule *build_by(const struct mp_collective *collective,
                                    const struct mp_algorithm *algorithm, int tag, bool nonblocking,
                                    int *error)
{
    if (!algorithm) {
        *error = MPI_ERR_OTHER;
        return NULL;
    }
    struct mp_schedule *schedule = mp_schedule_new(collective->comm, tag, collective->op);
    if (!schedule) {
        *error = MPI_ERR_NO_MEM;
        return NULL;
    }
    mp_schedule_stamp(schedule, collective, nonblocking);
    algorithm->build(schedule, collective);
    schedule->whole = true;
    return schedule;
}

static struct mp_schedule *build(const struct mp_collective *c, unsigned persistent, int *error)
{
    return mp_collective_schedule(c, mp_schedule_tag(c->comm, c->kind | persistent), error);
}

struct mp_schedule *mp_collective_schedule(const struct mp_collective *collective, int tag,
                                           int *error)
{
    return build_by(collective, mp_choose(collective, false), tag, true, error);
}

static int ready(void *comm)
{
    mp_board_ready(comm);
    return 0;
}

// Before a board is used for the first time: a barrier by messages.
static struct mp_schedule *opening(struct mp_comm *comm, int *error)
{
    struct mp_collective barrier = {.kind = MP_BARRIER, .comm = comm};
    // On two levels it is a part of what follows there, and not to be met by a nonblocking barrier.
    int tag = mp_schedule_tag(comm, MP_BARRIER) | (comm->nodes ? MP_TAG_LEVELS : 0);
    struct mp_schedule *schedule =
        build_by(&barrier, mp_choose(&barrier, false), tag, false, error);
    if (schedule) {
        // What ranks disagreed about before is told in what follows, which all of them begin.
        schedule->looks_back = false;
        mp_schedule_wait(schedule);
        mp_schedule_call(schedule, ready, comm);
        mp_board_come(comm);
    }
    return schedule;
}

int mp_collective_open(struct mp_comm *comm)
{
    struct mp_request *request;
    int error;
    struct mp_schedule *schedule = opening(comm, &error);
    if (!schedule) {
        return error;
    }
    error = mp_schedule_launch(schedule, &request);
    if (!error && request->complete) {
        mp_request_release(request);
    } else if (!error) {
        mp_request_detach(request);
    }
    return error;
}

// A nonblocking operation may have begun that. An error is that of ranks that are in another
// operation; none of those that are in this one is ready then, and they try again in the next one.
static int make_ready(struct mp_comm *comm)
{
    int error = 0;
    if (!comm->board.opening) {
        struct mp_schedule *schedule = opening(comm, &error);
        error = schedule ? mp_schedule_run(schedule) : error;
        comm->board.opening = !error;
    } else if (!comm->board.ready) {
        struct mp_waiter waiter;
        mp_waiter_begin(&waiter, MP_PEER_SEVERAL, 0, comm->context + 1, 0);
        mp_waiter_describe(&waiter, mp_describe_opening, comm);
        while (!comm->board.ready) {
            mp_waiter_step(&waiter);
        }
        mp_waiter_end(&waiter);
    }
    return error;
}

static inline int run_on_board(const struct mp_collective *collective, mp_run_fn *run)
{
    struct mp_comm_board *board = &collective->comm->board;
    int error = likely(board->ready) ? 0 : make_ready(collective->comm);
    board->fast_path = !error && board->exists && !any_wanted;
    error = error ? error : run(collective);
    if (unlikely(board->parted)) {
        error = board->parted;
        board->parted = 0;
    }
    struct mp_comm *near = mp_comm_near(collective->comm);
    if (unlikely(near->board.astray)) {
        int rank = near->board.astray - 1;
        near->board.astray = 0;
        error = error ? error : mp_board_compare_trail(near, rank);
    }
    return error;
}

int mp_collective_run(const struct mp_collective *collective)
{
    const struct mp_algorithm *algorithm = mp_choose(collective, true);
    if (likely(algorithm && algorithm->run)) {
        return run_on_board(collective, algorithm->run);
    }
    int error;
    int tag = mp_schedule_tag(collective->comm, collective->kind);
    struct mp_schedule *schedule = build_by(collective, algorithm, tag, false, &error);
    return schedule ? mp_schedule_run(schedule) : error;
}

int mp_collective_start(const struct mp_collective *collective, struct mp_request **request)
{
    if (likely(mp_async_can(collective))) {
        return mp_async_start(collective, request);
    }
    int error;
    struct mp_schedule *schedule = build(collective, 0, &error);
    return schedule ? mp_schedule_launch(schedule, request) : error;
}

int mp_collective_init(const struct mp_collective *collective, struct mp_request **request)
{
    int error;
    struct mp_schedule *schedule = build(collective, MP_TAG_PERSISTENT, &error);
    return schedule ? mp_schedule_prepare(schedule, request) : error;
}

int mp_collective_exchange(struct mp_comm *comm, const void *own, size_t bytes, void *all)
{
    struct mp_collective c = {.kind = MP_MAKES_COMM, .comm = comm};
    c.send.buffer = (void *)(uintptr_t)own;
    c.recv.buffer = all;
    c.recv.counts.each = (MPI_Count)bytes;
    return run_on_board(&c, mp_shm_exchange);
}

int mp_collective_open_by(struct mp_comm *comm, struct mp_comm *made)
{
    mp_board_come(made);
    int error = mp_coll_barrier(comm);
    if (!error) {
        mp_board_ready(made);
    }
    return error;
}

int mp_coll_barrier(struct mp_comm *comm)
{
    struct mp_collective barrier = {.kind = MP_BARRIER, .comm = comm};
    return mp_collective_run(&barrier);
}
