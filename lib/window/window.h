// SPDX-License-Identifier: MIT
// Windows (MPI 5.0, chapter 12): memory of the members of a communicator that all of them may read
// and write. A window is a table: for each member, where this process sees that member's memory.
// With the shared heap, that is an address like any other, so a put is a store, a get a load, and
// all of it is over when the call returns. What cannot be reached like that is reached through the
// kernel (process/remote.h), or the member is asked to do it (window/remote_access.h).
// Read next: window/access.h (an access), window/epoch.c (synchronization), window/gate.h,
// window/stripes.h.
#ifndef MP_WINDOW_WINDOW_H
#define MP_WINDOW_WINDOW_H

#include "base/list.h"
#include "mpi.h"
#include "object/comm.h"
#include "object/object.h"
#include "process/process.h"
#include "wait/progress.h"
#include "window/gate.h"
#include "window/stripes.h"

#include <stdbool.h>
#include <stdint.h>

struct mp_attributes;
struct mp_errhandler;
struct mp_info;
struct mp_request;

enum mp_window_lock { MP_UNLOCKED = 0, MP_LOCK_SHARED, MP_LOCK_EXCLUSIVE, MP_LOCK_UNCHECKED };

// What a target could not do for an origin that asked it by message. 0 bytes: nothing of that kind.
struct mp_window_refusal {
    uint64_t address; // as the target sees it
    uint64_t bytes;
};

// A member, as this process sees it.
struct mp_window_side {
    char *base;    // of its memory, as far as this process can reach it; NULL: ask at each access
    uint64_t size; // of its memory in bytes; dynamic: 2^63 - 1
    MPI_Aint unit; // bytes of a displacement
    uint64_t address; // of its memory, as the member itself sees it; dynamic: 0
    // What this process reaches directly; NULL: the member does all, by messages, but for what is
    // put to and got from the memory of a near guest.
    struct mp_gate *gate;
    struct mp_stripe *stripes;
    int world;
    uint8_t open;    // accesses are allowed here: it is locked, or started
    uint8_t lock;    // enum mp_window_lock
    uint8_t waits;   // a thread waits for that lock
    uint8_t started; // of this access epoch (MPI_Win_start)
    uint8_t sent;    // messages were sent that change its memory, and not been asked about since
    uint8_t told;    // it was told what has no answer, since the window was made
    uint8_t held;    // window/serve.c
    uint32_t tag;    // of the latest answer that it owes us
    // Epochs (window/gate.h): what this rank tells it, NULL: by messages; and what it has told.
    struct mp_gate_calls *tells;
    const struct mp_gate_calls *told_by;
    uint32_t posts, completes;           // that it was told of there
    uint32_t posts_seen, completes_seen; // of what it has told
    uint64_t unflushed; // bytes of requests to it since it was last asked whether all are done
    // The first of what this rank could not do for it, until it asks; and what it has answered.
    struct mp_window_refusal refused, refusal;
};

// The memory that a window owns.
enum mp_window_memory { MP_MEMORY_NONE, MP_MEMORY_BLOCK, MP_MEMORY_MAPPED };

enum mp_window_epoch { MP_EPOCH_NONE = 0, MP_EPOCH_FENCE, MP_EPOCH_START, MP_EPOCH_LOCK_ALL };

struct mp_window_region {
    uint64_t address, bytes;
};

struct mp_window {
    struct mp_object object;
    bool open;   // accesses to all members are allowed: between fences, or all are locked
    bool dirty;  // something was stored since the last memory fence
    bool exists; // false: being made, or freed
    uint8_t epoch;
    int size;
    int rank;
    struct mp_window_side *sides; // by rank
    struct mp_comm *comm;         // private
    struct mp_gate *gate;         // this rank's
    int flavor;                   // MPI_WIN_FLAVOR_*
    int locks;                    // sides that are locked
    int senders;                  // sides with `sent`
    unsigned calls;               // that a program may repeat: see mp_window_flush_short
    struct mp_group *post_group;  // of the exposure epoch; held. NULL: there is none
    struct mp_group *start_group; // of the access epoch; the same
    // What the attributes point to.
    void *base;
    MPI_Aint bytes, unit;
    int unit_int, model;
    uintptr_t stack_end; // of the stack that the memory lies on; 0: elsewhere, or not known
    enum mp_window_memory memory;
    void *block; // of that kind
    size_t block_bytes;
    // Dynamic: what is attached, sorted.
    struct mp_window_region *regions;
    size_t region_count, region_room;
    size_t empty_regions; // attached, of 0 bytes: only counted
    // Messages (window/serve.c): of requests that were announced and are yet to come, arrived
    // ones, and locks that others wait for.
    int expected;
    bool serving;
    struct mp_list arrivals, waiters;
    struct mp_poller poller;
    // Receives into this rank's memory that a flush has to wait for.
    struct mp_window_pending {
        struct mp_request *request;
        int target;
        bool fetches; // an empty answer is a refusal
    } * pending;
    size_t pending_count, pending_room;

    struct mp_errhandler *errhandler; // held
    struct mp_attributes *attributes;
    struct mp_info *info; // hints that were given
    char name[MPI_MAX_OBJECT_NAME];
};

// Handle to object: NULL when the handle is no live window.
static inline struct mp_window *mp_window_get(MPI_Win handle)
{
    return likely(mp_object_is(handle, MP_KIND_WIN)) ? (struct mp_window *)(void *)handle : NULL;
}

static inline MPI_Win mp_window_handle(struct mp_window *window)
{
    return (MPI_Win)(void *)window;
}

// What MPI_Win_create and its siblings ask for.
struct mp_window_wish {
    int flavor;
    int problem; // error class that was found in this rank's arguments: all ranks fail then
    void *base;
    MPI_Aint bytes, unit;
    bool apart;           // alloc_shared_noncontig
    size_t alignment;     // of memory that is allocated
    struct mp_info *info; // hints; owned by the window, also on failure
};

// Collective over `comm`. Returns an error class with mp_fail.
int mp_window_create(struct mp_comm *comm, const struct mp_window_wish *wish,
                     struct mp_window **made);

// MPI_Win_free: collective. MPI_ERR_RMA_SYNC if an epoch is open, or the error of an attribute's
// delete function: then the window stays.
int mp_window_free(struct mp_window *window);

// The window whose messages go by that context; NULL: none.
struct mp_window *mp_window_of_context(uint32_t context);

int mp_window_attach(struct mp_window *window, void *base, MPI_Aint bytes);
int mp_window_detach(struct mp_window *window, const void *base);
bool mp_window_is_attached(const struct mp_window *window, uint64_t address, uint64_t bytes);

// Whether this process has memory at all of these addresses.
bool mp_window_is_mapped(uint64_t address, uint64_t bytes);

// ---- window/memory.c

// Memory that peers can reach if there is a shared heap, and private memory else; NULL when
// it is out.
void *mp_window_memory(size_t bytes, size_t alignment, bool zero);
void mp_window_memory_free(void *memory);

// Memory of the program's is exposed from now on, and no longer: to free it meanwhile is told,
// where it lies in the shared heap (elsewhere that it is gone is seen by the kernel, at the
// access). Nobody sees it of what stays mapped: a short block that was freed, the stack of a thread
// that has ended. And where a rank's own memory is gone its own access ends as it would without
// MPI: by a signal, and mprun says in which call.
void mp_window_watch(const void *base, MPI_Aint bytes);
void mp_window_unwatch(const void *base);

// Where the stack ends that this thread is on, if it is there that `base` lies, in a function that
// has called this one; else 0.
uintptr_t mp_window_stack_end(const void *base);

// Whether the window's memory was a variable of a function that has returned. `frame` is that of a
// function of the API: what lies below it on the same stack is nobody's.
static inline bool mp_window_is_left(const struct mp_window *window, const void *frame)
{
    uintptr_t here = (uintptr_t)frame;
    return unlikely((uintptr_t)window->base < here && here < window->stack_end);
}

// Tells of that: an error class with mp_fail, or in a line, where that comes too late.
int mp_window_fail_left(const struct mp_window *window);
void mp_window_say_left(const struct mp_window *window);

// Memory of the members, one after the other, that all of them map. `sizes` by rank. Collective:
// all get the same error. Sets memory, block, and the sides' base.
int mp_window_share(struct mp_window *window, bool apart, size_t alignment, bool all_have_heap);
void mp_window_give_back(struct mp_window *window);

// All members' `bytes` bytes, by rank.
int mp_window_allgather(struct mp_window *window, const void *own, size_t bytes, void *all);

// ---- window/epoch.c: synchronization. All return an error class with mp_fail.
int mp_window_fence(struct mp_window *window, int assertion);
int mp_window_post(struct mp_window *window, struct mp_group *group);
int mp_window_start(struct mp_window *window, struct mp_group *group);
int mp_window_complete(struct mp_window *window);
int mp_window_wait(struct mp_window *window);
int mp_window_test(struct mp_window *window, int *flag);
int mp_window_lock(struct mp_window *window, bool exclusive, int rank, bool check);
int mp_window_unlock(struct mp_window *window, int rank);
int mp_window_lock_all(struct mp_window *window, bool check);
int mp_window_unlock_all(struct mp_window *window);
// Rank -1: all. After mp_window_flush_short has said false.
int mp_window_flush(struct mp_window *window, int rank, bool local);
int mp_window_sync(struct mp_window *window);

// Stores that were made are visible to all before what follows.
static inline void mp_window_settle(struct mp_window *window)
{
    if (window->dirty) {
        window->dirty = false;
        atomic_thread_fence(memory_order_seq_cst);
    }
}

// Some of the calls that a program may repeat until something changes have to look around: that may
// need this rank to make progress, or another one to have the core. Messages that a window has
// waiting are looked for each time.
enum { MP_CALLS_PER_LOOK = 64 };
static inline bool mp_window_looks(struct mp_window *window)
{
    return unlikely(++window->calls % MP_CALLS_PER_LOOK == 0 || window->expected > 0 ||
                    mp_process_has_far());
}

static inline void mp_window_look_now_and_then(struct mp_window *window)
{
    if (mp_window_looks(window)) {
        mp_progress_look();
    }
}

// A lock that is free, and its end; both of a gate that this process reaches, and checked. False:
// nothing was done. (A pair takes 12 ns so, and 22 with what else a lock may need.)
static inline bool mp_window_lock_short(struct mp_window *window, bool exclusive, int rank)
{
    struct mp_window_side *side = &window->sides[rank];
    if (unlikely(side->lock || side->waits || window->epoch > MP_EPOCH_FENCE || !side->gate ||
                 !mp_gate_try(side->gate, exclusive))) {
        return false;
    }
    if (exclusive) {
        atomic_store_explicit(&side->gate->holder, window->rank + 1, memory_order_relaxed);
    }
    side->lock = exclusive ? MP_LOCK_EXCLUSIVE : MP_LOCK_SHARED;
    side->open = 1;
    window->locks++;
    window->epoch = MP_EPOCH_NONE; // fences are over
    window->open = false;
    return true;
}

static inline bool mp_window_unlock_short(struct mp_window *window, int rank)
{
    struct mp_window_side *side = &window->sides[rank];
    bool exclusive = side->lock == MP_LOCK_EXCLUSIVE;
    if (unlikely((!exclusive && side->lock != MP_LOCK_SHARED) || !side->gate ||
                 window->epoch == MP_EPOCH_LOCK_ALL || window->senders > 0 ||
                 window->pending_count > 0)) {
        return false;
    }
    side->lock = MP_UNLOCKED;
    side->open = side->started;
    window->locks--;
    if (exclusive) {
        atomic_store_explicit(&side->gate->holder, 0, memory_order_relaxed);
    }
    mp_gate_unlock(side->gate, exclusive, window->comm->group);
    window->dirty = window->dirty && window->locks > 0;
    mp_window_look_now_and_then(window);
    return true;
}

// A flush with nothing more to do than that. (With one that checks like all calls, a put and a
// flush take 12.3 ns, and so 9.9.)
static inline bool mp_window_flush_short(struct mp_window *window)
{
    if (mp_window_looks(window) || window->senders > 0 || window->pending_count > 0) {
        return false;
    }
    mp_window_settle(window);
    return true;
}

#endif
