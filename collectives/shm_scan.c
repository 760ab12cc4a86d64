// SPDX-License-Identifier: MIT
// MPI_Scan and MPI_Exscan in shared memory. Short operands travel in the posts, and each rank
// combines those of the ranks before it, for which alone it waits. Of long ones each rank takes a
// slice, and puts it together for all, straight from and to everybody's memory, if all of that can
// be reached; so all are busy, and every operand is read once. Else each gives its operand window
// by window, and combines those before it. Read first: shm_combine.h, shm_reduce.c.
#include "collectives/shm_combine.h"

struct scan {
    struct mp_shm_reduction r;
    MPI_Count each, windows;
    bool posted; // the operands are in the posts
};

// ---- From memory

static uint64_t result_of(const struct mp_comm *comm, int rank, MPI_Count offset)
{
    return mp_board_post_of(comm, rank)->address[1] + (uint64_t)offset;
}

// Operands are read before the result of the same rank is written, since that may be in place.
static void scan_piece(struct mp_shm_reduction *r, MPI_Count first, MPI_Count count)
{
    const struct mp_collective *c = r->c;
    struct mp_comm *comm = c->comm;
    MPI_Count offset = first * (MPI_Count)r->size, bytes = count * (MPI_Count)r->size;
    const void *sum = mp_shm_operand(r, 0, first, count);

    if (c->kind == MP_SCAN && !r->kernel) {
        char *to = mp_shm_near(comm, 0, result_of(comm, 0, offset), bytes);
        if (to != sum) {
            memcpy(to, sum, (size_t)bytes);
        }
    }
    for (int i = 1; i < comm->size; i++) {
        uint64_t to = result_of(comm, i, offset);
        if (c->kind == MP_SCAN) {
            char *near = mp_shm_near(comm, i, to, bytes);
            char *out = near ? near : mp_shm_strip_room(i & 1, to);
            mp_op_combine(c->op, sum, mp_shm_operand(r, i, first, count), out, count, r->type);
            if (!near) {
                mp_shm_write(comm, i, to, out, bytes);
            }
            sum = out;
        } else {
            const void *before = sum;
            if (i + 1 < comm->size) {
                char *out = mp_shm_strip_room(i & 1, result_of(comm, i + 1, offset));
                mp_op_combine(c->op, sum, mp_shm_operand(r, i, first, count), out, count, r->type);
                sum = out;
            }
            mp_shm_write(comm, i, to, before, bytes);
        }
    }
}

// Through the kernel, a rank moves two pieces for every rank but itself, and rank 0 one more if it
// is to be told the results of all others, too.
static MPI_Count slice_of(const struct mp_shm_reduction *r, MPI_Count *start)
{
    const struct mp_comm *comm = r->c->comm;
    if (r->kernel && r->c->kind == MP_SCAN) {
        return mp_shm_slice(r, 0, 2 * comm->size - 3, 2 * comm->size - 2, start);
    }
    return mp_slice(r->count, comm->size, comm->rank, start);
}

static void scan_in_memory(struct mp_shm_reduction *r)
{
    const struct mp_collective *c = r->c;
    MPI_Count strip = (MPI_Count)(mp_shm_strip(r) / r->size);
    MPI_Count start, length = slice_of(r, &start);

    for (MPI_Count done = 0; done < length; done += strip) {
        scan_piece(r, start + done, length - done < strip ? length - done : strip);
    }
    if (c->kind == MP_SCAN && r->kernel && c->comm->rank == 0 && !c->in_place) {
        mp_shm_copy((char *)c->recv.buffer + r->type->true_lb,
                    (const char *)r->operand + r->type->true_lb, (size_t)r->count * r->size);
    }
    mp_board_step(c->comm, MP_STEP_DONE, MP_EVERYBODY);
    mp_board_await_step_all(c->comm, MP_STEP_DONE);
}

// ---- From posts and windows

// Window w of this rank. A reader has done with it in step w + 2, or at the end.
static void give(struct scan *s, MPI_Count w)
{
    MPI_Count size = (MPI_Count)s->r.size;
    MPI_Count left = s->r.count - w * s->each;
    unsigned step = w + 1 < s->windows ? (unsigned)w + 2 : MP_STEP_DONE;
    char *chunk = mp_slots_claim(s->r.c->comm, step, MP_EVERYBODY);

    mp_shm_put(chunk, s->r.type, s->r.operand, s->r.count, w * s->each * size,
               (left < s->each ? left : s->each) * size);
}

// Window w of the operands of the ranks before this one.
static void combine(struct scan *s, MPI_Count w)
{
    const struct mp_collective *c = s->r.c;
    MPI_Count left = s->r.count - w * s->each;
    struct mp_shm_operands lower = {.place = s->posted ? MP_IN_POST : MP_IN_CHUNK,
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
        mp_board_await_step(comm, i, step);
    }
}

// Window w is made known by the post, if `first_is_known`, or by step w + 1.
static void scan_windows(struct scan *s, bool give_first, bool first_is_known)
{
    struct mp_comm *comm = s->r.c->comm;
    for (MPI_Count w = 0; w < s->windows; w++) {
        if (w > 0 || give_first) {
            give(s, w);
        }
        if (w > 0 || !first_is_known) {
            mp_board_step(comm, (unsigned)w + 1, MP_EVERYBODY);
            await_window(comm, (unsigned)w + 1);
        }
        combine(s, w);
    }
    if (!s->posted) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
}

static int compare_lower(const struct mp_collective *c, MPI_Count bytes)
{
    int error = 0;
    for (int i = 0; i < c->comm->rank && !error; i++) {
        error = mp_shm_compare(c, i, bytes);
    }
    return error;
}

static int run(struct scan *s)
{
    const struct mp_collective *c = s->r.c;
    struct mp_comm *comm = c->comm;
    MPI_Count bytes = s->r.count * (MPI_Count)s->r.size;
    struct mp_post *post = mp_shm_begin_leaving(c, 0, (uint64_t)bytes);
    post->signature = (uint16_t)mp_datatype_signature(c->recv.type, s->r.count);
    bool gets_result = c->kind == MP_SCAN || comm->rank > 0;
    bool kept_back = false;

    s->posted = mp_shm_operand_is_posted(comm, bytes);
    if (s->posted) {
        mp_shm_put(mp_board_data(comm, comm->rank, (size_t)bytes), s->r.type, s->r.operand,
                   s->r.count, 0, bytes);
    } else {
        post->chunk = (uint32_t)comm->board.chunk;
        kept_back = mp_shm_reduction_offer(&s->r, post, gets_result ? c->recv.buffer : NULL);
        if (!kept_back) {
            give(s, 0);
        }
    }
    mp_board_post_data(comm, s->posted ? (size_t)bytes : 0);
    if (bytes < MP_SHM_MEMORY_LEAST) { // nobody kept its first window back
        mp_board_await_slow(comm, 0, comm->rank);
        int error = compare_lower(c, bytes);
        if (!error) {
            scan_windows(s, false, true);
        }
        return error;
    }
    mp_board_await_all(comm);
    int error = mp_shm_compare_all(c, bytes);
    if (error) {
        return error;
    }
    enum mp_shm_offers offers = mp_shm_reduction_offers(&s->r);
    if (offers == MP_OFFERS_ALL) {
        scan_in_memory(&s->r);
    } else {
        scan_windows(s, kept_back, offers == MP_OFFERS_NONE);
    }
    return 0;
}

int mp_shm_scan(const struct mp_collective *c)
{
    struct scan s = {.posted = false};
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
