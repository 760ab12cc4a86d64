// SPDX-License-Identifier: MIT
// How a process comes to its part of the job's heap, and what becomes of it.
//
// The file. The launcher makes one sparse memfd for a node and chooses the address (shm/layout.h).
// Every process that loads this library under mprun maps its head there, in its constructor, so
// that blocks allocated before MPI_Init lie in it too. The rest is mapped in growing windows, each
// rank's own as it allocates, a peer's as messages name it: so a process has addresses for what it
// uses, and one mlockall does not fill the whole file with pages. Nothing else comes to lie
// between: Linux looks for room from the other end. If something does, the window does not open,
// and all is as if the area ended there.
//
// The owner. One process may allocate in a rank's area: the first that writes its id into the
// rank's word. A script may start several programs that load this library under one rank; the area
// of one that has ended goes to the next. Peers use an area only if its owner is also the process
// that joined the job as that rank (board->pid): if another one did, addresses in its messages are
// not addresses of this file. Both words are written before a rank's first message, so whoever has
// heard from a peer may judge.
//
// The program's static variables, if there are many, get pages at the end of the area: see
// heap/program_data.c. The table of owners tells peers their address.
//
// fork. The mapping is not inherited (MADV_DONTFORK); otherwise the child would write into its
// parent's memory. It gets a private copy of what is in use, made by the parent before the fork,
// after all other handlers have taken their locks (ours was registered first and so runs last). No
// signal comes before the child has it. A child never allocates here again; it frees what it got.
// vfork and posix_spawn run no handlers and need nothing, and the descriptor is closed on exec once
// MPI_Init has been called.
//
// Off: not under mprun; MPRUN_SHARED_HEAP=0 or --no-shared-heap; the address is taken, or mmap is
// refused (ulimit -v); a sanitizer or valgrind, which have their own idea of the address space. If
// malloc is not ours, only MPI_Alloc_mem uses the heap.
#define _GNU_SOURCE
#include "heap/heap.h"

#include "base/say.h"
#include "boot/ancestry.h"
#include "boot/protocol.h"
#include "heap/extents.h"
#include "heap/program_data.h"
#include "heap/sparse.h"
#include "shm/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    THRESHOLD = 32 << 10, // blocks from here on: smaller ones are not worth whole pages
    COLOURS = 8,          // see mp_heap_allocate
    COLOUR_ALWAYS = 128 << 10
};
#define HUGE_PAGE ((size_t)2 << 20) // or a multiple of its size
// The first window of an area; further ones double it.
#define WINDOW ((size_t)16 << 20)
// Free memory that is kept for reuse: this much, and a share of what is in use.
#define KEEP_BYTES ((size_t)32 << 20)
enum { KEEP_SHARE = 16 };

struct mp_heap mp_heap;
uintptr_t mp_heap_blocks;
size_t mp_heap_blocks_bytes;
size_t mp_heap_threshold = SIZE_MAX;

static struct {
    int fd;
    bool lost;                   // the file is not to be found any more
    int node;                    // whose heap it is
    int size;                    // areas: of the ranks of this node,
    int first;                   // from this world rank on
    char *base;                  // where the file begins
    struct mp_heap_owner *owner; // per place
    struct mp_program_data program;
    size_t opened;    // how far into our own area we may go
    bool inherited;   // in a forked child: the blocks are private copies
    char *image;      // while we fork: the copies, laid out like the area
    sigset_t signals; // while we fork: those that were blocked before
    struct mp_segment_header *segment;
    struct mp_extents extents;
    pthread_mutex_t lock; // for the extents and all that follows from them
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

// ---- Windows

static struct stat heap_file;

// Our descriptor, or -1 if it is no longer that of the heap: a program may close what it did not
// open.
static int heap_fd(void)
{
    struct stat opened;
    bool ours = fstat(heap.fd, &opened) == 0 && S_ISREG(opened.st_mode) &&
                opened.st_size == heap_file.st_size && opened.st_ino == heap_file.st_ino &&
                opened.st_dev == heap_file.st_dev;
    return ours ? heap.fd : -1;
}

static bool take_file(int fd, off_t bytes)
{
    heap.fd = fd;
    return fstat(fd, &heap_file) == 0 && S_ISREG(heap_file.st_mode) && heap_file.st_size == bytes;
}

// Finds the heap's file, of `bytes` bytes: as the descriptor `fd` that the launcher handed over;
// or, if another program has closed that or opened something in its place, where the keeper has it.
static bool find_file(int fd, off_t bytes)
{
    struct mp_ancestry ancestry;

    if (take_file(fd, bytes)) {
        return true;
    }
    int segment = mp_ancestry_find(&ancestry);
    if (segment < 0) {
        return false;
    }
    close(segment);
    if (take_file(mp_ancestry_open(&ancestry, mp_node_heap_fd(heap.node)), bytes)) {
        return true;
    }
    if (heap.fd >= 0) {
        close(heap.fd);
    }
    return false;
}

// Once more, if the descriptor is lost.
static void seek_file(void)
{
    if (heap_fd() < 0 && !heap.lost) {
        heap.lost = !find_file(-1, heap_file.st_size);
    }
}

// Maps `bytes` bytes of the file where they belong. Not open at once: where the program has locked
// all its memory to come (mlockall), the system would fill them with pages.
static bool map_part(char *at, size_t bytes)
{
    int flags = MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, error = errno;

    seek_file();
    char *got = mmap(at, bytes, PROT_NONE, flags, heap_fd(), at - heap.base);
    bool done = got == at && madvise(at, bytes, MADV_DONTFORK) == 0 &&
                madvise(at, bytes, MADV_DONTDUMP) == 0 &&
                mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0;
    if (!done && got != MAP_FAILED) {
        munmap(got, bytes);
    }
    // Everything in one piece, so that a block needs no alignment to have huge pages where the
    // kernel gives them to shared files, and arrays of one size do not all begin at the same place
    // in the caches. Where it does not, the launcher asks for them once the pages are there.
    if (done) {
        madvise(at, bytes, MADV_HUGEPAGE);
    }
    errno = error;
    return done;
}

// Opens the area at `area` up to at least `end`, and at most `most`. Returns how far it is open
// now.
static size_t open_window(char *area, size_t opened, size_t end, size_t most)
{
    size_t to = opened ? opened : WINDOW;

    while (to < end) {
        to *= 2;
    }
    to = to < most ? to : most;
    return to > opened && map_part(area + opened, to - opened) ? to : opened;
}

// ---- Blocks

static char *page_address(uint32_t page)
{
    return (char *)mp_heap_blocks + (size_t)page * PAGE;
}

static uint32_t page_of(const void *block)
{
    return (uint32_t)(((uintptr_t)block - mp_heap_blocks) / PAGE);
}

// The pages of the block. No lock: the entries of a live block are changed by its owner only.
static uint32_t count_of(const void *block)
{
    uint32_t count = mp_extents_count(&heap.extents, page_of(block));
    if (unlikely(!count)) {
        mp_say("free() or realloc(): not the address of a block");
        abort();
    }
    return count;
}

// Makes `count` pages read as zero again, and gives the memory back to the system.
static void discard(char *pages, size_t bytes)
{
    int error = errno; // free leaves it alone
    int way = heap.inherited ? MADV_DONTNEED : MADV_REMOVE;
    if (madvise(pages, bytes, way) != 0) {
        memset(pages, 0, bytes);
    }
    errno = error;
}

// Cleans dirty extents when there are too many. The lock is free while the system works.
static void trim(void)
{
    size_t keep = KEEP_BYTES / PAGE + heap.extents.used_pages / KEEP_SHARE;
    uint32_t first, count;

    if (heap.extents.dirty_pages <= keep) {
        return;
    }
    while (heap.extents.dirty_pages > keep / 2 &&
           mp_extents_clean_begin(&heap.extents, &first, &count)) {
        pthread_mutex_unlock(&heap.lock);
        discard(page_address(first), (size_t)count * PAGE);
        pthread_mutex_lock(&heap.lock);
        mp_extents_clean_end(&heap.extents, first);
    }
}

void *mp_heap_allocate(size_t bytes, size_t alignment, bool zero)
{
    static unsigned next_colour;
    size_t unit = alignment > PAGE ? alignment / PAGE : 1;
    size_t area_pages = (size_t)1 << mp_heap.shift >> 12;
    bool dirty;

    if (!mp_heap.own || bytes / PAGE >= area_pages || unit >= area_pages) {
        return NULL;
    }
    pthread_mutex_lock(&heap.lock);
    // Blocks do not all begin at the start of a page: loops over several arrays would have all of
    // them in the same sets of the caches, and loads would wait for stores a multiple of 4096 bytes
    // away, or a little less: what is stored here is about to be loaded there. So the places are
    // an eighth of a page apart, and blocks that follow each other are far from each other (a loop
    // over two arrays of a stencil takes a tenth longer with 64 bytes between them than with 2048).
    size_t colour =
        alignment <= PAGE / COLOURS ? next_colour++ * 5 % COLOURS * (PAGE / COLOURS) : 0;
    if (bytes < COLOUR_ALWAYS && colour > -bytes % PAGE) {
        colour = 0; // not for the price of a page
    }
    size_t pages = (bytes + colour + PAGE - 1) / PAGE;
    uint32_t first = mp_extents_take(&heap.extents, (uint32_t)pages, (uint32_t)unit, &dirty);
    size_t end = ((size_t)first + pages) * PAGE;
    if (first != MP_EXTENT_NONE && end > heap.opened) {
        size_t before = heap.opened;
        heap.opened = open_window((char *)mp_heap.own, before, end, mp_heap_blocks_bytes);
        madvise((char *)mp_heap.own + before, heap.opened - before, MADV_DODUMP);
        if (end > heap.opened) {
            mp_extents_give(&heap.extents, first);
            first = MP_EXTENT_NONE;
        }
    }
    pthread_mutex_unlock(&heap.lock);
    if (first == MP_EXTENT_NONE) {
        return NULL;
    }
    char *block = page_address(first) + colour;
    if (zero && dirty) {
        memset(block, 0, bytes);
    }
    return block;
}

void (*_Atomic mp_heap_freed)(const void *block, size_t bytes);

void mp_heap_free(void *block)
{
    uint32_t count = count_of(block);
    void (*freed)(const void *, size_t) =
        atomic_load_explicit(&mp_heap_freed, memory_order_relaxed);

    if (unlikely(freed != NULL) && !heap.inherited) {
        freed(block, mp_heap_usable(block));
    }
    pthread_mutex_lock(&heap.lock);
    mp_extents_give(&heap.extents, page_of(block));
    if (unlikely(heap.inherited)) {
        discard(page_address(page_of(block)), (size_t)count * PAGE);
    } else {
        trim();
    }
    pthread_mutex_unlock(&heap.lock);
}

size_t mp_heap_usable(const void *block)
{
    return (size_t)count_of(block) * PAGE - (uintptr_t)block % PAGE;
}

bool mp_heap_resize(void *block, size_t bytes)
{
    size_t pages = ((uintptr_t)block % PAGE + bytes + PAGE - 1) / PAGE;
    uint32_t first = page_of(block);
    uint32_t count = count_of(block);
    bool done = pages == count;

    if (!done && mp_heap.own && pages < heap.extents.pages) {
        pthread_mutex_lock(&heap.lock);
        if (pages < count || (first + pages) * PAGE <= heap.opened) {
            done = mp_extents_resize(&heap.extents, first, (uint32_t)pages);
            trim();
        }
        pthread_mutex_unlock(&heap.lock);
    }
    return done;
}

// ---- Pages that the program gives back, and goes on using

// What may be given back: the blocks, and the variables that start as zero. What begins with other
// values is left alone: the system would take it from the program's file again.
static struct span {
    uintptr_t from; // where the program has them
    size_t bytes;
    char *place; // where they are in our area
} spans[2];

static bool overlaps(const struct span *span, uintptr_t start, uintptr_t end)
{
    return start < span->from + span->bytes && end > span->from;
}

// Punches a hole into the file where [start, end) meets the span. By the file rather than by the
// address: the program may have mapped a file of its own there, which is to keep its bytes, or have
// forbidden itself to write. A peer that reads at this moment reads old bytes or zeros; it has no
// right to either, as the sender may not change what it is sending (section 3.7.2), and no more
// than that has happened.
static bool punch(const struct span *span, uintptr_t start, uintptr_t end)
{
    uintptr_t span_end = span->from + span->bytes;
    uintptr_t first = start > span->from ? start : span->from;
    size_t bytes = (end < span_end ? end : span_end) - first;
    char *place = span->place + (first - span->from);
    int fd = heap_fd();

    return (fd >= 0 && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place - heap.base,
                                 (off_t)bytes) == 0) ||
           madvise(place, bytes, MADV_REMOVE) == 0;
}

bool mp_heap_overlaps(const void *start, size_t bytes)
{
    uintptr_t at = (uintptr_t)start, end = mp_round_up(at + bytes, PAGE);

    return mp_heap.own && (overlaps(&spans[0], at, end) || overlaps(&spans[1], at, end));
}

bool mp_heap_clear(const void *start, size_t bytes)
{
    uintptr_t at = (uintptr_t)start, end = mp_round_up(at + bytes, PAGE);
    bool done = true;

    for (int i = 0; i < 2 && done; i++) {
        done = !overlaps(&spans[i], at, end) || punch(&spans[i], at, end);
    }
    return done;
}

// ---- fork

static void copy_extent(uint32_t first, uint32_t count, void *argument)
{
    const int *fd = argument;
    const char *from = page_address(first);

    mp_sparse_copy(*fd, from - heap.base, heap.image + (size_t)first * PAGE, from,
                   (size_t)count * PAGE);
}

static void before_fork(void)
{
    int error = errno;
    sigset_t all;

    sigfillset(&all);
    pthread_mutex_lock(&heap.lock);
    pthread_sigmask(SIG_SETMASK, &all, &heap.signals);
    if (mp_heap.own) {
        int fd = heap_fd();
        mp_program_data_before_fork(fd);
        if (heap.extents.used_pages) {
            heap.image = mp_sparse_room(heap.opened);
            if (heap.image) {
                mp_extents_each(&heap.extents, copy_extent, &fd);
            }
        }
    }
    errno = error;
}

// Ends what before_fork began.
static void after_fork(void)
{
    sigset_t before = heap.signals;

    pthread_mutex_unlock(&heap.lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void after_fork_in_parent(void)
{
    int error = errno; // that of the fork

    mp_program_data_after_fork_in_parent();
    if (heap.image) {
        munmap(heap.image, heap.opened);
        heap.image = NULL;
    }
    after_fork();
    errno = error;
}

static void after_fork_in_child(void)
{
    if (mp_heap.own) {
        char *area = (char *)mp_heap.own;
        int error = errno, fd = heap_fd();
        // The program's variables first: what is called here could refer to one.
        mp_program_data_after_fork_in_child(fd);
        // Nothing else shall come to lie here: free would take it for ours.
        mmap(area, heap.opened, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
             -1, 0);
        mp_heap_blocks_bytes = heap.opened;
        if (heap.image || heap.extents.used_pages) {
            mp_sparse_replace(heap.image, heap.opened, area, fd, area - heap.base);
            heap.image = NULL;
        }
        heap.inherited = true;
        mp_heap.own = mp_heap.own_bytes = mp_heap.program_bytes = 0;
        mp_heap.peers = NULL;
        mp_heap_threshold = SIZE_MAX;
        errno = error;
    }
    after_fork();
}

// ---- The beginning

static bool switched_off(void)
{
#ifdef MP_HEAP_SANITIZED
    return true;
#endif
    extern void __asan_init(void) __attribute__((weak));
    extern void __tsan_init(void) __attribute__((weak));
    extern void __msan_init(void) __attribute__((weak));
    const char *wish = getenv("MPRUN_SHARED_HEAP");
    const char *preloaded = getenv("LD_PRELOAD");

    return __asan_init || __tsan_init || __msan_init || (wish && strcmp(wish, "0") == 0) ||
           (preloaded && strstr(preloaded, "vgpreload")); // valgrind
}

// Becomes the owner of the area at `place`, the bytes from `start` on, unless a living process is.
static bool claim(int place, off_t start, size_t bytes)
{
    int32_t self = (int32_t)getpid();
    int32_t owner = 0;

    if (atomic_compare_exchange_strong(&heap.owner[place].pid, &owner, self)) {
        return true;
    }
    // It may be this very process, before it executed another program.
    if (owner != self && (kill(owner, 0) == 0 || errno != ESRCH)) {
        return false;
    }
    return atomic_compare_exchange_strong(&heap.owner[place].pid, &owner, self) &&
           fallocate(heap.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, (off_t)bytes) == 0;
}

// Gives the program's variables their pages at the end of the area at `number`, this process's.
// Returns the bytes of the area that are left for blocks.
static size_t share_program(int number, char *area, size_t area_bytes)
{
    struct mp_heap_owner *owner = &heap.owner[number];
    struct mp_program_data program = mp_program_data_find();
    char *place = area + area_bytes - program.bytes;

    owner->program_bytes = 0; // if another process had the area
    if (program.bytes == 0 || program.bytes > area_bytes / 2) {
        return area_bytes;
    }
    // As far from the borders of huge pages as the variables are, so that they can have some.
    place -= ((uintptr_t)place - (uintptr_t)program.address) % HUGE_PAGE;
    if (!map_part(place, program.bytes)) {
        return area_bytes;
    }
    if (!mp_program_data_share(program, heap.fd, place - heap.base, place)) {
        madvise(place, program.bytes, MADV_REMOVE);
        munmap(place, program.bytes);
        return area_bytes;
    }
    heap.program = program;
    spans[1] = (struct span){(uintptr_t)program.address + program.initialized,
                             program.bytes - program.initialized, place + program.initialized};
    owner->program = (uintptr_t)program.address;
    owner->place = (uintptr_t)place;
    owner->program_bytes = program.bytes;
    return (size_t)(place - area);
}

// Maps the heap. Returns false with nothing changed if that cannot be.
static bool map_heap(int fd, int node, int place, unsigned shift, char *base)
{
    size_t area = (size_t)1 << shift;
    size_t total = MP_HEAP_HEAD + (size_t)heap.size * area;
    size_t room = mp_extents_room((uint32_t)(area / PAGE));
    off_t start = (off_t)(MP_HEAP_HEAD + (size_t)place * area);

    heap.base = base;
    heap.node = node;
    if (!find_file(fd, (off_t)total) || !map_part(base, MP_HEAP_HEAD)) {
        return false;
    }
    void *notes = mmap(NULL, room, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    heap.owner = (struct mp_heap_owner *)(void *)base;
    if (notes != MAP_FAILED &&
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0 &&
        claim(place, start, area)) {
        mp_heap.areas = (uintptr_t)base + MP_HEAP_HEAD - ((uintptr_t)heap.first << shift);
        mp_heap.shift = shift;
        mp_heap_blocks = mp_heap.own = (uintptr_t)base + (uintptr_t)start;
        mp_heap_blocks_bytes = share_program(place, base + start, area);
        spans[0] = (struct span){mp_heap_blocks, mp_heap_blocks_bytes, base + start};
        mp_extents_open(&heap.extents, notes, (uint32_t)(mp_heap_blocks_bytes / PAGE));
        return true;
    }
    if (notes != MAP_FAILED) {
        munmap(notes, room);
    }
    munmap(base, MP_HEAP_HEAD);
    return false;
}

// Is malloc ours, or another allocator's that comes first, or, in a static program and where the
// library was loaded late, the C library's? Its behaviour tells, whatever stands in between.
static bool malloc_is_ours(void)
{
    void *(*volatile allocate)(size_t) = malloc;
    void (*volatile release)(void *) = free;
    void *block = allocate(THRESHOLD);
    bool ours = mp_heap_made(block);

    release(block);
    return ours && mp_extents_count(&heap.extents, page_of(block)) == 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *heap_text = getenv(MP_ENV_HEAP);
    const char *rank_text = getenv(MP_ENV_RANK);
    unsigned long long base;
    unsigned shift;
    int fd, node, place;

    if (!heap_text || !rank_text || switched_off() ||
        sscanf(heap_text, MP_HEAP_FORMAT, &fd, &shift, &base, &node, &place, &heap.size) != 6) {
        return;
    }
    heap.first = atoi(rank_text) - place;
    if (place < 0 || place >= heap.size || heap.first < 0 || shift < 21 || shift > 43 ||
        !map_heap(fd, node, place, shift, (char *)(uintptr_t)base)) {
        return;
    }
    mp_heap_threshold = THRESHOLD;
    if (!malloc_is_ours()) {
        mp_heap_threshold = SIZE_MAX;
    }
}

// ---- The job

void mp_heap_join(struct mp_segment_header *segment, int rank)
{
    // A child that was forked before MPI_Init and became the rank has no heap.
    if (!mp_heap.own || mp_heap.own != mp_heap.areas + ((size_t)rank << mp_heap.shift) ||
        atomic_load(&heap.owner[rank - heap.first].pid) != (int32_t)getpid()) {
        return;
    }
    heap.segment = segment;
    mp_heap.peers = calloc((size_t)(heap.first + heap.size), sizeof *mp_heap.peers);
    if (mp_heap.peers) {
        mp_heap.own_bytes = mp_heap_blocks_bytes;
        mp_heap.program = (uintptr_t)heap.program.address;
        mp_heap.program_bytes = heap.program.bytes;
    }
}

int mp_heap_tell(struct mp_shares *own)
{
    if (!mp_heap.peers) {
        return -1;
    }
    seek_file();
    int fd = heap_fd();
    if (fd >= 0) {
        own->area = mp_heap.own - (uintptr_t)heap.base;
        own->area_bytes = (uint64_t)1 << mp_heap.shift;
        own->address = mp_heap.own;
        own->program = (uintptr_t)heap.program.address;
        own->program_bytes = heap.program.bytes;
        own->place = heap.owner[(own->area - MP_HEAP_HEAD) >> mp_heap.shift].place;
    }
    return fd;
}

// Is the process that joined the job as that rank the one that has its area?
static bool has_area(int world)
{
    int place = world - heap.first;
    struct mp_board *board = mp_segment_board(heap.segment, place);
    int32_t pid = atomic_load_explicit(&board->pid, memory_order_acquire);

    return pid != 0 && atomic_load_explicit(&heap.owner[place].pid, memory_order_acquire) == pid;
}

bool mp_heap_open_peer(int world, size_t end)
{
    struct mp_heap_peer *peer = &mp_heap.peers[world];
    const struct mp_heap_owner *owner = &heap.owner[world - heap.first];
    char *area = (char *)mp_heap.areas + ((size_t)world << mp_heap.shift);

    if (!has_area(world)) {
        return false;
    }
    size_t most = owner->program_bytes ? owner->place - (uintptr_t)area
                                       : (size_t)1 << mp_heap.shift; // variables are at the end
    peer->opened = open_window(area, peer->opened, end, most);
    return end <= peer->opened;
}

void *mp_heap_reach_program(int world, uintptr_t address, size_t bytes)
{
    struct mp_heap_peer *peer = &mp_heap.peers[world];
    const struct mp_heap_owner *owner = &heap.owner[world - heap.first];

    if (unlikely(!peer->program_bytes) && has_area(world) && owner->program_bytes) {
        char *place = (char *)(uintptr_t)owner->place;
        if (map_part(place, owner->program_bytes)) {
            *peer = (struct mp_heap_peer){peer->opened, owner->program_bytes,
                                          (uintptr_t)owner->program, place};
        }
    }
    size_t at = address - peer->program;
    return at < peer->program_bytes && bytes <= peer->program_bytes - at ? peer->place + at : NULL;
}
