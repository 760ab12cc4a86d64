// SPDX-License-Identifier: MIT
// All blocking collectives, all operations on all integer and floating-point types they are for,
// with exactly representable numbers: a checksum of every result on every rank.
// ranks: 1 2 3 5
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size;

// Rank 0 prints one sum over what all ranks hold.
static void say(const char *what, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    uint64_t h = 1469598103934665603u, *all = malloc((size_t)size * sizeof(h));
    for (size_t i = 0; i < bytes; i++) {
        h = (h ^ p[i]) * 1099511628211u;
    }
    MPI_Gather(&h, 1, MPI_UINT64_T, all, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s:", what);
        for (int i = 0; i < size; i++) {
            printf(" %016llx", (unsigned long long)all[i]);
        }
        printf("\n");
    }
    free(all);
}

enum { N = 37, LARGE = 5000 };
enum kind { INTEGER, FLOATING, LOGICAL, COMPLEX, BYTES };

static const char *const op_names[] = {"max",  "min", "sum", "prod", "land",
                                       "band", "lor", "bor", "lxor", "bxor"};
static MPI_Op ops[10];

static int defined(int op, enum kind kind)
{
    switch (kind) {
    case INTEGER:
        return 1;
    case FLOATING:
        return op < 4;
    case COMPLEX:
        return op == 2 || op == 3;
    case LOGICAL:
        return op == 4 || op == 6 || op == 8;
    default:
        return op == 5 || op == 7 || op == 9;
    }
}

static void reductions(const char *type_name, MPI_Datatype type, int bytes, enum kind kind,
                       void (*set)(void *p, int i, int value))
{
    char *in = calloc(N, 32), *out = calloc(N, 32), name[100];
    char *wide = calloc((size_t)size * N, 32);
    int *counts = calloc((size_t)size, sizeof(int));
    for (int op = 0; op < 10; op++) {
        if (!defined(op, kind)) {
            continue;
        }
        for (int i = 0; i < N; i++) {
            int value = (i * 7 + rank * 3) % 11 + (op == 3 ? 1 : 0);
            set(in, i, kind == LOGICAL ? value % 2 : op == 3 ? value % 3 : value);
        }
        size_t all = (size_t)(N * bytes);
        memset(out, 0, all);
        MPI_Allreduce(in, out, N, type, ops[op], MPI_COMM_WORLD);
        snprintf(name, sizeof(name), "allreduce %s %s", type_name, op_names[op]);
        say(name, out, all);
        memset(out, 0, all);
        MPI_Reduce(in, out, N, type, ops[op], size - 1, MPI_COMM_WORLD);
        snprintf(name, sizeof(name), "reduce %s %s", type_name, op_names[op]);
        say(name, out, all);
        memset(out, 0, all);
        MPI_Scan(in, out, N, type, ops[op], MPI_COMM_WORLD);
        snprintf(name, sizeof(name), "scan %s %s", type_name, op_names[op]);
        say(name, out, all);
        memset(out, 0, all);
        MPI_Exscan(in, out, N, type, ops[op], MPI_COMM_WORLD);
        if (rank == 0) {
            memset(out, 0, all); // not defined there
        }
        snprintf(name, sizeof(name), "exscan %s %s", type_name, op_names[op]);
        say(name, out, all);
        for (int r = 0; r < size; r++) {
            counts[r] = r % 4;
            for (int i = 0; i < N; i++) {
                set(wide, r * N + i, kind == LOGICAL ? (i + rank + r) % 2 : (i + rank + r) % 3);
            }
        }
        memset(out, 0, all);
        MPI_Reduce_scatter(wide, out, counts, type, ops[op], MPI_COMM_WORLD);
        snprintf(name, sizeof(name), "reduce_scatter %s %s", type_name, op_names[op]);
        say(name, out, all);
        memset(out, 0, all);
        MPI_Reduce_scatter_block(wide, out, N, type, ops[op], MPI_COMM_WORLD);
        snprintf(name, sizeof(name), "reduce_scatter_block %s %s", type_name, op_names[op]);
        say(name, out, all);
        memcpy(out, in, all);
        MPI_Allreduce(MPI_IN_PLACE, out, N, type, ops[op], MPI_COMM_WORLD);
        snprintf(name, sizeof(name), "in place %s %s", type_name, op_names[op]);
        say(name, out, all);
        memcpy(out, in, all);
        MPI_Reduce_local(wide, out, N, type, ops[op]);
        snprintf(name, sizeof(name), "reduce_local %s %s", type_name, op_names[op]);
        say(name, out, all);
    }
    free(in);
    free(out);
    free(wide);
    free(counts);
}

#define SETTER(name, type)                      \
    static void name(void *p, int i, int value) \
    {                                           \
        ((type *)p)[i] = (type)value;           \
    }
SETTER(set_char, signed char)
SETTER(set_uchar, unsigned char)
SETTER(set_short, short)
SETTER(set_int, int)
SETTER(set_long, long)
SETTER(set_float, float)
SETTER(set_double, double)
SETTER(set_bool, _Bool)

static void set_double_complex(void *p, int i, int value)
{
    ((double *)p)[2 * i] = value % 3;
    ((double *)p)[2 * i + 1] = value % 2;
}

static void set_float_complex(void *p, int i, int value)
{
    ((float *)p)[2 * i] = (float)(value % 3);
    ((float *)p)[2 * i + 1] = (float)(value % 2);
}

static void locations(void)
{
    struct double_int {
        double value;
        int index;
    } in[N], out[N];
    int pairs[2 * N], got[2 * N], flat[2 * N];
    for (int op = 0; op < 2; op++) {
        memset(in, 0, sizeof(in));
        memset(out, 0, sizeof(out));
        for (int i = 0; i < N; i++) {
            in[i].value = pairs[2 * i] = (i * 5 + rank * 7) % 4;
            in[i].index = pairs[2 * i + 1] = rank;
        }
        MPI_Allreduce(in, out, N, MPI_DOUBLE_INT, op ? MPI_MINLOC : MPI_MAXLOC, MPI_COMM_WORLD);
        for (int i = 0; i < N; i++) {
            flat[2 * i] = (int)out[i].value;
            flat[2 * i + 1] = out[i].index;
        }
        say(op ? "minloc double" : "maxloc double", flat, sizeof(flat));
        MPI_Allreduce(pairs, got, N, MPI_2INT, op ? MPI_MINLOC : MPI_MAXLOC, MPI_COMM_WORLD);
        say(op ? "minloc int" : "maxloc int", got, sizeof(got));
    }
}

// Not commutative: composes i -> a i + b, modulo a prime.
static void compose(void *left, void *right, int *n, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *n; i++) {
        int64_t *x = (int64_t *)left + 2 * i, *y = (int64_t *)right + 2 * i;
        int64_t a = x[0] * y[0] % 10007, b = (x[1] * y[0] + y[1]) % 10007;
        y[0] = a;
        y[1] = b;
    }
}

static void user_operations(void)
{
    MPI_Op op;
    MPI_Datatype pair;
    int64_t in[2 * N], out[2 * N];
    char name[40];
    MPI_Type_contiguous(2, MPI_INT64_T, &pair);
    MPI_Type_commit(&pair);
    MPI_Op_create(compose, 0, &op);
    for (int i = 0; i < 2 * N; i++) {
        in[i] = 3 + (i * 13 + rank * 101) % 5003;
    }
    MPI_Allreduce(in, out, N, pair, op, MPI_COMM_WORLD);
    say("user allreduce", out, sizeof(out));
    for (int root = 0; root < size; root++) {
        memset(out, 0, sizeof(out));
        MPI_Reduce(in, out, N, pair, op, root, MPI_COMM_WORLD);
        snprintf(name, sizeof(name), "user reduce to %d", root);
        say(name, out, sizeof(out));
    }
    MPI_Scan(in, out, N, pair, op, MPI_COMM_WORLD);
    say("user scan", out, sizeof(out));
    MPI_Op_free(&op);
    MPI_Type_free(&pair);
}

static void movements(void)
{
    int *in = calloc((size_t)(size * LARGE), sizeof(int)), *counts = calloc((size_t)size, 4);
    int *out = calloc((size_t)(size * LARGE), sizeof(int)), *displs = calloc((size_t)size, 4);
    int *counts2 = calloc((size_t)size, 4), *displs2 = calloc((size_t)size, 4);
    MPI_Datatype *types = calloc((size_t)size, sizeof(MPI_Datatype));
    size_t all = (size_t)(size * LARGE) * sizeof(int);
    char name[60];
    static const int sizes[] = {0, 1, 10, 700, LARGE};
    for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
        int n = sizes[s];
        for (int root = 0; root < size; root++) {
            for (int i = 0; i < size * LARGE; i++) {
                in[i] = i * 3 + rank * 1000003;
            }
#define SHOW(what)                                                    \
    snprintf(name, sizeof(name), "%s of %d, root %d", what, n, root); \
    say(name, out, all);                                              \
    memset(out, 0, all)
            memcpy(out, in, all);
            MPI_Bcast(out, n, MPI_INT, root, MPI_COMM_WORLD);
            SHOW("bcast");
            MPI_Gather(in, n, MPI_INT, out, n, MPI_INT, root, MPI_COMM_WORLD);
            SHOW("gather");
            MPI_Scatter(in, n, MPI_INT, out, n, MPI_INT, root, MPI_COMM_WORLD);
            SHOW("scatter");
            for (int r = 0, at = 0; r < size; r++) {
                counts[r] = n > 3 ? n - r : n;
                displs[r] = at;
                at += counts[r];
            }
            MPI_Gatherv(in, counts[rank], MPI_INT, out, counts, displs, MPI_INT, root,
                        MPI_COMM_WORLD);
            SHOW("gatherv");
            MPI_Scatterv(in, counts, displs, MPI_INT, out, counts[rank], MPI_INT, root,
                         MPI_COMM_WORLD);
            SHOW("scatterv");
        }
        int root = 0;
        MPI_Allgather(in, n, MPI_INT, out, n, MPI_INT, MPI_COMM_WORLD);
        SHOW("allgather");
        MPI_Allgatherv(in, counts[rank], MPI_INT, out, counts, displs, MPI_INT, MPI_COMM_WORLD);
        SHOW("allgatherv");
        MPI_Alltoall(in, n, MPI_INT, out, n, MPI_INT, MPI_COMM_WORLD);
        SHOW("alltoall");
        memcpy(out, in, all);
        MPI_Alltoall(MPI_IN_PLACE, n, MPI_INT, out, n, MPI_INT, MPI_COMM_WORLD);
        SHOW("alltoall in place");
        for (int r = 0; r < size; r++) {
            counts[r] = n * (rank + r) / (2 * size); // the same both ways
            displs[r] = r * LARGE;
            counts2[r] = counts[r];
            displs2[r] = (size - 1 - r) * LARGE;
        }
        MPI_Alltoallv(in, counts, displs, MPI_INT, out, counts2, displs2, MPI_INT, MPI_COMM_WORLD);
        SHOW("alltoallv");
        for (int r = 0; r < size; r++) {
            displs[r] *= 4;
            displs2[r] *= 4;
            types[r] = MPI_INT;
        }
        MPI_Alltoallw(in, counts, displs, types, out, counts2, displs2, types, MPI_COMM_WORLD);
        SHOW("alltoallw");
    }
    free(in);
    free(out);
    free(counts);
    free(displs);
    free(counts2);
    free(displs2);
    free(types);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Op list[] = {MPI_MAX,  MPI_MIN, MPI_SUM, MPI_PROD, MPI_LAND,
                     MPI_BAND, MPI_LOR, MPI_BOR, MPI_LXOR, MPI_BXOR};
    memcpy(ops, list, sizeof(ops));
    reductions("signed char", MPI_SIGNED_CHAR, 1, INTEGER, set_char);
    reductions("unsigned char", MPI_UNSIGNED_CHAR, 1, INTEGER, set_uchar);
    reductions("short", MPI_SHORT, 2, INTEGER, set_short);
    reductions("unsigned short", MPI_UNSIGNED_SHORT, 2, INTEGER, set_short);
    reductions("int", MPI_INT, 4, INTEGER, set_int);
    reductions("unsigned", MPI_UNSIGNED, 4, INTEGER, set_int);
    reductions("long", MPI_LONG, 8, INTEGER, set_long);
    reductions("unsigned long", MPI_UNSIGNED_LONG, 8, INTEGER, set_long);
    reductions("long long", MPI_LONG_LONG, 8, INTEGER, set_long);
    reductions("int8", MPI_INT8_T, 1, INTEGER, set_char);
    reductions("uint16", MPI_UINT16_T, 2, INTEGER, set_short);
    reductions("int32", MPI_INT32_T, 4, INTEGER, set_int);
    reductions("uint64", MPI_UINT64_T, 8, INTEGER, set_long);
    reductions("aint", MPI_AINT, 8, INTEGER, set_long);
    reductions("offset", MPI_OFFSET, 8, INTEGER, set_long);
    reductions("count", MPI_COUNT, 8, INTEGER, set_long);
    reductions("float", MPI_FLOAT, 4, FLOATING, set_float);
    reductions("double", MPI_DOUBLE, 8, FLOATING, set_double);
    reductions("bool", MPI_C_BOOL, 1, LOGICAL, set_bool);
    reductions("double complex", MPI_C_DOUBLE_COMPLEX, 16, COMPLEX, set_double_complex);
    reductions("float complex", MPI_C_FLOAT_COMPLEX, 8, COMPLEX, set_float_complex);
    reductions("byte", MPI_BYTE, 1, BYTES, set_uchar);
    locations();
    user_operations();
    movements();
    MPI_Finalize();
    return 0;
}
