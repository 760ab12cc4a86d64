// SPDX-License-Identifier: MIT
// Collectives on two levels. A node's leader is its first member, or the root, if that is there.
//
// On the board of a node its members are a communicator of their own, `near`: with the same context
// pair, and so with the same board in the node's segment, where no other member has a desk. What
// the board does (shm.h) is the same as in a communicator that is all near.
//
// Which way an operation goes depends on its kind, on the communicator and on the length. Ranks
// that disagree about that meet on the board, or in a message, or one goes either way. What is
// posted on the board is labelled with the number of the operation, its kind and its root, since it
// is only a part of it, and ranks that are in different ones may otherwise be in like parts. A rank
// whose operation goes by messages posts nothing; see tales.c.
//
// Operands of reductions are gathered, and combined where the result is wanted: so the order is
// that of the ranks, strictly from the left, as everywhere. Where there would be much to gather,
// they go by messages.
#include "collectives/levels.h"

#include "collectives/shm_parts.h"
#include "object/errhandler.h"
#include "process/process.h"

#include <stdlib.h>

static uint32_t home_of(const struct mp_comm *comm, int rank)
{
    return mp_home_node(mp_segment_homes(mp_process.segment)[mp_group_world(comm->group, rank)]);
}

// The number of a member's node, among those of the `count` first members.
static int node_of(const struct mp_comm *comm, const int *first, int count, int rank)
{
    uint32_t home = home_of(comm, rank);
    int node = 0;
    while (node < count && home_of(comm, first[node]) != home) {
        node++;
    }
    return node;
}

static void out_of_memory(void)
{
    mp_process_abort(MPI_ERR_NO_MEM, "out of memory for the nodes of a communicator");
}

void mp_levels_find(struct mp_comm *comm)
{
    int size = comm->size, count = 0, near = 0, before = -1;
    int *room = malloc(3 * (size_t)size * sizeof *room);
    bool blocks = true;

    if (!room) {
        out_of_memory();
    }
    int *first = room + size, *world = first + size;
    for (int i = 0; i < size; i++) {
        int node = node_of(comm, first, count, i);
        blocks = blocks && (node == before || node == count);
        before = node;
        if (node == count) {
            first[count++] = i;
        }
        if (home_of(comm, i) == home_of(comm, comm->rank)) {
            world[near++] = mp_group_world(comm->group, i);
        }
    }
    if (mp_process.segment->channel == MP_CHANNEL_SHM && count < size) {
        size_t bytes = sizeof(struct mp_comm_nodes) + (2 * (size_t)count + 1) * sizeof(int);
        bytes = mp_round_up(bytes, _Alignof(struct mp_comm_nodes));
        struct mp_comm_nodes *nodes = aligned_alloc(_Alignof(struct mp_comm_nodes), bytes);
        struct mp_group *group = mp_group_new(near, world);
        if (!nodes || !group) {
            out_of_memory();
        }
        memset(nodes, 0, bytes);
        nodes->count = count;
        nodes->mine = node_of(comm, first, count, comm->rank);
        nodes->blocks = blocks;
        nodes->first = (int *)(void *)(nodes + 1);
        nodes->leaders = nodes->first + count + 1;
        memcpy(nodes->first, first, (size_t)count * sizeof *first);
        nodes->first[count] = size;
        nodes->near.group = group;
        nodes->near.rank = group->rank;
        nodes->near.size = group->size;
        nodes->near.context = comm->context;
        mp_board_near(comm, &nodes->near);
        comm->nodes = nodes;
    }
    free(room);
}

// Bytes of all operands of a reduction, up to which they are gathered. (An all-reduce of 64 KB by 4
// ranks on 2 nodes takes 98 us so, and 196 by messages; of 256 KB 541 and 361.)
enum { REDUCE_MOST = 1 << 20, ALLREDUCE_MOST = 512 << 10 };

bool mp_levels_can(const struct mp_collective *c)
{
    const struct mp_comm_nodes *nodes = c->comm->nodes;
    if (!nodes) {
        return false;
    }
    MPI_Count operands = c->op ? c->comm->size * c->recv.counts.each * c->recv.type->size : 0;
    switch (c->kind) {
    case MP_BARRIER:
    case MP_BCAST:
        return true;
    case MP_SCATTER:
        return nodes->blocks && !c->uneven && c->comm->size <= MP_SHM_MOST_PARTS;
    default:
        return nodes->blocks && !c->uneven &&
               operands <= (c->kind == MP_ALLREDUCE ? ALLREDUCE_MOST : REDUCE_MOST);
    }
}

// ---- The two levels

// A step on the board: an operation of the near members.
struct inner {
    struct mp_schedule *schedule;
    struct mp_collective c;
    mp_run_fn *run;
    int root; // of the outer one
};

static int run_inner(void *argument)
{
    struct inner *inner = argument;
    struct mp_schedule *schedule = inner->schedule;
    struct mp_comm_board *board = &inner->c.comm->board;

    board->label = mp_label(board->tag, inner->root) - inner->c.root;
    int error = inner->run(&inner->c);
    // Where others are in another operation, no further step would do any good.
    schedule->parted = board->parted || error == MPI_ERR_OTHER || error == MPI_ERR_ROOT;
    if (unlikely(board->parted)) {
        error = board->parted;
        board->parted = 0;
    }
    return error;
}

// `c` is of the outer communicator, but for its root.
static void add_inner(struct mp_schedule *schedule, const struct mp_collective *c, mp_run_fn *run,
                      int outer_root)
{
    struct inner *inner = mp_schedule_bytes(schedule, sizeof *inner);
    *inner = (struct inner){schedule, *c, run, outer_root};
    inner->c.comm = mp_comm_near(schedule->comm);
    mp_schedule_call(schedule, run_inner, inner);
}

// The near rank of who leads this rank's node, in an operation with that root.
static int near_leader(const struct mp_comm *comm, int root)
{
    bool here = home_of(comm, root) == home_of(comm, comm->rank);
    return here ? mp_group_find(comm->nodes->near.group, mp_group_world(comm->group, root)) : 0;
}

// From here on, if this rank is a leader, steps are among the leaders: true. Returns the root's
// node in *node.
static bool among_leaders(struct mp_schedule *schedule, int root, int *node)
{
    struct mp_comm *comm = schedule->comm;
    struct mp_comm_nodes *nodes = comm->nodes;

    memcpy(nodes->leaders, nodes->first, (size_t)nodes->count * sizeof *nodes->leaders);
    *node = node_of(comm, nodes->first, nodes->count, root);
    nodes->leaders[*node] = root;
    if (comm->rank != nodes->leaders[nodes->mine]) {
        return false;
    }
    schedule->scope.map = nodes->leaders;
    schedule->scope.rank = nodes->mine;
    schedule->scope.size = nodes->count;
    return true;
}

// Or among all again.
static void among_all(struct mp_schedule *schedule)
{
    schedule->scope = mp_scope_of(schedule->comm, schedule->scope.tag);
}

// ---- Barrier, in one turn of the board

static int come(const struct mp_collective *c)
{
    mp_board_begin(c->comm, MP_BARRIER | MP_POST_INLINE, 0, 0);
    mp_board_post(c->comm);
    if (c->comm->rank > 0) {
        return 0;
    }
    mp_board_await_all(c->comm);
    // What near members disagreed about before is told at the end: all others are in this barrier.
    for (int i = 0; i < c->comm->size; i++) {
        if (unlikely(mp_board_post_of(c->comm, i)->trail != mp_board_trail(c->comm))) {
            c->comm->board.astray = i + 1;
        }
    }
    return mp_shm_compare_all(c, 0);
}

static int leave(const struct mp_collective *c)
{
    if (c->comm->rank == 0) {
        mp_board_step(c->comm, MP_STEP_DONE, MP_EVERYBODY);
        return 0;
    }
    mp_board_await_step(c->comm, 0, MP_STEP_DONE);
    return mp_shm_compare(c, 0, 0);
}

static void barrier(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int node;
    add_inner(schedule, c, come, 0);
    if (among_leaders(schedule, c->comm->nodes->first[0], &node)) {
        mp_barrier_dissemination(schedule, c);
        among_all(schedule);
    }
    add_inner(schedule, c, leave, 0);
}

// ---- Broadcast

static void add_bcast_near(struct mp_schedule *schedule, void *buffer, MPI_Count count,
                           struct mp_datatype *type, int root, int outer_root)
{
    struct mp_collective inner;
    mp_collective_set(&inner, MP_BCAST, root, false);
    inner.recv.buffer = buffer;
    inner.recv.counts = mp_counts_each(count);
    inner.recv.type = type;
    add_inner(schedule, &inner, mp_shm_bcast, outer_root);
}

static void bcast(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count count = c->recv.counts.each;
    int node;

    if (among_leaders(schedule, c->root, &node)) {
        mp_add_bcast(schedule, c->recv.buffer, count, c->recv.type, node);
    }
    add_bcast_near(schedule, c->recv.buffer, count, c->recv.type, near_leader(c->comm, c->root),
                   c->root);
}

// ---- Blocks: those of a node travel as one

// The blocks of a node's members, of a buffer that has those of all; and how many elements.
static struct mp_blocks blocks_of(const struct mp_comm_nodes *nodes, const struct mp_blocks *all,
                                  int node, MPI_Count *count)
{
    struct mp_blocks blocks = *all;
    blocks.buffer = mp_block_at(all, nodes->first[node]);
    *count = (nodes->first[node + 1] - nodes->first[node]) * all->counts.each;
    return blocks;
}

// Room for a node's blocks, packed, at a leader that is not the root.
static struct mp_blocks packed(struct mp_schedule *schedule, const struct mp_blocks *own,
                               MPI_Count *count)
{
    MPI_Count bytes = mp_block_bytes(own, 0);
    *count = schedule->comm->nodes->near.size * bytes;
    return (struct mp_blocks){.buffer = mp_schedule_bytes(schedule, *count),
                              .counts = mp_counts_each(bytes),
                              .displacements = mp_counts_each(bytes),
                              .type = mp_byte_type(),
                              .signature = mp_block_signature(own, 0)};
}

// Adds the messages with the leaders of the other nodes, of the root's or of every one's blocks.
static void add_exchange(struct mp_schedule *schedule, const struct mp_blocks *all, bool sends,
                         bool receives)
{
    const struct mp_comm_nodes *nodes = schedule->comm->nodes;
    MPI_Count count;

    for (int i = 1; i < nodes->count && receives; i++) {
        int from = (nodes->mine + nodes->count - i) % nodes->count;
        struct mp_blocks theirs = blocks_of(nodes, all, from, &count);
        mp_schedule_recv_exact(schedule, theirs.buffer, count, theirs.type, from);
    }
    for (int i = 1; i < nodes->count && sends; i++) {
        int to = (nodes->mine + i) % nodes->count;
        struct mp_blocks those = blocks_of(nodes, all, receives ? nodes->mine : to, &count);
        mp_schedule_send(schedule, those.buffer, count, those.type, to);
    }
}

static void gather(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_collective inner = *c;
    MPI_Count count = 0;
    int node;

    inner.root = near_leader(c->comm, c->root);
    if (!among_leaders(schedule, c->root, &node)) {
        add_inner(schedule, &inner, mp_shm_gather, c->root);
    } else if (c->comm->rank == c->root) {
        inner.recv = blocks_of(c->comm->nodes, &c->recv, node, &count);
        add_exchange(schedule, &c->recv, false, true);
        add_inner(schedule, &inner, mp_shm_gather, c->root);
    } else {
        inner.recv = packed(schedule, &c->send, &count);
        add_inner(schedule, &inner, mp_shm_gather, c->root);
        mp_schedule_send(schedule, inner.recv.buffer, count, inner.recv.type, node);
    }
}

static void scatter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_collective inner = *c;
    MPI_Count count = 0;
    int node;

    inner.root = near_leader(c->comm, c->root);
    if (among_leaders(schedule, c->root, &node)) {
        if (c->comm->rank == c->root) {
            inner.send = blocks_of(c->comm->nodes, &c->send, node, &count);
            add_exchange(schedule, &c->send, true, false);
        } else {
            inner.send = packed(schedule, &c->recv, &count);
            mp_schedule_recv_exact(schedule, inner.send.buffer, count, inner.send.type, node);
            mp_schedule_wait(schedule);
        }
    }
    add_inner(schedule, &inner, mp_shm_scatter, c->root);
}

// The blocks of all at the leaders, in `all`.
static void add_allgather(struct mp_schedule *schedule, const struct mp_collective *c,
                          const struct mp_blocks *all)
{
    struct mp_comm_nodes *nodes = c->comm->nodes;
    struct mp_collective inner = *c;
    MPI_Count count;
    int node;

    inner.kind = MP_GATHER;
    inner.root = 0;
    inner.recv = blocks_of(nodes, all, nodes->mine, &count);
    add_inner(schedule, &inner, mp_shm_gather, 0);
    if (among_leaders(schedule, nodes->first[0], &node)) {
        add_exchange(schedule, all, true, true);
        mp_schedule_wait(schedule);
        among_all(schedule);
    }
}

static void allgather(struct mp_schedule *schedule, const struct mp_collective *c)
{
    add_allgather(schedule, c, &c->recv);
    add_bcast_near(schedule, c->recv.buffer, c->comm->size * c->recv.counts.each, c->recv.type, 0,
                   0);
}

// ---- Reductions

// An operand is gathered as a block: as a call with that would be.
static struct mp_collective operands_of(const struct mp_collective *c, enum mp_collective_kind kind)
{
    struct mp_collective blocks = *c;
    blocks.kind = kind;
    blocks.in_place = false;
    blocks.send = c->recv;
    blocks.send.buffer = (void *)(uintptr_t)mp_operand(c);
    blocks.recv.displacements = blocks.recv.counts;
    blocks.recv.buffer = NULL;
    return blocks;
}

// Combines them all.
static void add_combine(struct mp_schedule *schedule, const struct mp_collective *c,
                        const struct mp_blocks *all)
{
    for (int i = 1; i < c->comm->size; i++) {
        void *right = mp_block_at(all, i);
        mp_schedule_reduce(schedule, mp_block_at(all, i - 1), right,
                           i + 1 < c->comm->size ? right : c->recv.buffer, c->recv.counts.each,
                           c->recv.type);
    }
}

static void reduce(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_collective blocks = operands_of(c, MP_GATHER);
    bool at_root = c->comm->rank == c->root;

    if (at_root) {
        blocks.recv.buffer =
            mp_schedule_elements(schedule, c->recv.type, c->comm->size * c->recv.counts.each);
    }
    gather(schedule, &blocks);
    if (at_root) {
        mp_schedule_wait(schedule);
        add_combine(schedule, c, &blocks.recv);
    }
}

static void allreduce(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_collective blocks = operands_of(c, MP_ALLGATHER);
    bool leads = c->comm->nodes->near.rank == 0;

    if (leads) {
        blocks.recv.buffer =
            mp_schedule_elements(schedule, c->recv.type, c->comm->size * c->recv.counts.each);
    }
    add_allgather(schedule, &blocks, &blocks.recv);
    if (leads) {
        add_combine(schedule, c, &blocks.recv);
    }
    add_bcast_near(schedule, c->recv.buffer, c->recv.counts.each, c->recv.type, 0, 0);
}

int mp_levels(const struct mp_collective *c)
{
    static mp_build_fn *const builders[MP_COLLECTIVES] = {
        [MP_BARRIER] = barrier,     [MP_BCAST] = bcast,   [MP_REDUCE] = reduce,
        [MP_ALLREDUCE] = allreduce, [MP_GATHER] = gather, [MP_SCATTER] = scatter,
        [MP_ALLGATHER] = allgather};
    int tag = mp_schedule_tag(c->comm, c->kind) | MP_TAG_LEVELS;
    struct mp_schedule *schedule = mp_schedule_new(c->comm, tag, c->op);

    if (!schedule) {
        return MPI_ERR_NO_MEM;
    }
    mp_schedule_stamp(schedule, c, false);
    c->comm->nodes->near.board.tag = tag;
    builders[c->kind](schedule, c);
    schedule->whole = true;
    return mp_schedule_run(schedule);
}
