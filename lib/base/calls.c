// SPDX-License-Identifier: MIT
//
// The names of calls.def: one block of characters and an offset for each name. A table of pointers
// would cost the dynamic linker 665 relocations in every rank that starts.

#include "base/calls.h"

#include <stddef.h>
#include <stdint.h>

// One member per name, so that the compiler counts the offsets.
struct name_block {
    char none[1];
#define MP_CALL(name, chapter) char name[sizeof("MPI_" #name)];
#include "base/calls.def"
#undef MP_CALL
};

static const struct name_block names = {
    "",
#define MP_CALL(name, chapter) "MPI_" #name,
#include "base/calls.def"
#undef MP_CALL
};

static const uint16_t offsets[MP_CALL_COUNT] = {
    offsetof(struct name_block, none),
#define MP_CALL(name, chapter) offsetof(struct name_block, name),
#include "base/calls.def"
#undef MP_CALL
};

_Static_assert(sizeof(struct name_block) <= UINT16_MAX, "an offset must fit in 16 bits");

const char *mp_call_name(int call)
{
    if (call < 0 || call >= MP_CALL_COUNT)
        call = MP_CALL_NONE;
    return (const char *)&names + offsets[call];
}
