// SPDX-License-Identifier: MIT
// MPI_Init to MPI_Finalize of this process, the library's lock, and the end by abort.
#define _GNU_SOURCE
#include "core/process.h"

#include "boot/boot.h"
#include "core/bsend.h"
#include "core/channel.h"
#include "core/comm.h"
#include "core/deliver.h"
#include "core/errhandler.h"
#include "core/outgoing.h"
#include "core/progress.h"
#include "socket/socket.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Eager up to here, where the channel carries as much in one packet: beyond it, one copy by the
// kernel is faster than two of our own and the handshake together.
enum { EAGER_MAX = 16 << 10 };

// Until MPI_Init, calls that are allowed then leave their name here.
static struct mp_board no_board;

struct mp_process mp_process = {.guarded = 1, .size = 1, .board = &no_board};
const struct mp_channel *mp_channel;

static struct mp_boot boot;
static pthread_mutex_t lock;
static uint32_t lock_depth; // how often the owner holds it; touched by the owner only

static void lock_open(void)
{
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
}

static void lock_take(void)
{
    pthread_mutex_lock(&lock);
    lock_depth++;
}

static void lock_drop(void)
{
    lock_depth--;
    pthread_mutex_unlock(&lock);
}

int mp_enter_guarded(int call)
{
    if (mp_process.state != MP_RUNNING) {
        return mp_raise(
            call, NULL,
            mp_fail(MPI_ERR_OTHER, "called %s",
                    mp_process.state == MP_BEFORE_INIT ? "before MPI_Init" : "after MPI_Finalize"));
    }
    lock_take();
    atomic_store_explicit(&mp_process.board->call, (uint32_t)call, memory_order_relaxed);
    return 0;
}

void mp_leave_guarded(void)
{
    lock_drop();
}

// A wait may be several calls deep (a callback that calls MPI), so all levels are released; the
// depth is kept on the waiter's side of the mutex.
static _Thread_local uint32_t released;

void mp_lock_release(void)
{
    if (unlikely(mp_process.guarded) && mp_process.thread_level == MPI_THREAD_MULTIPLE) {
        released = lock_depth;
        lock_depth = 0;
        for (uint32_t i = 0; i < released; i++) {
            pthread_mutex_unlock(&lock);
        }
    }
}

void mp_lock_acquire(void)
{
    if (unlikely(mp_process.guarded) && mp_process.thread_level == MPI_THREAD_MULTIPLE) {
        for (uint32_t i = 0; i < released; i++) {
            pthread_mutex_lock(&lock);
        }
        lock_depth = released;
    }
}

static int open_channel(void)
{
    mp_process.shm = mp_process.segment->channel == MP_CHANNEL_SHM;
    mp_channel = mp_process.shm ? mp_shm_open(mp_deliver) : mp_socket_open(&boot, mp_deliver);
    if (!mp_channel) {
        return MPI_ERR_OTHER;
    }
    mp_eager_max =
        mp_channel->payload_max < EAGER_MAX ? (MPI_Count)mp_channel->payload_max : EAGER_MAX;
    return mp_outgoing_open();
}

int mp_process_init(int required)
{
    char problem[512];

    if (mp_boot_join(&boot, problem, sizeof problem) != 0) {
        return mp_fail(MPI_ERR_OTHER, "%s", problem);
    }
    mp_process.rank = boot.rank;
    mp_process.size = boot.size;
    mp_process.launched = boot.launched;
    mp_process.segment = boot.segment;
    mp_process.board = mp_segment_board(boot.segment, boot.rank);
    mp_process.board->call = no_board.call;
    mp_process.main_thread = (uint64_t)pthread_self();
    mp_process.thread_level = required;
    int error = open_channel();
    if (!error) {
        error = mp_comm_init();
    }
    if (error) {
        return error;
    }
    if (required == MPI_THREAD_MULTIPLE) {
        lock_open();
        lock_take(); // MPI_Init itself leaves through mp_exit
    }
    mp_process.guarded = required == MPI_THREAD_MULTIPLE;
    mp_process.state = MP_RUNNING;
    // From here on, an exit without MPI_Finalize is a failure.
    atomic_store_explicit(&mp_process.board->state, MP_RANK_RUNNING, memory_order_release);
    return 0;
}

void mp_process_finish(void)
{
    struct mp_waiter waiter;

    // What was buffered or is half-way still has to go; the barrier that the caller makes before
    // this has all ranks here, so that they all answer.
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (!mp_outgoing_idle()) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
    mp_comm_finish();
    mp_channel->close();
    mp_outgoing_close();
    mp_exit();
    mp_process.guarded = 1;
    mp_process.state = MP_FINALIZED;
    atomic_store_explicit(&mp_process.board->state, MP_RANK_FINALIZED, memory_order_release);
}

void mp_process_abort(int code, const char *message)
{
    struct mp_board *board = mp_process.board;

    if (mp_process.launched) {
        snprintf(board->message, sizeof board->message, "%s", message);
        board->abort_code = code;
        // Release: pairs with the launcher's acquire once this process is gone.
        atomic_store_explicit(&board->aborted, 1, memory_order_release);
    } else if (message[0]) {
        fprintf(stderr, "%s\n", message);
    }
    fflush(NULL);
    _exit(code & 0xff ? code & 0xff : 1);
}
