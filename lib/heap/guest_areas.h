// SPDX-License-Identifier: MIT
// The areas of guests: processes of other worlds, whose heap is another file. So they lie elsewhere
// here than over there. Read next: heap/heap.h (mp_heap_reach), process/near_guests.h.
#ifndef MP_HEAP_GUEST_AREAS_H
#define MP_HEAP_GUEST_AREAS_H

#include "boot/guests.h"

// Makes that guest's area, in the heap's file behind `fd`, which may be closed then, one that can
// be reached. If that cannot be, it is not: that does no harm.
void mp_heap_take_guest(int guest, const struct mp_shares *theirs, int fd);

// Nobody looks there any more.
void mp_heap_forget_guest(int guest);

#endif
