// SPDX-License-Identifier: MIT
// What the short collectives are made of: the way in, what a rank gives, its post, and a look at
// the posts of others. All inline, since between a call and its post there is less time than a
// line takes from core to core. Read first: short.h. Used in: short.c, short_blocks.h.
#ifndef MP_COLLECTIVES_SHORT_POST_H
#define MP_COLLECTIVES_SHORT_POST_H

#include "collectives/shm_parts.h"
#include "collectives/short.h"

// The way in: false if the call is to go the long way.
MP_ALWAYS_INLINE bool mp_short_enter(int call, MPI_Comm handle, struct mp_comm **out)
{
    struct mp_comm *comm = handle == MPI_COMM_WORLD             ? &mp_comm_world
                           : mp_object_is(handle, MP_KIND_COMM) ? (void *)handle
                                                                : NULL;
    *out = comm;
    return likely(mp_enter_unguarded(call) && comm && comm->board.fast_path && !comm->freed);
}

// Where `count` elements at `buffer` are and how many bytes, if they are in one piece, not many,
// and nothing is wrong with them. There is no room for the blocks of more than one rank.
struct mp_piece {
    char *at;
    size_t bytes;
    const struct mp_datatype *type;
    uint32_t signature;
    uint64_t what; // of this rank's post, and of one that agrees: once it is begun
};

// How many elements that is; kept nowhere, since only a post that differs asks.
static inline MPI_Count mp_short_elements(const struct mp_datatype *type, size_t bytes)
{
    return type->size > 0 ? (MPI_Count)bytes / type->size : 0;
}

MP_ALWAYS_INLINE bool mp_short_find(const void *buffer, MPI_Count count, MPI_Datatype handle,
                                    struct mp_piece *piece)
{
    const struct mp_datatype *type = mp_datatype_get(handle);
    if (unlikely(!type)) {
        return false;
    }
    if (unlikely(buffer == MPI_BOTTOM || buffer == MPI_IN_PLACE || (uint64_t)count > MP_PAD_BYTES ||
                 (uint64_t)type->size > MP_PAD_BYTES)) {
        return false;
    }
    piece->signature = type->kind;
    if (unlikely(type->plain != MP_PLAIN)) {
        if (type->plain == MP_PLAIN_NOT) {
            return false;
        }
        piece->signature = mp_datatype_signature_slow(type, count);
    }
    piece->at = (char *)(uintptr_t)buffer + type->true_lb;
    piece->bytes = (size_t)count * (size_t)type->size;
    piece->type = type;
    return likely(piece->bytes <= MP_PAD_BYTES);
}

// ---- Posts

// Copies; what a post has room for, most often a power of two of bytes, without a call, and from
// the end to the beginning (mp_short_post).
MP_ALWAYS_INLINE void mp_short_copy(char *to, const char *from, size_t bytes)
{
    if (bytes == 8) {
        memcpy(to, from, 8);
        return;
    }
    if (unlikely(bytes > MP_POST_ROOM)) {
        memcpy(to, from, bytes);
        return;
    }
    if (bytes >= 16) {
        memcpy(to + bytes - 16, from + bytes - 16, 16);
        for (size_t left = (bytes - 1) & ~(size_t)15; left > 0; left -= 16) {
            memcpy(to + left - 16, from + left - 16, 16);
        }
        return;
    }
    mp_ring_copy_cell(to, from, bytes);
}

// Posts, with the data if this rank gives any. A post may lie in two lines, and whoever looks for
// it takes the first one away, wherever this rank is: so all that goes there is stored at the end.
MP_ALWAYS_INLINE void mp_short_post(struct mp_comm *comm, unsigned kind, int root,
                                    struct mp_piece *own, bool gives)
{
    unsigned operation = kind & MP_POST_KIND;
    if (operation != MP_ALLREDUCE && operation != MP_ALLGATHER && operation != MP_REDUCE_SCATTER) {
        mp_board_follow(comm, kind, root);
    }
    own->what = mp_board_what(comm, kind | MP_POST_INLINE, own->signature);
    struct mp_post *post = mp_board_begin_turn(comm);
    if (gives) {
        mp_short_copy(mp_board_data(comm, comm->rank, own->bytes), own->at, own->bytes);
    }
    mp_board_say(comm, post, own->what, root, own->bytes);
    mp_board_post_data(comm, gives ? own->bytes : 0);
}

// Waits for the post of a rank whose posts may well come in a stream: if it has been there for some
// time, the next one is likely to be there too, and may come along while this one is dealt with. If
// it has not, the next one's line is best left to the rank that is going to write it.
MP_ALWAYS_INLINE void mp_short_await_next(struct mp_comm *comm, int rank)
{
    if (likely(mp_board_has_posted(comm, rank))) {
        uint64_t next = comm->board.turn + 1;
        __builtin_prefetch(&mp_board_desk(comm, rank)->posts[next % MP_POSTS]);
    } else {
        mp_board_await_slow(comm, rank, rank + 1);
    }
}

// What to do about a post that is not as expected, of so many bytes of a type (NULL: of none):
// an error class with mp_fail, or 0 if it is fine all the same. It may be shorter if `uneven`.
int mp_short_compare_slow(struct mp_comm *comm, size_t bytes, const struct mp_datatype *type,
                          bool uneven, int rank);

// Whether a rank is in the same operation, with the same root, length and type. Then, since all
// decide by the length, its data is in its post.
MP_ALWAYS_INLINE int mp_short_compare(struct mp_comm *comm, int root, const struct mp_piece *own,
                                      int rank)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    bool same = post->what == own->what && post->root == root && post->bytes == own->bytes;
    return likely(same) ? 0 : mp_short_compare_slow(comm, own->bytes, own->type, false, rank);
}

#endif
