// SPDX-License-Identifier: MIT
// Copying what passes from core to core: into memory that another core reads soon, and out of
// memory that another core has just written.
#ifndef MP_BASE_COPY_H
#define MP_BASE_COPY_H

#include "base/bits.h"
#include "base/processor.h"

#include <stddef.h>

// Copies `bytes`, 64 or more, from the end to the beginning. The two may not overlap. The pointer
// is to the one for this processor from the first call on.
extern void (*mp_copy_downwards)(void *to, const void *from, size_t bytes);
void mp_copy_in_general(void *to, const void *from, size_t bytes);
#if MP_HAVE_AVX2
void mp_copy_with_avx2(void *to, const void *from, size_t bytes);
#endif

// Copies a payload of any length into or out of a ring. A core that reads line after line upwards
// soon fetches, on the off chance, those that follow. Here they are the lines of the next message,
// which the writer holds ready (mp_ring_claim) and would have to take back; below are only those of
// messages past. The writer goes the same way, so that what it wrote last, which it is still to
// hand over, is what the reader comes to last.
// A handful of lines is over before anything is fetched ahead.
static inline void mp_copy_passing(void *to, const void *from, size_t bytes)
{
    if (bytes < 512) {
        mp_copy_short(to, from, bytes);
    } else {
        mp_copy_downwards(to, from, bytes);
    }
}

#endif
