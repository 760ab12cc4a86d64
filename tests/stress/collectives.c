// SPDX-License-Identifier: MIT
// Random collectives against a serial model: operation, root, counts, types, in place or not, shape
// of the communicator, reduction operation, blocking, nonblocking and persistent mixed, many under
// way at once and completed in another order at each rank. All bytes of all buffers are compared.
// Cases come in plays of a hundred operations, each with communicators of its own, which follow
// from the seed and the play's number alone:
//     mprun -n 5 tests/stress/collectives 100000 7          cases, seed
//     mprun -n 5 tests/stress/collectives 100 7 4711        the play of that number, once more
// Read next: collectives_data.h, collectives_model.h, collectives_call.h, collectives_comms.h.
// ranks: 1 2 3 5 9
// args: 400 1
// timeout: 120
#include "collectives_comms.h"

#include <signal.h>
#include <unistd.h>

// Most plays spread over all communicators. The deep ones stay on one and have more under way there
// than a board has posts.
enum { PLAY = 100, UNDER_WAY_MAX = 100, UNDER_WAY_USUALLY = 24 };

// One operation under way: of chapter 6.1 to 6.11, or on neighbours.
struct pending {
    struct operation *operation;
    struct exchange *exchange;
    MPI_Request request;
    int form, again;
    uint64_t data;
};

static struct pending under_way[UNDER_WAY_MAX];
static int pending_count;
static uint64_t own_state; // of this rank
static bool deep;          // this play
static uint64_t operations, seed = 1, done_by_form[FORMS], done_beside, done_bytes;

static int own_below(int limit)
{
    own_state = mix(own_state);
    return (int)((own_state >> 32) * (uint64_t)limit >> 32);
}

static void say_case(int signal_number)
{
    ssize_t ignored = write(2, check_again, strlen(check_again));
    (void)ignored;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

// ---- Drawing an operation

static int shared_count(int bytes)
{
    int most;
    switch (shared_below(20)) {
    case 0:
    case 1:
        return 0;
    case 2:
        most = 300000;
        break;
    case 3:
    case 4:
    case 5:
        most = 20000;
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        most = 2000;
        break;
    default:
        most = 100;
    }
    return 1 + shared_below(1 + most / bytes);
}

static void draw_reduction(struct operation *o)
{
    static const MPI_Op any[] = {MPI_SUM, MPI_PROD, MPI_MAX,  MPI_MIN, MPI_BAND,
                                 MPI_BOR, MPI_BXOR, MPI_LAND, MPI_LOR, MPI_LXOR};
    o->own_op = -1;
    if (shared_below(3) == 0) {
        o->basic = U64;
        o->own_op = shared_below(OWN_OPS);
        o->op = own_ops[o->own_op];
        return;
    }
    o->units = 1;
    if (o->basic == F32 || o->basic == F64) {
        o->op = any[shared_below(4)];
    } else if (o->basic == COMPLEX) {
        o->op = MPI_SUM;
    } else if (o->basic >= F64_INT) {
        o->op = shared_below(2) ? MPI_MAXLOC : MPI_MINLOC;
    } else {
        o->op = any[shared_below(COUNT_OF(any))];
    }
}

// NULL when this rank has no part in it. What is drawn here from the shared numbers may not depend
// on the rank.
static struct operation *draw_operation(const struct comm_entry *e)
{
    struct operation d = {.comm = e->comm, .number = operations, .own_op = -1};
    d.kind = shared_below(OPERATIONS);
    d.basic = shared_below(BASICS);
    d.units = 1 + shared_below(UNITS_MAX);
    if (operation_reduces(&d)) {
        draw_reduction(&d);
    }
    d.count = shared_count(basics[d.basic].extent * d.units);
    d.form = shared_below(FORMS + 1) % FORMS; // blocking twice as often
    d.form = deep && shared_below(2) ? NONBLOCKING : d.form;
    d.again = shared_below(3);
    int root = shared_below(1 << 20), root_side = shared_below(2), in_place = shared_below(3);
    uint64_t number = (uint64_t)shared_below(INT_MAX);
    if (e->comm == MPI_COMM_NULL) {
        return NULL;
    }
    d.counts_seed = mix_all(seed, number, (uint64_t)e->part, 5);
    OK(MPI_Comm_test_inter(e->comm, &d.inter));
    OK(MPI_Comm_rank(e->comm, &d.me));
    OK(MPI_Comm_size(e->comm, &d.local));
    if (d.inter) {
        OK(MPI_Comm_remote_size(e->comm, &d.remote));
        d.side = e->side;
        d.root_side = root_side;
        if (d.kind == SCAN || d.kind == EXSCAN) {
            d.kind = ALLREDUCE;
        }
    }
    d.root = root % (d.inter && d.side != d.root_side ? d.remote : d.local);
    bool may = !d.inter && d.kind != BARRIER && d.kind != BCAST;
    if (may && operation_rooted(&d)) {
        may = is_root(&d);
    }
    d.in_place = may && in_place == 0;
    d.large = d.kind != BARRIER && own_below(2);
    // Bounds the memory of what goes to everybody, and the time of the model.
    int peers = d.inter ? (d.remote > d.local ? d.remote : d.local) : d.local;
    if (peers > 3 && (operation_exchanges(&d) || operation_reduces(&d))) {
        d.count = d.count > 100 ? d.count / peers : d.count;
    }
    if (operation_slices(&d)) {
        d.count /= d.inter ? d.local * d.remote : d.local;
    }
    struct operation *o = room(sizeof *o);
    *o = d;
    operation_begin(o);
    return o;
}

static struct exchange *draw_exchange(const struct comm_entry *e)
{
    struct exchange d = exchange_any(e->net, shared_below(FORMS));
    if (shared_below(4)) {
        d.most %= 100;
    }
    if (e->comm == MPI_COMM_NULL) {
        return NULL;
    }
    d.large = own_below(2);
    struct exchange *x = room(sizeof *x);
    *x = d;
    exchange_begin(x);
    return x;
}

// ---- Completing

static void pending_check(struct pending *p)
{
    if (p->operation) {
        operation_check(p->operation);
        done_bytes += p->operation->recv.size + p->operation->send.size - 4 * GUARD;
    } else {
        exchange_verify(p->exchange);
    }
}

static void pending_end(struct pending *p)
{
    if (p->operation) {
        operation_end(p->operation);
        free(p->operation);
    } else {
        exchange_end(p->exchange);
        free(p->exchange);
    }
}

// Completes those for which `wanted` is set, in any order and by any of the calls.
static void complete(bool *wanted)
{
    MPI_Request list[UNDER_WAY_MAX];
    int place[UNDER_WAY_MAX], n = 0, how = own_below(5), flag = 0, indices[UNDER_WAY_MAX], done;
    for (int i = 0; i < pending_count; i++) {
        if (wanted[i]) {
            place[n] = i;
            list[n++] = under_way[i].request;
        }
    }
    for (int i = n - 1; i > 0; i--) {
        int j = own_below(i + 1), keep = place[i];
        MPI_Request request = list[i];
        place[i] = place[j], list[i] = list[j];
        place[j] = keep, list[j] = request;
    }
    for (int left = n, at = 0; left > 0;) {
        switch (how) {
        case 0:
            OK(MPI_Wait(&list[at], MPI_STATUS_IGNORE));
            indices[0] = at++;
            done = 1;
            break;
        case 1:
            OK(MPI_Waitany(n, list, &indices[0], MPI_STATUS_IGNORE));
            done = 1;
            break;
        case 2:
            OK(MPI_Waitsome(n, list, &done, indices, MPI_STATUSES_IGNORE));
            break;
        case 3:
            OK(MPI_Testany(n, list, &indices[0], &flag, MPI_STATUS_IGNORE));
            done = flag;
            break;
        default:
            OK(MPI_Testall(n, list, &flag, MPI_STATUSES_IGNORE));
            done = flag ? n : 0;
            for (int i = 0; i < done; i++) {
                indices[i] = i;
            }
        }
        for (int i = 0; i < done; i++) {
            CHECK(indices[i] >= 0 && indices[i] < n, "index %d of %d", indices[i], n);
            struct pending *p = &under_way[place[indices[i]]];
            p->request = list[indices[i]];
            CHECK((p->request == MPI_REQUEST_NULL) == (p->form == NONBLOCKING),
                  "a request of form %d is %p when complete", p->form, (void *)p->request);
            pending_check(p);
        }
        left -= done;
    }
}

// Some of the nonblocking ones, which ones is up to each rank.
static void complete_some(void)
{
    bool wanted[UNDER_WAY_MAX];
    for (int i = 0; i < pending_count; i++) {
        wanted[i] = under_way[i].form == NONBLOCKING && own_below(3) == 0;
    }
    complete(wanted);
    int kept = 0;
    for (int i = 0; i < pending_count; i++) {
        if (wanted[i]) {
            pending_end(&under_way[i]);
        } else {
            under_way[kept++] = under_way[i];
        }
    }
    pending_count = kept;
}

// All of them, and persistent ones as often as they are to be done.
static void complete_all(void)
{
    bool wanted[UNDER_WAY_MAX];
    for (int i = 0; i < pending_count; i++) {
        wanted[i] = true;
    }
    complete(wanted);
    for (int again = 0; again < 2; again++) {
        MPI_Request list[UNDER_WAY_MAX];
        int place[UNDER_WAY_MAX], n = 0;
        for (int i = 0; i < pending_count; i++) {
            struct pending *p = &under_way[i];
            wanted[i] = p->form == PERSISTENT && p->again > again;
            if (!wanted[i]) {
                continue;
            }
            if (p->operation) {
                operation_fill(p->operation, mix_all(p->data, (uint64_t)again, 3, 4));
            } else {
                exchange_fill(p->exchange, (unsigned)p->data + 1 + (unsigned)again);
            }
            place[n] = i;
            list[n++] = p->request;
        }
        if (own_below(2)) {
            OK(MPI_Startall(n, list));
            for (int i = 0; i < n; i++) {
                under_way[place[i]].request = list[i];
            }
        } else {
            int first = n ? own_below(n) : 0;
            for (int i = 0; i < n; i++) {
                OK(MPI_Start(&under_way[place[(first + i) % n]].request));
            }
        }
        complete(wanted);
    }
    for (int i = 0; i < pending_count; i++) {
        if (under_way[i].form == PERSISTENT) {
            OK(MPI_Request_free(&under_way[i].request));
        }
        pending_end(&under_way[i]);
    }
    pending_count = 0;
}

// ---- One operation, and a play of them

static void one_operation(void)
{
    struct comm_entry *e = &comms[shared_below(deep ? 1 : COMMS)];
    struct pending p = {.request = MPI_REQUEST_NULL};
    bool neighbors = e->net && shared_below(3);
    if (neighbors) {
        p.exchange = draw_exchange(e);
    } else {
        p.operation = draw_operation(e);
    }
    operations++;
    if (!p.operation && !p.exchange) {
        return;
    }
    if (p.operation) {
        p.form = p.operation->form;
        p.again = p.operation->again;
        p.data = p.operation->counts_seed;
        OK(operation_call(p.operation));
        p.request = p.operation->request;
    } else {
        p.form = p.exchange->form;
        p.again = 1;
        p.data = p.exchange->seed;
        OK(exchange_call(p.exchange));
        p.request = p.exchange->request;
    }
    done_by_form[p.form]++;
    if (p.form == BLOCKING) {
        done_beside += pending_count > 0;
        pending_check(&p);
        pending_end(&p);
        return;
    }
    if (p.form == PERSISTENT) {
        OK(MPI_Start(&p.request));
    }
    under_way[pending_count++] = p;
}

static void play(uint64_t number)
{
    shared_state = mix_all(seed, number, 1, 2);
    own_state = mix_all(seed, number, 3, (uint64_t)rank);
    snprintf(check_again, sizeof check_again,
             "again with: mprun -n %d ... tests/stress/collectives %d %llu %llu\n", size, PLAY,
             (unsigned long long)seed, (unsigned long long)number);
    operations = 0;
    for (int i = 0; i < COMMS; i++) {
        entry_make(&comms[i]);
    }
    deep = shared_below(3) == 0;
    int most = deep ? UNDER_WAY_MAX : UNDER_WAY_USUALLY;
    int since = 0; // as many at most are under way at any rank
    while (operations < PLAY) {
        one_operation();
        if (own_below(deep ? 24 : 4) == 0) {
            complete_some();
        }
        if (++since == most || shared_below(most / 2) == 0) {
            complete_all();
            since = 0;
        }
        if (shared_below(deep ? 50 : 15) == 0) {
            entry_make(&comms[shared_below(deep ? 1 : COMMS)]);
        }
    }
    complete_all();
    for (int i = 0; i < COMMS; i++) {
        entry_free(&comms[i]);
        comms[i].how = NULL;
    }
    old_nets_free();
}

int main(int argc, char **argv)
{
    uint64_t cases = 500, first = 0;
    start(&argc, &argv);
    if (argc > 1) {
        cases = strtoull(argv[1], NULL, 10);
    }
    if (argc > 2) {
        seed = strtoull(argv[2], NULL, 10);
    }
    if (argc > 3) {
        first = strtoull(argv[3], NULL, 10);
    }
    CHECK(size <= RANKS_MAX, "%d ranks, %d are the most", size, RANKS_MAX);
    signal(SIGTERM, say_case); // when it hangs, too
    signal(SIGSEGV, say_case);
    OK(MPI_Type_create_keyval(MPI_TYPE_NULL_COPY_FN, MPI_TYPE_NULL_DELETE_FN, &layout_key, NULL));
    for (int i = 0; i < COMMS; i++) {
        comms[i].comm = MPI_COMM_NULL;
    }
    own_ops_make();
    net_setup();
    uint64_t plays = (cases + PLAY - 1) / PLAY;
    double begin = MPI_Wtime();
    for (uint64_t i = 0; i < plays; i++) {
        play(first + i);
    }
    if (rank == 0) {
        printf("%llu cases of seed %llu; rank 0: %llu blocking (%llu beside others), %llu "
               "nonblocking, %llu persistent, %.0f MB, %.1f s\n",
               (unsigned long long)(plays * PLAY), (unsigned long long)seed,
               (unsigned long long)done_by_form[BLOCKING], (unsigned long long)done_beside,
               (unsigned long long)done_by_form[NONBLOCKING],
               (unsigned long long)done_by_form[PERSISTENT], (double)done_bytes / 1e6,
               MPI_Wtime() - begin);
    }
    net_teardown();
    own_ops_free();
    layouts_free();
    MPI_Type_free_keyval(&layout_key);
    return finish();
}
