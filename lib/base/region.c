// SPDX-License-Identifier: MIT
// Regions: see region.h. Each thing has its region's address before it.
#define _GNU_SOURCE
#include "base/region.h"

#include "base/bits.h"

#include <stdbool.h>
#include <sys/mman.h>

struct mp_region {
    size_t bytes; // with this header
    size_t used;  // of them
    size_t live;  // things in it
    _Alignas(16) char things[];
};

struct thing {
    struct mp_region *region;
    _Alignas(16) char memory[];
};

static void *map(void)
{
    void *memory =
        mmap(NULL, MP_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

// The first small one with nothing in it, so that the same ones are used again; or NULL.
static struct mp_region *small_one(struct mp_regions *regions)
{
    regions->small = regions->small ? regions->small : map();
    for (size_t at = 0; regions->small && at < MP_REGION_BYTES; at += MP_REGION_SMALL) {
        struct mp_region *region = (struct mp_region *)(void *)(regions->small + at);
        if (region->live == 0) {
            return region;
        }
    }
    return NULL;
}

// One with that much room.
static struct mp_region *region_new(struct mp_regions *regions, size_t room)
{
    bool fits_small = room <= MP_REGION_SMALL - sizeof(struct mp_region);
    struct mp_region *region = fits_small ? small_one(regions) : NULL;
    size_t bytes = region ? MP_REGION_SMALL : MP_REGION_BYTES;

    if (!region) {
        region = regions->spare ? regions->spare : map();
        regions->held += region && !regions->spare ? MP_REGION_BYTES : 0;
        regions->spare = NULL;
    }
    if (region) {
        *region = (struct mp_region){.bytes = bytes, .used = sizeof *region};
    }
    return region;
}

// One with nothing in it any more.
static void region_free(struct mp_regions *regions, struct mp_region *region)
{
    bool small = region->bytes == MP_REGION_SMALL;

    if (region == regions->filling) {
        region->used = sizeof *region;
        regions->filling = small ? region : NULL;
    }
    if (small) {
        return;
    }
    if (!regions->spare) {
        regions->spare = region;
        return;
    }
    munmap(region, MP_REGION_BYTES);
    regions->held -= MP_REGION_BYTES;
}

void *mp_region_take(struct mp_regions *regions, size_t bytes)
{
    struct mp_region *region = regions->filling;
    size_t room = mp_round_up(sizeof(struct thing) + bytes, 16);

    if (unlikely(!region || room > region->bytes - region->used)) {
        if (room > MP_REGION_BYTES - sizeof *region) {
            return NULL;
        }
        region = region_new(regions, room);
        if (!region) {
            return NULL;
        }
        regions->filling = region; // the one before goes with the last thing in it
    }
    struct thing *thing = (struct thing *)(void *)((char *)region + region->used);
    region->used += room;
    region->live++;
    thing->region = region;
    return thing->memory;
}

void mp_region_give(struct mp_regions *regions, void *memory)
{
    const struct thing *thing = mp_container_of(memory, struct thing, memory);
    struct mp_region *region = thing->region;

    if (--region->live == 0) {
        region_free(regions, region);
    }
}
