// SPDX-License-Identifier: MIT
// Packing and unpacking of common shapes by MPI_Pack and MPI_Unpack and by the loop that one would
// write by hand, in turn. A line of output per repetition, as bench.h has it; raw is the loop's
// time. Builds with any MPI.
//     mprun -n 1 tests/bench/pack [REPETITIONS] [FIGURE]
#include <mpi.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 131072, // of the matrix whose column has 1 MiB
    COLUMNS = 16,  // in each row
    SMALL = 512,   // rows and columns of the small matrix
    NX = 258,
    NY = 258,
    NZ = 34, // a box of cells with one layer of halo, nz fastest
    POINTS = 131072,
    REACH = 3, // indexed blocks, and their mean distance
    RECORDS = 70000,
};

struct record {
    int number;
    double value;
    char tag[3];
};

static double *box;
static int *places;
static struct record *records;

#define BY_HAND __attribute__((noinline)) static

// ---- The shapes: a type and the two loops, each over the same memory

BY_HAND void pack_column(char *out)
{
    double *to = (double *)(void *)out;
    for (int i = 0; i < ROWS; i++)
        to[i] = box[(size_t)i * COLUMNS + 5];
}

BY_HAND void unpack_column(const char *in)
{
    const double *from = (const double *)(const void *)in;
    for (int i = 0; i < ROWS; i++)
        box[(size_t)i * COLUMNS + 5] = from[i];
}

static MPI_Datatype column(void)
{
    MPI_Datatype type;
    int sizes[] = {ROWS, COLUMNS}, part[] = {ROWS, 1}, start[] = {0, 5};
    MPI_Type_create_subarray(2, sizes, part, start, MPI_ORDER_C, MPI_DOUBLE, &type);
    return type;
}

BY_HAND void pack_small(char *out)
{
    double *to = (double *)(void *)out;
    for (int i = 0; i < SMALL; i++)
        to[i] = box[(size_t)i * SMALL];
}

BY_HAND void unpack_small(const char *in)
{
    const double *from = (const double *)(const void *)in;
    for (int i = 0; i < SMALL; i++)
        box[(size_t)i * SMALL] = from[i];
}

static MPI_Datatype small(void)
{
    MPI_Datatype type;
    MPI_Type_vector(SMALL, 1, SMALL, MPI_DOUBLE, &type);
    return type;
}

#define CELL(x, y, z) box[((size_t)(x)*NY + (y)) * NZ + (z)]

// All cells of one z: single values.
BY_HAND void pack_face_z(char *out)
{
    double *to = (double *)(void *)out;
    for (int x = 1; x < NX - 1; x++)
        for (int y = 1; y < NY - 1; y++)
            *to++ = CELL(x, y, 1);
}

BY_HAND void unpack_face_z(const char *in)
{
    const double *from = (const double *)(const void *)in;
    for (int x = 1; x < NX - 1; x++)
        for (int y = 1; y < NY - 1; y++)
            CELL(x, y, 1) = *from++;
}

static MPI_Datatype face_z(void)
{
    MPI_Datatype type;
    int sizes[] = {NX, NY, NZ}, part[] = {NX - 2, NY - 2, 1}, start[] = {1, 1, 1};
    MPI_Type_create_subarray(3, sizes, part, start, MPI_ORDER_C, MPI_DOUBLE, &type);
    return type;
}

// All cells of one y: short rows.
BY_HAND void pack_face_y(char *out)
{
    double *to = (double *)(void *)out;
    for (int x = 1; x < NX - 1; x++)
        for (int z = 1; z < NZ - 1; z++)
            *to++ = CELL(x, 1, z);
}

BY_HAND void unpack_face_y(const char *in)
{
    const double *from = (const double *)(const void *)in;
    for (int x = 1; x < NX - 1; x++)
        for (int z = 1; z < NZ - 1; z++)
            CELL(x, 1, z) = *from++;
}

static MPI_Datatype face_y(void)
{
    MPI_Datatype type;
    int sizes[] = {NX, NY, NZ}, part[] = {NX - 2, 1, NZ - 2}, start[] = {1, 1, 1};
    MPI_Type_create_subarray(3, sizes, part, start, MPI_ORDER_C, MPI_DOUBLE, &type);
    return type;
}

BY_HAND void pack_indexed(char *out)
{
    double *to = (double *)(void *)out;
    for (int i = 0; i < POINTS; i++)
        to[i] = box[places[i]];
}

BY_HAND void unpack_indexed(const char *in)
{
    const double *from = (const double *)(const void *)in;
    for (int i = 0; i < POINTS; i++)
        box[places[i]] = from[i];
}

static MPI_Datatype indexed(void)
{
    MPI_Datatype type;
    MPI_Type_create_indexed_block(POINTS, 1, places, MPI_DOUBLE, &type);
    return type;
}

enum { RECORD_BYTES = sizeof(int) + sizeof(double) + 3 };

BY_HAND void pack_structs(char *out)
{
    for (int i = 0; i < RECORDS; i++, out += RECORD_BYTES) {
        memcpy(out, &records[i].number, sizeof(int));
        memcpy(out + sizeof(int), &records[i].value, sizeof(double));
        memcpy(out + sizeof(int) + sizeof(double), records[i].tag, 3);
    }
}

BY_HAND void unpack_structs(const char *in)
{
    for (int i = 0; i < RECORDS; i++, in += RECORD_BYTES) {
        memcpy(&records[i].number, in, sizeof(int));
        memcpy(&records[i].value, in + sizeof(int), sizeof(double));
        memcpy(records[i].tag, in + sizeof(int) + sizeof(double), 3);
    }
}

static MPI_Datatype structs(void)
{
    MPI_Datatype one, type;
    int lengths[] = {1, 1, 3};
    MPI_Aint places_of[] = {offsetof(struct record, number), offsetof(struct record, value),
                            offsetof(struct record, tag)};
    MPI_Datatype types[] = {MPI_INT, MPI_DOUBLE, MPI_CHAR};
    MPI_Type_create_struct(3, lengths, places_of, types, &one);
    MPI_Type_create_resized(one, 0, sizeof(struct record), &type);
    MPI_Type_free(&one);
    return type;
}

static const struct shape {
    const char *name;
    MPI_Datatype (*type)(void);
    int count;
    void (*pack)(char *);
    void (*unpack)(const char *);
} shapes[] = {
    {"column", column, 1, pack_column, unpack_column},
    {"small_column", small, 1, pack_small, unpack_small},
    {"face_z", face_z, 1, pack_face_z, unpack_face_z},
    {"face_y", face_y, 1, pack_face_y, unpack_face_y},
    {"indexed", indexed, 1, pack_indexed, unpack_indexed},
    {"structs", structs, RECORDS, pack_structs, unpack_structs},
};

// ---- Measuring

static void fill(void *memory, size_t bytes)
{
    unsigned char *byte = memory;
    for (size_t i = 0; i < bytes; i++)
        byte[i] = (unsigned char)(i * 2654435761u >> 16);
}

// One way of one shape; short ones several times in a row, as one sample.
static void measure(const struct shape *shape, int unpacking, int repetitions)
{
    MPI_Datatype type = shape->type();
    int bytes, position;
    MPI_Type_commit(&type);
    MPI_Pack_size(shape->count, type, MPI_COMM_SELF, &bytes);
    char *packed = malloc((size_t)bytes), *expected = malloc((size_t)bytes);
    void *memory = shape->type == structs ? (void *)records : (void *)box;
    int times = bytes < 65536 ? 50 : 1;
    fill(packed, (size_t)bytes);

    for (int i = -2; i < repetitions; i++) {
        double begin = MPI_Wtime();
        for (int k = 0; k < times; k++) {
            position = 0;
            if (unpacking)
                MPI_Unpack(packed, bytes, &position, memory, shape->count, type, MPI_COMM_SELF);
            else
                MPI_Pack(memory, shape->count, type, packed, bytes, &position, MPI_COMM_SELF);
        }
        double middle = MPI_Wtime();
        for (int k = 0; k < times; k++) {
            if (unpacking)
                shape->unpack(packed);
            else
                shape->pack(packed);
        }
        double end = MPI_Wtime();
        if (i >= 0) {
            printf("%s_%s 0 %.4g us 0 0 %.4g\n", unpacking ? "unpack" : "pack", shape->name,
                   (middle - begin) * 1e6 / times, (end - middle) * 1e6 / times);
        }
    }
    shape->pack(expected);
    position = 0;
    MPI_Pack(memory, shape->count, type, packed, bytes, &position, MPI_COMM_SELF);
    if (memcmp(packed, expected, (size_t)bytes) != 0) {
        fprintf(stderr, "%s: the library and the loop disagree\n", shape->name);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    fflush(stdout);
    MPI_Type_free(&type);
    free(packed);
    free(expected);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int repetitions = argc > 1 ? atoi(argv[1]) : 50;
    size_t doubles = (size_t)NX * NY * NZ;
    if (doubles < (size_t)ROWS * COLUMNS)
        doubles = (size_t)ROWS * COLUMNS;
    box = malloc(doubles * sizeof *box);
    records = malloc(RECORDS * sizeof *records);
    places = malloc(POINTS * sizeof *places);
    fill(box, doubles * sizeof *box);
    fill(records, RECORDS * sizeof *records);
    unsigned seed = 7;
    for (int i = 0, at = 0; i < POINTS; i++) {
        seed = seed * 1664525u + 1013904223u;
        places[i] = at;
        at += 1 + (int)(seed >> 16) % (2 * REACH - 1);
    }
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (argc > 2 && strcmp(argv[2], shapes[i].name) != 0)
            continue;
        measure(&shapes[i], 0, repetitions);
        measure(&shapes[i], 1, repetitions);
    }
    free(box);
    free(records);
    free(places);
    MPI_Finalize();
    return 0;
}
