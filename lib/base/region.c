// SPDX-License-Identifier: MIT
// Regions: see region.h. Each thing has its region's address before it.
#define _GNU_SOURCE
#include "base/region.h"

#include "base/bits.h"

#include <sys/mman.h>

struct mp_region {
    size_t used; // bytes, with this header
    size_t live; // things in it
    _Alignas(16) char things[];
};

struct thing {
    struct mp_region *region;
    _Alignas(16) char memory[];
};

static struct mp_region *region_new(struct mp_regions *regions)
{
    struct mp_region *region = regions->spare;
    regions->spare = NULL;
    if (!region) {
        region =
            mmap(NULL, MP_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (region == MAP_FAILED) {
            return NULL;
        }
        regions->held += MP_REGION_BYTES;
    }
    region->used = sizeof *region;
    region->live = 0;
    return region;
}

static void region_free(struct mp_regions *regions, struct mp_region *region)
{
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

    if (unlikely(!region || room > MP_REGION_BYTES - region->used)) {
        if (room > MP_REGION_BYTES - sizeof *region) {
            return NULL;
        }
        region = region_new(regions);
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

    if (--region->live > 0) {
        return;
    }
    if (region == regions->filling) {
        region->used = sizeof *region;
    } else {
        region_free(regions, region);
    }
}
