// SPDX-License-Identifier: MIT
// Randomized traffic checked against a model. In every round each rank sends others what the plan
// says, in random modes, and receives in a random order with random wildcards; each receive must
// get just the message that the rules of matching give it, byte for byte. Four kinds of round: free
// (nonblocking, both ways at once), pairs (blocking), ready, and persistent.
//     mprun -n 8 tests/stress/traffic --messages 10000000 --max-size 65536 --seed 3
//     mprun -n 4 tests/stress/traffic --messages 10000 --max-size 67108864
// Read next: traffic_plan.h, the model; traffic_receive.h.
// ranks: 2 3 8
// args: --messages 60000
// timeout: 120
#include "traffic_receive.h"

enum { FREE, PAIRS, READY, PERSISTENT };

static int verbose;
static uint64_t wanted = 100000, sent;
static size_t buffered, buffer_space;

// ---- Sending

static struct message *outgoing;
static unsigned char **out_data;
static MPI_Request *out_requests;

// Buffered sends are used as long as the attached buffer holds all of a round.
static int may_buffer(const struct message *m)
{
    size_t need = m->size + MPI_BSEND_OVERHEAD + 64;
    if (buffered + need > buffer_space / 2) {
        return 0;
    }
    buffered += need;
    return 1;
}

static void start_send(int i, int to)
{
    const struct message *m = &outgoing[i];
    int bytes = (int)m->size, done;
    MPI_Comm comm = comms[m->comm];
    MPI_Request *r = &out_requests[i];
    unsigned char *data = out_data[i] = room(m->size);
    message_write(m, data);
    sent++;
    switch (roll(8)) {
    case 0:
        MPI_Issend(data, bytes, MPI_BYTE, to, m->tag, comm, r);
        break;
    case 1:
        if (may_buffer(m)) {
            MPI_Bsend(data, bytes, MPI_BYTE, to, m->tag, comm);
            memset(data, 0, m->size); // it is ours again
            break;
        }
        // fall through
    case 2:
        if (may_buffer(m)) {
            MPI_Ibsend(data, bytes, MPI_BYTE, to, m->tag, comm, r);
            break;
        }
        // fall through
    default:
        MPI_Isend(data, bytes, MPI_BYTE, to, m->tag, comm, r);
    }
    if (roll(4) == 0) {
        MPI_Test(r, &done, MPI_STATUS_IGNORE);
    }
}

// Everybody sends to everybody, itself too, and receives in any order.
static void free_round(uint64_t round)
{
    expect_round(round, -1);
    int total = 0, started = 0;
    int *to = room((size_t)(size * plan.per_pair) * sizeof(int));
    for (int d = 0; d < size; d++) {
        int n = plan_messages(&plan, round, rank, d, outgoing + total);
        for (int i = 0; i < n; i++) {
            to[total++] = d;
        }
    }
    // Destinations in a random order, messages to each in theirs.
    int *order = room((size_t)(total + 1) * sizeof(int)),
        *next = calloc((unsigned)size, sizeof(int));
    int *begin = calloc((unsigned)size, sizeof(int));
    for (int i = total - 1; i >= 0; i--) {
        begin[to[i]] = i;
        order[i] = to[i];
        out_requests[i] = MPI_REQUEST_NULL;
    }
    shuffle(order, total);
    buffered = 0;
    posted = pending = 0;
    while (left > 0 || posted > 0 || started < total) {
        for (int n = started < total ? roll(5) : 0; n > 0 && started < total; n--) {
            int d = order[started++];
            start_send(begin[d] + next[d]++, d);
        }
        int may_wait = started == total; // else others may wait for us
        if (posted > 0) {
            advance_batch(may_wait);
            if (pending == 0) {
                check_batch();
            }
        } else if (left > 0 && roll(8) == 0) {
            receive_by_probe(may_wait);
        } else if (left > 0) {
            post_batch();
        }
    }
    MPI_Waitall(total, out_requests, MPI_STATUSES_IGNORE);
    for (int i = 0; i < total; i++) {
        free(out_data[i]);
    }
    free(order);
    free(begin);
    free(next);
    free(to);
}

// Two and two, one sends and the other receives, all blocking; then the other way round.
static void pairs_round(uint64_t round)
{
    int shift = (int)(round % (uint64_t)size), n;
    int peer = (shift + size - rank) % size; // a sum of ranks makes a pair
    if (peer == rank) {
        return;
    }
    expect_round(round, peer);
    n = plan_messages(&plan, round, rank, peer, outgoing);
    unsigned char *data = room((size_t)plan.max_size + GUARD);
    buffered = 0;
    for (int half = 0; half < 2; half++) {
        if ((rank < peer) == (half == 0)) {
            for (int i = 0; i < n; i++) {
                const struct message *m = &outgoing[i];
                MPI_Comm comm = comms[m->comm];
                message_write(m, data);
                int mode = roll(4);
                if (mode == 0) {
                    MPI_Ssend(data, (int)m->size, MPI_BYTE, peer, m->tag, comm);
                } else if (mode == 1 && may_buffer(m)) {
                    MPI_Bsend(data, (int)m->size, MPI_BYTE, peer, m->tag, comm);
                } else {
                    MPI_Send(data, (int)m->size, MPI_BYTE, peer, m->tag, comm);
                }
                sent++;
            }
        } else {
            for (int i = 0; i < incoming[peer].count; i++) {
                const struct message *m = &incoming[peer].list[i];
                MPI_Comm comm = comms[m->comm];
                MPI_Status status;
                int source = roll(3) ? peer : MPI_ANY_SOURCE, tag = roll(3) ? m->tag : MPI_ANY_TAG;
                size_t capacity = roll(2) ? m->size : (size_t)plan.max_size;
                memset(data + capacity, 0xab, GUARD);
                if (roll(6) == 0) {
                    MPI_Message handle;
                    MPI_Mprobe(source, tag, comm, &handle, &status);
                    MPI_Mrecv(data, (int)capacity, MPI_BYTE, &handle, &status);
                } else {
                    MPI_Recv(data, (int)capacity, MPI_BYTE, source, tag, comm, &status);
                }
                check_message(m, peer, &status, data, capacity);
                wild += source != peer || tag < 0;
            }
        }
    }
    left = 0;
    free(data);
}

// All receives stand before any send begins; around a ring.
static void ready_round(uint64_t round)
{
    int shift = (int)(round / 4 % (uint64_t)size);
    int to = (rank + shift) % size, from = (rank + size - shift) % size;
    expect_round(round, from);
    int n = incoming[from].count, m = plan_messages(&plan, round, rank, to, outgoing);
    unsigned char **data = room((size_t)(n + 1) * sizeof(*data));
    MPI_Request *r = room((size_t)(n + 1) * sizeof(*r));
    MPI_Status *statuses = room((size_t)(n + 1) * sizeof(*statuses));
    for (int i = 0; i < n; i++) {
        const struct message *in = &incoming[from].list[i];
        data[i] = room(in->size + GUARD);
        memset(data[i] + in->size, 0xab, GUARD);
        MPI_Irecv(data[i], (int)in->size, MPI_BYTE, from, in->tag, comms[in->comm], &r[i]);
    }
    MPI_Barrier(comms[0]);
    for (int i = 0; i < m; i++) {
        const struct message *out = &outgoing[i];
        out_data[i] = room(out->size);
        message_write(out, out_data[i]);
        MPI_Irsend(out_data[i], (int)out->size, MPI_BYTE, to, out->tag, comms[out->comm],
                   &out_requests[i]);
        sent++;
    }
    MPI_Waitall(n, r, statuses);
    MPI_Waitall(m, out_requests, MPI_STATUSES_IGNORE);
    for (int i = 0; i < n; i++) {
        check_message(&incoming[from].list[i], from, &statuses[i], data[i],
                      incoming[from].list[i].size);
        free(data[i]);
    }
    for (int i = 0; i < m; i++) {
        free(out_data[i]);
    }
    free(data);
    free(r);
    free(statuses);
    left = 0;
}

// Persistent sends and receives with one neighbour, restarted in random order: the k-th message has
// tag k, sizes vary, bytes change with each start.
static void persistent_round(uint64_t round)
{
    enum { REPEATS = 4 };
    int shift = (int)(round / 4 % (uint64_t)size);
    int to = (rank + shift) % size, from = (rank + size - shift) % size;
    expect_round(round, from);
    int n = incoming[from].count, m = plan_messages(&plan, round, rank, to, outgoing), all = n + m;
    unsigned char **data = room((size_t)(all + 1) * sizeof(*data));
    MPI_Request *r = room((size_t)(all + 1) * sizeof(*r));
    int *order = room((size_t)(all + 1) * sizeof(*order));
    for (int i = 0; i < all; i++) {
        const struct message *x = i < n ? &incoming[from].list[i] : &outgoing[i - n];
        int bytes = (int)x->size, tag = i < n ? i : i - n;
        data[i] = room(x->size + GUARD);
        memset(data[i] + x->size, 0xab, GUARD);
        order[i] = i;
        if (i < n) {
            MPI_Recv_init(data[i], bytes, MPI_BYTE, from, tag, comms[x->comm], &r[i]);
        } else if (roll(3) == 0) {
            MPI_Ssend_init(data[i], bytes, MPI_BYTE, to, tag, comms[x->comm], &r[i]);
        } else {
            MPI_Send_init(data[i], bytes, MPI_BYTE, to, tag, comms[x->comm], &r[i]);
        }
    }
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        for (int i = n; i < all; i++) {
            struct message x = outgoing[i - n];
            x.stamp += (uint64_t)repeat;
            message_write(&x, data[i]);
            sent++;
        }
        if (roll(3) == 0) {
            MPI_Startall(all, r);
        } else {
            shuffle(order, all);
            for (int i = 0; i < all; i++) {
                MPI_Start(&r[order[i]]);
            }
        }
        for (int done = 0; done < all; done++) {
            MPI_Status status;
            int i;
            MPI_Waitany(all, r, &i, &status);
            if (i < n) {
                struct message x = incoming[from].list[i];
                x.stamp += (uint64_t)repeat;
                x.tag = i;
                check_message(&x, from, &status, data[i], x.size);
            }
        }
    }
    for (int i = 0; i < all; i++) {
        MPI_Request_free(&r[i]);
        free(data[i]);
    }
    free(data);
    free(r);
    free(order);
    left = 0;
}

static void usage(void)
{
    fprintf(stderr, "usage: traffic [--messages N] [--max-size BYTES] [--large] [--seed N] "
                    "[--verbose]\n");
    exit(2);
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--large") == 0) {
            plan.max_size = 64 << 20;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            verbose = 1;
        } else if (i + 1 < argc && strcmp(argv[i], "--messages") == 0) {
            wanted = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--max-size") == 0) {
            plan.max_size = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            plan.seed = strtoull(argv[++i], NULL, 10);
        } else {
            usage();
        }
    }
    if (plan.max_size < 1 || plan.max_size > 1 << 30) {
        usage();
    }
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int c = 0; c < COMMS; c++) {
        MPI_Comm_dup(MPI_COMM_WORLD, &comms[c]);
    }
    plan.ranks = size;
    // A round should have some 64 MB at most under way over all ranks.
    double mean = (double)plan.max_size / (63.0 - __builtin_clzll(plan.max_size) + 1.0);
    double per_pair = 192e6 / (mean * size * size);
    plan.per_pair = per_pair > 64 ? 64 : per_pair < 1 ? 1 : (int)per_pair;
    pool_fill(plan.seed);
    dice = random_of(plan.seed, 77, (uint64_t)rank, 0);
    size_t most = (size_t)(size * plan.per_pair + 1);
    outgoing = room(most * sizeof(*outgoing));
    out_data = room(most * sizeof(*out_data));
    out_requests = room(most * sizeof(MPI_Request));
    incoming = room((size_t)size * sizeof(*incoming));
    for (int source = 0; source < size; source++) {
        incoming[source].list = room((size_t)plan.per_pair * sizeof(struct message));
        incoming[source].taken = room((size_t)plan.per_pair);
    }
    buffer_space = 4 << 20;
    void *buffer = room(buffer_space);
    int space = (int)buffer_space;
    MPI_Buffer_attach(buffer, space);

    double start = MPI_Wtime();
    unsigned long long totals[4] = {0}, mine[4];
    uint64_t round = 0, rounds[4] = {0};
    while (totals[1] < wanted) {
        for (int i = 0; i < 16; i++, round++) {
            struct random r = random_of(plan.seed, round, 0, 5);
            int pick = random_below(&r, 16);
            int kind = pick < 9 ? FREE : pick < 13 ? PAIRS : pick < 15 ? READY : PERSISTENT;
            rounds[kind]++;
            switch (kind) {
            case FREE:
                free_round(round);
                break;
            case PAIRS:
                pairs_round(round);
                break;
            case READY:
                ready_round(round);
                break;
            default:
                persistent_round(round);
            }
            MPI_Barrier(comms[round % COMMS]);
        }
        mine[0] = sent;
        mine[1] = received;
        mine[2] = received_bytes;
        mine[3] = wild;
        MPI_Allreduce(mine, totals, 4, MPI_UNSIGNED_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
        if (totals[0] != totals[1]) {
            fprintf(stderr, "traffic: rank %d: %llu messages were sent, %llu received\n", rank,
                    totals[0], totals[1]);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
        if (verbose && rank == 0) {
            fprintf(stderr, "%llu messages, %.3g GB, %.1f s\n", totals[1], (double)totals[2] * 1e-9,
                    MPI_Wtime() - start);
        }
    }
    // Nothing more must be there.
    for (int c = 0; c < COMMS; c++) {
        int flag;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comms[c], &flag, &status);
        if (flag) {
            fail("a message too many", NULL, -1, &status);
        }
    }
    if (rank == 0) {
        printf(
            "traffic: %d ranks, seed %llu, sizes to %llu: %llu messages sent, %llu received in "
            "order, none lost, %.2f GB, %llu by wildcards, in %llu free, %llu pairs, %llu ready, "
            "%llu persistent rounds, %.1f s\n",
            size, (unsigned long long)plan.seed, (unsigned long long)plan.max_size, totals[0],
            totals[1], (double)totals[2] * 1e-9, totals[3], (unsigned long long)rounds[0],
            (unsigned long long)rounds[1], (unsigned long long)rounds[2],
            (unsigned long long)rounds[3], MPI_Wtime() - start);
    }
    MPI_Buffer_detach(&buffer, &space);
    free(buffer);
    for (int source = 0; source < size; source++) {
        free(incoming[source].list);
        free(incoming[source].taken);
    }
    free(incoming);
    free(outgoing);
    free(out_data);
    free(out_requests);
    for (int c = 0; c < COMMS; c++) {
        MPI_Comm_free(&comms[c]);
    }
    MPI_Finalize();
    return 0;
}
