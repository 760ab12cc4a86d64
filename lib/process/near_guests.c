// SPDX-License-Identifier: MIT
// Memory that is shared with guests: see near_guests.h. What is known of one stays until its number
// is given back, also when its stream has ended: a thread may be about to look at its board, and a
// window still name an address of its heap.
#define _GNU_SOURCE
#include "process/near_guests.h"

#include "boot/guests.h"
#include "boot/windows.h"
#include "heap/guest_areas.h"
#include "heap/heap.h"
#include "process/peers.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

// Not NULL: mapped.
struct memory {
    char *rings; // from the process whose card is first, and back
    struct mp_board *board;
    bool crowds; // its world came later, and found more ranks than cores
};

static struct memory *memories; // by peer; NULL: there were none yet

bool mp_near_can(void)
{
    const struct mp_segment_header *segment = mp_process.segment;
    return mp_process.launched && segment->channel == MP_CHANNEL_SHM && segment->warden[0];
}

uint64_t mp_near_place(void)
{
    uint64_t place = mp_process.segment->node;
    for (const char *at = mp_process.segment->warden; *at; at++) {
        place = (place ^ (unsigned char)*at) * 0x100000001b3;
    }
    return place;
}

static uint64_t rings_bytes(void)
{
    return 2 * mp_process.segment->ring_bytes;
}

// They begin at different places in their pages, as those of a segment do (mp_segment_ring).
static struct mp_ring *ring_between(const struct memory *memory, const struct mp_card *from,
                                    const struct mp_card *to)
{
    uint64_t number = from->job + 3 * to->job + (uint64_t)(from->rank + 2 * to->rank);
    char *place = memory->rings + (mp_card_before(from, to) ? 0 : mp_process.segment->ring_bytes);
    return (struct mp_ring *)(void *)(place + number % MP_RING_COLOURS * MP_APART);
}

static bool map_rings(struct memory *memory, int fd)
{
    if (memory->rings) { // of an earlier stream
        mp_window_unmap(memory->rings, rings_bytes());
    }
    memory->rings = mp_window_map_of(fd, 0, rings_bytes());
    return memory->rings != NULL;
}

static int make_rings(struct memory *memory)
{
    struct rlimit limit; // beyond it comes a signal
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur < rings_bytes()) {
        return -1;
    }
    int fd = memfd_create("mprun-pair", MFD_CLOEXEC);

    if (fd >= 0 && (ftruncate(fd, (off_t)rings_bytes()) != 0 || !map_rings(memory, fd))) {
        close(fd);
        return -1;
    }
    return fd;
}

bool mp_near_tell(int guest, bool first, struct mp_told *told)
{
    struct mp_segment_header *segment = mp_process.segment;
    struct mp_shares *own = &told->shares;

    *told = (struct mp_told){.made = -1};
    if (!memories) {
        memories = mp_peer_table(sizeof *memories);
    }
    int file = mp_near_can() && memories ? mp_windows_file() : -1;
    if (file < 0 || !mp_shm_fences_with_guests(&own->fences)) {
        return false;
    }
    memcpy(own->warden, segment->warden, sizeof own->warden);
    own->node = segment->node;
    own->per_core = segment->ranks_per_core;
    own->board = (uint64_t)((char *)mp_process.board - (char *)segment);
    told->fds[told->count++] = file;
    int heap = mp_heap_tell(own);
    if (heap >= 0) {
        told->fds[told->count++] = heap;
    }
    if (!first) {
        told->made = make_rings(&memories[guest]);
        told->fds[told->count++] = told->made;
    }
    return first || told->made >= 0;
}

static bool map_board(struct memory *memory, const struct mp_shares *theirs, int fd)
{
    if (!memory->board) {
        memory->board = mp_window_map_of(fd, theirs->board, sizeof *memory->board);
    }
    return memory->board != NULL;
}

bool mp_near_hear(int guest, bool first, const struct mp_told *told)
{
    const struct mp_segment_header *segment = mp_process.segment;
    const struct mp_shares *theirs = &told->shares;
    uint32_t fences;
    int heap = theirs->area_bytes > 0; // whether its descriptor is there

    if (!memories) {
        memories = mp_peer_table(sizeof *memories);
    }
    if (!memories || !mp_near_can() || !mp_shm_fences_with_guests(&fences) ||
        theirs->fences != fences || theirs->node != segment->node ||
        strncmp(theirs->warden, segment->warden, sizeof segment->warden) != 0 ||
        told->count != 1 + heap + first) {
        return false;
    }
    struct memory *memory = &memories[guest];
    if (!map_board(memory, theirs, told->fds[0]) ||
        (first && !map_rings(memory, told->fds[told->count - 1]))) {
        return false;
    }
    memory->crowds = theirs->per_core > 1;
    if (heap) {
        mp_heap_take_guest(guest, theirs, told->fds[1]);
    }
    return true;
}

// As long as there are near guests that say so, this rank leaves the core to others while it waits.
static void count_crowd(const struct memory *memory, int by)
{
    static int crowding;

    crowding += memory->crowds ? by : 0;
    mp_process.planned = mp_process.segment->ranks_per_core > 1 || crowding > 0;
    mp_process.crowded = mp_process.crowded || mp_process.planned;
}

void mp_near_open(int guest)
{
    const struct memory *memory = &memories[guest];
    struct mp_card own = mp_card_of(mp_process.rank), other = mp_card_of(guest);

    count_crowd(memory, 1);
    mp_peer_open_near(guest, ring_between(memory, &own, &other), ring_between(memory, &other, &own),
                      memory->board);
}

void mp_near_close(int guest)
{
    if (mp_peer_is_near(guest)) {
        count_crowd(&memories[guest], -1);
        mp_peer_close_near(guest);
    }
    if (memories && memories[guest].rings) {
        mp_window_unmap(memories[guest].rings, rings_bytes());
        memories[guest].rings = NULL;
    }
}

void mp_near_forget(int guest)
{
    mp_near_close(guest);
    mp_heap_forget_guest(guest);
    if (memories && memories[guest].board) {
        mp_window_unmap(memories[guest].board, sizeof *memories[guest].board);
        memories[guest].board = NULL;
    }
}
