// SPDX-License-Identifier: MIT
// Runs small random programs (scripts_model.h), many in one job: `scripts FIRST COUNT`. The ranks
// are groups of 4, 3 and 2 in turn; each group takes its own COUNT seeds, one after the other,
// until one hangs. Its first rank says what the model knows of a program before it begins, and when
// it has ended. So what it said last tells whether the group hangs in it. See
// hangs_match_a_model.sh, which compares that with what mprun says.
#include <mpi.h>

#include "scripts_model.h"

#include <stdio.h>

static const int sizes[] = {4, 3, 2};
static char byte;

struct run {
    const struct script *script;
    MPI_Comm comms[COMMS];
    int entered[COMMS];
    MPI_Request requests[MOST_CALLS];
    int count;
    char got[MOST_CALLS];
};

static int any_source(int peer)
{
    return peer == ANY ? MPI_ANY_SOURCE : peer;
}

static int any_tag(int tag)
{
    return tag == ANY ? MPI_ANY_TAG : tag;
}

static void wait_for_any(struct run *run)
{
    int index;
    if (run->count > 0) {
        MPI_Waitany(run->count, run->requests, &index, MPI_STATUS_IGNORE);
        for (int i = index; i < run->count - 1; i++) {
            run->requests[i] = run->requests[i + 1];
        }
        run->count--;
    }
}

static void collect(struct run *run, int which)
{
    MPI_Comm comm = run->comms[which];
    int one = 1, sum;
    switch (collective_of(run->script, which, run->entered[which]++)) {
    case BARRIER:
        MPI_Barrier(comm);
        break;
    case ALLREDUCE:
        MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, comm);
        break;
    case NONBLOCKING_BARRIER:
        MPI_Ibarrier(comm, &run->requests[run->count++]);
    }
}

static void take(struct run *run, const struct call *c)
{
    MPI_Comm comm = run->comms[c->comm];
    MPI_Request *request = &run->requests[run->count];
    char in;
    switch (c->what) {
    case SEND:
        MPI_Send(&byte, 1, MPI_CHAR, c->peer, c->tag, comm);
        break;
    case SSEND:
        MPI_Ssend(&byte, 1, MPI_CHAR, c->peer, c->tag, comm);
        break;
    case RECV:
        MPI_Recv(&in, 1, MPI_CHAR, any_source(c->peer), any_tag(c->tag), comm, MPI_STATUS_IGNORE);
        break;
    case PROBE:
        MPI_Probe(any_source(c->peer), any_tag(c->tag), comm, MPI_STATUS_IGNORE);
        break;
    case ISSEND:
        MPI_Issend(&byte, 1, MPI_CHAR, c->peer, c->tag, comm, request);
        run->count++;
        break;
    case IRECV:
        // Requests move in their list when others are done; what they fill does not.
        MPI_Irecv(&run->got[c - run->script->calls[0]], 1, MPI_CHAR, any_source(c->peer),
                  any_tag(c->tag), comm, request);
        run->count++;
        break;
    case WAITALL:
        MPI_Waitall(run->count, run->requests, MPI_STATUSES_IGNORE);
        run->count = 0;
        break;
    case WAITANY:
        wait_for_any(run);
        break;
    default:
        collect(run, c->comm);
    }
}

// The communicators are not freed: messages may be left on them.
static void run_script(const struct script *script, MPI_Comm group, int rank)
{
    struct run run = {.script = script};
    struct script mine = *script; // this rank's calls first
    memcpy(mine.calls[0], script->calls[rank], sizeof mine.calls[0]);
    run.script = &mine;
    MPI_Comm_dup(group, &run.comms[0]);
    MPI_Comm_dup(group, &run.comms[1]);
    MPI_Comm_split(group, rank < 2 ? 0 : MPI_UNDEFINED, rank, &run.comms[2]);
    for (int i = 0; i < script->count[rank]; i++) {
        take(&run, &mine.calls[0][i]);
    }
    MPI_Waitall(run.count, run.requests, MPI_STATUSES_IGNORE);
    MPI_Barrier(group);
}

int main(int argc, char **argv)
{
    static const char *const fates[] = {"never", "may", "must", "unknown"};
    int rank, size, number = 0, first = 0, mine;
    MPI_Comm group;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    int count = argc > 2 ? atoi(argv[2]) : 10;
    while (first + sizes[number % 3] <= rank) {
        first += sizes[number++ % 3];
    }
    MPI_Comm_split(MPI_COMM_WORLD, number, rank, &group);
    MPI_Comm_rank(group, &mine);
    MPI_Comm_size(group, &size);
    for (int i = 0; size > 1 && i < count; i++) {
        struct script script;
        int fate = 0;
        make_script(&script, seed + (unsigned)(number * count + i), size);
        if (mine == 0) {
            fate = fate_of(&script);
        }
        MPI_Bcast(&fate, 1, MPI_INT, 0, group);
        if (fate == NOT_KNOWN) {
            continue;
        }
        if (mine == 0) {
            printf("group %d ranks %d %d seed %u %s\n", number, first, first + size - 1,
                   script.seed, fates[fate]);
        }
        run_script(&script, group, mine);
        if (mine == 0) {
            printf("group %d ends\n", number);
        }
    }
    MPI_Finalize();
    return 0;
}
