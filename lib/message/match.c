// SPDX-License-Identifier: MIT
// The queues of match.h. Finding the first is all there is to matching order: receives are queued
// in the order in which they were posted, messages in the order in which they arrived.
#include "message/match.h"

#include "boot/guests.h"
#include "message/outgoing.h"
#include "shm/layout.h"

#include <stdlib.h>
#include <string.h>

// By context id. Pages of it are touched only where contexts are in use.
struct mp_match *mp_matches[2 * MP_CONTEXT_PAIRS];
static uint32_t contexts; // all in use are below this

_Static_assert(MP_RANKS_MAX + MP_GUESTS_MAX <= 1 << MP_SOURCE_BITS,
               "a source has room for all ranks of a communicator");

struct mp_match *mp_match_get_slow(uint32_t context)
{
    struct mp_match *match = calloc(1, sizeof *match);
    if (match) {
        match->context = context;
        mp_queue_init(&match->wildcards);
        mp_list_init(&match->arrived);
        mp_matches[context] = match;
        contexts = contexts > context ? contexts : context + 1;
    }
    return match;
}

void mp_match_drop(uint32_t context)
{
    struct mp_match *match = mp_matches[context];
    if (!match) {
        return;
    }
    while (!mp_list_empty(&match->arrived)) {
        struct mp_unexpected *message =
            mp_container_of(match->arrived.next, struct mp_unexpected, arrived);
        mp_match_take(message);
        mp_unexpected_free(message);
    }
    for (int s = 0; s < match->source_count; s++) {
        if (match->sources[s]) {
            mp_queue_close(&match->sources[s]->posted);
            mp_queue_close(&match->sources[s]->unexpected);
            free(match->sources[s]);
        }
    }
    mp_queue_close(&match->wildcards);
    free(match->sources);
    free(match);
    mp_matches[context] = NULL;
}

// Answers a message to a queue that is closed. Returns whether nothing of it can be had.
static bool refuse(const struct mp_match *match, int peer, const struct mp_packet *packet)
{
    struct mp_packet done = {
        .kind = MP_PACKET_DONE, .origin = packet->origin, .total = MPI_ERR_PROC_ABORTED};
    if (packet->kind != MP_PACKET_EAGER) {
        mp_answer(peer, &done);
    }
    return packet->kind == MP_PACKET_OFFER || match->closed == MP_MATCH_GONE;
}

void mp_match_close(struct mp_match *match, enum mp_closed how)
{
    match->closed = how;
    for (struct mp_list *at = match->arrived.next, *next; at != &match->arrived; at = next) {
        struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        next = at->next;
        if (refuse(match, message->peer, &message->packet)) {
            mp_match_take(message);
            mp_unexpected_free(message);
        } else {
            message->packet.kind = MP_PACKET_EAGER; // it is answered
        }
    }
}

struct mp_source *mp_match_source_slow(struct mp_match *match, int source)
{
    if (source >= match->source_count) {
        int count = source + 1 > 2 * match->source_count ? source + 1 : 2 * match->source_count;
        struct mp_source **sources =
            realloc(match->sources, (size_t)count * sizeof(struct mp_source *));
        if (!sources) {
            return NULL;
        }
        memset(sources + match->source_count, 0,
               (size_t)(count - match->source_count) * sizeof(struct mp_source *));
        match->sources = sources;
        match->source_count = count;
    }
    struct mp_source *s = malloc(sizeof *s);
    if (s) {
        mp_queue_init(&s->posted);
        mp_queue_init(&s->unexpected);
        match->sources[source] = s;
    }
    return s;
}

static struct mp_request *first_posted(struct mp_queue *queue, int tag)
{
    struct mp_entry *entry = mp_queue_find(queue, tag);
    return entry ? mp_container_of(entry, struct mp_request, entry) : NULL;
}

struct mp_request *mp_match_arrival(struct mp_match *match, int source, int tag)
{
    if (match->waiting == 0) {
        return NULL;
    }
    struct mp_source *s = source < match->source_count ? match->sources[source] : NULL;
    struct mp_request *named = s ? first_posted(&s->posted, tag) : NULL;
    struct mp_request *any = first_posted(&match->wildcards, tag);
    struct mp_request *found =
        !any || (named && named->entry.stamp < any->entry.stamp) ? named : any;

    if (found) {
        mp_match_unpost(match, found);
    }
    return found;
}

struct mp_unexpected *mp_match_find(struct mp_match *match, int source, int tag)
{
    if (mp_list_empty(&match->arrived)) {
        return NULL;
    }
    if (source == MPI_ANY_SOURCE) {
        for (struct mp_list *at = match->arrived.next; at != &match->arrived; at = at->next) {
            struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
            if (mp_tag_matches(tag, message->packet.tag)) {
                return message;
            }
        }
        return NULL;
    }
    struct mp_source *s = source < match->source_count ? match->sources[source] : NULL;
    if (!s) {
        return NULL;
    }
    struct mp_entry *entry = mp_queue_find(&s->unexpected, tag);
    return entry ? mp_container_of(entry, struct mp_unexpected, by_source) : NULL;
}

int mp_match_keep(struct mp_match *match, int peer, const struct mp_packet *packet,
                  const void *payload)
{
    if (unlikely(match->closed) && refuse(match, peer, packet)) {
        return 0;
    }
    struct mp_source *s = mp_match_source(match, mp_source_rank(packet->source));
    size_t length = packet->length;
    struct mp_unexpected *message = s ? mp_unexpected_new(peer, length) : NULL;

    if (!message) {
        return MPI_ERR_NO_MEM;
    }
    message->peer = peer;
    message->packet = *packet;
    if (packet->kind != MP_PACKET_OFFER) {
        message->packet.total = length;
    }
    if (unlikely(match->closed)) {
        message->packet.kind = MP_PACKET_EAGER; // it is answered
    }
    if (length > 0) { // the payload of none may be NULL
        memcpy(message->payload, payload, length);
    }
    message->by_source.tag = packet->tag;
    message->by_source.stamp = match->stamp++;
    mp_queue_add(&s->unexpected, &message->by_source);
    mp_list_insert(&match->arrived, &message->arrived);
    return 0;
}

void mp_match_take(struct mp_unexpected *message)
{
    struct mp_match *match = mp_matches[message->packet.context];
    mp_queue_remove(&match->sources[mp_source_rank(message->packet.source)]->unexpected,
                    &message->by_source);
    mp_list_remove(&message->arrived);
}

static enum mp_kept how_near(const struct mp_unexpected *message, uint32_t context, int peer,
                             int tag)
{
    bool from = peer < 0 || message->peer == peer;
    bool tagged = mp_tag_matches(tag, message->packet.tag);

    if (message->packet.context != context) {
        return from && tagged ? MP_KEPT_OTHER_CONTEXT : MP_KEPT_NONE;
    }
    return from     ? (tagged ? MP_KEPT_NONE : MP_KEPT_OTHER_TAG)
           : tagged ? MP_KEPT_OTHER_SOURCE
                    : MP_KEPT_OTHER;
}

const struct mp_unexpected *mp_match_near(const struct mp_match *match, int peer, int tag,
                                          enum mp_kept *how)
{
    enum { CONTEXTS = 4096, MESSAGES = 64 }; // a look each time that a rank goes to sleep
    const struct mp_unexpected *best = NULL;
    int left = MESSAGES;

    *how = MP_KEPT_NONE;
    // Those of this context first, then all.
    for (uint32_t i = 0; i < contexts + 2 && i < CONTEXTS && left > 0; i += 2) {
        const struct mp_match *in = i == 0 ? match : mp_matches[i - 2];
        if (!in || (i > 0 && in == match) || in->context / 2 == MP_CONTEXT_BOOT) {
            continue;
        }
        for (struct mp_list *at = in->arrived.next; at != &in->arrived && left-- > 0;
             at = at->next) {
            const struct mp_unexpected *message =
                mp_container_of(at, struct mp_unexpected, arrived);
            enum mp_kept near = how_near(message, match->context, peer, tag);
            if (near > *how) {
                *how = near;
                best = message;
            }
        }
    }
    return best;
}

struct mp_unexpected *mp_match_by_sequence(int peer, uint64_t sequence)
{
    for (uint32_t context = 0; context < contexts; context++) {
        struct mp_match *match = mp_matches[context];
        if (!match) {
            continue;
        }
        for (struct mp_list *at = match->arrived.next; at != &match->arrived; at = at->next) {
            struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
            uint64_t apart = message->packet.sequence - sequence;
            if (message->peer == peer && apart % MP_SENT_NUMBERS == 0) {
                return message;
            }
        }
    }
    return NULL;
}
