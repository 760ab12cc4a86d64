// SPDX-License-Identifier: MIT
// Random accesses to windows against a model: flavours, kinds of memory, ways to synchronize,
// types, operations. Every rank computes all ranks' accesses from the seed and the number of the
// round, so it knows what its own memory must hold afterwards, and what it must have fetched.
//     mprun -n 5 tests/stress/windows 10000 7 threads  rounds, seed
//
// With `threads`, a second thread of each rank counts on a window of its own meanwhile. At the end
// rank 0 says how many accesses there were.
//
// The model. A rank's memory is cut into a slot for each origin and one for all. An origin does
// what it likes with its slot of each target: what it accumulates there is done in order (12.7.2);
// what it puts and gets in one epoch does not overlap. To the slot of all everybody adds, or
// all take the maximum.
// ranks: 1 2 3 5
// args: 60 1
// timeout: 120
#include "../api/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { WORDS = 96, OPS = 6, SLOTS_MOST = 9 }; // words of 8 bytes in a slot

static uint64_t state;
static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static int below(int n)
{
    return (int)(next() % (uint64_t)n);
}

static void begin_random(uint64_t seed, uint64_t a, uint64_t b)
{
    state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (a + 1) * UINT64_C(0xc2b2ae3d27d4eb4f) ^
            (b + 1) * UINT64_C(0x165667b19e3779f9);
    for (int i = 0; i < 8; i++) {
        next();
    }
}

enum kind { PUT, GET, ADD, FETCH, REPLACE, SWAP, KINDS };

// One access: `count` words from word `at` on of the slot, `stride` apart there and `here` apart in
// this rank's buffer.
struct access {
    enum kind kind;
    int at, count, stride, here, request;
    int64_t value; // of the first word; the others count up
};

static int64_t model[16][WORDS * SLOTS_MOST]; // by rank; slot `size` is everybody's
static int64_t *base;
static MPI_Win win;
static MPI_Aint where[16]; // of each rank's memory: its displacement in the window
static int unit, common_op;
static long accesses; // of this rank

static MPI_Datatype strided(int count, int stride)
{
    MPI_Datatype type;
    MPI_Type_vector(count, 1, stride, MPI_INT64_T, &type);
    MPI_Type_commit(&type);
    return type;
}

// The accesses of an origin to a target in an epoch: the same at all ranks.
static int plan(uint64_t seed, uint64_t round, int origin, int target, struct access *ops)
{
    begin_random(seed, round, (uint64_t)(origin * 16 + target));
    int count = below(OPS + 1), family = below(3), at = 0;
    for (int i = 0; i < count; i++) {
        struct access *op = &ops[i];
        op->kind = family == 0 ? PUT : family == 1 ? GET : (enum kind)(ADD + below(KINDS - ADD));
        op->stride = below(3) ? 1 : 2 + below(2);
        op->here = below(3) ? 1 : 2;
        op->count = 1 + below(below(4) ? 5 : 16);
        op->request = below(3) == 0;
        op->value = (int64_t)(next() % 1000000);
        if (op->kind == SWAP) {
            op->count = op->stride = op->here = 1;
        }
        int span = (op->count - 1) * op->stride + 1;
        if (family == 2) {
            op->at = below(WORDS - span + 1);
        } else {
            op->at = at;
            at += span;
            if (at > WORDS) {
                return i;
            }
        }
    }
    return count;
}

// Does it to the model; what is fetched goes to `got`.
static void do_model(int origin, int target, const struct access *op, int64_t *got)
{
    int64_t *slot = &model[target][WORDS * origin];
    for (int i = 0; i < op->count; i++) {
        int64_t *word = &slot[op->at + i * op->stride], was = *word, value = op->value + i;
        switch (op->kind) {
        case PUT:
        case REPLACE:
            *word = value;
            break;
        case ADD:
        case FETCH:
            *word += value;
            break;
        case SWAP: // every other one fails
            *word = op->value % 2 ? value : *word;
            break;
        default:
            break;
        }
        got[i] = was;
    }
}

static void do_access(int target, const struct access *op, int64_t *data, int64_t *got,
                      int64_t expected)
{
    MPI_Aint at = where[target] + (MPI_Aint)(WORDS * rank + op->at) * 8 / unit;
    MPI_Datatype there = op->stride > 1 ? strided(op->count, op->stride) : MPI_INT64_T;
    MPI_Datatype here = op->here > 1 ? strided(op->count, op->here) : MPI_INT64_T;
    int n = op->stride > 1 ? 1 : op->count, m = op->here > 1 ? 1 : op->count;
    MPI_Request request = MPI_REQUEST_NULL;
    int64_t compare = op->value % 2 ? expected : expected + 1;
    for (int i = 0; i < op->count; i++) {
        data[i * op->here] = op->value + i;
    }
    switch (op->kind) {
    case PUT:
        OK(op->request ? MPI_Rput(data, m, here, target, at, n, there, win, &request)
                       : MPI_Put(data, m, here, target, at, n, there, win));
        break;
    case GET:
        OK(op->request ? MPI_Rget(got, m, here, target, at, n, there, win, &request)
                       : MPI_Get(got, m, here, target, at, n, there, win));
        break;
    case ADD:
        OK(op->request
               ? MPI_Raccumulate(data, m, here, target, at, n, there, MPI_SUM, win, &request)
               : MPI_Accumulate(data, m, here, target, at, n, there, MPI_SUM, win));
        break;
    case FETCH:
        if (op->count == 1 && op->value % 2) {
            OK(MPI_Fetch_and_op(data, got, MPI_INT64_T, target, at, MPI_SUM, win));
            break;
        }
        OK(op->request ? MPI_Rget_accumulate(data, m, here, got, m, here, target, at, n, there,
                                             MPI_SUM, win, &request)
                       : MPI_Get_accumulate(data, m, here, got, m, here, target, at, n, there,
                                            MPI_SUM, win));
        break;
    case REPLACE:
        OK(MPI_Get_accumulate(data, m, here, got, m, here, target, at, n, there, MPI_REPLACE, win));
        break;
    default:
        OK(MPI_Compare_and_swap(data, &compare, got, MPI_INT64_T, target, at, win));
        compare = 0;
    }
    if (op->request) {
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    }
    if (there != MPI_INT64_T) {
        MPI_Type_free(&there);
    }
    if (here != MPI_INT64_T) {
        MPI_Type_free(&here);
    }
}

enum sync { FENCE, PSCW, LOCK, LOCK_ALL, SYNCS };

static void epoch(uint64_t seed, uint64_t round)
{
    static int64_t data[OPS * 16][32], got[OPS * 16][32], fetched[OPS * 16][32];
    static struct access ops[OPS];
    MPI_Group all;
    begin_random(seed, round, 999);
    enum sync sync = (enum sync)below(SYNCS);
    int adds = below(4), used = 0, exclusive = below(2), one_by_one = below(2);
    MPI_Win_get_group(win, &all);
    if (sync == FENCE) {
        OK(MPI_Win_fence(MPI_MODE_NOPRECEDE, win));
    } else if (sync == PSCW) {
        OK(MPI_Win_post(all, 0, win));
        OK(MPI_Win_start(all, 0, win));
    } else {
        MPI_Barrier(MPI_COMM_WORLD); // what others look at is looked at
        if (sync == LOCK_ALL) {
            OK(MPI_Win_lock_all(0, win));
        }
    }
    for (int k = 0; k < size; k++) {
        int target = (rank + k) % size;
        if (sync == LOCK) {
            OK(MPI_Win_lock(exclusive ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, target, 0, win));
        }
        int count = plan(seed, round, rank, target, ops), first = used;
        for (int i = 0; i < count; i++, used++) {
            int64_t expected = model[target][WORDS * rank + ops[i].at];
            do_model(rank, target, &ops[i], fetched[used]);
            do_access(target, &ops[i], data[used], got[used], expected);
            accesses++;
            if (sync >= LOCK && one_by_one) {
                OK(MPI_Win_flush(target, win));
            }
        }
        for (int i = 0; i < adds; i++) {
            static const int64_t five = 5;
            MPI_Aint at = where[target] + (MPI_Aint)(WORDS * size + i) * 8 / unit;
            int64_t value = common_op ? (int64_t)round * 10 + rank : five;
            static int64_t kept[16 * 4];
            kept[target * 4 + i] = value;
            accesses++;
            OK(MPI_Accumulate(&kept[target * 4 + i], 1, MPI_INT64_T, target, at, 1, MPI_INT64_T,
                              common_op ? MPI_MAX : MPI_SUM, win));
        }
        if (sync == LOCK) {
            OK(MPI_Win_unlock(target, win));
        }
        (void)first;
    }
    if (sync == FENCE) {
        OK(MPI_Win_fence(MPI_MODE_NOSUCCEED, win));
    } else if (sync == PSCW) {
        OK(MPI_Win_complete(win));
        OK(MPI_Win_wait(win));
    } else {
        if (sync == LOCK_ALL) {
            OK(MPI_Win_unlock_all(win));
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Group_free(&all);
    // What this rank has fetched.
    used = 0;
    for (int k = 0; k < size; k++) {
        int target = (rank + k) % size, count = plan(seed, round, rank, target, ops);
        for (int i = 0; i < count; i++, used++) {
            for (int w = 0; w < ops[i].count && ops[i].kind != PUT && ops[i].kind != ADD; w++) {
                CHECK(got[used][w * ops[i].here] == fetched[used][w],
                      "round %llu, sync %d, kind %d, target %d, word %d + %d: %lld, expected %lld",
                      (unsigned long long)round, (int)sync, (int)ops[i].kind, target, ops[i].at, w,
                      (long long)got[used][w * ops[i].here], (long long)fetched[used][w]);
            }
        }
    }
    // What others have done to this rank's memory.
    for (int origin = 0; origin < size; origin++) {
        int64_t nothing[32];
        int count = origin == rank ? 0 : plan(seed, round, origin, rank, ops);
        for (int i = 0; i < count; i++) {
            do_model(origin, rank, &ops[i], nothing);
        }
    }
    for (int i = 0; i < adds; i++) {
        int64_t *word = &model[rank][WORDS * size + i], most = (int64_t)round * 10 + size - 1;
        *word = !common_op ? *word + 5 * size : *word > most ? *word : most;
    }
    OK(MPI_Win_lock(MPI_LOCK_SHARED, rank, 0, win));
    for (int i = 0; i < WORDS * (size + 1); i++) {
        CHECK(base[i] == model[rank][i],
              "round %llu, sync %d, slot %d word %d: %lld, expected %lld",
              (unsigned long long)round, (int)sync, i / WORDS, i % WORDS, (long long)base[i],
              (long long)model[rank][i]);
    }
    OK(MPI_Win_unlock(rank, win));
    MPI_Barrier(MPI_COMM_WORLD);
}

static int64_t in_static[WORDS * SLOTS_MOST], many_statics[20000];

// A window of some kind, and epochs on it.
static void round_of(uint64_t seed, uint64_t number)
{
    int64_t on_stack[WORDS * SLOTS_MOST];
    MPI_Aint bytes = (MPI_Aint)sizeof(int64_t) * WORDS * (size + 1), own = 0;
    begin_random(seed, number, 77);
    int flavor = below(sharing() == size && size > 0 ? 4 : 3), memory = below(5);
    void *block = NULL;
    unit = below(2) ? 1 : 8;
    common_op = below(2);
    memset(where, 0, sizeof where);
    memset(model, 0, sizeof model);
    static int64_t *kinds[5];
    kinds[0] = on_stack;
    kinds[1] = in_static;
    kinds[2] = many_statics;
    kinds[3] = block = room((size_t)bytes);
    kinds[4] = room(100000);
    base = kinds[memory];
    void *large = kinds[4];
    if (flavor == 0) {
        OK(MPI_Win_create(base, bytes, unit, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    } else if (flavor == 1) {
        OK(MPI_Win_allocate(bytes, unit, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    } else if (flavor == 2) {
        unit = 1;
        OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
        OK(MPI_Win_attach(win, base, bytes));
        MPI_Get_address(base, &own);
        MPI_Allgather(&own, 1, MPI_AINT, where, 1, MPI_AINT, MPI_COMM_WORLD);
    } else {
        OK(MPI_Win_allocate_shared(bytes, unit, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    }
    memset(base, 0, (size_t)bytes);
    MPI_Barrier(MPI_COMM_WORLD);
    int epochs = 1 + (int)(number % 5);
    for (int i = 0; i < epochs; i++) {
        epoch(seed, number * 8 + (uint64_t)i);
    }
    if (flavor == 2) {
        OK(MPI_Win_detach(win, base));
    }
    OK(MPI_Win_free(&win));
    free(block);
    free(large);
}

// ---- The second thread

static atomic_bool is_over;
static MPI_Win own_win;
static int64_t own_words[1 + SLOTS_MOST]; // counted by all; by each origin
static long own_accesses;

static void *count_on(void *unused)
{
    int64_t one = 1, was, sent[SLOTS_MOST] = {0};
    for (unsigned i = 0; !is_over; i++) {
        int target = (int)(i * 7 + (unsigned)rank) % size, kind = i / 3 % 2;
        OK(MPI_Win_lock(kind ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, target, 0, own_win));
        OK(MPI_Fetch_and_op(&one, &was, MPI_INT64_T, target, 0, MPI_SUM, own_win));
        sent[target]++;
        OK(MPI_Accumulate(&one, 1, MPI_INT64_T, target, 1 + rank, 1, MPI_INT64_T, MPI_SUM,
                          own_win));
        OK(MPI_Win_flush(target, own_win));
        OK(MPI_Get(&was, 1, MPI_INT64_T, target, 1 + rank, 1, MPI_INT64_T, own_win));
        OK(MPI_Win_unlock(target, own_win));
        CHECK(was == sent[target], "thread, round %u: %lld of %lld", i, (long long)was,
              (long long)sent[target]);
        own_accesses += 3;
        if (i % 64 == 63) {
            nap(1);
        }
    }
    return unused;
}

int main(int argc, char **argv)
{
    bool threads = argc > 3 && strcmp(argv[3], "threads") == 0;
    int provided;
    long all, own;
    pthread_t thread;
    MPI_Init_thread(&argc, &argv, threads ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int rounds = argc > 1 ? atoi(argv[1]) : 60;
    uint64_t seed = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;
    CHECK(size < SLOTS_MOST, "at most %d ranks", SLOTS_MOST - 1);
    OK(MPI_Win_create(own_words, sizeof own_words, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &own_win));
    if (threads) {
        CHECK(pthread_create(&thread, NULL, count_on, NULL) == 0, "no thread");
    }
    for (int i = 0; i < rounds; i++) {
        round_of(seed, (uint64_t)i);
    }
    is_over = true;
    if (threads) {
        pthread_join(thread, NULL);
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    int64_t sum = 0;
    for (int i = 0; i < size; i++) {
        sum += own_words[1 + i];
    }
    CHECK(own_words[0] == sum, "%lld in all, %lld of each", (long long)own_words[0],
          (long long)sum);
    OK(MPI_Win_free(&own_win));
    own = accesses + own_accesses;
    OK(MPI_Reduce(&own, &all, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD));
    if (rank == 0) {
        printf("%ld accesses\n", all);
    }
    return finish();
}
