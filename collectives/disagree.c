// SPDX-License-Identifier: MIT
// Ranks that disagree: how it is found out in messages, and the words for it.
#include "collectives/disagree.h"

#include "base/calls.h"
#include "collectives/board.h"
#include "collectives/collectives.h"
#include "datatype/datatype_signature.h"
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

static unsigned kind_of(int tag)
{
    return (unsigned)tag >> MP_TAG_KIND_SHIFT & MP_TAG_KIND;
}

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
    return kind_of(tag) | op << MP_POST_OP_SHIFT |
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
    if (step->message.tag > MP_SCHEDULE_TAG_MAX || kind_of(step->message.tag) == MP_MAKES_COMM) {
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

// Whoever has found out tells all others, since one that waits need not have got anything from a
// rank that it waits for: which operation the teller is in, and which rank in which other one.
struct tale {
    uint64_t birth;  // of the communicator: the next one with its context may get what comes late
    uint32_t number; // of the operation on it: those in tags come round
    uint16_t kind, other_kind;
    int root;
    int other; // -1: it has found out nothing, and only waits
};

// Where tags of the same number differ if ranks disagree.
enum { OTHERWISE = MP_TAG_KIND << MP_TAG_KIND_SHIFT | MP_TAG_LEVELS };

static uint32_t number_of(const struct mp_comm *comm, int tag)
{
    return comm->coll_sequence - ((comm->coll_sequence - (uint32_t)tag) & MP_TAG_NUMBER);
}

static bool is_tale(const struct mp_unexpected *message)
{
    return kind_of(message->packet.tag) == MP_TELLS;
}

// False if it was only offered, since this rank keeps too much: then it is left alone.
static bool read_tale(const struct mp_unexpected *message, struct tale *tale)
{
    bool here = is_tale(message) && message->packet.length == sizeof *tale;
    if (here) {
        memcpy(tale, message->payload, sizeof *tale);
    }
    return here;
}

static void forget(struct mp_unexpected *message)
{
    mp_match_take(message);
    mp_unexpected_free(message);
}

// A rank that waits for long tells those that it waits for what it is in: if nobody sends anything,
// somebody must begin. One that agrees forgets it, as one of another operation or communicator.
static bool agrees(const struct mp_comm *comm, const struct tale *tale, int own_tag, int own_root)
{
    bool same_root = own_root < 0 || tale->root < 0 || tale->root == own_root;
    return tale->birth != comm->birth || tale->number != number_of(comm, own_tag) ||
           (tale->other < 0 && tale->kind == kind_of(own_tag) && same_root);
}

static const struct mp_unexpected *find_other(const struct mp_comm *comm, int own_tag, int own_root)
{
    struct mp_list *arrived = &comm->coll_match->arrived;
    unsigned tag = (unsigned)own_tag;

    if (tag > MP_SCHEDULE_TAG_MAX || comm == &mp_comm_boot) {
        return NULL; // not of mp_schedule_tag
    }
    for (struct mp_list *at = arrived->next, *next; at != arrived; at = next) {
        struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        next = at->next;
        unsigned differs = tag ^ (unsigned)message->packet.tag;
        struct tale tale;
        if (differs == 0 || (differs & ~(unsigned)OTHERWISE) != 0) {
            continue;
        }
        bool readable = read_tale(message, &tale);
        if (readable ? !agrees(comm, &tale, own_tag, own_root) : !is_tale(message)) {
            return message;
        }
        if (readable) {
            forget(message);
        }
    }
    return NULL;
}

static struct mp_wrong understand(unsigned own_kind, int own_root,
                                  const struct mp_unexpected *message)
{
    struct mp_wrong wrong = {.peer = mp_source_rank(message->packet.source),
                             .own_kind = own_kind,
                             .own_root = own_root,
                             .root = own_root,
                             .kind = kind_of(message->packet.tag)};
    struct tale tale;
    if (read_tale(message, &tale)) {
        wrong.kind = tale.kind;
        if (tale.other < 0 && tale.kind == own_kind) {
            wrong.root = tale.root;
        } else if (tale.kind == own_kind) {
            wrong.peer = tale.other;
            wrong.kind = tale.other_kind;
        }
    }
    return wrong;
}

static void tell(struct mp_comm *comm, int tag, int peer, const struct tale *what)
{
    bool full = mp_unexpected_is_full(mp_comm_world_rank(comm, peer), comm);
    struct tale *tale = full ? NULL : malloc(sizeof *tale);
    MPI_Request handle;

    if (!tale) {
        return;
    }
    *tale = *what;
    if (mp_isend_collective(tale, sizeof *tale, mp_byte_type(), peer, tag, comm, 0, &handle) != 0) {
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

static int tag_of_tales(int tag)
{
    return (tag & ~(MP_TAG_KIND << MP_TAG_KIND_SHIFT)) | MP_TELLS << MP_TAG_KIND_SHIFT;
}

static struct tale waits_in(const struct mp_comm *comm, int tag, unsigned kind, int root)
{
    return (struct tale){.birth = comm->birth,
                         .number = number_of(comm, tag),
                         .kind = (uint16_t)kind,
                         .root = root,
                         .other = -1};
}

void mp_tell_of_wait(struct mp_comm *comm, int tag, int root, int peer)
{
    struct tale tale = waits_in(comm, tag, kind_of(tag), root);
    if (tag <= MP_SCHEDULE_TAG_MAX && comm != &mp_comm_boot) {
        tell(comm, tag_of_tales(tag), peer, &tale);
    }
}

static void tell_all(struct mp_comm *comm, int tag, const struct mp_wrong *wrong)
{
    int size = comm->remote ? comm->remote->size : comm->size;
    // But of another root: each compares it with its own.
    bool of_root = wrong->kind == wrong->own_kind && wrong->root != wrong->own_root;
    struct tale tale = waits_in(comm, tag, wrong->own_kind, of_root ? wrong->own_root : -1);
    if (!of_root) {
        tale.other = wrong->peer;
        tale.other_kind = (uint16_t)wrong->kind;
    }
    int tells = tag_of_tales(tag);
    comm->coll_told = true;

    for (int peer = 0; peer < size; peer++) {
        if (comm->remote || peer != comm->rank) {
            tell(comm, tells, peer, &tale);
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

// ---- Trails (board.h)

static void note_told(struct mp_comm *comm)
{
    atomic_store_explicit(&mp_board_desk(comm, comm->rank)->told, 1, memory_order_relaxed);
}

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
    int error = !same ? MPI_ERR_OTHER : own.root != post.root ? MPI_ERR_ROOT : MPI_ERR_OP;
    note_told(comm);
    if (comm->board.whole) {
        return mp_fail(error,
                       "rank %d was in another collective operation than this rank, or gave "
                       "another root, %llu operations ago on this node",
                       mp_board_member(comm, rank), (unsigned long long)(now - found));
    }
    return mp_fail(error,
                   "%llu operations ago on this communicator, rank %d was in %s%s with root %d "
                   "where this rank was in %s%s with root %d",
                   (unsigned long long)(now - found), rank, form_of(post.kind), name_of(post.kind),
                   post.root, form_of(own.kind), name_of(own.kind), own.root);
}

int mp_other_post(struct mp_comm *comm, int rank)
{
    note_told(comm);
    const struct mp_post *own = mp_board_post_of(comm, comm->rank);
    const struct mp_post *post = mp_board_post_of(comm, rank);
    unsigned own_kind = own->kind & MP_POST_SAME, kind = post->kind & MP_POST_SAME;
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
    wrong.own_root = own->root & roots;
    wrong.root = post->root & roots;
    if (wrong.kind != wrong.own_kind || wrong.root != wrong.own_root) {
        tell_all(whole, comm->board.tag, &wrong);
    }
    wrong.own_kind |= own_kind & MP_POST_OP;
    wrong.kind |= kind & MP_POST_OP;
    return mp_other_operation(wrong.own_kind, own->root & roots, member, wrong.kind,
                              post->root & roots);
}

// A message of this very operation from a rank that this one expects none from, as where two take
// themselves for the root.
static const struct mp_unexpected *find_stray(const struct mp_schedule *schedule,
                                              const struct mp_comm *comm, int tag)
{
    struct mp_list *arrived = &comm->coll_match->arrived;
    if (!schedule->whole || schedule->root < 0) {
        return NULL;
    }
    for (struct mp_list *at = arrived->next; at != arrived; at = at->next) {
        const struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        if (message->packet.tag == tag &&
            !mp_schedule_receives(schedule, mp_source_rank(message->packet.source))) {
            return message;
        }
    }
    return NULL;
}

static struct mp_wrong explain_stray(const struct mp_schedule *schedule,
                                     const struct mp_unexpected *stray)
{
    unsigned kind = kind_of(stray->packet.tag);
    return (struct mp_wrong){.peer = mp_source_rank(stray->packet.source),
                             .own_kind = kind,
                             .kind = kind,
                             .own_root = schedule->root,
                             .root = MP_ROOT_UNKNOWN};
}

void mp_find_stray(struct mp_schedule *schedule)
{
    const struct mp_unexpected *stray = find_stray(schedule, schedule->comm, schedule->tag);
    if (unlikely(stray != NULL) && !schedule->comm->remote) {
        schedule->error = MPI_ERR_ROOT;
        schedule->wrong = explain_stray(schedule, stray);
    }
}

bool mp_find_other(const struct mp_schedule *schedule, struct mp_comm *comm, int tag,
                   struct mp_wrong *wrong)
{
    const struct mp_unexpected *other = find_other(comm, tag, schedule->root);
    const struct mp_unexpected *stray = other ? NULL : find_stray(schedule, comm, tag);

    if (stray) {
        *wrong = explain_stray(schedule, stray);
        for (int peer = 0; peer < comm->size && !comm->remote; peer++) {
            if (peer != comm->rank) {
                mp_tell_of_wait(comm, tag, schedule->root, peer);
            }
        }
        return true;
    }
    if (other) {
        *wrong = understand(kind_of(tag), schedule->root, other);
    } else if (!comm->nodes || (unsigned)tag > MP_SCHEDULE_TAG_MAX ||
               !find_post(comm, tag, wrong)) {
        return false;
    }
    tell_all(comm, tag, wrong);
    return true;
}

// What is left of operations that are over: what ranks told while they waited,
// and messages that no operation of this rank's expects. While nonblocking ones are under way,
// those may expect them. Persistent ones have tags of their own.
void mp_find_left(struct mp_schedule *schedule)
{
    struct mp_comm *comm = schedule->comm;
    int tag = schedule->tag;

    if (!comm->coll_match || comm == &mp_comm_boot || (unsigned)tag > MP_SCHEDULE_TAG_MAX) {
        return; // MPI does not run yet, or the tag is not of mp_schedule_tag
    }
    struct mp_list *arrived = &comm->coll_match->arrived;
    bool all_over = comm->coll_under_way == 0;

    for (struct mp_list *at = arrived->next, *next; at != arrived && all_over; at = next) {
        struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        unsigned its = (unsigned)message->packet.tag, age = ((unsigned)tag - its) & MP_TAG_NUMBER;
        struct tale tale;
        next = at->next;
        if (its > MP_SCHEDULE_TAG_MAX || its & MP_TAG_PERSISTENT << MP_TAG_KIND_SHIFT || age == 0 ||
            age > MP_TAG_NUMBER / 2) {
            continue;
        }
        if (is_tale(message)) {
            if (read_tale(message, &tale)) {
                forget(message);
            }
        } else if (schedule->looks_back && !comm->coll_told) {
            bool same = message->packet.tag + 1 == comm->coll_last;
            schedule->error = same ? MPI_ERR_ROOT : MPI_ERR_OTHER;
            schedule->wrong = (struct mp_wrong){.peer = mp_source_rank(message->packet.source),
                                                .own_kind = kind_of(message->packet.tag),
                                                .kind = kind_of(message->packet.tag),
                                                .own_root = MP_ROOT_UNKNOWN,
                                                .root = same ? MP_ROOT_UNKNOWN : 0};
            comm->coll_told = true;
        }
    }
    if (schedule->looks_back) {
        mp_note_last(schedule);
    }
}

void mp_note_last(const struct mp_schedule *schedule)
{
    schedule->comm->coll_last = schedule->tag + 1;
    schedule->comm->coll_last_root = schedule->root;
}

void mp_answer_left(const struct mp_schedule *schedule)
{
    struct mp_comm *comm = schedule->comm;
    struct mp_list *arrived = &comm->coll_match->arrived;
    int last = comm->coll_last - 1;

    for (struct mp_list *at = arrived->next; at != arrived && last >= 0; at = at->next) {
        const struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        unsigned differs = (unsigned)last ^ (unsigned)message->packet.tag;
        if ((unsigned)message->packet.tag <= MP_SCHEDULE_TAG_MAX &&
            (differs & MP_TAG_NUMBER) == 0 && message->packet.kind == MP_PACKET_OFFER &&
            !comm->remote) {
            mp_tell_of_wait(comm, last, comm->coll_last_root,
                            mp_source_rank(message->packet.source));
        }
    }
}

bool mp_find_other_whole(struct mp_comm *near)
{
    struct mp_comm *whole = near->board.whole;
    const struct mp_unexpected *other = find_other(whole, near->board.tag, -1);
    if (other) {
        struct mp_wrong wrong = understand(kind_of(near->board.tag), -1, other);
        tell_all(whole, near->board.tag, &wrong);
        note_told(near);
        near->board.parted =
            mp_other_operation(wrong.own_kind, wrong.own_root, wrong.peer, wrong.kind, wrong.root);
    }
    return other != NULL;
}
