// SPDX-License-Identifier: MIT
// Ranks that wait for each other for ever may be of several worlds, each of which has a keeper and
// a segment of its own. A keeper finds the segments of the others where those have them open, among
// the children of the warden. Only worlds whose ranks talk through memory: connections that are
// under way elsewhere are known to the keeper there alone.
// Read next: deadlock_watch.c.
#define _GNU_SOURCE
#include "launcher/other_worlds.h"

#include "boot/protocol.h"
#include "launcher/family.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_WORLDS = 256 };

struct other {
    struct other *next;
    bool asked;
    struct mp_segment_header *segment;
    uint64_t bytes;
    struct job job;
};

static struct other *others;

// The head of the segment that this process has open, as far as ranks tell something there.
static struct mp_segment_header *map_segment(pid_t keeper, uint64_t *bytes)
{
    struct mp_segment_header *header = MAP_FAILED, *all = MAP_FAILED;
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)keeper, MP_SEGMENT_FD);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        header = mmap(NULL, sizeof *header, PROT_READ, MAP_SHARED, fd, 0);
    if (header != MAP_FAILED) {
        *bytes = header->doorbells_offset;
        if (header->magic == MP_SEGMENT_MAGIC && header->version == MP_SEGMENT_VERSION &&
            header->nodes == 1 && header->channel == MP_CHANNEL_SHM)
            all = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        munmap(header, sizeof *header);
    }
    if (fd >= 0)
        close(fd);
    return all == MAP_FAILED ? NULL : all;
}

static struct other *find(uint64_t number, pid_t warden)
{
    pid_t keepers[MOST_WORLDS];
    size_t count = family_children(warden, keepers, MOST_WORLDS);
    struct other *found = NULL;

    for (size_t i = 0; i < count && i < MOST_WORLDS && !found; i++) {
        uint64_t bytes;
        struct mp_segment_header *segment =
            keepers[i] == getpid() ? NULL : map_segment(keepers[i], &bytes);
        if (segment && segment->job == number && (found = calloc(1, sizeof *found))) {
            *found = (struct other){.next = others, .segment = segment, .bytes = bytes};
            found->job.segments = &found->segment;
            found->job.nranks = (int)segment->world;
            others = found;
        } else if (segment) {
            munmap(segment, bytes);
        }
    }
    return found;
}

const struct job *other_world(uint64_t number, pid_t warden)
{
    struct other *other = others;

    while (other && other->segment->job != number)
        other = other->next;
    if (!other)
        other = find(number, warden);
    if (!other)
        return NULL;
    other->asked = true;
    return &other->job;
}

void other_worlds_forget(void)
{
    struct other **at = &others;

    while (*at) {
        struct other *other = *at;
        if (other->asked) {
            other->asked = false;
            at = &other->next;
        } else {
            *at = other->next;
            munmap(other->segment, other->bytes);
            free(other);
        }
    }
}
