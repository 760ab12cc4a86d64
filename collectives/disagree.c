// SPDX-License-Identifier: MIT
// Ranks that disagree: how it is found out in messages, and the words for it.
#include "collectives/disagree.h"

#include "collectives/board.h"
#include "collectives/collectives.h"
#include "message/match.h"
#include "message/message.h"
#include "object/errhandler.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[MP_KINDS] = {[MP_BARRIER] = "a barrier",
                                            [MP_BCAST] = "a broadcast",
                                            [MP_REDUCE] = "a reduction",
                                            [MP_ALLREDUCE] = "an all-reduce",
                                            [MP_GATHER] = "a gather",
                                            [MP_SCATTER] = "a scatter",
                                            [MP_ALLGATHER] = "an allgather",
                                            [MP_ALLTOALL] = "an all-to-all",
                                            [MP_SCAN] = "a scan",
                                            [MP_EXSCAN] = "an exclusive scan",
                                            [MP_REDUCE_SCATTER] = "a reduce-scatter",
                                            [MP_NEIGHBOR_ALLGATHER] = "a neighborhood allgather",
                                            [MP_NEIGHBOR_ALLTOALL] = "a neighborhood all-to-all",
                                            [MP_MAKES_COMM] = "a call that makes a communicator"};

static const char *name_of(unsigned kind)
{
    kind &= ~(unsigned)MP_POST_NONBLOCKING;
    return kind < MP_KINDS && names[kind] ? names[kind] : "another one";
}

int mp_other_operation(unsigned own_kind, int own_root, int rank, unsigned kind, int root)
{
    if (kind == own_kind && root == own_root) {
        return mp_fail(MPI_ERR_OTHER,
                       "rank %d is in %s, as this rank is, but calls its other form, blocking or "
                       "nonblocking, or gives another length",
                       rank, name_of(kind));
    }
    if (kind == own_kind) {
        return mp_fail(MPI_ERR_ROOT, "rank %d calls it with root %d and this rank with root %d",
                       rank, root, own_root);
    }
    const char *form = kind & MP_POST_NONBLOCKING ? "nonblocking" : "blocking";
    if ((kind ^ own_kind) == MP_POST_NONBLOCKING) {
        return mp_fail(MPI_ERR_OTHER,
                       "rank %d is in %s, in its %s form, where this rank calls the other form of "
                       "it: the two do not match each other",
                       rank, name_of(own_kind), form);
    }
    return mp_fail(MPI_ERR_OTHER,
                   "rank %d is in %s where this rank is in %s: the ranks call different collective "
                   "operations on this communicator",
                   rank, name_of(kind), name_of(own_kind));
}

void mp_wrong_explain(const struct mp_wrong *wrong, int error)
{
    long long expected = wrong->expected;
    long long bytes = wrong->bytes;

    if (wrong->peer == MP_WRONG_NONE) {
        return; // whoever found the error has said it
    }
    if (error == MPI_ERR_TRUNCATE && wrong->peer == MP_WRONG_OWN) {
        mp_fail(MPI_ERR_TRUNCATE,
                "this rank sends itself %lld bytes and receives only %lld of them: its send and "
                "receive arguments disagree",
                bytes, expected);
    } else if (error == MPI_ERR_TRUNCATE) {
        mp_fail(MPI_ERR_TRUNCATE,
                "rank %d sent more than the %lld bytes that this rank expects from it: the ranks "
                "disagree on count or datatype",
                wrong->peer, expected);
    } else if (error == MPI_ERR_COUNT) {
        mp_fail(MPI_ERR_COUNT,
                "rank %d sent %lld bytes where this rank expects %lld: the ranks disagree on count "
                "or datatype",
                wrong->peer, bytes, expected);
    } else {
        mp_other_operation(wrong->own_kind, wrong->own_root, wrong->peer, wrong->kind, wrong->root);
    }
}

// ---- How it is found out in messages

// Tags say which operation a message is of, so what ranks that disagree send each other meets no
// receive and is kept. Whoever waits in vain finds such a message. No operation but a wrong one
// looks like that: all ranks count alike, so a kept message with the number of the operation in
// which this rank waits is of that very operation. (Numbers come round, but not within what is
// under way. Persistent operations stay, which is why they are told from others.) It is looked for
// when the wait has lasted for long.
//
// Where operations go on two levels, a near rank may be in one whose part on the board waits for
// this rank's post, and this one in one that goes by messages. The label of that post says so.

static unsigned kind_of(int tag)
{
    return (unsigned)tag >> MP_TAG_KIND_SHIFT & MP_TAG_KIND;
}

// Whoever has found out tells all others, since one that waits need not have got anything from a
// rank that it waits for: which operation the teller is in, and which rank in which other one.
struct tale {
    unsigned kind;
    int other;
    unsigned other_kind;
};

// Where tags of the same number differ if ranks disagree.
enum { OTHERWISE = MP_TAG_KIND << MP_TAG_KIND_SHIFT | MP_TAG_LEVELS };

static const struct mp_unexpected *find_other(const struct mp_comm *comm, int own_tag)
{
    struct mp_list *arrived = &comm->coll_match->arrived;
    unsigned tag = (unsigned)own_tag;

    if (tag > MP_SCHEDULE_TAG_MAX || comm == &mp_comm_boot) {
        return NULL; // not of mp_schedule_tag
    }
    for (struct mp_list *at = arrived->next; at != arrived; at = at->next) {
        const struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        unsigned differs = tag ^ (unsigned)message->packet.tag;
        if (differs != 0 && (differs & ~(unsigned)OTHERWISE) == 0) {
            return message;
        }
    }
    return NULL;
}

static struct mp_wrong understand(unsigned own_kind, const struct mp_unexpected *message)
{
    struct mp_wrong wrong = {
        .peer = message->packet.source, .own_kind = own_kind, .kind = kind_of(message->packet.tag)};
    struct tale tale;
    if (wrong.kind == MP_TELLS && message->packet.length == sizeof tale) {
        memcpy(&tale, message->payload, sizeof tale);
        wrong.kind = tale.kind;
        if (tale.kind == own_kind) {
            wrong.peer = tale.other;
            wrong.kind = tale.other_kind;
        }
    }
    return wrong;
}

static void tell(struct mp_comm *comm, int tag, int peer, const struct mp_wrong *wrong)
{
    struct tale *tale = malloc(sizeof *tale);
    MPI_Request handle;

    if (!tale) {
        return;
    }
    *tale = (struct tale){wrong->own_kind, wrong->peer, wrong->kind};
    if (mp_isend(tale, sizeof *tale, mp_byte_type(), peer, tag, comm, comm->context + 1,
                 MP_SEND_STANDARD, &handle) != 0) {
        free(tale);
        return;
    }
    struct mp_request *request = mp_request_get(handle);
    if (request->complete) {
        free(tale);
    } else {
        request->staging = tale;
    }
    mp_request_forget(request);
}

static void tell_all(struct mp_comm *comm, int tag, const struct mp_wrong *wrong)
{
    int size = comm->remote ? comm->remote->size : comm->size;
    int tells = (tag & ~(MP_TAG_KIND << MP_TAG_KIND_SHIFT)) | MP_TELLS << MP_TAG_KIND_SHIFT;

    for (int peer = 0; peer < size; peer++) {
        if (comm->remote || peer != comm->rank) {
            tell(comm, tells, peer, wrong);
        }
    }
}

// ---- On the board of near members

enum { LABEL_NUMBER = 16, LABEL_MASK = 0x7fff, LABEL_KIND = 12 };
_Static_assert(MP_RANKS_MAX <= 1 << LABEL_KIND, "a label has room for all roots");

int mp_label(int tag, int root)
{
    unsigned number = (unsigned)tag & LABEL_MASK;
    return (int)(number << LABEL_NUMBER | kind_of(tag) << LABEL_KIND | (unsigned)root);
}

static unsigned labelled_kind(int label)
{
    return (unsigned)label >> LABEL_KIND & MP_TAG_KIND;
}

// Whether a near rank has posted in the turn after this rank's last, in an operation of this
// number, and this rank is in another one, or in the same by messages.
static bool find_post(const struct mp_comm *comm, int tag, struct mp_wrong *wrong)
{
    unsigned own_kind = kind_of(tag);
    const struct mp_comm *near = &comm->nodes->near;
    uint64_t turn = near->board.last + 1;

    // So long ago that labels came round.
    bool old = ((comm->coll_sequence - (uint32_t)tag) & MP_TAG_NUMBER) > LABEL_MASK / 2;

    for (int i = 0; i < near->size && comm->board.ready && !old; i++) {
        const struct mp_post *post = mp_board_post_in(near, i, turn);
        // Acquire: pairs with the release in mp_board_publish.
        bool there = atomic_load_explicit(&post->turn, memory_order_acquire) == turn;
        int label = there ? post->root : 0;
        if (there && label >> LABEL_NUMBER == mp_label(tag, 0) >> LABEL_NUMBER &&
            (labelled_kind(label) != own_kind || near->board.tag != tag)) {
            *wrong = (struct mp_wrong){.peer = mp_board_member(near, i),
                                       .own_kind = own_kind,
                                       .kind = labelled_kind(label)};
            return true;
        }
    }
    return false;
}

int mp_other_post(struct mp_comm *comm, int rank)
{
    const struct mp_post *own = mp_board_post_of(comm, comm->rank);
    const struct mp_post *post = mp_board_post_of(comm, rank);
    unsigned own_kind = own->kind & MP_POST_KIND, kind = post->kind & MP_POST_KIND;
    struct mp_comm *whole = comm->board.whole;

    if (!whole) {
        return mp_other_operation(own_kind, own->root, rank, kind, post->root);
    }
    if (comm->board.parted) {
        return comm->board.parted; // it is not there, and that was said
    }
    int member = mp_board_member(comm, rank), roots = (1 << LABEL_KIND) - 1;
    struct mp_wrong wrong = {.peer = member, .own_kind = labelled_kind(own->root)};
    bool same_number = (own->root ^ post->root) >> LABEL_NUMBER == 0;

    wrong.kind = same_number ? labelled_kind(post->root) : MP_KINDS; // one before, or after it
    if (wrong.kind != wrong.own_kind) {
        tell_all(whole, comm->board.tag, &wrong);
    }
    return mp_other_operation(wrong.own_kind, own->root & roots, member, wrong.kind,
                              post->root & roots);
}

bool mp_find_other(struct mp_comm *comm, int tag, struct mp_wrong *wrong)
{
    const struct mp_unexpected *other = find_other(comm, tag);

    if (other) {
        *wrong = understand(kind_of(tag), other);
    } else if (!comm->nodes || (unsigned)tag > MP_SCHEDULE_TAG_MAX ||
               !find_post(comm, tag, wrong)) {
        return false;
    }
    tell_all(comm, tag, wrong);
    return true;
}

bool mp_find_other_whole(struct mp_comm *near)
{
    struct mp_comm *whole = near->board.whole;
    const struct mp_unexpected *other = find_other(whole, near->board.tag);
    if (other) {
        struct mp_wrong wrong = understand(kind_of(near->board.tag), other);
        tell_all(whole, near->board.tag, &wrong);
        near->board.parted =
            mp_other_operation(wrong.own_kind, wrong.own_root, wrong.peer, wrong.kind, wrong.root);
    }
    return other != NULL;
}
