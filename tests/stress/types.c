// SPDX-License-Identifier: MIT
// Random datatypes against a byte-by-byte model. Each case builds a tree of all constructors and
// one that matches it, and checks bounds, packing and unpacking (external32 too), messages to self
// and around a ring of all ranks, whole and in part, as packed data and into the other tree; no
// byte beside the data may change. A case depends on the seed and its number alone:
//     mprun -n 2 tests/stress/types --cases 1000000 --seed 5
//     mprun -n 2 tests/stress/types --seed 5 --first 4711 --cases 1     (one again)
//     mprun -n 2 tests/stress/types --elements 5000         (longer, from heap to heap)
// Read next: types_model.h, types_match.h.
// ranks: 1 2 3
// args: --cases 8000
// timeout: 120
#include "types_match.h"

static int rank, size;
static uint64_t seed = 1, first, cases = 1000, current;
static int many; // of the tree at most; 0: mostly few
static long sent_bytes, matched;

#define CHECK(condition, ...)                                                                     \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "rank %d, %s:%d: %s: ", rank, __FILE__, __LINE__, #condition);        \
            fprintf(stderr, __VA_ARGS__);                                                         \
            fprintf(stderr,                                                                       \
                    "\nagain with: -n %d ... --seed %llu --first %llu --cases 1 --elements %d\n", \
                    size, (unsigned long long)seed, (unsigned long long)current, many);           \
            MPI_Abort(MPI_COMM_WORLD, 1);                                                         \
        }                                                                                         \
    } while (0)

// Elements of a tree in memory of their own.
struct elements {
    const struct tree *tree;
    int count;
    long bytes;  // of the stream
    size_t span; // of the memory
    long shift;
    int *where; // of each byte of the stream
    unsigned char *memory;
    void *buffer; // what MPI is given
};

static struct elements elements_new(const struct tree *tree, int count)
{
    struct elements e = {.tree = tree, .count = count};
    e.bytes = tree->model->size * count;
    e.span = model_span(tree->model, count, &e.shift);
    e.where = model_stream(tree->model, count, e.shift);
    e.memory = calloc(e.span + 1, 1);
    e.buffer = (void *)((uintptr_t)e.memory - (uintptr_t)e.shift);
    return e;
}

static void elements_free(struct elements *e)
{
    free(e->where);
    free(e->memory);
}

// The first `bytes` of the stream are `stream`, and everything else is 0; then all is 0 again.
static void check_elements(struct elements *e, const unsigned char *stream, long bytes,
                           const char *what)
{
    for (long i = 0; i < bytes; i++) {
        unsigned char *byte = &e->memory[e->where[i]];
        CHECK(*byte == stream[i], "%s: byte %ld of %ld is %d, should be %d", what, i, bytes, *byte,
              stream[i]);
        *byte = 0;
    }
    for (size_t i = 0; i < e->span; i++)
        CHECK(e->memory[i] == 0, "%s: byte %zu beside the data was changed", what, i);
}

// Writes the stream to its places. False if two bytes of it have the same place.
static bool write_elements(struct elements *e, const unsigned char *stream)
{
    bool apart = true;
    for (long i = 0; i < e->bytes; i++) {
        apart = apart && e->memory[e->where[i]] == 0;
        e->memory[e->where[i]] = stream[i];
    }
    return apart;
}

static void read_elements(const struct elements *e, unsigned char *stream)
{
    for (long i = 0; i < e->bytes; i++)
        stream[i] = e->memory[e->where[i]];
}

// ---- What is checked

static void check_bounds(const struct tree *tree)
{
    const struct model *model = tree->model;
    int bytes;
    MPI_Aint lb, extent, true_lb, true_extent;
    long low, high;
    MPI_Type_size(tree->type, &bytes);
    MPI_Type_get_extent(tree->type, &lb, &extent);
    MPI_Type_get_true_extent(tree->type, &true_lb, &true_extent);
    model_true_bounds(model, &low, &high);
    CHECK(bytes == model->size, "size is %d, should be %ld", bytes, model->size);
    CHECK(lb == model->lb && extent == model_extent(model),
          "lb %ld extent %ld, should be %ld and %ld", (long)lb, (long)extent, model->lb,
          model_extent(model));
    CHECK(true_lb == low && true_extent == high - low,
          "true lb %ld extent %ld, should be %ld and %ld", (long)true_lb, (long)true_extent, low,
          high - low);
}

// Packs in two calls, so that the second begins where the first left off.
static void check_pack(const struct elements *from, const unsigned char *stream)
{
    int position = random_below(9), begin = position, half = random_below(from->count + 1);
    int room = (int)from->bytes + position;
    unsigned char *packed = malloc((size_t)room + 1);
    packed[room] = 0x5a;
    MPI_Datatype type = from->tree->type;
    MPI_Pack(from->buffer, half, type, packed, room, &position, MPI_COMM_SELF);
    void *rest = (char *)from->buffer + half * model_extent(from->tree->model);
    MPI_Count position_c = position;
    if (random_below(2)) {
        MPI_Pack_c(rest, from->count - half, type, packed, room, &position_c, MPI_COMM_SELF);
        position = (int)position_c;
    } else {
        MPI_Pack(rest, from->count - half, type, packed, room, &position, MPI_COMM_SELF);
    }
    CHECK(position == room, "packed %d bytes, should be %d", position, room);
    CHECK(memcmp(packed + begin, stream, (size_t)from->bytes) == 0, "packed data is wrong");
    CHECK(packed[room] == 0x5a, "packed too much");
    free(packed);
}

static void check_unpack(struct elements *to, const unsigned char *stream)
{
    int position = 0, half = random_below(to->count + 1);
    MPI_Datatype type = to->tree->type;
    MPI_Unpack(stream, (int)to->bytes, &position, to->buffer, half, type, MPI_COMM_SELF);
    void *rest = (char *)to->buffer + half * model_extent(to->tree->model);
    MPI_Count position_c = position;
    if (random_below(2))
        MPI_Unpack_c(stream, to->bytes, &position_c, rest, to->count - half, type, MPI_COMM_SELF);
    else
        MPI_Unpack(stream, (int)to->bytes, &position, rest, to->count - half, type, MPI_COMM_SELF);
    check_elements(to, stream, to->bytes, "unpack");
}

// Through external32 from one tree to the other; its size is the sum of those of the basic types.
static void check_external(const struct elements *from, struct elements *to,
                           const unsigned char *stream)
{
    MPI_Aint bytes, expected = 0, position = 0;
    const struct model *model = from->tree->model;
    for (int i = 0; i < model->count; i++) {
        if (!basics[model->map[i].basic].external)
            return;
        expected += basics[model->map[i].basic].external * from->count;
    }
    MPI_Pack_external_size("external32", from->count, from->tree->type, &bytes);
    CHECK(bytes == expected, "external32 has %ld bytes, should be %ld", (long)bytes,
          (long)expected);
    unsigned char *packed = malloc((size_t)bytes + 1);
    MPI_Pack_external("external32", from->buffer, from->count, from->tree->type, packed, bytes,
                      &position);
    CHECK(position == bytes, "position %ld after %ld bytes", (long)position, (long)bytes);
    position = 0;
    MPI_Count position_c = 0;
    if (random_below(2))
        MPI_Unpack_external_c("external32", packed, bytes, &position_c, to->buffer, to->count,
                              to->tree->type);
    else
        MPI_Unpack_external("external32", packed, bytes, &position, to->buffer, to->count,
                            to->tree->type);
    check_elements(to, stream, from->bytes, "external32");
    free(packed);
}

// What the status says of a message of `count` elements of `model`.
static void check_status(const MPI_Status *status, const struct tree *tree, long bytes,
                         int basic_count)
{
    int count, elements;
    MPI_Get_count(status, tree->type, &count);
    MPI_Get_elements(status, tree->type, &elements);
    long whole = tree->model->size ? bytes / tree->model->size : 0;
    if (tree->model->size && bytes % tree->model->size)
        whole = MPI_UNDEFINED;
    CHECK(count == whole, "count is %d, should be %ld", count, whole);
    CHECK(elements == basic_count, "elements are %d, should be %d", elements, basic_count);
}

// Basic elements in `count` elements: a pair has two, a complex number one.
static int basic_elements(const struct model *model, int count)
{
    int sum = 0;
    for (int i = 0; i < model->count; i++) {
        MPI_Datatype type = basics[model->map[i].basic].type;
        sum += type == MPI_2INT || basics[model->map[i].basic].field[1][1] ? 2 : 1;
    }
    return sum * count;
}

// One message from `from` to `to`, which may be longer, between this rank and its neighbours.
// `stream`: what arrives.
static void check_message(const struct elements *from, struct elements *to,
                          const unsigned char *stream, int send_count, int dest, int source)
{
    MPI_Status status;
    MPI_Datatype send_type = from->tree->type, type = to->tree->type;
    long bytes = from->tree->model->size * send_count;
    const char *what = dest == rank ? "message to self" : "message";
    switch (random_below(4)) {
    case 0: { // as packed data on the side of the sender
        int position = 0;
        unsigned char *packed = malloc((size_t)bytes + 1);
        MPI_Pack(from->buffer, send_count, send_type, packed, (int)bytes, &position, MPI_COMM_SELF);
        MPI_Sendrecv(packed, position, MPI_PACKED, dest, 3, to->buffer, to->count, type, source, 3,
                     MPI_COMM_WORLD, &status);
        free(packed);
        break;
    }
    case 1: { // on the side of the receiver
        int position = 0, room = (int)to->bytes;
        unsigned char *packed = malloc((size_t)room + 1);
        MPI_Sendrecv(from->buffer, send_count, send_type, dest, 3, packed, room, MPI_PACKED, source,
                     3, MPI_COMM_WORLD, &status);
        if (bytes == room)
            MPI_Unpack(packed, room, &position, to->buffer, to->count, type, MPI_COMM_SELF);
        else
            for (long i = 0; i < bytes; i++)
                to->memory[to->where[i]] = packed[i];
        free(packed);
        break;
    }
    default: {
        MPI_Request request;
        MPI_Irecv(to->buffer, to->count, type, source, 3, MPI_COMM_WORLD, &request);
        if (random_below(2))
            MPI_Send(from->buffer, send_count, send_type, dest, 3, MPI_COMM_WORLD);
        else
            MPI_Ssend(from->buffer, send_count, send_type, dest, 3, MPI_COMM_WORLD);
        MPI_Wait(&request, &status);
    }
    }
    check_elements(to, stream, bytes, what);
    check_status(&status, to->tree, bytes, basic_elements(from->tree->model, send_count));
    sent_bytes += bytes;
}

static void run_case(void)
{
    random_state = seed * 0x9e3779b97f4a7c15u + current;
    random_bits();
    struct tree tree = tree_random(1 + random_below(6));
    if (tree.type != MPI_DATATYPE_NULL)
        MPI_Type_commit(&tree.type);
    // Mostly few; now and then so many that the message is long.
    int count = random_below(50) ? 1 + random_below(4) : random_below(100);
    int extent = (int)labs(model_extent(tree.model)) + 1, room = 400000;
    if (many) {
        count = 1 + random_below(many);
        room = 4 << 20;
    }
    if (count > room / extent)
        count = room / extent;
    check_bounds(&tree);
    struct elements from = elements_new(&tree, count);
    unsigned char *stream = malloc((size_t)from.bytes + 8);

    // What this rank sends is its own; the neighbour's is computed as it does it.
    uint64_t data = random_bits(), after = random_bits();
    int source = (rank + size - 1) % size, dest = (rank + 1) % size;
    unsigned char *incoming = malloc((size_t)from.bytes + 8);
    random_state = data + (uint64_t)source;
    random_fill(incoming, (size_t)from.bytes);
    bool apart = write_elements(&from, incoming);
    read_elements(&from, incoming);
    memset(from.memory, 0, from.span);
    random_state = data + (uint64_t)rank;
    random_fill(stream, (size_t)from.bytes);
    write_elements(&from, stream);
    read_elements(&from, stream);
    random_state = after;

    check_pack(&from, stream);
    struct tree match = match_random(tree.model, count);
    if (match.model) {
        MPI_Type_commit(&match.type);
        check_bounds(&match);
        struct elements to = elements_new(&match, 1);
        CHECK(write_elements(&to, stream), "the matching tree overlaps");
        memset(to.memory, 0, to.span);
        check_unpack(&to, stream);
        check_external(&from, &to, stream);
        check_message(&from, &to, stream, count, rank, rank);
        check_message(&from, &to, incoming, count, dest, source);
        check_message(&from, &to, incoming, random_below(count + 1), dest, source);
        elements_free(&to);
        tree_drop(match);
        matched++;
    }
    if (apart) { // it can be received into itself, too
        struct elements to = elements_new(&tree, count);
        check_unpack(&to, stream);
        check_message(&from, &to, stream, random_below(count + 1), rank, rank);
        check_message(&from, &to, incoming, count, dest, source);
        elements_free(&to);
    }
    elements_free(&from);
    free(stream);
    free(incoming);
    tree_drop(tree);
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--cases") == 0)
            cases = value;
        else if (strcmp(argv[i], "--seed") == 0)
            seed = value;
        else if (strcmp(argv[i], "--first") == 0)
            first = value;
        else if (strcmp(argv[i], "--elements") == 0)
            many = (int)value;
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    basics_setup();
    double begin = MPI_Wtime();
    for (uint64_t i = 0; i < cases; i++) {
        current = first + i;
        run_case();
    }
    if (rank == 0)
        printf("%llu cases of seed %llu, %ld with a matching tree, %ld bytes sent by a rank, "
               "%.1f s\n",
               (unsigned long long)cases, (unsigned long long)seed, matched, sent_bytes,
               MPI_Wtime() - begin);
    MPI_Finalize();
    return 0;
}
