// SPDX-License-Identifier: MIT
#include "message/opening.h"

#include "message/bsend.h"
#include "message/deliver.h"
#include "message/outgoing.h"
#include "message/partitioned.h"
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
    return comm->match && comm->coll_match ? 0 : MPI_ERR_NO_MEM;
}

static void comm_ends(struct mp_comm *comm)
{
    if (comm->buffer) {
        void *memory;
        MPI_Count size;
        mp_bsend_detach(&comm->buffer, &memory, &size);
    }
    mp_partitioned_drop(comm->context);
    mp_match_drop(comm->context);
    mp_match_drop(comm->context + 1);
}

int mp_message_open(struct mp_boot *boot)
{
    mp_handed.comm_made = comm_made;
    mp_handed.comm_ends = comm_ends;
    if (mp_shm_peers_open() != 0) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the state of %d peers", mp_process.size);
    }
    if (mp_process_has_far()) {
        mp_channel = mp_far = mp_socket_open(boot, mp_deliver);
        if (!mp_channel) {
            mp_fail(MPI_ERR_OTHER, "cannot open the socket channel: %s", strerror(errno));
        }
    } else {
        mp_channel = mp_shm_open();
    }
    if (!mp_channel) {
        return MPI_ERR_OTHER;
    }
    mp_eager_max =
        mp_channel->payload_max < EAGER_MAX ? (MPI_Count)mp_channel->payload_max : EAGER_MAX;
    int error = mp_unexpected_open();
    return error ? error : mp_outgoing_open();
}
