// SPDX-License-Identifier: MIT
// Transfers between two ranks of what is not contiguous: a column of a matrix (131072 blocks of 8
// bytes, 1 MB of data), the same into a contiguous buffer, faces of a box, scattered values. What
// arrives is checked.
//     mprun -n 2 tests/bench/strided
// Read next: bench.h.
#include "bench.h"

enum {
    ROWS = 131072, // of the matrix, of COLUMNS values each
    COLUMNS = 16,
    SIDE = 128, // of the box
    SCATTERED = 65536,
};

static double *matrix, *packed;
static MPI_Datatype send_type, receive_type;
static int receive_count, peer;
static void *receive_at;

static void ping_pong(int count)
{
    for (int i = 0; i < count; i++) {
        if (bench_rank == 0) {
            MPI_Send(matrix, 1, send_type, peer, 1, MPI_COMM_WORLD);
            MPI_Recv(receive_at, receive_count, receive_type, peer, 1, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(receive_at, receive_count, receive_type, peer, 1, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
            MPI_Send(matrix, 1, send_type, peer, 1, MPI_COMM_WORLD);
        }
    }
}

// Rank 1's matrix receives rank 0's elements, which know their places; `type` of one that is
// received in another way selects which.
static void check(const char *figure, MPI_Datatype type, int values)
{
    size_t elements = (size_t)ROWS * COLUMNS;
    double *place = bench_allocate(elements * sizeof *place);
    double *expected = bench_allocate((size_t)values * sizeof *expected);
    double *found = bench_allocate((size_t)values * sizeof *found);
    int bytes = values * (int)sizeof(double), position = 0, wrong = 0;
    for (size_t i = 0; i < elements; i++) {
        place[i] = (double)i;
        matrix[i] = bench_rank == 0 ? (double)i : -1;
    }
    MPI_Pack(place, 1, type, expected, bytes, &position, MPI_COMM_WORLD);
    if (bench_rank == 0) {
        MPI_Send(matrix, 1, type, peer, 1, MPI_COMM_WORLD);
    } else {
        MPI_Recv(receive_at, receive_count, receive_type, peer, 1, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
        position = 0;
        MPI_Pack(receive_at, receive_count, receive_type, found, bytes, &position, MPI_COMM_WORLD);
        for (int i = 0; i < values; i++) {
            wrong += found[i] != expected[i];
        }
    }
    if (wrong) {
        fprintf(stderr, "%s: %d of %d values are wrong\n", figure, wrong, values);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    free(place);
    free(expected);
    free(found);
}

static void measure(const char *figure, MPI_Datatype type, int contiguous)
{
    int bytes;
    MPI_Type_commit(&type);
    MPI_Type_size(type, &bytes);
    int values = bytes / (int)sizeof(double);
    send_type = type;
    receive_type = contiguous ? MPI_DOUBLE : type;
    receive_count = contiguous ? values : 1;
    receive_at = contiguous ? packed : matrix;
    check(figure, type, values);
    bench_run(&(struct bench){figure, bytes, "us", 0.5e6, ping_pong, NULL, 0, (size_t)bytes});
    MPI_Type_free(&type);
}

static MPI_Datatype column(int rows)
{
    MPI_Datatype type;
    MPI_Type_vector(rows, 1, COLUMNS, MPI_DOUBLE, &type);
    return type;
}

static MPI_Datatype face(int normal)
{
    MPI_Datatype type;
    int sizes[] = {SIDE, SIDE, SIDE}, part[] = {SIDE, SIDE, SIDE}, start[] = {0, 0, 0};
    part[normal] = 1;
    start[normal] = 1;
    MPI_Type_create_subarray(3, sizes, part, start, MPI_ORDER_C, MPI_DOUBLE, &type);
    return type;
}

static MPI_Datatype scattered(void)
{
    static int places[SCATTERED];
    MPI_Datatype type;
    unsigned seed = 7;
    for (int i = 0, at = 0; i < SCATTERED; i++) {
        seed = seed * 1664525u + 1013904223u;
        places[i] = at;
        at += 1 + (int)(seed >> 16) % 30;
    }
    MPI_Type_create_indexed_block(SCATTERED, 1, places, MPI_DOUBLE, &type);
    return type;
}

int main(int argc, char **argv)
{
    bench_start(&argc, &argv, MPI_THREAD_SINGLE);
    if (bench_size != 2) {
        fprintf(stderr, "strided needs 2 ranks, not %d\n", bench_size);
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    peer = 1 - bench_rank;
    matrix = bench_allocate((size_t)ROWS * COLUMNS * sizeof *matrix);
    packed = bench_allocate((size_t)ROWS * COLUMNS * sizeof *packed);
    measure("column", column(512), 0);
    measure("column", column(8192), 0);
    measure("column", column(ROWS), 0);
    measure("column_to_contiguous", column(ROWS), 1);
    measure("face_of_columns", face(2), 0);
    measure("face_of_rows", face(1), 0);
    measure("scattered", scattered(), 0);
    free(matrix);
    free(packed);
    MPI_Finalize();
    return 0;
}
