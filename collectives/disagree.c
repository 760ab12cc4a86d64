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
// receive and is kept. Whoever waits for a rank in vain finds such a message from it. No operation
// but a wrong one looks like that: while this rank waits for a message or an answer of a rank, that
// one is still in the operation with this number, or before it, so a kept message of it with the
// same number is of that very operation. (Numbers come round, but not within what is under way.
// Persistent operations stay, which is why they are told from others.) It is looked for when the
// wait has lasted for long.

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

static const struct mp_unexpected *find_other(const struct mp_step *step)
{
    const struct mp_comm *comm = step->message.comm;
    struct mp_list *arrived = &comm->coll_match->arrived;
    unsigned tag = (unsigned)step->message.tag;

    if (tag > MP_SCHEDULE_TAG_MAX || comm == &mp_comm_boot) {
        return NULL; // not of mp_schedule_tag
    }
    for (struct mp_list *at = arrived->next; at != arrived; at = at->next) {
        const struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        unsigned differs = tag ^ (unsigned)message->packet.tag;
        bool tells = kind_of(message->packet.tag) == MP_TELLS;
        if ((message->packet.source == step->message.peer || tells) && differs != 0 &&
            (differs & ~((unsigned)MP_TAG_KIND << MP_TAG_KIND_SHIFT)) == 0) {
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

static void tell_all(const struct mp_step *step, const struct mp_wrong *wrong)
{
    struct mp_comm *comm = step->message.comm;
    int size = comm->remote ? comm->remote->size : comm->size;
    int tag = (step->message.tag & ~(MP_TAG_KIND << MP_TAG_KIND_SHIFT)) | MP_TELLS
                                                                              << MP_TAG_KIND_SHIFT;
    for (int peer = 0; peer < size; peer++) {
        if (comm->remote || peer != comm->rank) {
            tell(comm, tag, peer, wrong);
        }
    }
}

bool mp_find_other(const struct mp_step *step, struct mp_wrong *wrong)
{
    const struct mp_unexpected *other = find_other(step);
    if (other) {
        *wrong = understand(kind_of(step->message.tag), other);
        tell_all(step, wrong);
    }
    return other != NULL;
}
