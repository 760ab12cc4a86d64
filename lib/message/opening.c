// SPDX-License-Identifier: MIT
#include "message/opening.h"

#include "message/bsend.h"
#include "message/deliver.h"
#include "message/errand.h"
#include "message/meeting.h"
#include "message/outgoing.h"
#include "message/partitioned.h"
#include "message/together.h"
#include "process/handed.h"
#include "process/peers.h"
#include "socket/socket.h"

#include <errno.h>
#include <string.h>

// Eager up to here, where the channel carries as much in one packet: beyond it, one copy by the
// kernel is faster than two of our own and the handshake together.
enum { EAGER_MAX = 16 << 10 };

static int comm_made(struct mp_comm *comm)
{
    comm->match = mp_match_get(comm->context);
    comm->coll_match = mp_match_get(comm->context + 1);
    if (!comm->match || !comm->coll_match) {
        return MPI_ERR_NO_MEM;
    }
    comm->match->closed = comm->coll_match->closed = MP_MATCH_OPEN; // MPI may have begun again
    return 0;
}

static bool comm_ends(struct mp_comm *comm)
{
    if (comm->buffer) {
        void *memory;
        MPI_Count size;
        mp_bsend_detach(&comm->buffer, &memory, &size);
    }
    mp_partitioned_drop(comm->context);
    if (!mp_list_empty(&comm->tied)) {
        mp_list_remove(&comm->tied);
        mp_guests_tell_ties();
    }
    if (comm->match->closed) {
        mp_match_close(comm->match, MP_MATCH_GONE);
        mp_match_close(comm->coll_match, MP_MATCH_GONE);
        return false;
    }
    if (comm->context != 2 * MP_CONTEXT_BRIDGE) { // another one may be using it
        mp_match_drop(comm->context);
        mp_match_drop(comm->context + 1);
    }
    return true;
}

static struct mp_boot *own_boot;

static int open_streams(void)
{
    mp_far = mp_socket_open(own_boot, mp_deliver);
    return mp_far ? 0
                  : mp_fail(MPI_ERR_OTHER, "cannot open the socket channel: %s", strerror(errno));
}

// Threads that sleep on the word of their announcement are woken, and sleep on the streams next
// time. Who wakes one of them from outside either saw the bell after this, or did so before.
int mp_message_open_far(void)
{
    if (mp_far) {
        return 0;
    }
    int error = open_streams();
    const struct mp_channel *channel = error ? NULL : mp_near_and_far_open();
    if (!channel) {
        mp_far = NULL;
        return MPI_ERR_OTHER;
    }
    mp_channel = channel;
    mp_shm_wake_own();
    return 0;
}

int mp_message_open(struct mp_boot *boot)
{
    own_boot = boot;
    mp_far = NULL; // MPI may have ended, and begin again
    mp_handed.comm_made = comm_made;
    mp_handed.comm_ends = comm_ends;
    if (mp_shm_peers_open() != 0) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the state of %d peers", mp_process.size);
    }
    if (mp_process_has_far()) {
        int error = open_streams();
        if (error) {
            return error;
        }
    }
    mp_channel = mp_far ? mp_near_and_far_open() : mp_shm_open();
    if (!mp_channel) {
        return MPI_ERR_OTHER;
    }
    size_t most = mp_channel_payload_max(mp_process.rank);
    most = mp_far && mp_far->payload_max < most ? mp_far->payload_max : most;
    mp_eager_max = most < EAGER_MAX ? (MPI_Count)most : EAGER_MAX;
    mp_deliver_open();
    mp_together_open();
    mp_errand_open();
    mp_partitioned_open();
    int error = mp_unexpected_open();
    return error ? error : mp_outgoing_open();
}
