// SPDX-License-Identifier: MIT
// Extract, transform, load: a process for each stage, with bounded queues between them.
//
//     mprun -n 3 examples/pipeline
//     mprun -n 3 examples/pipeline --slow-load 2      the last stage takes 2 ms for each row
//
// One idea: back-pressure. A stage may be ahead of the next by as many rows as the queue between
// them has places, each a credit that comes back when the row has been taken. So the slowest stage
// sets the pace of all, and nothing piles up. In the end a sentinel, a row without letters, goes
// through all stages, and they are joined in their order: each has its credits back before it says
// so.

#include "gallery.h"

enum { ROW, CREDIT, JOINED }; // tags
enum { LONGEST = 64 };
enum { MADE, DROPPED, LOADED, CENTS, SUMS };

static const char usage[] =
    "Usage: mprun -n RANKS pipeline [--rows R] [--bound N] [--slow-load MS]\n"
    "Rank 0 makes R rows (default 500), rank 1 drops the bad ones and changes the others, the "
    "last\n"
    "one adds them up; ranks between them pass them on. Queues have N places (default 8).\n";

static int rank, size, rows = 500, bound = 8, slow_load, credits;
static double waited; // for room, in seconds

static void put(const char *row)
{
    if (credits == 0) {
        double start = MPI_Wtime();
        MPI_Recv(NULL, 0, MPI_INT, rank + 1, CREDIT, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        waited += MPI_Wtime() - start;
        credits++;
    }
    credits--;
    MPI_Send(row, (int)strlen(row), MPI_CHAR, rank + 1, ROW, MPI_COMM_WORLD);
}

// Returns 0 for the sentinel.
static int get(char *row)
{
    int length;
    MPI_Status status;
    MPI_Recv(row, LONGEST, MPI_CHAR, rank - 1, ROW, MPI_COMM_WORLD, &status);
    MPI_Get_count(&status, MPI_CHAR, &length);
    row[length] = 0;
    MPI_Send(NULL, 0, MPI_INT, rank - 1, CREDIT, MPI_COMM_WORLD);
    return length > 0;
}

static void extract(long *sums)
{
    static const char *const things[] = {"apples", "pears", "plums"};
    char row[LONGEST];
    for (int i = 0; i < rows; i++) {
        snprintf(row, sizeof row, i % 50 == 7 ? "%d;%s;%d" : "%d;%s;%d.%02d", i, things[i % 3],
                 i % 90, i % 100); // each fiftieth has no cents: a bad one
        put(row);
        sums[MADE]++;
    }
}

static void transform(long *sums)
{
    char row[LONGEST + 1], thing[LONGEST + 1];
    int id, whole, cents;
    while (get(row)) {
        if (rank == 1 && sscanf(row, "%d;%[a-z];%d.%d", &id, thing, &whole, &cents) != 4) {
            sums[DROPPED]++;
            continue;
        }
        if (rank == 1)
            snprintf(row, LONGEST, "%d;%.20s;%d", id, thing, 100 * whole + cents);
        put(row);
    }
}

static void load(long *sums)
{
    char row[LONGEST + 1];
    while (get(row)) {
        pause_us(1000L * slow_load);
        sums[LOADED]++;
        sums[CENTS] += atol(strrchr(row, ';') + 1);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    long mine[SUMS] = {0}, sums[SUMS];
    begin("pipeline", usage, argc, argv,
          (struct setting[]){{"--rows", &rows, 1, 1000000, NULL, NULL},
                             {"--bound", &bound, 1, 100000, NULL, NULL},
                             {"--slow-load", &slow_load, 1, 1000, NULL, NULL},
                             {0}},
          3);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    credits = bound;
    if (rank == 0)
        extract(mine);
    else if (rank < size - 1)
        transform(mine);
    else
        load(mine);
    if (rank < size - 1) {
        put(""); // the sentinel
        for (; credits < bound; credits++)
            MPI_Recv(NULL, 0, MPI_INT, rank + 1, CREDIT, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }

    // Joined in the order of the stages: the first is done first.
    for (int stage = 0; stage < size; stage++) {
        double theirs = waited;
        if (rank == stage && rank > 0)
            MPI_Send(&waited, 1, MPI_DOUBLE, 0, JOINED, MPI_COMM_WORLD);
        if (rank == 0 && stage > 0)
            MPI_Recv(&theirs, 1, MPI_DOUBLE, stage, JOINED, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (rank == 0)
            printf("stage %d has ended; it waited for room for %.0f ms\n", stage, 1000 * theirs);
    }
    MPI_Reduce(mine, sums, SUMS, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("rows: %ld made, %ld dropped, %ld loaded; %ld cents\n", sums[MADE], sums[DROPPED],
               sums[LOADED], sums[CENTS]);
    MPI_Finalize();
    return 0;
}
