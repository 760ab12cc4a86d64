// SPDX-License-Identifier: MIT
#include "check/fault.h"

#include "base/calls.h"
#include "base/say.h"
#include "check/where.h"
#include "process/process.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

// So many places are told, and those after them only counted.
enum { PLACES = 256 };

static struct {
    const char *format;
    uint64_t caller;
    int call;
} told[PLACES];
static int places;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Whether this is the first of its kind and place, and notes it.
static bool is_new(int call, uint64_t caller, const char *format)
{
    for (int i = 0; i < places; i++) {
        if (told[i].format == format && told[i].caller == caller && told[i].call == call) {
            return false;
        }
    }
    if (places == PLACES) {
        return false;
    }
    told[places].format = format;
    told[places].caller = caller;
    told[places++].call = call;
    return true;
}

void mp_fault_tell(int call, uint64_t caller, const char *format, ...)
{
    char text[512], where[512];
    va_list arguments;

    pthread_mutex_lock(&lock);
    bool tell = is_new(call, caller, format);
    pthread_mutex_unlock(&lock);
    // Read by mprun once this process has ended.
    atomic_fetch_add_explicit(&mp_process.board->faults, 1, memory_order_relaxed);
    if (!tell) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mp_where_write(caller, where, sizeof where);
    mp_say("mprun: check: rank %d: %s%s%s%s%s", mp_process.rank, mp_call_name(call),
           where[0] ? " at " : "", where, call ? ": " : "", text);
}
