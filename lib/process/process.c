// SPDX-License-Identifier: MIT
// MPI in this process, from its first user to its last, and the end by abort.
//
// Once opened, the channel stays open until the process ends, also while nobody uses MPI: a peer
// may be ahead of us and write to our ring for a session that we have yet to start, and where we
// are in each ring is known to nobody but us. So all that the last user leaves to do is to see that
// nothing of ours is left behind here: what is in a ring or in a socket reaches the peer even after
// this process has ended.
#define _GNU_SOURCE
#include "process/process.h"

#include "base/say.h"
#include "boot/boot.h"
#include "heap/heap.h"
#include "message/deliver.h"
#include "message/limbo.h"
#include "message/outgoing.h"
#include "message/unexpected.h"
#include "object/comm.h"
#include "object/errhandler.h"
#include "process/channel.h"
#include "process/child.h"
#include "socket/socket.h"
#include "wait/progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Eager up to here, where the channel carries as much in one packet: beyond it, one copy by the
// kernel is faster than two of our own and the handshake together.
enum { EAGER_MAX = 16 << 10 };

// Until the first user, calls that are allowed then leave their name here.
static struct mp_board no_board;

struct mp_process mp_process = {.guarded = MP_LOCKED, .size = 1, .board = &no_board};
const struct mp_channel *mp_channel;

static struct mp_boot boot;
static int users_at[5]; // by thread level, of which the ABI's numbers are multiples of 1024

static int open_channel(void)
{
    mp_process.shm = mp_process.segment->channel == MP_CHANNEL_SHM;
    if (mp_process.shm) {
        mp_channel = mp_shm_open(mp_deliver);
    } else {
        mp_channel = mp_socket_open(&boot, mp_deliver);
        if (!mp_channel) {
            mp_fail(MPI_ERR_OTHER, "cannot open the socket channel: %s", strerror(errno));
        }
    }
    if (!mp_channel) {
        return MPI_ERR_OTHER;
    }
    mp_eager_max =
        mp_channel->payload_max < EAGER_MAX ? (MPI_Count)mp_channel->payload_max : EAGER_MAX;
    int error = mp_unexpected_open();
    return error ? error : mp_outgoing_open();
}

// The first user of all.
static int join(void)
{
    char problem[512];

    if (mp_boot_join(&boot, problem, sizeof problem) != 0) {
        return mp_fail(MPI_ERR_OTHER, "%s", problem);
    }
    mp_process.rank = boot.rank;
    mp_process.size = boot.size;
    mp_process.launched = boot.launched;
    mp_process.segment = boot.segment;
    mp_process.crowded = boot.segment->ranks_per_core > 1;
    mp_process.board = mp_segment_board(boot.segment, boot.rank);
    mp_process.board->call = no_board.call;
    if (boot.segment->shared_heap) {
        mp_heap_join(boot.segment, boot.rank);
    }
    int error = mp_child_watch();
    error = error ? error : open_channel();
    return error ? error : mp_comm_open();
}

static int *users_with(int thread_level)
{
    _Static_assert(MPI_THREAD_MULTIPLE == 4 << 10, "users_at has a place for every level");
    return &users_at[thread_level >> 10];
}

static void count_user(int thread_level, int by)
{
    mp_process.users += by;
    *users_with(thread_level) += by;
    mp_process.threads = *users_with(MPI_THREAD_SINGLE) < mp_process.users;
}

bool mp_process_is_threaded(void)
{
    return *users_with(MPI_THREAD_MULTIPLE) > 0 || (mp_process.users > 1 && mp_process.threads);
}

int mp_process_thread_level(void)
{
    static const int levels[] = {MPI_THREAD_MULTIPLE, MPI_THREAD_SERIALIZED, MPI_THREAD_FUNNELED};

    if (mp_process.state == MP_RUNNING) {
        return mp_process.thread_level;
    }
    for (size_t i = 0; i < mp_array_length(levels); i++) {
        if (*users_with(levels[i]) > 0) {
            return levels[i];
        }
    }
    return MPI_THREAD_SINGLE;
}

int mp_process_open(int thread_level)
{
    int error = mp_channel ? 0 : join();
    if (error) {
        return error;
    }
    if (mp_process.users == 0) {
        // From here on, an exit without the end of all users is a failure.
        atomic_store_explicit(&mp_process.board->state, MP_RANK_RUNNING, memory_order_release);
    }
    if (!mp_process.main_thread) {
        mp_process.main_thread = (uint64_t)pthread_self();
    }
    count_user(thread_level, 1);
    return 0;
}

static bool all_sent(void)
{
    return mp_outgoing_idle() && (!mp_channel->idle || mp_channel->idle());
}

// In the barrier each arrival would wake those that are there, while they leave the core to the
// ranks that still start: at 64 ranks on two cores that was two thirds of the time of an empty
// program. Here the last one wakes all. The counter is added to before the last one looks who
// sleeps, and mp_wake orders its look after that (see shm_channel.c); those that count too few to
// go on sleep only after they have announced it and looked again (progress.h).
void mp_process_await_all(void)
{
    struct mp_segment_header *segment = mp_process.segment;
    uint32_t all = (uint32_t)mp_process.size;
    struct mp_waiter waiter;

    if (!mp_process.shm || segment->ranks_per_core == 1) {
        return;
    }
    if (atomic_fetch_add_explicit(&segment->finalizing, 1, memory_order_acq_rel) + 1 == all) {
        for (int rank = 0; rank < mp_process.size; rank++) {
            if (rank != mp_process.rank) {
                mp_wake(rank);
            }
        }
        return;
    }
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (atomic_load_explicit(&segment->finalizing, memory_order_acquire) < all) {
        waiter.began = 1; // as if it waited for long: the others have use for the core
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

void mp_process_close(int thread_level)
{
    mp_limbo_sweep(-1); // after MPI_Finalize's barrier all are gone from what they have freed
    struct mp_waiter waiter;

    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (mp_process.users == 1 && !all_sent()) {
        mp_waiter_step(&waiter); // and another thread may become a user meanwhile
    }
    mp_waiter_end(&waiter);
    count_user(thread_level, -1);
    if (mp_process.users == 0) {
        atomic_store_explicit(&mp_process.board->state, MP_RANK_FINALIZED, memory_order_release);
    }
}

void mp_process_abort(int code, const char *message)
{
    struct mp_board *board = mp_process.board;

    if (mp_process.launched && !mp_child_is()) {
        snprintf(board->message, sizeof board->message, "%s", message);
        board->abort_code = code;
        // Release: pairs with the launcher's acquire once this process is gone.
        atomic_store_explicit(&board->aborted, 1, memory_order_release);
    } else if (message[0]) {
        mp_say("%s", message);
    }
    fflush(NULL);
    _exit(code & 0xff ? code & 0xff : 1);
}
