// SPDX-License-Identifier: MIT
// The call of an operation, blocking, nonblocking or persistent, of the int or of the large-count
// function; and our own reduction operations. Arguments that are significant only at the root are
// garbage elsewhere. Read first: collectives_model.h; next: collectives_comms.h.
#ifndef TESTS_STRESS_COLLECTIVES_CALL_H
#define TESTS_STRESS_COLLECTIVES_CALL_H

#include "../api/neighbor_model.h"
#include "collectives_model.h"

// ---- Our own operations, on 64-bit integers in any layout. The type says which.

static inline void own_reduce(int own, const unsigned char *in, unsigned char *inout,
                              MPI_Count count, MPI_Datatype type)
{
    static const struct layout plain = {MPI_UINT64_T, U64, 1, 8, {0}};
    const struct layout *l = &plain;
    int found;
    if (type != MPI_UINT64_T) {
        OK(MPI_Type_get_attr(type, layout_key, (void *)&l, &found));
        CHECK(found, "an operation was given another type than the call");
    }
    struct block block = {l, count * l->units, 0};
    for (long u = 0; u < block.units; u++) {
        uint64_t a, b;
        memcpy(&a, in + unit_at(&block, u), sizeof a);
        memcpy(&b, inout + unit_at(&block, u), sizeof b);
        b = own_combine(own, a, b);
        memcpy(inout + unit_at(&block, u), &b, sizeof b);
    }
}

static inline void own_add(void *in, void *inout, int *count, MPI_Datatype *type)
{
    own_reduce(ADD, in, inout, *count, *type);
}

static inline void own_multiply(void *in, void *inout, int *count, MPI_Datatype *type)
{
    own_reduce(MULTIPLY, in, inout, *count, *type);
}

static inline void own_compose(void *in, void *inout, int *count, MPI_Datatype *type)
{
    own_reduce(COMPOSE, in, inout, *count, *type);
}

static inline void own_compose_c(void *in, void *inout, MPI_Count *count, MPI_Datatype *type)
{
    own_reduce(COMPOSE_C, in, inout, *count, *type);
}

static inline void own_add_c(void *in, void *inout, MPI_Count *count, MPI_Datatype *type)
{
    own_reduce(ADD_C, in, inout, *count, *type);
}

static inline void own_ops_make(void)
{
    OK(MPI_Op_create(own_add, 1, &own_ops[ADD]));
    OK(MPI_Op_create(own_multiply, 1, &own_ops[MULTIPLY]));
    OK(MPI_Op_create(own_compose, 0, &own_ops[COMPOSE]));
    OK(MPI_Op_create_c(own_compose_c, 0, &own_ops[COMPOSE_C]));
    OK(MPI_Op_create_c(own_add_c, 1, &own_ops[ADD_C]));
}

static inline void own_ops_free(void)
{
    for (int i = 0; i < OWN_OPS; i++) {
        MPI_Op_free(&own_ops[i]);
    }
}

// ---- The call

#define CALL_FORM(o, suffix, name, lower, ...)               \
    ((o)->form == BLOCKING ? MPI_##name##suffix(__VA_ARGS__) \
     : (o)->form == NONBLOCKING                              \
         ? MPI_I##lower##suffix(__VA_ARGS__, &(o)->request)  \
         : MPI_##name##_init##suffix(__VA_ARGS__, MPI_INFO_NULL, &(o)->request))
#define CALL(o, name, lower, ...)                            \
    ((o)->large ? CALL_FORM(o, _c, name, lower, __VA_ARGS__) \
                : CALL_FORM(o, , name, lower, __VA_ARGS__))
// With arrays, which come in two widths.
#define CALL_ARRAYS(o, name, lower, narrow, wide)            \
    ((o)->large ? CALL_FORM(o, _c, name, lower, UNPACK wide) \
                : CALL_FORM(o, , name, lower, UNPACK narrow))
#define UNPACK(...) __VA_ARGS__

// With PERSISTENT, the request is made but not started.
static inline int operation_call(struct operation *o)
{
    MPI_Comm comm = o->comm;
    const void *s = buffer_address(&o->send);
    void *r = buffer_address(&o->recv);
    int sn = o->counts[0][0], rn = o->counts[1][0], root = o->root;
    MPI_Datatype st = o->types[0][0], rt = o->types[1][0];
    int *sc = o->counts[0], *rc = o->counts[1], *sd = o->displs[0], *rd = o->displs[1];
    MPI_Count *scw = o->counts_c[0], *rcw = o->counts_c[1];
    MPI_Aint *sdw = o->displs_c[0], *rdw = o->displs_c[1];
    MPI_Datatype *sts = o->types[0], *rts = o->types[1];
    bool here = is_root(o), leaf = is_leaf(o);

    if (o->inter && operation_rooted(o) && o->side == o->root_side) {
        root = here ? MPI_ROOT : MPI_PROC_NULL;
    }
    // What nobody may look at.
    bool no_send = (operation_scatters(o) && !here) || (operation_gathers(o) && !leaf) ||
                   (o->kind == REDUCE && !leaf);
    bool no_recv =
        ((operation_gathers(o) || o->kind == REDUCE) && !here) || (operation_scatters(o) && !leaf);
    if (no_send) {
        s = NULL;
        sn = -7;
        st = MPI_DATATYPE_NULL;
        sc = sd = NULL;
        scw = NULL;
        sdw = NULL;
    }
    if (no_recv) {
        r = NULL;
        rc = rd = NULL;
        rcw = NULL;
        rdw = NULL;
        if (o->kind != REDUCE) {
            rn = -7;
            rt = MPI_DATATYPE_NULL;
        }
    }
    if (o->in_place) {
        if (operation_scatters(o)) {
            r = MPI_IN_PLACE;
        } else {
            s = MPI_IN_PLACE;
        }
        if (operation_exchanges(o)) {
            sn = -7;
            sc = sd = NULL;
            scw = NULL;
            sdw = NULL;
            sts = NULL;
            st = MPI_DATATYPE_NULL;
        }
    }
    switch (o->kind) {
    case BARRIER:
        return CALL_FORM(o, , Barrier, barrier, comm);
    case BCAST:
        return CALL(o, Bcast, bcast, r, rn, rt, root, comm);
    case REDUCE:
        return CALL(o, Reduce, reduce, s, r, rn, rt, o->op, root, comm);
    case ALLREDUCE:
        return CALL(o, Allreduce, allreduce, s, r, rn, rt, o->op, comm);
    case SCAN:
        return CALL(o, Scan, scan, s, r, rn, rt, o->op, comm);
    case EXSCAN:
        return CALL(o, Exscan, exscan, s, r, rn, rt, o->op, comm);
    case REDUCE_SCATTER_BLOCK:
        return CALL(o, Reduce_scatter_block, reduce_scatter_block, s, r, rc[0], rt, o->op, comm);
    case REDUCE_SCATTER:
        return CALL_ARRAYS(o, Reduce_scatter, reduce_scatter, (s, r, rc, rt, o->op, comm),
                           (s, r, rcw, rt, o->op, comm));
    case GATHER:
        return CALL(o, Gather, gather, s, sn, st, r, rn, rt, root, comm);
    case GATHERV:
        return CALL_ARRAYS(o, Gatherv, gatherv, (s, sn, st, r, rc, rd, rt, root, comm),
                           (s, sn, st, r, rcw, rdw, rt, root, comm));
    case SCATTER:
        return CALL(o, Scatter, scatter, s, sn, st, r, rn, rt, root, comm);
    case SCATTERV:
        return CALL_ARRAYS(o, Scatterv, scatterv, (s, sc, sd, st, r, rn, rt, root, comm),
                           (s, scw, sdw, st, r, rn, rt, root, comm));
    case ALLGATHER:
        return CALL(o, Allgather, allgather, s, sn, st, r, rn, rt, comm);
    case ALLGATHERV:
        return CALL_ARRAYS(o, Allgatherv, allgatherv, (s, sn, st, r, rc, rd, rt, comm),
                           (s, sn, st, r, rcw, rdw, rt, comm));
    case ALLTOALL:
        return CALL(o, Alltoall, alltoall, s, sn, st, r, rn, rt, comm);
    case ALLTOALLV:
        return CALL_ARRAYS(o, Alltoallv, alltoallv, (s, sc, sd, st, r, rc, rd, rt, comm),
                           (s, scw, sdw, st, r, rcw, rdw, rt, comm));
    default:
        return CALL_ARRAYS(o, Alltoallw, alltoallw, (s, sc, sd, sts, r, rc, rd, rts, comm),
                           (s, scw, sdw, sts, r, rcw, rdw, rts, comm));
    }
}

#endif
