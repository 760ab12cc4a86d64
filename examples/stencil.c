// SPDX-License-Identifier: MIT
// A 3-D stencil: Jacobi's iteration, each cell becoming the mean of its six neighbours, in a box
// that is periodic in all directions and cut into one block per rank.
//
//     mprun -n 4 examples/stencil                 a box of 64 x 64 x 64 cells, 100 iterations
//     mprun -n 2 examples/stencil 32 16 16 10000  NX NY NZ ITERATIONS
//
// One idea: a halo is described, not copied. Each block is stored with one layer of the neighbours'
// cells around it. Datatypes say where a face lies in memory, so that six receives and six sends
// per iteration move the faces, strided or not, and no line of this program packs anything.
//
// The box starts as a sum of two waves. Jacobi's iteration multiplies a wave by a number that is
// known, so the exact result is too: the program compares every cell, and the sum of the squared
// changes, which the ranks add up every tenth iteration as a solver would to decide when to stop.
//
// Read main() first, then exchange() and relax().

#include "usage.h"

#include <limits.h>
#include <math.h>

enum { X, Y, Z, DIMENSIONS, CHECK_EVERY = 10 };

// A wave runs `periods` times through the box in each direction.
struct wave {
    int periods[DIMENSIONS];
    double phase, height;
};
static const struct wave WAVES[] = {{{1, 1, 1}, 0.3, 1.0}, {{2, 0, 1}, 1.1, 0.5}};

struct block {
    MPI_Comm comm;                            // the grid of ranks
    int ranks[DIMENSIONS];                    // how many there are in each direction
    int box[DIMENSIONS];                      // cells of the whole box
    int first[DIMENSIONS], cells[DIMENSIONS]; // this rank's part of it
    int neighbour[DIMENSIONS][2];             // below and above
    MPI_Datatype send[DIMENSIONS][2], receive[DIMENSIONS][2];
    double *now, *next; // (cells + 2) in each direction, z running fastest
};

static inline size_t at(const struct block *b, int x, int y, int z)
{
    return ((size_t)x * (size_t)(b->cells[Y] + 2) + (size_t)y) * (size_t)(b->cells[Z] + 2) +
           (size_t)z;
}

// One layer of cells across direction d, number `layer` of those stored.
static MPI_Datatype face(const struct block *b, int d, int layer)
{
    int stored[DIMENSIONS], part[DIMENSIONS], start[DIMENSIONS];
    for (int i = 0; i < DIMENSIONS; i++) {
        stored[i] = b->cells[i] + 2;
        part[i] = i == d ? 1 : b->cells[i];
        start[i] = i == d ? layer : 1;
    }
    MPI_Datatype type;
    MPI_Type_create_subarray(DIMENSIONS, stored, part, start, MPI_ORDER_C, MPI_DOUBLE, &type);
    MPI_Type_commit(&type);
    return type;
}

static void set_up(struct block *b)
{
    int rank, periodic[DIMENSIONS] = {1, 1, 1}, mine[DIMENSIONS];
    MPI_Cart_create(MPI_COMM_WORLD, DIMENSIONS, b->ranks, periodic, 1, &b->comm);
    MPI_Comm_rank(b->comm, &rank);
    MPI_Cart_coords(b->comm, rank, DIMENSIONS, mine);
    for (int d = 0; d < DIMENSIONS; d++) {
        long box = b->box[d];
        b->first[d] = (int)(box * mine[d] / b->ranks[d]);
        b->cells[d] = (int)(box * (mine[d] + 1) / b->ranks[d]) - b->first[d];
        MPI_Cart_shift(b->comm, d, 1, &b->neighbour[d][0], &b->neighbour[d][1]);
    }
    size_t cells = at(b, b->cells[X] + 2, 0, 0);
    b->now = calloc(cells, sizeof *b->now);
    b->next = calloc(cells, sizeof *b->next);
    if (!b->now || !b->next) {
        fprintf(stderr, "stencil: out of memory\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    for (int d = 0; d < DIMENSIONS; d++) {
        b->send[d][0] = face(b, d, 1);
        b->send[d][1] = face(b, d, b->cells[d]);
        b->receive[d][0] = face(b, d, 0);
        b->receive[d][1] = face(b, d, b->cells[d] + 1);
    }
}

static void tear_down(struct block *b)
{
    for (int d = 0; d < DIMENSIONS; d++) {
        for (int side = 0; side < 2; side++) {
            MPI_Type_free(&b->send[d][side]);
            MPI_Type_free(&b->receive[d][side]);
        }
    }
    free(b->now);
    free(b->next);
    MPI_Comm_free(&b->comm);
}

// Fetches the neighbours' outermost cells. A message is tagged with the side that it arrives on,
// for with two ranks in a direction the neighbours below and above are the same one.
static void exchange(const struct block *b)
{
    MPI_Request requests[4 * DIMENSIONS], *request = requests;
    MPI_Status statuses[4 * DIMENSIONS];
    for (int d = 0; d < DIMENSIONS; d++) {
        for (int side = 0; side < 2; side++) {
            MPI_Irecv(b->now, 1, b->receive[d][side], b->neighbour[d][side], 2 * d + side, b->comm,
                      request++);
        }
    }
    for (int d = 0; d < DIMENSIONS; d++) {
        for (int side = 0; side < 2; side++) {
            MPI_Isend(b->now, 1, b->send[d][side], b->neighbour[d][side], 2 * d + 1 - side, b->comm,
                      request++);
        }
    }
    MPI_Waitall(4 * DIMENSIONS, requests, statuses);
}

static void relax(const struct block *b)
{
    size_t row = (size_t)b->cells[Z] + 2, plane = row * ((size_t)b->cells[Y] + 2);
    for (int x = 1; x <= b->cells[X]; x++) {
        for (int y = 1; y <= b->cells[Y]; y++) {
            const double *restrict from = b->now + at(b, x, y, 1);
            double *restrict to = b->next + at(b, x, y, 1);
            for (int z = 0; z < b->cells[Z]; z++) {
                const double *c = from + z;
                to[z] = (*(c - plane) + c[plane] + *(c - row) + c[row] + c[-1] + c[1]) * (1.0 / 6);
            }
        }
    }
}

// The sum of the squared changes of this rank's cells.
static double change(const struct block *b)
{
    double sum = 0;
    for (int x = 1; x <= b->cells[X]; x++) {
        for (int y = 1; y <= b->cells[Y]; y++) {
            for (int z = 1; z <= b->cells[Z]; z++) {
                double difference = b->next[at(b, x, y, z)] - b->now[at(b, x, y, z)];
                sum += difference * difference;
            }
        }
    }
    return sum;
}

// ---- What is known

static double angle(const struct block *b, const struct wave *wave, int d)
{
    return 2 * acos(-1) * wave->periods[d] / b->box[d];
}

// What one iteration multiplies a wave by.
static double damping(const struct block *b, const struct wave *wave)
{
    return (cos(angle(b, wave, X)) + cos(angle(b, wave, Y)) + cos(angle(b, wave, Z))) / 3;
}

// The waves after a number of iterations, in this rank's cell.
static double exact(const struct block *b, int x, int y, int z, int iterations)
{
    double sum = 0;
    for (size_t i = 0; i < sizeof WAVES / sizeof *WAVES; i++) {
        const struct wave *wave = &WAVES[i];
        sum += wave->height * pow(damping(b, wave), iterations) *
               cos(angle(b, wave, X) * (b->first[X] + x - 1) +
                   angle(b, wave, Y) * (b->first[Y] + y - 1) +
                   angle(b, wave, Z) * (b->first[Z] + z - 1) + wave->phase);
    }
    return sum;
}

static void fill(struct block *b)
{
    for (int x = 1; x <= b->cells[X]; x++) {
        for (int y = 1; y <= b->cells[Y]; y++) {
            for (int z = 1; z <= b->cells[Z]; z++) {
                b->now[at(b, x, y, z)] = exact(b, x, y, z, 0);
            }
        }
    }
}

static double largest_error(const struct block *b, int iterations)
{
    double most = 0, all;
    for (int x = 1; x <= b->cells[X]; x++) {
        for (int y = 1; y <= b->cells[Y]; y++) {
            for (int z = 1; z <= b->cells[Z]; z++) {
                most = fmax(most, fabs(b->now[at(b, x, y, z)] - exact(b, x, y, z, iterations)));
            }
        }
    }
    MPI_Allreduce(&most, &all, 1, MPI_DOUBLE, MPI_MAX, b->comm);
    return all;
}

static const char usage[] =
    "Usage: mprun [-n RANKS] stencil [NX NY NZ [ITERATIONS]]\n"
    "Jacobi's iteration in a periodic box of NX x NY x NZ cells (default 64 64 64), which is cut\n"
    "into one block per rank, ITERATIONS times (default 100). Compares with the exact result.\n";

enum { ITERATIONS = DIMENSIONS, NUMBERS };

// On rank 0: the box and the iterations, and whether `ranks` can share it.
static enum verdict parse(int argc, char **argv, const int ranks[DIMENSIONS], int numbers[NUMBERS])
{
    static const char *const names[NUMBERS] = {"NX", "NY", "NZ", "ITERATIONS"};
    static const int most[NUMBERS] = {1 << 20, 1 << 20, 1 << 20, INT_MAX};
    enum verdict verdict =
        read_numbers("stencil", argc, argv, usage, NUMBERS, names, most, numbers);
    for (int d = 0; d < DIMENSIONS && verdict == GO; d++) {
        if (numbers[d] < ranks[d]) {
            fprintf(stderr, "stencil: %s %d: these cells cannot be shared by %d ranks\n", names[d],
                    numbers[d], ranks[d]);
            verdict = BAD_INPUT;
        }
    }
    return verdict;
}

int main(int argc, char **argv)
{
    struct block b = {.comm = MPI_COMM_NULL};
    int numbers[NUMBERS] = {64, 64, 64, 100}, rank, size, verdict = GO;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Dims_create(size, DIMENSIONS, b.ranks);
    if (rank == 0) {
        verdict = (int)parse(argc, argv, b.ranks, numbers);
    }
    MPI_Bcast(&verdict, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (verdict != GO) {
        MPI_Finalize();
        return status_of((enum verdict)verdict);
    }
    MPI_Bcast(numbers, NUMBERS, MPI_INT, 0, MPI_COMM_WORLD);
    memcpy(b.box, numbers, sizeof b.box);
    const int iterations = numbers[ITERATIONS];
    set_up(&b);
    MPI_Comm_rank(b.comm, &rank);
    fill(&b);

    double computing = 0, communicating = 0, squares = 0;
    MPI_Barrier(b.comm);
    double start = MPI_Wtime(), time = start;
    for (int i = 1; i <= iterations; i++) {
        exchange(&b);
        double arrived = MPI_Wtime();
        communicating += arrived - time;
        relax(&b);
        double sum = i % CHECK_EVERY == 0 || i == iterations ? change(&b) : -1;
        time = MPI_Wtime();
        computing += time - arrived;
        if (sum >= 0) {
            MPI_Allreduce(&sum, &squares, 1, MPI_DOUBLE, MPI_SUM, b.comm);
            double added = MPI_Wtime();
            communicating += added - time;
            time = added;
        }
        double *swap = b.now;
        b.now = b.next;
        b.next = swap;
    }
    double mine[] = {computing, communicating, MPI_Wtime() - start}, seconds[3];
    MPI_Reduce(mine, seconds, 3, MPI_DOUBLE, MPI_MAX, 0, b.comm);

    double error = largest_error(&b, iterations);
    if (rank == 0) {
        printf("box %d x %d x %d, %d iterations\n", b.box[X], b.box[Y], b.box[Z], iterations);
        printf("change in the last iteration %.6g (root mean square)\n",
               sqrt(squares / b.box[X] / b.box[Y] / b.box[Z]));
        printf("%s: largest error %s 1e-12\n", error < 1e-12 ? "right" : "WRONG",
               error < 1e-12 ? "under" : "not under");
        printf("seconds: computing %.6f communicating %.6f total %.6f\n", seconds[0], seconds[1],
               seconds[2]);
        fflush(stdout); // before the ranks of a wrong run exit with 1, which ends the job
    }
    tear_down(&b);
    MPI_Finalize();
    return error < 1e-12 ? 0 : 1;
}
