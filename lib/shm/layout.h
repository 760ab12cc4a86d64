// SPDX-License-Identifier: MIT
// The control segment of a node, and so of most jobs: one memfd that the launcher creates and every
// rank of the node maps. It holds a header, a board and wait records per rank, doorbells, a ring
// for every ordered pair of ranks, and desks and slots for the collectives of all communicators
// that there could be. The launcher and the library share this file and nothing else about memory.
// Offsets, never pointers; words that different ranks write are 128 bytes apart (two lines: the
// adjacent-line prefetcher pairs them).
//
// Everything has its place in the file, which is sparse: what is not used has no memory, and what
// is not mapped has no addresses either. Ranks map the head, and further windows when they first
// use what lies there (boot/windows.h). So nothing is ever taken from a pool, and nothing is to be
// given back: a rank that is killed can neither hold anything nor lose it, and two that meet know
// where without a word. Read next: shm/ring.h (how a ring is written and read), wait/progress.h
// (sleeping and waking).
#ifndef MP_SHM_LAYOUT_H
#define MP_SHM_LAYOUT_H

#include "base/bits.h"
#include "shm/waits.h"

#include <stdatomic.h>
#include <stdint.h>

#define MP_SEGMENT_MAGIC   UINT64_C(0x313076746e757270) // "pruntv01"
#define MP_SEGMENT_VERSION 15
#define MP_APART           128
#define MP_UNEXPECTED      (64 << 20) // bytes of messages that nobody asked for that a rank keeps
#define MP_RANKS_MAX       4096       // a job's size
#define MP_BOARDS_MAX      65536 // boards of communicators, one per context pair (object/context.h)

enum mp_channel_id { MP_CHANNEL_SHM = 0, MP_CHANNEL_SOCKET = 1 };

// Who has no membarrier, in the header's `fence`.
enum { MP_FENCE_ALWAYS = 1, MP_FENCE_LATE };

// What a rank is doing, for the launcher and for its peers; written by the rank itself.
enum mp_rank_state {
    MP_RANK_STARTING = 0, // spawned; has not called MPI_Init (a program that is not MPI stays here)
    MP_RANK_RUNNING,      // between MPI_Init and MPI_Finalize
    MP_RANK_BLOCKED,      // asleep inside an MPI call; `call`, `peer` ... say which
    MP_RANK_FINALIZED     // left MPI_Finalize, no session is open: how it ends is its own affair
};

// What ranks look for in the program (lib/check): any bit turns it on.
// SYNC: standard sends are synchronous; WARN: what is found is no error.
enum { MP_CHECK_ON = 1, MP_CHECK_SYNC = 2, MP_CHECK_WARN = 4 };

// Written once by the launcher before any rank starts, read-only afterwards, except `fence` and
// from `finalizing` on.
struct mp_segment_header {
    uint64_t magic;
    uint32_t version;
    uint32_t nranks;
    uint64_t bytes;          // of the whole segment
    uint64_t head_bytes;     // of what every rank maps when it joins
    uint64_t job;            // a random job id, for messages and cookies
    uint32_t channel;        // enum mp_channel_id
    uint32_t cells;          // cells per ring, a power of two
    uint32_t bulk;           // bytes of a ring's bulk area, a power of two
    uint32_t boards;         // context pairs whose communicators have a board: MP_BOARDS_MAX, or
                             // as many as the limit on the size of files leaves room for
    uint32_t ranks_per_core; // ceil(ranks / usable cores): above 1, a waiting rank yields at once
    uint32_t cores;          // usable cores: affinity mask and cgroup quota
    uint32_t node;           // number of this node, of
    uint32_t nodes;          // those of the job: each has a segment of its own
    uint32_t world;          // ranks of the job; `nranks` share this segment,
    uint32_t first;          // from this world rank on
    uint64_t boards_offset;  // of ranks
    uint64_t homes_offset;
    uint64_t waits_offset;
    uint64_t doorbells_offset;
    uint64_t rings_offset;
    uint64_t ring_bytes;
    uint64_t comm_boards_offset; // of communicators
    uint64_t comm_board_bytes;
    uint64_t doorbell_bytes; // per rank
    int64_t start_ns;        // CLOCK_MONOTONIC when the launcher began, for reports
    // Non-zero where membarrier(2) is not to be had: then whoever publishes must fence before it
    // looks at a sleeper's word. Written by the launcher, and by a rank to which alone it is
    // refused, when that opens its channel (see process/peers.c).
    _Atomic uint32_t fence; // 0, or one of MP_FENCE_*
    uint32_t universe;      // MPI_UNIVERSE_SIZE
    uint32_t shared_heap;   // whether there is a heap; its shape travels in MP_ENV_HEAP
    uint32_t check;         // MP_CHECK_*: what mprun --check asks for; 0: nothing
    uint32_t number;        // of this world among those of its mprun; 0: the first
    uint32_t errhandler;    // initial one, enum mp_initial_errhandler
    char warden[48];     // name of the socket by which worlds are asked for; empty: there is none
    char parent[48];     // port of the world that has spawned this one; empty: nobody has
    char processor[256]; // name for MPI_Get_processor_name; empty: ask the kernel
    // Ranks that have come to the end of MPI_Finalize; each adds itself once. See api/life.c.
    _Alignas(MP_APART) _Atomic uint32_t finalizing;
    // Of the first rank that has a bell: its network namespace, in which bells have their names.
    _Atomic uint64_t network;
};

enum mp_initial_errhandler { MP_INITIAL_FATAL = 0, MP_INITIAL_ABORT, MP_INITIAL_RETURN };

enum { MP_BELL = 1 << 20 };

// A byte by which mprun rings: only so that the rank looks again. It is nothing that happened.
enum { MP_BELL_NUDGE = 'n' };

enum { MP_TIES = 8 }; // of a rank; of more it tells when it looks

// How a rank ended the job: by itself, or because a world died that it is connected to.
enum { MP_ABORTED = 1, MP_ABORTED_WITH_OTHERS };

// One per rank. The rank writes the first two parts, anybody may write `sleeping`; everybody may
// read all of it at any time, also after the rank was killed.
struct mp_board {
    // Written by the rank at every call (two plain stores) and when a wait turns into a sleep.
    _Alignas(MP_APART) _Atomic uint32_t state; // enum mp_rank_state
    _Atomic uint32_t call;                     // enum mp_call of the outermost call, 0 outside MPI
    _Atomic uint32_t sleeps_in;                // the call of the thread that fell asleep last
    _Atomic int32_t peer;     // world rank it waits for, -1 for any, -2 for several or a collective
    _Atomic int32_t tag;      // MPI_ANY_TAG's value for any
    _Atomic uint32_t context; // context id of the communicator
    _Atomic uint64_t bytes;   // size of the message it waits on, where known
    _Atomic int64_t since_ns; // CLOCK_MONOTONIC when it fell asleep
    _Atomic int32_t pid;      // of the process that called MPI_Init; 0 before
    _Atomic uint32_t reaches; // 1: it has mapped the shared heap, so it can reach blocks of others
    // Written by the launcher before the rank starts; in a forked process before it becomes the
    // program, so that the program and what it starts find it.
    _Atomic int32_t started_as; // the process that mprun started as this rank
    int32_t appnum;             // which of the `:`-separated programs this rank belongs to
    int32_t appranks;           // how many ranks that one has
    // Odd while the rank combines without the stripe (window/stripes.h). Written by it.
    _Atomic uint32_t combines;

    // How the rank wants the job to end. `message` and `abort_code` are written first, then
    // `aborted` is set with release; the launcher reads it with acquire once the rank is gone.
    _Alignas(MP_APART) _Atomic uint32_t aborted; // 0, or one of MP_ABORTED*
    int32_t abort_code;
    char message[1000];
    _Atomic uint32_t faults; // that `mprun --check` has made the rank find; it counts, mprun reads

    // Not 0 while the rank sleeps, or is about to, on this very word (futex): the number of the
    // latest announcement. Set by the rank; cleared by whoever wakes it, or by the rank when it did
    // not need to sleep after all.
    _Alignas(MP_APART) _Atomic uint32_t sleeping;
    _Atomic uint32_t cpu; // 1 + the CPU that the rank was on when it last waited for long; 0 before
    // 1 while the rank keeps as many messages as it is willing to: offer it more
    // (message/unexpected.h). Written by it. Here, since who sends to it looks at `sleeping`
    // anyway.
    _Atomic uint32_t full;
    // Not 0 where the rank sleeps on descriptors and not on the word above: MP_BELL and the name of
    // the socket that a byte wakes it by (process/peers.c). Written by it before it first sleeps.
    _Atomic uint32_t bell;

    // A long message that the rank receives and copies together with its sender, who changes these,
    // too: message/together.c.
    _Alignas(MP_APART) _Atomic uint64_t claims;
    _Alignas(MP_APART) _Atomic uint64_t done;

    // The worlds (`job` in their header) that some communicator leads to whose error handler does
    // not return: if one of them dies, the rank cannot go on. 0: no more. Written by it.
    _Atomic uint64_t ties[MP_TIES];
};

// One 64-byte cell of a ring. `word` is written last, with release: it carries the phase of the
// lap, so a reader needs no tail index and nobody zeroes anything between laps.
//   bit 0      phase: 1 on even laps, 0 on odd ones (memory starts at 0, so nothing is there)
//   bits 1-7   enum mp_packet_kind
//   bits 8-31  context id
//   bits 32-63 tag
struct mp_cell {
    _Atomic uint64_t word;
    uint32_t length; // of the payload that travels with this packet
    int32_t source;  // the sender's rank in the communicator
    union {
        char data[48];     // payload of up to 48 bytes
        uint64_t extra[6]; // longer: place in the bulk area; other kinds: see base/channel.h
    };
};
_Static_assert(sizeof(struct mp_cell) == 64, "a cell is one cache line");

// The ring from one rank to another: header, cells, bulk area. The receiver writes the header line,
// the sender everything else.
struct mp_ring {
    _Alignas(MP_APART) _Atomic uint64_t cells_consumed; // credits, given back in batches
    _Atomic uint64_t bulk_consumed;
    _Atomic uint32_t active; // 1 once the receiver polls this ring; until then ring its doorbell
    _Alignas(MP_APART) struct mp_cell cells[];
};

// The same in every job. With a bulk area of 64 KB, messages of 8 KB take a sixth longer.
enum { MP_RING_CELLS = 128, MP_RING_BULK = 256 << 10, MP_RING_COLOURS = 32 };

// A communicator's board consists of one desk per rank, one slot, and a pad for each of its posts.
// Those of context pair p are the board number p, which has a desk, a slot and pads for each rank
// of the segment: so communicators that have no rank in common may have the same pair.
// What is posted on a desk, and the argument why that is right, is in collectives/board.c; slots
// are in collectives/slots.h.
enum {
    MP_POSTS = 32,     // posts that a desk keeps: so far a rank may be ahead of another
    MP_POST_ROOM = 96, // bytes of data in a post
    // Bytes of a pad, which has a post's data that is longer than the post. Not a power of two, so
    // that pads do not lie in the same places of a cache.
    MP_PAD_BYTES = 3072,
    MP_CHUNKS = 4,          // in a slot
    MP_CHUNK_BYTES = 32768, // the working set of a step fits a second-level cache
    MP_SLOT_BYTES = MP_CHUNKS * MP_CHUNK_BYTES
};

// Written by the desk's rank; `turn` last, with release: the number of the collective operation on
// this communicator.
struct mp_post {
    _Alignas(MP_APART) _Atomic uint64_t turn;
    uint64_t bytes; // that the rank gives to this operation, or takes
    union {
        uint64_t what; // all these, for one comparison: mp_post_what
        struct {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            uint32_t kind;      // enum mp_collective_kind, and flags above it
            uint16_t signature; // of these bytes: datatype/datatype_signature.h
            uint16_t trail;     // of what went before: collectives/board.h
#else
            uint16_t trail, signature;
            uint32_t kind;
#endif
        };
    };
    int32_t root; // or 0
    union {
        char data[MP_POST_ROOM];
        struct {
            uint64_t address[2]; // of the operand and of the result in the rank's memory
            uint32_t chunk;      // number of the first chunk of its slot, where there is one
            uint32_t stride;     // from one rank's part of a chunk to the next
        };
    };
};
_Static_assert(sizeof(struct mp_post) == MP_APART, "a post is a pair of lines");

// The words of a post in one; the trail goes on top.
enum { MP_POST_SIGNATURE_SHIFT = 32, MP_POST_TRAIL_SHIFT = 48 };

static inline uint64_t mp_post_what(uint32_t kind, uint32_t signature)
{
    return (uint64_t)signature << MP_POST_SIGNATURE_SHIFT | kind;
}

// What every communicator uses comes first, so that one that is used little touches one page.
struct mp_desk {
    // How far the rank is within a turn: the turn, and 24 bits of step. Written by the rank.
    _Alignas(MP_APART) _Atomic uint64_t progress;
    // Grows by one when the rank first uses a communicator of this context pair, and again when it
    // has done with it: see object/context.c. Written by the rank.
    _Atomic uint64_t lives;
    // 1: the rank may read and write the memory of all members through the kernel. Written by it.
    _Atomic uint32_t copies;
    // 1: the rank was told that it disagrees with another one. Written by it.
    _Atomic uint32_t told;
    struct mp_post posts[MP_POSTS]; // the post of turn t at t % MP_POSTS
    // The first turn of a nonblocking operation whose posts the rank has not done with yet; 0:
    // there is none. Written by it. See collectives/board.c.
    _Alignas(MP_APART) _Atomic uint64_t under_way;
};

// Where the slots are, and the pads, from the beginning of a board of `nranks` ranks; and its end.
static inline uint64_t mp_comm_board_slots(uint32_t nranks)
{
    return mp_round_up(nranks * sizeof(struct mp_desk), 4096);
}

static inline uint64_t mp_comm_board_pads(uint32_t nranks)
{
    return mp_comm_board_slots(nranks) + (uint64_t)nranks * MP_SLOT_BYTES;
}

static inline uint64_t mp_comm_board_end(uint32_t nranks)
{
    return mp_comm_board_pads(nranks) + (uint64_t)nranks * MP_POSTS * MP_PAD_BYTES;
}

// Boards, wait records, doorbells, desks, slots, pads and rings go by the rank's place in the
// segment, from 0 on. Where each rank of the job has its place: one word per world rank, see
// MP_HOME. Ranks of a node have their places in the order of their world ranks, and there is no
// other node's rank between.
static inline uint32_t *mp_segment_homes(struct mp_segment_header *segment)
{
    return (uint32_t *)(void *)((char *)segment + segment->homes_offset);
}

enum { MP_PLACE_BITS = 12 };
#define MP_HOME(node, place) ((uint32_t)(node) << MP_PLACE_BITS | (uint32_t)(place))
_Static_assert(MP_RANKS_MAX <= 1 << MP_PLACE_BITS, "a place fits its bits");

static inline int mp_home_place(uint32_t home)
{
    return (int)(home & ((1U << MP_PLACE_BITS) - 1));
}

static inline uint32_t mp_home_node(uint32_t home)
{
    return home >> MP_PLACE_BITS;
}

static inline struct mp_board *mp_segment_board(struct mp_segment_header *segment, int place)
{
    return (struct mp_board *)(void *)((char *)segment + segment->boards_offset) + place;
}

static inline struct mp_waits *mp_segment_waits(struct mp_segment_header *segment, int place)
{
    return (struct mp_waits *)(void *)((char *)segment + segment->waits_offset) + place;
}

// Bit s of word s/64 of a rank's doorbell: sender s has a message in a ring that is not polled yet.
static inline _Atomic uint64_t *mp_segment_doorbell(struct mp_segment_header *segment, int place)
{
    return (_Atomic uint64_t *)(void *)((char *)segment + segment->doorbells_offset +
                                        (size_t)place * segment->doorbell_bytes);
}

// Where the ring is that `from` writes and `to` reads: in whole pages of its own, so that a pair
// that sends little uses one page; and not always at the same place in them, since a reader looks
// at the same cell of many, and at one that it has just written in the ring back.
static inline uint64_t mp_segment_ring(const struct mp_segment_header *segment, int from, int to)
{
    uint64_t index = (uint64_t)to * segment->nranks + (uint64_t)from;
    uint64_t colour = (uint64_t)(from + 2 * to) % MP_RING_COLOURS * MP_APART;
    return segment->rings_offset + index * segment->ring_bytes + colour;
}

static inline uint64_t mp_ring_bytes(const struct mp_segment_header *segment)
{
    return sizeof(struct mp_ring) + segment->cells * sizeof(struct mp_cell) + segment->bulk;
}

static inline char *mp_ring_bulk(const struct mp_segment_header *segment, struct mp_ring *ring)
{
    return (char *)(ring->cells + segment->cells);
}

// The shared heap (lib/heap) is a second, sparse memfd that all ranks of a node map at one address,
// each what it uses of it. It begins with one struct mp_heap_owner per place. From MP_HEAP_HEAD on
// follow the areas, one per place, of 1 << shift bytes each. No two nodes have the same address.
// MP_HEAP_ADDRESS lies between where Linux places programs and where it places libraries and
// stacks, on every 64-bit machine whose address space is that large; elsewhere the mapping fails,
// and there is no heap.
struct mp_heap_owner {
    _Atomic int32_t pid; // who allocates in the rank's area, 0: nobody; that process swaps it in
    // By that process, before it joins the job: its variables that lie in the area.
    uint64_t program; // their address over there
    uint64_t program_bytes;
    uint64_t place; // their address in the heap
};
#define MP_HEAP_HEAD ((uint64_t)2 << 20)
_Static_assert(MP_RANKS_MAX * sizeof(struct mp_heap_owner) <= MP_HEAP_HEAD, "the head has no room");
#define MP_HEAP_ADDRESS UINT64_C(0x200000000000)
#define MP_HEAP_MAX     (UINT64_C(1) << 45) // of all areas of a job together

// Where the ranks of a node map its heap; the first of them has that world rank.
static inline uint64_t mp_heap_address(uint32_t node, uint32_t first, unsigned shift)
{
    return MP_HEAP_ADDRESS + node * MP_HEAP_HEAD + ((uint64_t)first << shift);
}

// An area's shift, for so many ranks: twice the machine's memory, as far as there are addresses.
static inline unsigned mp_heap_shift(uint32_t nranks, uint64_t memory_bytes)
{
    unsigned shift = 30;
    while (shift < 43 && UINT64_C(1) << shift < 2 * memory_bytes) {
        shift++;
    }
    while (shift > 30 && (uint64_t)nranks << shift > MP_HEAP_MAX) {
        shift--;
    }
    return shift;
}

// Fills `header` with the layout of a node that has `nranks` of the job's `all` ranks, whose
// segment is to have `most` bytes at most, if it can: then there are fewer boards for
// communicators. The memory behind the header must read as zero. The caller then sets node, nodes,
// first, channel, ranks_per_core, cores, fence, universe, the homes, and the boards' appnum and
// appranks. Returns the bytes that the segment needs.
static inline uint64_t mp_segment_plan(struct mp_segment_header *header, uint32_t nranks,
                                       uint32_t all, uint64_t most)
{
    uint64_t at = mp_round_up(sizeof *header, 4096);

    header->magic = MP_SEGMENT_MAGIC;
    header->version = MP_SEGMENT_VERSION;
    header->nranks = nranks;
    header->world = all;
    header->cells = MP_RING_CELLS;
    header->bulk = MP_RING_BULK;
    header->boards_offset = at;
    at += (uint64_t)nranks * sizeof(struct mp_board);
    header->homes_offset = at;
    at = mp_round_up(at + (uint64_t)all * sizeof(uint32_t), 4096);
    header->waits_offset = at;
    at = mp_round_up(at + (uint64_t)nranks * sizeof(struct mp_waits), 4096);
    header->doorbells_offset = at;
    header->doorbell_bytes = mp_round_up((nranks + 7) / 8, MP_APART);
    at = mp_round_up(at + nranks * header->doorbell_bytes, 4096);
    header->head_bytes = at;
    header->rings_offset = at;
    header->ring_bytes =
        mp_round_up(mp_ring_bytes(header) + (MP_RING_COLOURS - 1) * MP_APART, 4096);
    at += (uint64_t)nranks * nranks * header->ring_bytes;
    header->comm_boards_offset = at;
    header->comm_board_bytes = mp_round_up(mp_comm_board_end(nranks), 4096);
    uint64_t boards = all == 1 || most < at ? 0 : (most - at) / header->comm_board_bytes;
    header->boards = boards < MP_BOARDS_MAX ? (uint32_t)boards : MP_BOARDS_MAX;
    header->bytes = at + header->boards * header->comm_board_bytes;
    return header->bytes;
}

#endif
