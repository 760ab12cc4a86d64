// SPDX-License-Identifier: MIT
// Streams to guests. Two processes of different worlds connect by themselves (socket/door.h), with
// the same rules. Of two, the one whose card is before the other's makes the stream; the other
// knocks, so that there is never a second one. What ends in order says so with a last packet
// (MP_PACKET_BYE); a stream that ends without it is a process that died, and that is told upwards.
//
// Before any packet the two find out whether they share memory. Who made the stream offers what it
// has; the other one answers with what it has, if it can use that; and who has offered says whether
// it can use that in turn. So both know the same, nobody writes to memory before the other one has
// it, and packets go one way only, by the stream or past it: they keep their order. Meanwhile there
// is no room for any. With memory the stream is silent, and tells of the end: as the process that
// ends has written everything before, the other one finds it there.
// Read next: socket/streams.h, socket/door.h, message/meeting.c (who calls this).
#define _GNU_SOURCE
#include "socket/socket.h"

#include "base/bits.h"
#include "socket/door.h"
#include "socket/streams.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

int mp_streams_door = -1;
int mp_streams_alarm = -1;
static struct mp_card own;
static const struct mp_guest_calls *calls;
static unsigned untold; // streams with `untold` set
static char waited_for; // whose event is for somebody who waits (mp_socket_await)

// The next poll tells it. Whoever was about to sleep, having polled before, does not.
static void note_death(struct mp_stream *peer)
{
    eventfd_write(mp_streams_alarm, 1);
    untold += !peer->untold;
    peer->untold = true;
}

static void close_all(int *fds, int *count)
{
    while (*count > 0)
        close(fds[--*count]);
}

// ---- What the two share

enum stage { OFFER = 1, ANSWER, SETTLED };

static void decide(struct mp_stream *peer, bool near)
{
    peer->undecided = false;
    peer->wanted = peer->wanted || near;
    if (near)
        mp_stream_is_silent(peer);
    close_all(peer->fds, &peer->nfds);
    calls->settled(mp_stream_rank(peer), near);
}

// Past the buffer, in which nothing is yet. A fresh stream has room for this; to a peer that is
// gone it is no loss.
static bool say(const struct mp_stream *peer, enum stage stage, bool yes,
                const struct mp_told *told)
{
    struct {
        struct mp_packet packet;
        struct mp_shares shares;
    } words = {.packet = {.kind = MP_PACKET_SHARES,
                          .tag = stage,
                          .length = sizeof words.shares,
                          .bytes = sizeof words.shares,
                          .total = yes}};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(MP_TOLD_FDS * sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = &words, .iov_len = sizeof words};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    _Static_assert(sizeof words.shares % 8 == 0, "no padding");
    if (told) {
        size_t bytes = (size_t)told->count * sizeof(int);
        words.shares = told->shares;
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), told->fds, bytes);
    }
    return sendmsg(peer->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof words;
}

// Says what this process has, if it has anything and the system carries its descriptors.
static bool tell(struct mp_stream *peer, enum stage stage)
{
    struct mp_told told;
    bool has = calls->tell(mp_stream_rank(peer), stage == OFFER, &told);
    bool said = has && say(peer, stage, true, &told);

    if (has && told.made >= 0)
        close(told.made);
    if (!said)
        say(peer, stage, false, NULL);
    return said;
}

void mp_stream_begin(struct mp_stream *peer)
{
    struct mp_card card = mp_card_of(mp_stream_rank(peer));

    peer->undecided = true;
    if (mp_card_before(&own, &card) && !tell(peer, OFFER))
        decide(peer, false);
}

static bool hear(struct mp_stream *peer, bool first, const void *shares)
{
    struct mp_told theirs = {.count = peer->nfds, .made = -1};

    memcpy(&theirs.shares, shares, sizeof theirs.shares);
    memcpy(theirs.fds, peer->fds, sizeof theirs.fds);
    return calls->hear(mp_stream_rank(peer), first, &theirs);
}

void mp_stream_hear_shares(struct mp_stream *peer, const struct mp_packet *packet,
                           const void *payload)
{
    bool yes = packet->total != 0;

    if (!peer->undecided || packet->bytes != sizeof(struct mp_shares))
        return;
    if (packet->tag == SETTLED) {
        decide(peer, yes);
    } else if (peer->parting) { // the last word has been said
        decide(peer, false);
    } else if (packet->tag == OFFER) {
        if (!yes || !hear(peer, false, payload)) {
            say(peer, ANSWER, false, NULL);
            decide(peer, false);
        } else if (!tell(peer, ANSWER)) {
            decide(peer, false);
        }
    } else {
        bool near = yes && hear(peer, true, payload);
        if (yes)
            say(peer, SETTLED, near, NULL);
        decide(peer, near);
    }
}

void mp_stream_hear_bye(struct mp_stream *peer)
{
    peer->parted = true;
    if (peer->undecided)
        decide(peer, false);
}

// Also takes the descriptors that come along.
ssize_t mp_stream_receive(struct mp_stream *peer, void *to, size_t room)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(MP_TOLD_FDS * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = to, .iov_len = room};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t got = recvmsg(peer->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        close_all(peer->fds, &peer->nfds);
        peer->nfds = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(peer->fds, CMSG_DATA(header), (size_t)peer->nfds * sizeof(int));
    }
    return got;
}

bool mp_socket_is_settled(int rank, bool ask)
{
    struct mp_stream *peer = &mp_streams[rank];

    if (peer->state == MP_STREAM_UNKNOWN && ask)
        mp_stream_call(peer);
    return peer->state != MP_STREAM_ASKED &&
           (peer->state != MP_STREAM_CONNECTED || !peer->undecided);
}

bool mp_socket_is_there(int rank)
{
    struct pollfd look = {.fd = mp_streams[rank].fd};
    return look.fd >= 0 && poll(&look, 1, 0) >= 0 && !(look.revents & (POLLHUP | POLLNVAL));
}

// ---- Its beginning and its end

void mp_stream_lost(struct mp_stream *peer)
{
    if (peer->undecided)
        decide(peer, false);
    calls->ended(mp_stream_rank(peer), !peer->closing);
    if (!peer->parted && !peer->closing)
        note_death(peer);
    else if (peer->sent == 0 && !peer->wanted)
        mp_socket_meet(mp_stream_rank(peer)); // it does not know us any more: it had knocked for an
                                              // older stream
}

void mp_stream_end_knock(struct mp_stream *peer)
{
    if (peer->knock) {
        epoll_ctl(mp_streams_set, EPOLL_CTL_DEL, peer->knock - 1, NULL);
        close(peer->knock - 1);
        peer->knock = 0;
    }
}

// The first packet to a guest. Whoever does not answer is dead: that is told by the next poll.
void mp_stream_call(struct mp_stream *peer)
{
    struct mp_card card = mp_card_of(mp_stream_rank(peer));
    bool first = mp_card_before(&own, &card);
    int fd = mp_door_call(&own, &card, first ? MP_DOOR_STREAM : MP_DOOR_KNOCK);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        mp_stream_die(
            "too many open files to connect to a process of another world (see ulimit -n)");
    if (fd < 0) {
        peer->state = MP_STREAM_GONE;
        note_death(peer);
        return;
    }
    peer->state = MP_STREAM_ASKED;
    peer->undecided = true;
    mp_streams_asked++;
    if (first) {
        mp_stream_take(mp_stream_rank(peer), fd);
        return;
    }
    // Open until it comes: so we see if it dies before.
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    peer->knock = fd + 1;
    epoll_ctl(mp_streams_set, EPOLL_CTL_ADD, fd, &event);
}

// Whoever is not known here any more is told so.
static void refuse(int fd, enum mp_call_at_door call)
{
    struct {
        struct mp_hello hello;
        struct mp_packet bye;
    } words = {mp_own_hello, {.kind = MP_PACKET_BYE}};

    send(fd, &words, call == MP_DOOR_STREAM ? sizeof words : 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

// Takes all that has arrived from a peer. Returns how much happened.
static int take_all(struct mp_stream *peer)
{
    int done = 0;
    int more = 1;

    while (peer->state == MP_STREAM_CONNECTED && more > 0) {
        more = mp_stream_read(peer);
        done += more;
    }
    return done;
}

// A guest has made a stream, or wants one, because it has none: if we have one, it is one that it
// has closed, and what it said before that is still in it.
static int answer_door(void)
{
    enum mp_call_at_door call;
    struct mp_card from;
    int fd, done = 0;

    while ((fd = mp_door_answer(mp_streams_door, &own, &from, &call)) >= 0) {
        int rank = mp_guest_find(&from);
        if (rank < 0 || !mp_is_guest(rank)) {
            refuse(fd, call); // one that we have parted from
            continue;
        }
        struct mp_stream *peer = &mp_streams[rank];
        done += take_all(peer);
        if (peer->state == MP_STREAM_CONNECTED || peer->untold) {
            close(fd);
            continue;
        }
        if (peer->state == MP_STREAM_GONE)
            mp_socket_meet(rank);
        if (call == MP_DOOR_STREAM) {
            mp_stream_take(rank, fd);
        } else {
            mp_streams_asked -= peer->state == MP_STREAM_ASKED;
            mp_stream_call(peer);
            close(fd); // not before: that is how it knows that we have come
        }
        done++;
    }
    return done;
}

// The end of a knock: it has come, or does not know us, or is dead.
int mp_stream_hear_knock(struct mp_stream *peer)
{
    char byte;
    ssize_t got = recv(peer->knock - 1, &byte, 1, MSG_DONTWAIT);
    bool refused = got == 1;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    answer_door();
    if (peer->state == MP_STREAM_ASKED && peer->knock) {
        mp_stream_end_knock(peer);
        mp_streams_asked--;
        peer->state = MP_STREAM_GONE;
        mp_stream_drop_output(peer);
        if (!refused)
            note_death(peer);
    }
    return 1;
}

void mp_socket_close_door(void)
{
    enum mp_call_at_door call;
    struct mp_card from;
    int fd;

    while (mp_streams_door >= 0 && (fd = mp_door_answer(mp_streams_door, &own, &from, &call)) >= 0)
        refuse(fd, call);
    if (mp_streams_door >= 0)
        close(mp_streams_door);
    if (mp_streams_alarm >= 0)
        close(mp_streams_alarm);
    mp_streams_door = mp_streams_alarm = -1;
}

int mp_streams_hear(const void *what)
{
    eventfd_t deaths;

    if (what == &mp_streams_door)
        return answer_door();
    if (what == &mp_streams_alarm)
        return eventfd_read(mp_streams_alarm, &deaths) == 0;
    return what == &waited_for ? 1 : -1;
}

int mp_socket_open_door(int self, const struct mp_guest_calls *handed)
{
    struct epoll_event call = {.events = EPOLLIN, .data.ptr = &mp_streams_door};
    struct epoll_event death = {.events = EPOLLIN, .data.ptr = &mp_streams_alarm};

    if (mp_streams_door >= 0)
        return 0;
    calls = handed;
    own = mp_card_of(self);
    mp_streams_door = mp_door_open(&own);
    mp_streams_alarm = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mp_streams_door < 0 || mp_streams_alarm < 0 ||
        epoll_ctl(mp_streams_set, EPOLL_CTL_ADD, mp_streams_alarm, &death) != 0)
        return -1;
    return epoll_ctl(mp_streams_set, EPOLL_CTL_ADD, mp_streams_door, &call);
}

int mp_socket_await(int fd, bool on)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &waited_for};

    return epoll_ctl(mp_streams_set, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event);
}

static void close_guest(struct mp_stream *peer)
{
    peer->closing = true;
    if (peer->state == MP_STREAM_CONNECTED)
        mp_stream_left(peer);
}

int mp_socket_meet(int rank)
{
    struct mp_stream *peer = &mp_streams[rank];
    int done = take_all(peer);

    if (peer->state == MP_STREAM_CONNECTED || peer->state == MP_STREAM_ASKED || peer->untold)
        return done; // what has died is told of, whoever asks for it meanwhile
    free(peer->out);
    *peer = (struct mp_stream){.fd = -1};
    return done;
}

void mp_socket_tie(int rank)
{
    struct mp_stream *peer = &mp_streams[rank];

    if (peer->state == MP_STREAM_UNKNOWN)
        mp_stream_call(peer);
    else if (peer->state == MP_STREAM_GONE)
        note_death(peer); // which was told of those that were tied to it before
}

bool mp_socket_bye(int rank)
{
    struct mp_stream *peer = &mp_streams[rank];
    struct mp_packet bye = {.kind = MP_PACKET_BYE};

    if (peer->state == MP_STREAM_UNKNOWN || peer->state == MP_STREAM_GONE || peer->parting)
        return true;
    if (!mp_socket_channel.reserve(rank, MP_PACKET_BYE, 0))
        return false;
    peer->parting = true;
    mp_socket_channel.commit(rank, &bye);
    return true;
}

bool mp_socket_has_parted(int rank)
{
    return mp_streams[rank].parted || mp_streams[rank].state == MP_STREAM_GONE ||
           mp_streams[rank].state == MP_STREAM_UNKNOWN;
}

bool mp_socket_part(int rank)
{
    struct mp_stream *peer = &mp_streams[rank];

    if (!mp_socket_bye(rank) || (peer->state != MP_STREAM_GONE && mp_stream_has_output(peer)))
        return false;
    close_guest(peer);
    mp_stream_end_knock(peer);
    free(peer->out);
    untold -= peer->untold;
    mp_streams_asked -= peer->state == MP_STREAM_ASKED;
    *peer = (struct mp_stream){.fd = -1};
    return true;
}

void mp_socket_drop(int rank)
{
    struct mp_stream *peer = &mp_streams[rank];

    untold -= peer->untold;
    peer->untold = false;
    mp_streams_asked -= peer->state == MP_STREAM_ASKED;
    mp_stream_end_knock(peer);
    close_guest(peer);
    peer->state = MP_STREAM_GONE;
    mp_stream_drop_output(peer);
}

int mp_streams_tell_deaths(void)
{
    if (likely(untold == 0))
        return 0;
    for (int rank = mp_peers_first_guest; untold > 0 && rank < mp_peers_end; rank++) {
        if (mp_streams[rank].untold) {
            mp_streams[rank].untold = false;
            untold--;
            calls->died(rank);
        }
    }
    return 1;
}
