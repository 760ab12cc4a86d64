// SPDX-License-Identifier: MIT
// The receiving side of traffic.c: what this rank is to get in a round, batches of receives that
// are posted together and completed in a random way, and probes. Read next: traffic.c.
#ifndef TESTS_STRESS_TRAFFIC_RECEIVE_H
#define TESTS_STRESS_TRAFFIC_RECEIVE_H

#include "traffic_plan.h"

enum { LONGEST_BATCH = 24 };

static struct plan plan = {1, 65536, 0, 24};
static int rank, size;
static uint64_t received, received_bytes, wild;
static MPI_Comm comms[COMMS];
static struct random dice; // this rank's own choices

static void fail(const char *what, const struct message *m, int source, const MPI_Status *status)
{
    int count = -1;
    if (status) {
        MPI_Get_count(status, MPI_BYTE, &count);
    }
    fprintf(
        stderr,
        "traffic: rank %d, seed %llu, after %llu messages: %s: expected from %d tag %d size %zu "
        "stamp %016llx; status: source %d tag %d count %d\n",
        rank, (unsigned long long)plan.seed, (unsigned long long)received, what, source,
        m ? m->tag : -1, m ? m->size : 0, m ? (unsigned long long)m->stamp : 0,
        status ? status->MPI_SOURCE : -1, status ? status->MPI_TAG : -1, count);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

static void *room(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p) {
        fprintf(stderr, "traffic: no memory for %zu bytes\n", bytes);
        MPI_Abort(MPI_COMM_WORLD, 2);
        abort();
    }
    return p;
}

static int roll(int n)
{
    return random_below(&dice, n);
}

static void shuffle(int *list, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int k = roll(i + 1), t = list[i];
        list[i] = list[k];
        list[k] = t;
    }
}

// ---- What this rank is to receive in a round

struct incoming {
    struct message *list;
    char *taken;
    int count, first; // `first` is the first that was not taken
};

static struct incoming *incoming; // by source
static int left;                  // not taken by a posted receive
static size_t largest;            // message of the round

static void expect_round(uint64_t round, int only_source)
{
    left = 0;
    largest = 0;
    for (int source = 0; source < size; source++) {
        struct incoming *in = &incoming[source];
        in->first = 0;
        in->count = only_source >= 0 && source != only_source
                        ? 0
                        : plan_messages(&plan, round, source, rank, in->list);
        memset(in->taken, 0, (size_t)in->count);
        left += in->count;
        for (int i = 0; i < in->count; i++) {
            largest = in->list[i].size > largest ? in->list[i].size : largest;
        }
    }
}

// The first message that was not taken and fits, or NULL. A tag of MPI_ANY_TAG fits all.
static struct message *first_of(int source, int comm, int tag, int take)
{
    struct incoming *in = &incoming[source];
    while (in->first < in->count && in->taken[in->first]) {
        in->first++;
    }
    for (int i = in->first; i < in->count; i++) {
        struct message *m = &in->list[i];
        if (!in->taken[i] && m->comm == comm && (tag == MPI_ANY_TAG || m->tag == tag)) {
            in->taken[i] = (char)take;
            return m;
        }
    }
    return NULL;
}

static int count_left(int comm, int tag)
{
    int n = 0;
    for (int source = 0; source < size; source++) {
        struct incoming *in = &incoming[source];
        for (int i = in->first; i < in->count; i++) {
            n += !in->taken[i] && in->list[i].comm == comm &&
                 (tag == MPI_ANY_TAG || in->list[i].tag == tag);
        }
    }
    return n;
}

static void check_message(const struct message *m, int source, const MPI_Status *status,
                          const unsigned char *data, size_t capacity)
{
    int count;
    MPI_Get_count(status, MPI_BYTE, &count);
    if (status->MPI_SOURCE != source || status->MPI_TAG != m->tag || (size_t)count != m->size) {
        fail("wrong envelope", m, source, status);
    }
    if (!message_is(m, data, m->size <= 4096 || received % 8 == 0, &dice)) {
        fail("wrong bytes", m, source, status);
    }
    for (int i = 0; i < GUARD; i++) {
        if (data[capacity + (size_t)i] != 0xab) {
            fail("bytes written after the buffer", m, source, status);
        }
    }
    received++;
    received_bytes += m->size;
}

// ---- A batch of receives, posted together. Within a communicator the more specific ones are
// posted first, so that whatever comes first, all complete, and who gets what is known.

struct receive {
    struct message *expected; // NULL: known when the source is
    int source, comm, tag;
    size_t capacity;
    unsigned char *data;
    MPI_Status status;
};

static struct receive receives[LONGEST_BATCH];
static MPI_Request requests[LONGEST_BATCH];
static int posted, pending;

static void post(struct message *m, int source, int comm, int tag)
{
    struct receive *r = &receives[posted];
    r->expected = m;
    r->source = source;
    r->comm = comm;
    r->tag = tag;
    // Sometimes just enough, sometimes more than enough.
    r->capacity = m && roll(2) ? m->size : largest;
    r->data = room(r->capacity + GUARD);
    memset(r->data + r->capacity, 0xab, GUARD);
    MPI_Irecv(r->data, (int)r->capacity, MPI_BYTE, source, tag, comms[comm], &requests[posted]);
    posted++;
    left--;
    wild += source == MPI_ANY_SOURCE || tag == MPI_ANY_TAG;
}

static void post_batch(void)
{
    int room_left = 1 + roll(LONGEST_BATCH < left ? LONGEST_BATCH : left);
    posted = 0;
    int start = roll(COMMS);
    for (int k = 0; k < COMMS; k++) {
        int comm = (start + k) % COMMS, tries = room_left;
        for (int kind = 0; kind < 3; kind++) {
            int n = roll(tries + 1);
            for (int i = 0; i < n && room_left > 0; i++) {
                int source = roll(size), tag = kind == 1 ? MPI_ANY_TAG : roll(TAGS);
                struct message *m;
                if (kind == 2) {
                    // Any source: as many as there are, less those posted so in this batch.
                    int open = count_left(comm, tag);
                    for (int p = 0; p < posted; p++) {
                        open -= receives[p].comm == comm && receives[p].tag == tag &&
                                receives[p].source == MPI_ANY_SOURCE;
                    }
                    if (open > 0) {
                        post(NULL, MPI_ANY_SOURCE, comm, tag);
                        room_left--;
                    }
                } else if ((m = first_of(source, comm, tag, 1))) {
                    post(m, source, comm, tag);
                    room_left--;
                }
            }
        }
        int open = count_left(comm, MPI_ANY_TAG), n = roll(room_left + 1);
        for (int p = 0; p < posted; p++) {
            open -= receives[p].comm == comm && receives[p].source == MPI_ANY_SOURCE;
        }
        for (int i = 0; i < n && i < open; i++) {
            post(NULL, MPI_ANY_SOURCE, comm, MPI_ANY_TAG);
            room_left--;
        }
    }
    pending = posted;
}

// All of the batch are complete: in the order in which they were posted, who got what?
static void check_batch(void)
{
    for (int i = 0; i < posted; i++) {
        struct receive *r = &receives[i];
        int source = r->status.MPI_SOURCE;
        if (source < 0 || source >= size) {
            fail("no such source", r->expected, r->source, &r->status);
        }
        struct message *m = r->expected ? r->expected : first_of(source, r->comm, r->tag, 1);
        if (!m) {
            fail("a message that was not sent", NULL, source, &r->status);
        }
        check_message(m, r->expected ? r->source : source, &r->status, r->data, r->capacity);
        free(r->data);
    }
    posted = 0;
}

static void completed(int i, const MPI_Status *status)
{
    receives[i].status = *status;
    pending--;
}

// Completes some of the batch, in one of many ways; waits only if it may.
static void advance_batch(int may_wait)
{
    MPI_Status statuses[LONGEST_BATCH];
    int indices[LONGEST_BATCH], n = 0, flag = 0;
    switch (roll(may_wait ? 8 : 4)) {
    case 0:
        MPI_Testsome(posted, requests, &n, indices, statuses);
        for (int i = 0; i < n; i++) {
            completed(indices[i], &statuses[i]);
        }
        break;
    case 1:
        MPI_Testany(posted, requests, &n, &flag, statuses);
        if (flag && n != MPI_UNDEFINED) {
            completed(n, &statuses[0]);
        }
        break;
    case 2:
    case 3:
        n = roll(posted);
        if (requests[n] != MPI_REQUEST_NULL) {
            MPI_Test(&requests[n], &flag, statuses);
            if (flag) {
                completed(n, &statuses[0]);
            }
        }
        break;
    case 4:
        MPI_Waitany(posted, requests, &n, statuses);
        completed(n, &statuses[0]);
        break;
    case 5:
        MPI_Waitsome(posted, requests, &n, indices, statuses);
        for (int i = 0; i < n; i++) {
            completed(indices[i], &statuses[i]);
        }
        break;
    case 6:
        n = roll(posted);
        if (requests[n] != MPI_REQUEST_NULL) {
            MPI_Wait(&requests[n], statuses);
            completed(n, &statuses[0]);
        }
        break;
    default: {
        char open[LONGEST_BATCH];
        for (int i = 0; i < posted; i++) {
            open[i] = requests[i] != MPI_REQUEST_NULL;
        }
        MPI_Waitall(posted, requests, statuses);
        for (int i = 0; i < posted; i++) {
            if (open[i]) {
                completed(i, &statuses[i]);
            }
        }
    }
    }
}

// One message, found by a probe; no receive is posted.
static void receive_by_probe(int may_wait)
{
    int comm = roll(COMMS), how = roll(may_wait ? 4 : 2), found = 1;
    MPI_Message handle = MPI_MESSAGE_NULL;
    MPI_Status status;
    if (count_left(comm, MPI_ANY_TAG) == 0) {
        return;
    }
    switch (how) {
    case 0:
        MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comms[comm], &found, &handle, &status);
        break;
    case 1:
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comms[comm], &found, &status);
        break;
    case 2:
        MPI_Mprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comms[comm], &handle, &status);
        break;
    default:
        MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, comms[comm], &status);
    }
    if (!found) {
        return;
    }
    struct message *m = first_of(status.MPI_SOURCE, comm, MPI_ANY_TAG, 1);
    if (!m) {
        fail("a probe sees what was not sent", NULL, -1, &status);
    }
    unsigned char *data = room(m->size + GUARD);
    memset(data + m->size, 0xab, GUARD);
    int source = status.MPI_SOURCE;
    if (handle != MPI_MESSAGE_NULL) {
        MPI_Mrecv(data, (int)m->size, MPI_BYTE, &handle, &status);
    } else {
        MPI_Recv(data, (int)m->size, MPI_BYTE, source, roll(2) ? m->tag : MPI_ANY_TAG, comms[comm],
                 &status);
    }
    check_message(m, source, &status, data, m->size);
    free(data);
    left--;
    wild++;
}

#endif
