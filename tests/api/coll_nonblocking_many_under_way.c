// SPDX-License-Identifier: MIT
// More nonblocking collectives are under way on one communicator than there is room for posts, on a
// communicator that is new, with blocking ones and messages among them; types and communicator are
// freed meanwhile, and some ranks look at them late. Each gives what it should.
// ranks: 2 3 5 9
// timeout: 120
#include "check.h"

enum { MOST = 100, ROUNDS = 40, VALUES = 40 };

struct operation {
    int kind, root, count;
    long in[64 * VALUES], out[64 * VALUES];
    int counts[64], places[64], in_places[64];
    MPI_Datatype types[64];
    MPI_Request request;
    int number;
};
static struct operation operations[MOST];

static unsigned state = 1;
static int shared(int below) // the same at all ranks
{
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (unsigned)below);
}

static unsigned own_state;
static int own(int below)
{
    own_state = own_state * 1664525u + 1013904223u;
    return (int)((own_state >> 8) % (unsigned)below);
}

enum { BARRIER, BCAST, GATHER, GATHERV, SCATTERV, ALLTOALLW, SUM, MINUS, SCAN, KINDS };

// Neither commutative nor, for other than these operands, of any sense: the last one's value, and
// in the upper half how many came before it.
static void last_of(void *in, void *inout, int *length, MPI_Datatype *type)
{
    long *left = in, *right = inout;
    (void)type;
    for (int i = 0; i < *length; i++) {
        right[i] += (left[i] >> 32 << 32) + (1L << 32);
    }
}
static MPI_Op last_op;

static long value(const struct operation *o, int from, int to, int i)
{
    return o->number * 1000L + from * 100 + to * 10 + i % 10;
}

// Some blocks of a rank are longer than a post: 2 to 3 ranks are enough for that.
static int count_of(const struct operation *o, int from, int to)
{
    return (o->number + from + 2 * to) % 3 == 0 ? 0 : (o->count + from + to) % VALUES;
}

static MPI_Datatype pair_type(void)
{
    MPI_Datatype type;
    OK(MPI_Type_contiguous((int)sizeof(long), MPI_BYTE, &type));
    OK(MPI_Type_commit(&type));
    return type;
}

static void begin(struct operation *o, MPI_Comm comm)
{
    MPI_Datatype type = MPI_DATATYPE_NULL;
    o->kind = shared(KINDS);
    o->root = shared(size);
    o->count = 1 + shared(VALUES - 1);
    o->number = shared(1000);
    memset(o->out, 0xff, sizeof o->out);
    for (int i = 0; i < size; i++) {
        o->places[i] = i * VALUES;
    }
    for (int i = 0; i < VALUES; i++) {
        o->in[i] = value(o, rank, 0, i);
    }
    switch (o->kind) {
    case BARRIER:
        OK(MPI_Ibarrier(comm, &o->request));
        break;
    case BCAST:
        for (int i = 0; i < o->count && rank == o->root; i++) {
            o->out[i] = value(o, o->root, 0, i);
        }
        type = pair_type();
        OK(MPI_Ibcast(o->out, o->count, type, o->root, comm, &o->request));
        break;
    case GATHER:
        OK(MPI_Igather(o->in, o->count, MPI_LONG, o->out, o->count, MPI_LONG, o->root, comm,
                       &o->request));
        break;
    case GATHERV:
        for (int i = 0; i < size; i++) {
            o->counts[i] = count_of(o, i, 0);
        }
        OK(MPI_Igatherv(o->in, o->counts[rank], MPI_LONG, o->out, o->counts, o->places, MPI_LONG,
                        o->root, comm, &o->request));
        break;
    case SCATTERV:
        for (int i = 0; i < size; i++) {
            o->counts[i] = count_of(o, o->root, i);
            for (int k = 0; k < o->counts[i]; k++) {
                o->in[i * VALUES + k] = value(o, o->root, i, k);
            }
        }
        OK(MPI_Iscatterv(o->in, o->counts, o->places, MPI_LONG, o->out, o->counts[rank], MPI_LONG,
                         o->root, comm, &o->request));
        break;
    case ALLTOALLW:
        type = pair_type();
        for (int i = 0; i < size; i++) {
            o->counts[i] = count_of(o, rank, i);
            o->in_places[i] = count_of(o, i, rank);
            o->places[i] *= (int)sizeof(long);
            o->types[i] = i % 2 ? type : MPI_LONG;
            for (int k = 0; k < o->counts[i]; k++) {
                o->in[i * VALUES + k] = value(o, rank, i, k);
            }
        }
        OK(MPI_Ialltoallw(o->in, o->counts, o->places, o->types, o->out, o->in_places, o->places,
                          o->types, comm, &o->request));
        break;
    case SUM:
        OK(MPI_Iallreduce(o->in, o->out, o->count, MPI_LONG, MPI_SUM, comm, &o->request));
        break;
    case MINUS:
        OK(MPI_Ireduce(o->in, o->out, o->count, MPI_LONG, last_op, o->root, comm, &o->request));
        break;
    default:
        memcpy(o->out, o->in, sizeof(long) * (size_t)o->count);
        OK(MPI_Iscan(MPI_IN_PLACE, o->out, o->count, MPI_LONG, MPI_SUM, comm, &o->request));
    }
    if (type != MPI_DATATYPE_NULL) {
        OK(MPI_Type_free(&type));
    }
}

static void is_block(const struct operation *o, int at, int count, int from, int to)
{
    for (int i = 0; i < count; i++) {
        CHECK(o->out[at + i] == value(o, from, to, i), "kind %d, from %d, element %d: %ld, not %ld",
              o->kind, from, i, o->out[at + i], value(o, from, to, i));
    }
    CHECK(o->out[at + count] == -1, "kind %d, from %d: %d elements are too many", o->kind, from,
          count + 1);
}

static void is_sum(const struct operation *o, int ranks)
{
    for (int i = 0; i < o->count; i++) {
        long sum = 0;
        for (int k = 0; k < ranks; k++) {
            sum += value(o, k, 0, i);
        }
        CHECK(o->out[i] == sum, "kind %d, element %d: %ld, not %ld", o->kind, i, o->out[i], sum);
    }
}

static void check(const struct operation *o)
{
    switch (o->kind) {
    case BCAST:
        is_block(o, 0, o->count, o->root, 0);
        break;
    case GATHER:
        for (int i = 0; i < size && rank == o->root; i++) {
            for (int k = 0; k < o->count; k++) {
                CHECK(o->out[i * o->count + k] == value(o, i, 0, k), "gather from %d", i);
            }
        }
        break;
    case GATHERV:
        for (int i = 0; i < size && rank == o->root; i++) {
            is_block(o, i * VALUES, o->counts[i], i, 0);
        }
        break;
    case SCATTERV:
        is_block(o, 0, o->counts[rank], o->root, rank);
        break;
    case ALLTOALLW:
        for (int i = 0; i < size; i++) {
            is_block(o, i * VALUES, o->in_places[i], i, rank);
        }
        break;
    case SUM:
        is_sum(o, size);
        break;
    case MINUS:
        for (int i = 0; i < o->count && rank == o->root; i++) {
            long expected = value(o, size - 1, 0, i) + ((long)(size - 1) << 32);
            CHECK(o->out[i] == expected, "element %d: %lx, not %lx", i, o->out[i], expected);
        }
        break;
    case SCAN:
        is_sum(o, rank + 1);
        break;
    default:
        break;
    }
}

static void among_them(MPI_Comm comm)
{
    long mine = rank, sum = 0;
    int next = (rank + 1) % size, before = (rank + size - 1) % size;
    switch (shared(8)) {
    case 0:
        OK(MPI_Allreduce(&mine, &sum, 1, MPI_LONG, MPI_SUM, comm));
        CHECK(sum == (long)size * (size - 1) / 2, "the sum is %ld", sum);
        break;
    case 1:
        OK(MPI_Sendrecv(&mine, 1, MPI_LONG, next, 5, &sum, 1, MPI_LONG, before, 5, comm,
                        MPI_STATUS_IGNORE));
        CHECK(sum == before, "%ld came, not %d", sum, before);
        break;
    default:
        break;
    }
}

static void complete(int count)
{
    MPI_Request requests[MOST];
    int flag, index;
    for (int i = 0; i < count; i++) {
        requests[i] = operations[i].request;
    }
    switch (own(3)) {
    case 0:
        OK(MPI_Waitall(count, requests, MPI_STATUSES_IGNORE));
        break;
    case 1:
        do {
            OK(MPI_Waitany(count, requests, &index, MPI_STATUS_IGNORE));
            CHECK(index == MPI_UNDEFINED || requests[index] == MPI_REQUEST_NULL, "still there");
        } while (index != MPI_UNDEFINED);
        break;
    default:
        for (int left = count; left > 0;) { // the last ones first
            OK(MPI_Test(&requests[left - 1], &flag, MPI_STATUS_IGNORE));
            left -= flag;
        }
    }
    for (int i = 0; i < count; i++) {
        check(&operations[i]);
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
    own_state = (unsigned)rank;
    OK(MPI_Op_create(last_of, 0, &last_op));
    for (int round = 0; round < rounds; round++) {
        MPI_Comm comm;
        int count = 1 + shared(MOST - 1), early = shared(2);
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
        for (int i = 0; i < count; i++) {
            begin(&operations[i], comm);
            among_them(comm);
        }
        if (own(4) == 0) {
            nap(1);
        }
        if (early) {
            OK(MPI_Comm_free(&comm));
        }
        complete(count);
        if (!early) {
            OK(MPI_Comm_free(&comm));
        }
    }
    OK(MPI_Op_free(&last_op));
    return finish();
}
