// SPDX-License-Identifier: MIT
// Making and freeing windows. To make one, its members agree on a private communicator and tell
// each other where their memory, gate and stripes lie: in one exchange where they have a board in
// use, and a barrier after it, so that whoever has the window may send all others messages about
// it. Each finds out for itself what it reaches. To free one is a barrier.
#include "window/window.h"

#include "collectives/collectives.h"
#include "collectives/comm_make.h"
#include "heap/heap.h"
#include "message/meeting.h"
#include "object/attribute.h"
#include "object/errhandler.h"
#include "object/info.h"
#include "process/peers.h"
#include "window/remote_access.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

// What a member tells the others.
struct tell {
    uint64_t address, bytes, unit; // of its memory
    uint64_t gate, stripes;
    int32_t problem; // an error class: the window cannot be made
    int32_t heap;    // it reaches the shared heap, and its gate and stripes are there
};

// By context pair.
static struct mp_window **by_pair;
static uint32_t pairs;

struct mp_window *mp_window_of_context(uint32_t context)
{
    uint32_t pair = context / 2;
    return pair < pairs ? by_pair[pair] : NULL;
}

static _Noreturn void no_memory(void)
{
    mp_process_abort(MPI_ERR_NO_MEM, "out of memory while making a window");
}

static void register_window(struct mp_window *window)
{
    uint32_t pair = window->comm->context / 2;
    if (pair >= pairs) {
        uint32_t more = pair + 64;
        struct mp_window **grown = realloc(by_pair, more * sizeof(struct mp_window *));
        if (!grown) {
            no_memory();
        }
        memset(grown + pairs, 0, (more - pairs) * sizeof(struct mp_window *));
        by_pair = grown;
        pairs = more;
    }
    by_pair[pair] = window;
}

static void destroy(struct mp_window *window)
{
    if (window->comm) {
        uint32_t pair = window->comm->context / 2;
        mp_serve_end(window);
        if (pair < pairs && by_pair[pair] == window) {
            by_pair[pair] = NULL;
        }
        mp_comm_release(window->comm);
    }
    mp_window_give_back(window);
    mp_window_memory_free(window->gate);
    if (window->info) {
        mp_info_free(window->info);
    }
    if (window->errhandler) {
        mp_errhandler_release(window->errhandler);
    }
    if (window->start_group) {
        mp_group_release(window->start_group);
    }
    if (window->post_group) {
        mp_group_release(window->post_group);
    }
    free(window->sides);
    free(window->regions);
    free(window->pending);
    mp_object_delete(window);
}

// Its communicator is lost: members that live may not know yet, and access what was allocated. (A
// file that all have mapped each has for itself.)
static void abandon(struct mp_window *window)
{
    window->gate = NULL;
    if (window->memory == MP_MEMORY_BLOCK) {
        window->memory = MP_MEMORY_NONE;
    }
}

// This rank's own part: all that needs no talk. An error does not keep it from talking.
static int prepare(struct mp_window *window, const struct mp_comm *comm,
                   const struct mp_window_wish *wish)
{
    window->gate = mp_window_memory(mp_gate_bytes(window->size), MP_APART, true);
    if (!window->gate || !mp_stripes_own()) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a window");
    }
    mp_gate_init(window->gate, window->size);
    if (wish->problem) {
        return wish->problem;
    }
    window->base = wish->base;
    window->bytes = wish->bytes;
    window->unit = wish->unit;
    if (wish->flavor == MPI_WIN_FLAVOR_ALLOCATE) {
        size_t alignment = wish->alignment > PAGE ? wish->alignment : PAGE;
        window->block = mp_window_memory((size_t)wish->bytes, alignment, false);
        window->memory = window->block ? MP_MEMORY_BLOCK : MP_MEMORY_NONE;
        window->base = window->block;
        if (!window->block) {
            return mp_fail(MPI_ERR_NO_MEM, "no memory for a window of %lld bytes",
                           (long long)wish->bytes);
        }
    }
    if (wish->flavor == MPI_WIN_FLAVOR_SHARED) {
        for (int i = 0; i < window->size; i++) {
            int world = mp_group_world(comm->group, i);
            if (!mp_peer_is_near(world)) {
                return mp_fail(MPI_ERR_RMA_SHARED, "rank %d shares no memory with this rank", i);
            }
        }
    }
    return 0;
}

// What this process reaches of a member.
static void look(struct mp_window *window, int rank, const struct tell *tell)
{
    struct mp_window_side *side = &window->sides[rank];
    bool dynamic = window->flavor == MPI_WIN_FLAVOR_DYNAMIC;

    side->world = mp_group_world(window->comm->group, rank);
    side->size = dynamic ? INT64_MAX : tell->bytes;
    side->unit = (MPI_Aint)tell->unit;
    side->address = dynamic ? 0 : tell->address;
    if (rank == window->rank) {
        side->gate = window->gate;
        side->stripes = mp_stripes_own();
        side->base = dynamic ? NULL : window->base;
    } else if (mp_is_guest(side->world)) {
        // No locks of ours are in a guest's memory, nor its in ours: it may die with one, and this
        // process go on. So it has no gate here: what takes a lock is asked for by messages.
        bool reached = tell->bytes > 0 && window->flavor == MPI_WIN_FLAVOR_ALLOCATE;
        side->base = reached && mp_peer_is_near(side->world)
                         ? mp_heap_reach(side->world, (void *)(uintptr_t)tell->address, tell->bytes)
                         : NULL;
    } else if (mp_peer_is_near(side->world)) {
        side->gate =
            mp_heap_reach(side->world, (void *)(uintptr_t)tell->gate, mp_gate_bytes(window->size));
        side->stripes = mp_heap_reach(side->world, (void *)(uintptr_t)tell->stripes,
                                      MP_STRIPES * sizeof(struct mp_stripe));
        if (!side->gate || !side->stripes) {
            side->gate = NULL;
            side->stripes = NULL;
        } else if (!dynamic && tell->bytes > 0 && window->flavor != MPI_WIN_FLAVOR_SHARED) {
            side->base = mp_heap_reach(side->world, (void *)(uintptr_t)tell->address, tell->bytes);
        }
    }
}

// Through which line this rank and a member tell each other of epochs. Both have to choose the same
// one, so both go by what all were told.
static void pair(struct mp_window *window, int rank, const struct tell *own,
                 const struct tell *tell)
{
    struct mp_window_side *side = &window->sides[rank];
    struct mp_gate_pair *line = &window->gate->pairs[rank];
    side->told_by = &line->other;
    if (rank == window->rank) {
        side->tells = &line->other;
    } else if (own->heap && tell->heap && mp_peer_is_near(side->world) &&
               !mp_is_guest(side->world)) {
        if (!side->gate) {
            mp_process_abort(MPI_ERR_NO_MEM, "cannot map what another rank shares of a window");
        }
        if (rank < window->rank) {
            line = &side->gate->pairs[window->rank];
            side->told_by = &line->owner;
        }
        side->tells = rank < window->rank ? &line->other : &line->owner;
    }
}

// Each looks at what all have told. `problem`: this rank's own.
static int look_at_all(struct mp_window *window, const struct mp_window_wish *wish, int problem,
                       const struct tell *all)
{
    bool heap = true;
    int error = problem;
    for (int i = 0; i < window->size && !error; i++) {
        heap = heap && all[i].heap;
        if (all[i].problem) {
            error = mp_fail(all[i].problem,
                            "rank %d cannot take part: its arguments are wrong, or "
                            "it has no memory",
                            i);
        }
    }
    for (int i = 0; i < window->size && !error; i++) {
        look(window, i, &all[i]);
        pair(window, i, &all[window->rank], &all[i]);
        heap = heap && window->sides[i].gate;
    }
    if (!error && wish->flavor == MPI_WIN_FLAVOR_SHARED) {
        size_t alignment = wish->alignment > PAGE ? wish->alignment : PAGE;
        error = mp_window_share(window, wish->apart, alignment, heap);
        window->base = window->sides[window->rank].base;
    }
    return error;
}

// All tell, and when this is over all have the window registered.
static int meet(struct mp_window *window, struct mp_comm *comm, const struct tell *own,
                struct tell *all)
{
    bool told;
    int error = mp_comm_create_telling(comm, own, sizeof *own, all, &told, &window->comm);
    if (!error) {
        register_window(window);
        error = told ? mp_collective_open_by(comm, window->comm)
                     : mp_window_allgather(window, own, sizeof *own, all);
    }
    return error;
}

int mp_window_create(struct mp_comm *comm, const struct mp_window_wish *wish,
                     struct mp_window **made)
{
    struct mp_window *window = mp_object_new(MP_KIND_WIN, sizeof *window);
    struct tell *all = malloc((size_t)comm->size * sizeof *all);
    if (!window || !all) {
        no_memory();
    }
    mp_serve_open();
    window->info = wish->info;
    window->flavor = wish->flavor;
    window->model = MPI_WIN_UNIFIED;
    window->size = comm->size;
    window->rank = comm->rank;
    window->errhandler = &mp_errors_are_fatal; // the default of windows (9.3)
    window->sides = calloc((size_t)window->size, sizeof *window->sides);
    if (!window->sides) {
        no_memory();
    }
    mp_serve_begin(window);
    mp_guests_settle(comm->group);
    int problem = prepare(window, comm, wish);
    struct tell own = {.address = (uintptr_t)window->base,
                       .bytes = (uint64_t)window->bytes,
                       .unit = (uint64_t)window->unit,
                       .gate = (uintptr_t)window->gate,
                       .stripes = problem ? 0 : (uintptr_t)mp_stripes_own(),
                       .problem = problem,
                       .heap = mp_heap.peers && mp_heap_made(window->gate) &&
                               mp_heap_made(mp_stripes_own())};
    int error = meet(window, comm, &own, all);
    error = error ? error : look_at_all(window, wish, problem, all);
    free(all);
    if (error) {
        if (comm->lost || (window->comm && window->comm->lost)) {
            abandon(window);
        }
        destroy(window);
        return error;
    }
    window->unit_int = window->unit > INT32_MAX ? MPI_UNDEFINED : (int)window->unit;
    window->exists = true;
    if (wish->flavor == MPI_WIN_FLAVOR_CREATE) {
        mp_window_watch(window->base, window->bytes);
        window->stack_end = window->bytes > 0 ? mp_window_stack_end(window->base) : 0;
    }
    *made = window;
    return 0;
}

int mp_window_free(struct mp_window *window)
{
    const char *epoch = window->locks > 0                    ? "a target is still locked"
                        : window->epoch == MP_EPOCH_LOCK_ALL ? "all are still locked"
                        : window->start_group                ? "MPI_Win_complete is missing"
                        : window->post_group                 ? "MPI_Win_wait is missing"
                                                             : NULL;
    bool lost = window->comm->lost; // nobody can be waited for
    if (epoch && !lost) {
        return mp_fail(MPI_ERR_RMA_SYNC, "the window cannot be freed: %s", epoch);
    }
    int error = window->attributes ? mp_attributes_delete(MP_OWNER_WIN, mp_window_handle(window),
                                                          &window->attributes)
                                   : 0;
    error = error || lost ? error : mp_ask_last(window);
    error = error || lost ? error : mp_coll_barrier(window->comm);
    if (!error) {
        if (lost) {
            abandon(window);
        }
        window->exists = false;
        if (window->flavor == MPI_WIN_FLAVOR_CREATE) {
            mp_window_unwatch(window->base);
        }
        for (size_t i = 0; i < window->region_count; i++) {
            mp_window_unwatch((const void *)(uintptr_t)window->regions[i].address);
        }
        destroy(window);
    }
    return error;
}

// ---- Memory of dynamic windows

// The first region that ends after `address`.
static size_t region_after(const struct mp_window *window, uint64_t address)
{
    size_t low = 0, high = window->region_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mp_window_region *r = &window->regions[middle];
        if (r->address + r->bytes <= address && r->address != address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int mp_window_attach(struct mp_window *window, void *base, MPI_Aint bytes)
{
    uint64_t address = (uintptr_t)base;
    size_t at = region_after(window, address);
    if (bytes == 0) {
        window->empty_regions++;
        return 0;
    }
    const struct mp_window_region *next = at < window->region_count ? &window->regions[at] : NULL;
    if (next && (next->address < address + (uint64_t)bytes || next->address == address)) {
        return mp_fail(MPI_ERR_RMA_ATTACH,
                       "%lld bytes at %p overlap memory that is attached already (%llu bytes at "
                       "%p)",
                       (long long)bytes, base, (unsigned long long)next->bytes,
                       (void *)(uintptr_t)next->address);
    }
    if (window->region_count == window->region_room) {
        size_t more = window->region_room ? 2 * window->region_room : 16;
        struct mp_window_region *grown = realloc(window->regions, more * sizeof *grown);
        if (!grown) {
            return mp_fail(MPI_ERR_NO_MEM, "no memory to note an attached region");
        }
        window->regions = grown;
        window->region_room = more;
    }
    memmove(&window->regions[at + 1], &window->regions[at],
            (window->region_count - at) * sizeof *window->regions);
    window->regions[at] = (struct mp_window_region){address, (uint64_t)bytes};
    window->region_count++;
    mp_window_watch(base, bytes);
    return 0;
}

int mp_window_detach(struct mp_window *window, const void *base)
{
    uint64_t address = (uintptr_t)base;
    size_t at = region_after(window, address);
    if (at == window->region_count || window->regions[at].address != address) {
        if (window->empty_regions > 0) {
            window->empty_regions--;
            return 0;
        }
        return mp_fail(MPI_ERR_RMA_ATTACH, "nothing is attached at %p", (void *)(uintptr_t)base);
    }
    mp_window_unwatch(base);
    window->region_count--;
    memmove(&window->regions[at], &window->regions[at + 1],
            (window->region_count - at) * sizeof *window->regions);
    return 0;
}

bool mp_window_is_attached(const struct mp_window *window, uint64_t address, uint64_t bytes)
{
    uint64_t end = address + bytes;
    // Regions that touch serve one access together.
    for (size_t at = region_after(window, address); at < window->region_count; at++) {
        const struct mp_window_region *r = &window->regions[at];
        if (r->address > address) {
            return false;
        }
        if (r->address + r->bytes >= end) {
            return true;
        }
        address = r->address + r->bytes;
    }
    return bytes == 0;
}
