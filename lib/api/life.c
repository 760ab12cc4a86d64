// SPDX-License-Identifier: MIT
// MPI in this process, from its first user to its last: what opens and closes all the rooms below.
//
// Once opened, the channel stays open until the process ends, also while nobody uses MPI: a peer
// may be ahead of us and write to our ring for a session that we have yet to start, and where we
// are in each ring is known to nobody but us. So all that the last user leaves to do is to see that
// nothing of ours is left behind here: what is in a ring or in a socket reaches the peer even after
// this process has ended.
#include "api/life.h"

#include "boot/boot.h"
#include "check/pending.h"
#include "heap/heap.h"
#include "message/bsend.h"
#include "message/opening.h"
#include "message/outgoing.h"
#include "object/comm.h"
#include "object/errhandler.h"
#include "object/info.h"
#include "object/session.h"
#include "process/child.h"
#include "process/peers.h"
#include "wait/progress.h"

#include <pthread.h>

// The first user of all.
static int join(void)
{
    static struct mp_boot boot;
    char problem[512];

    if (mp_boot_join(&boot, problem, sizeof problem) != 0) {
        return mp_fail(MPI_ERR_OTHER, "%s", problem);
    }
    mp_process_joined(boot.rank, boot.size, boot.launched, boot.segment);
    if (boot.segment->shared_heap) {
        mp_heap_join(boot.segment, boot.rank);
    }
    int error = mp_child_watch();
    mp_check_open();
    error = error ? error : mp_message_open(&boot);
    return error ? error : mp_comm_open();
}

int mp_life_open(int thread_level)
{
    int error = mp_channel ? 0 : join();
    if (error) {
        return error;
    }
    if (!mp_process.main_thread) {
        mp_process.main_thread = (uint64_t)pthread_self();
    }
    mp_process_count_user(thread_level, 1);
    return 0;
}

// In the barrier each arrival would wake those that are there, while they leave the core to the
// ranks that still start: at 64 ranks on two cores that was two thirds of the time of an empty
// program. Here the last one wakes all. The counter is added to before the last one looks who
// sleeps, and mp_wake orders its look after that (see process/peers.c); those that count too few to
// go on sleep only after they have announced it and looked again (wait/progress.h).
void mp_life_await_all(void)
{
    struct mp_segment_header *segment = mp_process.segment;
    uint32_t all = (uint32_t)mp_process.size;
    struct mp_waiter waiter;

    if (mp_process_has_far() || segment->ranks_per_core == 1) {
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

void mp_life_close(int thread_level)
{
    if (unlikely(mp_process.check) && mp_process.users == 1) {
        mp_check_close(mp_call_inside());
    }
    mp_context_sweep(-1); // after MPI_Finalize's barrier all are gone from what they have freed
    struct mp_waiter waiter;

    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (mp_process.users == 1 && !mp_outgoing_idle()) {
        mp_waiter_step(&waiter); // and another thread may become a user meanwhile
    }
    mp_waiter_end(&waiter);
    mp_process_count_user(thread_level, -1);
}

int mp_life_open_session(const struct mp_info *hints, struct mp_errhandler *errhandler,
                         struct mp_session **made)
{
    struct mp_session *session = NULL;
    int error = mp_session_new(hints, errhandler, &session);
    error = error ? error : mp_life_open(session->thread_level);
    if (error) {
        mp_session_release(session);
        return error;
    }
    *made = session;
    return 0;
}

int mp_life_close_session(struct mp_session *session)
{
    struct mp_waiter waiter;
    void *memory;
    MPI_Count size;
    int error = 0;

    // Buffered messages are in memory of ours that the program may reuse after this, and a long
    // message that waits for its receive is fetched from this process: so both must be over. The
    // receiver has to receive before it may finalize, hence this ends.
    if (session->buffer) {
        error = mp_bsend_detach(&session->buffer, &memory, &size);
    }
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (session->detached > 0) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
    if (!error) {
        session->finalized = true;
        // Not left to the last of its communicators, which the program may never free.
        mp_info_free(session->hints);
        session->hints = NULL;
        mp_life_close(session->thread_level);
        mp_session_release(session);
    }
    return error;
}
