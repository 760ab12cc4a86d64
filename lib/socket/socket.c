// SPDX-License-Identifier: MIT
// The Unix-socket channel: one nonblocking stream per pair of ranks that talk, one epoll instance
// for all of them and for the launcher's control socket.
//
// A connection is asked for when the first packet to a peer is reserved; until the launcher has
// handed us our end, packets wait in the peer's out buffer. On the wire a packet is its struct
// mp_packet and its payload, padded to eight bytes, in this machine's byte order, which both ends
// check first (struct mp_hello).
//
// Who owns which buffer, and what may call what:
// - A peer's `out` belongs to reserve, commit and flush. It never moves once allocated, so a
//   reservation stays good until its commit, whatever happens to other peers.
// - A peer's `in` belongs to read_peer alone, and only poll and close lead there. `deliver` runs
//   from inside read_peer and may reserve and commit to any peer, also the one that it was called
//   for: those touch `out`, and never `in`, a socket's life, or the table of peers. It may not
//   poll.
// - Hence a send that fails closes nothing: it drops the output, and the socket is closed by the
//   read that finds its end, which gives what the peer sent before it left a chance to be read.
// Read next: socket/socket.h, guest_streams.c (the streams to processes of other worlds),
// base/channel.h (the contract), boot/boot.h (the control socket).
#define _GNU_SOURCE
#include "socket/socket.h"

#include "base/bits.h"
#include "base/say.h"
#include "boot/boot.h"
#include "shm/layout.h"
#include "socket/streams.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(struct mp_packet) == 64, "a header has no holes: all of it is sent");

enum {
    PAYLOAD_MAX = 64 << 10,
    PACKET_MAX = sizeof(struct mp_packet) + PAYLOAD_MAX,
    OUT_BYTES = 4 * PACKET_MAX, // what may wait to go to one peer
    IN_BYTES = 2 * PACKET_MAX,  // what is read at once from one peer; at least one whole packet
    EVENTS = 64,                // ready sockets that one poll serves
    HOT_POLLS = 16              // successful polls of one peer before all others get a look
};
_Static_assert(PAYLOAD_MAX % 8 == 0, "the largest packet needs no padding");

const struct mp_hello mp_own_hello = {MP_SEGMENT_MAGIC, MP_SEGMENT_VERSION,
                                      sizeof(struct mp_packet)};

static struct mp_boot *boot;
static mp_deliver_fn *deliver;
struct mp_stream *mp_streams;
unsigned mp_streams_asked;
int mp_streams_set;
static struct mp_stream *hot;        // the peer that sent last: read at once, without asking epoll
static unsigned hot_polls;           // in a row that found something at `hot`
static unsigned watched;             // peers with `watched` set
static volatile sig_atomic_t forked; // this process is a child: all descriptors are empty
static char nothing;                 // whose event says nothing
static int bell = -1;                // of mp_socket_watch,
static const _Atomic uint32_t *bell_is_for;

void mp_stream_die(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mp_say("mprun: rank %d: %s", boot->rank, text);
    _exit(1);
}

// The other end was closed, which is no fault: a peer that is done, or dies, does that. Any other
// error is one of this process, as if the program had closed a descriptor that is not its own.
static bool is_closed_over_there(int error)
{
    return error == EPIPE || error == ECONNRESET;
}

// The control socket gives an error: no more peers can be met.
__attribute__((noreturn, cold)) static void die_without_launcher(int error)
{
    if (is_closed_over_there(error))
        mp_stream_die("the launcher has closed the control socket: it has ended, or was killed");
    mp_stream_die(
        "the control socket to the launcher broke: %s (descriptor %d; did the program close it?)",
        strerror(error), boot->control_fd);
}

static void die_unless_closed(const struct mp_stream *peer, int error)
{
    if (!is_closed_over_there(error))
        mp_stream_die(
            "the connection to rank %d broke: %s (descriptor %d; did the program close it?)",
            (int)(peer - mp_streams), strerror(error), peer->fd);
}

static size_t packet_size(size_t bytes)
{
    return mp_round_up(sizeof(struct mp_packet) + bytes, 8);
}

static char *new_buffer(size_t bytes)
{
    char *buffer = malloc(bytes);
    if (!buffer)
        mp_stream_die("out of memory for a socket buffer of %zu bytes", bytes);
    return buffer;
}

// ---- Output

static void watch_output(struct mp_stream *peer, bool on)
{
    struct epoll_event event = {.events = on ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = peer};

    if (likely(peer->watched == on))
        return;
    epoll_ctl(mp_streams_set, EPOLL_CTL_MOD, peer->fd, &event);
    peer->watched = on;
    watched += on ? 1u : -1u;
}

// Gives the socket of a connected peer as much output as it takes. Returns whether that made room.
// Leaves head where it is when all is sent: a reservation may lie behind it.
static bool flush(struct mp_stream *peer)
{
    bool moved = false;

    while (mp_stream_has_output(peer)) {
        size_t waiting = (peer->out_end ? peer->out_end : peer->out_tail) - peer->out_head;
        ssize_t took = waiting == 0 ? 0
                                    : send(peer->fd, peer->out + peer->out_head, waiting,
                                           MSG_NOSIGNAL | MSG_DONTWAIT);
        if (took < 0 && errno == EINTR)
            continue;
        if (took < 0 && errno != EAGAIN && errno != ENOBUFS) {
            die_unless_closed(peer, errno);
            peer->broken = true;
            mp_stream_drop_output(peer);
            moved = true; // room was made
            break;
        }
        if (took > 0) {
            peer->out_head += (size_t)took;
            moved = true;
        }
        if (took < (ssize_t)waiting) { // the socket is full
            watch_output(peer, true);
            return moved;
        }
        if (peer->out_end) {
            peer->out_head = 0;
            peer->out_end = 0;
        }
    }
    watch_output(peer, false);
    return moved;
}

static void ask_connection(struct mp_stream *peer)
{
    if (mp_is_guest(mp_stream_rank(peer))) {
        mp_stream_call(peer);
        return;
    }
    if (mp_boot_connect(boot, mp_stream_rank(peer)) != 0)
        die_without_launcher(errno);
    peer->state = MP_STREAM_ASKED;
    mp_streams_asked++;
}

static void *socket_reserve(int rank, enum mp_packet_kind kind, size_t bytes)
{
    struct mp_stream *peer = &mp_streams[rank];
    size_t size = packet_size(bytes);

    assert(bytes <= PAYLOAD_MAX);
    if (unlikely(peer->state == MP_STREAM_UNKNOWN))
        ask_connection(peer);
    if (unlikely(peer->undecided) && kind != MP_PACKET_BYE && peer->state != MP_STREAM_GONE) {
        peer->wanted = true;
        return NULL;
    }
    if (unlikely(!peer->out))
        peer->out = new_buffer(OUT_BYTES);

    if (peer->out_end) {
        if (peer->out_head - peer->out_tail < size)
            return NULL;
        peer->reserved_at = peer->out_tail;
    } else {
        if (peer->out_head == peer->out_tail)
            peer->out_head = peer->out_tail = 0;
        if (OUT_BYTES - peer->out_tail >= size)
            peer->reserved_at = peer->out_tail;
        else if (peer->out_head >= size)
            peer->reserved_at = 0;
        else
            return NULL;
    }
    peer->reserved = (uint32_t)bytes;
    char *packet = peer->out + peer->reserved_at;
    memset(packet + size - 8, 0, 8); // the padding goes over the wire too
    return packet + sizeof(struct mp_packet);
}

static uint64_t socket_commit(int rank, const struct mp_packet *packet)
{
    struct mp_stream *peer = &mp_streams[rank];
    struct mp_packet *header = (struct mp_packet *)(void *)(peer->out + peer->reserved_at);

    *header = *packet;
    header->bytes = peer->reserved;
    if (peer->reserved_at != peer->out_tail)
        peer->out_end = peer->out_tail; // the packet did not fit behind the others: wrapped
    peer->out_tail = peer->reserved_at + packet_size(peer->reserved);
    peer->committed += packet_size(peer->reserved);

    if (unlikely(peer->broken || peer->state == MP_STREAM_GONE))
        mp_stream_drop_output(peer);
    else if (likely(peer->state == MP_STREAM_CONNECTED) && !peer->watched)
        flush(peer);
    return peer->sent++;
}

// ---- Input

// The peer closed its end, or its process is gone. Why is the launcher's business: it ends the job
// if that was no orderly end.
void mp_stream_left(struct mp_stream *peer)
{
    watch_output(peer, false);
    epoll_ctl(mp_streams_set, EPOLL_CTL_DEL, peer->fd,
              NULL); // a forked child may hold a copy: close
    close(peer->fd); // would not take it out of the set
    peer->fd = -1;
    peer->state = MP_STREAM_GONE;
    mp_stream_drop_output(peer);
    free(peer->in);
    peer->in = NULL;
    if (hot == peer)
        hot = NULL;
    if (mp_is_guest(mp_stream_rank(peer)))
        mp_stream_lost(peer);
}

static void check_hello(const struct mp_stream *peer, const struct mp_hello *hello)
{
    if (hello->magic == __builtin_bswap64(mp_own_hello.magic))
        mp_stream_die("rank %d runs on a machine of the other byte order: that is not supported",
                      mp_stream_rank(peer));
    if (memcmp(hello, &mp_own_hello, sizeof *hello) != 0)
        mp_stream_die(
            "rank %d has another version of the MPI library (packets %u, here %u): use the same "
            "one "
            "for all ranks",
            mp_stream_rank(peer), hello->version, mp_own_hello.version);
}

// Delivers the whole packets in `in`, and makes sure that the next one will fit in one piece.
static int deliver_input(struct mp_stream *peer)
{
    int delivered = 0;

    if (unlikely(!peer->greeted)) {
        struct mp_hello hello;
        if (peer->in_tail < sizeof hello)
            return 0;
        memcpy(&hello, peer->in, sizeof hello);
        check_hello(peer, &hello);
        peer->greeted = true;
        peer->in_head = sizeof hello;
    }
    while (peer->in_tail - peer->in_head >= sizeof(struct mp_packet)) {
        struct mp_packet packet;
        memcpy(&packet, peer->in + peer->in_head, sizeof packet);
        if (unlikely(packet.bytes > PAYLOAD_MAX))
            mp_stream_die("rank %d sent a damaged packet of %u bytes", mp_stream_rank(peer),
                          packet.bytes);
        size_t size = packet_size(packet.bytes);
        if (peer->in_tail - peer->in_head < size) {
            if (peer->in_head + size <= IN_BYTES)
                return delivered;
            break;
        }
        const void *payload = peer->in + peer->in_head + sizeof packet;
        if (unlikely(packet.kind == MP_PACKET_BYE)) {
            mp_stream_hear_bye(peer);
        } else if (unlikely(packet.kind == MP_PACKET_SHARES)) {
            mp_stream_hear_shares(peer, &packet, payload);
        } else if (likely(deliver != NULL)) { // until this channel closes
            packet.sequence = peer->received++;
            deliver(mp_stream_rank(peer), &packet, payload);
        }
        peer->in_head += size;
        delivered++;
    }
    memmove(peer->in, peer->in + peer->in_head, peer->in_tail - peer->in_head);
    peer->in_tail -= peer->in_head;
    peer->in_head = 0;
    return delivered;
}

// Takes once what has arrived from a connected peer. Returns how much happened, 0 for nothing.
int mp_stream_read(struct mp_stream *peer)
{
    char *to = peer->in + peer->in_tail;
    size_t room = IN_BYTES - peer->in_tail;
    ssize_t got = unlikely(peer->undecided) ? mp_stream_receive(peer, to, room)
                                            : recv(peer->fd, to, room, MSG_DONTWAIT);

    if (got > 0) {
        peer->in_tail += (size_t)got;
        hot = peer;
        return 1 + deliver_input(peer);
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got < 0)
        die_unless_closed(peer, errno);
    mp_stream_left(peer);
    return 1; // whoever waited for room to send to it waits no longer
}

void mp_stream_is_silent(const struct mp_stream *peer)
{
    if (hot == peer)
        hot = NULL;
}

// ---- Connections

void mp_stream_take(int rank, int fd)
{
    struct mp_stream *peer = rank >= 0 && rank < mp_peers_end ? &mp_streams[rank] : NULL;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};

    if (!peer || rank == boot->rank || peer->state == MP_STREAM_CONNECTED ||
        peer->state == MP_STREAM_GONE) {
        close(fd);
        return;
    }
    // A child that is forked from here on finds the descriptor in its place (socket_forked); one
    // that was forked since it came has it nowhere, and must not use it.
    peer->fd = fd;
    atomic_signal_fence(memory_order_seq_cst);
    if (unlikely(forked)) {
        peer->fd = -1;
        close(fd);
        return;
    }
    if (epoll_ctl(mp_streams_set, EPOLL_CTL_ADD, fd, &event) != 0)
        mp_stream_die("cannot watch the connection to rank %d: %s", rank, strerror(errno));
    peer->in = new_buffer(IN_BYTES);
    mp_streams_asked -= peer->state == MP_STREAM_ASKED;
    mp_stream_end_knock(peer);
    peer->state = MP_STREAM_CONNECTED;
    // A fresh stream has room for this; a peer that is gone already is told by the read.
    if (send(fd, &mp_own_hello, sizeof mp_own_hello, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
        !is_closed_over_there(errno))
        mp_stream_die("cannot greet rank %d: %s", rank, strerror(errno));
    if (mp_is_guest(rank))
        mp_stream_begin(peer);
    flush(peer);
}

static int take_connections(void)
{
    int taken = 0;
    int rank;
    int fd;

    while ((fd = mp_boot_receive(boot, &rank)) >= 0) {
        mp_stream_take(rank, fd);
        taken++;
    }
    if (errno == EMFILE || errno == ENFILE)
        mp_stream_die("too many open files to connect to one more rank (see ulimit -n)");
    if (errno != EAGAIN)
        die_without_launcher(errno);
    return taken;
}

// ---- The channel's other functions

int mp_socket_watch(int fd, const _Atomic uint32_t *is_for)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &bell};

    bell = fd;
    bell_is_for = is_for;
    return epoll_ctl(mp_streams_set, EPOLL_CTL_ADD, fd, &event);
}

static int hear_bell(void)
{
    char bytes[8];
    int heard = 0;

    // There is a byte; is there a thread whose sleep it is to end? (message/near_and_far.c)
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(bell_is_for, memory_order_relaxed)) {
        return 0;
    }
    while (recv(bell, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        heard += bytes[0] != MP_BELL_NUDGE;
    return heard;
}

static int poll_all(void)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(mp_streams_set, events, EVENTS, 0);
    int done = 0;

    if (unlikely(ready < 0) && errno != EINTR)
        mp_stream_die("cannot wait for peers: %s (descriptor %d; did the program close it?)",
                      strerror(errno), mp_streams_set);
    for (int i = 0; i < ready; i++) {
        struct mp_stream *peer = events[i].data.ptr;
        if (events[i].data.ptr == &nothing)
            continue;
        if (events[i].data.ptr == &bell) {
            done += hear_bell();
            continue;
        }
        int about_guests = mp_streams_hear(events[i].data.ptr);
        if (about_guests >= 0) {
            done += about_guests;
            continue;
        }
        if (peer && peer->knock) {
            done += mp_stream_hear_knock(peer);
            continue;
        }
        if (peer && peer->fd < 0) // it left while those before it were served
            continue;
        if (!peer) {
            done += take_connections();
            continue;
        }
        if (events[i].events & EPOLLOUT)
            done += flush(peer);
        if (events[i].events & ~(uint32_t)EPOLLOUT)
            done += mp_stream_read(peer);
    }
    return done + mp_streams_tell_deaths();
}

// Most often the next packet comes from the peer that sent the last one: one system call fetches
// it. The others, stuck output and the launcher get their look when there is none, and from time to
// time anyway.
static int socket_poll(void)
{
    if (hot && watched == 0 && hot_polls < HOT_POLLS) {
        int done = mp_stream_read(hot);
        if (done) {
            hot_polls++;
            return done;
        }
    }
    hot_polls = 0;
    return poll_all();
}

// Nothing to announce: epoll is level-triggered, so whatever the last poll left makes sleep return.
static uint32_t socket_arm(void)
{
    return 1;
}

static void socket_disarm(void)
{
}

// Touches nothing but the epoll set: other threads may use the channel meanwhile.
static void socket_sleep(uint32_t armed)
{
    (void)armed;
    struct pollfd wait = {.fd = mp_streams_set, .events = POLLIN};

    poll(&wait, 1, -1);
}

static struct mp_outflow socket_outflow(int rank)
{
    const struct mp_stream *peer = &mp_streams[rank];
    size_t waiting = peer->out_end ? peer->out_end - peer->out_head + peer->out_tail
                                   : peer->out_tail - peer->out_head;
    return (struct mp_outflow){peer->committed, peer->committed - waiting};
}

// Output that is there waits for room, which is watched, or for the connection.
static bool socket_unsent(void)
{
    return watched > 0 || mp_streams_asked > 0;
}

static bool socket_idle(void)
{
    for (int rank = 0; rank < mp_peers_end; rank++) {
        if (mp_stream_has_output(&mp_streams[rank])) {
            return false;
        }
    }
    return true;
}

static void replace(int fd, int by)
{
    if (fd >= 0 && (by < 0 || dup3(by, fd, O_CLOEXEC) < 0))
        close(fd);
}

// A signal handler may have forked this child in the middle of a poll, which it ends before it is
// turned away. Its descriptors have the same streams behind them as its parent's: it would take
// bytes and connections from its parent, and send what its parent sends, too. So each becomes an
// end of a stream of which the other end lies idle, whatever system call is next, and the epoll set
// one with an event that says nothing, so that no sleep lasts.
static void socket_forked(void)
{
    int error = errno, ends[2] = {-1, -1};

    if (!mp_streams || forked)
        return;
    forked = 1;
    (void)socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    int other = epoll_create1(EPOLL_CLOEXEC), event = eventfd(1, EFD_CLOEXEC);
    struct epoll_event ready = {.events = EPOLLIN, .data.ptr = &nothing};
    epoll_ctl(other, EPOLL_CTL_ADD, event, &ready);
    for (int rank = 0; rank < mp_peers_end; rank++) {
        replace(mp_streams[rank].fd, ends[0]);
        replace(mp_streams[rank].knock - 1, ends[0]);
    }
    replace(mp_streams_door, ends[0]);
    replace(mp_streams_alarm, ends[0]);
    replace(boot->control_fd, ends[0]);
    replace(bell, ends[0]);
    replace(mp_streams_set, other);
    if (ends[0] >= 0)
        close(ends[0]); // the other one stays open: else this would be the end of the stream
    if (other >= 0)
        close(other);
    errno = error;
}

// All ranks agreed to finish, so nothing that still arrives matters to anybody; but it is read, or
// two ranks with full sockets would wait for each other. What we sent stays readable for the peers
// after we have closed.
static void socket_close(void)
{
    deliver = NULL;
    hot = NULL;
    while (!socket_idle()) {
        if (poll_all() == 0)
            socket_sleep(socket_arm());
    }
    for (int rank = 0; rank < mp_peers_end; rank++) {
        struct mp_stream *peer = &mp_streams[rank];
        if (peer->fd >= 0)
            close(peer->fd);
        free(peer->out);
        free(peer->in);
    }
    mp_socket_close_door();
    close(mp_streams_set);
    mp_streams = NULL;
    hot = NULL;
}

const struct mp_channel mp_socket_channel = {
    .name = "socket",
    .payload_max = PAYLOAD_MAX,
    .reserve = socket_reserve,
    .commit = socket_commit,
    .poll = socket_poll,
    .arm = socket_arm,
    .sleep = socket_sleep,
    .disarm = socket_disarm,
    .outflow = socket_outflow,
    .unsent = socket_unsent,
    .forked = socket_forked,
    .close = socket_close,
};

// A job may have more ranks than a process may have descriptors by default. The limit stays as it
// is when it suffices: programs that call select() are not happy above 1024.
static void make_room_for_descriptors(int size)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)size + 256;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

const struct mp_channel *mp_socket_open(struct mp_boot *joined, mp_deliver_fn *on_packet)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    boot = joined;
    deliver = on_packet;
    hot = NULL;
    hot_polls = watched = mp_streams_asked = 0;
    make_room_for_descriptors(boot->size);
    mp_streams_set = epoll_create1(EPOLL_CLOEXEC);
    mp_streams = mp_peer_table(sizeof *mp_streams);
    if (mp_streams_set < 0 || !mp_streams ||
        (boot->control_fd >= 0 &&
         epoll_ctl(mp_streams_set, EPOLL_CTL_ADD, boot->control_fd, &event) != 0)) {
        int error = errno;
        mp_streams = NULL;
        if (mp_streams_set >= 0)
            close(mp_streams_set);
        errno = error;
        return NULL;
    }
    for (int rank = 0; rank < boot->size; rank++)
        mp_streams[rank].fd = -1;
    return &mp_socket_channel;
}
