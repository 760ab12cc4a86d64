// SPDX-License-Identifier: MIT
// A collective operation as the API hands it over, with its arguments checked, and the three ways
// to have it done. The int and the large-count functions, regular forms (MPI_Gather) and those with
// counts and displacements (MPI_Gatherv, MPI_Alltoallw) all become this one struct.
// Read next: collectives/choose.c (which algorithm), collectives/bcast.c (the simplest builder).
#ifndef MP_COLLECTIVES_COLLECTIVES_H
#define MP_COLLECTIVES_COLLECTIVES_H

#include "collectives/schedule.h"
#include "datatype/counts.h"
#include "datatype/datatype_signature.h"

enum mp_collective_kind {
    MP_BARRIER,
    MP_BCAST,
    MP_REDUCE,
    MP_ALLREDUCE,
    MP_GATHER, // and Gatherv
    MP_SCATTER,
    MP_ALLGATHER,
    MP_ALLTOALL, // and Alltoallv, Alltoallw
    MP_SCAN,
    MP_EXSCAN,
    MP_REDUCE_SCATTER, // and its block form
    MP_NEIGHBOR_ALLGATHER,
    MP_NEIGHBOR_ALLTOALL,
    MP_COLLECTIVES,
    MP_MAKES_COMM = MP_COLLECTIVES, // what all ranks do to make a communicator
    MP_KINDS,
    MP_TELLS = MP_KINDS // not an operation: a message that says that ranks disagree (tales.c)
};
_Static_assert((int)MP_TELLS <= (int)MP_TAG_KIND, "a tag has room for all kinds");

// One side of an operation as the user gave it. A count is one number, or an array with
// displacements; a type is one, or an array of them (`arrays`, `each_type`: even when the array is
// NULL, that is an error to be found).
struct mp_side {
    const void *buffer;
    bool arrays;
    bool each_type; // MPI_Alltoallw
    struct mp_counts counts;
    struct mp_counts displacements;
    MPI_Datatype type;
    const MPI_Datatype *types;
};

// The same once more, to be handed on in memory: so that the compiler keeps the first one in
// registers, which it does not with what is anywhere copied as a whole.
MP_ALWAYS_INLINE struct mp_side mp_side_again(const struct mp_side *side)
{
    struct mp_side again;
    again.buffer = side->buffer;
    again.arrays = side->arrays;
    again.each_type = side->each_type;
    again.counts.array = side->counts.array;
    again.counts.wide = side->counts.wide;
    again.counts.each = side->counts.each;
    again.displacements.array = side->displacements.array;
    again.displacements.wide = side->displacements.wide;
    again.displacements.each = side->displacements.each;
    again.type = side->type;
    again.types = side->types;
    return again;
}

// A buffer seen as one block per rank; in neighbourhood collectives, per neighbour.
struct mp_blocks {
    void *buffer; // never written through when it is the send side
    struct mp_counts counts;
    struct mp_counts displacements; // in extents of `type`; with `types`: in bytes
    struct mp_datatype *type;
    const MPI_Datatype *types; // MPI_Alltoallw: one per rank; else NULL
    struct mp_datatype **held; // those, NULL for empty blocks, when the program may have freed them
    uint32_t signature;        // of packed ones, what each is for others; else 0
    bool passes;               // what arrives here would not stay in the caches anyway
};

struct mp_collective {
    enum mp_collective_kind kind;
    struct mp_comm *comm;
    int root;         // rank, MPI_ROOT or MPI_PROC_NULL
    bool in_place;    // this rank gave MPI_IN_PLACE: the send side is not there
    bool uneven;      // a v or w form: not every rank knows every count
    struct mp_op *op; // of reductions
    // Operations that have but one buffer, count or type use `recv`. Reductions have their count
    // and type in `recv`, and the operand in send.buffer.
    struct mp_blocks send;
    struct mp_blocks recv;
};

// An operation of which nothing more is known yet. Field by field: for an initializer the compiler
// clears it all with an instruction that takes as long as a cache line from core to core.
static inline void mp_blocks_clear(struct mp_blocks *blocks)
{
    blocks->buffer = NULL;
    blocks->counts.array = NULL;
    blocks->counts.wide = false;
    blocks->counts.each = 0;
    blocks->displacements.array = NULL;
    blocks->displacements.wide = false;
    blocks->displacements.each = 0;
    blocks->type = NULL;
    blocks->types = NULL;
    blocks->held = NULL;
    blocks->signature = MP_DATA_ANY;
    blocks->passes = false;
}

static inline void mp_collective_set(struct mp_collective *c, enum mp_collective_kind kind,
                                     int root, bool uneven)
{
    c->kind = kind;
    c->comm = NULL;
    c->root = root;
    c->in_place = false;
    c->uneven = uneven;
    c->op = NULL;
    mp_blocks_clear(&c->send);
    mp_blocks_clear(&c->recv);
}

// `elements` elements of the type further.
static inline void *mp_advance(const void *buffer, MPI_Count elements,
                               const struct mp_datatype *type)
{
    return (void *)((uintptr_t)buffer + (uintptr_t)(elements * type->extent));
}

static inline void *mp_advance_bytes(const void *buffer, MPI_Count bytes)
{
    return (void *)((uintptr_t)buffer + (uintptr_t)bytes);
}

static inline MPI_Count mp_block_count(const struct mp_blocks *blocks, int rank)
{
    return mp_counts_at(&blocks->counts, rank);
}

static inline struct mp_datatype *mp_block_type(const struct mp_blocks *blocks, int rank)
{
    if (likely(!blocks->types)) {
        return blocks->type;
    }
    return blocks->held ? blocks->held[rank] : mp_datatype_get(blocks->types[rank]);
}

// Bytes of data in the block of a rank.
static inline MPI_Count mp_block_bytes(const struct mp_blocks *blocks, int rank)
{
    MPI_Count count = mp_block_count(blocks, rank);
    return count == 0 ? 0 : count * mp_block_type(blocks, rank)->size;
}

static inline uint32_t mp_block_signature(const struct mp_blocks *blocks, int rank)
{
    MPI_Count count = mp_block_count(blocks, rank);
    if (blocks->signature != MP_DATA_ANY) {
        return blocks->signature;
    }
    return count == 0 ? MP_DATA_ANY : mp_datatype_signature(mp_block_type(blocks, rank), count);
}

static inline void *mp_block_at(const struct mp_blocks *blocks, int rank)
{
    if (blocks->types) {
        return mp_advance_bytes(blocks->buffer, mp_counts_at(&blocks->displacements, rank));
    }
    MPI_Count elements = blocks->displacements.array ? mp_counts_at(&blocks->displacements, rank)
                                                     : rank * blocks->displacements.each;
    return mp_advance(blocks->buffer, elements, blocks->type);
}

// What this rank gives to a reduction, and how many elements that is.
static inline const void *mp_operand(const struct mp_collective *c)
{
    return c->in_place ? c->recv.buffer : c->send.buffer;
}

static inline MPI_Count mp_reduced_count(const struct mp_collective *c)
{
    MPI_Count total = 0;
    if (c->kind != MP_REDUCE_SCATTER) {
        return c->recv.counts.each;
    }
    for (int i = 0; i < c->comm->size; i++) {
        total += mp_block_count(&c->recv, i);
    }
    return total;
}

// Blocking; as a new active request; as a new inactive persistent request. Return an error class.
int mp_collective_run(const struct mp_collective *collective);
int mp_collective_start(const struct mp_collective *collective, struct mp_request **request);
int mp_collective_init(const struct mp_collective *collective, struct mp_request **request);

// A blocking barrier.
int mp_coll_barrier(struct mp_comm *comm);

// A part of making a communicator of the members of `comm`, on the board that is in use there: all
// get the `bytes` bytes of each, by rank; at most MP_PAD_BYTES.
int mp_collective_exchange(struct mp_comm *comm, const void *own, size_t bytes, void *all);

// Opens the board of a communicator that was made of the members of `comm`: by a barrier there, and
// not by messages, which a board's first use takes else.
int mp_collective_open_by(struct mp_comm *comm, struct mp_comm *made);

// ---- Between the builders: an algorithm adds its steps to a schedule.
typedef void mp_build_fn(struct mp_schedule *schedule, const struct mp_collective *collective);

mp_build_fn mp_barrier_dissemination;
mp_build_fn mp_bcast_binomial;
mp_build_fn mp_bcast_linear;
mp_build_fn mp_reduce_gather;
mp_build_fn mp_reduce_sliced;
mp_build_fn mp_allreduce_exchange;
mp_build_fn mp_allreduce_reduce_bcast;
mp_build_fn mp_allreduce_sliced;
mp_build_fn mp_reduce_scatter_root;
mp_build_fn mp_reduce_scatter_sliced;
mp_build_fn mp_scan_chain;
mp_build_fn mp_allgather_bruck;
mp_build_fn mp_alltoall_bruck;
mp_build_fn mp_exchange_direct;    // gather, scatter, allgather, all-to-all
mp_build_fn mp_exchange_neighbors; // neighbourhood collectives
mp_build_fn mp_inter_leaders;      // between two groups: all others

// ---- Parts that several algorithms are made of, in the schedule's present scope.

// Down a binomial tree from `root`. Everyone's buffer.
void mp_add_bcast(struct mp_schedule *schedule, void *buffer, MPI_Count count,
                  struct mp_datatype *type, int root);

// Combines `count` elements of every rank, in rank order, into `into` at this rank, receiving all
// operands but its own at `own` (which may be `into`, and is not written otherwise). The others
// send theirs by mp_schedule_send.
void mp_add_combine(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                    struct mp_datatype *type);

// Bytes of an operand up to which a reduction gathers them all at the root. Above, the root need
// not have room for all, and does not combine alone.
enum { MP_REDUCE_SHORT = 64 << 10 };

// A reduction to `root`; `into` matters there only, and may be `own`.
void mp_add_reduce(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                   struct mp_datatype *type, int root);

// The blocks of a reduce-scatter, from a whole result at rank 0 of the scope.
void mp_add_hand_out(struct mp_schedule *schedule, const struct mp_collective *c,
                     const void *whole);

// Block i to rank i, of all other ranks; block i from rank i; block i to where block k is.
void mp_add_send_blocks(struct mp_schedule *schedule, const struct mp_blocks *blocks);
void mp_add_recv_blocks(struct mp_schedule *schedule, const struct mp_blocks *blocks);
void mp_add_copy_block(struct mp_schedule *schedule, const struct mp_blocks *from, int i,
                       const struct mp_blocks *to, int k);

// A buffer as blocks of the ranks of the scope, one after the other: of `counts`, or as equal as
// can be. Live as long as the schedule.
struct mp_blocks mp_consecutive(struct mp_schedule *schedule, const void *buffer,
                                const struct mp_counts *counts, struct mp_datatype *type);
struct mp_blocks mp_slices(struct mp_schedule *schedule, const void *buffer, MPI_Count count,
                           struct mp_datatype *type);

// Slice `rank` of `count` elements when each of `size` ranks takes one: its length, and in *start
// where it begins.
MPI_Count mp_slice(MPI_Count count, int size, int rank, MPI_Count *start);

#endif
