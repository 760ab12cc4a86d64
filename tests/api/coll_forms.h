// SPDX-License-Identifier: MIT
// One collective call by number and form, with arguments that tests vary: for tables of what ranks
// agree and disagree about.
#ifndef TESTS_API_COLL_FORMS_H
#define TESTS_API_COLL_FORMS_H

#include "check.h"

enum kind {
    BARRIER,
    BCAST,
    GATHER,
    SCATTER,
    ALLGATHER,
    ALLTOALL,
    REDUCE,
    ALLREDUCE,
    SCAN,
    EXSCAN,
    REDUCE_SCATTER,
    KINDS
};
enum form { BLOCKING, NONBLOCKING, PERSISTENT, FORMS };

static const char *const kind_names[KINDS] = {
    "Barrier", "Bcast",     "Gather", "Scatter", "Allgather",           "Alltoall",
    "Reduce",  "Allreduce", "Scan",   "Exscan",  "Reduce_scatter_block"};
static const char *const form_names[FORMS] = {"", "I", "persistent "};

enum { MOST_BYTES = 1 << 20 };
static _Alignas(64) char given_bytes[4 * MOST_BYTES], taken_bytes[4 * MOST_BYTES];

struct call {
    enum kind kind;
    enum form form;
    int root;
    int count; // given to each, or by each, or reduced
    MPI_Datatype type;
    int room; // received likewise
    MPI_Datatype taken;
    MPI_Op op;
};

static inline int has_root(enum kind kind)
{
    return kind == BCAST || kind == REDUCE || kind == GATHER || kind == SCATTER;
}

static inline int reduces(enum kind kind)
{
    return kind >= REDUCE;
}

static inline int begin_call(const struct call *c, MPI_Comm comm, MPI_Request *r)
{
    void *in = given_bytes, *out = taken_bytes;
#define DO(blocking, nonblocking, persistent, ...)                      \
    return c->form == BLOCKING      ? blocking(__VA_ARGS__, comm)       \
           : c->form == NONBLOCKING ? nonblocking(__VA_ARGS__, comm, r) \
                                    : persistent(__VA_ARGS__, comm, MPI_INFO_NULL, r)
    switch (c->kind) {
    case BARRIER:
        return c->form == BLOCKING      ? MPI_Barrier(comm)
               : c->form == NONBLOCKING ? MPI_Ibarrier(comm, r)
                                        : MPI_Barrier_init(comm, MPI_INFO_NULL, r);
    case BCAST:
        DO(MPI_Bcast, MPI_Ibcast, MPI_Bcast_init, out, c->count, c->type, c->root);
    case GATHER:
        DO(MPI_Gather, MPI_Igather, MPI_Gather_init, in, c->count, c->type, out, c->room, c->taken,
           c->root);
    case SCATTER:
        DO(MPI_Scatter, MPI_Iscatter, MPI_Scatter_init, in, c->count, c->type, out, c->room,
           c->taken, c->root);
    case ALLGATHER:
        DO(MPI_Allgather, MPI_Iallgather, MPI_Allgather_init, in, c->count, c->type, out, c->room,
           c->taken);
    case ALLTOALL:
        DO(MPI_Alltoall, MPI_Ialltoall, MPI_Alltoall_init, in, c->count, c->type, out, c->room,
           c->taken);
    case REDUCE:
        DO(MPI_Reduce, MPI_Ireduce, MPI_Reduce_init, in, out, c->count, c->type, c->op, c->root);
    case ALLREDUCE:
        DO(MPI_Allreduce, MPI_Iallreduce, MPI_Allreduce_init, in, out, c->count, c->type, c->op);
    case SCAN:
        DO(MPI_Scan, MPI_Iscan, MPI_Scan_init, in, out, c->count, c->type, c->op);
    case EXSCAN:
        DO(MPI_Exscan, MPI_Iexscan, MPI_Exscan_init, in, out, c->count, c->type, c->op);
    default:
        DO(MPI_Reduce_scatter_block, MPI_Ireduce_scatter_block, MPI_Reduce_scatter_block_init, in,
           out, c->count, c->type, c->op);
    }
#undef DO
}

static MPI_Request kept_request = MPI_REQUEST_NULL; // the last persistent one

static inline int start_and_wait(MPI_Request *request)
{
    int class = MPI_SUCCESS, error = MPI_Start(request);
    error = error == MPI_SUCCESS ? MPI_Wait(request, MPI_STATUS_IGNORE) : error;
    MPI_Error_class(error, &class);
    return class;
}

// Does it to its end. Returns the class of its error.
static inline int do_call(const struct call *c, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int error = begin_call(c, comm, &request), class = MPI_SUCCESS;
    if (kept_request != MPI_REQUEST_NULL) {
        MPI_Request_free(&kept_request);
    }
    if (error == MPI_SUCCESS && c->form == PERSISTENT) {
        kept_request = request;
        return start_and_wait(&kept_request);
    }
    if (error == MPI_SUCCESS && c->form != BLOCKING) {
        error = MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    if (error != MPI_SUCCESS) {
        MPI_Error_class(error, &class);
    }
    return class;
}

#endif
