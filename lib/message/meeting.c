// SPDX-License-Identifier: MIT
// Guests: see guests.h.
//
// A world dies as a whole: when one of its processes fails, its launcher ends the others. So when a
// guest dies, all of its world count as dead, and every communicator that they are members of is
// lost: what is under way on it, and whatever is begun, ends with MPI_ERR_PROC_ABORTED. If such a
// communicator's error handler does not return, this process ends, and so its world; else it goes
// on. A process has a stream to one process of each world that it is connected to, from the moment
// on when the communicator is made, and so it hears of the end even if it only waits.
#include "message/meeting.h"

#include "boot/protocol.h"
#include "message/deliver.h"
#include "message/match.h"
#include "message/opening.h"
#include "message/outgoing.h"
#include "object/errhandler.h"
#include "process/near_guests.h"
#include "process/peers.h"
#include "process/process.h"
#include "socket/door.h"
#include "socket/socket.h"
#include "wait/progress.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct mp_list tied = {&tied, &tied}; // communicators with guests

// ---- The death of a world

static bool has_member(const struct mp_group *group, uint64_t job)
{
    for (int i = 0; group && group->guests && i < group->size; i++) {
        int peer = mp_group_world(group, i);
        if (mp_is_guest(peer) && mp_card_of(peer).job == job) {
            return true;
        }
    }
    return false;
}

// All bridges have one context (collectives/worlds.c), and so the same queues.
static void fail_queue(struct mp_match *match, struct mp_queue *queue, const struct mp_comm *comm)
{
    struct mp_list others = {&others, &others};
    struct mp_entry *entry;

    while ((entry = mp_queue_find(queue, MPI_ANY_TAG))) {
        struct mp_request *request = mp_container_of(entry, struct mp_request, entry);
        mp_match_unpost(match, request);
        if (request->comm == comm) {
            mp_request_complete(request, MPI_ERR_PROC_ABORTED);
        } else {
            mp_list_insert(&others, &entry->link);
        }
    }
    while (!mp_list_empty(&others)) {
        entry = mp_container_of(others.next, struct mp_entry, link);
        mp_list_remove(&entry->link);
        mp_match_post_to(match, queue, mp_container_of(entry, struct mp_request, entry));
    }
}

static void fail_receives(struct mp_match *match, const struct mp_comm *comm)
{
    fail_queue(match, &match->wildcards, comm);
    for (int s = 0; s < match->source_count; s++) {
        if (match->sources[s]) {
            fail_queue(match, &match->sources[s]->posted, comm);
        }
    }
}

// Whether others of this world are members. Each of them learns of the death by itself, and may
// send here until then, even when this one has freed the communicator: so the context stays taken.
static bool has_own_others(const struct mp_group *group)
{
    int own = 0;
    for (int i = 0; i < group->size && own < 2; i++) {
        own += !mp_is_guest(mp_group_world(group, i));
    }
    return own > 1;
}

static bool returns(const struct mp_errhandler *handler)
{
    return handler->kind != MP_ERRHANDLER_FATAL && handler->kind != MP_ERRHANDLER_ABORT;
}

static void end_all(struct mp_comm *comm)
{
    comm->lost = true;
    comm->quick_peers = 0;
    fail_receives(comm->match, comm);
    fail_receives(comm->coll_match, comm);
    if (has_own_others(comm->group)) {
        mp_match_close(comm->match, MP_MATCH_LOST);
        mp_match_close(comm->coll_match, MP_MATCH_LOST);
    }
}

static void lose(struct mp_comm *comm)
{
    char message[MPI_MAX_OBJECT_NAME + 200];

    if (!returns(comm->errhandler) && !comm->freed && !comm->parting) {
        snprintf(message, sizeof message,
                 "a process of another world has died that the communicator %s%s%s leads to, and "
                 "its error handler does not return",
                 comm->name[0] ? "\"" : "", comm->name[0] ? comm->name : "between them",
                 comm->name[0] ? "\"" : "");
        mp_process_abort_with_others(MPI_ERR_PROC_ABORTED, message);
    }
    end_all(comm);
    // Whoever of this group learns of it first leaves the collectives of the two groups, which
    // those that are in one yet would wait for.
    if (comm->intra) {
        end_all(comm->intra);
    }
}

void mp_guests_forgive(uint64_t job)
{
    struct mp_spawn_head head = {.kind = MP_SPAWN_FORGIVE, .job = job};
    const char *warden = mp_process.segment->warden;
    int fd = warden[0] ? mp_door_ask(warden, &head, "") : -1;
    if (fd >= 0) {
        close(fd);
    }
}

static void on_death(int peer)
{
    uint64_t job = mp_card_of(peer).job;
    bool lost = false;

    for (int guest = mp_peers_first_guest; guest < mp_peers_end; guest++) {
        if (mp_guest_exists(guest) && mp_card_of(guest).job == job) {
            mp_socket_drop(guest);
        }
    }
    for (struct mp_list *at = tied.next, *next; at != &tied; at = next) {
        struct mp_comm *comm = mp_container_of(at, struct mp_comm, tied);
        next = at->next;
        if (!comm->lost && (has_member(comm->group, job) || has_member(comm->remote, job))) {
            mp_comm_hold(comm);
            lose(comm);
            lost = lost || !comm->parting;
            next = at->next;
            mp_comm_release(comm);
        }
    }
    // After the communicators: who looks finds them lost.
    for (int guest = mp_peers_first_guest; guest < mp_peers_end; guest++) {
        if (mp_guest_exists(guest) && mp_card_of(guest).job == job) {
            mp_peer_set_full(guest, true); // sends to it go the slow way, which looks
            mp_outgoing_fail(guest);
        }
    }
    if (lost) {
        mp_guests_forgive(job);
    }
    mp_wake_threads();
}

// ---- Near and far

static void settled(int guest, bool near)
{
    if (near) {
        mp_near_open(guest);
        mp_shm_poll_guest(guest);
    } else {
        mp_near_close(guest);
    }
}

// What it has written before it left is taken first.
static void ended(int guest, bool whole)
{
    mp_shm_leave_guest(guest, whole);
    mp_near_close(guest);
}

static const struct mp_guest_calls calls = {.died = on_death,
                                            .tell = mp_near_tell,
                                            .hear = mp_near_hear,
                                            .settled = settled,
                                            .ended = ended};

static void describe_guests(const void *waits, struct mp_wait_record *record)
{
    (void)waits;
    struct mp_wait_item *item = mp_record_add(record, MP_WAIT_OTHER);
    if (item) {
        item->met = MP_MET_OUTSIDE;
    }
}

static bool all_settled(const struct mp_group *group, bool ask)
{
    bool all = true;
    for (int i = 0; group->guests && i < group->size; i++) {
        int peer = mp_group_world(group, i);
        all = (!mp_is_guest(peer) || mp_socket_is_settled(peer, ask)) && all;
    }
    return all;
}

void mp_guests_settle(const struct mp_group *group)
{
    struct mp_waiter waiter;

    if (all_settled(group, true)) {
        return;
    }
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    mp_waiter_describe(&waiter, describe_guests, NULL);
    while (!all_settled(group, false)) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

int mp_guest_is_dead(const struct mp_comm *comm)
{
    return mp_fail(MPI_ERR_PROC_ABORTED,
                   "a process of another world has died that the communicator %s leads to",
                   comm->name);
}

// ---- Meeting

int mp_guests_open(void)
{
    int error = mp_message_open_far();
    if (!error && mp_socket_open_door(mp_process.rank, &calls) != 0) {
        error = mp_fail(MPI_ERR_OTHER, "cannot make a socket for processes of other worlds: %s",
                        strerror(errno));
    }
    return error;
}

// True if the number is free again.
static bool part(int guest)
{
    struct mp_outgoing *out = &mp_outgoing[guest];

    if (!mp_list_empty(&out->dirty) || !mp_socket_part(guest)) {
        return false;
    }
    mp_near_forget(guest);
    mp_guest_forget(guest);
    return true;
}

int mp_meet(const struct mp_card *card)
{
    int error = card->job == mp_card_of(0).job ? 0 : mp_guests_open();
    int peer = error ? -1 : mp_guest_find(card);

    if (error) {
        mp_process_abort(error, mp_fail_text(error));
    }
    if (peer >= 0 && mp_is_guest(peer) && !mp_guest_is_held(peer)) {
        struct mp_waiter waiter; // it was parted from, and not all is out
        mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
        while (mp_guest_find(card) == peer && !mp_guest_is_held(peer) && !part(peer)) {
            mp_waiter_step(&waiter);
        }
        mp_waiter_end(&waiter);
        peer = mp_guest_find(card);
    }
    if (peer < 0) {
        peer = mp_guest_add(card);
        if (peer < 0) {
            mp_process_abort(MPI_ERR_OTHER, "connected to too many processes of other worlds");
        }
        mp_peer_open_far(peer);
        mp_outgoing_open_peer(peer);
    }
    if (mp_is_guest(peer) && mp_socket_meet(peer) > 0) {
        mp_wake_threads(); // what came may be what another one waits for
    }
    return peer;
}

static void tie_group(const struct mp_group *group)
{
    uint64_t job = 0;

    for (int i = 0; group && group->guests && i < group->size; i++) {
        int peer = mp_group_world(group, i);
        if (mp_is_guest(peer) && mp_card_of(peer).job != job) {
            job = mp_card_of(peer).job;
            mp_socket_tie(peer);
        }
    }
}

static int add_ties(const struct mp_group *group, uint64_t jobs[MP_TIES], int count)
{
    for (int i = 0; group && group->guests && i < group->size && count < MP_TIES; i++) {
        int peer = mp_group_world(group, i), at = 0;
        uint64_t job = mp_is_guest(peer) ? mp_card_of(peer).job : 0;
        while (at < count && jobs[at] != job) {
            at++;
        }
        if (job && at == count) {
            jobs[count++] = job;
        }
    }
    return count;
}

void mp_guests_tell_ties(void)
{
    uint64_t jobs[MP_TIES] = {0};
    int count = 0;

    for (struct mp_list *at = tied.next; at != &tied; at = at->next) {
        const struct mp_comm *comm = mp_container_of(at, struct mp_comm, tied);
        if (!returns(comm->errhandler) && !comm->parting) {
            count = add_ties(comm->group, jobs, count);
            count = add_ties(comm->remote, jobs, count);
        }
    }
    for (int i = 0; i < MP_TIES; i++) {
        atomic_store_explicit(&mp_process.board->ties[i], jobs[i], memory_order_relaxed);
    }
}

void mp_guests_tie(struct mp_comm *comm)
{
    if (comm->group->guests || (comm->remote && comm->remote->guests)) {
        mp_list_insert(&tied, &comm->tied);
        tie_group(comm->group);
        tie_group(comm->remote);
        mp_guests_tell_ties();
    }
}

// ---- Parting

void mp_guests_sweep(void)
{
    for (int guest = mp_peers_end - 1; guest >= mp_peers_first_guest; guest--) {
        if (mp_guest_exists(guest) && !mp_guest_is_held(guest)) {
            part(guest);
        }
    }
}

static bool all_parted(void)
{
    bool all = true;
    for (int guest = mp_peers_first_guest; guest < mp_peers_end; guest++) {
        if (mp_guest_exists(guest) && mp_guest_is_held(guest)) {
            all = mp_socket_bye(guest) && mp_socket_has_parted(guest) && all;
        }
    }
    return all;
}

void mp_guests_farewell(void)
{
    struct mp_waiter waiter;

    if (mp_peers_end == mp_peers_first_guest) {
        return;
    }
    mp_guests_sweep();
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    mp_waiter_describe(&waiter, describe_guests, NULL);
    while (!all_parted()) {
        mp_waiter_step(&waiter);
    }
    // At once: a stream that came now would end without a farewell. (Whoever wants one has asked
    // for it by now: it had begun to finalize before one of its world said the farewell that was
    // waited for.)
    if (mp_process.users == 1) {
        mp_socket_close_door();
    }
    mp_waiter_end(&waiter);
}
