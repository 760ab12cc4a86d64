// SPDX-License-Identifier: MIT
// Each area has its addresses here at once, and nobody may use them; what messages name is opened
// piece by piece, as among ranks of one world: so one mlockall does not fill it with pages. The
// file's descriptor is not needed any more then, and a process has no more of them for its guests'
// heaps. Where there are not so many addresses, the guest's memory is reached in other ways.
#define _GNU_SOURCE
#include "heap/guest_areas.h"

#include "heap/heap.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define WINDOW ((size_t)16 << 20) // the first piece; further ones double it

struct area {
    char *here; // NULL: not reached
    size_t bytes;
    size_t opened;  // of it, from the beginning,
    size_t blocks;  // and where blocks end
    bool variables; // opened, too
    uintptr_t address, program;
    size_t program_bytes, place; // the latter from the beginning of the area
};

static struct area *areas; // by peer; NULL: there were none yet

// Not where they are limited (ulimit -v): then they are the program's.
static bool has_addresses(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

void mp_heap_take_guest(int guest, const struct mp_shares *theirs, int fd)
{
    if (!areas) {
        areas = mp_peer_table(sizeof *areas);
    }
    if (!areas || areas[guest].here || theirs->area_bytes == 0 || !has_addresses()) {
        return; // it is the same process still, and so is its area
    }
    char *here = mmap(NULL, theirs->area_bytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd,
                      (off_t)theirs->area);
    if (here == MAP_FAILED) {
        return;
    }
    madvise(here, theirs->area_bytes, MADV_DONTFORK);
    madvise(here, theirs->area_bytes, MADV_DONTDUMP);
    madvise(here, theirs->area_bytes, MADV_HUGEPAGE);
    size_t place = theirs->place - theirs->address;
    areas[guest] = (struct area){.here = here,
                                 .bytes = theirs->area_bytes,
                                 .blocks = theirs->program_bytes ? place : theirs->area_bytes,
                                 .address = theirs->address,
                                 .program = theirs->program,
                                 .program_bytes = theirs->program_bytes,
                                 .place = place};
}

void mp_heap_forget_guest(int guest)
{
    if (areas && areas[guest].here) {
        munmap(areas[guest].here, areas[guest].bytes);
        areas[guest] = (struct area){0};
    }
}

static bool allow(const struct area *area, size_t from, size_t to)
{
    return mprotect(area->here + from, to - from, PROT_READ | PROT_WRITE) == 0;
}

// Opens the area up to `end`, if blocks can lie there.
static bool open_blocks(struct area *area, size_t end)
{
    size_t to = area->opened ? area->opened : WINDOW;

    while (to < end) {
        to *= 2;
    }
    to = to < area->blocks ? to : area->blocks;
    if (end > to || !allow(area, area->opened, to)) {
        return false;
    }
    area->opened = to;
    return true;
}

void *mp_heap_reach_guest(int guest, uintptr_t address, size_t bytes)
{
    struct area *area = areas ? &areas[guest] : NULL;

    if (!area || !area->here) {
        return NULL;
    }
    size_t at = address - area->address;
    if (at < area->blocks) {
        bool open = bytes <= area->blocks - at &&
                    (at + bytes <= area->opened || open_blocks(area, at + bytes));
        return open ? area->here + at : NULL;
    }
    at = address - area->program;
    if (at >= area->program_bytes || bytes > area->program_bytes - at) {
        return NULL;
    }
    area->variables =
        area->variables || allow(area, area->place, area->place + area->program_bytes);
    return area->variables ? area->here + area->place + at : NULL;
}
