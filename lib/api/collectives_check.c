// SPDX-License-Identifier: MIT
// Chapter 6: the checks of all collective operations. What is significant at the root only is
// looked at there only. Read next: collectives/collectives.h, for what comes out.
#include "api/collectives_check.h"
#include "check/pending.h"

#include "object/info.h"
#include "object/topology.h"

// How a side's arguments are called.
struct side_names {
    const char *buffer, *count, *counts, *displacements, *type, *types;
};

static const struct side_names send_names = {"sendbuf", "sendcount", "sendcounts",
                                             "sdispls", "sendtype",  "sendtypes"};
static const struct side_names recv_names = {"recvbuf", "recvcount", "recvcounts",
                                             "rdispls", "recvtype",  "recvtypes"};

// ---- The way in and out

static int begin(const struct mp_way *way, MPI_Comm comm, struct mp_collective *c,
                 enum mp_collective_kind kind, int root, bool uneven)
{
    int err = mp_enter(way->call);
    mp_collective_set(c, kind, root, uneven);
    err = err ? err : mp_check_comm(comm, &c->comm);
    if (!err && way->form != MP_BLOCKING) {
        err = mp_check_pointer(way->request, "request");
    }
    if (!err && way->form == MP_PERSISTENT && way->info != MPI_INFO_NULL &&
        !mp_info_get(way->info)) {
        err = mp_fail(MPI_ERR_INFO, "info is not a valid info object");
    }
    return err;
}

static int end(const struct mp_way *way, const struct mp_collective *c, int err)
{
    if (!err && way->form == MP_BLOCKING) {
        err = mp_collective_run(c);
    } else if (!err) {
        struct mp_request *request = NULL;
        err = way->form == MP_NONBLOCKING ? mp_collective_start(c, &request)
                                          : mp_collective_init(c, &request);
        if (!err) {
            *way->request = (MPI_Request)(void *)request;
            mp_request_made(request, way->call, NULL);
        }
    }
    return mp_leave(way->call, c->comm, err);
}

// ---- Pieces

static int no_in_place(const void *buffer, const char *name)
{
    if (buffer == MPI_IN_PLACE) {
        return mp_fail(MPI_ERR_BUFFER, "%s is MPI_IN_PLACE, which this rank may not give here",
                       name);
    }
    return 0;
}

// MPI_IN_PLACE where it is allowed: never on an intercommunicator.
static int check_in_place(const struct mp_collective *c, const char *name)
{
    if (c->comm->remote) {
        return mp_fail(MPI_ERR_BUFFER, "%s is MPI_IN_PLACE on an intercommunicator", name);
    }
    return 0;
}

// A side with one count and one type.
static int check_one(const struct mp_side *side, const struct side_names *names,
                     struct mp_blocks *out)
{
    int err = mp_check_count(side->counts.each, names->count);
    err = err ? err : mp_check_type(side->type, names->type, &out->type);
    err = err ? err : no_in_place(side->buffer, names->buffer);
    err = err ? err : mp_check_buffer(side->buffer, side->counts.each, out->type, names->buffer);
    out->buffer = (void *)(uintptr_t)side->buffer;
    out->counts = side->counts;
    out->displacements = side->displacements;
    return err;
}

// A side with an array of counts, one per each of `size` ranks.
static int check_arrays(const struct mp_side *side, const struct side_names *names, int size,
                        struct mp_blocks *out)
{
    MPI_Count largest = 0;
    int err = side->each_type ? mp_check_pointer(side->types, names->types) : 0;
    err = err ? err : mp_check_pointer(side->counts.array, names->counts);
    err = err ? err : mp_check_pointer(side->displacements.array, names->displacements);
    for (int i = 0; i < size && !err; i++) {
        MPI_Count count = mp_counts_at(&side->counts, i);
        if (count < 0) {
            err = mp_fail(MPI_ERR_COUNT, "%s[%d] is %lld, must be 0 or more", names->counts, i,
                          (long long)count);
        }
        largest = count > largest ? count : largest;
    }
    if (!err && !side->types) {
        err = mp_check_type(side->type, names->type, &out->type);
    }
    for (int i = 0; i < size && !err && side->types; i++) {
        struct mp_datatype *type;
        if (mp_counts_at(&side->counts, i) > 0) {
            err = mp_check_type(side->types[i], names->type, &type);
        }
    }
    err = err ? err : no_in_place(side->buffer, names->buffer);
    if (!err && !side->types) {
        err = mp_check_buffer(side->buffer, largest, out->type, names->buffer);
    }
    out->buffer = (void *)(uintptr_t)side->buffer;
    out->counts = side->counts;
    out->displacements = side->displacements;
    out->types = side->types;
    return err;
}

static int check_side(const struct mp_side *side, const struct side_names *names, int size,
                      struct mp_blocks *out)
{
    return side->arrays ? check_arrays(side, names, size, out) : check_one(side, names, out);
}

// Ranks that this rank exchanges blocks with.
static int peers_of(const struct mp_collective *c)
{
    return c->comm->peers->size;
}

static bool same_memory(const void *a, const void *b, MPI_Count count,
                        const struct mp_datatype *type)
{
    // With gaps in the type the two may well interleave.
    return a == b && a && count > 0 && type->size > 0 && type->contiguous;
}

static int alias(void)
{
    return mp_fail(MPI_ERR_BUFFER, "sendbuf and recvbuf are the same memory: MPI_IN_PLACE says "
                                   "that they are meant to be");
}

// The send block of this rank against the place in the receive buffer where it is to go.
static int check_alias(const struct mp_collective *c, const struct mp_blocks *all,
                       const struct mp_blocks *one)
{
    if (c->comm->remote || mp_block_count(all, c->comm->rank) == 0) {
        return 0;
    }
    return same_memory(mp_block_at(all, c->comm->rank), one->buffer, one->counts.each, one->type)
               ? alias()
               : 0;
}

// ---- The operations

int mp_call_barrier(struct mp_way way, MPI_Comm comm)
{
    struct mp_collective c;
    int err = begin(&way, comm, &c, MP_BARRIER, 0, false);
    return end(&way, &c, err);
}

int mp_call_bcast(struct mp_way way, void *buffer, MPI_Count count, MPI_Datatype type, int root,
                  MPI_Comm comm)
{
    static const struct side_names names = {"buffer", "count", "", "", "datatype", ""};
    struct mp_collective c;
    struct mp_side side = mp_side(buffer, count, type);
    int err = begin(&way, comm, &c, MP_BCAST, root, false);
    err = err ? err : mp_check_root(c.comm, root);
    if (!err && root != MPI_PROC_NULL) {
        err = check_one(&side, &names, &c.recv);
    }
    return end(&way, &c, err);
}

// Of a gather or a scatter: the root has one block of every rank, or one for every rank; the others
// have their own.
int mp_call_rooted(struct mp_way way, enum mp_collective_kind kind, const struct mp_side *send,
                   const struct mp_side *recv, int root, MPI_Comm comm)
{
    struct mp_collective c;
    bool gathers = kind == MP_GATHER;
    const struct mp_side *all = gathers ? recv : send;
    const struct mp_side *own = gathers ? send : recv;
    struct mp_blocks *all_blocks = gathers ? &c.recv : &c.send;
    struct mp_blocks *own_block = gathers ? &c.send : &c.recv;
    int err = begin(&way, comm, &c, kind, root, all->arrays);
    err = err ? err : mp_check_root(c.comm, root);
    if (err) {
        return end(&way, &c, err);
    }
    bool has_all = c.comm->remote ? root == MPI_ROOT : root == c.comm->rank;
    bool has_own = c.comm->remote ? root >= 0 : true;
    if (has_all) {
        err = check_side(all, gathers ? &recv_names : &send_names, peers_of(&c), all_blocks);
        c.in_place = has_own && own->buffer == MPI_IN_PLACE;
        has_own = has_own && !c.in_place;
    }
    if (!err && has_own) {
        err = check_one(own, gathers ? &send_names : &recv_names, own_block);
    }
    if (!err && has_own && has_all) {
        err = check_alias(&c, all_blocks, own_block);
    }
    return end(&way, &c, err);
}

// Buffers may begin at the same place and yet be apart; what a rank sends itself may not be where
// it receives it.
static int check_own_block(const struct mp_collective *c)
{
    int rank = c->comm->rank;
    if (c->comm->remote || mp_block_count(&c->send, rank) == 0 ||
        mp_block_count(&c->recv, rank) == 0) {
        return 0;
    }
    return same_memory(mp_block_at(&c->send, rank), mp_block_at(&c->recv, rank), 1,
                       mp_block_type(&c->send, rank))
               ? alias()
               : 0;
}

int mp_call_all(struct mp_way way, enum mp_collective_kind kind, const struct mp_side *send,
                const struct mp_side *recv, MPI_Comm comm)
{
    struct mp_collective c;
    int err = begin(&way, comm, &c, kind, 0, recv->arrays);
    err = err ? err : check_side(recv, &recv_names, peers_of(&c), &c.recv);
    c.in_place = send->buffer == MPI_IN_PLACE;
    if (!err && c.in_place) {
        err = check_in_place(&c, "sendbuf");
    } else if (!err && kind == MP_ALLGATHER) {
        err = check_one(send, &send_names, &c.send);
        err = err ? err : check_alias(&c, &c.recv, &c.send);
    } else if (!err) {
        err = check_side(send, &send_names, peers_of(&c), &c.send);
        err = err ? err : check_own_block(&c);
    }
    return end(&way, &c, err);
}

// ---- Among neighbours

static int begin_neighbors(const struct mp_way *way, MPI_Comm comm, struct mp_collective *c,
                           enum mp_collective_kind kind, bool uneven)
{
    int err = begin(way, comm, c, kind, 0, uneven);
    const struct mp_topology *topology = err ? NULL : c->comm->topology;
    if (!err && !topology) {
        err = mp_fail(MPI_ERR_TOPOLOGY, "comm has no topology, so there are no neighbours");
    }
    if (!err && topology->lopsided >= 0) {
        err = mp_fail(MPI_ERR_TOPOLOGY,
                      "the graph has not as many edges from rank %d to rank %d as the other way, "
                      "which a neighbourhood collective needs",
                      c->comm->rank, topology->lopsided);
    }
    return err;
}

// With no neighbours on a side there is nothing to look at but one count and type.
static int check_neighbors(const struct mp_side *side, const struct side_names *names, int degree,
                           struct mp_blocks *out)
{
    if (degree > 0) {
        return check_side(side, names, degree, out);
    }
    int err = no_in_place(side->buffer, names->buffer);
    if (!side->arrays) {
        err = err ? err : mp_check_count(side->counts.each, names->count);
        err = err ? err : mp_check_type(side->type, names->type, &out->type);
    }
    return err;
}

int mp_call_neighbors(struct mp_way way, enum mp_collective_kind kind, const struct mp_side *send,
                      const struct mp_side *recv, MPI_Comm comm)
{
    struct mp_collective c;
    int err = begin_neighbors(&way, comm, &c, kind, recv->arrays);
    err = err ? err : check_neighbors(recv, &recv_names, c.comm->topology->indegree, &c.recv);
    err = err ? err : check_neighbors(send, &send_names, c.comm->topology->outdegree, &c.send);
    return end(&way, &c, err);
}

// ---- Reductions

// Count, type and operation, and the operand and result buffers where this rank has them.
static int check_reduction(struct mp_collective *c, const void *sendbuf, bool sends, void *recvbuf,
                           bool receives, bool may_in_place, MPI_Count count, MPI_Datatype type,
                           MPI_Op op)
{
    int err = mp_check_count(count, "count");
    err = err ? err : mp_check_type(type, "datatype", &c->recv.type);
    err = err ? err : mp_check_op(op, &c->op);
    err = err ? err : mp_op_check(c->op, c->recv.type);
    if (err) {
        return err;
    }
    c->send.buffer = (void *)(uintptr_t)sendbuf;
    c->recv.buffer = recvbuf;
    c->recv.counts = mp_counts_each(count);
    c->in_place = sends && may_in_place && sendbuf == MPI_IN_PLACE;
    if (c->in_place) {
        err = check_in_place(c, "sendbuf");
    } else if (sends) {
        err = no_in_place(sendbuf, "sendbuf");
        err = err ? err : mp_check_buffer(sendbuf, count, c->recv.type, "sendbuf");
    }
    if (!err && receives) {
        err = no_in_place(recvbuf, "recvbuf");
        err = err ? err : mp_check_buffer(recvbuf, count, c->recv.type, "recvbuf");
    }
    if (!err && sends && (receives || c->kind == MP_EXSCAN) && !c->in_place &&
        same_memory(sendbuf, recvbuf, count, c->recv.type)) {
        err = alias();
    }
    return err;
}

int mp_call_reduce(struct mp_way way, const void *sendbuf, void *recvbuf, MPI_Count count,
                   MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm)
{
    struct mp_collective c;
    int err = begin(&way, comm, &c, MP_REDUCE, root, false);
    err = err ? err : mp_check_root(c.comm, root);
    if (!err && root != MPI_PROC_NULL) {
        bool receives = c.comm->remote ? root == MPI_ROOT : root == c.comm->rank;
        bool sends = c.comm->remote ? root >= 0 : true;
        err = check_reduction(&c, sendbuf, sends, recvbuf, receives, receives, count, type, op);
    }
    return end(&way, &c, err);
}

int mp_call_combine(struct mp_way way, enum mp_collective_kind kind, const void *sendbuf,
                    void *recvbuf, MPI_Count count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    struct mp_collective c;
    int err = begin(&way, comm, &c, kind, 0, false);
    if (!err && kind != MP_ALLREDUCE && c.comm->remote) {
        err = mp_fail(MPI_ERR_COMM, "comm is an intercommunicator, on which there is no scan");
    }
    if (!err) {
        // Rank 0 of an exclusive scan gets no result.
        bool receives = kind != MP_EXSCAN || c.comm->rank > 0 || sendbuf == MPI_IN_PLACE;
        err = check_reduction(&c, sendbuf, true, recvbuf, receives, true, count, type, op);
    }
    return end(&way, &c, err);
}

// The whole operand's length; `err` is set for a bad count.
static MPI_Count total_count(const struct mp_collective *c, const struct mp_counts *counts,
                             int *err)
{
    MPI_Count total = 0;
    for (int i = 0; i < c->comm->size && !*err; i++) {
        MPI_Count count = mp_counts_at(counts, i);
        if (count < 0) {
            *err = mp_fail(MPI_ERR_COUNT, "recvcounts[%d] is %lld, must be 0 or more", i,
                           (long long)count);
        }
        total += count;
    }
    return total;
}

int mp_call_reduce_scatter(struct mp_way way, const void *sendbuf, void *recvbuf, bool arrays,
                           struct mp_counts recvcounts, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    struct mp_collective c;
    int err = begin(&way, comm, &c, MP_REDUCE_SCATTER, 0, false);
    if (!err && arrays) {
        err = mp_check_pointer(recvcounts.array, "recvcounts");
    } else if (!err) {
        err = mp_check_count(recvcounts.each, "recvcount");
    }
    MPI_Count total = err ? 0 : total_count(&c, &recvcounts, &err);
    if (!err) {
        // The receive buffer holds one block, or the whole operand in place.
        bool receives = sendbuf == MPI_IN_PLACE || mp_counts_at(&recvcounts, c.comm->rank) > 0;
        err = check_reduction(&c, sendbuf, true, recvbuf, receives, true, total, type, op);
        c.recv.counts = recvcounts;
    }
    return end(&way, &c, err);
}
