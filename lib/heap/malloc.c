// SPDX-License-Identifier: MIT
// malloc and its kin, exported beside the MPI functions: large blocks come from the shared heap,
// all others from the C library, by the names that it keeps for those who replace it. One compare
// on the way in, one on the way out. They work before the heap does, and without it.
// And madvise: pages that a program gives back read as zero, those of a shared file do not.
//
// Only the shared library has them: linked statically, the C library's malloc.o comes along for one
// of its other functions and would define them twice. And only over glibc, whose names they use.
#define _GNU_SOURCE
#include "heap/heap.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(PIC) && defined(__GLIBC__) && !defined(MP_HEAP_SANITIZED)

#define EXPORTED __attribute__((visibility("default")))

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t each);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *block);

enum { LEAST_ALIGNMENT = 16 };

// The C library's malloc_usable_size has no second name.
static size_t usable_elsewhere(void *block)
{
    static size_t (*usable)(void *);
    size_t (*function)(void *) = __atomic_load_n(&usable, __ATOMIC_RELAXED);

    if (!function) {
        void *found = dlsym(RTLD_NEXT, "malloc_usable_size");
        memcpy(&function, &found, sizeof function);
        __atomic_store_n(&usable, function, __ATOMIC_RELAXED);
    }
    return function ? function(block) : 0;
}

static size_t usable_size(void *block)
{
    return mp_heap_made(block) ? mp_heap_usable(block) : usable_elsewhere(block);
}

// A block of the heap, or NULL: that is for the C library.
static inline void *from_heap(size_t bytes, size_t alignment, bool zero)
{
    return unlikely(bytes >= mp_heap_threshold) ? mp_heap_allocate(bytes, alignment, zero) : NULL;
}

EXPORTED void *malloc(size_t bytes)
{
    void *block = from_heap(bytes, LEAST_ALIGNMENT, false);
    return block ? block : __libc_malloc(bytes);
}

EXPORTED void free(void *block)
{
    if (unlikely(mp_heap_made(block))) {
        mp_heap_free(block);
    } else {
        __libc_free(block);
    }
}

EXPORTED void *calloc(size_t count, size_t each)
{
    size_t bytes;
    bool fits = !__builtin_mul_overflow(count, each, &bytes);
    void *block = likely(fits) ? from_heap(bytes, LEAST_ALIGNMENT, true) : NULL;

    return block ? block : __libc_calloc(count, each);
}

EXPORTED void *realloc(void *block, size_t bytes)
{
    bool ours = mp_heap_made(block);

    if (likely(!ours && (bytes < mp_heap_threshold || !block))) {
        return block ? __libc_realloc(block, bytes) : malloc(bytes);
    }
    if (ours && bytes >= mp_heap_threshold && mp_heap_resize(block, bytes)) {
        return block;
    }
    if (bytes == 0) { // as glibc does it
        free(block);
        return NULL;
    }
    void *moved = malloc(bytes);
    if (!moved) {
        return NULL;
    }
    size_t old = usable_size(block);
    memcpy(moved, block, old < bytes ? old : bytes);
    free(block);
    return moved;
}

EXPORTED void *reallocarray(void *block, size_t count, size_t each)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, each, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}

EXPORTED void *memalign(size_t alignment, size_t bytes)
{
    size_t power = LEAST_ALIGNMENT; // glibc rounds up too

    while (power < alignment && alignment <= SIZE_MAX / 2 + 1) {
        power *= 2;
    }
    void *block = power >= alignment ? from_heap(bytes, power, false) : NULL;
    return block ? block : __libc_memalign(alignment, bytes);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

EXPORTED int posix_memalign(void **place, size_t alignment, size_t bytes)
{
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int error = errno; // the result says it, errno stays
    void *block = memalign(alignment, bytes);
    errno = error;
    if (!block) {
        return ENOMEM;
    }
    *place = block;
    return 0;
}

EXPORTED void *valloc(size_t bytes)
{
    return memalign((size_t)sysconf(_SC_PAGESIZE), bytes);
}

EXPORTED void *pvalloc(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (bytes > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(page, mp_round_up(bytes, page));
}

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

// After these, private memory reads as zero: at once, or when the system finds the time.
static bool gives_back(int advice)
{
    return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_DONTNEED_LOCKED ||
           advice == MADV_GUARD_INSTALL; // once the guards are removed
}

// The system first: it knows what is wrong with an address, and what is not ours. It says no to
// MADV_FREE where a file is mapped.
EXPORTED int madvise(void *start, size_t bytes, int advice)
{
    if (likely(!gives_back(advice) || !mp_heap_overlaps(start, bytes))) {
        return (int)syscall(SYS_madvise, start, bytes, advice);
    }
    int error = errno;
    int way = advice == MADV_FREE ? MADV_DONTNEED : advice;
    if (syscall(SYS_madvise, start, bytes, way) != 0 || !mp_heap_clear(start, bytes)) {
        return -1;
    }
    errno = error;
    return 0;
}

EXPORTED size_t malloc_usable_size(void *block)
{
    return block ? usable_size(block) : 0;
}

#else

extern int mp_heap_without_malloc; // a file needs something in it
int mp_heap_without_malloc;

#endif
