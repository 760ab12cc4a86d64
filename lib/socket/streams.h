// SPDX-License-Identifier: MIT
// The streams of this process, for the two files that deal with them: socket.c, and guest_streams.c
// for those to processes of other worlds.
#ifndef MP_SOCKET_STREAMS_H
#define MP_SOCKET_STREAMS_H

#include "base/channel.h"
#include "boot/guests.h"
#include "socket/socket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum mp_stream_state {
    MP_STREAM_UNKNOWN = 0, // nobody has asked for a connection
    MP_STREAM_ASKED,       // we have; the launcher's answer is on its way
    MP_STREAM_CONNECTED,
    MP_STREAM_GONE // the peer left or died: what is sent to it is dropped
};

// The stream to a peer. A buffer is allocated when first needed; then only the pages that traffic
// reaches are touched, because both buffers start over at 0 whenever they run empty.
struct mp_stream {
    int fd; // -1 unless MP_STREAM_CONNECTED
    enum mp_stream_state state;
    bool watched;         // output is stuck: epoll tells us when the socket takes more
    bool broken;          // a send failed: output is dropped, but there may be input left
    bool greeted;         // its hello is here
    bool parted;          // a guest that has said that nothing more will come from it
    bool parting;         // we have said that to it, and
    bool closing;         // close the stream when all is out
    bool untold;          // it died, and that is to be told
    bool undecided;       // what a guest and this process share is not known: no packets yet
    bool wanted;          // but there were some, or they went by memory
    int knock;            // 1 + the descriptor by which we have knocked; 0: none
    int fds[MP_TOLD_FDS]; // that have come with what the guest tells,
    int nfds;             // so many
    uint64_t sent;        // packets committed,
    uint64_t committed;   // and their bytes
    uint64_t received;    // packets delivered
    char *out;            // the output is [head, tail) or, wrapped, [head, end) [0, tail)
    size_t out_head;
    size_t out_tail;
    size_t out_end;     // 0 when not wrapped
    size_t reserved_at; // place of the reserved packet
    uint32_t reserved;  // bytes of its payload
    char *in;           // [head, tail) is received but not delivered
    size_t in_head;
    size_t in_tail;
};

// What both ends of a stream say first, so that a library that packs its packets in another way, or
// runs on a machine of another byte order, is told and not misread.
struct mp_hello {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
};
extern const struct mp_hello mp_own_hello;

extern struct mp_stream *mp_streams; // by peer
extern unsigned mp_streams_asked;    // of them in the state ASKED
extern int mp_streams_set;           // epoll's, with a stream for each event; NULL: the launcher
extern const struct mp_channel mp_socket_channel;

static inline int mp_stream_rank(const struct mp_stream *peer)
{
    return (int)(peer - mp_streams);
}

static inline bool mp_stream_has_output(const struct mp_stream *peer)
{
    return peer->out_end != 0 || peer->out_head != peer->out_tail;
}

static inline void mp_stream_drop_output(struct mp_stream *peer)
{
    peer->out_head = peer->out_tail = peer->out_end = 0;
}

// ---- socket.c

// Ends the process: the job cannot go on, and nothing above could mend it.
__attribute__((noreturn, format(printf, 1, 2), cold)) void mp_stream_die(const char *format, ...);

// Takes once what has arrived from a connected peer. Returns how much happened, 0 for nothing.
int mp_stream_read(struct mp_stream *peer);

// `fd` is the stream to that peer; closes it if none is wanted.
void mp_stream_take(int rank, int fd);

// Nothing is expected from there now: it is looked at with the others only.
void mp_stream_is_silent(const struct mp_stream *peer);

// The peer closed its end, or its process is gone.
void mp_stream_left(struct mp_stream *peer);

// ---- guest_streams.c

extern int mp_streams_door;  // -1: there is none
extern int mp_streams_alarm; // an eventfd: a death is to be told

// Begins the stream to a guest.
void mp_stream_call(struct mp_stream *peer);

// The stream to a guest is there, and both have said hello; what it tells by MP_PACKET_SHARES, and
// the reading of a stream by which that may come.
void mp_stream_begin(struct mp_stream *peer);
void mp_stream_hear_shares(struct mp_stream *peer, const struct mp_packet *packet,
                           const void *payload);
ssize_t mp_stream_receive(struct mp_stream *peer, void *to, size_t room);

// The guest has said that nothing more will come.
void mp_stream_hear_bye(struct mp_stream *peer);

// The stream to a guest has ended; and the knock.
void mp_stream_lost(struct mp_stream *peer);
void mp_stream_end_knock(struct mp_stream *peer);

// What follows is called from poll, and returns how much happened. An event of what is no stream,
// -1: it is about no guest; of a knock; and what died meanwhile.
int mp_streams_hear(const void *what);
int mp_stream_hear_knock(struct mp_stream *peer);
int mp_streams_tell_deaths(void);

#endif
