// SPDX-License-Identifier: MIT
// The memory that windows own: in the shared heap, where peers can reach it; elsewhere, where there
// is no heap. MPI_Win_allocate_shared needs memory that all members map even then: without a heap
// it is a file of its own, which the others open through /proc, by its owner's descriptor.
#define _GNU_SOURCE
#include "base/say.h"
#include "collectives/collectives.h"
#include "heap/heap.h"
#include "object/errhandler.h"
#include "process/peers.h"
#include "window/window.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

void *mp_window_memory(size_t bytes, size_t alignment, bool zero)
{
    void *memory = mp_heap_allocate(bytes ? bytes : 1, alignment, zero);
    if (memory || posix_memalign(&memory, alignment, bytes ? bytes : 1) != 0) {
        return memory;
    }
    return zero ? memset(memory, 0, bytes) : memory;
}

void mp_window_memory_free(void *memory)
{
    if (memory && mp_heap_made(memory)) {
        mp_heap_free(memory);
    } else {
        free(memory);
    }
}

// What is watched. Looked at by free, which any thread calls at any time, and which may not
// allocate: so these are places for the first ones, and more are not watched. Changed with the lock
// held, in an order in which one that is half written is empty.
enum { WATCHED = 64 };
static struct {
    _Atomic uintptr_t start, end;
} watched[WATCHED];

static void freed(const void *block, size_t bytes)
{
    uintptr_t first = (uintptr_t)block;
    for (int i = 0; i < WATCHED && mp_process.users > 0; i++) {
        uintptr_t end = atomic_load_explicit(&watched[i].end, memory_order_relaxed);
        uintptr_t start = atomic_load_explicit(&watched[i].start, memory_order_relaxed);
        if (start < end && first < end && start < first + bytes) {
            mp_say("rank %d frees memory that a window still exposes, %zu bytes at %p: what others "
                   "write there from now on goes anywhere; MPI_Win_free or MPI_Win_detach comes "
                   "first [MPI_ERR_RMA_RANGE]",
                   mp_process.rank, (size_t)(end - start), (void *)start);
            return;
        }
    }
}

void mp_window_watch(const void *base, MPI_Aint bytes)
{
    for (int i = 0; i < WATCHED && bytes > 0 && mp_heap_made(base); i++) {
        if (atomic_load_explicit(&watched[i].start, memory_order_relaxed) == 0) {
            atomic_store_explicit(&watched[i].start, (uintptr_t)base, memory_order_relaxed);
            atomic_store_explicit(&watched[i].end, (uintptr_t)base + (uintptr_t)bytes,
                                  memory_order_release);
            atomic_store_explicit(&mp_heap_freed, freed, memory_order_relaxed);
            return;
        }
    }
}

void mp_window_unwatch(const void *base)
{
    for (int i = 0; i < WATCHED && base && mp_heap_made(base); i++) {
        if (atomic_load_explicit(&watched[i].start, memory_order_relaxed) == (uintptr_t)base) {
            atomic_store_explicit(&watched[i].end, 0, memory_order_relaxed);
            atomic_store_explicit(&watched[i].start, 0, memory_order_release);
            return;
        }
    }
}

// All that is mapped is farther than this from the end of the first thread's stack, or on it: Linux
// keeps at least so much free for that to grow (mmap_base in arch/*/mm/mmap.c).
enum { KEPT_FOR_STACK = 128 << 20 };

uintptr_t mp_window_stack_end(const void *base)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    // The system has put some bytes there before the program began.
    uintptr_t end = getauxval(AT_RANDOM), start = end - KEPT_FOR_STACK;
    pthread_attr_t attributes;
    if ((uintptr_t)base < here) {
        return 0;
    }
    if (end == 0 || here < start || here > end) {
        void *lowest;
        size_t bytes;
        if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
            return 0;
        }
        pthread_attr_getstack(&attributes, &lowest, &bytes);
        pthread_attr_destroy(&attributes);
        start = (uintptr_t)lowest;
        end = start + bytes;
    }
    return start <= here && (uintptr_t)base < end ? end : 0;
}

#define LEFT                                                                                     \
    "the window's memory, %lld bytes at %p, was a variable of a function that has returned: it " \
    "has to live until MPI_Win_free"

int mp_window_fail_left(const struct mp_window *window)
{
    return mp_fail(MPI_ERR_RMA_RANGE, LEFT, (long long)window->bytes, window->base);
}

void mp_window_say_left(const struct mp_window *window)
{
    mp_say("rank %d: " LEFT " [MPI_ERR_RMA_RANGE]", mp_process.rank, (long long)window->bytes,
           window->base);
}

bool mp_window_is_mapped(uint64_t address, uint64_t bytes)
{
    enum { PAGE = 4096, PAGES = 256 };
    unsigned char in_memory[PAGES];
    uint64_t end = address + bytes;
    if (end < address) {
        return false;
    }
    if (mp_heap_holds((const void *)(uintptr_t)address, (size_t)bytes)) {
        return true;
    }
    for (uint64_t at = address / PAGE * PAGE; at < end; at += PAGES * PAGE) {
        uint64_t length = end - at < PAGES * PAGE ? end - at : PAGES * PAGE;
        // Looks at no byte (with msync(2), valgrind asks for all of a page to be initialized).
        if (mincore((void *)(uintptr_t)at, (size_t)length, in_memory) != 0 && errno == ENOMEM) {
            return false;
        }
    }
    return true;
}

int mp_window_allgather(struct mp_window *window, const void *own, size_t bytes, void *all)
{
    struct mp_datatype *byte = mp_datatype_get(MPI_BYTE);
    struct mp_collective c;
    mp_collective_set(&c, MP_ALLGATHER, 0, false);
    c.comm = window->comm;
    c.send.buffer = (void *)(uintptr_t)own;
    c.send.counts = c.send.displacements = mp_counts_each((MPI_Count)bytes);
    c.send.type = byte;
    c.recv = c.send;
    c.recv.buffer = all;
    return mp_collective_run(&c);
}

// What the first member has made, and whether the others could use it.
struct shared {
    uint64_t address; // in the heap; 0: a file
    int32_t fd, error;
};

// Where the next member's part begins. One after the other without a gap, unless the program allows
// them to be apart: then each at a multiple of the alignment.
static uint64_t next_part(uint64_t at, uint64_t bytes, bool apart, size_t alignment)
{
    return apart ? mp_round_up(at + bytes, alignment) : at + bytes;
}

// Nobody writes to it here, in the heap or in a file: Linux takes a page from the NUMA node of the
// CPU that touches it first, so a member that fills its own part has it near. Touching all for the
// program would cost time and pages where it means to use few, and would be wrong where one member
// fills another's part. mbind(2) would not say more: its policy would stay with the pages of the
// heap when the next block comes to lie there. (Pages of a freed block that the heap kept, at most
// 32 MB and a share of what is in use, stay where they are.)
static void make(struct mp_window *window, uint64_t bytes, size_t alignment, bool heap,
                 struct shared *own)
{
    void *memory = heap ? mp_heap_allocate(bytes, alignment, false) : NULL;
    if (memory) {
        window->memory = MP_MEMORY_BLOCK;
        window->block = memory;
        own->address = (uintptr_t)memory;
        return;
    }
    own->fd = memfd_create("mpi window", MFD_CLOEXEC);
    if (own->fd < 0 || ftruncate(own->fd, (off_t)bytes) != 0) {
        own->error = MPI_ERR_NO_MEM;
    }
}

// Maps the first member's file.
static void map(struct mp_window *window, uint64_t bytes, const struct shared *first,
                struct shared *own)
{
    char path[64];
    int fd = first->fd;
    if (window->rank != 0) {
        const struct mp_board *board = mp_shm_peers[window->sides[0].world].board;
        snprintf(path, sizeof path, "/proc/%d/fd/%d",
                 (int)atomic_load_explicit(&board->pid, memory_order_relaxed), first->fd);
        fd = open(path, O_RDWR | O_CLOEXEC);
    }
    void *memory =
        fd < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (window->rank != 0 && fd >= 0) {
        close(fd);
    }
    if (memory == MAP_FAILED) {
        own->error = mp_fail(MPI_ERR_RMA_SHARED, "this rank cannot map memory of rank 0: %s",
                             strerror(errno));
        return;
    }
    window->memory = MP_MEMORY_MAPPED;
    window->block = memory;
    window->block_bytes = bytes;
}

// Each member has the file at another address.
static int tell_addresses(struct mp_window *window)
{
    uint64_t own = window->sides[window->rank].address;
    uint64_t *all = malloc((size_t)window->size * sizeof *all);
    if (!all) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while making a window");
    }
    int error = mp_window_allgather(window, &own, sizeof own, all);
    for (int i = 0; i < window->size; i++) {
        window->sides[i].address = all[i];
    }
    free(all);
    return error;
}

int mp_window_share(struct mp_window *window, bool apart, size_t alignment, bool all_have_heap)
{
    uint64_t total = 0;
    struct shared own = {.fd = -1};
    struct shared *all = malloc((size_t)window->size * sizeof *all);
    for (int i = 0; i < window->size; i++) {
        total = next_part(total, window->sides[i].size, apart, alignment);
    }
    total = total ? total : 1; // the parts of size 0 begin somewhere, too
    if (window->rank == 0) {
        make(window, total, alignment, all_have_heap, &own);
    }
    if (!all) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while making a window");
    }
    int error = mp_window_allgather(window, &own, sizeof own, all);
    struct shared first = all[0];
    char *base = (char *)(uintptr_t)first.address;
    if (!error && first.error) {
        error = mp_fail(first.error, "no memory for %llu bytes that all members can map",
                        (unsigned long long)total);
    }
    if (!error && base && window->rank != 0) {
        base = mp_heap_reach(window->sides[0].world, base, total);
        if (!base) { // it could reach that rank's gate
            mp_process_abort(MPI_ERR_NO_MEM, "cannot map the memory of a shared window");
        }
    }
    if (!error && !base) {
        map(window, total, &first, &own);
        base = window->block;
        error = mp_window_allgather(window, &own, sizeof own, all);
        for (int i = 0; i < window->size && !error; i++) {
            if (all[i].error) {
                error = i == window->rank
                            ? all[i].error
                            : mp_fail(all[i].error, "rank %d cannot map the shared memory", i);
            }
        }
    }
    if (window->rank == 0 && own.fd >= 0) {
        close(own.fd);
    }
    free(all);
    uint64_t at = 0;
    for (int i = 0; i < window->size && !error; i++) {
        bool nothing = apart && window->sides[i].size == 0;
        window->sides[i].base = nothing ? NULL : base + at;
        window->sides[i].address = (uintptr_t)window->sides[i].base;
        at = next_part(at, window->sides[i].size, apart, alignment);
    }
    if (!error && window->memory == MP_MEMORY_MAPPED) {
        error = tell_addresses(window);
    }
    return error;
}

void mp_window_give_back(struct mp_window *window)
{
    if (window->memory == MP_MEMORY_BLOCK) {
        mp_window_memory_free(window->block);
    } else if (window->memory == MP_MEMORY_MAPPED) {
        munmap(window->block, window->block_bytes);
    }
    window->memory = MP_MEMORY_NONE;
}
