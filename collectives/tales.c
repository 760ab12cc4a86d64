// SPDX-License-Identifier: MIT
// How it is found out in messages that ranks disagree: by those that nobody expects, and by tales
// that ranks tell each other. Read first: disagree.h.
#include "collectives/disagree.h"

#include "collectives/board.h"
#include "collectives/collectives.h"
#include "message/match.h"
#include "message/message.h"
#include "message/outgoing.h"
#include "socket/socket.h"

#include <stdlib.h>
#include <string.h>

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
    return mp_tag_kind(message->packet.tag) == MP_TELLS;
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
           (tale->other < 0 && tale->kind == mp_tag_kind(own_tag) && same_root);
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
                             .kind = mp_tag_kind(message->packet.tag)};
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
    int world = mp_comm_world_rank(comm, peer);
    bool full = mp_unexpected_is_full(world, comm);
    // One of another world may have done with its part and be gone, while what it has sent is still
    // on its way: to connect to it now would find it dead.
    bool gone = mp_is_guest(world) && mp_socket_has_parted(world);
    // Whoever takes nothing for long need not find a tale of each operation.
    bool late = !mp_list_empty(&mp_outgoing[world].sends);
    struct tale *tale = full || gone || late ? NULL : malloc(sizeof *tale);
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
    struct tale tale = waits_in(comm, tag, mp_tag_kind(tag), root);
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

// Between two groups, a rank waits for the other group, and others of its own for that rank, on the
// communicator of their group: they are told, too. And the other way round.
static void tell_beside(const struct mp_schedule *schedule, const struct mp_comm *comm,
                        const struct mp_wrong *wrong)
{
    const struct mp_comm *beside = comm->remote ? comm->intra : schedule->comm;

    for (size_t i = 0; i < schedule->count && beside != comm; i++) {
        const struct mp_step *step = &schedule->steps[i];
        bool message = step->kind == MP_STEP_SEND || step->kind == MP_STEP_RECV;
        if (message && step->message.comm == beside) {
            tell_all(step->message.comm, step->message.tag, wrong);
            return;
        }
    }
}

// ---- On the board of near members

enum { LABEL_NUMBER = 16, LABEL_MASK = 0x7fff, LABEL_KIND = 12 };
_Static_assert(MP_RANKS_MAX <= 1 << LABEL_KIND, "a label has room for all roots");

int mp_label(int tag, int root)
{
    unsigned number = (unsigned)tag & LABEL_MASK;
    return (int)(number << LABEL_NUMBER | mp_tag_kind(tag) << LABEL_KIND | (unsigned)root);
}

static unsigned labelled_kind(int label)
{
    return (unsigned)label >> LABEL_KIND & MP_TAG_KIND;
}

// Whether a near rank has posted in the turn after this rank's last, in an operation of this
// number, and this rank is in another one, or in the same by messages.
static bool find_post(const struct mp_comm *comm, int tag, struct mp_wrong *wrong)
{
    unsigned own_kind = mp_tag_kind(tag);
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
    mp_board_note_told(comm);
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
    unsigned kind = mp_tag_kind(stray->packet.tag);
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
        *wrong = understand(mp_tag_kind(tag), schedule->root, other);
    } else if (!comm->nodes || (unsigned)tag > MP_SCHEDULE_TAG_MAX ||
               !find_post(comm, tag, wrong)) {
        return false;
    }
    tell_all(comm, tag, wrong);
    tell_beside(schedule, comm, wrong);
    return true;
}

// What is left of operations that are over: what ranks told while they waited, and messages that no
// operation of this rank's expects. While nonblocking ones are under way, those may expect them,
// and persistent ones are never over; but what was told long ago goes in any case, a few of the
// oldest at a time where this is not the end of all.
enum { LOOKS_UNDER_WAY = 8, LONG_AGO = 64 };

// How long ago the operation of a message began, in operations; 0: it is not known to be before the
// one of `tag`, which this is compared with.
static unsigned age_of(const struct mp_unexpected *message, int tag)
{
    unsigned its = (unsigned)message->packet.tag, age = ((unsigned)tag - its) & MP_TAG_NUMBER;
    return its > MP_SCHEDULE_TAG_MAX || age > MP_TAG_NUMBER / 2 ? 0 : age;
}

static bool is_persistent(const struct mp_unexpected *message)
{
    return message->packet.tag & MP_TAG_PERSISTENT << MP_TAG_KIND_SHIFT;
}

void mp_forget_tales(struct mp_comm *comm, int tag)
{
    struct mp_list *arrived = &comm->coll_match->arrived;
    bool all_over = comm->coll_under_way == 0;
    int looks = 0;

    if (comm == &mp_comm_boot || (unsigned)tag > MP_SCHEDULE_TAG_MAX) {
        return; // not of mp_schedule_tag
    }
    for (struct mp_list *at = arrived->next, *next;
         at != arrived && (all_over || looks++ < LOOKS_UNDER_WAY); at = next) {
        struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        unsigned age = age_of(message, tag);
        bool over = (all_over && !is_persistent(message)) || age > LONG_AGO;
        struct tale tale;
        next = at->next;
        if (age > 0 && over && read_tale(message, &tale)) {
            forget(message);
        }
    }
}

void mp_find_left(struct mp_schedule *schedule)
{
    struct mp_comm *comm = schedule->comm;
    int tag = schedule->tag;

    if (!comm->coll_match || comm == &mp_comm_boot || (unsigned)tag > MP_SCHEDULE_TAG_MAX) {
        return; // MPI does not run yet, or the tag is not of mp_schedule_tag
    }
    struct mp_list *arrived = &comm->coll_match->arrived;
    for (struct mp_list *at = arrived->next;
         at != arrived && comm->coll_under_way == 0 && !comm->coll_told; at = at->next) {
        const struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        if (age_of(message, tag) > 0 && !is_tale(message) && !is_persistent(message)) {
            bool same = message->packet.tag + 1 == comm->coll_last;
            schedule->error = same ? MPI_ERR_ROOT : MPI_ERR_OTHER;
            schedule->wrong = (struct mp_wrong){.peer = mp_source_rank(message->packet.source),
                                                .own_kind = mp_tag_kind(message->packet.tag),
                                                .kind = mp_tag_kind(message->packet.tag),
                                                .own_root = MP_ROOT_UNKNOWN,
                                                .root = same ? MP_ROOT_UNKNOWN : 0};
            comm->coll_told = true;
        }
    }
    mp_note_last(schedule);
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
        struct mp_wrong wrong = understand(mp_tag_kind(near->board.tag), -1, other);
        tell_all(whole, near->board.tag, &wrong);
        mp_board_note_told(near);
        near->board.parted =
            mp_other_operation(wrong.own_kind, wrong.own_root, wrong.peer, wrong.kind, wrong.root);
    }
    return other != NULL;
}
