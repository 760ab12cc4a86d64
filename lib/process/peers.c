// SPDX-License-Identifier: MIT
// This rank's near peers: the rings that lead to them and back, the doorbell that says
// that one is to be polled, and sleeping on the board's futex word. What arrives is the business of
// message/shm_channel.c.
#define _GNU_SOURCE
#include "process/peers.h"

#include "boot/guests.h"
#include "boot/windows.h"
#include "mpi.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct mp_ring_shape mp_shm_shape;
struct mp_shm_peer *mp_shm_peers;

static int bell = -1; // the socket, where a rank sleeps on descriptors

// How a sleep is announced: see mp_shm_arm.
static bool may_fence_for_others;

// Stands where a ring is not mapped yet: nothing ever comes from it, and it has no room. So neither
// a receive nor a send that finds room asks whether there is a ring.
static struct mp_ring *no_ring;

static struct mp_ring *map_ring(int from, int to)
{
    struct mp_segment_header *segment = mp_process.segment;
    int first = mp_process.first;
    struct mp_ring *ring =
        mp_window_map(mp_segment_ring(segment, from - first, to - first), mp_ring_bytes(segment));

    if (!ring) {
        char message[200];
        snprintf(message, sizeof message,
                 "cannot map %llu bytes for messages between ranks %d and %d: %s",
                 (unsigned long long)mp_ring_bytes(segment), from, to, mp_window_error());
        mp_process_abort(MPI_ERR_NO_MEM, message);
    }
    return ring;
}

void *mp_shm_reserve_first(int peer, enum mp_packet_kind kind, size_t bytes)
{
    struct mp_ring_writer *out = &mp_shm_peers[peer].out;

    if (out->ring != no_ring) {
        return NULL;
    }
    out->ring = map_ring(mp_process.rank, peer);
    out->bulk = mp_ring_bulk(mp_process.segment, out->ring);
    out->consumed = 0;
    return mp_ring_reserve(out, &mp_shm_shape, kind, bytes);
}

void mp_shm_open_in(int peer)
{
    struct mp_ring_reader *in = &mp_shm_peers[peer].in;

    if (in->ring == no_ring) {
        in->ring = map_ring(peer, mp_process.rank);
        in->bulk = mp_ring_bulk(mp_process.segment, in->ring);
    }
}

void mp_shm_ring_doorbell(int peer)
{
    struct mp_ring_writer *out = &mp_shm_peers[peer].out;
    // Acquire: pairs with the release in activate, message/shm_channel.c.
    if (atomic_load_explicit(&out->ring->active, memory_order_acquire)) {
        out->active = true;
        return;
    }
    _Atomic uint64_t *word =
        mp_segment_doorbell(mp_process.segment, peer - mp_process.first) + mp_process.local / 64;
    uint64_t bit = UINT64_C(1) << (mp_process.local % 64);
    // Release: the reader that takes the bit (acquire, in answer_doorbell there) finds the cell.
    if (!(atomic_load_explicit(word, memory_order_relaxed) & bit)) {
        atomic_fetch_or_explicit(word, bit, memory_order_release);
    }
}

static bool send_byte(int from, const struct sockaddr_un *to)
{
    return sendto(from, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to,
                  offsetof(struct sockaddr_un, sun_path) + 6) == 1;
}

// The kernel has chosen the bell's name, which is gone with its rank, and is in no file system.
// A rank that is awake leaves bytes where they are, and all of them are on the account of the
// socket that they were sent by, which is full after some 280. A fresh one has room. If that does
// not either, it is the other's queue that is full: then its next sleep ends at once.
static void ring_bell(uint32_t name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char digits[8];

    snprintf(digits, sizeof digits, "%05x", name & 0xfffff);
    memcpy(to.sun_path + 1, digits, 5);
    bool done = bell >= 0 && send_byte(bell, &to);
    if (!done && (bell < 0 || errno == EAGAIN)) {
        int fresh = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        done = fresh >= 0 && (send_byte(fresh, &to) || errno == EAGAIN);
        if (fresh >= 0) {
            close(fresh);
        }
    }
    if (unlikely(!done) && errno != ECONNREFUSED) { // else that rank is gone
        char message[160];
        snprintf(message, sizeof message,
                 "cannot wake another rank: %s (descriptor %d; did the program close it?)",
                 strerror(errno), bell);
        mp_process_abort(MPI_ERR_OTHER, message);
    }
}

// Whether near peers and this rank know each other's bells. A byte for one that is in another
// network namespace would get the same answer as one for a rank that is gone, and be lost.
static bool hear_each_other(void)
{
    struct stat own;
    uint64_t first = 0;
    return mp_process.near == 1 || stat("/proc/self/ns/net", &own) != 0 ||
           atomic_compare_exchange_strong(&mp_process.segment->network, &first, own.st_ino) ||
           first == own.st_ino;
}

int mp_shm_open_bell(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length = sizeof name;

    bell = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bell < 0 || bind(bell, (struct sockaddr *)&name, sizeof name.sun_family) != 0 ||
        getsockname(bell, (struct sockaddr *)&name, &length) != 0) {
        return -1;
    }
    if (!hear_each_other()) {
        errno = EXDEV;
        return -1;
    }
    name.sun_path[6] = 0;
    uint32_t number = (uint32_t)strtoul(name.sun_path + 1, NULL, 16);
    // Whoever sees a sleep announced sees this: the fence comes before the first announcement.
    atomic_store_explicit(&mp_process.board->bell, MP_BELL | number, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    return bell;
}

void mp_shm_wake(struct mp_board *board)
{
    if (!atomic_exchange_explicit(&board->sleeping, 0, memory_order_acq_rel)) {
        return;
    }
    uint32_t name = atomic_load_explicit(&board->bell, memory_order_relaxed);
    if (name) {
        ring_bell(name);
    } else {
        syscall(SYS_futex, &board->sleeping, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
    }
}

bool mp_shm_is_armed(uint32_t armed)
{
    return atomic_load_explicit(&mp_process.board->sleeping, memory_order_relaxed) == armed;
}

void mp_shm_ring_own(void)
{
    ring_bell(atomic_load_explicit(&mp_process.board->bell, memory_order_relaxed));
}

void mp_shm_wake_own(void)
{
    _Atomic uint32_t *word = &mp_process.board->sleeping;
    atomic_store_explicit(word, 0, memory_order_relaxed);
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void mp_peer_set_full(int world, bool full)
{
    atomic_store_explicit(&mp_shm_peers[world].told_full, full, memory_order_relaxed);
}

void mp_shm_fence_for_all(void)
{
    if (!may_fence_for_others) {
        atomic_thread_fence(memory_order_seq_cst);
    } else {
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
    }
}

// Announces the sleep. After the barrier every store that another rank made before it looked at our
// word is visible to us, so a last poll finds it; and every later store is followed by a look that
// sees the word set.
//
// Each announcement has a number, and the thread that made it sleeps only while the word is that
// one: between its last poll and its sleep it holds no lock, so it may be woken and another thread
// of this rank announce a sleep of its own. (With a word that only says yes, the first one would
// sleep for good.) With the lock held.
//
// Where some ranks have no membarrier, because something between the launcher and them forbids it,
// all fence when they send (`fence`), but they learn that only when such a rank opens its channel,
// perhaps late: others may have sent to each other for long, and their fast path, which knows no
// fence (mp_channel_open_fast_path), stays open. So whoever may goes on fencing for the others:
// that is right whether the sender fences or not. A rank R that may not needs senders that do. Its
// peers open their fast path to R after they have seen that R polls their ring (activate), and
// then they see `fence`. On the other ways they look at `fence` each time; one that just missed it
// has its message in sight of R before R opens its channel, since R naps between the two
// (fence_by_all). What R sends is fenced by R from the beginning.
uint32_t mp_shm_arm(void)
{
    static uint32_t number;
    uint32_t armed = ++number ? number : ++number;
    atomic_store_explicit(&mp_process.board->sleeping, armed, memory_order_relaxed);
    mp_shm_fence_for_all();
    return armed;
}

// From now on whoever publishes must fence. A nap is long enough for stores to become visible.
static void fence_by_all(void)
{
    struct timespec nap = {0, 1000000};
    _Atomic uint32_t *fence = &mp_process.segment->fence;

    if (atomic_load_explicit(fence, memory_order_relaxed) != MP_FENCE_ALWAYS) {
        atomic_store_explicit(fence, MP_FENCE_LATE, memory_order_seq_cst);
        nanosleep(&nap, NULL);
    }
}

void mp_shm_sleep(uint32_t armed)
{
    syscall(SYS_futex, &mp_process.board->sleeping, FUTEX_WAIT, armed, NULL, NULL, 0);
}

void mp_shm_disarm(void)
{
    atomic_store_explicit(&mp_process.board->sleeping, 0, memory_order_relaxed);
}

static bool may_fence(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

void mp_shm_agree_on_fences(void)
{
    bool alone = mp_process.near == 1;
    may_fence_for_others = !alone && may_fence();
    if (!alone && !may_fence_for_others) {
        fence_by_all();
    }
}

// Where a rank that may not was late, its world knows, and no other.
bool mp_shm_fences_with_guests(uint32_t *fences)
{
    *fences = atomic_load_explicit(&mp_process.segment->fence, memory_order_relaxed);
    if (*fences == 0) {
        may_fence_for_others = may_fence_for_others || may_fence();
        return may_fence_for_others;
    }
    return *fences == MP_FENCE_ALWAYS;
}

void mp_peer_open_far(int peer)
{
    memset(&mp_shm_peers[peer], 0, sizeof mp_shm_peers[peer]);
    mp_shm_peers[peer].full = &mp_shm_peers[peer].told_full;
}

void mp_peer_open_near(int guest, struct mp_ring *out, struct mp_ring *in, struct mp_board *board)
{
    struct mp_shm_peer *p = &mp_shm_peers[guest];

    p->in = (struct mp_ring_reader){.ring = in, .bulk = mp_ring_bulk(mp_process.segment, in)};
    p->board = board;
    p->full = &board->full;
    p->copied_to = 0;
    p->out = (struct mp_ring_writer){
        .ring = out, .bulk = mp_ring_bulk(mp_process.segment, out), .active = true};
}

// Whoever is about to look at the ring from there finds one, in which nothing comes.
void mp_peer_close_near(int guest)
{
    struct mp_shm_peer *p = &mp_shm_peers[guest];

    p->out = (struct mp_ring_writer){0};
    p->in = (struct mp_ring_reader){.ring = no_ring};
    p->full = &p->told_full;
}

int mp_shm_peers_open(void)
{
    struct mp_segment_header *segment = mp_process.segment;

    mp_shm_shape = (struct mp_ring_shape){segment->cells, segment->bulk};
    mp_shm_peers = mp_peer_table(sizeof *mp_shm_peers);
    size_t ring = mp_round_up(sizeof *no_ring + sizeof(struct mp_cell), MP_APART);
    no_ring = aligned_alloc(MP_APART, ring);
    if (!mp_shm_peers || !no_ring) {
        return -1;
    }
    memset(no_ring, 0, ring);
    for (int peer = 0; peer < mp_process.size; peer++) {
        mp_peer_open_far(peer);
    }
    uint64_t none = 0 - mp_shm_shape.cells; // a lap is written, none of it read
    atomic_store_explicit(&no_ring->cells_consumed, none, memory_order_relaxed);
    int own = mp_process.local, from = mp_process.near > 1 ? 0 : own;
    for (int place = from; place < from + mp_process.near; place++) {
        struct mp_shm_peer *p = &mp_shm_peers[mp_process.first + place];
        p->out.ring = no_ring;
        p->out.consumed = none;
        p->in.ring = place != own ? no_ring : NULL;
        p->board = mp_segment_board(segment, place);
        p->full = &p->board->full;
    }
    return 0;
}
