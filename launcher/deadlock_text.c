// SPDX-License-Identifier: MIT
// A deadlock in words: a line for each rank, what it waits for, from whom, on which communicator,
// for how long; then what comes close to what is missing, as far as the ranks' records show it.
// Read next: deadlock.h, lib/shm/waits.h.
#include "launcher/deadlock.h"

#include "base/calls.h"
#include "launcher/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 32, MAX_HINTS = 8, MAX_NAMED = 6, MAX_CIRCLE = 16 };

struct words {
    const struct snapshot *snapshot;
    const bool *dead;
    struct text text;
    int hints;
    bool calls_compared; // one such hint says it
};

static const struct mp_wait_record *record_of(const struct snapshot *s, int rank, int i)
{
    return s->records[rank * MP_WAIT_THREADS + i];
}

// A few at a time.
static const char *name_of(const struct words *w, int rank)
{
    static char names[4][32];
    static unsigned next;
    char *name = names[next++ % 4];
    const struct label *labels = w->snapshot->labels;

    if (labels && rank >= 0 && rank < w->snapshot->nranks)
        snprintf(name, sizeof *names, "%d.%d", labels[rank].world, labels[rank].rank);
    else
        snprintf(name, sizeof *names, "%d", rank);
    return name;
}

// ---- What is waited for

// Whether another communicator that a rank is in has the same name.
static bool is_ambiguous(const struct words *w, const struct mp_wait_item *item)
{
    for (int r = 0; r < w->snapshot->nranks; r++)
        for (int k = 0; w->dead[r] && k < w->snapshot->nwaits[r]; k++) {
            const struct mp_wait_record *record = record_of(w->snapshot, r, k);
            for (int i = 0; i < record->nitems; i++)
                if (record->items[i].context != item->context &&
                    strncmp(record->items[i].name, item->name, MP_WAIT_NAME) == 0)
                    return true;
        }
    return false;
}

// Its own name; or what it was made from, and a number, by which two of these are told apart: it is
// the same in all ranks.
static void put_comm(struct words *w, const struct mp_wait_item *item)
{
    if (item->name[0])
        text_put(&w->text, "%.*s", MP_WAIT_NAME - 1, item->name);
    if (!item->name[0] || item->derived || is_ambiguous(w, item))
        text_put(&w->text, "%scommunicator %u", item->name[0] ? ", " : "", item->context / 2);
}

// The same, where a rank may have told of it or not.
static void put_context(struct words *w, uint32_t context)
{
    for (int r = 0; r < w->snapshot->nranks; r++)
        for (int k = 0; w->dead[r] && k < w->snapshot->nwaits[r]; k++) {
            const struct mp_wait_record *record = record_of(w->snapshot, r, k);
            for (int i = 0; i < record->nitems; i++)
                if (record->items[i].context == context && record->items[i].name[0]) {
                    put_comm(w, &record->items[i]);
                    return;
                }
        }
    if (context == 0)
        text_put(&w->text, "MPI_COMM_WORLD");
    else if (context == 2)
        text_put(&w->text, "MPI_COMM_SELF");
    else
        text_put(&w->text, "communicator %u", context / 2);
}

// "rank 3", "ranks 1, 4-6"; only those that are dead or gone, where all are needed.
static void put_ranks(struct words *w, const struct mp_wait_item *item)
{
    int named = 0, many = 0;

    for (int i = 0; i < item->nruns; i++)
        many += 1 + item->runs[i].last - item->runs[i].first;
    text_put(&w->text, many == 1 ? "rank " : "ranks ");
    for (int i = 0; i < item->nruns && named < MAX_NAMED; i++, named++) {
        text_put(&w->text, named > 0 ? ", %s" : "%s", name_of(w, item->runs[i].first));
        if (item->runs[i].last > item->runs[i].first)
            text_put(&w->text, "-%s", name_of(w, item->runs[i].last));
    }
}

static void put_tag(struct words *w, int tag)
{
    if (tag < 0)
        text_put(&w->text, "any tag");
    else
        text_put(&w->text, "tag %d", tag);
}

// `operation` is the call that would meet it.
static void put_window(struct words *w, const struct mp_wait_item *item)
{
    if (item->operation == MP_CALL_Win_unlock) {
        text_put(&w->text, "for the lock of rank %s ", name_of(w, item->root));
        if (item->tag >= 0)
            text_put(&w->text, "that rank %s holds ", name_of(w, item->tag));
    } else {
        text_put(&w->text, "for %s by ", mp_call_name(item->operation));
        put_ranks(w, item);
        text_put(&w->text, " ");
    }
    text_put(&w->text, "(");
    put_comm(w, item);
    text_put(&w->text, ")");
}

static bool names(const struct mp_wait_item *item, int rank)
{
    for (int i = 0; i < item->nruns; i++)
        if (item->runs[i].first <= rank && rank <= item->runs[i].last)
            return true;
    return false;
}

static bool completes(const struct mp_wait_record *record)
{
    return strncmp(mp_call_name((int)record->call), "MPI_Wait", 8) == 0;
}

// Whether a rank waits in that call on that communicator.
static bool is_inside(const struct words *w, int rank, uint32_t call, uint32_t context)
{
    for (int k = 0;
         rank >= 0 && rank < w->snapshot->nranks && w->dead[rank] && k < w->snapshot->nwaits[rank];
         k++) {
        const struct mp_wait_record *record = record_of(w->snapshot, rank, k);
        if (record->call == call && record->nitems > 0 && record->items[0].context == context)
            return true;
    }
    return false;
}

// Whether a rank has surely begun no operation that goes on by itself.
static bool has_begun_none(const struct words *w, int rank)
{
    bool none = rank >= 0 && rank < w->snapshot->nranks && w->dead[rank];

    for (int k = 0; none && k < w->snapshot->nwaits[rank]; k++)
        none = !record_of(w->snapshot, rank, k)->busy;
    return none;
}

static bool have_begun_none(const struct words *w, const struct mp_wait_item *item)
{
    for (int i = 0; i < item->nruns; i++)
        for (int r = item->runs[i].first; r <= item->runs[i].last; r++)
            if (!has_begun_none(w, r))
                return false;
    return true;
}

// Where a rank waits for a message that another one sends within the call, that one may be there.
static void put_collective(struct words *w, int rank, const struct mp_wait_record *record,
                           const struct mp_wait_item *item)
{
    bool ranks = item->met == MP_MET_BY_RANKS && item->nruns > 0;
    bool one = item->nruns == 1 && item->runs[0].first == item->runs[0].last;
    bool nonblocking = item->operation && completes(record);

    text_put(&w->text, "for ");
    if (ranks && (item->all || !names(item, rank)))
        put_ranks(w, item);
    else
        text_put(&w->text, "other ranks");
    if (!nonblocking && one && is_inside(w, item->runs[0].first, record->call, item->context))
        text_put(&w->text, ", which waits in it, too (");
    else if (!nonblocking)
        text_put(&w->text, " to call it (");
    else
        text_put(&w->text, " to %s %s (",
                 have_begun_none(w, item) ? "call"
                 : one                    ? "do its part of"
                                          : "do their part of",
                 mp_call_name(item->operation));
    put_comm(w, item);
    text_put(&w->text, ")");
}

static void put_item(struct words *w, int rank, const struct mp_wait_record *record,
                     const struct mp_wait_item *item)
{
    bool ranks = item->met == MP_MET_BY_RANKS && item->nruns > 0;

    switch (item->kind) {
    case MP_WAIT_RECV:
    case MP_WAIT_PROBE:
        text_put(&w->text, "for a message from ");
        if (ranks && item->all)
            put_ranks(w, item);
        else
            text_put(&w->text, "any rank");
        text_put(&w->text, " (");
        put_tag(w, item->tag);
        break;
    case MP_WAIT_PARTS:
        text_put(&w->text, "for its own MPI_Pready (tag %d", item->tag);
        break;
    case MP_WAIT_SEND:
        text_put(&w->text, "for rank %s to receive its message (tag %d, %llu byte%s",
                 name_of(w, item->runs[0].first), item->tag, (unsigned long long)item->bytes,
                 item->bytes == 1 ? "" : "s");
        break;
    case MP_WAIT_COLLECTIVE:
        put_collective(w, rank, record, item);
        return;
    case MP_WAIT_WINDOW:
        put_window(w, item);
        return;
    default:
        text_put(&w->text, "for other ranks");
        return;
    }
    text_put(&w->text, ", ");
    put_comm(w, item);
    text_put(&w->text, ")");
}

static void put_wait(struct words *w, int rank, int k, int64_t now_ns)
{
    const struct mp_wait_record *record = record_of(w->snapshot, rank, k);
    const char *place =
        w->snapshot->places ? w->snapshot->places[rank * MP_WAIT_THREADS + k] : NULL;
    const char *call = mp_call_name((int)record->call);

    text_put(&w->text, "mprun: rank %s%s waits in %s ", name_of(w, rank),
             k > 0 ? " (another thread)" : "", *call ? call : "MPI");
    if (record->call == MP_CALL_Finalize)
        text_put(&w->text, "for all ranks to receive their messages and call it");
    for (int i = 0; i < record->nitems && record->call != MP_CALL_Finalize; i++) {
        text_put(&w->text, i == 0 ? "" : record->any ? ", or " : ", and ");
        put_item(w, rank, record, &record->items[i]);
    }
    text_put(&w->text, "%s, for %.1f s", record->more ? ", and more" : "",
             (double)(now_ns - record->since_ns) / 1e9);
    text_put(&w->text, place && place[0] ? ", at %s\n" : "\n", place);
}

// The ranks that poll, where there are any.
static void put_polls(struct words *w)
{
    int told = 0;

    for (int r = 0; r < w->snapshot->nranks; r++)
        if (w->snapshot->presence[r] == PRESENCE_POLLS && told++ < MAX_LINES) {
            const char *call = mp_call_name(w->snapshot->polls_in[r]);
            const char *place = w->snapshot->places[r * MP_WAIT_THREADS];
            text_put(&w->text, "mprun: rank %s polls with %s", name_of(w, r), *call ? call : "MPI");
            text_put(&w->text, place && place[0] ? ", at %s\n" : "\n", place);
        }
}

// ---- What comes close

static bool hint(struct words *w)
{
    if (w->hints == MAX_HINTS)
        return false;
    w->hints++;
    text_put(&w->text, "mprun: hint: ");
    return true;
}

// `rank` has a message that `item` does not match: which, and what would have to be different.
static void put_kept(struct words *w, int rank, const struct mp_wait_item *item)
{
    text_put(&w->text, "rank %s has a message from rank %s with tag %d on ", name_of(w, rank),
             name_of(w, item->kept_source), item->kept_tag);
    put_context(w, item->kept_context);
    text_put(&w->text, ", which does not match: it asks for ");
    if (item->kept == MP_KEPT_OTHER_CONTEXT) {
        text_put(&w->text, "one on ");
        put_comm(w, item);
    }
    if (item->kept == MP_KEPT_OTHER_TAG || item->kept == MP_KEPT_OTHER)
        put_tag(w, item->tag);
    if (item->kept == MP_KEPT_OTHER_SOURCE || item->kept == MP_KEPT_OTHER) {
        text_put(&w->text, item->kept == MP_KEPT_OTHER ? " from " : "one from ");
        put_ranks(w, item);
    }
    text_put(&w->text, "\n");
}

// `rank` waits for a message, and `item` of `sender` is one for it.
static void compare_message(struct words *w, int rank, const struct mp_wait_item *wanted,
                            int sender, const struct mp_wait_item *item)
{
    bool tagged = wanted->tag < 0 || item->tag == wanted->tag;
    bool from = wanted->met != MP_MET_BY_RANKS || names(wanted, sender);

    if (!names(item, rank) ||
        (wanted->kept && wanted->kept_source == sender && wanted->kept_context == item->context))
        return; // it is told by whom it has come to
    if (item->context != wanted->context) {
        if (from && hint(w)) {
            text_put(&w->text, "rank %s sends to rank %s on ", name_of(w, sender),
                     name_of(w, rank));
            put_comm(w, item);
            text_put(&w->text, ", which asks for a message on ");
            put_comm(w, wanted);
            text_put(&w->text, "\n");
        }
    } else if (from && !tagged && hint(w)) {
        text_put(&w->text, "rank %s sends to rank %s with tag %d, which asks for tag %d\n",
                 name_of(w, sender), name_of(w, rank), item->tag, wanted->tag);
    } else if (tagged && !from && hint(w)) {
        text_put(&w->text, "rank %s sends to rank %s with tag %d, which asks for one from ",
                 name_of(w, sender), name_of(w, rank), item->tag);
        put_ranks(w, wanted);
        text_put(&w->text, "\n");
    }
}

static void compare_collective(struct words *w, int rank, const struct mp_wait_record *record,
                               int other, const struct mp_wait_record *others)
{
    const struct mp_wait_item *a = &record->items[0], *b = &others->items[0];

    if (other <= rank || b->kind != MP_WAIT_COLLECTIVE || !names(a, other) ||
        is_inside(w, other, record->call, a->context) ||
        is_inside(w, rank, others->call, b->context))
        return;
    if (a->context != b->context) {
        if (hint(w)) {
            text_put(&w->text, "rank %s is in %s on ", name_of(w, rank),
                     mp_call_name((int)record->call));
            put_comm(w, a);
            text_put(&w->text, "; rank %s is in %s on ", name_of(w, other),
                     mp_call_name((int)others->call));
            put_comm(w, b);
            text_put(&w->text, ": all ranks must make these calls in the same order\n");
        }
    } else if (record->call != others->call && hint(w)) {
        text_put(&w->text, "rank %s is in %s, rank %s in %s on ", name_of(w, rank),
                 mp_call_name((int)record->call), name_of(w, other),
                 mp_call_name((int)others->call));
        put_comm(w, a);
        text_put(&w->text, ": all its ranks must call the same\n");
    }
}

// A rank waits for a message, and the one that should send it in a collective call, for that rank.
static void compare_calls(struct words *w, int rank, const struct mp_wait_item *wanted, int other,
                          const struct mp_wait_record *others)
{
    for (int i = 0; i < others->nitems && !w->calls_compared; i++) {
        const struct mp_wait_item *item = &others->items[i];
        if (item->kind != MP_WAIT_COLLECTIVE || !names(wanted, other) || names(item, other) ||
            !names(item, rank) || (item->inside && !has_begun_none(w, rank)) || !hint(w))
            continue;
        const char *call = mp_call_name((int)(completes(others) ? item->operation : others->call));
        w->calls_compared = true;
        text_put(&w->text, "rank %s waits for rank %s to call %s, and ", name_of(w, other),
                 name_of(w, rank), call);
        if (wanted->all)
            text_put(
                &w->text,
                "has not sent the message that rank %s waits for: let it send before it %s, or "
                "let rank %s call %s before it receives\n",
                name_of(w, rank), completes(others) ? "waits" : "makes that call", name_of(w, rank),
                call);
        else
            text_put(
                &w->text,
                "rank %s for a message that none has sent: it receives one too many, or a send "
                "is missing\n",
                name_of(w, rank));
    }
}

static void look_at_others(struct words *w, int rank, const struct mp_wait_record *record,
                           const struct mp_wait_item *item)
{
    bool receives = item->kind == MP_WAIT_RECV || item->kind == MP_WAIT_PROBE;

    for (int r = 0; r < w->snapshot->nranks && w->hints < MAX_HINTS; r++) {
        if (w->snapshot->presence[r] == PRESENCE_GONE) {
            if (item->met == MP_MET_BY_RANKS && item->all && names(item, r) && hint(w))
                text_put(&w->text, "rank %s has left MPI_Finalize, and makes no call any more\n",
                         name_of(w, r));
            continue;
        }
        for (int k = 0; w->dead[r] && k < w->snapshot->nwaits[r]; k++) {
            const struct mp_wait_record *others = record_of(w->snapshot, r, k);
            if (others->call == MP_CALL_Finalize && item->all && names(item, r) &&
                record->call != MP_CALL_Finalize && hint(w))
                text_put(&w->text, "rank %s is in MPI_Finalize, and makes no other call any more\n",
                         name_of(w, r));
            for (int i = 0; receives && i < others->nitems; i++)
                if (others->items[i].kind == MP_WAIT_SEND)
                    compare_message(w, rank, item, r, &others->items[i]);
            if (receives && r != rank && !item->kept)
                compare_calls(w, rank, item, r, others);
            if (item->kind == MP_WAIT_COLLECTIVE && item == &record->items[0])
                compare_collective(w, rank, record, r, others);
        }
    }
}

// A circle in which all receive first, or all send first and wait for the receive; or one rank that
// receives from itself.
static void put_circle(struct words *w, const int *order, int closed)
{
    bool receive = true, send = true, waits = true, exchanges = false;

    for (int i = 0; i < closed; i++) {
        const struct mp_wait_record *record = record_of(w->snapshot, order[i], 0);
        const struct mp_wait_item *item = &record->items[0];
        bool one = record->nitems == 1 && w->snapshot->nwaits[order[i]] == 1;
        receive = receive && one && item->kind == MP_WAIT_RECV;
        send = send && one && item->kind == MP_WAIT_SEND && !item->standard;
        waits = waits && completes(record);
        exchanges = exchanges || record->call == MP_CALL_Sendrecv;
    }
    if (closed == 1 && receive && hint(w))
        text_put(&w->text,
                 "rank %s waits for a message from itself, which it cannot send while it waits: is "
                 "the source right?\n",
                 name_of(w, order[0]));
    else if (closed > 1 && receive && hint(w))
        text_put(
            &w->text,
            "each rank of this circle waits for a message that the next one has not sent: %s%s\n",
            waits ? "send it before this wait" : "let one of them send first",
            waits || exchanges ? "" : ", or use MPI_Sendrecv or MPI_Irecv");
    else if (closed > 1 && send && hint(w))
        text_put(&w->text,
                 "each rank of this circle waits for the next one to receive its message, and none "
                 "receives: %s\n",
                 waits ? "receive before this wait"
                       : "let one of them receive first, or use MPI_Sendrecv, or MPI_Issend and "
                         "wait for it after the receive");
}

static void put_hints(struct words *w, const int *order, int count, int closed)
{
    bool buffering = false;

    if (closed > 0 && w->snapshot->certainty == CERTAINLY_DEAD)
        put_circle(w, order, closed);
    for (int i = 0; i < count && w->hints < MAX_HINTS; i++) {
        for (int k = 0; k < w->snapshot->nwaits[order[i]]; k++) {
            const struct mp_wait_record *record = record_of(w->snapshot, order[i], k);
            for (int j = 0; j < record->nitems; j++) {
                const struct mp_wait_item *item = &record->items[j];
                if (item->kept && hint(w))
                    put_kept(w, order[i], item);
                look_at_others(w, order[i], record, item);
                buffering = buffering || (item->kind == MP_WAIT_SEND && item->standard);
            }
        }
    }
    if (buffering && hint(w))
        text_put(&w->text,
                 "a standard send (MPI_Send, MPI_Isend) may wait until its message is received; "
                 "short ones are buffered as long as there is room, but no program may rely on it: "
                 "receive before you wait for the send, let one side receive first, or use "
                 "MPI_Sendrecv\n");
}

size_t deadlock_tell(const struct snapshot *snapshot, const bool *dead, int64_t now_ns, char *text,
                     size_t room)
{
    struct words w = {.snapshot = snapshot, .dead = dead, .text = text_in(text, room)};
    int closed = 0, *order = calloc((size_t)snapshot->nranks, sizeof *order);
    int count = order ? deadlock_order(snapshot, dead, order, &closed) : 0;

    if (snapshot->certainty == PERHAPS_LIVE)
        text_put(
            &w.text,
            "mprun: livelock suspected: for %.0f s ranks have polled in vain, and all others wait",
            snapshot->lasts);
    else if (snapshot->certainty == PERHAPS_DEAD)
        text_put(&w.text,
                 "mprun: deadlock suspected: for %.0f s %d of %d rank%s waited for what only their "
                 "threads outside MPI could bring, which sleep",
                 snapshot->lasts, count, snapshot->nranks,
                 snapshot->nranks == 1 ? " has" : "s have");
    else
        text_put(&w.text, "mprun: deadlock: %d of %d rank%s wait%s for what will never happen",
                 count, snapshot->nranks, snapshot->nranks == 1 ? "" : "s", count == 1 ? "s" : "");
    for (int i = 0; i < closed && i < MAX_CIRCLE; i++)
        text_put(&w.text, i == 0 ? ": %s" : " -> %s", name_of(&w, order[i]));
    if (closed > 0)
        text_put(&w.text, closed > MAX_CIRCLE ? " -> ... -> %s" : " -> %s", name_of(&w, order[0]));
    text_put(&w.text, "\n");
    put_polls(&w);
    for (int i = 0; i < count && i < MAX_LINES; i++)
        for (int k = 0; k < snapshot->nwaits[order[i]]; k++)
            put_wait(&w, order[i], k, now_ns);
    if (count > MAX_LINES)
        text_put(&w.text, "mprun: and %d more ranks\n", count - MAX_LINES);
    if (order)
        put_hints(&w, order, count, closed);
    free(order);
    return w.text.length;
}
