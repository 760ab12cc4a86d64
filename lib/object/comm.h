// SPDX-License-Identifier: MIT
// Communicators (MPI 5.0, chapter 7): a group, two context ids, and what is attached. What needs
// talk between the ranks to make one (agreeing on a context id) is in collectives/comm_agree.c;
// this is the local part.
#ifndef MP_OBJECT_COMM_H
#define MP_OBJECT_COMM_H

#include "mpi.h"
#include "object/context.h"
#include "object/errhandler.h"
#include "object/group.h"
#include "object/object.h"
#include "shm/layout.h"
#include "wait/progress.h"

#include <stdbool.h>
#include <stdint.h>

struct mp_attributes;
struct mp_info;
struct mp_match;
struct mp_bsend_buffer;
struct mp_topology;
struct mp_session;

// This rank's view of the communicator's board in the segment (collectives/board.h).
// A member of a communicator that has a board.
struct mp_member {
    struct mp_desk *desk;
    struct mp_board *board; // to be notified
    uint64_t life;          // `lives` of its desk when the communicator's board was ready
};

struct mp_comm_board {
    // All that a short operation looks at, in one line of the cache. (Across two, allgather of 64
    // bytes took a sixth longer between near cores.)
    _Alignas(64) struct mp_desk *own; // of this rank, and of all by rank: from the first collective
    struct mp_member *members;        // on. Owned
    uint64_t last;                    // turn of the operation that was begun last
    uint64_t seen; // all members were seen to have done with the turns before this one
    uint64_t turn; // of the blocking operation that was begun last. (Apart from `last`, or both are
                   // stored as one vector, which takes longer to reach the loads that follow.)
    uint64_t open; // the first turn of a nonblocking one with which not all are known to have done
    uint64_t trail; // of the operations so far in which ranks leave others behind, where it is in
                    // a post: board.h
    int label;      // added to roots in posts: see collectives/levels.c; else 0
    bool fast_path; // ready, and all operations go over it, so short ones may skip the choice
    bool ready;     // all members have reset their desk
    bool exists;    // false: there is none (a far member, intercommunicator, one member)
    bool all_reach; // all members are known to reach blocks of the shared heap
    // Longer ones.
    char *pads;                    // by world rank and post
    char *slots;                   // by world rank
    uint64_t chunk;                // chunks of this rank's slot that were used so far
    uint64_t free_when[MP_CHUNKS]; // the progress after which a chunk may be used again,
    int free_who[MP_CHUNKS];       // of this rank, or (-1) of all
    bool copies;     // this rank may use all members' memory through the kernel, and has said so
    bool all_copy;   // and they each other's
    unsigned losses; // when that was found out (process/remote.h)
    int parted;      // error class: a rank that was waited for in this turn is in another operation
    // Nonblocking operations (collectives/async.c).
    uint64_t async_last;      // turn of the one that was begun last
    uint64_t under_way;       // what this rank's desk says
    struct mp_list async_ops; // under way: their requests, in the order of their turns
    struct mp_poller async;   // added while there are any
    bool opening;             // a barrier is under way, or was, after which it is ready
    // Of the near members of a communicator across nodes (collectives/levels.c):
    struct mp_comm *whole; // that one; else NULL
    int tag;               // of the operation on it that turns are a part of; `label` says which
    int astray;            // 1 + a rank whose trail differs, which is yet to be told; 0: none
};

struct mp_comm {
    struct mp_object object;
    int rank; // in the local group
    int size; // of the local group
    // Peers that the short ways (message/message_short.h) serve: all, or 0: once it was freed.
    unsigned quick_peers;
    uint64_t birth;         // tells it from others of that context, before and after: comm_agree.h
    uint32_t context;       // of point-to-point; context + 1 is for collectives
    struct mp_match *match; // queues of the point-to-point context (message/match.h)
    struct mp_match *coll_match;
    struct mp_group *peers; // where ranks in point-to-point calls point: remote, or else group
    struct mp_group *group; // held
    struct mp_comm_board board;
    struct mp_group *remote; // held; NULL for an intracommunicator
    uint32_t coll_sequence;  // collectives started on it: the same at all ranks, gives their tag
    uint32_t coll_under_way; // nonblocking ones whose messages may be among those that are kept
    int coll_last_root;      // of the next one
    int coll_last;           // 1 + tag of the one that was over last, as a schedule
    bool coll_told;          // this rank was told that ranks disagree: what is kept may be of that
    struct mp_errhandler *errhandler; // held
    struct mp_session *session;       // that it derives from; held. NULL: the World Model
    struct mp_attributes *attributes;
    struct mp_info *info;
    struct mp_bsend_buffer *buffer; // MPI_Comm_attach_buffer
    struct mp_topology *topology;   // shared with its duplicates (object/topology.h); NULL: none
    struct mp_comm_nodes *nodes;    // collectives go on two levels; owned. NULL: they do not
    struct mp_comm *intra; // intercommunicator: private intracommunicator of the local group
    bool freed;            // MPI_Comm_free was called; lives on while operations hold it
    bool lost;             // a member of another world has died (message/meeting.c)
    bool parting;          // MPI_Comm_disconnect was called: whoever ends now is no loss
    struct mp_list tied;   // in the list of communicators with members of other worlds
    char name[MPI_MAX_OBJECT_NAME];
    char origin[MP_WAIT_NAME]; // what stands for a name where that is empty: "split of ..."
};

// The nodes that the members lie on, in the order of their first members.
struct mp_comm_nodes {
    struct mp_comm near; // the members on this node: no more than a group and its board
    int count, mine;
    bool blocks;  // the ranks of each node's members follow each other
    int *first;   // by node: the rank of its first member; then the size
    int *leaders; // by node: who deals with the others in the operation that is being begun
};

// Whose board it is that a communicator uses: its own, or that of its near members.
static inline struct mp_comm *mp_comm_near(struct mp_comm *comm)
{
    return comm->nodes ? &comm->nodes->near : comm;
}

extern struct mp_comm mp_comm_world;
extern struct mp_comm mp_comm_self;

// All ranks of the job, for the library's own messages where there is no communicator yet: never
// the program's.
extern struct mp_comm mp_comm_boot;

struct mp_comm *mp_comm_get_slow(MPI_Comm handle);

// Handle to object: NULL when the handle is no live communicator.
static inline struct mp_comm *mp_comm_get(MPI_Comm handle)
{
    return likely(handle == MPI_COMM_WORLD) ? &mp_comm_world : mp_comm_get_slow(handle);
}

MPI_Comm mp_comm_handle(struct mp_comm *comm);

// A new communicator of `group` (a reference is taken), with context pair `pair`, which the caller
// has agreed upon with the other members; `remote` is NULL for an intracommunicator. Error handler,
// attributes, info, name: the caller copies what the standard wants copied; the error handler
// starts as a copy of `parent`'s, and the session is its too (NULL parent: MPI_ERRORS_ARE_FATAL,
// and the group's session). NULL when memory is out.
struct mp_comm *mp_comm_new(struct mp_group *group, struct mp_group *remote, uint32_t pair,
                            struct mp_comm *parent);

// The communicator of what a thread waits for, for mprun (wait/record.h).
void mp_comm_describe(const struct mp_comm *comm, struct mp_wait_item *item);

// References: requests and other holders keep a freed communicator alive (7.4.3).
static inline void mp_comm_hold(struct mp_comm *comm)
{
    comm->object.refs++;
}
void mp_comm_destroy(struct mp_comm *comm); // at the last reference
static inline void mp_comm_release(struct mp_comm *comm)
{
    if (--comm->object.refs == 0 && !comm->object.builtin) {
        mp_comm_destroy(comm);
    }
}

// World rank of `rank` as point-to-point calls mean it.
static inline int mp_comm_world_rank(const struct mp_comm *comm, int rank)
{
    return mp_group_world(comm->peers, rank);
}

// Once, before any communicator is made.
int mp_comm_open(void);

// Makes WORLD and SELF at MPI_Init; ends them at MPI_Finalize. Before and after, they are `freed`.
int mp_comm_init(void);
void mp_comm_finish(void);

#endif
