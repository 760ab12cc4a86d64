// SPDX-License-Identifier: MIT
// The ranks of one job that talk over the socket channel, for the tests of that channel: run()
// forks them and plays the launcher. Every packet's kind, size, fields and payload follow from
// (sender, receiver, number), so a receiver checks each one without having seen it before. Read
// next: socket.c and socket_ends.c (the tests).
#ifndef TESTS_UNIT_SOCKET_JOB_H
#define TESTS_UNIT_SOCKET_JOB_H

#include "socket/socket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANKS_MAX = 8, TIME_LIMIT = 30 /* seconds for one job, should it hang */ };

struct job {
    int size;
    void (*rank)(void);
    mp_deliver_fn *deliver;                          // NULL: check_packet
    size_t (*model)(uint64_t seed, uint64_t number); // the packets' sizes
    bool await_crossing; // the launcher answers only when both have asked
    bool send_twice;     // and hands out a second, superfluous pair
    bool launcher_leaves;
    int status;       // expected of rank 0
    const char *says; // it says that, in one line that it writes at once; NULL: nobody listens
};

void run(const struct job *job);

// ---- For the ranks

struct shared {
    _Atomic int reached; // ranks that came to `meet`, ever
    _Atomic int flag;
};

extern struct shared *shared;
extern const struct mp_channel *channel;
extern struct mp_boot *own_boot; // the conversation with the launcher, which the channel reads
extern int me, world;
extern uint64_t sent[RANKS_MAX], received[RANKS_MAX];

#define CHECK(condition) ((condition) ? (void)0 : failed(__FILE__, __LINE__, #condition))
void failed(const char *file, int line, const char *what);

// A barrier that does not use the channel. `poll_channel` tells whether that is polled meanwhile.
void meet(bool poll_channel);

// Sends the model's next packet to `to`; false when there is no room.
bool send_next(int to);

// Sends up to `count` packets to everybody and takes as many from everybody.
void exchange(uint64_t count);

void check_packet(int peer, const struct mp_packet *packet, const void *payload);

#endif
