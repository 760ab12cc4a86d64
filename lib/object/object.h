// SPDX-License-Identifier: MIT
// Where all MPI objects live: one reserved range of addresses, so that any handle, however wild,
// can be told from a good one without touching memory that may not be there. A handle is good when
// it lies in the range, is aligned, and the object there carries the magic word of its kind;
// freeing an object wipes the word. The offset in the range is also the object's integer
// (MPI_Comm_toint ...).
#ifndef MP_OBJECT_OBJECT_H
#define MP_OBJECT_OBJECT_H

#include "base/bits.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Magic words: four letters, readable in a debugger.
enum mp_kind {
    MP_KIND_COMM = 0x4d4d4f43,       // "COMM"
    MP_KIND_GROUP = 0x50555247,      // "GRUP"
    MP_KIND_DATATYPE = 0x45505954,   // "TYPE"
    MP_KIND_OP = 0x504f504f,         // "OPOP"
    MP_KIND_REQUEST = 0x54514552,    // "REQT"
    MP_KIND_MESSAGE = 0x4753534d,    // "MSSG"
    MP_KIND_ERRHANDLER = 0x48525245, // "ERRH"
    MP_KIND_INFO = 0x4f464e49,       // "INFO"
    MP_KIND_SESSION = 0x53534553,    // "SESS"
    MP_KIND_WIN = 0x204e4957,        // "WIN "
    MP_KIND_FILE = 0x454c4946,       // "FILE"
};

// The head of every object.
struct mp_object {
    uint32_t magic;   // enum mp_kind; 0 once freed
    uint32_t refs;    // handles and internal holders; the object goes when it reaches 0
    uint32_t units;   // size in MP_OBJECT_UNIT bytes, for the free list
    uint32_t builtin; // non-zero: predefined by the standard, in static memory, never freed
};

#define MP_OBJECT_UNIT_BITS 6
#define MP_OBJECT_UNIT      (1 << MP_OBJECT_UNIT_BITS)

extern char *mp_object_base;         // of the range; NULL until the first allocation
extern _Atomic size_t mp_object_end; // bytes of the range in use so far; grows, never shrinks

// A zeroed object of `size` bytes (up to MP_OBJECT_MAX) with its head set and one reference, or
// NULL when memory is out. Works before MPI_Init and after MPI_Finalize. INFO, ERRHANDLER and
// SESSION objects may be made and deleted by any thread at any time; for the other kinds only one
// thread at a time may be here, which the library's lock sees to (process/process.h).
#define MP_OBJECT_MAX 4096
void *mp_object_new(enum mp_kind kind, size_t size);

// Puts the memory of an object back. The caller has released what it holds.
void mp_object_delete(void *object);

// True if `handle` is the address of a live object of that kind (not for predefined handles).
static inline bool mp_object_is(const void *handle, enum mp_kind kind)
{
    uintptr_t offset = (uintptr_t)handle - (uintptr_t)mp_object_base;
    return likely(offset < atomic_load_explicit(&mp_object_end, memory_order_acquire) &&
                  offset % MP_OBJECT_UNIT == 0) &&
           ((const struct mp_object *)handle)->magic == kind;
}

// The same for many handles, of which the range is loaded once.
struct mp_object_range {
    uintptr_t base;
    size_t units;
};

static inline struct mp_object_range mp_object_range(void)
{
    // Acquire: as in mp_object_is.
    size_t end = atomic_load_explicit(&mp_object_end, memory_order_acquire);
    return (struct mp_object_range){(uintptr_t)mp_object_base, end / MP_OBJECT_UNIT};
}

static inline bool mp_object_is_in(const struct mp_object_range *range, const void *handle,
                                   enum mp_kind kind)
{
    uintptr_t offset = (uintptr_t)handle - range->base;
    // What is no multiple of a unit becomes greater than any range, so one comparison will do.
    uintptr_t unit = offset / MP_OBJECT_UNIT | offset << (sizeof offset * 8 - MP_OBJECT_UNIT_BITS);
    return likely(unit < range->units) && ((const struct mp_object *)handle)->magic == kind;
}

// The integer of a handle and back. Predefined handles (below 4096) are their own integers; objects
// count up from 4096. From: returns the address, good or not; the next use of the handle checks it.
int mp_object_to_int(const void *handle);
void *mp_object_from_int(int value);

#endif
