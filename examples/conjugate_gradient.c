// SPDX-License-Identifier: MIT
// Conjugate gradients: solves A x = b for a sparse matrix whose rows are shared out to the ranks.
//
//     mprun -n 4 examples/conjugate_gradient           a cube of 32 x 32 x 32 unknowns
//     mprun -n 2 examples/conjugate_gradient 64 500 9  SIDE, at most so many iterations, solved 9
//     times
//
// One idea: who needs what follows from the matrix. A rank has some rows of the matrix and the same
// rows of each vector. The columns of its rows say which elements of others it needs; it asks for
// them once, and from then on every multiplication sends each neighbour the elements on its list.
// Nothing after build_matrix() knows that the unknowns lie in a cube.
//
// Each unknown is coupled to its 26 neighbours, and b is chosen so that the solution is known: the
// program compares every element. Sums over all ranks are one MPI_Allreduce each.
//
// Read main() first, then plan_exchange() and multiply().

#include "usage.h"

#include <limits.h>
#include <math.h>

#define TOLERANCE 1e-10 // of the residual, relative to that of x = 0

// Compressed rows: row i has the entries from start[i] up to start[i + 1]. A column is a local
// number: first this rank's elements, then those that are fetched from others.
struct matrix {
    int rows, first_row; // this rank's
    int *start, *column;
    double *value;
};

// What this rank sends and receives in a multiplication; both are ordered by peer.
struct exchange {
    int peers_to, peers_from;
    int *to, *from;                  // the peers
    int *send_start, *receive_start; // where each one's part begins; one more than peers
    int *element;                    // local numbers of what is sent
    double *send;                    // room to gather it
    MPI_Request *requests;
    MPI_Status *statuses;
};

static int rank, size;
static double communicating;

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);
    if (!memory) {
        fprintf(stderr, "conjugate_gradient: out of memory\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
        exit(1);
    }
    return memory;
}

static int first_row_of(int owner, int all_rows)
{
    return (int)((long)all_rows * owner / size);
}

static int owner_of(int row, int all_rows)
{
    int owner = (int)((long)row * size / all_rows);
    while (first_row_of(owner, all_rows) > row) {
        owner--;
    }
    while (first_row_of(owner + 1, all_rows) <= row) {
        owner++;
    }
    return owner;
}

// This rank's rows, with global columns: 27 on the diagonal, -1 for each neighbour in the cube.
static void build_matrix(struct matrix *a, int side)
{
    int all_rows = side * side * side, n = 0;
    a->first_row = first_row_of(rank, all_rows);
    a->rows = first_row_of(rank + 1, all_rows) - a->first_row;
    a->start = allocate((size_t)a->rows + 1, sizeof *a->start);
    a->column = allocate((size_t)a->rows * 27, sizeof *a->column);
    a->value = allocate((size_t)a->rows * 27, sizeof *a->value);
    for (int i = 0; i < a->rows; i++) {
        int row = a->first_row + i, x = row / side / side, y = row / side % side, z = row % side;
        for (int u = x - 1; u <= x + 1; u++) {
            for (int v = y - 1; v <= y + 1; v++) {
                for (int w = z - 1; w <= z + 1; w++) {
                    if (u >= 0 && u < side && v >= 0 && v < side && w >= 0 && w < side) {
                        a->column[n] = (u * side + v) * side + w;
                        a->value[n++] = u == x && v == y && w == z ? 27 : -1;
                    }
                }
            }
        }
        a->start[i + 1] = n;
    }
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

// Makes the peers' list and the places where their parts begin from counts by rank.
static int list_peers(const int *counts, int **peers, int **start)
{
    int n = 0;
    *peers = allocate((size_t)size, sizeof **peers);
    *start = allocate((size_t)size + 1, sizeof **start);
    for (int r = 0; r < size; r++) {
        if (counts[r]) {
            (*peers)[n] = r;
            (*start)[n + 1] = (*start)[n] + counts[r];
            n++;
        }
    }
    return n;
}

// Turns the columns into local numbers and agrees with the other ranks on who sends what. Returns
// how many elements are fetched.
static int plan_exchange(struct matrix *a, struct exchange *e, int all_rows)
{
    int entries = a->start[a->rows], n = 0, fetched = 0;
    int *needed = allocate((size_t)entries, sizeof *needed);
    for (int k = 0; k < entries; k++) {
        if (a->column[k] < a->first_row || a->column[k] >= a->first_row + a->rows) {
            needed[n++] = a->column[k];
        }
    }
    qsort(needed, (size_t)n, sizeof *needed, ascending);
    int *asked = allocate((size_t)size, sizeof *asked),
        *given = allocate((size_t)size, sizeof *given);
    for (int k = 0; k < n; k++) {
        if (k == 0 || needed[k] != needed[k - 1]) {
            asked[owner_of(needed[k], all_rows)]++;
            needed[fetched++] = needed[k];
        }
    }
    for (int k = 0; k < entries; k++) {
        int local = a->column[k] - a->first_row;
        if (local < 0 || local >= a->rows) {
            int *found = bsearch(&a->column[k], needed, (size_t)fetched, sizeof *needed, ascending);
            local = a->rows + (int)(found - needed);
        }
        a->column[k] = local;
    }

    MPI_Alltoall(asked, 1, MPI_INT, given, 1, MPI_INT, MPI_COMM_WORLD);
    e->peers_from = list_peers(asked, &e->from, &e->receive_start);
    e->peers_to = list_peers(given, &e->to, &e->send_start);
    int sent = e->send_start[e->peers_to];
    e->element = allocate((size_t)sent, sizeof *e->element);
    e->send = allocate((size_t)sent, sizeof *e->send);
    e->requests = allocate((size_t)(e->peers_to + e->peers_from), sizeof *e->requests);
    e->statuses = allocate((size_t)(e->peers_to + e->peers_from), sizeof *e->statuses);

    // What is asked for, by number, goes to its owner.
    int *ask_at = allocate((size_t)size, sizeof *ask_at),
        *give_at = allocate((size_t)size, sizeof *give_at);
    for (int r = 1; r < size; r++) {
        ask_at[r] = ask_at[r - 1] + asked[r - 1];
        give_at[r] = give_at[r - 1] + given[r - 1];
    }
    MPI_Alltoallv(needed, asked, ask_at, MPI_INT, e->element, given, give_at, MPI_INT,
                  MPI_COMM_WORLD);
    for (int k = 0; k < sent; k++) {
        e->element[k] -= a->first_row;
    }
    free(needed);
    free(asked);
    free(given);
    free(ask_at);
    free(give_at);
    return fetched;
}

static void free_all(struct matrix *a, struct exchange *e)
{
    free(a->start);
    free(a->column);
    free(a->value);
    free(e->to);
    free(e->from);
    free(e->send_start);
    free(e->receive_start);
    free(e->element);
    free(e->send);
    free(e->requests);
    free(e->statuses);
}

// Fetches the elements of x that others have, to behind this rank's own.
static void fetch(const struct matrix *a, const struct exchange *e, double *x)
{
    MPI_Request *request = e->requests;
    for (int p = 0; p < e->peers_from; p++) {
        MPI_Irecv(x + a->rows + e->receive_start[p], e->receive_start[p + 1] - e->receive_start[p],
                  MPI_DOUBLE, e->from[p], 1, MPI_COMM_WORLD, request++);
    }
    for (int p = 0; p < e->peers_to; p++) {
        for (int k = e->send_start[p]; k < e->send_start[p + 1]; k++) {
            e->send[k] = x[e->element[k]];
        }
        MPI_Isend(e->send + e->send_start[p], e->send_start[p + 1] - e->send_start[p], MPI_DOUBLE,
                  e->to[p], 1, MPI_COMM_WORLD, request++);
    }
    MPI_Waitall(e->peers_from + e->peers_to, e->requests, e->statuses);
}

static void multiply_rows(const struct matrix *a, const double *restrict x, double *restrict result)
{
    for (int i = 0; i < a->rows; i++) {
        double sum = 0;
        for (int k = a->start[i]; k < a->start[i + 1]; k++) {
            sum += a->value[k] * x[a->column[k]];
        }
        result[i] = sum;
    }
}

// result = A x
static void multiply(const struct matrix *a, const struct exchange *e, double *x, double *result)
{
    double start = MPI_Wtime();
    fetch(a, e, x);
    communicating += MPI_Wtime() - start;
    multiply_rows(a, x, result);
}

static double add_products(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

// The dot product of two vectors that all ranks have parts of.
static double dot(int n, const double *a, const double *b)
{
    double mine = add_products(n, a, b), all, start = MPI_Wtime();
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    communicating += MPI_Wtime() - start;
    return all;
}

static double solution(int row)
{
    return 1 + sin(row * 0.01);
}

static const char usage[] =
    "Usage: mprun [-n RANKS] conjugate_gradient [SIDE [ITERATIONS [SOLVES]]]\n"
    "Solves a sparse system of SIDE^3 unknowns (default 32), in at most ITERATIONS (default "
    "1000),\n"
    "SOLVES times (default 1). Compares with the exact solution.\n";

enum { SIDE, ITERATIONS, SOLVES, NUMBERS };

// On rank 0.
static enum verdict parse(int argc, char **argv, int numbers[NUMBERS])
{
    static const char *const names[NUMBERS] = {"SIDE", "ITERATIONS", "SOLVES"};
    static const int most[NUMBERS] = {400, INT_MAX, INT_MAX}; // 27 entries a row, counted by ints
    enum verdict verdict =
        read_numbers("conjugate_gradient", argc, argv, usage, NUMBERS, names, most, numbers);
    int side = numbers[SIDE];
    if (verdict == GO && side * side * side < size) {
        fprintf(stderr, "conjugate_gradient: SIDE %d: these rows cannot be shared by %d ranks\n",
                side, size);
        verdict = BAD_INPUT;
    }
    return verdict;
}

int main(int argc, char **argv)
{
    int numbers[NUMBERS] = {32, 1000, 1}, verdict = GO;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == 0) {
        verdict = (int)parse(argc, argv, numbers);
    }
    MPI_Bcast(&verdict, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (verdict != GO) {
        MPI_Finalize();
        return status_of((enum verdict)verdict);
    }
    MPI_Bcast(numbers, NUMBERS, MPI_INT, 0, MPI_COMM_WORLD);
    const int side = numbers[SIDE], most = numbers[ITERATIONS], solves = numbers[SOLVES];
    struct matrix a;
    struct exchange e;
    build_matrix(&a, side);
    int fetched = plan_exchange(&a, &e, side * side * side);
    size_t n = (size_t)a.rows;
    double *x = allocate(n, sizeof *x), *residual = allocate(n, sizeof *x);
    double *product = allocate(n, sizeof *x), *direction = allocate(n + (size_t)fetched, sizeof *x);

    // b = A solution.
    double *b = allocate(n, sizeof *b);
    for (int i = 0; i < a.rows; i++) {
        direction[i] = solution(a.first_row + i);
    }
    multiply(&a, &e, direction, b);

    communicating = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime(), first = 0, square = 0;
    int iterations = 0;
    for (int solve = 0; solve < solves; solve++) {
        // x starts as 0, so b is the first residual and the first direction.
        for (int i = 0; i < a.rows; i++) {
            x[i] = 0;
            residual[i] = direction[i] = b[i];
        }
        first = square = dot(a.rows, residual, residual);
        for (iterations = 0; iterations < most && square > TOLERANCE * TOLERANCE * first;
             iterations++) {
            multiply(&a, &e, direction, product);
            double step = square / dot(a.rows, direction, product);
            for (int i = 0; i < a.rows; i++) {
                x[i] += step * direction[i];
                residual[i] -= step * product[i];
            }
            double next = dot(a.rows, residual, residual), beta = next / square;
            for (int i = 0; i < a.rows; i++) {
                direction[i] = residual[i] + beta * direction[i];
            }
            square = next;
        }
    }
    double total = MPI_Wtime() - start;
    double mine[] = {total - communicating, communicating, total}, seconds[3], error = 0, largest;
    MPI_Reduce(mine, seconds, 3, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    for (int i = 0; i < a.rows; i++) {
        error = fmax(error, fabs(x[i] - solution(a.first_row + i)));
    }
    MPI_Allreduce(&error, &largest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    int right = square <= TOLERANCE * TOLERANCE * first && largest < 1e-8;
    if (rank == 0) {
        printf("%d unknowns, %d iterations\n", side * side * side, iterations);
        printf("%s: largest error %s 1e-8\n", right ? "right" : "WRONG",
               largest < 1e-8 ? "under" : "not under");
        printf("seconds: computing %.6f communicating %.6f total %.6f\n", seconds[0], seconds[1],
               seconds[2]);
        fflush(stdout); // before the ranks of a wrong run exit with 1, which ends the job
    }
    free(x);
    free(residual);
    free(product);
    free(direction);
    free(b);
    free_all(&a, &e);
    MPI_Finalize();
    return right ? 0 : 1;
}
