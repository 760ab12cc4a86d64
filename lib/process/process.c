// SPDX-License-Identifier: MIT
// This process as a rank: what every call looks at, who uses MPI, and the end by abort. How MPI is
// opened and closed is above all rooms, since it calls most of them: api/life.c.
#define _GNU_SOURCE
#include "process/process.h"

#include "base/say.h"
#include "boot/guests.h"
#include "mpi.h"
#include "process/child.h"
#include "process/handed.h"
#include "process/peers.h"

#include <stdio.h>
#include <unistd.h>

// Until the first user, calls that are allowed then leave their name here.
static struct mp_board no_board;

struct mp_process mp_process = {.guarded = MP_LOCKED, .size = 1, .board = &no_board};
const struct mp_channel *mp_channel, *mp_far;
struct mp_handed mp_handed;

static int users_at[5]; // by thread level, of which the ABI's numbers are multiples of 1024

void mp_process_joined(int rank, int size, bool launched, struct mp_segment_header *segment)
{
    mp_process.rank = rank;
    mp_process.size = size;
    mp_process.launched = launched;
    mp_guests_begin(segment->job, rank, size);
    mp_process.segment = segment;
    mp_process.check = segment->check;
    mp_process.first = (int)segment->first;
    mp_process.local = rank - mp_process.first;
    mp_process.near = segment->channel == MP_CHANNEL_SHM ? (int)segment->nranks : 1;
    mp_process.crowded = mp_process.planned = segment->ranks_per_core > 1;
    mp_process.board = mp_segment_board(segment, mp_process.local);
    mp_process.board->call = no_board.call;
}

static int *users_with(int thread_level)
{
    _Static_assert(MPI_THREAD_MULTIPLE == 4 << 10, "users_at has a place for every level");
    return &users_at[thread_level >> 10];
}

void mp_process_count_user(int thread_level, int by)
{
    if (mp_process.users == 0) {
        // From here on, an exit without the end of all users is a failure.
        atomic_store_explicit(&mp_process.board->state, MP_RANK_RUNNING, memory_order_release);
    }
    mp_process.users += by;
    *users_with(thread_level) += by;
    mp_process.threads = *users_with(MPI_THREAD_SINGLE) < mp_process.users;
    if (mp_process.users == 0) {
        atomic_store_explicit(&mp_process.board->state, MP_RANK_FINALIZED, memory_order_release);
    }
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

static _Noreturn void abort_as(uint32_t how, int code, const char *message)
{
    struct mp_board *board = mp_process.board;

    if (mp_process.launched && !mp_child_is()) {
        snprintf(board->message, sizeof board->message, "%s", message);
        board->abort_code = code;
        // Release: pairs with the launcher's acquire once this process is gone.
        atomic_store_explicit(&board->aborted, how, memory_order_release);
    } else if (message[0]) {
        mp_say("%s", message);
    }
    fflush(NULL);
    _exit(code & 0xff ? code & 0xff : 1);
}

void mp_process_abort(int code, const char *message)
{
    abort_as(MP_ABORTED, code, message);
}

void mp_process_abort_with_others(int code, const char *message)
{
    abort_as(MP_ABORTED_WITH_OTHERS, code, message);
}
