// SPDX-License-Identifier: MIT
// How the program's variables become pages of the heap's file, in this library's constructor:
// while no other thread runs and no signal comes, what is not zero is copied into the file, and
// the file is mapped over the variables. Their addresses stay, so do the pointers to them, and
// their places in the caches.
//
// Untouched pages stay so: which those are is asked of the kernel, as a large .bss may be larger
// than the machine. Before main, little else than .data is there; but the variables of libraries
// that the program refers to (stdout, environ) lie in its .bss too, and their constructors may have
// written anywhere.
//
// fork. The child inherits a mapping that is still shared, since the C library may look at such
// variables before it calls any handler. It only looks: what it writes in a child is its own. The
// parent has made an image, and the child's handler puts it in the mapping's place. Signals are
// blocked from before until after that (heap/heap.c), so no code of the program runs between. A
// child that is made behind the C library's back (a bare system call, _Fork) shares the variables.
//
// Not with a statically linked program or library: the C library's own variables, or ours, would
// be among them, and change in a child before it has its copy. Not when we are loaded late: the
// program may have given its memory to devices, or mapped something over it. (If it does that
// later, its peers do not see it: MPRUN_SHARED_HEAP=0 is for such programs.)
#define _GNU_SOURCE
#include "heap/program_data.h"

#include "base/bits.h"
#include "base/say.h"
#include "heap/sparse.h"

#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    // Two of the smallest blocks that malloc takes from the heap: a program that has less has
    // nothing to send that is worth the system calls at its start.
    LEAST = 64 << 10,
    // Initialized variables are read from the program's file and copied, half a millisecond for
    // each megabyte, whether they are ever used or not. If there are more, only .bss joins,
    // with the page that it begins in.
    MOST_INITIALIZED = 4 << 20
};

static struct {
    struct mp_program_data data;
    char *alias;
    off_t offset;
    char *image; // while we fork: the copy for the child
} shared;

// ---- What may join

struct search {
    struct mp_program_data found;
    uintptr_t interpreter; // where the dynamic linker lies
    bool seen_program;
    bool in_time; // this library was loaded with the program
};

static bool contains(const struct dl_phdr_info *object, const void *address)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        if (p->p_type == PT_LOAD &&
            (uintptr_t)address - (object->dlpi_addr + p->p_vaddr) < p->p_memsz) {
            return true;
        }
    }
    return false;
}

// The pages of a writable segment that stay writable, without those that another segment begins or
// ends in.
static struct mp_program_data pages_of(const struct dl_phdr_info *program, int segment)
{
    const ElfW(Phdr) *phdr = program->dlpi_phdr, *p = &phdr[segment];
    uintptr_t from = mp_round_down(p->p_vaddr, PAGE),
              to = mp_round_up(p->p_vaddr + p->p_memsz, PAGE);
    uintptr_t file_end = mp_round_up(p->p_vaddr + p->p_filesz, PAGE);

    for (int i = 0; i < program->dlpi_phnum; i++) {
        uintptr_t start = phdr[i].p_vaddr, end = start + phdr[i].p_memsz;
        bool other = phdr[i].p_type == PT_LOAD && i != segment;
        if (!other && phdr[i].p_type != PT_GNU_RELRO) {
            continue;
        }
        if (start < to && end > from) {
            if (start > p->p_vaddr) {
                return (struct mp_program_data){0}; // neither before nor behind
            }
            from = mp_round_up(end, PAGE);
        }
    }
    if (file_end > from && file_end - from > MOST_INITIALIZED) {
        from = file_end - PAGE; // .bss may begin in that page
    }
    if (from >= to) {
        return (struct mp_program_data){0};
    }
    return (struct mp_program_data){.address = (char *)(from + program->dlpi_addr),
                                    .bytes = to - from,
                                    .initialized = file_end > from ? file_end - from : 0};
}

static void look_at_program(struct search *search, const struct dl_phdr_info *program)
{
    bool dynamic = false;

    for (int i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &program->dlpi_phdr[i];
        dynamic = dynamic || p->p_type == PT_INTERP;
        if (p->p_type == PT_LOAD && p->p_flags == (PF_R | PF_W) && p->p_memsz >= LEAST) {
            struct mp_program_data pages = pages_of(program, i);
            if (pages.bytes > search->found.bytes) {
                search->found = pages;
            }
        }
    }
    if (!dynamic || search->found.bytes < LEAST || contains(program, &shared)) {
        search->found.bytes = 0;
    }
}

// The first object is the program. What was loaded with it comes before the dynamic linker, or
// perhaps behind it; what was loaded later always comes behind.
static int look(struct dl_phdr_info *object, size_t size, void *argument)
{
    struct search *search = argument;
    (void)size;

    if (!search->seen_program) {
        search->seen_program = true;
        look_at_program(search, object);
        return search->found.bytes == 0;
    }
    if (object->dlpi_addr == search->interpreter) {
        return 1;
    }
    search->in_time = contains(object, &shared);
    return search->in_time;
}

// A link of a folder for each that lies in it, and two for itself.
static bool only_one_thread(void)
{
    struct stat tasks;
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 3;
}

struct mp_program_data mp_program_data_find(void)
{
    struct search search = {.interpreter = getauxval(AT_BASE)};

    if (search.interpreter && sysconf(_SC_PAGESIZE) == PAGE) {
        dl_iterate_phdr(look, &search);
    }
    if (!search.in_time || search.found.bytes == 0 || !only_one_thread()) {
        search.found.bytes = 0;
    }
    return search.found;
}

// ---- Joining

// Copies one page, if there is anything in it.
static void copy_page(char *to, const char *from)
{
    if (from[0] != 0 || memcmp(from, from + 1, PAGE - 1) != 0) {
        memcpy(to, from, PAGE);
    }
}

// What Linux 6.7 and later have to find touched pages (linux/fs.h: struct pm_scan_arg).
struct scan {
    uint64_t size, flags, start, end, walk_end, runs, runs_room, most_pages;
    uint64_t inverted, all_of, any_of, told;
};
struct run {
    uint64_t start, end, is;
};
#define SCAN        _IOWR('f', 16, struct scan)
#define SCAN_EXISTS (UINT64_C(3) << 3) // present or swapped

// Bits of an entry of /proc/self/pagemap.
#define ENTRY_EXISTS (UINT64_C(3) << 62)

// Finds the next pages from *from on that were touched, [*from, *to); none if *from is `end`.
// False if the kernel does not say.
static bool next_touched(int map, char **from, char **to, char *end)
{
    struct run run;
    struct scan scan = {.size = sizeof scan,
                        .start = (uintptr_t)*from,
                        .end = (uintptr_t)end,
                        .runs = (uintptr_t)&run,
                        .runs_room = 1,
                        .any_of = SCAN_EXISTS,
                        .told = SCAN_EXISTS};
    int runs = ioctl(map, SCAN, &scan);
    if (runs >= 0) {
        *from = runs ? (char *)(uintptr_t)run.start : end;
        *to = runs ? (char *)(uintptr_t)run.end : end;
        return true;
    }
    // An older kernel: page by page, a hundredth of a second for each five gigabytes.
    while (*from < end) {
        uint64_t entries[2048];
        size_t bytes = (size_t)(end - *from) / PAGE * sizeof *entries, at = 0, stop;
        bytes = bytes < sizeof entries ? bytes : sizeof entries;
        off_t place = (off_t)((uintptr_t)*from / PAGE * sizeof *entries);
        if (pread(map, entries, bytes, place) != (ssize_t)bytes) {
            return false;
        }
        while (at < bytes / sizeof *entries && !(entries[at] & ENTRY_EXISTS)) {
            at++;
        }
        for (stop = at; stop < bytes / sizeof *entries && entries[stop] & ENTRY_EXISTS;) {
            stop++;
        }
        *to = *from + stop * PAGE;
        *from += at * PAGE;
        if (stop > at) {
            return true;
        }
    }
    return true;
}

// Copies what is there to zeroed memory. False if the kernel does not say what is.
static bool copy_touched(char *place, struct mp_program_data data)
{
    char *from = data.address, *to = from + data.initialized, *end = from + data.bytes;
    int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    bool known = map >= 0;

    while (known && from < end) {
        for (; from < to; from += PAGE) {
            copy_page(place + (from - data.address), from);
        }
        known = next_touched(map, &from, &to, end);
    }
    if (map >= 0) {
        close(map);
    }
    return known;
}

_Noreturn static void lost(void)
{
    mp_say("mprun: no memory to map the program's variables, which are lost; "
           "MPRUN_SHARED_HEAP=0 leaves them alone");
    _exit(EXIT_FAILURE);
}

// The system refused to map the file over the variables, and may have unmapped them first.
static void put_back(struct mp_program_data data, int fd, off_t offset, const char *alias)
{
    if (mmap(data.address, data.bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == data.address) {
        mp_sparse_copy(fd, offset, data.address, alias, data.bytes);
    } else if (msync(data.address, data.bytes, MS_ASYNC) != 0) { // it fails where nothing is mapped
        lost();
    }
}

bool mp_program_data_share(struct mp_program_data data, int fd, off_t offset, char *alias)
{
    sigset_t all, before;
    bool done = false;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (copy_touched(alias, data)) {
        done = mmap(data.address, data.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                    offset) == data.address;
        if (!done) {
            put_back(data, fd, offset, alias);
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (done) {
        // As in the rest of the heap: see map_part in heap/heap.c.
        madvise(data.address, data.bytes, MADV_HUGEPAGE);
        shared.data = data;
        shared.alias = alias;
        shared.offset = offset;
    }
    return done;
}

// ---- fork

void mp_program_data_before_fork(int fd)
{
    size_t bytes = shared.data.bytes;

    if (bytes == 0) {
        return;
    }
    // Until the child has its copy, both would run on the same stack.
    if ((uintptr_t)__builtin_frame_address(0) - (uintptr_t)shared.data.address < bytes) {
        mp_say("mprun: fork on a stack that is a static variable of the program; "
               "MPRUN_SHARED_HEAP=0 allows it");
        _exit(EXIT_FAILURE);
    }
    shared.image = mp_sparse_room(bytes);
    if (shared.image) {
        mp_sparse_copy(fd, shared.offset, shared.image, shared.alias, bytes);
    }
}

void mp_program_data_after_fork_in_parent(void)
{
    if (shared.image) {
        munmap(shared.image, shared.data.bytes);
        shared.image = NULL;
    }
}

void mp_program_data_after_fork_in_child(int fd)
{
    char *place = shared.data.address;
    size_t bytes = shared.data.bytes;

    if (bytes == 0) {
        return;
    }
    if (!mp_sparse_replace(shared.image, bytes, place, fd, shared.offset)) {
        lost();
    }
    shared.image = NULL;
    shared.data.bytes = 0;
}
