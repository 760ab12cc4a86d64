// SPDX-License-Identifier: MIT
// Programs that are right though their ranks give different arguments: none is told anything. Types
// of one signature, bytes for anything, MPI_IN_PLACE at one rank, room for more than comes, blocks
// of no length, users' operations of which each rank has its own.
// ranks: 2 3
// timeout: 240
#include "coll_forms.h"

static int cases;

static void agree(const char *what, const struct call *common, const struct call *odd)
{
    const struct call *mine = rank == size - 1 ? odd : common;
    MPI_Comm comm;

    snprintf(check_again, sizeof check_again, "%s: %s%s of %d\n", what, form_names[common->form],
             kind_names[common->kind], common->count);
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    int class = do_call(mine, comm);
    CHECK(class == MPI_SUCCESS, "class is %d", class);
    OK(MPI_Barrier(comm));
    OK(MPI_Comm_free(&comm));
    cases++;
}

static MPI_Datatype structure, vector, subarray, darray, resized;

static void make_types(void)
{
    int lengths[2] = {1, 1}, one = 1, two = 2;
    MPI_Aint places[2] = {0, 8};
    MPI_Datatype members[2] = {MPI_DOUBLE, MPI_INT}, plain;
    int distribution = MPI_DISTRIBUTE_BLOCK, argument = MPI_DISTRIBUTE_DFLT_DARG;
    OK(MPI_Type_create_struct(2, lengths, places, members, &plain));
    OK(MPI_Type_create_resized(plain, 0, 24, &structure));
    OK(MPI_Type_vector(2, 1, 2, MPI_DOUBLE, &vector));
    OK(MPI_Type_create_subarray(1, &(int){4}, &two, &one, MPI_ORDER_C, MPI_DOUBLE, &subarray));
    OK(MPI_Type_create_darray(1, 0, 1, &two, &distribution, &argument, &one, MPI_ORDER_C,
                              MPI_DOUBLE, &darray));
    OK(MPI_Type_create_resized(MPI_DOUBLE, 0, 16, &resized));
    OK(MPI_Type_commit(&structure));
    OK(MPI_Type_commit(&vector));
    OK(MPI_Type_commit(&subarray));
    OK(MPI_Type_commit(&darray));
    OK(MPI_Type_commit(&resized));
    OK(MPI_Type_free(&plain));
}

static void free_types(void)
{
    OK(MPI_Type_free(&structure));
    OK(MPI_Type_free(&vector));
    OK(MPI_Type_free(&subarray));
    OK(MPI_Type_free(&darray));
    OK(MPI_Type_free(&resized));
}

// So many of one type are so many of another.
static void same_data(enum kind kind, enum form form, int count)
{
    const struct {
        const char *what;
        MPI_Datatype one, other;
        int ones, others;
        int reduced; // both may be
    } pairs[] = {{"long and int64", MPI_LONG, MPI_INT64_T, 1, 1, 1},
                 {"long and aint", MPI_LONG, MPI_AINT, 1, 1, 1},
                 {"offset and count", MPI_OFFSET, MPI_COUNT, 1, 1, 1},
                 {"double and real8", MPI_DOUBLE, MPI_REAL8, 1, 1, 1},
                 {"byte and double", MPI_BYTE, MPI_DOUBLE, 8, 1, 0},
                 {"double and byte", MPI_DOUBLE, MPI_BYTE, 1, 8, 0},
                 {"packed and int", MPI_PACKED, MPI_INT, 4, 1, 0},
                 {"pairs and structs", MPI_DOUBLE_INT, structure, 1, 1, 0},
                 {"vectors and doubles", vector, MPI_DOUBLE, 1, 2, 0},
                 {"subarrays and doubles", subarray, MPI_DOUBLE, 1, 2, 0},
                 {"darrays and doubles", darray, MPI_DOUBLE, 1, 2, 0},
                 {"resized ones and doubles", resized, MPI_DOUBLE, 1, 1, 0},
                 {"2INT and ints", MPI_2INT, MPI_INT, 1, 2, 0},
                 {"complex and reals", MPI_C_DOUBLE_COMPLEX, MPI_DOUBLE, 1, 2, 0},
                 {"characters", MPI_CHAR, MPI_UNSIGNED_CHAR, 1, 1, 0},
                 {"signs", MPI_INT, MPI_UNSIGNED, 1, 1, 1}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (reduces(kind) && !pairs[i].reduced) {
            continue;
        }
        int ones = count * pairs[i].ones, others = count * pairs[i].others;
        struct call one = {kind, form, 0, ones, pairs[i].one, ones, pairs[i].one, MPI_SUM};
        struct call other = {kind,   form,           0,      others, pairs[i].other,
                             others, pairs[i].other, MPI_SUM};
        agree(pairs[i].what, &one, &other);
        agree(pairs[i].what, &other, &one);
    }
    struct call none = {kind, form, 0, 0, MPI_INT, 0, MPI_INT, MPI_SUM};
    struct call none_of_another = none;
    none_of_another.type = none_of_another.taken = MPI_DOUBLE;
    agree("no data", &none, &none_of_another);
}

static void add(void *in, void *inout, int *length, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *length; i++) {
        ((int *)inout)[i] += ((int *)in)[i];
    }
}

static void subtract(void *in, void *inout, int *length, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *length; i++) {
        ((int *)inout)[i] -= ((int *)in)[i];
    }
}

static void users_operations(enum form form)
{
    MPI_Op ops[2];
    OK(MPI_Op_create(add, 1, &ops[0]));
    OK(MPI_Op_create(subtract, 1, &ops[1]));
    for (int kind = REDUCE; kind < KINDS; kind++) {
        struct call one = {kind, form, 0, 3, MPI_INT, 3, MPI_INT, ops[0]}, other = one;
        other.op = ops[1];
        agree("operations of the user", &one, &other);
    }
    OK(MPI_Op_free(&ops[0]));
    OK(MPI_Op_free(&ops[1]));
}

static void in_place_at_one(void)
{
    int *in = (int *)given_bytes, *out = (int *)taken_bytes;
    MPI_Comm comm;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    void *from = rank == 0 ? MPI_IN_PLACE : (void *)in;
    for (int count = 1; count < 30000; count *= 12) {
        OK(MPI_Allreduce(from, out, count, MPI_INT, MPI_SUM, comm));
        OK(MPI_Reduce(from, out, count, MPI_INT, MPI_SUM, 0, comm));
        OK(MPI_Scan(from, out, count, MPI_INT, MPI_SUM, comm));
        OK(MPI_Exscan(from, out, count, MPI_INT, MPI_SUM, comm));
        OK(MPI_Reduce_scatter_block(from, out, count, MPI_INT, MPI_SUM, comm));
        OK(MPI_Allgather(from, count, MPI_INT, out, count, MPI_INT, comm));
        OK(MPI_Alltoall(from, count, MPI_INT, out, count, MPI_INT, comm));
        OK(MPI_Gather(from, count, MPI_INT, out, count, MPI_INT, 0, comm));
        cases += 8;
    }
    OK(MPI_Comm_free(&comm));
}

// In the v and w forms each pair of ranks has its own count and type: from i to k go i + k + 1
// doubles, or structs, in the w form as bytes where that is odd; the receive has room for more.
static void uneven(int scale, int empty)
{
    int counts[3], rooms[3], places[3], own[3], bytes[3];
    MPI_Datatype types[3], taken[3];
    MPI_Comm comm;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    for (int which = 0; which < 3; which++) {
        MPI_Datatype type = which == 0 ? MPI_DOUBLE : which == 1 ? structure : MPI_DOUBLE_INT;
        for (int i = 0; i < size; i++) {
            int none = empty && i == 1;
            counts[i] = none ? 0 : scale * (rank + i + 1);
            rooms[i] = empty && rank == 1 ? 0 : scale * (rank + i + 2);
            places[i] = i * scale * 8;
            own[i] = scale * (i + 2);
            bytes[i] = places[i] * 24;
        }
        int mine = empty && rank == 1 ? 0 : scale * (rank + 1);
        OK(MPI_Gatherv(given_bytes, mine, type, taken_bytes, own, places, type, 0, comm));
        OK(MPI_Allgatherv(given_bytes, mine, type, taken_bytes, own, places, type, comm));
        OK(MPI_Scatterv(given_bytes, counts, places, type, taken_bytes, scale * 8, type, 0, comm));
        OK(MPI_Alltoallv(given_bytes, counts, places, type, taken_bytes, rooms, places, type,
                         comm));
        MPI_Request request;
        OK(MPI_Ialltoallv(given_bytes, counts, places, type, taken_bytes, rooms, places, type, comm,
                          &request));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        for (int i = 0; i < size; i++) {
            int odd = (i + rank) % 2;
            types[i] = odd ? MPI_BYTE : type;
            taken[i] = i == rank ? types[i] : type;
            counts[i] = odd ? counts[i] * (which ? 12 : 8) : counts[i];
        }
        OK(MPI_Alltoallw(given_bytes, counts, bytes, types, taken_bytes, rooms, bytes, taken,
                         comm));
        OK(MPI_Ialltoallw(given_bytes, counts, bytes, types, taken_bytes, rooms, bytes, taken, comm,
                          &request));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        cases += 7;
    }
    OK(MPI_Comm_free(&comm));
}

int main(int argc, char **argv)
{
    static const int counts[] = {1, 9, 700, 20000};
    start(&argc, &argv);
    make_types();
    for (int kind = BCAST; kind < KINDS; kind++) {
        for (int form = 0; form < FORMS; form++) {
            for (size_t i = 0; i < COUNT_OF(counts); i++) {
                same_data(kind, form, counts[i]);
            }
        }
    }
    for (int form = 0; form < FORMS; form++) {
        users_operations(form);
    }
    in_place_at_one();
    for (int empty = 0; empty < 2; empty++) {
        uneven(1, empty);
        uneven(40, empty);
        uneven(1500, empty);
    }
    if (rank == 0) {
        printf("%d right programs\n", cases);
    }
    if (kept_request != MPI_REQUEST_NULL) {
        OK(MPI_Request_free(&kept_request));
    }
    free_types();
    return finish();
}
