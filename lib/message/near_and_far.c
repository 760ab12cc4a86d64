// SPDX-License-Identifier: MIT
// The channel of a rank that has near and far peers: polls the rings and the streams, and sleeps on
// both. What a packet goes by is its peer's business (process/peers.h); so each pair has one order,
// and there is one matching engine for all.
//
// Polling. A look at the rings costs some 20 ns, one at the streams a system call, 300. So the
// rings come first. While messages come by them the streams are looked at seldom, since a near
// message may arrive during each look; after a moment without any, every time.
//
// Sleeping. The announcement is the one of near peers (process/peers.c), and the sleep is one on
// the streams' epoll set, where a byte from a near peer that wakes us arrives too. That byte is
// thrown away in poll, before the rings have been looked at again: it counts as something done, so
// that whoever waits looks again, and announces its sleep anew, before it sleeps.
#include "message/opening.h"
#include "object/errhandler.h"
#include "process/peers.h"
#include "socket/socket.h"

#include <errno.h>
#include <string.h>

// Looks at the rings for one at the streams, while near messages come; and how long they are said
// to come after the last one, in looks. Where ranks take turns on the cores, looks are rare.
enum { LOOKS_PER_FAR = 64, LOOKS_NEAR = 32, LOOKS_NEAR_CROWDED = 4 };

static const struct mp_channel *rings;

static unsigned near_until, looks; // of looks that are left, and since the last one at streams

static int poll_both(void)
{
    int done = rings->poll();

    if (done) {
        near_until = mp_process.crowded ? LOOKS_NEAR_CROWDED : LOOKS_NEAR;
    } else if (near_until > 0) {
        near_until--;
    }
    if (near_until > 0 && ++looks < LOOKS_PER_FAR) {
        return done;
    }
    looks = 0;
    return done + mp_far->poll();
}

// The look that follows is one at both: mprun takes it for that (launcher/deadlock_watch.c).
static uint32_t arm_both(void)
{
    near_until = 0;
    return mp_shm_arm();
}

static void sleep_on_both(uint32_t armed, int64_t timeout_ns)
{
    mp_far->sleep(armed, timeout_ns);
}

static const struct mp_channel near_and_far = {
    .name = "shm and socket",
    .poll = poll_both,
    .arm = arm_both,
    .sleep = sleep_on_both,
    .disarm = mp_shm_disarm,
};

const struct mp_channel *mp_near_and_far_open(void)
{
    int bell = mp_shm_open_bell();

    if (bell < 0 || mp_socket_watch(bell) != 0) {
        mp_fail(MPI_ERR_OTHER, "cannot make a socket to be woken by: %s", strerror(errno));
        return NULL;
    }
    rings = mp_shm_open();
    return rings ? &near_and_far : NULL;
}
