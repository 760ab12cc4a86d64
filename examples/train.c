// SPDX-License-Identifier: MIT
// Data-parallel training of a small neural network: one rank for each device, all with the same
// weights, each with a part of the samples.
//
//     mprun -n 4 examples/train
//     mprun -n 4 examples/train --checkpoint weights --fail-at 500     a rank is killed at step 500
//     mprun -n 2 examples/train --checkpoint weights                   goes on, with fewer ranks
//     mprun --per device examples/train                                one rank per GPU, if any
//
// One idea: gradients are added up in buckets while the rest is still being computed. The
// gradient of the output layer is known first; MPI_Iallreduce adds it over all ranks while each
// works out that of the hidden layer. A sum of floating-point numbers depends on its order, and so
// on the ranks. Therefore each sample's gradient is rounded to a multiple of 2^-40: those are whole
// numbers, which may be added in any order, so that the loss has the same digits on 1, 2 or 5
// ranks, killed and resumed or not. (It computes on CPUs; a device would do it in forward() and
// backward().)

#include "gallery.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

enum { INPUTS = 2, HIDDEN = 12, SAMPLES = 240 };
enum { FIRST = HIDDEN * (INPUTS + 1), SECOND = HIDDEN + 1, WEIGHTS = FIRST + SECOND };
enum { LOSS = SECOND, BUCKET = SECOND + 1 }; // the second layer's bucket has the loss too

static const char usage[] =
    "Usage: mprun [-n RANKS] train [--steps N] [--checkpoint FILE] [--every K] [--fail-at STEP]\n"
    "Trains for N steps (default 1000), and writes a checkpoint each K (default 100), from which\n"
    "the same command goes on. The last rank is killed at STEP.\n";

static int rank, size;
static double inputs[SAMPLES][INPUTS], targets[SAMPLES];
static double hidden[SAMPLES][HIDDEN], errors[SAMPLES];

static int64_t fixed(double x)
{
    return llrint(ldexp(x, 40));
}

// This rank's samples, through both layers: weights are inputs and bias of each hidden unit in
// turn, then those of the output.
static void forward(const double *w)
{
    for (int s = rank; s < SAMPLES; s += size) {
        double sum = w[FIRST + HIDDEN];
        for (int h = 0; h < HIDDEN; h++) {
            const double *unit = w + h * (INPUTS + 1);
            hidden[s][h] = tanh(unit[0] * inputs[s][0] + unit[1] * inputs[s][1] + unit[2]);
            sum += w[FIRST + h] * hidden[s][h];
        }
        errors[s] = sum - targets[s];
    }
}

static void backward_second(int64_t *bucket)
{
    memset(bucket, 0, sizeof *bucket * BUCKET);
    for (int s = rank; s < SAMPLES; s += size) {
        for (int h = 0; h < HIDDEN; h++)
            bucket[h] += fixed(errors[s] * hidden[s][h]);
        bucket[HIDDEN] += fixed(errors[s]);
        bucket[LOSS] += fixed(errors[s] * errors[s]);
    }
}

static void backward_first(const double *w, int64_t *bucket)
{
    memset(bucket, 0, sizeof *bucket * FIRST);
    for (int s = rank; s < SAMPLES; s += size) {
        for (int h = 0; h < HIDDEN; h++) {
            double slope = errors[s] * w[FIRST + h] * (1 - hidden[s][h] * hidden[s][h]);
            for (int i = 0; i < INPUTS; i++)
                bucket[h * (INPUTS + 1) + i] += fixed(slope * inputs[s][i]);
            bucket[h * (INPUTS + 1) + INPUTS] += fixed(slope);
        }
    }
}

// One step on all ranks; returns the loss before it.
static double train_step(double *w)
{
    int64_t first[FIRST], second[BUCKET];
    MPI_Request requests[2];
    forward(w);
    backward_second(second);
    MPI_Iallreduce(MPI_IN_PLACE, second, BUCKET, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD, requests);
    backward_first(w, first); // while the other bucket is under way
    MPI_Iallreduce(MPI_IN_PLACE, first, FIRST, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD, requests + 1);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    for (int i = 0; i < WEIGHTS; i++)
        w[i] -= ldexp((double)(i < FIRST ? first[i] : second[i - FIRST]), -40) * 0.2 / SAMPLES;
    return ldexp((double)second[LOSS], -40) / SAMPLES;
}

// ---- Checkpoints, by rank 0. The new file takes the place of the old one in one step, so that
// there is a whole one whenever a rank is killed.

static void save(const char *name, int step, const double *w)
{
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s.new", name);
    FILE *file = fopen(temporary, "w");
    int good = file && fprintf(file, "train %d\n", step) > 0;
    for (int i = 0; good && i < WEIGHTS; i++)
        good = fprintf(file, "%a\n", w[i]) > 0; // hexadecimal: all digits
    if (!file || fclose(file) != 0 || !good || rename(temporary, name) != 0) {
        perror("train: cannot write the checkpoint");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

// Returns the step that it was saved at, 0 if there is none, -1 if it is of no use.
static int load(const char *name, double *w)
{
    int step = -1;
    FILE *file = fopen(name, "r");
    if (!file)
        return errno == ENOENT ? 0 : -1;
    if (fscanf(file, "train %d", &step) != 1 || step < 1)
        step = -1;
    for (int i = 0; step > 0 && i < WEIGHTS; i++)
        if (fscanf(file, "%lf", &w[i]) != 1)
            step = -1;
    fclose(file);
    return step;
}

// Which device this rank was given: mprun --per device shows it no other.
static void tell_devices(void)
{
    static const char *const variables[] = {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
                                            "ZE_AFFINITY_MASK"};
    char mine[64] = "the CPU", *all = malloc(sizeof mine * (size_t)size);
    for (int i = 0; i < 3; i++)
        if (getenv(variables[i]))
            snprintf(mine, sizeof mine, "device %s", getenv(variables[i]));
    if (!all)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Gather(mine, sizeof mine, MPI_CHAR, all, sizeof mine, MPI_CHAR, 0, MPI_COMM_WORLD);
    for (int r = 0; rank == 0 && r < size; r++)
        printf("rank %d has %s\n", r, all + sizeof mine * (size_t)r);
    free(all);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int steps = 1000, every = 100, fail_at = 0, start = 0;
    const char *checkpoint = NULL;
    double w[WEIGHTS], loss = 0;
    begin("train", usage, argc, argv,
          (struct setting[]){{"--steps", &steps, 1, 100000000, NULL, NULL},
                             {"--every", &every, 1, 100000000, NULL, NULL},
                             {"--fail-at", &fail_at, 1, 100000000, NULL, NULL},
                             {"--checkpoint", NULL, 0, 0, NULL, &checkpoint},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    tell_devices();

    for (int s = 0; s < SAMPLES; s++) { // a wave over a square
        inputs[s][0] = s % 16 / 8.0 - 1;
        inputs[s][1] = s / 16 / 7.0 - 1;
        targets[s] = sin(3 * inputs[s][0]) * inputs[s][1];
    }
    if (rank == 0) {
        start = checkpoint ? load(checkpoint, w) : 0;
        if (start == 0)
            for (int i = 0; i < WEIGHTS; i++)
                w[i] = sin(1 + 12.9898 * i);
        if (start < 0 || start >= steps)
            refuse("train", "checkpoint", checkpoint, "weights, of a step before the last");
        else if (start > 0)
            printf("going on from %s, at step %d\n", checkpoint, start);
    }
    MPI_Bcast(&start, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (start < 0 || start >= steps) {
        MPI_Finalize();
        return status_of(BAD_INPUT);
    }
    MPI_Bcast(w, WEIGHTS, MPI_DOUBLE, 0, MPI_COMM_WORLD); // from here on all keep in step

    for (int step = start + 1; step <= steps; step++) {
        if (step == fail_at && rank == size - 1)
            raise(SIGKILL);
        loss = train_step(w);
        if (rank == 0 && step % (steps / 4 > 0 ? steps / 4 : 1) == 0)
            printf("step %d, loss %.6f\n", step, loss);
        if (rank == 0 && checkpoint && step % every == 0 && step < steps)
            save(checkpoint, step, w);
    }
    MPI_Barrier(MPI_COMM_WORLD); // nobody leaves before all are done
    if (rank == 0) {
        if (checkpoint)
            unlink(checkpoint);
        printf("loss after %d steps: %.15f\n", steps, loss);
    }
    MPI_Finalize();
    return 0;
}
