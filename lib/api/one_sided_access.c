// SPDX-License-Identifier: MIT
//
// Chapter 12: access to windows (12.3). A function, its large-count twin and its request form are
// one call of one checked function. What is plain goes the short way: predefined types, the same
// number of bytes on both sides, memory that this process sees; there a put is a store. What is out
// of the ordinary in any way, wrong arguments included, goes the long way.

#include "api/one_sided.h"
#include "api/requests.h"
#include "base/calls.h"
#include "window/access.h"

// ---- The short way

// Bytes of `count` elements of a predefined type, from byte 0 on; 0: not that plain.
MP_ALWAYS_INLINE MPI_Count plain_bytes(MPI_Count count, MPI_Datatype type)
{
    uintptr_t index = (uintptr_t)type - (uintptr_t)MPI_DATATYPE_NULL;
    MPI_Count bytes;
    return likely(index < 256) && !__builtin_mul_overflow(count, mp_datatype_quick[index], &bytes)
               ? bytes
               : 0;
}

// The window, if the call can go the short way so far.
MP_ALWAYS_INLINE struct mp_window *plain_window(MPI_Win win)
{
    struct mp_window *window = mp_window_get(win);
    return likely(window && window->exists) ? window : NULL;
}

// The handle of a request that is complete when the call returns.
static MPI_Request complete_request(void)
{
    return mp_sent_handle(mp_process.rank, 0);
}

MP_ALWAYS_INLINE int leave_short(MPI_Request *request)
{
    if (request) {
        *request = complete_request();
    }
    mp_exit();
    return MPI_SUCCESS;
}

// ---- The long way: checks

static int check_origin(struct mp_window_buffer *buffer, void *address, MPI_Count count,
                        MPI_Datatype type, const char *what, const char *count_name,
                        const char *type_name)
{
    int err = mp_check_count(count, count_name);
    err = err ? err : mp_check_type(type, type_name, &buffer->type);
    err = err ? err : mp_check_buffer(address, count, buffer->type, what);
    buffer->at = address;
    buffer->count = count;
    return err;
}

static int check_target(struct mp_access *access, int rank, MPI_Aint displacement, MPI_Count count,
                        MPI_Datatype type)
{
    const struct mp_window *window = access->window;
    int err = mp_check_target(window, rank, "target_rank");
    err = err ? err : mp_check_count(count, "target_count");
    err = err ? err : mp_check_type(type, "target_datatype", &access->type);
    if (!err && displacement < 0 && window->flavor != MPI_WIN_FLAVOR_DYNAMIC &&
        rank != MPI_PROC_NULL) {
        err = mp_fail(MPI_ERR_DISP, "target_disp is %lld, must be 0 or more",
                      (long long)displacement);
    }
    access->target = rank;
    access->displacement = displacement;
    access->count = count;
    return err;
}

// Both sides have the same bytes (12.3: the data must fit, without truncation, in the target).
static int check_lengths(const struct mp_access *access, const struct mp_window_buffer *buffer,
                         const char *name)
{
    MPI_Count there = access->count * access->type->size;
    MPI_Count here = buffer->count * buffer->type->size;
    return here == there
               ? 0
               : mp_fail(MPI_ERR_COUNT, "the %s has %lld bytes of data, and the target's part %lld",
                         name, (long long)here, (long long)there);
}

// ---- Put and get

static int end(int call, struct mp_window *window, int err, struct mp_request *made,
               MPI_Request *request)
{
    if (!err && request) {
        *request = made ? (MPI_Request)(void *)made : complete_request();
    }
    return mp_leave_window(call, window, err);
}

// With the call opened, with `err`.
static int move_inside(int call, int err, bool put, void *origin, MPI_Count origin_count,
                       MPI_Datatype origin_type, int rank, MPI_Aint displacement, MPI_Count count,
                       MPI_Datatype type, MPI_Win win, bool wants, MPI_Request *request)
{
    struct mp_access access = {0};
    struct mp_request *made = NULL;
    err = err ? err : mp_check_window(win, &access.window);
    err = err || !wants ? err : mp_check_pointer(request, "request");
    err = err ? err : mp_check_target(access.window, rank, "target_rank");
    err = err ? err
              : check_origin(&access.origin, origin, origin_count, origin_type, "origin_addr",
                             "origin_count", "origin_datatype");
    err = err ? err : check_target(&access, rank, displacement, count, type);
    if (!err && rank != MPI_PROC_NULL) {
        err = check_lengths(&access, &access.origin, "origin");
        err = err ? err : mp_access_find(&access);
        err = err   ? err
              : put ? mp_access_put(&access)
                    : mp_access_get(&access, wants ? &made : NULL);
    }
    return end(call, access.window, err, made, request);
}

MP_ALWAYS_INLINE int put(int call, const void *origin, MPI_Count origin_count,
                         MPI_Datatype origin_type, int rank, MPI_Aint displacement, MPI_Count count,
                         MPI_Datatype type, MPI_Win win, bool wants, MPI_Request *request)
{
    int err = mp_enter(call);
    MPI_Count bytes = plain_bytes(origin_count, origin_type);
    struct mp_window *window = err ? NULL : plain_window(win);
    if (likely(window && origin && bytes == plain_bytes(count, type) && (!wants || request))) {
        char *place = mp_access_short(window, rank, displacement, bytes);
        if (likely(place != NULL)) {
            mp_window_store(place, origin, (size_t)bytes);
            window->dirty = true;
            return leave_short(wants ? request : NULL);
        }
    }
    return move_inside(call, err, true, (void *)(uintptr_t)origin, origin_count, origin_type, rank,
                       displacement, count, type, win, wants, request);
}

MP_ALWAYS_INLINE int get(int call, void *origin, MPI_Count origin_count, MPI_Datatype origin_type,
                         int rank, MPI_Aint displacement, MPI_Count count, MPI_Datatype type,
                         MPI_Win win, bool wants, MPI_Request *request)
{
    int err = mp_enter(call);
    MPI_Count bytes = plain_bytes(origin_count, origin_type);
    struct mp_window *window = err ? NULL : plain_window(win);
    if (likely(window && origin && bytes == plain_bytes(count, type) && (!wants || request))) {
        const char *place = mp_access_short(window, rank, displacement, bytes);
        if (likely(place != NULL)) {
            mp_window_load(origin, place, (size_t)bytes);
            return leave_short(wants ? request : NULL);
        }
    }
    return move_inside(call, err, false, origin, origin_count, origin_type, rank, displacement,
                       count, type, win, wants, request);
}

#define PUT(name, width)                                                                       \
    int PMPI_##name(const void *origin_addr, width origin_count, MPI_Datatype origin_datatype, \
                    int target_rank, MPI_Aint target_disp, width target_count,                 \
                    MPI_Datatype target_datatype, MPI_Win win)                                 \
    {                                                                                          \
        return put(MP_CALL_##name, origin_addr, origin_count, origin_datatype, target_rank,    \
                   target_disp, target_count, target_datatype, win, false, NULL);              \
    }                                                                                          \
    MP_WEAK(name)
PUT(Put, int);
PUT(Put_c, MPI_Count);

#define RPUT(name, width)                                                                      \
    int PMPI_##name(const void *origin_addr, width origin_count, MPI_Datatype origin_datatype, \
                    int target_rank, MPI_Aint target_disp, width target_count,                 \
                    MPI_Datatype target_datatype, MPI_Win win, MPI_Request *request)           \
    {                                                                                          \
        return put(MP_CALL_##name, origin_addr, origin_count, origin_datatype, target_rank,    \
                   target_disp, target_count, target_datatype, win, true, request);            \
    }                                                                                          \
    MP_WEAK(name)
RPUT(Rput, int);
RPUT(Rput_c, MPI_Count);

#define GET(name, width)                                                                    \
    int PMPI_##name(void *origin_addr, width origin_count, MPI_Datatype origin_datatype,    \
                    int target_rank, MPI_Aint target_disp, width target_count,              \
                    MPI_Datatype target_datatype, MPI_Win win)                              \
    {                                                                                       \
        return get(MP_CALL_##name, origin_addr, origin_count, origin_datatype, target_rank, \
                   target_disp, target_count, target_datatype, win, false, NULL);           \
    }                                                                                       \
    MP_WEAK(name)
GET(Get, int);
GET(Get_c, MPI_Count);

#define RGET(name, width)                                                                   \
    int PMPI_##name(void *origin_addr, width origin_count, MPI_Datatype origin_datatype,    \
                    int target_rank, MPI_Aint target_disp, width target_count,              \
                    MPI_Datatype target_datatype, MPI_Win win, MPI_Request *request)        \
    {                                                                                       \
        return get(MP_CALL_##name, origin_addr, origin_count, origin_datatype, target_rank, \
                   target_disp, target_count, target_datatype, win, true, request);         \
    }                                                                                       \
    MP_WEAK(name)
RGET(Rget, int);
RGET(Rget_c, MPI_Count);

// ---- Accumulates

static bool is_move(const struct mp_op *op)
{
    MPI_Op handle = mp_op_handle(op);
    return handle == MPI_REPLACE || handle == MPI_NO_OP;
}

static struct mp_datatype *basic_of(const struct mp_datatype *type)
{
    return type->basic ? &mp_datatype_predefined[mp_datatype_place[type->basic]] : NULL;
}

// All sides consist of one predefined type, and the operation is defined on it (12.3.4).
static int check_elements(struct mp_access *access, const struct mp_datatype *type,
                          const char *name)
{
    struct mp_datatype *target = basic_of(access->type), *other = basic_of(type);
    if (access->count * access->type->size == 0) { // a type without data consists of none
        return 0;
    }
    if (is_move(access->op) && (!target || !other)) { // any bytes can be moved
        access->basic = mp_datatype_get(MPI_BYTE);
        return 0;
    }
    access->basic = target;
    if (!target) {
        return mp_fail(MPI_ERR_TYPE, "target_datatype does not consist of one predefined type");
    }
    if (!other || (target != other && target->format != other->format)) {
        return mp_fail(MPI_ERR_TYPE,
                       "%s does not consist of the predefined type that "
                       "target_datatype consists of, %s",
                       name, target->name);
    }
    return is_move(access->op) ? 0 : mp_op_check(access->op, target);
}

static int check_op(MPI_Op op, struct mp_op **out)
{
    int err = mp_check_op(op, out);
    return err || (*out)->predefined
               ? err
               : mp_fail(MPI_ERR_OP, "op is a user-defined operation; only predefined ones are "
                                     "allowed here");
}

struct arguments {
    const void *origin;
    MPI_Count origin_count;
    MPI_Datatype origin_type;
    void *result;
    MPI_Count result_count;
    MPI_Datatype result_type;
    int rank;
    MPI_Aint displacement;
    MPI_Count count;
    MPI_Datatype type;
    MPI_Op op;
    MPI_Win win;
};

static int accumulate_inside(int call, int err, const struct arguments *a, bool fetches, bool wants,
                             MPI_Request *request)
{
    struct mp_access access = {0};
    struct mp_request *made = NULL;
    err = err ? err : mp_check_window(a->win, &access.window);
    err = err || !wants ? err : mp_check_pointer(request, "request");
    err = err ? err : check_op(a->op, &access.op);
    bool reads = err || !(fetches && a->op == MPI_NO_OP); // the origin matters
    err = err ? err : mp_check_target(access.window, a->rank, "target_rank");
    if (!err && reads) {
        err = check_origin(&access.origin, (void *)(uintptr_t)a->origin, a->origin_count,
                           a->origin_type, "origin_addr", "origin_count", "origin_datatype");
    }
    if (!err && fetches) {
        err = check_origin(&access.result, a->result, a->result_count, a->result_type,
                           "result_addr", "result_count", "result_datatype");
    }
    err = err ? err : check_target(&access, a->rank, a->displacement, a->count, a->type);
    if (!err && a->rank != MPI_PROC_NULL) {
        if (reads) {
            err = check_lengths(&access, &access.origin, "origin");
            err = err ? err : check_elements(&access, access.origin.type, "origin_datatype");
        }
        if (!err && fetches) {
            err = check_lengths(&access, &access.result, "result");
            err = err ? err : check_elements(&access, access.result.type, "result_datatype");
        }
        err = err ? err : mp_access_find(&access);
        err = err ? err : mp_access_accumulate(&access, wants ? &made : NULL);
    }
    return end(call, access.window, err, made, request);
}

// One element of a predefined type, or several in a row.
MP_ALWAYS_INLINE int accumulate(int call, const struct arguments *a, bool fetches, bool wants,
                                MPI_Request *request)
{
    int err = mp_enter(call);
    MPI_Count bytes = plain_bytes(a->count, a->type);
    struct mp_window *window = err ? NULL : plain_window(a->win);
    if (likely(
            window && a->origin && a->type == a->origin_type && a->count == a->origin_count &&
            (!fetches || (a->type == a->result_type && a->count == a->result_count && a->result)) &&
            (!wants || request))) {
        char *place = mp_access_short(window, a->rank, a->displacement, bytes);
        const struct mp_window_side *side = place ? &window->sides[a->rank] : NULL;
        bool first = place && side->stripes && !side->sent; // else in order after those
        const struct mp_datatype *type = mp_datatype_get(a->type);
        uint64_t address = first ? side->address + (uint64_t)(a->displacement * side->unit) : 0;
        void *result = fetches ? a->result : NULL;
        if (likely(first && a->count == 1 &&
                   mp_stripe_combine_single(mp_stripe_of(side->stripes, address), place,
                                            type->format, a->op, a->origin, result))) {
            window->dirty |= !MP_CHANGE_IS_FENCE;
            return leave_short(wants ? request : NULL);
        }
        const struct mp_op *op = first ? mp_op_get(a->op) : NULL;
        if (likely(op && op->predefined && (is_move(op) || mp_op_check(op, type) == 0))) {
            mp_stripes_combine(side->stripes, side->world, place, address, type, a->count, type, op,
                               a->origin, result);
            window->dirty = true;
            return leave_short(wants ? request : NULL);
        }
    }
    // A copy, so that the short way has all of it in registers.
    struct arguments kept = *a;
    return accumulate_inside(call, err, &kept, fetches, wants, request);
}

#define ACCUMULATE(name, width, more, wants, request)                                          \
    int PMPI_##name(const void *origin_addr, width origin_count, MPI_Datatype origin_datatype, \
                    int target_rank, MPI_Aint target_disp, width target_count,                 \
                    MPI_Datatype target_datatype, MPI_Op op, MPI_Win win more)                 \
    {                                                                                          \
        struct arguments a = {.origin = origin_addr,                                           \
                              .origin_count = origin_count,                                    \
                              .origin_type = origin_datatype,                                  \
                              .rank = target_rank,                                             \
                              .displacement = target_disp,                                     \
                              .count = target_count,                                           \
                              .type = target_datatype,                                         \
                              .op = op,                                                        \
                              .win = win};                                                     \
        return accumulate(MP_CALL_##name, &a, false, wants, request);                          \
    }                                                                                          \
    MP_WEAK(name)
#define NO_MORE
#define A_REQUEST , MPI_Request *request
ACCUMULATE(Accumulate, int, NO_MORE, false, NULL);
ACCUMULATE(Accumulate_c, MPI_Count, NO_MORE, false, NULL);
ACCUMULATE(Raccumulate, int, A_REQUEST, true, request);
ACCUMULATE(Raccumulate_c, MPI_Count, A_REQUEST, true, request);

#define GET_ACCUMULATE(name, width, more, wants, request)                                      \
    int PMPI_##name(const void *origin_addr, width origin_count, MPI_Datatype origin_datatype, \
                    void *result_addr, width result_count, MPI_Datatype result_datatype,       \
                    int target_rank, MPI_Aint target_disp, width target_count,                 \
                    MPI_Datatype target_datatype, MPI_Op op, MPI_Win win more)                 \
    {                                                                                          \
        struct arguments a = {.origin = origin_addr,                                           \
                              .origin_count = origin_count,                                    \
                              .origin_type = origin_datatype,                                  \
                              .result = result_addr,                                           \
                              .result_count = result_count,                                    \
                              .result_type = result_datatype,                                  \
                              .rank = target_rank,                                             \
                              .displacement = target_disp,                                     \
                              .count = target_count,                                           \
                              .type = target_datatype,                                         \
                              .op = op,                                                        \
                              .win = win};                                                     \
        return accumulate(MP_CALL_##name, &a, true, wants, request);                           \
    }                                                                                          \
    MP_WEAK(name)
GET_ACCUMULATE(Get_accumulate, int, NO_MORE, false, NULL);
GET_ACCUMULATE(Get_accumulate_c, MPI_Count, NO_MORE, false, NULL);
GET_ACCUMULATE(Rget_accumulate, int, A_REQUEST, true, request);
GET_ACCUMULATE(Rget_accumulate_c, MPI_Count, A_REQUEST, true, request);

int PMPI_Fetch_and_op(const void *origin_addr, void *result_addr, MPI_Datatype datatype,
                      int target_rank, MPI_Aint target_disp, MPI_Op op, MPI_Win win)
{
    struct mp_datatype *type = NULL;
    struct arguments a = {.origin = origin_addr,
                          .origin_count = 1,
                          .origin_type = datatype,
                          .result = result_addr,
                          .result_count = 1,
                          .result_type = datatype,
                          .rank = target_rank,
                          .displacement = target_disp,
                          .count = 1,
                          .type = datatype,
                          .op = op,
                          .win = win};
    if (likely(plain_bytes(1, datatype) > 0)) {
        return accumulate(MP_CALL_Fetch_and_op, &a, true, false, NULL);
    }
    int err = mp_enter(MP_CALL_Fetch_and_op);
    err = err ? err : mp_check_type(datatype, "datatype", &type);
    if (!err && !type->object.builtin) {
        err = mp_fail(MPI_ERR_TYPE, "datatype is a derived type, must be a predefined one");
    }
    return accumulate_inside(MP_CALL_Fetch_and_op, err, &a, true, false, NULL);
}
MP_WEAK(Fetch_and_op);

// C and Fortran integers, logical and multi-language types, bytes (12.3.4).
static bool is_swapped(const struct mp_datatype *type)
{
    bool integer = (type->format >= MP_FORMAT_INT8 && type->format <= MP_FORMAT_UINT64) ||
                   (type->format >= MP_FORMAT_BOOL && type->format <= MP_FORMAT_BYTE);
    return type->object.builtin && integer;
}

static int check_swapped(const struct mp_datatype *type)
{
    return is_swapped(type)
               ? 0
               : mp_fail(MPI_ERR_TYPE,
                         "datatype is %s, must be an integer, logical, multi-language or byte type",
                         type->name[0] ? type->name : "a derived type");
}

int PMPI_Compare_and_swap(const void *origin_addr, const void *compare_addr, void *result_addr,
                          MPI_Datatype datatype, int target_rank, MPI_Aint target_disp, MPI_Win win)
{
    int err = mp_enter(MP_CALL_Compare_and_swap);
    MPI_Count bytes = plain_bytes(1, datatype);
    struct mp_window *window = err ? NULL : plain_window(win);
    if (likely(window && origin_addr && compare_addr && result_addr && bytes > 0 &&
               is_swapped(mp_datatype_get(datatype)))) {
        char *place = mp_access_short(window, target_rank, target_disp, bytes);
        const struct mp_window_side *side = place ? &window->sides[target_rank] : NULL;
        if (likely(place && side->stripes && !side->sent &&
                   mp_stripe_swaps_single(place, (size_t)bytes))) {
            uint64_t address = side->address + (uint64_t)(target_disp * side->unit);
            mp_stripe_swap_single(mp_stripe_of(side->stripes, address), place, (size_t)bytes,
                                  compare_addr, origin_addr, result_addr);
            window->dirty |= !MP_CHANGE_IS_FENCE;
            return leave_short(NULL);
        }
    }
    struct mp_access access = {.compare = compare_addr};
    err = err ? err : mp_check_window(win, &access.window);
    err = err ? err
              : check_origin(&access.origin, (void *)(uintptr_t)origin_addr, 1, datatype,
                             "origin_addr", "count", "datatype");
    err = err ? err
              : check_origin(&access.result, result_addr, 1, datatype, "result_addr", "count",
                             "datatype");
    err = err ? err : mp_check_pointer(compare_addr, "compare_addr");
    err = err ? err : check_swapped(access.origin.type);
    err = err ? err : check_target(&access, target_rank, target_disp, 1, datatype);
    if (!err && target_rank != MPI_PROC_NULL) {
        access.basic = access.type;
        err = mp_access_find(&access);
        err = err ? err : mp_access_compare_and_swap(&access);
    }
    return mp_leave_window(MP_CALL_Compare_and_swap, access.window, err);
}
MP_WEAK(Compare_and_swap);
