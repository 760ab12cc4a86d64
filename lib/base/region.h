// SPDX-License-Identifier: MIT
// Memory for many small things that come and go more or less in the order in which they came:
// messages that wait for a receive, answers that wait for room. They lie in regions. A region is
// filled from its start to its end and then left alone until nothing is left in it; then it is
// filled again, or goes back to the system. Among malloc's blocks a single one that stays would
// keep all the memory below it. The first few regions are small, so that few things that come and
// go touch little memory, wherever one of them stays.
#ifndef MP_BASE_REGION_H
#define MP_BASE_REGION_H

#include <stddef.h>

struct mp_region;

// One kind of things. All 0: none.
struct mp_regions {
    struct mp_region *filling; // where the next one goes, or NULL
    struct mp_region *spare;   // an empty one, or NULL
    char *small;               // MP_REGION_BYTES of small ones, in use or not; or NULL
    size_t held;               // bytes of all others, in use or not
};

enum { MP_REGION_BYTES = 256 << 10, MP_REGION_SMALL = 32 << 10 };

// Memory for one, aligned to 16 bytes; much less than a region. NULL when memory is out.
void *mp_region_take(struct mp_regions *regions, size_t bytes);
void mp_region_give(struct mp_regions *regions, void *memory);

#endif
