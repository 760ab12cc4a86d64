// SPDX-License-Identifier: MIT
// MPI_Scan and MPI_Exscan in shared memory: everybody posts its operand, or gives it window by
// window, and each rank combines those of the ranks before it, for which alone it waits.
// Read first: shm_combine.h.
#include "collectives/shm_combine.h"

struct windows {
    MPI_Count each, count;
};

// Combines elements [first, first + count) of the lower operands.
static void combine(struct mp_shm_reduction *r, enum mp_shm_place place, MPI_Count w,
                    MPI_Count first, MPI_Count count)
{
    const struct mp_collective *c = r->c;
    struct mp_shm_operands lower = {.place = place,
                                    .ranks = c->comm->rank + (c->kind == MP_SCAN),
                                    .chunk = (uint64_t)w,
                                    .first = first,
                                    .count = count};
    if (lower.ranks > 0) {
        mp_shm_combine_result(r, &lower, c->recv.buffer, first);
    }
}

static int run(struct mp_shm_reduction *r, const struct windows *windows)
{
    const struct mp_collective *c = r->c;
    struct mp_comm *comm = c->comm;
    MPI_Count size = (MPI_Count)r->size;
    MPI_Count bytes = r->count * size;
    int error = 0;
    struct mp_post *post = mp_board_begin(comm, c->kind, 0, (uint64_t)bytes);
    bool inline_ = bytes <= MP_POST_ROOM;

    post->chunk = (uint32_t)comm->board.chunk;
    if (inline_) {
        mp_shm_put(post->data, r->type, r->operand, r->count, 0, bytes);
        mp_board_post(comm);
    }
    // Window w is made known by the post or by step w + 1; a rank has done with it in step w + 2.
    for (MPI_Count w = 0; w < windows->count; w++) {
        MPI_Count first = w * windows->each;
        MPI_Count length = r->count - first < windows->each ? r->count - first : windows->each;
        if (!inline_) {
            unsigned step = w + 1 < windows->count ? (unsigned)w + 2 : MP_STEP_DONE;
            char *chunk = mp_slots_claim(comm, step, MP_EVERYBODY);
            mp_shm_put(chunk, r->type, r->operand, r->count, first * size, length * size);
        }
        if (w > 0) {
            mp_board_step(comm, (unsigned)w + 1, MP_EVERYBODY);
            mp_board_await_step_slow(comm, 0, comm->rank, mp_board_progress(comm, (unsigned)w + 1));
        } else {
            if (!inline_) {
                mp_board_post(comm);
            }
            mp_board_await_slow(comm, 0, comm->rank);
            for (int i = 0; i < comm->rank && !error; i++) {
                error = mp_shm_compare(c, i, bytes);
            }
            if (error) {
                break;
            }
        }
        combine(r, inline_ ? MP_IN_POST : MP_IN_CHUNK, w, first, length);
    }
    if (!inline_) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    return error;
}

int mp_shm_scan(const struct mp_collective *c)
{
    struct mp_shm_reduction r;
    MPI_Count size = c->recv.type->size;
    MPI_Count count = size > 0 ? c->recv.counts.each : 0;
    struct windows windows = {.each = size > 0 ? MP_CHUNK_BYTES / size : 1};

    windows.count = (count + windows.each - 1) / windows.each;
    int error = mp_shm_reduction_open(&r, c, count, windows.each);
    if (!error) {
        error = run(&r, &windows);
        mp_shm_reduction_close(&r);
    }
    return error;
}
