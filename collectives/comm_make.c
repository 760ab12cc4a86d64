// SPDX-License-Identifier: MIT
// Making communicators. All forms come down to three steps: find out the groups, agree on context
// pairs, set up the object. An intercommunicator has a second pair, for the private
// intracommunicator of its local group on which its collectives run.
#include "collectives/comm_make.h"

#include "collectives/board.h"
#include "collectives/collectives.h"
#include "collectives/comm_agree.h"
#include "message/meeting.h"
#include "object/attribute.h"
#include "object/errhandler.h"
#include "object/info.h"
#include "object/topology.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(void)
{
    return mp_fail(MPI_ERR_NO_MEM, "no memory for a communicator");
}

// The leader of the other group has died while a communicator was made with it.
static int gone(void)
{
    return mp_fail(MPI_ERR_PROC_ABORTED, "the other group's leader has died");
}

static int pairs_for(const struct mp_comm *comm)
{
    return comm->remote ? 2 : 1;
}

static void give_back(const struct mp_agreement *agreement)
{
    for (int i = 0; i < agreement->wanted; i++) {
        mp_context_give(agreement->pairs[i]);
    }
}

// The object, from groups and the pairs agreed on. Gives the pairs back on failure.
static int make(struct mp_group *group, struct mp_group *remote,
                const struct mp_agreement *agreement, struct mp_comm *parent, struct mp_comm **made)
{
    struct mp_comm *comm = mp_comm_new(group, remote, agreement->pairs[0], parent);
    if (comm && remote) {
        comm->intra = mp_comm_new(group, NULL, agreement->pairs[1], parent);
    }
    if (comm && (!remote || comm->intra)) {
        comm->birth = agreement->birth;
        if (remote) {
            comm->intra->birth = agreement->birth;
        }
        mp_board_new(remote ? comm->intra : comm);
        mp_guests_tie(comm);
        *made = comm;
        return 0;
    }
    if (comm) {
        mp_comm_release(comm);
    }
    give_back(agreement);
    return no_memory();
}

// ---- Duplication

// What has to be remembered from the call of MPI_Comm_idup to its completion.
struct dup {
    struct mp_comm *parent;
    struct mp_agreement agreement;
    struct mp_attributes *attributes;
    struct mp_info *hints;
    struct mp_comm *made;
    MPI_Comm *handle;
    int error; // of a copy callback
};

// The callbacks run at once. When one fails, this rank still takes part in the agreement, or the
// others would wait for it for ever.
static void dup_begin(struct dup *dup, struct mp_comm *comm, struct mp_info *hints)
{
    *dup = (struct dup){.parent = comm, .hints = hints};
    mp_agreement_of(&dup->agreement, comm, pairs_for(comm));
    if (comm->attributes) {
        dup->error = mp_attributes_copy(MP_OWNER_COMM, mp_comm_handle(comm), comm->attributes,
                                        &dup->attributes, MPI_COMM_NULL);
    }
}

// After an agreement that ended with `error`.
static int dup_end(struct dup *dup, int error)
{
    struct mp_comm *comm = dup->parent;

    if (!error && dup->error) {
        give_back(&dup->agreement);
        error = dup->error;
    }
    if (!error) {
        error = make(comm->group, comm->remote, &dup->agreement, comm, &dup->made);
    }
    if (!error) {
        dup->made->attributes = dup->attributes;
        dup->made->info = dup->hints;
        dup->made->topology = comm->topology ? mp_topology_hold(comm->topology) : NULL;
        return 0;
    }
    if (dup->attributes) {
        (void)mp_attributes_delete(MP_OWNER_COMM, MPI_COMM_NULL, &dup->attributes);
    }
    if (dup->hints) {
        mp_info_free(dup->hints);
    }
    return error;
}

int mp_comm_dup(struct mp_comm *comm, struct mp_info *hints, struct mp_comm **made)
{
    struct dup dup;
    dup_begin(&dup, comm, hints);
    int error = dup_end(&dup, mp_agreement_run(&dup.agreement));
    *made = dup.made;
    return error;
}

static int idup_end(void *argument)
{
    struct dup *dup = argument;
    int error = dup_end(dup, 0);
    *dup->handle = error ? MPI_COMM_NULL : mp_comm_handle(dup->made);
    return error;
}

int mp_comm_idup(struct mp_comm *comm, struct mp_info *hints, MPI_Comm *handle,
                 struct mp_request **request)
{
    struct mp_schedule *schedule = mp_schedule_new(comm, 0, NULL);
    if (!schedule) {
        if (hints) {
            mp_info_free(hints);
        }
        return MPI_ERR_NO_MEM;
    }
    struct dup *dup = mp_schedule_bytes(schedule, sizeof *dup);
    dup_begin(dup, comm, hints);
    schedule->tag = comm->remote ? dup->agreement.bridge.tag : dup->agreement.scope.tag;
    dup->handle = handle;
    mp_agreement_add(schedule, &dup->agreement);
    mp_schedule_call(schedule, idup_end, dup);
    return mp_schedule_launch(schedule, request);
}

// ---- Talk

// Every rank gives `count` ints and gets those of all ranks (of the remote group, on an
// intercommunicator), in one new array. NULL on failure, with *error set.
static int *collect(struct mp_comm *comm, const int *ints, int count, int *error)
{
    struct mp_datatype *type = mp_datatype_get(MPI_INT);
    int *all = malloc((size_t)comm->peers->size * (size_t)count * sizeof *all);
    if (!all) {
        *error = no_memory();
        return NULL;
    }
    struct mp_blocks one = {.buffer = (void *)(uintptr_t)ints,
                            .counts = mp_counts_each(count),
                            .displacements = mp_counts_each(count),
                            .type = type};
    struct mp_blocks many = one;
    many.buffer = all;
    struct mp_collective c = {.kind = MP_ALLGATHER, .comm = comm, .send = one, .recv = many};
    *error = mp_collective_run(&c);
    if (*error) {
        free(all);
        return NULL;
    }
    return all;
}

enum { CARD_INTS = sizeof(struct mp_card) / sizeof(int) };

// One rank of each group, the leaders, swap ints over a bridge; the result goes to all of the local
// scope.
struct swap {
    struct mp_scope scope;
    int leader;
    struct mp_scope bridge;
    int bridge_peer;
};

// Whether the leader has failed: goes before what it has got, or the others took that for it.
struct failure {
    const struct mp_schedule *schedule;
    int is;
};

static int note_failure(void *argument)
{
    struct failure *failure = argument;
    failure->is = failure->schedule->error != 0;
    return 0;
}

static int swap_ints(const struct swap *swap, const int *mine, int mine_count, int *theirs,
                     int theirs_count)
{
    struct mp_datatype *type = mp_datatype_get(MPI_INT);
    struct mp_schedule *schedule = mp_schedule_new(swap->scope.comm, swap->scope.tag, NULL);
    if (!schedule) {
        return MPI_ERR_NO_MEM;
    }
    struct failure failure = {schedule, 0};
    if (swap->scope.rank == swap->leader) {
        schedule->scope = swap->bridge;
        mp_schedule_send(schedule, mine, mine_count, type, swap->bridge_peer);
        mp_schedule_recv_exact(schedule, theirs, theirs_count, type, swap->bridge_peer);
        mp_schedule_wait(schedule);
        mp_schedule_call(schedule, note_failure, &failure);
    }
    schedule->scope = swap->scope;
    mp_add_bcast(schedule, &failure.is, 1, type, swap->leader);
    mp_schedule_wait(schedule);
    mp_add_bcast(schedule, theirs, theirs_count, type, swap->leader);
    int error = mp_schedule_run(schedule);
    return error || !failure.is ? error : gone();
}

// Between the groups of an intercommunicator.
static struct swap swap_across(struct mp_comm *comm)
{
    struct mp_comm *intra = comm->intra;
    return (struct swap){.scope = mp_scope_of(intra, mp_schedule_tag(intra, MP_MAKES_COMM)),
                         .bridge = mp_scope_of(comm, mp_schedule_tag(comm, MP_MAKES_COMM))};
}

// Swaps groups. *theirs is new. Members are told by their cards, since worlds number each other as
// they like.
static int swap_groups(const struct swap *swap, const struct mp_group *mine,
                       struct mp_group **theirs)
{
    int size = 0;
    int error = swap_ints(swap, &mine->size, 1, &size, 1);
    if (error) {
        return error;
    }
    struct mp_card *ours = malloc(((size_t)mine->size + (size_t)size + 1) * sizeof *ours);
    int *numbers = malloc(((size_t)size + 1) * sizeof *numbers);
    if (!ours || !numbers) {
        free(ours);
        free(numbers);
        return no_memory();
    }
    for (int i = 0; i < mine->size; i++) {
        ours[i] = mp_card_of(mp_group_world(mine, i));
    }
    memset(ours + mine->size, 0, (size_t)size * sizeof *ours);
    error = swap_ints(swap, (int *)(void *)ours, mine->size * CARD_INTS,
                      (int *)(void *)(ours + mine->size), size * CARD_INTS);
    for (int i = 0; i < size && !error; i++) {
        numbers[i] = mp_meet(&ours[mine->size + i]);
    }
    if (!error) {
        *theirs = mp_group_new(size, numbers);
        error = *theirs ? 0 : no_memory();
    }
    free(ours);
    free(numbers);
    return error;
}

// ---- Split

struct entry {
    int key;
    int rank;
};

static int by_key(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;
    if (one->key != other->key) {
        return one->key < other->key ? -1 : 1;
    }
    return one->rank < other->rank ? -1 : one->rank > other->rank;
}

// The ranks of `from` that gave `color`, in the order of their keys. `pairs` has color and key of
// each. NULL when memory is out.
static struct mp_group *colored(const struct mp_group *from, const int *pairs, int color)
{
    struct entry *entries = malloc((size_t)from->size * sizeof *entries);
    int *world = malloc((size_t)from->size * sizeof *world);
    struct mp_group *group = NULL;
    int count = 0;

    if (entries && world) {
        for (int i = 0; i < from->size; i++) {
            if (pairs[2 * i] == color) {
                entries[count++] = (struct entry){pairs[2 * i + 1], i};
            }
        }
        qsort(entries, (size_t)count, sizeof *entries, by_key);
        for (int i = 0; i < count; i++) {
            world[i] = mp_group_world(from, entries[i].rank);
        }
        group = mp_group_new(count, world);
    }
    free(entries);
    free(world);
    return group;
}

// Makes the communicator of two groups, or gives the pairs back where this rank is in none.
static int make_or_give(struct mp_group *group, struct mp_group *remote, bool member,
                        const struct mp_agreement *agreement, struct mp_comm *parent,
                        struct mp_comm **made)
{
    if (!member || (remote && remote->size == 0)) {
        give_back(agreement);
        return 0;
    }
    return make(group, remote, agreement, parent, made);
}

int mp_comm_split(struct mp_comm *comm, int color, int key, struct mp_comm **made)
{
    int mine[2] = {color, key};
    int error = 0;
    int *here = collect(comm->remote ? comm->intra : comm, mine, 2, &error);
    int *there = !error && comm->remote ? collect(comm, mine, 2, &error) : NULL;
    struct mp_group *group = NULL;
    struct mp_group *remote = NULL;
    struct mp_agreement agreement;
    bool member = color != MPI_UNDEFINED;

    *made = NULL;
    if (!error) {
        mp_agreement_of(&agreement, comm, pairs_for(comm));
        error = mp_agreement_run(&agreement);
    }
    if (!error && member) {
        group = colored(comm->group, here, color);
        remote = comm->remote ? colored(comm->remote, there, color) : NULL;
        if (!group || (comm->remote && !remote)) {
            give_back(&agreement);
            error = no_memory();
        }
    }
    if (!error) {
        error = make_or_give(group, remote, member, &agreement, comm, made);
    }
    if (group) {
        mp_group_release(group);
    }
    if (remote) {
        mp_group_release(remote);
    }
    free(here);
    free(there);
    return error;
}

// ---- From groups

int mp_comm_create(struct mp_comm *comm, struct mp_group *group, struct mp_comm **made)
{
    struct mp_group *remote = NULL;
    struct mp_agreement agreement;
    int error = 0;

    *made = NULL;
    if (comm->remote) {
        struct swap swap = swap_across(comm);
        error = swap_groups(&swap, group, &remote);
    }
    if (!error) {
        mp_agreement_of(&agreement, comm, pairs_for(comm));
        error = mp_agreement_run(&agreement);
    }
    if (!error) {
        error = make_or_give(group, remote, group->rank != MPI_UNDEFINED, &agreement, comm, made);
    }
    if (remote) {
        mp_group_release(remote);
    }
    return error;
}

int mp_comm_create_telling(struct mp_comm *comm, const void *own, size_t bytes, void *all,
                           bool *told, struct mp_comm **made)
{
    struct mp_agreement agreement;
    *made = NULL;
    mp_agreement_of(&agreement, comm, 1);
    agreement.tell = own;
    agreement.tell_bytes = bytes;
    agreement.tales = all;
    int error = mp_agreement_run(&agreement);
    *told = agreement.told;
    return error ? error : make(comm->group, NULL, &agreement, comm, made);
}

// Tags of calls that not all ranks of a communicator make, beyond those of collectives.
static int side_tag(int tag)
{
    return (MP_SCHEDULE_TAG_MAX + 1) | (tag & MP_SCHEDULE_TAG_MAX);
}

int mp_comm_create_group(struct mp_comm *comm, struct mp_group *group, int tag,
                         struct mp_comm **made)
{
    struct mp_agreement agreement = {.wanted = 1};
    int *map = malloc((size_t)group->size * sizeof *map);

    *made = NULL;
    if (!map) {
        return no_memory();
    }
    for (int i = 0; i < group->size; i++) {
        map[i] = mp_group_find(comm->group, mp_group_world(group, i));
    }
    agreement.scope = (struct mp_scope){
        .comm = comm, .tag = side_tag(tag), .rank = group->rank, .size = group->size, .map = map};
    agreement.priority = (uint64_t)comm->context << 32 | (uint32_t)side_tag(tag);
    int error = mp_agreement_run(&agreement);
    if (!error) {
        // By way of mp_comm_boot, it derives from no communicator.
        error = make(group, NULL, &agreement, comm == &mp_comm_boot ? NULL : comm, made);
    }
    free(map);
    return error;
}

// ---- Intercommunicators

static bool overlap(const struct mp_group *a, const struct mp_group *b)
{
    for (int i = 0; i < a->size; i++) {
        if (mp_group_find(b, mp_group_world(a, i)) != MPI_UNDEFINED) {
            return true;
        }
    }
    return false;
}

int mp_ask_leader(struct mp_comm *local, int leader, int words[2], const char *arguments)
{
    struct mp_schedule *schedule =
        mp_schedule_new(local, mp_schedule_tag(local, MP_MAKES_COMM), NULL);
    if (!schedule) {
        return MPI_ERR_NO_MEM;
    }
    mp_add_bcast(schedule, words, 2, mp_datatype_get(MPI_INT), leader);
    int error = mp_schedule_run(schedule);
    if (!error && words[0] && local->rank != leader) {
        error = mp_fail(words[0], "the local leader, rank %d, gave a wrong %s", leader, arguments);
    }
    return error ? error : words[0];
}

int mp_intercomm_create(struct mp_comm *local, int local_leader, struct mp_comm *peer,
                        int remote_leader, int tag, int problem, struct mp_comm **made)
{
    struct mp_group *remote = NULL;
    // Agreements are put in order by the communicator between the leaders.
    int words[2] = {problem, problem || !peer ? 0 : (int)peer->context};
    int error = mp_ask_leader(local, local_leader, words, "peer_comm, remote_leader or tag");

    *made = NULL;
    if (error) {
        return error;
    }
    struct swap swap = {.scope = mp_scope_of(local, mp_schedule_tag(local, MP_MAKES_COMM)),
                        .leader = local_leader,
                        .bridge_peer = remote_leader};
    if (local->rank == local_leader) {
        swap.bridge = mp_scope_of(peer, side_tag(tag));
    }
    error = swap_groups(&swap, local->group, &remote);
    if (error) {
        return error;
    }
    if (overlap(remote, local->group)) {
        mp_group_release(remote);
        return mp_fail(MPI_ERR_COMM, "the two groups have members in common");
    }
    struct mp_agreement agreement = {.scope = swap.scope,
                                     .leader = local_leader,
                                     .bridge = swap.bridge,
                                     .bridge_peer = remote_leader,
                                     .priority = (uint64_t)(uint32_t)words[1] << 32 |
                                                 (uint32_t)side_tag(tag),
                                     .wanted = 2};
    error = mp_agreement_run(&agreement);
    if (!error) {
        error = make(local->group, remote, &agreement, local, made);
    }
    mp_group_release(remote);
    return error;
}

// The members of a, then those of b.
static struct mp_group *joined(const struct mp_group *a, const struct mp_group *b)
{
    int *world = malloc(((size_t)a->size + (size_t)b->size) * sizeof *world);
    if (!world) {
        return NULL;
    }
    for (int i = 0; i < a->size; i++) {
        world[i] = mp_group_world(a, i);
    }
    for (int i = 0; i < b->size; i++) {
        world[a->size + i] = mp_group_world(b, i);
    }
    struct mp_group *group = mp_group_new(a->size + b->size, world);
    free(world);
    return group;
}

int mp_intercomm_merge(struct mp_comm *comm, bool high, struct mp_comm **made)
{
    struct swap swap = swap_across(comm);
    struct mp_agreement agreement;
    int mine = high;
    int theirs = 0;
    int error = swap_ints(&swap, &mine, 1, &theirs, 1);

    *made = NULL;
    if (!error) {
        mp_agreement_of(&agreement, comm, 1);
        error = mp_agreement_run(&agreement);
    }
    if (error) {
        return error;
    }
    bool first = mine != theirs ? !mine
                                : mp_peer_before(mp_group_world(comm->group, 0),
                                                 mp_group_world(comm->remote, 0));
    struct mp_group *group =
        first ? joined(comm->group, comm->remote) : joined(comm->remote, comm->group);
    if (!group) {
        give_back(&agreement);
        return no_memory();
    }
    error = make(group, NULL, &agreement, comm, made);
    mp_group_release(group);
    return error;
}

// ---- The end

int mp_comm_free(struct mp_comm *comm)
{
    if (comm->attributes) {
        int error = mp_attributes_delete(MP_OWNER_COMM, mp_comm_handle(comm), &comm->attributes);
        if (error) {
            return error;
        }
    }
    comm->freed = true;
    comm->quick_peers = 0;
    mp_comm_release(comm);
    mp_guests_sweep();
    return 0;
}

// All have come to this, and what they have sent before is here (11.10.4). With a world that has
// died there is nothing to wait for.
int mp_comm_disconnect(struct mp_comm *comm)
{
    if (!mp_list_empty(&comm->tied) && !comm->lost) {
        // From here on the others may leave, and end, before this process has done with its part.
        // And who finds that out goes on with its part all the same, for those that wait for it.
        struct mp_errhandler *handler = comm->errhandler;
        comm->parting = true;
        comm->errhandler = &mp_errors_return;
        mp_guests_tell_ties();
        int error = mp_coll_barrier(comm);
        comm->errhandler = handler;
        if (error && !comm->lost) {
            return error;
        }
    }
    return mp_comm_free(comm);
}
