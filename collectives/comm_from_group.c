// SPDX-License-Identifier: MIT
// Communicators from groups. Agreeing on a context id needs messages, and messages need a
// communicator; mp_comm_boot is one, of all ranks of the job, that every process has. What is left
// is to keep the calls apart that use it at the same time: several threads may make communicators
// of the same or of different groups, and only the program's string tells their calls from each
// other. So before anything else the members agree on a number:
//
//     each member  ->  leader: HELLO, with the string, a hash of the group, and a number to answer
//     to leader       ->  each member: the number of this call
//
// The leader looks for the HELLO of its call among all that have arrived, comparing the whole
// string; nothing depends on a hash of it being unique. The number is the leader's world rank and a
// count of its own, so no two calls that are under way have the same, and it serves as the tag of
// all further messages of the call.
#include "collectives/comm_from_group.h"

#include "collectives/collectives.h"
#include "collectives/comm_make.h"
#include "message/match.h"
#include "message/message.h"
#include "object/errhandler.h"
#include "process/process.h"
#include "wait/progress.h"

#include <stdlib.h>
#include <string.h>

// Tags on mp_comm_boot, point-to-point: HELLO, and above it the numbers that answers go to.
enum { TAG_HELLO = 0, ANSWER_MAX = 0x3fffffff };

// The number of a call: this many bits count.
enum { COUNT_BITS = 18 };
_Static_assert((int64_t)MP_RANKS_MAX << COUNT_BITS <= (int64_t)1 << 30, "numbers are tags");

enum call_kind { INTRA = 1, INTER_LOCAL, INTER_LEADERS };

struct hello {
    int32_t kind;     // enum call_kind
    int32_t answer;   // tag that the answer goes to
    int32_t size;     // of the group
    int32_t length;   // of the string, its 0 included
    uint64_t hash[2]; // of the group's members
    char stringtag[MPI_MAX_STRINGTAG_LEN];
};

// What of it is compared, and what of it is sent.
static bool is_same_call(const struct hello *a, const struct hello *b)
{
    return a->kind == b->kind && a->size == b->size && a->hash[0] == b->hash[0] &&
           a->hash[1] == b->hash[1] && a->length == b->length &&
           memcmp(a->stringtag, b->stringtag, (size_t)a->length) == 0;
}

static MPI_Count hello_bytes(const struct hello *hello)
{
    return (MPI_Count)offsetof(struct hello, stringtag) + hello->length;
}

static void make_hello(struct hello *hello, enum call_kind kind, const struct mp_group *group,
                       const char *stringtag)
{
    static int32_t answers;

    *hello = (struct hello){.kind = kind, .length = (int32_t)strlen(stringtag) + 1};
    memcpy(hello->stringtag, stringtag, (size_t)hello->length);
    answers = answers < ANSWER_MAX ? answers + 1 : 1;
    hello->answer = answers;
    if (group) {
        uint64_t a = 0x9e3779b97f4a7c15;
        uint64_t b = 0xc2b2ae3d27d4eb4f;
        for (int i = 0; i < group->size; i++) {
            a = (a ^ (uint64_t)(unsigned)mp_group_world(group, i)) * 0x100000001b3;
            b = (b + a) * 0xff51afd7ed558ccd;
            b ^= b >> 29;
        }
        hello->size = group->size;
        hello->hash[0] = a;
        hello->hash[1] = b;
    }
}

static int number_new(void)
{
    static uint32_t count;
    return mp_process.rank << COUNT_BITS | (int)(count++ & ((1 << COUNT_BITS) - 1));
}

// Messages on mp_comm_boot. A HELLO is short enough to lie in the queue with all its bytes.
static int boot_send(const void *data, MPI_Count bytes, int world, int tag)
{
    return mp_send(data, bytes, mp_byte_type(), world, tag, &mp_comm_boot, mp_comm_boot.context,
                   MP_SEND_STANDARD);
}

static int boot_recv(void *data, MPI_Count bytes, int world, int tag)
{
    return mp_recv(data, bytes, mp_byte_type(), world, tag, &mp_comm_boot, mp_comm_boot.context,
                   MPI_STATUS_IGNORE);
}

// The HELLO of that call from `world`, if it has arrived.
static struct mp_unexpected *find_hello(const struct hello *call, int world)
{
    struct mp_list *arrived = &mp_comm_boot.match->arrived;

    for (struct mp_list *at = arrived->next; at != arrived; at = at->next) {
        struct mp_unexpected *message = mp_container_of(at, struct mp_unexpected, arrived);
        struct hello hello;
        if (message->packet.tag == TAG_HELLO && message->packet.source == world &&
            message->packet.total <= sizeof hello) {
            memcpy(&hello, message->payload, (size_t)message->packet.total);
            if (is_same_call(&hello, call)) {
                return message;
            }
        }
    }
    return NULL;
}

// Waits for the HELLO of that call from `world`. Returns the number that it wants to be answered
// to.
static int await_hello(const struct hello *call, int world)
{
    struct mp_unexpected *message = find_hello(call, world);
    int32_t answer;

    if (!message) {
        struct mp_waiter waiter;
        mp_waiter_begin(&waiter, world, TAG_HELLO, mp_comm_boot.context, 0);
        while (!(message = find_hello(call, world))) {
            mp_waiter_step(&waiter);
        }
        mp_waiter_end(&waiter);
    }
    memcpy(&answer, message->payload + offsetof(struct hello, answer), sizeof answer);
    mp_match_take(message);
    mp_unexpected_free(message);
    return answer;
}

// The number of this call, the same at all members: rank 0 of the group leads.
static int agree_on_number(const struct mp_group *group, enum call_kind kind, const char *stringtag,
                           int *number)
{
    struct hello call;
    int error = 0;

    make_hello(&call, kind, group, stringtag);
    if (group->rank != 0) {
        int leader = mp_group_world(group, 0);
        error = boot_send(&call, hello_bytes(&call), leader, TAG_HELLO);
        return error ? error : boot_recv(number, sizeof *number, leader, call.answer);
    }
    *number = number_new();
    for (int i = 1; i < group->size && !error; i++) {
        int world = mp_group_world(group, i);
        error = boot_send(number, sizeof *number, world, await_hello(&call, world));
    }
    return error;
}

// There is no communicator to agree on where the members have no job in common.
static int of_other_worlds(void)
{
    return mp_fail(MPI_ERR_GROUP, "the group has members of other worlds, must be of one");
}

static int create(struct mp_group *group, enum call_kind kind, const char *stringtag,
                  struct mp_comm **made)
{
    int number = 0;
    int error = group->guests ? of_other_worlds() : 0;
    error = error ? error : agree_on_number(group, kind, stringtag, &number);

    *made = NULL;
    return error ? error : mp_comm_create_group(&mp_comm_boot, group, number, made);
}

int mp_comm_create_from_group(struct mp_group *group, const char *stringtag, struct mp_comm **made)
{
    return create(group, INTRA, stringtag, made);
}

// The leaders find each other: the one of lower world rank leads.
static int agree_between_leaders(int other, const char *stringtag, int *number)
{
    struct hello call;

    make_hello(&call, INTER_LEADERS, NULL, stringtag);
    if (mp_process.rank < other) {
        *number = number_new();
        return boot_send(number, sizeof *number, other, await_hello(&call, other));
    }
    int error = boot_send(&call, hello_bytes(&call), other, TAG_HELLO);
    return error ? error : boot_recv(number, sizeof *number, other, call.answer);
}

int mp_intercomm_create_from_groups(struct mp_group *local, int local_leader,
                                    const struct mp_group *remote, int remote_leader, int problem,
                                    const char *stringtag, struct mp_comm **made)
{
    struct mp_comm *comm;
    int words[2] = {problem, 0}; // and the number of the call between the leaders
    int other = MPI_PROC_NULL;
    int error = create(local, INTER_LOCAL, stringtag, &comm);

    *made = NULL;
    if (error) {
        return error;
    }
    if (comm->rank == local_leader && !problem && remote->guests) {
        problem = of_other_worlds();
    }
    if (comm->rank == local_leader && !problem) {
        other = mp_group_world(remote, remote_leader);
        words[0] = agree_between_leaders(other, stringtag, &words[1]);
    }
    error = mp_ask_leader(comm, local_leader, words, "remote_group or remote_leader");
    if (!error) {
        error = mp_intercomm_create(comm, local_leader, &mp_comm_boot, other, words[1], 0, made);
    }
    (void)mp_comm_free(comm);
    return error;
}
