// SPDX-License-Identifier: MIT
// The first return address on the stack that is not ours. Compilers leave tables of how to unwind
// the stack, so a call does nothing for it on its way in. The unwinder is the compiler's own,
// linked into the library (configure.ac), and takes no lock. Linked statically we cannot tell
// ourselves from the program, and find nothing.
#include "base/caller.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef HAVE_UNWINDER

#include <sys/auxv.h>
#include <unwind.h>

// From the linker: where the library begins and ends.
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

enum { FRAMES_AT_MOST = 64 };

struct search {
    uint64_t found;
    int frames;
};

static bool is_ours(uint64_t at)
{
    return at >= (uint64_t)(uintptr_t)__ehdr_start && at < (uint64_t)(uintptr_t)_end;
}

static _Unwind_Reason_Code look(struct _Unwind_Context *frame, void *argument)
{
    struct search *search = argument;
    uint64_t at = (uint64_t)_Unwind_GetIP(frame);

    if (is_ours(at)) {
        return ++search->frames < FRAMES_AT_MOST ? _URC_NO_REASON : _URC_NORMAL_STOP;
    }
    search->found = at;
    return _URC_NORMAL_STOP;
}

uint64_t mp_caller_find(void)
{
    struct search search = {.found = 0};
    if (!is_ours(getauxval(AT_PHDR))) { // else the program is
        _Unwind_Backtrace(look, &search);
    }
    return search.found;
}

#else

uint64_t mp_caller_find(void)
{
    return 0;
}

#endif
