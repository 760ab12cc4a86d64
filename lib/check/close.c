// SPDX-License-Identifier: MIT
// What is left over when MPI ends, or a communicator, for `mprun --check`: messages that nobody has
// received, and what check/owned.c knows.
#include "base/caller.h"
#include "check/fault.h"
#include "check/owned.h"
#include "check/pending.h"
#include "message/match.h"
#include "message/unexpected.h"
#include "process/child.h"
#include "wait/progress.h"

#include <stdlib.h>

// Looks at the channel, in which messages may be that came before the last barrier.
enum { LOOKS = 100 };

static void tell_message(const struct mp_unexpected *message, int call)
{
    mp_fault_tell(call, mp_caller_find(),
                  "a message from rank %d with tag %d and %llu bytes was never received",
                  mp_source_rank(message->packet.source), message->packet.tag,
                  (unsigned long long)message->packet.total);
}

void mp_check_unreceived(uint32_t context, int call)
{
    struct mp_match *match = mp_matches[context];
    for (struct mp_list *at = match ? match->arrived.next : NULL; at && at != &match->arrived;
         at = at->next) {
        tell_message(mp_container_of(at, struct mp_unexpected, arrived), call);
    }
}

// Infos and error handlers may be freed as long as the process lives.
static void at_exit(void)
{
    if (!mp_child_is()) {
        mp_owned_tell(true);
    }
}

void mp_check_close(int call)
{
    static bool registered;

    for (int i = 0; i < LOOKS && mp_progress(); i++) {
    }
    // Those of messages have even numbers, those of collectives odd ones.
    for (uint32_t context = 0; context < 2 * MP_CONTEXT_PAIRS; context += 2) {
        if (context != mp_comm_boot.context) {
            mp_check_unreceived(context, call);
        }
    }
    mp_owned_tell(false);
    if (!registered) {
        registered = true;
        atexit(at_exit);
    }
}
