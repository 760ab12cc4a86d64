// SPDX-License-Identifier: MIT
//
// How a child knows. A handler that fork calls in the child takes what it has inherited of MPI out
// of its reach: its calls leave their name on a board of its own, nobody uses MPI any more, and
// every call goes the slow way in (lock.c), which says what is wrong. So the ways of a rank
// need no look. Whoever is made behind the C library's back (a bare system call, _Fork, vfork) runs
// no handler, and may even share our memory, so nothing may be changed in it: its process id tells,
// which is compared in the calls in which MPI comes and goes, and where a process ends.
#define _GNU_SOURCE
#include "process/child.h"

#include "base/fail.h"
#include "base/say.h"
#include "mpi.h"
#include "process/peers.h"
#include "process/process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct mp_board own_board;
static bool forked;

// The heap's handler was registered before, so it has run: memory is the child's own by now.
static void in_child(void)
{
    forked = true;
    // Forked by a signal handler in the middle of a sleep, it would fall asleep again. (The parent
    // looks around once more than it need.)
    mp_shm_wake(mp_process.board);
    if (mp_far && mp_far->forked) {
        mp_far->forked();
    }
    mp_process.board = &own_board;
    mp_process.users = 0;
    if (mp_process.state == MP_RUNNING) {
        mp_process.state = MP_FINALIZED;
    }
    mp_lock_forked();
}

int mp_child_watch(void)
{
    int error = pthread_atfork(NULL, NULL, in_child);
    return error ? mp_fail(MPI_ERR_OTHER, "pthread_atfork: %s", strerror(error)) : 0;
}

static struct mp_board *board_of_rank(void)
{
    return mp_segment_board(mp_process.segment, mp_process.local);
}

static pid_t rank_pid(void)
{
    return atomic_load_explicit(&board_of_rank()->pid, memory_order_relaxed);
}

bool mp_child_is(void)
{
    return forked || (mp_process.segment && rank_pid() != getpid());
}

int mp_child_refuse(void)
{
    return mp_fail(MPI_ERR_OTHER,
                   "called in process %d, a child that rank %d (process %d) forked: only the "
                   "process that started MPI may call it",
                   (int)getpid(), mp_process.rank, (int)rank_pid());
}

// The launcher judges a rank when it ends, so the message is left for it as the rank itself would
// have done, and the rank is ended. Its id is that of the rank for as long as the rank has not left
// MPI: if it ended before, the launcher would be ending this process, too. Later it is only certain
// if the rank is our parent; whoever else ends then says what it has to say and goes.
_Noreturn void mp_child_abort(int code, const char *message)
{
    struct mp_board *board = board_of_rank();
    pid_t pid = rank_pid();
    bool left = atomic_load_explicit(&board->state, memory_order_relaxed) == MP_RANK_FINALIZED;
    bool told = mp_process.launched;

    if (told && !atomic_load_explicit(&board->aborted, memory_order_relaxed)) {
        snprintf(board->message, sizeof board->message, "%s, in process %d, a child of the rank's",
                 message, (int)getpid());
        board->abort_code = code;
        // Release: pairs with the launcher's acquire once the rank is gone.
        atomic_store_explicit(&board->aborted, 1, memory_order_release);
    }
    fflush(NULL);
    if (left && getppid() != pid) {
        mp_say("%s, in process %d, a child of rank %d, which has left MPI", message, (int)getpid(),
               mp_process.rank);
    } else if (kill(pid, SIGKILL) != 0) {
        mp_say("%s, in process %d, which may not end rank %d (process %d): %s", message,
               (int)getpid(), mp_process.rank, (int)pid, strerror(errno));
    } else if (!told) {
        mp_say("%s, in process %d, a child of process %d", message, (int)getpid(), (int)pid);
    }
    _exit(code & 0xff ? code & 0xff : 1);
}
