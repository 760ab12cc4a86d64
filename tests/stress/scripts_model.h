// SPDX-License-Identifier: MIT
// Small random MPI programs, and a model that follows every way in which one can go: whether it can
// end, and whether it can hang. A program is a script of a few calls for each rank; a rank ends
// with MPI_Waitall of what it has begun. Used by scripts.c.
//
// What the model takes as given: a standard send of a byte is over at once; messages from one rank
// to another stay in order, those of different ranks do not; a message is on its way for any time.
// A step that commutes with all others and that none of them can prevent (all but posting receives,
// deliveries, and MPI_Waitany) is taken at once, alone.
#ifndef TESTS_SCRIPTS_MODEL_H
#define TESTS_SCRIPTS_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RANKS = 4, MOST_CALLS = 6, COMMS = 3, MOST_STATES = 1 << 15, ANY = -1 };

enum what {
    SEND,
    SSEND,
    RECV,
    PROBE,
    ISSEND,
    IRECV,
    WAITALL,
    WAITANY,
    COLLECTIVE, // the next one on its communicator: which one is the same for all ranks
    IBARRIER    // in a model's list of requests
};

struct call {
    int8_t what, peer, tag, comm;
};

struct script {
    int ranks;
    int count[MOST_RANKS];
    struct call calls[MOST_RANKS][MOST_CALLS];
    uint32_t seed;
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

static int below(uint32_t *state, int n)
{
    return (int)(next_random(state) % (uint32_t)n);
}

// Communicators 0 and 1 have all ranks, 2 only the first two.
static int members(const struct script *s, int comm)
{
    return comm < 2 ? s->ranks : 2;
}

enum collective { BARRIER, ALLREDUCE, NONBLOCKING_BARRIER };

static enum collective collective_of(const struct script *s, int comm, int number)
{
    uint32_t state = s->seed * 31 + (uint32_t)(comm * 7 + number);
    next_random(&state);
    return (enum collective)below(&state, 3);
}

// Most calls are made in pairs that meet, and some of those are spoilt.
static void make_script(struct script *s, uint32_t seed, int ranks)
{
    uint32_t state = seed * 2654435761U + 12345;
    int left = 2 + below(&state, 6);

    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->ranks = ranks;
    while (left-- > 0) {
        int comm = below(&state, COMMS), a = below(&state, members(s, comm));
        int b = (a + 1 + below(&state, members(s, comm) - 1)) % members(s, comm);
        int tag = below(&state, 2), kind = below(&state, 10);
        bool spoilt = below(&state, 12) == 0;
        if (kind == 0) {
            for (int r = 0; r < members(s, comm); r++) {
                if (s->count[r] < MOST_CALLS && !(spoilt && r == a)) {
                    s->calls[r][s->count[r]++] = (struct call){COLLECTIVE, 0, 0, (int8_t)comm};
                }
            }
        } else if (kind == 1) {
            if (s->count[a] < MOST_CALLS) {
                s->calls[a][s->count[a]++] =
                    (struct call){below(&state, 2) ? WAITALL : WAITANY, 0, 0, 0};
            }
        } else {
            static const int8_t sends[] = {SEND, SEND, SSEND, ISSEND}, gets[] = {RECV, RECV, IRECV};
            bool any = below(&state, 4) == 0, any_tag = below(&state, 5) == 0;
            struct call send = {sends[below(&state, 4)], (int8_t)b, (int8_t)tag, (int8_t)comm};
            struct call get = {gets[below(&state, 3)], (int8_t)(any ? ANY : a),
                               (int8_t)(any_tag  ? ANY
                                        : spoilt ? 1 - tag
                                                 : tag),
                               (int8_t)comm};
            if (s->count[a] < MOST_CALLS) {
                s->calls[a][s->count[a]++] = send;
            }
            if (below(&state, 6) == 0 && s->count[b] < MOST_CALLS - 1) {
                struct call probe = get;
                probe.what = PROBE;
                s->calls[b][s->count[b]++] = probe;
            }
            if (s->count[b] < MOST_CALLS) {
                s->calls[b][s->count[b]++] = get;
            }
        }
    }
    for (int r = 0; r < ranks; r++) { // another order
        for (int i = s->count[r] - 1; i > 0; i--) {
            int k = below(&state, 2) ? i : i - 1;
            struct call swap = s->calls[r][i];
            s->calls[r][i] = s->calls[r][k];
            s->calls[r][k] = swap;
        }
    }
}

// ---- The model

struct model_request {
    int8_t what, peer, tag, comm; // of a send, peer is not used; of a barrier, tag is its number
    int8_t id;                    // of a send: the call that made it
    int8_t done;
};

struct model_message {
    int8_t from, tag, comm;
    int8_t id; // of the synchronous send that waits for it, or -1
};

struct model {
    int8_t at[MOST_RANKS], inside[MOST_RANKS];
    int8_t nrequests[MOST_RANKS], nkept[MOST_RANKS], nsent[MOST_RANKS][MOST_RANKS];
    int8_t entered[COMMS][MOST_RANKS];
    struct model_request requests[MOST_RANKS][MOST_CALLS + 1];
    struct model_message kept[MOST_RANKS][MOST_RANKS * MOST_CALLS];
    struct model_message sent[MOST_RANKS][MOST_RANKS][MOST_CALLS];
};

struct search {
    const struct script *script;
    uint64_t seen[2 * MOST_STATES];
    int states;
    bool can_end, can_hang, too_many;
};

static bool matches(const struct model_request *r, const struct model_message *m)
{
    return r->comm == m->comm && (r->peer == ANY || r->peer == m->from) &&
           (r->tag == ANY || r->tag == m->tag);
}

static void has_met(struct model *m, const struct model_message *message)
{
    for (int i = 0; message->id >= 0 && i < m->nrequests[message->from]; i++) {
        struct model_request *r = &m->requests[message->from][i];
        if (r->id == message->id && (r->what == SSEND || r->what == ISSEND)) {
            r->done = 1;
        }
    }
}

static void remove_kept(struct model *m, int rank, int i)
{
    int after = --m->nkept[rank] - i;
    memmove(&m->kept[rank][i], &m->kept[rank][i + 1], (size_t)after * sizeof m->kept[0][0]);
    memset(&m->kept[rank][m->nkept[rank]], 0, sizeof m->kept[0][0]);
}

static void remove_request(struct model *m, int rank, int i)
{
    int after = --m->nrequests[rank] - i;
    memmove(&m->requests[rank][i], &m->requests[rank][i + 1],
            (size_t)after * sizeof m->requests[0][0]);
    memset(&m->requests[rank][m->nrequests[rank]], 0, sizeof m->requests[0][0]);
}

static struct model_request *add_request(struct model *m, int rank, const struct call *c)
{
    struct model_request *r = &m->requests[rank][m->nrequests[rank]++];
    *r = (struct model_request){c->what, c->peer, c->tag, c->comm, m->at[rank], 0};
    return r;
}

static void post(struct model *m, int rank, const struct call *c)
{
    struct model_request *r = add_request(m, rank, c);
    for (int i = 0; i < m->nkept[rank]; i++) {
        if (matches(r, &m->kept[rank][i])) {
            r->done = 1;
            has_met(m, &m->kept[rank][i]);
            remove_kept(m, rank, i);
            return;
        }
    }
}

static void deliver(struct model *m, int from, int to)
{
    struct model_message message = m->sent[from][to][0];
    int left = --m->nsent[from][to];
    memmove(&m->sent[from][to][0], &m->sent[from][to][1], (size_t)left * sizeof message);
    memset(&m->sent[from][to][left], 0, sizeof message);
    for (int i = 0; i < m->nrequests[to]; i++) {
        struct model_request *r = &m->requests[to][i];
        if ((r->what == RECV || r->what == IRECV) && !r->done && matches(r, &message)) {
            r->done = 1;
            has_met(m, &message);
            return;
        }
    }
    m->kept[to][m->nkept[to]++] = message;
}

static bool all_entered(const struct search *s, const struct model *m, int comm, int number)
{
    for (int r = 0; r < members(s->script, comm); r++) {
        if (m->entered[comm][r] < number) {
            return false;
        }
    }
    return true;
}

static bool is_done(const struct search *s, const struct model *m, const struct model_request *r)
{
    return r->what == IBARRIER ? all_entered(s, m, r->comm, r->tag) : r->done;
}

static bool all_done(const struct search *s, const struct model *m, int rank)
{
    for (int i = 0; i < m->nrequests[rank]; i++) {
        if (!is_done(s, m, &m->requests[rank][i])) {
            return false;
        }
    }
    return true;
}

// A step of a rank that needs no choice; false if it has none.
static bool step_alone(const struct search *s, struct model *m, int rank)
{
    const struct script *script = s->script;
    if (m->at[rank] > script->count[rank]) {
        return false;
    }
    static const struct call end = {WAITALL, 0, 0, 0};
    const struct call *c =
        m->at[rank] < script->count[rank] ? &script->calls[rank][m->at[rank]] : &end;
    int n = m->nrequests[rank];
    switch (c->what) {
    case SEND:
    case SSEND:
    case ISSEND:
        if (!m->inside[rank]) {
            m->sent[rank][c->peer][m->nsent[rank][c->peer]++] = (struct model_message){
                (int8_t)rank, c->tag, c->comm, c->what == SEND ? -1 : m->at[rank]};
            if (c->what != SEND) {
                add_request(m, rank, c);
            }
            m->inside[rank] = c->what == SSEND;
        } else if (m->requests[rank][n - 1].done) {
            remove_request(m, rank, n - 1);
            m->inside[rank] = 0;
        } else {
            return false;
        }
        m->at[rank] += !m->inside[rank];
        return true;
    case RECV:
        if (!m->inside[rank] || !m->requests[rank][n - 1].done) {
            return false;
        }
        remove_request(m, rank, n - 1);
        break;
    case PROBE:
        for (int i = 0; i < m->nkept[rank]; i++) {
            struct model_request r = {PROBE, c->peer, c->tag, c->comm, 0, 0};
            if (matches(&r, &m->kept[rank][i])) {
                m->at[rank]++;
                return true;
            }
        }
        return false;
    case WAITALL:
        if (!all_done(s, m, rank)) {
            return false;
        }
        memset(m->requests[rank], 0, sizeof m->requests[rank]);
        m->nrequests[rank] = 0;
        break;
    case COLLECTIVE: {
        int number = m->entered[c->comm][rank];
        if (!m->inside[rank]) {
            m->entered[c->comm][rank]++;
            if (collective_of(script, c->comm, number) == NONBLOCKING_BARRIER) {
                struct call barrier = {IBARRIER, 0, (int8_t)(number + 1), c->comm};
                add_request(m, rank, &barrier);
                break;
            }
            m->inside[rank] = 1;
            return true;
        }
        if (!all_entered(s, m, c->comm, number)) {
            return false;
        }
        break;
    }
    default:
        return false;
    }
    m->inside[rank] = 0;
    m->at[rank]++;
    return true;
}

static bool was_seen(struct search *s, const struct model *m)
{
    const unsigned char *bytes = (const unsigned char *)m;
    uint64_t hash = 1469598103934665603U;
    for (size_t i = 0; i < sizeof *m; i++) {
        hash = (hash ^ bytes[i]) * 1099511628211U;
    }
    hash |= 1;
    size_t at = (size_t)(hash >> 20) % (2 * MOST_STATES);
    while (s->seen[at] != 0) {
        if (s->seen[at] == hash) {
            return true;
        }
        at = (at + 1) % (2 * MOST_STATES);
    }
    s->seen[at] = hash;
    return false;
}

static void explore(struct search *s, struct model m)
{
    bool moved = false, ended = true;

    for (bool again = true; again;) {
        again = false;
        for (int r = 0; r < s->script->ranks; r++) {
            while (step_alone(s, &m, r)) {
                again = true;
            }
        }
    }
    if (was_seen(s, &m) || s->too_many) {
        return;
    }
    if (++s->states == MOST_STATES) {
        s->too_many = true;
        return;
    }
    for (int r = 0; r < s->script->ranks; r++) {
        bool over = m.at[r] > s->script->count[r];
        ended = ended && over;
        for (int to = 0; to < s->script->ranks; to++) {
            if (m.nsent[r][to] > 0) {
                struct model after = m;
                deliver(&after, r, to);
                explore(s, after);
                moved = true;
            }
        }
        const struct call *c =
            over || m.at[r] == s->script->count[r] ? NULL : &s->script->calls[r][m.at[r]];
        if (c && (c->what == IRECV || (c->what == RECV && !m.inside[r]))) {
            struct model after = m;
            post(&after, r, c);
            after.inside[r] = c->what == RECV;
            after.at[r] += c->what == IRECV;
            explore(s, after);
            moved = true;
        } else if (c && c->what == WAITANY) {
            for (int i = 0; i < m.nrequests[r] || i == 0; i++) {
                struct model after = m;
                if (m.nrequests[r] > 0 && !is_done(s, &m, &m.requests[r][i])) {
                    continue;
                }
                if (m.nrequests[r] > 0) {
                    remove_request(&after, r, i);
                }
                after.at[r]++;
                explore(s, after);
                moved = true;
            }
        }
    }
    if (!moved) {
        s->can_end = s->can_end || ended;
        s->can_hang = s->can_hang || !ended;
    }
}

enum fate { NEVER_HANGS, MAY_HANG, ALWAYS_HANGS, NOT_KNOWN };

static enum fate fate_of(const struct script *script)
{
    static struct search s;
    memset(&s, 0, sizeof s);
    s.script = script;
    struct model m;
    memset(&m, 0, sizeof m);
    explore(&s, m);
    return s.too_many ? NOT_KNOWN : !s.can_hang ? NEVER_HANGS : s.can_end ? MAY_HANG : ALWAYS_HANGS;
}

#endif
