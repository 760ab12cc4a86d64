// SPDX-License-Identifier: MIT
// Pages that a program gives back with madvise read as zero, as the manual page of the call says,
// and can be used and sent at once: of blocks, static arrays and MPI_Alloc_mem; the whole, a part,
// a length that is no multiple of a page; before MPI_Init and after, in a child, and with the
// file's descriptor closed. Bytes beside them stay, and what the system would refuse is refused.
// One rank has no shared heap: there the system itself is held to this. And where the program has
// the C library's malloc (our library linked statically), only MPI_Alloc_mem's memory is shared,
// and madvise is the system's: mprun(1) excepts that memory, and so does this.
// ranks: 1 2
// channels: shm
// not under: asan tsan valgrind
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

enum { PAGE = 4096, PAGES = 100, BYTES = PAGES * PAGE };
static char array[BYTES + PAGE];
static const int ways[] = {MADV_DONTNEED, MADV_FREE};

static char *whole_pages(char *memory)
{
    return memory + (PAGE - (uintptr_t)memory % PAGE) % PAGE;
}

// Every page says who it is.
static void mark(char *pages)
{
    for (int i = 0; i < PAGES; i++)
        memset(pages + (size_t)i * PAGE, 1 + i, PAGE);
}

// The pages [from, to) read as zero, the others as before; if `late`, as with MADV_FREE, the system
// may take its time, page by page. Returns a page that is wrong, or -1.
static int wrong_page_of(const char *pages, int from, int to, int late)
{
    for (int i = 0; i < PAGES; i++) {
        const char *page = pages + (size_t)i * PAGE;
        char must = (char)(i >= from && i < to ? 0 : 1 + i);
        if (late && page[0] == 1 + i)
            must = page[0];
        if (page[0] != must || memcmp(page, page + 1, PAGE - 1) != 0)
            return i;
    }
    return -1;
}

static int wrong_page(const char *pages, int from, int to)
{
    return wrong_page_of(pages, from, to, 0);
}

static void give_back(char *pages, const char *what)
{
    static const struct {
        int from, to;
        size_t bytes;
    } parts[] = {{0, PAGES, BYTES}, {10, 20, 10 * PAGE}, {PAGES - 1, PAGES, PAGE},
                 {3, 5, PAGE + 1},  {7, 7, 0},           {50, 60, 10 * PAGE - 1}};

    for (size_t w = 0; w < COUNT_OF(ways); w++) {
        for (size_t i = 0; i < COUNT_OF(parts); i++) {
            mark(pages);
            errno = 77;
            int result = madvise(pages + (size_t)parts[i].from * PAGE, parts[i].bytes, ways[w]);
            CHECK(result == 0 && errno == 77, "%s, advice %d: %s", what, ways[w], strerror(errno));
            int wrong = wrong_page_of(pages, parts[i].from, parts[i].to, ways[w] == MADV_FREE);
            CHECK(wrong < 0, "%s, advice %d, part %zu: page %d is wrong", what, ways[w], i, wrong);
        }
        // Pages that the program has shut itself off from.
        mark(pages);
        CHECK(mprotect(pages, BYTES, PROT_NONE) == 0 && madvise(pages, 5 * PAGE, ways[w]) == 0 &&
                  mprotect(pages, BYTES, PROT_READ | PROT_WRITE) == 0,
              "%s: %s", what, strerror(errno));
        int wrong = wrong_page_of(pages, 0, 5, ways[w] == MADV_FREE);
        CHECK(wrong < 0, "%s, no access, advice %d: page %d", what, ways[w], wrong);
    }
    // Refused by the system.
    mark(pages);
    CHECK(madvise(pages + 1, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL, "%s: unaligned", what);
    if (mlock(pages, PAGE) == 0) {
        CHECK(madvise(pages, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL, "%s: locked", what);
        CHECK(munlock(pages, PAGE) == 0, "munlock");
    }
    CHECK(wrong_page(pages, 0, 0) < 0, "%s: page %d", what, wrong_page(pages, 0, 0));
    if (madvise(pages + PAGE, PAGE, MADV_GUARD_INSTALL) == 0) { // Linux 6.13, 6.15 for files
        CHECK(madvise(pages + PAGE, PAGE, MADV_GUARD_REMOVE) == 0, "%s", strerror(errno));
        CHECK(wrong_page(pages, 1, 2) < 0, "%s, guarded: page %d", what, wrong_page(pages, 1, 2));
    }
}

// What is sent from such pages, and received into them, is what is there.
static void send_from(char *pages, char *in)
{
    int peer = (rank + 1) % size, from = (rank + size - 1) % size;

    for (int round = 0; round < 2; round++) {
        mark(pages);
        OK(MPI_Barrier(MPI_COMM_WORLD)); // nobody reads them any more
        CHECK(madvise(pages + 4 * PAGE, 30 * PAGE, MADV_DONTNEED) == 0, "%s", strerror(errno));
        CHECK(madvise(in, BYTES, MADV_DONTNEED) == 0, "%s", strerror(errno));
        OK(MPI_Sendrecv(pages, BYTES, MPI_BYTE, peer, 0, in, BYTES, MPI_BYTE, from, 0,
                        MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CHECK(wrong_page(in, 4, 34) < 0, "page %d arrived wrong", wrong_page(in, 4, 34));
    }
}

static void in_child(char *block, char *variables)
{
    mark(block);
    mark(variables);
    pid_t pid = fork();
    if (pid == 0) {
        char *all[] = {block, variables};
        for (int i = 0; i < 2; i++) {
            if (madvise(all[i], 9 * PAGE, MADV_DONTNEED) != 0 || wrong_page(all[i], 0, 9) >= 0)
                _exit(1 + i);
        }
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "the child says %d", status >> 8);
    CHECK(wrong_page(block, 0, 0) < 0, "the parent's block lost page %d", wrong_page(block, 0, 0));
    CHECK(wrong_page(variables, 0, 0) < 0, "the parent's array lost a page");
}

// A file that the program has mapped over a part of an array keeps its bytes.
static void own_file(char *pages)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    char byte = 'x';
    CHECK(fd >= 0 && ftruncate(fd, PAGE) == 0 && pwrite(fd, &byte, 1, 0) == 1, "memfd");
    CHECK(mmap(pages, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == pages,
          "mmap");
    CHECK(madvise(pages, PAGE, MADV_DONTNEED) == 0, "%s", strerror(errno));
    CHECK(pages[0] == 'x', "the file lost its bytes");
    close(fd);
}

// What is not to be in a core file stays out of it when the heap grows.
static void keeps_out_of_cores(char *pages)
{
    char line[512];
    int inside = 0, found = 0;
    CHECK(madvise(pages, PAGE, MADV_DONTDUMP) == 0, "%s", strerror(errno));
    free(room((size_t)200 << 20));
    FILE *file = fopen("/proc/self/smaps", "r");
    CHECK(file, "no /proc/self/smaps");
    while (fgets(line, sizeof line, file)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)pages >= from && (uintptr_t)pages < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, " dd") != NULL;
    }
    fclose(file);
    CHECK(found, "MADV_DONTDUMP was undone");
}

static int is_in_shared_heap(const char *pages)
{
    char line[512];
    int inside = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    CHECK(file, "no /proc/self/maps");
    while (fgets(line, sizeof line, file)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2 && (uintptr_t)pages >= from &&
            (uintptr_t)pages < to)
            inside = strstr(line, "mprun-heap") != NULL;
    }
    fclose(file);
    return inside;
}

// Programs close what they did not open.
static void close_memfds(void)
{
    for (int fd = 3; fd < 256; fd++) {
        char link[64], name[256];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, name, sizeof name - 1);
        if (length > 7 && memcmp(name, "/memfd:", 7) == 0)
            close(fd);
    }
}

int main(int argc, char **argv)
{
    char *variables = whole_pages(array), *early = room(BYTES + PAGE);
    give_back(variables, "an array before MPI_Init");
    give_back(whole_pages(early), "a block before MPI_Init");
    start(&argc, &argv);
    void *memory;
    OK(MPI_Alloc_mem(BYTES + PAGE, MPI_INFO_NULL, &memory));
    char *block = room(BYTES + PAGE), *pages = whole_pages(block), *shared = whole_pages(memory);
    if (is_in_shared_heap(shared) && !is_in_shared_heap(pages))
        shared = whole_pages(early);
    for (int round = 0; round < 2; round++) {
        give_back(variables, "an array");
        give_back(pages, "a block");
        give_back(whole_pages(early), "an early block");
        give_back(shared, "MPI_Alloc_mem");
        send_from(pages, shared);
        send_from(variables, pages);
        send_from(shared, variables);
        if (round == 0) {
            in_child(pages, variables);
            close_memfds();
        }
    }
    keeps_out_of_cores(pages);
    own_file(variables);
    free(block);
    free(early);
    OK(MPI_Free_mem(memory));
    return finish();
}
