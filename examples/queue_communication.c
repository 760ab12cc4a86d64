// SPDX-License-Identifier: MIT
// Producers and consumers with a bounded queue between them, which is a rank.
//
//     mprun -n 4 examples/queue_communication                   rank 0 is the queue
//     mprun -n 4 examples/queue_communication --items 1000 --bound 1
//     mprun -n 4 examples/queue_communication --no-credits      what happens without them
//
// One idea: credits. A producer may send an item only if it has been given a credit, and there are
// as many credits as the queue has places. So fast producers wait, the queue cannot overflow, and
// nobody needs to know how fast the others are. In the end each consumer gets a sentinel.

#include "gallery.h"

enum { WANT, CREDIT, ITEM, FINISHED, READY, END }; // tags

static const char usage[] =
    "Usage: mprun -n RANKS queue_communication [--items I] [--bound N] [--no-credits]\n"
    "Rank 0 is a queue of N places (default 4). Half of the others, the lower ones, put I items\n"
    "into it in all (default 100), the others take them out. With --no-credits producers do not\n"
    "wait until there is a place.\n";

static int rank, size, items = 100, bound = 4, no_credits;

static void produce(int producers)
{
    for (int item = rank - 1; item < items; item += producers) {
        if (!no_credits)
            MPI_Sendrecv(NULL, 0, MPI_INT, 0, WANT, NULL, 0, MPI_INT, 0, CREDIT, MPI_COMM_WORLD,
                         MPI_STATUS_IGNORE);
        MPI_Send(&item, 1, MPI_INT, 0, ITEM, MPI_COMM_WORLD);
    }
    MPI_Send(NULL, 0, MPI_INT, 0, FINISHED, MPI_COMM_WORLD);
}

static void consume(long got[2])
{
    for (;;) {
        int item;
        MPI_Status status;
        MPI_Sendrecv(NULL, 0, MPI_INT, 0, READY, &item, 1, MPI_INT, 0, MPI_ANY_TAG, MPI_COMM_WORLD,
                     &status);
        if (status.MPI_TAG == END)
            return;
        pause_us(100); // slower than those who produce
        got[0]++;
        got[1] += item;
    }
}

// Serves until all producers have finished, all items are out and all consumers know.
// Returns the most items that were under way at once: in the queue, or on a credit.
static int queue(int producers)
{
    int *queued = malloc(sizeof *queued * (size_t)items), *waiting, *ready;
    waiting = malloc(sizeof *waiting * (size_t)size * 2);
    if (!queued || !waiting)
        MPI_Abort(MPI_COMM_WORLD, 1);
    ready = waiting + size;
    int in = 0, out = 0, want = 0, idle = 0, credits = 0, most = 0, left = producers, told = 0;

    while (told < size - 1 - producers) {
        int item;
        MPI_Status status;
        MPI_Recv(&item, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        switch (status.MPI_TAG) {
        case WANT:
            waiting[want++] = status.MPI_SOURCE;
            break;
        case ITEM:
            queued[in++] = item;
            credits -= !no_credits;
            break;
        case READY:
            ready[idle++] = status.MPI_SOURCE;
            break;
        case FINISHED:
            left--;
            break;
        }
        most = in - out + credits > most ? in - out + credits : most;
        while (idle > 0 && out < in)
            MPI_Send(&queued[out++], 1, MPI_INT, ready[--idle], ITEM, MPI_COMM_WORLD);
        while (want > 0 && in - out + credits < bound) {
            credits++;
            MPI_Send(NULL, 0, MPI_INT, waiting[--want], CREDIT, MPI_COMM_WORLD);
        }
        most = in - out + credits > most ? in - out + credits : most;
        while (left == 0 && out == in && idle > 0) {
            told++;
            MPI_Send(NULL, 0, MPI_INT, ready[--idle], END, MPI_COMM_WORLD);
        }
    }
    free(queued);
    free(waiting);
    return most;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    begin("queue_communication", usage, argc, argv,
          (struct setting[]){{"--items", &items, 1, 1000000, NULL, NULL},
                             {"--bound", &bound, 1, 1000000, NULL, NULL},
                             {"--no-credits", &no_credits, 0, 0, NULL, NULL},
                             {0}},
          3);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    int producers = (size - 1) / 2, most = 0;
    long got[2] = {0, 0}, all[2] = {0, 0};
    if (rank == 0)
        most = queue(producers);
    else if (rank <= producers)
        produce(producers);
    else
        consume(got);

    MPI_Reduce(got, all, 2, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d producers, %d consumers; at most %d items were under way at once\n"
               "%ld items, sum %ld, %s more than %d under way\n",
               producers, size - 1 - producers, most, all[0], all[1],
               most > bound ? "once" : "never", bound);
    MPI_Finalize();
    return 0;
}
