// SPDX-License-Identifier: MIT
// Which job does this process descend from? See ancestry.c.
#ifndef MP_BOOT_ANCESTRY_H
#define MP_BOOT_ANCESTRY_H

#include <stdbool.h>
#include <sys/types.h>

enum { MP_GENERATIONS = 64 };

struct mp_ancestry {
    pid_t keeper; // the nearest process above this one that is mprun's keeper; 0: none
    pid_t pids[MP_GENERATIONS]; // below it: this process, its parent ... to the keeper's child
    int count;                  // of them
    bool denied;                // there is a keeper, but of another user: we may not look into it
};

// Looks for the keeper among the processes above this one. Returns a descriptor of its segment,
// open for reading and writing, close-on-exec; or -1 if there is none, or `denied`.
int mp_ancestry_find(struct mp_ancestry *ancestry);

// What that keeper has open as `number`, in the same way; or -1 with errno.
int mp_ancestry_open(const struct mp_ancestry *ancestry, int number);

// Whether `fd` is a segment that mprun made.
bool mp_segment_behind(int fd);

#endif
