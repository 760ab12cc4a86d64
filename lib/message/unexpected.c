// SPDX-License-Identifier: MIT
// The bound on messages that no receive has asked for: see unexpected.h. What counts are regions,
// so one message that stays keeps its region and that much of the limit.
//
// The limit is one for payloads. What is only offered takes some 150 bytes here, and a program that
// starts a million sends has them both there and here: those are counted, not refused. Nor are
// messages refused that are under way while the limit is passed: up to a ring of each peer.
#include "message/unexpected.h"

#include "base/region.h"
#include "boot/guests.h"
#include "message/deliver.h"
#include "message/outgoing.h"
#include "object/errhandler.h"

#include <stdlib.h>

// Below it a region that is being filled and a spare one would count for too much.
#define LIMIT_LEAST ((size_t)4 * MP_REGION_BYTES)

static struct mp_regions kept;
static size_t limit = MP_UNEXPECTED;

static void full_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)payload;
    mp_peer_set_full(peer, packet->total != 0);
}

static void tell(int peer, bool full)
{
    struct mp_packet packet = {.kind = MP_PACKET_FULL, .total = full};
    mp_outgoing[peer].told_full = full;
    mp_answer(peer, &packet);
}

int mp_unexpected_open(void)
{
    mp_deliver_register(MP_PACKET_FULL, full_arrived);
    const char *wish = getenv("MPRUN_UNEXPECTED");
    if (!wish || !*wish) {
        return 0;
    }
    char *end;
    unsigned long long number = strtoull(wish, &end, 10);
    int shift = *end == 'K' || *end == 'k'   ? 10
                : *end == 'M' || *end == 'm' ? 20
                : *end == 'G' || *end == 'g' ? 30
                                             : 0;
    bool good = *wish >= '0' && *wish <= '9' && end[shift > 0] == 0 && number <= SIZE_MAX >> shift;
    if (!good || number << shift < LIMIT_LEAST) {
        return mp_fail(MPI_ERR_ARG,
                       "the variable MPRUN_UNEXPECTED is \"%s\", must be a number of bytes from 1M "
                       "up, which may end in K, M or G",
                       wish);
    }
    limit = (size_t)number << shift;
    return 0;
}

// Tells the peers when that changes. Once full, the rank is so until half of the limit is free: so
// the word, which all of them read, does not change with every region.
static void judge(void)
{
    static size_t judged; // what `held` was
    if (likely(kept.held == judged)) {
        return;
    }
    judged = kept.held;
    _Atomic uint32_t *full = &mp_process.board->full;
    uint32_t was = atomic_load_explicit(full, memory_order_relaxed);
    uint32_t is = kept.held > (was ? limit / 2 : limit);
    if (unlikely(is != was)) {
        atomic_store_explicit(full, is, memory_order_relaxed);
        for (int peer = 0; peer < mp_peers_end && !is; peer++) {
            if (mp_outgoing[peer].told_full) {
                tell(peer, false);
            }
        }
    }
}

struct mp_unexpected *mp_unexpected_new(int peer, size_t length)
{
    struct mp_unexpected *message = mp_region_take(&kept, sizeof *message + length);
    judge();
    if (unlikely(mp_process.board->full) && !mp_peer_is_near(peer) &&
        !mp_outgoing[peer].told_full) {
        tell(peer, true);
    }
    return message;
}

void mp_unexpected_free(struct mp_unexpected *message)
{
    mp_region_give(&kept, message);
    judge();
}
