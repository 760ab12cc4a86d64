// SPDX-License-Identifier: MIT
// Every kind of object, made and freed once by a function of its own. All ranks call the same ones;
// the partner of a message is this rank itself. Used by objects.c.
#ifndef TESTS_STRESS_OBJECTS_KINDS_H
#define TESTS_STRESS_OBJECTS_KINDS_H

#include "../api/check.h"

struct kind {
    const char *name;
    void (*once)(void);
    int share; // of the rounds; 1 all, 10 a tenth where it takes long
};

static MPI_Comm world;       // of all ranks, our own
static char near_end[2][64]; // what small messages carry
static char far_end[2][200000];

// ---- Requests

static void message(int bytes, char *from, char *to, int mode)
{
    MPI_Request r[2];
    OK(MPI_Irecv(to, bytes, MPI_BYTE, rank, 1, world, &r[0]));
    OK((mode == 0   ? MPI_Isend
        : mode == 1 ? MPI_Issend
        : mode == 2 ? MPI_Ibsend
                    : MPI_Irsend)(from, bytes, MPI_BYTE, rank, 1, world, &r[1]));
    OK(MPI_Waitall(2, r, MPI_STATUSES_IGNORE));
}

static void send_small(void)
{
    message(8, near_end[0], near_end[1], 0);
}
static void send_large(void)
{
    message(sizeof far_end[0], far_end[0], far_end[1], 0);
}
static void send_synchronous(void)
{
    message(64, near_end[0], near_end[1], 1);
}
static void send_buffered(void)
{
    message(64, near_end[0], near_end[1], 2);
}
static void send_ready(void)
{
    message(64, near_end[0], near_end[1], 3);
}

static void sendrecv_request(void)
{
    MPI_Request r[2];
    OK(MPI_Isendrecv(near_end[0], 8, MPI_BYTE, rank, 1, near_end[1], 8, MPI_BYTE, rank, 1, world,
                     &r[0]));
    OK(MPI_Isendrecv_replace(far_end[0], 8, MPI_BYTE, rank, 2, rank, 2, world, &r[1]));
    OK(MPI_Waitall(2, r, MPI_STATUSES_IGNORE));
}

static void persistent(void)
{
    MPI_Request r[2];
    OK(MPI_Recv_init(near_end[1], 8, MPI_BYTE, rank, 1, world, &r[0]));
    OK(MPI_Send_init(near_end[0], 8, MPI_BYTE, rank, 1, world, &r[1]));
    OK(MPI_Startall(2, r));
    OK(MPI_Waitall(2, r, MPI_STATUSES_IGNORE));
    OK(MPI_Request_free(&r[0]));
    OK(MPI_Request_free(&r[1]));
}

static void persistent_never_started(void)
{
    MPI_Request r;
    OK(MPI_Ssend_init(near_end[0], 8, MPI_BYTE, rank, 1, world, &r));
    OK(MPI_Request_free(&r));
}

static void freed_while_active(void)
{
    MPI_Request r;
    OK(MPI_Isend(near_end[0], 8, MPI_BYTE, rank, 1, world, &r));
    OK(MPI_Request_free(&r));
    OK(MPI_Recv(near_end[1], 8, MPI_BYTE, rank, 1, world, MPI_STATUS_IGNORE));
}

static void cancelled(void)
{
    MPI_Request r;
    OK(MPI_Irecv(near_end[1], 8, MPI_BYTE, rank, 9, world, &r));
    OK(MPI_Cancel(&r));
    OK(MPI_Wait(&r, MPI_STATUS_IGNORE));
}

static void partitioned(void)
{
    MPI_Request r[2];
    OK(MPI_Psend_init(near_end[0], 4, 2, MPI_INT, rank, 1, world, MPI_INFO_NULL, &r[0]));
    OK(MPI_Precv_init(near_end[1], 2, 4, MPI_INT, rank, 1, world, MPI_INFO_NULL, &r[1]));
    OK(MPI_Startall(2, r));
    OK(MPI_Pready_range(0, 3, r[0]));
    OK(MPI_Waitall(2, r, MPI_STATUSES_IGNORE));
    OK(MPI_Request_free(&r[0]));
    OK(MPI_Request_free(&r[1]));
}

static int nothing_queried(void *state, MPI_Status *status)
{
    (void)state;
    MPI_Status_set_elements(status, MPI_BYTE, 0);
    MPI_Status_set_cancelled(status, 0);
    return MPI_SUCCESS;
}

static int nothing_freed(void *state)
{
    (void)state;
    return MPI_SUCCESS;
}

static int nothing_cancelled(void *state, int complete)
{
    (void)state, (void)complete;
    return MPI_SUCCESS;
}

static void generalized(void)
{
    MPI_Request r;
    OK(MPI_Grequest_start(nothing_queried, nothing_freed, nothing_cancelled, NULL, &r));
    OK(MPI_Grequest_complete(r));
    OK(MPI_Wait(&r, MPI_STATUS_IGNORE));
}

static void collective_requests(void)
{
    MPI_Request r[4];
    int a = rank, b, c = 1, d;
    OK(MPI_Ibarrier(world, &r[0]));
    OK(MPI_Ibcast(&c, 1, MPI_INT, 0, world, &r[1]));
    OK(MPI_Iallreduce(&a, &b, 1, MPI_INT, MPI_SUM, world, &r[2]));
    OK(MPI_Iscan(&a, &d, 1, MPI_INT, MPI_SUM, world, &r[3]));
    OK(MPI_Waitall(4, r, MPI_STATUSES_IGNORE));
}

static void collective_persistent(void)
{
    MPI_Request r;
    int a = rank, b;
    OK(MPI_Allreduce_init(&a, &b, 1, MPI_INT, MPI_MAX, world, MPI_INFO_NULL, &r));
    OK(MPI_Start(&r));
    OK(MPI_Wait(&r, MPI_STATUS_IGNORE));
    OK(MPI_Request_free(&r));
}

static void collectives(void)
{
    int a = rank, b, all[64];
    OK(MPI_Barrier(world));
    OK(MPI_Allreduce(&a, &b, 1, MPI_INT, MPI_SUM, world));
    OK(MPI_Allgather(&a, 1, MPI_INT, all, 1, MPI_INT, world));
}

static void matched(void)
{
    MPI_Message m;
    MPI_Request r[2];
    OK(MPI_Isend(near_end[0], 8, MPI_BYTE, rank, 3, world, &r[0]));
    OK(MPI_Mprobe(rank, 3, world, &m, MPI_STATUS_IGNORE));
    OK(MPI_Imrecv(near_end[1], 8, MPI_BYTE, &m, &r[1]));
    OK(MPI_Waitall(2, r, MPI_STATUSES_IGNORE));
}

// ---- Communicators

static void free_comm(MPI_Comm *comm)
{
    if (*comm != MPI_COMM_NULL) {
        OK(MPI_Comm_free(comm));
    }
}

static void comm_dup(void)
{
    MPI_Comm comm;
    OK(MPI_Comm_dup(world, &comm));
    free_comm(&comm);
}

static void comm_idup(void)
{
    MPI_Comm comm;
    MPI_Request r;
    OK(MPI_Comm_idup_with_info(world, MPI_INFO_NULL, &comm, &r));
    OK(MPI_Wait(&r, MPI_STATUS_IGNORE));
    free_comm(&comm);
}

static void comm_used(void)
{
    MPI_Comm comm;
    int a = rank, b;
    OK(MPI_Comm_dup(world, &comm));
    OK(MPI_Comm_set_name(comm, "used"));
    OK(MPI_Sendrecv(&a, 1, MPI_INT, (rank + 1) % size, 0, &b, 1, MPI_INT, (rank + size - 1) % size,
                    0, comm, MPI_STATUS_IGNORE));
    OK(MPI_Allreduce(&a, &b, 1, MPI_INT, MPI_SUM, comm));
    OK(MPI_Barrier(comm));
    OK(MPI_Barrier(comm));
    free_comm(&comm);
}

static void comm_split(void)
{
    MPI_Comm comm;
    OK(MPI_Comm_split(world, rank % 2, -rank, &comm));
    free_comm(&comm);
}

static void comm_split_type(void)
{
    MPI_Comm comm;
    OK(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &comm));
    free_comm(&comm);
}

static void comm_create(void)
{
    MPI_Comm comm;
    MPI_Group group;
    OK(MPI_Comm_group(world, &group));
    OK(MPI_Comm_create(world, group, &comm));
    free_comm(&comm);
    OK(MPI_Comm_create_group(world, group, 1, &comm));
    free_comm(&comm);
    OK(MPI_Group_free(&group));
}

static void comm_from_group(void)
{
    MPI_Comm comm;
    MPI_Group group;
    OK(MPI_Comm_group(world, &group));
    OK(MPI_Comm_create_from_group(group, "stress", MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &comm));
    free_comm(&comm);
    OK(MPI_Group_free(&group));
}

static void comm_inter(void)
{
    MPI_Comm local, inter, copy, merged;
    if (size == 1) {
        return;
    }
    OK(MPI_Comm_split(world, rank % 2, 0, &local));
    OK(MPI_Intercomm_create(local, 0, world, 1 - rank % 2, 2, &inter));
    OK(MPI_Comm_dup(inter, &copy));
    OK(MPI_Intercomm_merge(copy, rank % 2, &merged));
    free_comm(&local);
    free_comm(&inter);
    free_comm(&copy);
    free_comm(&merged);
}

static void comm_cart(void)
{
    MPI_Comm cart, row;
    int dims[2] = {size, 1}, periods[2] = {1, 0}, remain[2] = {1, 0};
    OK(MPI_Cart_create(world, 2, dims, periods, 1, &cart));
    OK(MPI_Cart_sub(cart, remain, &row));
    free_comm(&row);
    free_comm(&cart);
}

static void comm_graph(void)
{
    MPI_Comm graph, adjacent, any;
    int index[64], edges[64], next = (rank + 1) % size, before = (rank + size - 1) % size, one = 1;
    for (int i = 0; i < size; i++) {
        index[i] = i + 1;
        edges[i] = i;
    }
    OK(MPI_Graph_create(world, size, index, edges, 0, &graph));
    OK(MPI_Dist_graph_create_adjacent(world, 1, &before, &one, 1, &next, &one, MPI_INFO_NULL, 0,
                                      &adjacent));
    OK(MPI_Dist_graph_create(world, 1, &rank, &one, &next, MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &any));
    free_comm(&graph);
    free_comm(&adjacent);
    free_comm(&any);
}

// ---- What needs no other rank

static void groups(void)
{
    MPI_Group all, some, rest, both;
    int range[1][3] = {{0, size - 1, 1}};
    OK(MPI_Comm_group(world, &all));
    OK(MPI_Group_incl(all, 1, &rank, &some));
    OK(MPI_Group_difference(all, some, &rest));
    OK(MPI_Group_union(rest, some, &both));
    OK(MPI_Group_free(&some));
    OK(MPI_Group_range_incl(both, 1, range, &some));
    MPI_Group *list[] = {&all, &some, &rest, &both};
    for (int i = 0; i < 4; i++) {
        OK(MPI_Group_free(list[i]));
    }
}

static void types(void)
{
    static const int lengths[] = {1, 2}, places[] = {0, 4}, wholes[] = {4, 4}, parts[] = {2, 2};
    static const int starts[] = {1, 1}, kinds[] = {MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_CYCLIC};
    static const int args[] = {MPI_DISTRIBUTE_DFLT_DARG, MPI_DISTRIBUTE_DFLT_DARG};
    static const int processes[] = {2, 2};
    static const MPI_Aint bytes[] = {0, 16};
    MPI_Datatype t[16], two[2] = {MPI_INT, MPI_DOUBLE};
    int n = 0, position = 0;
    char packed[64];
    OK(MPI_Type_contiguous(3, MPI_INT, &t[n++]));
    OK(MPI_Type_vector(2, 1, 3, MPI_INT, &t[n++]));
    OK(MPI_Type_create_hvector(2, 1, 32, t[0], &t[n++]));
    OK(MPI_Type_indexed(2, lengths, places, MPI_INT, &t[n++]));
    OK(MPI_Type_create_hindexed(2, lengths, bytes, MPI_INT, &t[n++]));
    OK(MPI_Type_create_indexed_block(2, 1, places, MPI_INT, &t[n++]));
    OK(MPI_Type_create_hindexed_block(2, 1, bytes, MPI_INT, &t[n++]));
    OK(MPI_Type_create_struct(2, lengths, bytes, two, &t[n++]));
    OK(MPI_Type_create_subarray(2, wholes, parts, starts, MPI_ORDER_C, MPI_INT, &t[n++]));
    OK(MPI_Type_create_darray(4, 1, 2, wholes, kinds, args, processes, MPI_ORDER_C, MPI_INT,
                              &t[n++]));
    OK(MPI_Type_create_resized(t[7], 0, 64, &t[n++]));
    OK(MPI_Type_dup(t[8], &t[n++]));
    for (int i = 0; i < n; i++) {
        OK(MPI_Type_commit(&t[i]));
    }
    OK(MPI_Pack(far_end[0], 1, t[10], packed, sizeof packed, &position, world));
    for (int i = 0; i < n; i++) {
        OK(MPI_Type_free(&t[i]));
    }
}

static void types_by_precision(void)
{
    MPI_Datatype type;
    OK(MPI_Type_create_f90_real(15, 307, &type));
    OK(MPI_Type_create_f90_integer(9, &type));
}

static void add(void *in, void *inout, int *count, MPI_Datatype *type)
{
    (void)in, (void)inout, (void)count, (void)type;
}

static void add_c(void *in, void *inout, MPI_Count *count, MPI_Datatype *type)
{
    (void)in, (void)inout, (void)count, (void)type;
}

static void ops(void)
{
    MPI_Op op, large;
    OK(MPI_Op_create(add, 1, &op));
    OK(MPI_Op_create_c(add_c, 0, &large));
    OK(MPI_Op_free(&op));
    OK(MPI_Op_free(&large));
}

static void comm_error(MPI_Comm *comm, int *code, ...)
{
    (void)comm, (void)code;
}

static void session_error(MPI_Session *session, int *code, ...)
{
    (void)session, (void)code;
}

static void errhandlers(void)
{
    MPI_Errhandler handler, got, other;
    OK(MPI_Comm_create_errhandler(comm_error, &handler));
    OK(MPI_Session_create_errhandler(session_error, &other));
    OK(MPI_Comm_set_errhandler(world, handler));
    OK(MPI_Comm_get_errhandler(world, &got));
    OK(MPI_Comm_set_errhandler(world, MPI_ERRORS_ARE_FATAL));
    OK(MPI_Errhandler_free(&handler));
    OK(MPI_Errhandler_free(&got));
    OK(MPI_Errhandler_free(&other));
}

static void attributes(void)
{
    MPI_Comm comm;
    MPI_Datatype type;
    int key, type_key;
    OK(MPI_Comm_create_keyval(MPI_COMM_DUP_FN, MPI_COMM_NULL_DELETE_FN, &key, NULL));
    OK(MPI_Type_create_keyval(MPI_TYPE_DUP_FN, MPI_TYPE_NULL_DELETE_FN, &type_key, NULL));
    OK(MPI_Comm_dup(MPI_COMM_SELF, &comm));
    OK(MPI_Type_contiguous(2, MPI_INT, &type));
    OK(MPI_Comm_set_attr(comm, key, &key));
    OK(MPI_Type_set_attr(type, type_key, &key));
    OK(MPI_Comm_set_attr(MPI_COMM_SELF, key, &key));
    OK(MPI_Comm_delete_attr(MPI_COMM_SELF, key));
    OK(MPI_Comm_free_keyval(&key));
    OK(MPI_Type_free_keyval(&type_key));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Type_free(&type));
}

static void infos(void)
{
    MPI_Info info, copy;
    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, "first", "value"));
    OK(MPI_Info_set(info, "second", "another value"));
    OK(MPI_Info_dup(info, &copy));
    OK(MPI_Info_delete(copy, "first"));
    OK(MPI_Info_free(&info));
    OK(MPI_Info_free(&copy));
    OK(MPI_Comm_get_info(world, &info));
    OK(MPI_Info_free(&info));
}

static void sessions(void)
{
    MPI_Session session;
    MPI_Group group;
    MPI_Info info;
    OK(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session));
    OK(MPI_Group_from_session_pset(session, "mpi://SELF", &group));
    OK(MPI_Session_get_pset_info(session, "mpi://WORLD", &info));
    OK(MPI_Info_free(&info));
    OK(MPI_Group_free(&group));
    OK(MPI_Session_finalize(&session));
}

static void session_comms(void)
{
    MPI_Session session;
    MPI_Group group;
    MPI_Comm comm;
    OK(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session));
    OK(MPI_Group_from_session_pset(session, "mpi://WORLD", &group));
    OK(MPI_Comm_create_from_group(group, "s", MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &comm));
    free_comm(&comm);
    OK(MPI_Group_free(&group));
    OK(MPI_Session_finalize(&session));
}

static void error_codes(void)
{
    int class, code;
    OK(MPI_Add_error_class(&class));
    OK(MPI_Add_error_code(class, &code));
    OK(MPI_Add_error_string(code, "it went wrong"));
    OK(MPI_Remove_error_string(code));
    OK(MPI_Remove_error_code(code));
    OK(MPI_Remove_error_class(class));
}

static void buffers(void)
{
    static char memory[4096];
    void *address;
    int bytes;
    OK(MPI_Comm_attach_buffer(world, memory, sizeof memory));
    OK(MPI_Bsend(near_end[0], 8, MPI_BYTE, rank, 4, world));
    OK(MPI_Recv(near_end[1], 8, MPI_BYTE, rank, 4, world, MPI_STATUS_IGNORE));
    OK(MPI_Comm_detach_buffer(world, &address, &bytes));
}

static void memory(void)
{
    void *some;
    OK(MPI_Alloc_mem(100, MPI_INFO_NULL, &some));
    OK(MPI_Free_mem(some));
    OK(MPI_Alloc_mem(1 << 20, MPI_INFO_NULL, &some));
    memset(some, 1, 4096);
    OK(MPI_Free_mem(some));
}

static const struct kind kinds[] = {
    {"small messages", send_small, 1},
    {"large messages", send_large, 10},
    {"synchronous messages", send_synchronous, 1},
    {"buffered messages", send_buffered, 1},
    {"ready messages", send_ready, 1},
    {"send-receive requests", sendrecv_request, 1},
    {"persistent requests", persistent, 1},
    {"requests never started", persistent_never_started, 1},
    {"requests freed while active", freed_while_active, 1},
    {"cancelled receives", cancelled, 1},
    {"partitioned requests", partitioned, 1},
    {"generalized requests", generalized, 1},
    {"nonblocking collectives", collective_requests, 1},
    {"persistent collectives", collective_persistent, 1},
    {"blocking collectives", collectives, 1},
    {"matched messages", matched, 1},
    {"duplicates", comm_dup, 1},
    {"nonblocking duplicates", comm_idup, 1},
    {"communicators that are used", comm_used, 1},
    {"splits", comm_split, 1},
    {"splits by machine", comm_split_type, 1},
    {"communicators of groups", comm_create, 1},
    {"communicators from groups", comm_from_group, 1},
    {"intercommunicators", comm_inter, 1},
    {"grids", comm_cart, 1},
    {"graphs", comm_graph, 1},
    {"groups", groups, 1},
    {"datatypes", types, 1},
    {"types by precision", types_by_precision, 1},
    {"reduction operations", ops, 1},
    {"error handlers", errhandlers, 1},
    {"keyvals and attributes", attributes, 1},
    {"infos", infos, 1},
    {"sessions", sessions, 1},
    {"sessions with communicators", session_comms, 1},
    {"error codes", error_codes, 1},
    {"send buffers", buffers, 1},
    {"allocated memory", memory, 1},
};

#endif
