// SPDX-License-Identifier: MIT
// Schedules: running them. `advance` goes on until a wait step is not satisfied; requests do so
// whenever there is progress, and mp_schedule_run waits in between.
#include "collectives/collectives.h"

#include "collectives/collective_waits.h"
#include "collectives/combine.h"
#include "message/message.h"
#include "object/errhandler.h"
#include "object/status.h"
#include "process/handed.h"
#include "wait/progress.h"

static void note(struct mp_schedule *schedule, int error)
{
    if (error && !schedule->error) {
        schedule->error = error;
    }
}

// Notes what a receive step has to say about the message that it got.
static void judge(struct mp_schedule *schedule, const struct mp_step *step, int error,
                  MPI_Count bytes, int32_t source)
{
    uint32_t stamp = mp_source_stamp(source);
    MPI_Count expected = step->message.count * step->message.type->size;
    if (likely(!error && (bytes == expected || !step->exact))) {
        if (unlikely(stamp != step->message.stamp) && !schedule->error) {
            schedule->error = mp_stamp_compare(step, stamp, bytes, &schedule->wrong);
        }
        return;
    }
    if (!schedule->error) {
        schedule->error = error ? error : MPI_ERR_COUNT;
        schedule->wrong = (struct mp_wrong){.peer = step->message.peer};
        schedule->wrong.expected = expected;
        schedule->wrong.bytes = bytes;
    }
}

static void explain(const struct mp_schedule *schedule)
{
    mp_wrong_explain(&schedule->wrong, schedule->error);
}

static void message_start(struct mp_schedule *schedule, struct mp_step *step)
{
    struct mp_comm *comm = step->message.comm;
    struct mp_request *request = NULL;
    int error;

    if (step->kind == MP_STEP_SEND) {
        MPI_Request sending;
        error = mp_isend_collective(step->message.buffer, step->message.count, step->message.type,
                                    step->message.peer, step->message.tag, comm,
                                    step->message.stamp, &sending);
        request = mp_request_get(sending);
    } else {
        error = mp_irecv(step->message.buffer, step->message.count, step->message.type,
                         step->message.peer, step->message.tag, comm, comm->context + 1, &request);
    }
    step->message.request = error ? NULL : request;
    note(schedule, error);
}

// Takes the result of a message step whose request is complete.
static void message_end(struct mp_schedule *schedule, struct mp_step *step)
{
    struct mp_request *request = step->message.request;
    if (step->kind == MP_STEP_RECV) {
        bool came = !request->cancelled;
        judge(schedule, step, request->error, request->bytes,
              came ? request->source : mp_source_stamped(0, step->message.stamp));
    } else {
        note(schedule, request->error);
    }
    step->message.request = NULL;
    mp_request_release(request);
}

static inline bool is_message(const struct mp_step *step)
{
    return step->kind == MP_STEP_SEND || step->kind == MP_STEP_RECV;
}

// True when a message step is done. If not, the schedule is woken when it is: it is held up by one
// message at a time, the first that it has to wait for, and sees about the next one then.
static bool is_done(struct mp_schedule *schedule, struct mp_step *step)
{
    struct mp_request *request = step->message.request;
    if (request) {
        if (!request->complete) {
            schedule->held = request;
            if (!schedule->blocking) {
                mp_watch_set(&schedule->watch, request);
            }
            return false;
        }
        message_end(schedule, step);
    }
    return true;
}

// True when all messages before step `end` are done; moves `settled` as far as that holds.
static bool settle(struct mp_schedule *schedule, size_t end)
{
    for (; schedule->settled < end; schedule->settled++) {
        struct mp_step *step = &schedule->steps[schedule->settled];
        if (is_message(step) && !is_done(schedule, step)) {
            return false;
        }
    }
    return true;
}

static void copy(struct mp_schedule *schedule, const struct mp_step *step)
{
    MPI_Count bytes = step->copy.from_count * step->copy.from_type->size;
    MPI_Count space = step->copy.to_count * step->copy.to_type->size;

    mp_datatype_copy(step->copy.from_type, step->copy.from, step->copy.from_count,
                     step->copy.to_type, step->copy.to, step->copy.to_count);
    if (unlikely(bytes > space) && !schedule->error) {
        schedule->error = MPI_ERR_TRUNCATE;
        schedule->wrong.peer = MP_WRONG_OWN;
        schedule->wrong.expected = space;
        schedule->wrong.bytes = bytes;
    }
}

// Steps that are done at once. False: it is too early for a call.
static bool act(struct mp_schedule *schedule, struct mp_step *step)
{
    int answer;
    switch (step->kind) {
    case MP_STEP_COPY:
        copy(schedule, step);
        break;
    case MP_STEP_REDUCE:
        mp_combine(schedule->op, step->reduce.left, step->reduce.right, step->reduce.out,
                   step->reduce.count, step->reduce.type);
        break;
    case MP_STEP_CALL:
        answer = step->call.function(step->call.argument);
        if (answer == MP_STEP_LATER) {
            return false;
        }
        if (answer == MP_STEP_AGAIN) {
            schedule->at = 0;
            schedule->settled = 0;
            return true;
        }
        note(schedule, answer);
        break;
    default:
        break;
    }
    schedule->at++;
    return true;
}

static inline bool given_up(const struct mp_schedule *schedule)
{
    return unlikely(schedule->error) && (schedule->stop_on_error || schedule->parted);
}

// ---- Where ranks disagree (disagree.h)

// Messages under way are left to themselves, or cancelled. What a peer has agreed to may still come
// either way, so the schedule's memory stays.
static void let_go(struct mp_schedule *schedule, bool cancel)
{
    mp_watch_end(&schedule->watch);
    mp_list_remove(&schedule->held_up);
    schedule->held = NULL;
    for (size_t i = schedule->settled; i < schedule->at; i++) {
        struct mp_step *step = &schedule->steps[i];
        if (is_message(step) && step->message.request) {
            struct mp_request *request = step->message.request;
            step->message.request = NULL;
            if (cancel && !request->complete) {
                mp_request_cancel(request);
            }
            mp_request_forget(request);
        }
    }
}

void mp_schedule_abandon(struct mp_schedule *schedule)
{
    let_go(schedule, false);
}

void mp_schedule_part(struct mp_schedule *schedule, int error, const struct mp_wrong *wrong)
{
    schedule->error = error;
    schedule->wrong = *wrong;
    schedule->parted = true;
    let_go(schedule, true);
}

// True if a rank that the schedule waits for is in another operation: then it is at its end.
static bool parted(struct mp_schedule *schedule)
{
    if (likely(!mp_progress_late)) {
        return false;
    }
    for (size_t i = schedule->settled; i < schedule->at; i++) {
        const struct mp_step *step = &schedule->steps[i];
        bool waits = is_message(step) && step->message.request && !step->message.request->complete;
        struct mp_wrong wrong;
        if (waits && mp_find_other(schedule, step->message.comm, step->message.tag, &wrong)) {
            bool root = wrong.kind == wrong.own_kind && wrong.root != wrong.own_root;
            mp_schedule_part(schedule, root ? MPI_ERR_ROOT : MPI_ERR_OTHER, &wrong);
            return true;
        }
    }
    if (!schedule->told) {
        mp_answer_left(schedule);
    }
    for (size_t i = schedule->settled; i < schedule->at && !schedule->told; i++) {
        const struct mp_step *step = &schedule->steps[i];
        if (is_message(step) && step->message.request && !step->message.request->complete) {
            mp_tell_of_wait(step->message.comm, step->message.tag, schedule->root,
                            step->message.peer);
        }
    }
    schedule->told = true;
    return false;
}

// ---- Step by step

// A receive that the next step waits for anyway can take its message out of the ring, if it is
// there or about to come.
static bool receive_now(struct mp_schedule *schedule, struct mp_step *step)
{
    struct mp_comm *comm = step->message.comm;
    const struct mp_step *next = step + 1;
    bool last = schedule->at + 1 == schedule->count;
    bool waited = last || next->kind == MP_STEP_WAIT_ALL ||
                  (next->kind == MP_STEP_WAIT && next->wait == schedule->at);
    MPI_Status status;
    int32_t source = mp_source_stamped(step->message.peer, step->message.stamp);
    if (!waited ||
        !mp_recv_from_ring(step->message.buffer, step->message.count, step->message.type, source,
                           step->message.tag, comm, comm->context + 1, &status)) {
        return false;
    }
    judge(schedule, step, 0, mp_status_bytes(&status), source);
    return true;
}

// Goes on as far as possible. True at the end.
static bool go_on(struct mp_schedule *schedule)
{
    schedule->held = NULL;
    while (schedule->at < schedule->count && !given_up(schedule)) {
        struct mp_step *step = &schedule->steps[schedule->at];
        switch (step->kind) {
        case MP_STEP_SEND:
            // Started only, whatever its length: it may be received not before the receiver's own
            // schedule comes to that, and waiting for it here could close a circle.
            message_start(schedule, step);
            schedule->at++;
            break;
        case MP_STEP_RECV:
            if (!schedule->blocking || !receive_now(schedule, step)) {
                message_start(schedule, step);
            }
            schedule->at++;
            break;
        case MP_STEP_WAIT:
            if (!is_done(schedule, &schedule->steps[step->wait])) {
                return parted(schedule);
            }
            schedule->at++;
            break;
        case MP_STEP_WAIT_ALL:
            if (!settle(schedule, schedule->at)) {
                return parted(schedule);
            }
            schedule->at++;
            break;
        default:
            if (!act(schedule, step)) {
                return false;
            }
        }
    }
    return given_up(schedule) || settle(schedule, schedule->count) || parted(schedule);
}

static bool advance(struct mp_schedule *schedule)
{
    size_t at = schedule->at;
    bool at_end = go_on(schedule);
    mp_progress_events += at_end || schedule->at != at;
    return at_end;
}

// Those that wait for a message which may never come, since a rank is in another operation: nothing
// wakes them, so they are looked at when some wait has lasted for long.
static struct mp_list held_up = {&held_up, &held_up};

// The first one that ended with an error, which the program is told when it completes it. Where it
// waits for others with it (MPI_Waitall), it may never come to that, since they may wait because of
// the same error. So one that ends the job does that when a wait has lasted for long.
static struct mp_request *failed;

static bool ends_the_job(const struct mp_comm *comm)
{
    enum mp_errhandler_kind handler = comm->errhandler->kind;
    return handler == MP_ERRHANDLER_FATAL || handler == MP_ERRHANDLER_ABORT;
}

static void look_at_held_up(void)
{
    struct mp_list now = {&now, &now};

    if (unlikely(failed != NULL) && ends_the_job(failed->comm)) {
        failed->ops->explain(failed);
        mp_raise(mp_call_inside(), failed->comm, failed->error);
    }
    // Whatever one of them leads to, those that are gone are in no list any more.
    while (!mp_list_empty(&held_up)) {
        struct mp_list *first = held_up.next;
        mp_list_remove(first);
        mp_list_insert(&now, first);
    }
    while (!mp_list_empty(&now)) {
        struct mp_schedule *schedule = mp_container_of(now.next, struct mp_schedule, held_up);
        mp_list_remove(&schedule->held_up);
        mp_list_insert(&held_up, &schedule->held_up);
        schedule->progress(schedule->owner);
    }
}

void mp_schedule_note_failed(struct mp_request *request, bool gone)
{
    if (gone) {
        failed = failed == request ? NULL : failed;
    } else if (!failed && ends_the_job(request->comm)) {
        failed = request;
        mp_handed.late = look_at_held_up;
    }
}

static bool is_held_up(void)
{
    return !mp_list_empty(&held_up);
}

bool mp_schedule_advance(struct mp_schedule *schedule)
{
    bool at_end = advance(schedule);
    if (at_end) {
        mp_list_remove(&schedule->held_up);
    } else if (schedule->progress && mp_list_empty(&schedule->held_up)) {
        mp_handed.late = look_at_held_up;
        mp_handed.busy = is_held_up;
        mp_list_insert(&held_up, &schedule->held_up);
    }
    return at_end;
}

// ---- Blocking

static void run(struct mp_schedule *schedule)
{
    schedule->blocking = true;
    while (!advance(schedule)) {
        // Held up by a message; or by a call, and whoever lets that go on calls mp_schedule_wake,
        // so that a sleep ends.
        const struct mp_request *request = schedule->held;
        struct mp_waiter waiter;
        if (request) {
            mp_waiter_begin(&waiter, request->world, request->entry.tag, request->context,
                            (uint64_t)request->length);
        } else {
            mp_waiter_begin(&waiter, MP_PEER_SEVERAL, schedule->scope.tag,
                            schedule->comm->context + 1, 0);
        }
        mp_waiter_describe(&waiter, mp_describe_schedule, schedule);
        do {
            mp_waiter_step(&waiter);
        } while (request ? !request->complete && !parted(schedule)
                         : !act(schedule, &schedule->steps[schedule->at]));
        mp_waiter_end(&waiter);
    }
}

static int out_of_memory(struct mp_schedule *schedule)
{
    mp_schedule_free(schedule);
    return mp_fail(MPI_ERR_NO_MEM, "no memory for the temporaries of a collective operation");
}

// With a handler that ends the job, messages may still be under way: leave them their memory.
void mp_schedule_end(struct mp_schedule *schedule)
{
    if (!given_up(schedule)) {
        mp_schedule_free(schedule);
    } else {
        mp_watch_end(&schedule->watch);
        mp_list_remove(&schedule->held_up);
    }
}

int mp_schedule_run(struct mp_schedule *schedule)
{
    if (schedule->error) {
        return out_of_memory(schedule);
    }
    run(schedule);
    if (schedule->looks_back && !schedule->error) {
        mp_find_left(schedule);
    }
    int error = schedule->error;
    if (unlikely(error)) {
        explain(schedule);
    }
    mp_schedule_end(schedule);
    return error;
}

bool mp_schedule_receives(const struct mp_schedule *schedule, int peer)
{
    for (size_t i = 0; i < schedule->count; i++) {
        const struct mp_step *step = &schedule->steps[i];
        if (step->kind == MP_STEP_RECV && step->message.peer == peer) {
            return true;
        }
    }
    return false;
}

void mp_schedule_cancel(struct mp_schedule *schedule, int peer)
{
    for (size_t i = schedule->settled; i < schedule->at; i++) {
        const struct mp_step *step = &schedule->steps[i];
        if (step->kind == MP_STEP_RECV && step->message.peer == peer && step->message.request &&
            !step->message.request->complete) {
            mp_request_cancel(step->message.request);
        }
    }
}

// ---- As a request

// One more, or one less, is under way whose messages may be kept until it comes to them. Between
// groups some of them are on the communicator of the local group.
static void count_under_way(struct mp_comm *comm, int more)
{
    comm->coll_under_way += (uint32_t)more;
    if (comm->intra) {
        comm->intra->coll_under_way += (uint32_t)more;
    }
}

static void request_progress(struct mp_request *request)
{
    struct mp_schedule *schedule = request->state;
    if (mp_schedule_advance(schedule)) {
        if (!request->persistent) {
            count_under_way(schedule->comm, -1);
            mp_note_last(schedule);
        }
        if (unlikely(schedule->error)) {
            mp_schedule_note_failed(request, false);
        }
        mp_request_complete(request, schedule->error);
    }
}

static int request_start(struct mp_request *request)
{
    struct mp_schedule *schedule = request->state;
    schedule->error = 0;
    schedule->parted = false; // but `told` stays: it is the same operation each time
    schedule->wrong.peer = MP_WRONG_NONE;
    if (request->persistent) {
        mp_find_stray(schedule);
    }
    schedule->at = 0;
    schedule->settled = 0;
    request_progress(request);
    return 0;
}

static void request_explain(const struct mp_request *request)
{
    explain(request->state);
}

static void request_release(struct mp_request *request)
{
    mp_schedule_note_failed(request, true);
    mp_schedule_end(request->state);
}

static const struct mp_request_ops schedule_ops = {.start = request_start,
                                                   .explain = request_explain,
                                                   .awaits = mp_describe_schedule_request,
                                                   .release = request_release};

static int make_request(struct mp_schedule *schedule, struct mp_request **request)
{
    if (schedule->error) {
        return out_of_memory(schedule);
    }
    *request = mp_request_new(MP_REQUEST_SCHEDULE, schedule->comm, NULL);
    if (!*request) {
        mp_schedule_free(schedule);
        return MPI_ERR_NO_MEM;
    }
    (*request)->ops = &schedule_ops;
    (*request)->state = schedule;
    schedule->owner = *request;
    schedule->progress = request_progress;
    (*request)->world = MP_PEER_SEVERAL;
    (*request)->entry.tag = schedule->scope.tag;
    (*request)->context = schedule->comm->context + 1;
    return 0;
}

int mp_schedule_launch(struct mp_schedule *schedule, struct mp_request **request)
{
    int error = make_request(schedule, request);
    if (error) {
        return error;
    }
    count_under_way(schedule->comm, 1);
    return request_start(*request);
}

int mp_schedule_prepare(struct mp_schedule *schedule, struct mp_request **request)
{
    int error = make_request(schedule, request);
    if (!error) {
        (*request)->persistent = true;
        (*request)->active = false;
        (*request)->complete = true;
    }
    return error;
}
