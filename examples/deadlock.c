// SPDX-License-Identifier: MIT
// Three ways to wait for each other for ever, what mprun says to each, and how each is mended.
//
//     mprun -n 3 examples/deadlock receives    each receives before it sends
//     mprun -n 3 examples/deadlock ssends      each sends, and waits until that is received
//     mprun -n 4 examples/deadlock resources   two take two things, one each, and want the other
//     ... --fix order                          one of them does it the other way round
//     ... --fix sendrecv                       MPI_Sendrecv: in no order (not for resources)
//
// One idea: what deadlocks is an order, and any order in which somebody can begin is a cure. A
// plain MPI_Send in place of MPI_Ssend would seem to work as long as messages are short, since MPI
// keeps them for the receiver, and then fail on the day when they are long: so try programs with
// MPI_Ssend.

#include <mpi.h>

#include <stdio.h>
#include <string.h>

enum fix { NONE, ORDER, SENDRECV };
enum { VALUE, TAKE, HAVE, GIVE_BACK }; // tags

static int rank, size;

// ---- Each passes a number on to the next one, round a ring

static int pass_on(const char *how, enum fix fix)
{
    int next = (rank + 1) % size, before = (rank + size - 1) % size, got = -1;
    int receives = strcmp(how, "receives") == 0; // first, and then sends
    MPI_Comm world = MPI_COMM_WORLD;

    if (fix == SENDRECV) {
        MPI_Sendrecv(&rank, 1, MPI_INT, next, VALUE, &got, 1, MPI_INT, before, VALUE, world,
                     MPI_STATUS_IGNORE);
        return got;
    }
    if (fix == ORDER && rank == 0) {
        receives = !receives;
    }
    if (receives) {
        MPI_Recv(&got, 1, MPI_INT, before, VALUE, world, MPI_STATUS_IGNORE);
    }
    MPI_Ssend(&rank, 1, MPI_INT, next, VALUE, world);
    if (!receives) {
        MPI_Recv(&got, 1, MPI_INT, before, VALUE, world, MPI_STATUS_IGNORE);
    }
    return got;
}

// ---- Ranks 0 and 1 have a thing each, and lend it to one rank at a time: 2 and 3, once each

static void lend(void)
{
    for (int times = 0; times < 2; times++) {
        MPI_Status status;
        MPI_Recv(NULL, 0, MPI_INT, MPI_ANY_SOURCE, TAKE, MPI_COMM_WORLD, &status);
        MPI_Send(NULL, 0, MPI_INT, status.MPI_SOURCE, HAVE, MPI_COMM_WORLD);
        MPI_Recv(NULL, 0, MPI_INT, status.MPI_SOURCE, GIVE_BACK, MPI_COMM_WORLD, &status);
    }
}

static void take(int thing)
{
    MPI_Sendrecv(NULL, 0, MPI_INT, thing, TAKE, NULL, 0, MPI_INT, thing, HAVE, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
}

static void use_both(enum fix fix)
{
    MPI_Comm users = MPI_COMM_NULL;
    int first = fix == ORDER ? 0 : rank - 2;

    MPI_Comm_split(MPI_COMM_WORLD, rank >= 2, rank, &users);
    if (rank < 2) {
        lend();
    } else {
        take(first);
        if (fix == NONE) {
            MPI_Barrier(users); // so that both have one, each time that this runs
        }
        take(1 - first);
        MPI_Send(NULL, 0, MPI_INT, 0, GIVE_BACK, MPI_COMM_WORLD);
        MPI_Send(NULL, 0, MPI_INT, 1, GIVE_BACK, MPI_COMM_WORLD);
    }
    MPI_Comm_free(&users);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    const char *what = argc > 1 ? argv[1] : "";
    const char *cure = argc == 4 && strcmp(argv[2], "--fix") == 0 ? argv[3] : "";
    enum fix fix = strcmp(cure, "order") == 0      ? ORDER
                   : strcmp(cure, "sendrecv") == 0 ? SENDRECV
                                                   : NONE;
    int ring = strcmp(what, "receives") == 0 || strcmp(what, "ssends") == 0;
    int resources = strcmp(what, "resources") == 0;

    if ((!ring && !resources) || (argc != 2 && fix == NONE) || (resources && fix == SENDRECV) ||
        (ring ? size < 2 : size != 4)) {
        int help = strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0;
        if (rank == 0) {
            fprintf(help ? stdout : stderr,
                    "Usage: mprun -n 3 deadlock receives|ssends [--fix order|sendrecv]\n"
                    "       mprun -n 4 deadlock resources [--fix order]\n");
        }
        MPI_Finalize();
        return help ? 0 : 2;
    }
    if (ring) {
        int got = pass_on(what, fix);
        printf("rank %d has got %d\n", rank, got);
    } else {
        use_both(fix);
        printf("rank %d is done\n", rank);
    }
    MPI_Finalize();
    return 0;
}
