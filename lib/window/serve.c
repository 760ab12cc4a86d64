// SPDX-License-Identifier: MIT
// The target's half of messages. A packet announces each request; from then on this window is
// polled until the request is there and done. Requests of one origin are carried out in the order
// in which it sent them: a long one that is still under way holds back those behind it, and not
// those of others. What is done here takes the same stripes and the same gate as what near ranks do
// directly.
//
// A lock that is not to be had at once has its ticket in the gate like anybody else's, with this
// rank as its owner: who passes the turn on wakes this rank, which is polling (gate.h).
#include "window/remote_access.h"

#include "datatype/datatype_wire.h"
#include "message/deliver.h"
#include "message/message.h"
#include "object/errhandler.h"
#include "process/process.h"

#include <stdlib.h>
#include <string.h>

struct arrival {
    struct mp_list link;
    struct mp_request *request;
    int source;
    _Alignas(16) char message[];
};

struct lock_waiter {
    struct mp_list link;
    int source;
    int32_t tag;
    uint32_t ticket;
    bool exclusive;
};

static _Noreturn void no_memory(void)
{
    mp_process_abort(MPI_ERR_NO_MEM, "out of memory while serving another rank's access to a "
                                     "window");
}

// Takes over `data`, which was allocated.
static void answer(struct mp_window *window, int source, int32_t tag, void *data, MPI_Count bytes)
{
    struct mp_comm *comm = window->comm;
    MPI_Request handle;
    if (mp_isend(data, bytes, mp_datatype_get(MPI_BYTE), source, tag, comm, comm->context,
                 MP_SEND_STANDARD, &handle) != 0) {
        if (!comm->lost) { // else nobody is answered any more
            no_memory();
        }
        free(data);
        return;
    }
    if (mp_is_sent(handle)) {
        free(data);
        return;
    }
    struct mp_request *request = mp_request_of(handle);
    request->staging = data;
    request->plain = false;
    mp_request_forget(request);
}

static void *room(MPI_Count bytes)
{
    void *memory = malloc(bytes ? (size_t)bytes : 1);
    if (!memory) {
        no_memory();
    }
    return memory;
}

static void answer_lock(struct mp_window *window, int source, int32_t tag, bool got)
{
    int32_t *word = room(sizeof *word);
    *word = got;
    answer(window, source, tag, word, sizeof *word);
}

// The origin has the lock. If alone, that is noted: see window/window_waits.c.
static void grant(struct mp_window *window, int source, int32_t tag, bool exclusive)
{
    if (exclusive) {
        atomic_store_explicit(&window->gate->holder, -(source + 1), memory_order_relaxed);
    }
    answer_lock(window, source, tag, true);
}

static void unlock(struct mp_window *window, bool exclusive)
{
    if (exclusive) {
        atomic_store_explicit(&window->gate->holder, 0, memory_order_relaxed);
    }
    mp_gate_unlock(window->gate, exclusive, window->comm->group);
}

static void lock(struct mp_window *window, int source, const struct mp_asked_head *head)
{
    struct mp_gate *gate = window->gate;
    bool exclusive = head->exclusive != 0;
    uint32_t ticket;
    if (head->fetch && !mp_gate_try(gate, exclusive)) { // only if it can be had at once
        answer_lock(window, source, head->tag, false);
    } else if (head->fetch || mp_gate_ask(gate, exclusive, &ticket)) {
        grant(window, source, head->tag, exclusive);
    } else {
        struct lock_waiter *waiter = room(sizeof *waiter);
        *waiter = (struct lock_waiter){
            .source = source, .tag = head->tag, .ticket = ticket, .exclusive = exclusive};
        mp_list_insert(&window->waiters, &waiter->link);
        mp_gate_say(gate, ticket, window->rank);
    }
}

static int grant_locks(struct mp_window *window)
{
    int done = 0;
    for (struct mp_list *at = window->waiters.next, *next; at != &window->waiters; at = next) {
        struct lock_waiter *waiter = mp_container_of(at, struct lock_waiter, link);
        next = at->next;
        if (mp_gate_has(window->gate, waiter->exclusive, waiter->ticket, window->comm->group)) {
            grant(window, waiter->source, waiter->tag, waiter->exclusive);
            mp_list_remove(&waiter->link);
            free(waiter);
            done++;
        }
    }
    return done;
}

// The origin cannot know what of a dynamic window is attached here, nor what of any other was taken
// away by the program since. False: it will be told.
static bool is_there(struct mp_window *window, int source, uint64_t address,
                     const struct mp_datatype *type, MPI_Count count)
{
    MPI_Count shift, span = mp_datatype_span(type, count, &shift);
    struct mp_window_refusal *refused = &window->sides[source].refused;
    uint64_t low = address + (uint64_t)shift, bytes = (uint64_t)span;
    bool dynamic = window->flavor == MPI_WIN_FLAVOR_DYNAMIC;
    if ((!dynamic || mp_window_is_attached(window, low, bytes)) &&
        mp_window_is_mapped(low, bytes)) {
        return true;
    }
    if (refused->bytes == 0) {
        *refused = (struct mp_window_refusal){low, bytes};
    }
    return false;
}

static void answer_flush(struct mp_window *window, int source, int32_t tag)
{
    struct mp_window_refusal *refused = &window->sides[source].refused, *told = NULL;
    size_t bytes = refused->bytes ? sizeof *told : 0;
    if (bytes) {
        told = room(sizeof *told);
        *told = *refused;
        refused->bytes = 0;
    }
    answer(window, source, tag, told, (MPI_Count)bytes);
}

static void access_memory(struct mp_window *window, int source, const struct mp_asked_head *head,
                          const char *rest)
{
    const void *data = rest + head->wire;
    struct mp_datatype *type = head->wire ? mp_datatype_from_wire(rest) : mp_datatype_get(MPI_BYTE);
    char *place = (char *)(uintptr_t)head->address;
    if (!type) {
        no_memory();
    }
    bool answers = head->what == MP_ASK_GET || head->what == MP_ASK_SWAP || head->fetch;
    MPI_Count elements = head->what == MP_ASK_SWAP ? head->bytes : head->count;
    if (!is_there(window, source, head->address, type, elements)) {
        mp_datatype_release(type);
        if (answers) {
            answer(window, source, head->tag, NULL, 0);
        }
        return;
    }
    char *out = answers ? room(head->bytes) : NULL;
    struct mp_stripe *stripes = mp_stripes_own();
    switch (head->what) {
    case MP_ASK_PUT:
        if (type->contiguous) {
            mp_window_store(place, data, (size_t)head->bytes);
        } else {
            mp_datatype_unpack(type, place, head->count, 0, data, head->bytes);
        }
        break;
    case MP_ASK_GET:
        if (type->contiguous) {
            mp_window_load(out, place, (size_t)head->bytes);
        } else {
            mp_datatype_pack(type, place, head->count, 0, out, head->bytes);
        }
        break;
    case MP_ASK_ACCUMULATE:
        mp_stripes_combine(
            stripes, mp_process.rank, place, head->address, type, head->count,
            mp_datatype_get((MPI_Datatype)((uintptr_t)MPI_DATATYPE_NULL + (uintptr_t)head->basic)),
            mp_op_get((MPI_Op)((uintptr_t)MPI_OP_NULL + (uintptr_t)head->op)), data, out);
        break;
    default:
        mp_stripes_swap(stripes, mp_process.rank, place, head->address, (size_t)head->bytes, data,
                        (const char *)data + head->bytes, out);
    }
    mp_datatype_release(type);
    if (answers) {
        answer(window, source, head->tag, out, head->bytes);
    }
}

static void add_one(_Atomic uint32_t *word)
{
    uint32_t value = atomic_load_explicit(word, memory_order_relaxed);
    // Release: as in epoch.c.
    atomic_store_explicit(word, value + 1, memory_order_release);
}

static void carry_out(struct mp_window *window, int source, const char *message)
{
    struct mp_asked_head head;
    memcpy(&head, message, sizeof head);
    switch (head.what) {
    case MP_ASK_LOCK:
        lock(window, source, &head);
        break;
    case MP_ASK_UNLOCK:
        unlock(window, head.exclusive != 0);
        break;
    case MP_ASK_FLUSH:
        answer_flush(window, source, head.tag);
        break;
    case MP_ASK_POST:
        add_one(&window->gate->pairs[source].other.posted);
        break;
    case MP_ASK_COMPLETE:
        add_one(&window->gate->pairs[source].other.completed);
        break;
    default:
        access_memory(window, source, &head, message + sizeof head);
    }
}

// Begins to receive what has arrived.
static int take_arrivals(struct mp_window *window)
{
    struct mp_comm *comm = window->comm;
    struct mp_unexpected *found;
    int done = 0;
    while (window->expected > 0 &&
           (found = mp_match_find(comm->match, MPI_ANY_SOURCE, MP_ASKED_TAG)) != NULL) {
        MPI_Count bytes = (MPI_Count)found->packet.total;
        struct arrival *arrival = malloc(sizeof *arrival + (size_t)bytes);
        struct mp_request *request =
            arrival ? mp_request_prepare(MP_REQUEST_RECV, arrival->message, bytes,
                                         mp_datatype_get(MPI_BYTE), found->packet.source,
                                         found->packet.tag, comm, comm->context, MP_SEND_STANDARD,
                                         false)
                    : NULL;
        if (!request) {
            no_memory();
        }
        arrival->request = request;
        arrival->source = found->packet.source;
        mp_list_insert(&window->arrivals, &arrival->link);
        window->expected--;
        mp_match_take(found);
        mp_deliver_kept(request, found);
        done++;
    }
    return done;
}

static int serve(struct mp_poller *poller)
{
    struct mp_window *window = mp_container_of(poller, struct mp_window, poller);
    if (window->serving) {
        return 0;
    }
    window->serving = true;
    int done = take_arrivals(window);
    bool held = false;
    for (struct mp_list *at = window->arrivals.next, *next; at != &window->arrivals; at = next) {
        struct arrival *arrival = mp_container_of(at, struct arrival, link);
        next = at->next;
        uint8_t *held_back = &window->sides[arrival->source].held;
        if (*held_back || !arrival->request->complete) {
            *held_back = 1;
            held = true;
            continue;
        }
        bool whole = arrival->request->error == 0; // else its origin has died
        mp_list_remove(&arrival->link);
        mp_request_release(arrival->request);
        if (whole) {
            carry_out(window, arrival->source, arrival->message);
        }
        free(arrival);
        done++;
    }
    for (struct mp_list *at = window->arrivals.next; held && at != &window->arrivals;
         at = at->next) {
        window->sides[mp_container_of(at, struct arrival, link)->source].held = 0;
    }
    done += grant_locks(window);
    if (window->expected <= 0 && mp_list_empty(&window->arrivals) &&
        mp_list_empty(&window->waiters)) {
        mp_progress_remove(poller);
    }
    window->serving = false;
    if (done) {
        mp_wake_threads();
    }
    return done;
}

// A request has been announced. Nobody is announced to a window that is no more: its members have
// waited for all their requests before they freed it.
static void bell_rang(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)peer;
    (void)payload;
    struct mp_window *window = mp_window_of_context(packet->context);
    if (window) {
        window->expected++;
        mp_progress_add(&window->poller);
    }
}

void mp_serve_open(void)
{
    mp_deliver_register(MP_PACKET_WINDOW, bell_rang);
}

void mp_serve_begin(struct mp_window *window)
{
    mp_list_init(&window->arrivals);
    mp_list_init(&window->waiters);
    mp_list_init(&window->poller.link);
    window->poller.poll = serve;
}

void mp_serve_end(struct mp_window *window)
{
    mp_progress_remove(&window->poller);
    while (!mp_list_empty(&window->arrivals)) {
        struct arrival *arrival = mp_container_of(window->arrivals.next, struct arrival, link);
        bool arrived = arrival->request->complete;
        mp_list_remove(&arrival->link);
        mp_request_forget(arrival->request);
        if (arrived) { // else it is still written to
            free(arrival);
        }
    }
    while (!mp_list_empty(&window->waiters)) {
        struct lock_waiter *waiter =
            mp_container_of(window->waiters.next, struct lock_waiter, link);
        mp_list_remove(&waiter->link);
        free(waiter);
    }
}
