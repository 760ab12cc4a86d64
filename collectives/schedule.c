// SPDX-License-Identifier: MIT
// Schedules: writing them down. Steps are kept in one growing array, and schedules that are done
// are kept for the next operation with their array and arena, so that a small blocking collective
// allocates nothing. Read next: collectives/execute.c, which runs them.
#include "collectives/schedule.h"

#include "collectives/collectives.h"
#include "collectives/disagree.h"
#include "datatype/datatype_signature.h"
#include "message/match.h"
#include "object/errhandler.h"

#include <stdlib.h>

// How many idle schedules are kept.
enum { IDLE_MAX = 8, FIRST_STEPS = 32 };

static struct mp_schedule *idle;
static int idle_count;

// Memory of a schedule beyond its arena.
struct mp_temporary {
    struct mp_temporary *next;
    _Alignas(64) char bytes[];
};

struct mp_datatype *mp_byte_type(void)
{
    return mp_datatype_get(MPI_BYTE);
}

int mp_schedule_tag(struct mp_comm *comm, unsigned kind)
{
    uint32_t number = comm->coll_sequence++ & MP_TAG_NUMBER;
    int tag = (int)(kind << MP_TAG_KIND_SHIFT | number);

    if (unlikely(comm->coll_match && !mp_list_empty(&comm->coll_match->arrived))) {
        mp_forget_tales(comm, tag);
    }
    return tag;
}

static struct mp_schedule *schedule_take(void)
{
    struct mp_schedule *schedule = idle;
    if (schedule) {
        idle = schedule->next;
        idle_count--;
        return schedule;
    }
    schedule = aligned_alloc(_Alignof(struct mp_schedule), sizeof *schedule);
    if (!schedule) {
        return NULL;
    }
    schedule->room = FIRST_STEPS;
    schedule->steps = malloc(FIRST_STEPS * sizeof *schedule->steps);
    if (!schedule->steps) {
        free(schedule);
        return NULL;
    }
    return schedule;
}

// The message that held it up is over.
static void woken(struct mp_watch *watch)
{
    struct mp_schedule *schedule = mp_container_of(watch, struct mp_schedule, watch);
    if (schedule->progress) {
        schedule->progress(schedule->owner);
    }
}

void mp_schedule_wake(struct mp_schedule *schedule)
{
    mp_watch_wake(&schedule->watch);
}

struct mp_schedule *mp_schedule_new(struct mp_comm *comm, int tag, struct mp_op *op)
{
    struct mp_schedule *schedule = schedule_take();
    if (!schedule) {
        mp_fail(MPI_ERR_NO_MEM, "no memory for a collective operation");
        return NULL;
    }
    schedule->scope = mp_scope_of(comm, tag);
    schedule->comm = comm;
    schedule->op = op;
    bool makes = tag == 0 || (unsigned)tag >> MP_TAG_KIND_SHIFT >= MP_MAKES_COMM;
    schedule->gives = schedule->takes = makes ? mp_stamp_of_call() : 0;
    schedule->uneven = false;
    schedule->looks_back = false;
    schedule->whole = false;
    schedule->root = -1;
    schedule->told = false;
    if (op) {
        mp_op_hold(op);
    }
    enum mp_errhandler_kind handler = comm->errhandler->kind;
    schedule->stop_on_error = handler == MP_ERRHANDLER_FATAL || handler == MP_ERRHANDLER_ABORT;
    schedule->parted = false;
    schedule->error = 0;
    schedule->tag = tag;
    schedule->wrong.peer = MP_WRONG_NONE;
    schedule->count = 0;
    schedule->at = 0;
    schedule->settled = 0;
    schedule->blocking = false;
    mp_watch_init(&schedule->watch, woken);
    mp_list_init(&schedule->held_up);
    schedule->owner = NULL;
    schedule->progress = NULL;
    schedule->temporaries = NULL;
    schedule->arena_used = 0;
    return schedule;
}

void mp_schedule_local(struct mp_schedule *schedule)
{
    struct mp_comm *intra = schedule->comm->intra;
    if (schedule->scope.comm != intra) {
        unsigned kind = (unsigned)schedule->scope.tag >> MP_TAG_KIND_SHIFT;
        schedule->scope = mp_scope_of(intra, mp_schedule_tag(intra, kind));
    }
}

// The next step to be filled in; when memory is out, a place whose contents are never used.
static struct mp_step *step_add(struct mp_schedule *schedule, enum mp_step_kind kind)
{
    static struct mp_step nowhere;

    if (schedule->count == schedule->room) {
        size_t room = 2 * schedule->room;
        struct mp_step *steps = realloc(schedule->steps, room * sizeof *steps);
        if (!steps) {
            schedule->error = MPI_ERR_NO_MEM;
            return &nowhere;
        }
        schedule->steps = steps;
        schedule->room = room;
    }
    struct mp_step *step = &schedule->steps[schedule->count++];
    step->kind = (uint8_t)kind;
    step->exact = false;
    return step;
}

static struct mp_datatype *hold(struct mp_datatype *type)
{
    if (!type->object.builtin) {
        mp_datatype_hold(type);
    }
    return type;
}

static void drop(struct mp_datatype *type)
{
    if (!type->object.builtin) {
        mp_datatype_release(type);
    }
}

static size_t message_add(struct mp_schedule *schedule, enum mp_step_kind kind, void *buffer,
                          MPI_Count count, struct mp_datatype *type, int peer)
{
    const struct mp_scope *scope = &schedule->scope;
    struct mp_step *step = step_add(schedule, kind);
    if (schedule->error) {
        return 0;
    }
    step->message.comm = scope->comm;
    step->message.buffer = buffer;
    step->message.count = count;
    step->message.type = hold(type);
    step->message.request = NULL;
    step->message.peer = scope->map ? scope->map[peer] : peer;
    step->message.tag = scope->tag;
    step->message.stamp = kind == MP_STEP_SEND ? schedule->gives : schedule->takes;
    if (schedule->uneven) {
        step->message.stamp |= mp_datatype_signature(type, count);
    }
    return schedule->count - 1;
}

void mp_schedule_send(struct mp_schedule *schedule, const void *buffer, MPI_Count count,
                      struct mp_datatype *type, int peer)
{
    message_add(schedule, MP_STEP_SEND, (void *)(uintptr_t)buffer, count, type, peer);
}

size_t mp_schedule_recv(struct mp_schedule *schedule, void *buffer, MPI_Count count,
                        struct mp_datatype *type, int peer)
{
    return message_add(schedule, MP_STEP_RECV, buffer, count, type, peer);
}

size_t mp_schedule_recv_exact(struct mp_schedule *schedule, void *buffer, MPI_Count count,
                              struct mp_datatype *type, int peer)
{
    size_t step = message_add(schedule, MP_STEP_RECV, buffer, count, type, peer);
    if (!schedule->error) {
        schedule->steps[step].exact = true;
    }
    return step;
}

void mp_schedule_wait(struct mp_schedule *schedule)
{
    step_add(schedule, MP_STEP_WAIT_ALL);
}

void mp_schedule_wait_for(struct mp_schedule *schedule, size_t step)
{
    step_add(schedule, MP_STEP_WAIT)->wait = step;
}

void mp_schedule_copy(struct mp_schedule *schedule, const void *from, MPI_Count from_count,
                      struct mp_datatype *from_type, void *to, MPI_Count to_count,
                      struct mp_datatype *to_type)
{
    if (from_count == 0 || to_count == 0 || from_type->size == 0 || to_type->size == 0) {
        return;
    }
    struct mp_step *step = step_add(schedule, MP_STEP_COPY);
    if (schedule->error) {
        return;
    }
    step->copy.from = from;
    step->copy.from_count = from_count;
    step->copy.from_type = hold(from_type);
    step->copy.to = to;
    step->copy.to_count = to_count;
    step->copy.to_type = hold(to_type);
}

void mp_schedule_reduce(struct mp_schedule *schedule, const void *left, const void *right,
                        void *out, MPI_Count count, struct mp_datatype *type)
{
    struct mp_step *step = step_add(schedule, MP_STEP_REDUCE);
    if (schedule->error) {
        return;
    }
    step->reduce.left = left;
    step->reduce.right = right;
    step->reduce.out = out;
    step->reduce.count = count;
    step->reduce.type = hold(type);
}

void mp_schedule_call(struct mp_schedule *schedule, mp_step_fn *function, void *argument)
{
    struct mp_step *step = step_add(schedule, MP_STEP_CALL);
    step->call.function = function;
    step->call.argument = argument;
}

void *mp_schedule_bytes(struct mp_schedule *schedule, MPI_Count bytes)
{
    size_t wanted = mp_round_up((size_t)bytes, 64);
    if (wanted <= MP_SCHEDULE_ARENA - schedule->arena_used) {
        void *memory = schedule->arena + schedule->arena_used;
        schedule->arena_used += wanted;
        return memory;
    }
    struct mp_temporary *temporary =
        aligned_alloc(_Alignof(struct mp_temporary), sizeof *temporary + wanted);
    if (!temporary) {
        schedule->error = MPI_ERR_NO_MEM;
        return schedule->arena;
    }
    temporary->next = schedule->temporaries;
    schedule->temporaries = temporary;
    return temporary->bytes;
}

void *mp_schedule_elements(struct mp_schedule *schedule, struct mp_datatype *type, MPI_Count count)
{
    MPI_Count shift;
    MPI_Count span = mp_datatype_span(type, count, &shift);
    char *memory = mp_schedule_bytes(schedule, span);
    return (void *)((uintptr_t)memory - (uintptr_t)shift);
}

static void step_drop(struct mp_step *step)
{
    switch (step->kind) {
    case MP_STEP_SEND:
    case MP_STEP_RECV:
        drop(step->message.type);
        break;
    case MP_STEP_COPY:
        drop(step->copy.from_type);
        drop(step->copy.to_type);
        break;
    case MP_STEP_REDUCE:
        drop(step->reduce.type);
        break;
    default:
        break;
    }
}

void mp_schedule_free(struct mp_schedule *schedule)
{
    mp_watch_end(&schedule->watch);
    mp_list_remove(&schedule->held_up);
    for (size_t i = 0; i < schedule->count; i++) {
        step_drop(&schedule->steps[i]);
    }
    for (struct mp_temporary *t = schedule->temporaries, *next; t; t = next) {
        next = t->next;
        free(t);
    }
    if (schedule->op) {
        mp_op_release(schedule->op);
    }
    if (idle_count < IDLE_MAX) {
        schedule->next = idle;
        idle = schedule;
        idle_count++;
        return;
    }
    free(schedule->steps);
    free(schedule);
}
