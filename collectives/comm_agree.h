// SPDX-License-Identifier: MIT
// Agreeing on context ids: the members of a communicator to be find a pair that all of them have
// free. Nobody keeps count for all: each offers the pairs that it has free, the offers are ANDed,
// and the lowest that is left is taken. Any number of agreements may be under way in a process,
// from several threads or as nonblocking operations.
#ifndef MP_COLLECTIVES_COMM_AGREE_H
#define MP_COLLECTIVES_COMM_AGREE_H

#include "collectives/schedule.h"

// Offered at a time: 64 words of 64 pairs, and one word that is 0 if it is no offer.
enum { MP_AGREE_WORDS = 64, MP_AGREE_LENGTH = MP_AGREE_WORDS + 1 };

struct mp_agreement {
    // Who takes part: all ranks of the scope, of which `leader` combines the offers; with a bridge,
    // also those of another such scope, to whose leader the bridge leads.
    struct mp_scope scope;
    int leader;
    struct mp_scope bridge; // comm NULL: none
    int bridge_peer;
    // Decides who goes first where several agreements meet in one process: the same at all ranks.
    uint64_t priority;
    int wanted; // pairs: 1 or 2
    bool board; // all ranks of the scope have a board in use: they try one exchange there first
    // What else they tell each other in it, by rank: `tell_bytes` bytes of each. Then `told` is
    // set.
    const void *tell;
    size_t tell_bytes;
    void *tales;
    bool told;

    // Result: taken by mp_context_take. Whoever does not use them gives them back.
    uint32_t pairs[2];
    uint64_t birth; // a number that no other communicator has

    // Under way.
    struct mp_schedule *schedule;
    struct mp_list active; // in the process's line of agreements
    bool names;            // this rank gives the number
    int round;             // so many were begun: odd ones are hellos, even ones offers
    bool owner;            // this one may offer at present
    bool held;             // at the leader: the round goes on when this one's turn has come
    int block;             // of pairs, being offered
    uint64_t words[MP_AGREE_LENGTH];
    uint64_t *offers; // at the leader: of the other ranks, and of the other leader
};

// Sets one up for all ranks of `comm` (both groups of an intercommunicator), taking a tag.
void mp_agreement_of(struct mp_agreement *agreement, struct mp_comm *comm, int wanted);

// Adds its steps to an empty schedule. The agreement stays where it is until the schedule is done.
void mp_agreement_add(struct mp_schedule *schedule, struct mp_agreement *agreement);

// Blocking: on the board, or on a schedule of its own.
int mp_agreement_run(struct mp_agreement *agreement);

#endif
