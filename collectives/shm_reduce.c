// SPDX-License-Identifier: MIT
// MPI_Allreduce and MPI_Reduce in shared memory, in four forms by length:
//   post     the operands travel in the posts: one hop
//   chunk    each in one chunk, and whoever gets the result combines all of it
//   memory   each rank combines one slice, straight from everybody's memory, and puts it straight
//            into the results; where all of that is within reach
//   windows  the same by way of the slots, window by window: each rank combines its slice of a
//            window, and leaves it in its chunk for the others
// Read first: shm_combine.h.
#include "collectives/shm_combine.h"

// Where form `chunk` ends: from there on the second hop of form `memory` pays.
enum { CHUNK_MOST = 4 << 10 };

enum form { POST, CHUNK, LONG };

static enum form form_of(const struct mp_collective *c, MPI_Count bytes)
{
    if (mp_shm_operand_is_posted(c->comm, bytes)) {
        return POST;
    }
    return bytes * (c->comm->size - 1) <= MP_SHM_READS_MOST && bytes <= CHUNK_MOST ? CHUNK : LONG;
}

// This rank gets the result.
static bool receives(const struct mp_collective *c)
{
    return c->kind == MP_ALLREDUCE || c->root == c->comm->rank;
}

static struct mp_post *begin(const struct mp_collective *c, unsigned flags, uint64_t bytes)
{
    return c->kind == MP_ALLREDUCE ? mp_board_begin(c->comm, mp_shm_kind(c) | flags, c->root, bytes)
                                   : mp_shm_begin_leaving(c, flags, bytes);
}

// ---- Form `post` and form `chunk`

static void give(struct mp_shm_reduction *r, struct mp_post *post, enum form form, int who)
{
    MPI_Count bytes = r->count * (MPI_Count)r->size;
    char *to;
    if (form == POST) {
        to = mp_board_data(r->c->comm, r->c->comm->rank, (size_t)bytes);
    } else {
        post->chunk = (uint32_t)r->c->comm->board.chunk;
        to = mp_slots_claim(r->c->comm, MP_STEP_DONE, who);
    }
    mp_shm_put(to, r->type, r->operand, r->count, 0, bytes);
}

static int reduce_short(struct mp_shm_reduction *r, enum form form)
{
    const struct mp_collective *c = r->c;
    struct mp_comm *comm = c->comm;
    MPI_Count bytes = r->count * (MPI_Count)r->size;
    int who = c->kind == MP_ALLREDUCE ? MP_EVERYBODY : c->root;
    unsigned flags = form == POST ? MP_POST_INLINE : 0;
    struct mp_post *post = begin(c, flags, (uint64_t)bytes);
    post->signature = (uint16_t)mp_datatype_signature(c->recv.type, r->count);

    // A root that combines in place takes its operand from where it is; so does one whose operand
    // can be used as it is. Everywhere else it has to be in the post or in the chunk.
    if (who == MP_EVERYBODY || who != comm->rank || !r->direct) {
        give(r, post, form, who);
    }
    mp_board_post(comm);
    if (!receives(c)) {
        return 0;
    }
    mp_board_await_all(comm);
    int error = mp_shm_compare_all(c, bytes);
    if (!error) {
        struct mp_shm_operands all = {.place = form == POST ? MP_IN_POST : MP_IN_CHUNK,
                                      .ranks = comm->size,
                                      .count = r->count};
        mp_shm_combine_result(r, &all, c->recv.buffer, 0);
    }
    if (who != MP_EVERYBODY && form == CHUNK) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    return error;
}

// ---- Form `memory`

// This rank's slice. Through the kernel, the root of a reduction moves size - 1 slices, and each of
// the others one more, its result; so the root's slice is the longer one.
static MPI_Count slice_of(const struct mp_shm_reduction *r, MPI_Count *start)
{
    const struct mp_comm *comm = r->c->comm;
    if (r->kernel && r->c->kind == MP_REDUCE) {
        return mp_shm_slice(r, r->c->root, comm->size, comm->size - 1, start);
    }
    return mp_slice(r->count, comm->size, comm->rank, start);
}

// Elements of the same slice are touched by this rank only, so the operation may be in place.
static void reduce_in_memory(struct mp_shm_reduction *r)
{
    const struct mp_collective *c = r->c;
    struct mp_comm *comm = c->comm;
    MPI_Count size = (MPI_Count)r->size;
    MPI_Count strip = (MPI_Count)mp_shm_strip(r) / size;
    MPI_Count start, length = slice_of(r, &start);
    int first = c->kind == MP_ALLREDUCE ? comm->rank : c->root;
    struct mp_shm_operands part = {.place = MP_IN_MEMORY, .ranks = comm->size};

    for (MPI_Count done = 0; done < length; done += part.count) {
        part.first = start + done;
        part.count = length - done < strip ? length - done : strip;
        MPI_Count offset = part.first * size, bytes = part.count * size;
        uint64_t to = mp_board_post_of(comm, first)->address[1] + (uint64_t)offset;
        char *out = mp_shm_near(comm, first, to, bytes);
        char *result = out ? out : mp_shm_strip_room(0, to);
        mp_shm_combine(r, &part, result);
        if (!out) {
            mp_shm_write(comm, first, to, result, bytes);
        }
        for (int i = 1; i < comm->size && c->kind == MP_ALLREDUCE; i++) {
            int rank = (first + i) % comm->size;
            to = mp_board_post_of(comm, rank)->address[1] + (uint64_t)offset;
            mp_shm_write(comm, rank, to, result, bytes);
        }
    }
    mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    mp_board_await_step_all(comm, MP_STEP_DONE);
}

// ---- Form `windows`

// Window w is made known by step w + 1, together with the results of window w - 1. A rank has done
// with all of window w in its step w + 3, or at the end.
struct windows {
    MPI_Count each; // elements of a window
    MPI_Count count;
};

static MPI_Count window_length(const struct mp_shm_reduction *r, const struct windows *windows,
                               MPI_Count w)
{
    MPI_Count left = r->count - w * windows->each;
    return left < windows->each ? left : windows->each;
}

// The operand's window into the next chunk. This rank's own slice may be left out where it is
// combined from where it is.
static void give_window(struct mp_shm_reduction *r, const struct windows *windows, MPI_Count w)
{
    struct mp_comm *comm = r->c->comm;
    MPI_Count size = (MPI_Count)r->size;
    MPI_Count from = w * windows->each * size;
    MPI_Count length = window_length(r, windows, w);
    unsigned step = w + 2 > windows->count ? MP_STEP_DONE : (unsigned)w + 3;
    char *chunk = mp_slots_claim(comm, step, MP_EVERYBODY);

    if (!r->direct) {
        mp_shm_put(chunk, r->type, r->operand, r->count, from, length * size);
        return;
    }
    MPI_Count start, own = mp_slice(length, comm->size, comm->rank, &start);
    MPI_Count after = start + own;
    mp_shm_put(chunk, r->type, r->operand, r->count, from, start * size);
    mp_shm_put(chunk + after * size, r->type, r->operand, r->count, from + after * size,
               (length - after) * size);
}

// Combines this rank's slice of the window, in its chunk, and takes it to its result.
static void combine_window(struct mp_shm_reduction *r, const struct windows *windows, MPI_Count w,
                           uint64_t first_chunk)
{
    const struct mp_collective *c = r->c;
    MPI_Count size = (MPI_Count)r->size;
    MPI_Count length = window_length(r, windows, w), start;
    MPI_Count own = mp_slice(length, c->comm->size, c->comm->rank, &start);
    char *result = mp_slots_at(c->comm, c->comm->rank, first_chunk + (uint64_t)w) + start * size;
    struct mp_shm_operands slice = {.place = MP_IN_CHUNK,
                                    .ranks = c->comm->size,
                                    .chunk = (uint64_t)w,
                                    .offset = (size_t)(start * size),
                                    .first = w * windows->each + start,
                                    .count = own};
    mp_shm_combine(r, &slice, result);
    if (receives(c)) {
        mp_shm_get(result, r->type, c->recv.buffer, r->count, slice.first * size, own * size);
    }
}

// Takes the others' slices of the results of a window.
static void take_window(struct mp_shm_reduction *r, const struct windows *windows, MPI_Count w)
{
    const struct mp_collective *c = r->c;
    struct mp_comm *comm = c->comm;
    MPI_Count size = (MPI_Count)r->size;
    MPI_Count length = window_length(r, windows, w);

    for (int i = 1; i < comm->size; i++) {
        int rank = (comm->rank + i) % comm->size;
        MPI_Count start, count = mp_slice(length, comm->size, rank, &start);
        const char *chunk =
            mp_slots_at(comm, rank, mp_board_post_of(comm, rank)->chunk + (uint64_t)w);
        mp_shm_get(chunk + start * size, r->type, c->recv.buffer, r->count,
                   (w * windows->each + start) * size, count * size);
    }
}

static void reduce_windows(struct mp_shm_reduction *r, const struct windows *windows,
                           uint64_t first_chunk, bool first_is_known)
{
    struct mp_comm *comm = r->c->comm;

    for (MPI_Count w = 0; w <= windows->count; w++) {
        if (w > 0 && w < windows->count) {
            give_window(r, windows, w);
        }
        if (w > 0 || !first_is_known) {
            mp_board_step(comm, (unsigned)w + 1, MP_EVERYBODY);
            mp_board_await_step_all(comm, (unsigned)w + 1);
        }
        if (w < windows->count) {
            combine_window(r, windows, w, first_chunk);
        }
        if (w > 0 && receives(r->c)) {
            take_window(r, windows, w - 1);
        }
    }
    mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
}

// ---- Both forms for long operands: the posts tell which.

static int reduce_long(struct mp_shm_reduction *r, const struct windows *windows)
{
    const struct mp_collective *c = r->c;
    struct mp_comm *comm = c->comm;
    MPI_Count bytes = r->count * (MPI_Count)r->size;
    uint64_t first_chunk = comm->board.chunk;
    struct mp_post *post = begin(c, 0, (uint64_t)bytes);
    post->signature = (uint16_t)mp_datatype_signature(c->recv.type, r->count);

    post->chunk = (uint32_t)first_chunk;
    bool kept_back = mp_shm_reduction_offer(r, post, receives(c) ? c->recv.buffer : NULL);
    if (!kept_back) {
        give_window(r, windows, 0);
    }
    mp_board_post(comm);
    mp_board_await_all(comm);
    int error = mp_shm_compare_all(c, bytes);
    if (error) {
        return error;
    }
    enum mp_shm_offers offers = mp_shm_reduction_offers(r);
    if (offers == MP_OFFERS_ALL) {
        reduce_in_memory(r);
        return 0;
    }
    // Whoever kept its first window back gives it now; if anybody did, all wait for it.
    if (kept_back) {
        give_window(r, windows, 0);
    }
    reduce_windows(r, windows, first_chunk, offers == MP_OFFERS_NONE);
    return 0;
}

static int reduce(const struct mp_collective *c)
{
    struct mp_shm_reduction r;
    MPI_Count size = c->recv.type->size;
    MPI_Count count = size > 0 ? c->recv.counts.each : 0;
    enum form form = form_of(c, count * size);
    struct windows windows = {.each = size > 0 ? MP_CHUNK_BYTES / size : 1};

    windows.count = (count + windows.each - 1) / windows.each;
    int error = mp_shm_reduction_open(&r, c, count, windows.each);
    if (!error) {
        error = form == LONG ? reduce_long(&r, &windows) : reduce_short(&r, form);
        mp_shm_reduction_close(&r);
    }
    return error;
}

int mp_shm_allreduce(const struct mp_collective *c)
{
    return reduce(c);
}

int mp_shm_reduce(const struct mp_collective *c)
{
    return reduce(c);
}
