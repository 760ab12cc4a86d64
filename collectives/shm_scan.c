// SPDX-License-Identifier: MIT
// MPI_Scan and MPI_Exscan in shared memory: everybody posts its operand, leaves it in its memory,
// or gives it window by window, and each rank combines those of the ranks before it, for which
// alone it waits; and for those after it, if they take the operand from memory. In place, the
// result goes where the operand is, so that is given in windows. Read first: shm_combine.h.
#include "collectives/shm_combine.h"

struct scan {
    struct mp_shm_reduction r;
    MPI_Count each, windows;
    unsigned way; // MP_POST_INLINE, MP_POST_OPERAND, or 0 for windows
};

// Window w of this rank, or all of it. A reader has done with it in step w + 2, or at the end.
static void give(struct scan *s, MPI_Count w)
{
    MPI_Count size = (MPI_Count)s->r.size;
    MPI_Count left = s->r.count - w * s->each;
    unsigned step = w + 1 < s->windows ? (unsigned)w + 2 : MP_STEP_DONE;

    if (s->way == 0) {
        char *chunk = mp_slots_claim(s->r.c->comm, step, MP_EVERYBODY);
        mp_shm_put(chunk, s->r.type, s->r.operand, s->r.count, w * s->each * size,
                   (left < s->each ? left : s->each) * size);
    }
}

static void post(struct scan *s, MPI_Count bytes)
{
    const struct mp_collective *c = s->r.c;
    const char *data = (const char *)s->r.operand + s->r.type->true_lb;
    struct mp_post *post = mp_board_begin(c->comm, c->kind, 0, (uint64_t)bytes);

    if (bytes <= MP_POST_ROOM) {
        s->way = MP_POST_INLINE;
        mp_shm_put(post->data, s->r.type, s->r.operand, s->r.count, 0, bytes);
    } else if (bytes >= MP_SHM_MEMORY_LEAST && s->r.direct && !c->in_place &&
               mp_shm_is_reachable(data, bytes) && mp_board_all_reach(c->comm)) {
        s->way = MP_POST_OPERAND;
        post->address[0] = (uintptr_t)data;
    } else {
        post->chunk = (uint32_t)c->comm->board.chunk;
        give(s, 0);
    }
    post->kind |= s->way;
    mp_board_post(c->comm);
}

// Window w of the operands of the ranks before this one.
static void combine(struct scan *s, MPI_Count w)
{
    const struct mp_collective *c = s->r.c;
    MPI_Count left = s->r.count - w * s->each;
    bool in_post = s->way == MP_POST_INLINE; // so are all, being as long
    struct mp_shm_operands lower = {.place = in_post ? MP_IN_POST : MP_AS_POSTED,
                                    .ranks = c->comm->rank + (c->kind == MP_SCAN),
                                    .chunk = (uint64_t)w,
                                    .first = w * s->each,
                                    .count = left < s->each ? left : s->each};
    if (lower.ranks > 0) {
        mp_shm_combine_result(&s->r, &lower, c->recv.buffer, lower.first);
    }
}

static void await_window(struct mp_comm *comm, unsigned step)
{
    for (int i = 0; i < comm->rank; i++) {
        if (!(mp_board_post_of(comm, i)->kind & MP_POST_OPERAND)) {
            mp_board_await_step(comm, i, step);
        }
    }
}

static int run(struct scan *s)
{
    const struct mp_collective *c = s->r.c;
    struct mp_comm *comm = c->comm;
    MPI_Count bytes = s->r.count * (MPI_Count)s->r.size;
    int error = 0;

    post(s, bytes);
    mp_board_await_slow(comm, 0, comm->rank);
    for (int i = 0; i < comm->rank && !error; i++) {
        error = mp_shm_compare(c, i, bytes);
    }
    // Window w is made known by the post or by step w + 1.
    for (MPI_Count w = 0; w < s->windows && !error; w++) {
        if (w > 0) {
            give(s, w);
            mp_board_step(comm, (unsigned)w + 1, MP_EVERYBODY);
            await_window(comm, (unsigned)w + 1);
        }
        combine(s, w);
    }
    if (s->way != MP_POST_INLINE) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    for (int i = comm->rank + 1; i < comm->size && s->way == MP_POST_OPERAND; i++) {
        mp_board_await_progress(comm, i, mp_board_progress(comm, MP_STEP_DONE));
    }
    return error;
}

int mp_shm_scan(const struct mp_collective *c)
{
    struct scan s = {.way = 0};
    MPI_Count size = c->recv.type->size;
    MPI_Count count = size > 0 ? c->recv.counts.each : 0;

    s.each = size > 0 ? MP_CHUNK_BYTES / size : 1;
    s.windows = (count + s.each - 1) / s.each;
    int error = mp_shm_reduction_open(&s.r, c, count, s.each);
    if (!error) {
        error = run(&s);
        mp_shm_reduction_close(&s.r);
    }
    return error;
}
