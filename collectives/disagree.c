// SPDX-License-Identifier: MIT
// Ranks that disagree: the words for it, and what stamps and trails say. How it is found out in
// messages: tales.c.
#include "collectives/disagree.h"

#include "base/calls.h"
#include "collectives/board.h"
#include "collectives/collectives.h"
#include "datatype/datatype_signature.h"
#include "object/errhandler.h"

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
    kind &= MP_POST_KIND & ~(unsigned)MP_POST_NONBLOCKING;
    return kind < MP_KINDS && names[kind] ? names[kind] : "another one";
}

static const char *form_of(unsigned kind)
{
    return kind & MP_POST_NONBLOCKING ? "the nonblocking form of " : "";
}

static unsigned operator_of(unsigned kind)
{
    return (kind & MP_POST_OP) >> MP_POST_OP_SHIFT;
}

int mp_other_operation(unsigned own_kind, int own_root, int rank, unsigned kind, int root)
{
    if (((kind ^ own_kind) & MP_POST_KIND) == 0 && kind != own_kind) {
        return mp_fail(MPI_ERR_OP, "rank %d is in %s with %s, as this rank is with %s", rank,
                       name_of(kind), mp_op_code_name(operator_of(kind)),
                       mp_op_code_name(operator_of(own_kind)));
    }
    if (kind == own_kind && own_root == MP_ROOT_UNKNOWN) {
        bool same = root == MP_ROOT_UNKNOWN;
        return mp_fail(same ? MPI_ERR_ROOT : MPI_ERR_OTHER,
                       "in an operation before this one, rank %d has sent this rank a part of %s "
                       "that it did not expect: the ranks disagreed about %s",
                       rank, name_of(kind), same ? "its root" : "which operation it was");
    }
    if (kind == own_kind && root == MP_ROOT_UNKNOWN) {
        return mp_fail(MPI_ERR_ROOT,
                       "rank %d sends this rank a part of %s that it does not expect from it: the "
                       "ranks disagree about the root, which is %d here",
                       rank, name_of(kind), own_root);
    }
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
    if (((kind ^ own_kind) & MP_POST_KIND) == MP_POST_NONBLOCKING) {
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

    char given[MP_SIGNATURE_TEXT], taken[MP_SIGNATURE_TEXT];

    if (wrong->peer == MP_WRONG_NONE) {
        return; // whoever found the error has said it
    }
    if (error == MPI_ERR_TYPE) {
        mp_fail(MPI_ERR_TYPE, "rank %d gives data of the type %s where this rank has %s",
                wrong->peer, mp_signature_words(wrong->signature, given),
                wrong->type ? mp_datatype_words(wrong->type, taken)
                            : mp_signature_words(wrong->own_signature, taken));
        return;
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
    } else if (wrong->own_kind == MP_MAKES_COMM && wrong->signature) {
        mp_fail(MPI_ERR_OTHER, "rank %d calls %s where this rank calls %s", wrong->peer,
                mp_call_name((int)wrong->signature), mp_call_name((int)wrong->own_signature));
    } else {
        mp_other_operation(wrong->own_kind, wrong->own_root, wrong->peer, wrong->kind, wrong->root);
    }
}

// ---- Stamps

uint32_t mp_stamp_of_call(void)
{
    int call = (int)atomic_load_explicit(&mp_process.board->call, memory_order_relaxed);
    // Where threads call at the same time, it may be another one's. Worlds that meet call two. (The
    // functions of communicators stand together in the list.)
    bool makes = !mp_process_is_locked() && call > MP_CALL_Comm_accept &&
                 call < MP_CALL_Compare_and_swap && call != MP_CALL_Comm_connect;
    return makes ? (uint32_t)call : 0;
}

// A post's kind, as a stamp and a tag say it.
static unsigned posted_kind(int tag, uint32_t stamp)
{
    unsigned op = stamp >> MP_STAMP_OP_SHIFT & 0xf;
    return mp_tag_kind(tag) | op << MP_POST_OP_SHIFT |
           (stamp & MP_STAMP_NONBLOCKING ? MP_POST_NONBLOCKING : 0);
}

int mp_stamp_compare(const struct mp_step *step, uint32_t stamp, MPI_Count bytes,
                     struct mp_wrong *wrong)
{
    uint32_t own = step->message.stamp, differs = stamp ^ own;
    uint32_t signature = stamp & MP_STAMP_SIGNATURE, expected = own & MP_STAMP_SIGNATURE;
    bool data = bytes > 0 && signature != MP_DATA_ANY && expected != MP_DATA_ANY;
    int error = 0;

    *wrong = (struct mp_wrong){.peer = step->message.peer,
                               .own_kind = posted_kind(step->message.tag, own),
                               .kind = posted_kind(step->message.tag, stamp),
                               .own_signature = expected,
                               .signature = signature};
    if (step->message.tag > MP_SCHEDULE_TAG_MAX ||
        mp_tag_kind(step->message.tag) == MP_MAKES_COMM) {
        return signature && expected && signature != expected ? MPI_ERR_OTHER : 0;
    }
    if (differs & ~(uint32_t)MP_STAMP_SIGNATURE) {
        error = differs & MP_STAMP_NONBLOCKING ? MPI_ERR_OTHER : MPI_ERR_OP;
    } else if (step->exact && data && signature != expected) {
        error = MPI_ERR_TYPE;
    } else if (!step->exact && data &&
               mp_datatype_contradicts(step->message.type, step->message.count, signature, bytes)) {
        error = MPI_ERR_TYPE;
        wrong->type = step->message.type;
    }
    return error;
}

// ---- Trails (board.h)

// A rank's post of a turn that may be over: false if it is not there, or may be written over.
static bool read_post(const struct mp_comm *comm, int rank, uint64_t turn, struct mp_post *out)
{
    const struct mp_post *post = mp_board_post_in(comm, rank, turn);
    uint64_t before = turn + MP_POSTS - 1;

    // Acquire: pairs with the release in mp_board_publish.
    if (atomic_load_explicit(&post->turn, memory_order_acquire) != turn) {
        return false;
    }
    out->kind = post->kind;
    out->trail = post->trail;
    out->root = post->root;
    // Nothing comes in its place before this rank has posted once more; and then, it is begun when
    // the post before it is out: so if the copy has something of it, this load, which comes after,
    // finds that post.
    atomic_thread_fence(memory_order_acquire);
    post = mp_board_post_in(comm, rank, before);
    return turn == comm->board.last ||
           atomic_load_explicit(&post->turn, memory_order_relaxed) < before;
}

int mp_board_compare_trail(struct mp_comm *comm, int rank)
{
    uint64_t now = comm->board.last, first = now > MP_POSTS ? now - MP_POSTS : 0, found = 0;

    for (int i = 0; i < comm->size; i++) {
        if (atomic_load_explicit(&mp_board_desk(comm, i)->told, memory_order_relaxed)) {
            return 0;
        }
    }
    struct mp_post own = {.turn = 0}, post = own;
    for (uint64_t turn = now; turn > first; turn--) {
        struct mp_post mine, its;
        if (!read_post(comm, comm->rank, turn, &mine) || !read_post(comm, rank, turn, &its)) {
            continue;
        }
        if (its.trail != mine.trail) {
            found = turn;
            own = mine;
            post = its;
        }
    }
    if (found == 0) {
        return 0;
    }
    bool same = ((own.kind ^ post.kind) & MP_POST_KIND) == 0;
    bool here = !same || own.root != post.root; // else it was before the first post that is left
    int error = same && here ? MPI_ERR_ROOT : MPI_ERR_OTHER;
    mp_board_note_told(comm);
    if (comm->board.whole) {
        return mp_fail(error,
                       "rank %d was in another collective operation than this rank, or gave "
                       "another root, %llu operations ago on this node",
                       mp_board_member(comm, rank), (unsigned long long)(now - found));
    }
    if (!here) {
        return mp_fail(error,
                       "more than %llu operations ago on this communicator, rank %d was in another "
                       "collective operation than this rank, or gave another root",
                       (unsigned long long)(now - found), rank);
    }
    return mp_fail(error,
                   "%llu operations ago on this communicator, rank %d was in %s%s with root %d "
                   "where this rank was in %s%s with root %d",
                   (unsigned long long)(now - found), rank, form_of(post.kind), name_of(post.kind),
                   post.root, form_of(own.kind), name_of(own.kind), own.root);
}
