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
};

static const struct mp_wait_record *record_of(const struct snapshot *s, int rank, int i)
{
    return s->records[rank * MP_WAIT_THREADS + i];
}

// ---- What is waited for

static void put_context(struct words *w, uint32_t context)
{
    if (context == 0)
        text_put(&w->text, "MPI_COMM_WORLD");
    else if (context == 2)
        text_put(&w->text, "MPI_COMM_SELF");
    else
        text_put(&w->text, "communicator %u", context / 2);
}

// A window's communicator stands for the window.
static bool is_window(const struct mp_wait_item *item)
{
    return strncmp(mp_call_name((int)item->made_in), "MPI_Win_", 8) == 0;
}

// Its name, or a number with what made it.
static void put_comm(struct words *w, const struct mp_wait_item *item)
{
    static const char *const makers[] = {"MPI_Comm_", "MPI_Intercomm_", "MPI_Cart_", "MPI_Graph_",
                                         "MPI_Dist_graph_"};
    const char *made = mp_call_name((int)item->made_in);

    if (item->name[0]) {
        text_put(&w->text, "%.*s", MP_WAIT_NAME - 1, item->name);
        return;
    }
    if (is_window(item)) {
        text_put(&w->text, "window %u (made by %s)", item->context / 2, made);
        return;
    }
    put_context(w, item->context);
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        if (strncmp(made, makers[i], strlen(makers[i])) == 0) {
            text_put(&w->text, " (made by %s", made);
            if (item->parent != UINT32_MAX) {
                text_put(&w->text, " from ");
                put_context(w, item->parent);
            }
            text_put(&w->text, ")");
        }
    }
}

// "rank 3", "ranks 1, 4-6"; only those that are dead or gone, where all are needed.
static void put_ranks(struct words *w, const struct mp_wait_item *item)
{
    int named = 0, many = 0;

    for (int i = 0; i < item->nruns; i++)
        many += 1 + item->runs[i].last - item->runs[i].first;
    text_put(&w->text, many == 1 ? "rank " : "ranks ");
    for (int i = 0; i < item->nruns && named < MAX_NAMED; i++, named++) {
        text_put(&w->text, named > 0 ? ", %d" : "%d", item->runs[i].first);
        if (item->runs[i].last > item->runs[i].first)
            text_put(&w->text, "-%d", item->runs[i].last);
    }
}

static void put_tag(struct words *w, int tag)
{
    if (tag < 0)
        text_put(&w->text, "any tag");
    else
        text_put(&w->text, "tag %d", tag);
}

static void put_window(struct words *w, const struct mp_wait_item *item)
{
    if (item->operation == MP_CALL_Win_unlock) {
        text_put(&w->text, "for the lock of rank %d ", item->root);
        if (item->tag >= 0)
            text_put(&w->text, "that rank %d holds ", item->tag);
    } else {
        text_put(&w->text, "for %s by ", mp_call_name(item->operation));
        put_ranks(w, item);
        text_put(&w->text, " ");
    }
    text_put(&w->text, "(");
    put_comm(w, item);
    text_put(&w->text, ")");
}

// `call`: that waits.
static void put_item(struct words *w, const struct mp_wait_item *item, uint32_t call)
{
    bool ranks = item->met == MP_MET_BY_RANKS && item->nruns > 0;
    int operation;

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
    case MP_WAIT_SEND:
        text_put(&w->text, "for rank %d to receive its message (tag %d, %llu bytes",
                 item->runs[0].first, item->tag, (unsigned long long)item->bytes);
        break;
    case MP_WAIT_COLLECTIVE:
        operation = is_window(item) ? (int)call : item->operation;
        if (operation)
            text_put(&w->text, "for %s ", mp_call_name(operation));
        if (ranks && item->all) {
            text_put(&w->text, operation ? "by " : "for ");
            put_ranks(w, item);
            text_put(&w->text, " ");
        } else if (!operation) {
            text_put(&w->text, "for other ranks ");
        }
        text_put(&w->text, "(");
        put_comm(w, item);
        text_put(&w->text, ")");
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

static void put_wait(struct words *w, int rank, const struct mp_wait_record *record, int64_t now_ns)
{
    const char *call = mp_call_name((int)record->call);

    text_put(&w->text, "mprun: rank %d waits in %s ", rank, *call ? call : "MPI");
    for (int i = 0; i < record->nitems; i++) {
        text_put(&w->text, i == 0 ? "" : record->any ? ", or " : ", and ");
        put_item(w, &record->items[i], record->call);
    }
    text_put(&w->text, "%s, for %.1f s\n", record->more ? ", and more" : "",
             (double)(now_ns - record->since_ns) / 1e9);
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

static bool names(const struct mp_wait_item *item, int rank)
{
    for (int i = 0; i < item->nruns; i++)
        if (item->runs[i].first <= rank && rank <= item->runs[i].last)
            return true;
    return false;
}

// `rank` waits for a message, and `item` of `sender` is one for it.
static void compare_message(struct words *w, int rank, const struct mp_wait_item *wanted,
                            int sender, const struct mp_wait_item *item)
{
    if (!names(item, rank) || !names(wanted, sender))
        return;
    if (item->context != wanted->context) {
        if (hint(w)) {
            text_put(&w->text, "rank %d sends to rank %d on ", sender, rank);
            put_comm(w, item);
            text_put(&w->text, ", which asks for a message on ");
            put_comm(w, wanted);
            text_put(&w->text, "\n");
        }
    } else if (wanted->tag >= 0 && item->tag != wanted->tag && hint(w)) {
        text_put(&w->text, "rank %d sends to rank %d with tag %d, which asks for tag %d\n", sender,
                 rank, item->tag, wanted->tag);
    }
}

static void compare_collective(struct words *w, int rank, const struct mp_wait_record *record,
                               int other, const struct mp_wait_record *others)
{
    const struct mp_wait_item *a = &record->items[0], *b = &others->items[0];

    if (other <= rank || b->kind != MP_WAIT_COLLECTIVE || !names(a, other))
        return;
    if (a->context != b->context) {
        if (hint(w)) {
            text_put(&w->text, "rank %d is in a collective on ", rank);
            put_comm(w, a);
            text_put(&w->text, " and rank %d on ", other);
            put_comm(w, b);
            text_put(&w->text, ": all ranks must call them in one order\n");
        }
    } else if (record->call != others->call && hint(w)) {
        text_put(&w->text, "rank %d is in %s and rank %d in %s on ", rank,
                 mp_call_name((int)record->call), other, mp_call_name((int)others->call));
        put_comm(w, a);
        text_put(&w->text, ": all ranks must call the same\n");
    }
}

static void look_at_others(struct words *w, int rank, const struct mp_wait_record *record,
                           const struct mp_wait_item *item)
{
    bool receives = item->kind == MP_WAIT_RECV || item->kind == MP_WAIT_PROBE;

    for (int r = 0; r < w->snapshot->nranks && w->hints < MAX_HINTS; r++) {
        if (w->snapshot->presence[r] == PRESENCE_GONE) {
            if (item->met == MP_MET_BY_RANKS && item->all && names(item, r) && hint(w))
                text_put(&w->text, "rank %d has ended\n", r);
            continue;
        }
        for (int k = 0; w->dead[r] && k < w->snapshot->nwaits[r]; k++) {
            const struct mp_wait_record *others = record_of(w->snapshot, r, k);
            if (others->call == MP_CALL_Finalize && item->all && names(item, r) &&
                record->call != MP_CALL_Finalize && hint(w))
                text_put(&w->text, "rank %d is in MPI_Finalize, and makes no other call any more\n",
                         r);
            for (int i = 0; receives && i < others->nitems; i++)
                if (others->items[i].kind == MP_WAIT_SEND)
                    compare_message(w, rank, item, r, &others->items[i]);
            if (item->kind == MP_WAIT_COLLECTIVE && item == &record->items[0])
                compare_collective(w, rank, record, r, others);
        }
    }
}

static bool is_standard(uint32_t call)
{
    return call == MP_CALL_Send || call == MP_CALL_Send_c || call == MP_CALL_Sendrecv;
}

static void put_hints(struct words *w, const int *order, int count)
{
    bool buffering = false;

    for (int i = 0; i < count && w->hints < MAX_HINTS; i++) {
        for (int k = 0; k < w->snapshot->nwaits[order[i]]; k++) {
            const struct mp_wait_record *record = record_of(w->snapshot, order[i], k);
            for (int j = 0; j < record->nitems; j++) {
                const struct mp_wait_item *item = &record->items[j];
                if (item->kept && hint(w)) {
                    text_put(&w->text, "rank %d has a message from rank %d with tag %d on ",
                             order[i], item->kept_source, item->kept_tag);
                    put_comm(w, item);
                    text_put(&w->text, ", which it does not ask for\n");
                }
                look_at_others(w, order[i], record, item);
                buffering = buffering || (item->kind == MP_WAIT_SEND && is_standard(record->call));
            }
        }
    }
    if (buffering && hint(w))
        text_put(&w->text,
                 "MPI_Send may wait until its message is received: short ones are buffered, but no "
                 "program may rely on it (MPI_Sendrecv, MPI_Isend, or another order)\n");
}

size_t deadlock_tell(const struct snapshot *snapshot, const bool *dead, int64_t now_ns, char *text,
                     size_t room)
{
    struct words w = {.snapshot = snapshot, .dead = dead, .text = text_in(text, room)};
    int closed = 0, *order = calloc((size_t)snapshot->nranks, sizeof *order);
    int count = order ? deadlock_order(snapshot, dead, order, &closed) : 0;

    text_put(&w.text, "mprun: deadlock: %d of %d rank%s wait%s for what will never happen", count,
             snapshot->nranks, snapshot->nranks == 1 ? "" : "s", count == 1 ? "s" : "");
    for (int i = 0; i < closed && i < MAX_CIRCLE && closed > 1; i++)
        text_put(&w.text, i == 0 ? ": %d" : " -> %d", order[i]);
    if (closed > 1)
        text_put(&w.text, closed > MAX_CIRCLE ? " -> ... -> %d" : " -> %d", order[0]);
    text_put(&w.text, "\n");
    for (int i = 0; i < count && i < MAX_LINES; i++)
        for (int k = 0; k < snapshot->nwaits[order[i]]; k++)
            put_wait(&w, order[i], record_of(snapshot, order[i], k), now_ns);
    if (count > MAX_LINES)
        text_put(&w.text, "mprun: and %d more ranks\n", count - MAX_LINES);
    if (order)
        put_hints(&w, order, count);
    free(order);
    return w.text.length;
}
