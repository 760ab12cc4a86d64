// SPDX-License-Identifier: MIT
//
// A number for each MPI function. A rank publishes the number of the call it is in on its board,
// and the launcher, which shares no code with the library beyond lib/base, turns it into a name.
// The list itself is calls.def.

#ifndef MP_BASE_CALLS_H
#define MP_BASE_CALLS_H

enum mp_call {
    MP_CALL_NONE, // in no MPI call
#define MP_CALL(name, chapter) MP_CALL_##name,
#include "base/calls.def"
#undef MP_CALL
    MP_CALL_COUNT
};

// The name of a call, "MPI_Send" for MP_CALL_Send; "" for MP_CALL_NONE and for numbers that are no
// call, since the number may come from another process's memory. A constant string.
const char *mp_call_name(int call);

#endif
