// SPDX-License-Identifier: MIT
// Ranks print line by line. libmpi_abi sees to that where it is linked; other programs are started
// with a library of a few pages preloaded (lib/boot/plain.c), which a tenth of a millisecond pays
// for. Only those get it that are certain to be able to load it: dynamic programs of our own
// kind, with our own dynamic linker and the C library that the library was linked with. A look at
// the program's headers tells, once for each program of the job. Not those that the
// address sanitizer watches: its library insists on being the first. For scripts it is of no use,
// as interpreters keep buffers of their own or print at once. Read next: environment.c, where it
// enters the environment.
#define _GNU_SOURCE
#include "launcher/preload.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "mprun-lines.so"
enum { MOST_HEADERS = 64, MOST_ENTRIES = 512, NAME_ROOM = 256 };

struct image {
    int fd;
    ElfW(Ehdr) header;
    ElfW(Phdr) headers[MOST_HEADERS];
};

static bool read_at(int fd, void *to, size_t bytes, uint64_t at)
{
    return pread(fd, to, bytes, (off_t)at) == (ssize_t)bytes;
}

// A string that may end before the buffer does.
static bool read_string(int fd, char text[NAME_ROOM], uint64_t at)
{
    ssize_t got = pread(fd, text, NAME_ROOM - 1, (off_t)at);

    text[got > 0 ? got : 0] = 0;
    return got > 0;
}

static const ElfW(Phdr) * segment_of(const struct image *image, uint32_t type)
{
    for (int i = 0; i < image->header.e_phnum; i++)
        if (image->headers[i].p_type == type)
            return &image->headers[i];
    return NULL;
}

static int note_interpreter(struct dl_phdr_info *object, size_t size, void *argument)
{
    const char **name = argument;

    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_INTERP)
            *name = (const char *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
    return 1; // the first object is mprun itself
}

// Has the program our class and machine, and our dynamic linker?
static bool is_of_our_kind(struct image *image)
{
    const ElfW(Ehdr) *h = &image->header;
    const char *ours = NULL;
    char its[NAME_ROOM];

    if (!read_at(image->fd, &image->header, sizeof image->header, 0) ||
        memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
        h->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        h->e_phentsize != sizeof *image->headers || h->e_phnum > MOST_HEADERS ||
        !read_at(image->fd, image->headers, h->e_phnum * sizeof *image->headers, h->e_phoff))
        return false;
    const ElfW(Phdr) *interpreter = segment_of(image, PT_INTERP);
    dl_iterate_phdr(note_interpreter, &ours);
    return ours && interpreter && read_string(image->fd, its, interpreter->p_offset) &&
           strcmp(its, ours) == 0;
}

// Where in the file lies what is mapped at `address`? 0 if nowhere.
static uint64_t place_of(const struct image *image, uint64_t address)
{
    for (int i = 0; i < image->header.e_phnum; i++) {
        const ElfW(Phdr) *p = &image->headers[i];
        if (p->p_type == PT_LOAD && address - p->p_vaddr < p->p_filesz)
            return address - p->p_vaddr + p->p_offset;
    }
    return 0;
}

// Does it use the C library, and has neither libmpi_abi, which does what we would do, nor a
// library that would mind?
static bool wants_it(const struct image *image)
{
    const ElfW(Phdr) *dynamic = segment_of(image, PT_DYNAMIC);
    ElfW(Dyn) entries[MOST_ENTRIES];
    uint64_t names = 0;
    bool c_library = false;

    size_t count = dynamic ? dynamic->p_filesz / sizeof *entries : 0;
    if (count == 0 || count > MOST_ENTRIES ||
        !read_at(image->fd, entries, count * sizeof *entries, dynamic->p_offset))
        return false;
    for (size_t i = 0; i < count; i++)
        if (entries[i].d_tag == DT_STRTAB)
            names = place_of(image, entries[i].d_un.d_ptr);
    for (size_t i = 0; names && i < count && entries[i].d_tag != DT_NULL; i++) {
        char name[NAME_ROOM];
        if (entries[i].d_tag != DT_NEEDED)
            continue;
        if (!read_string(image->fd, name, names + entries[i].d_un.d_val) ||
            strncmp(name, "libmpi_abi.", 11) == 0 || strstr(name, "asan"))
            return false;
        c_library = c_library || strcmp(name, "libc.so.6") == 0;
    }
    return c_library;
}

// What stands behind the configured prefix, as in "/bin"; NULL if the folder is elsewhere.
static const char *below_prefix(const char *folder)
{
    return strncmp(folder, PREFIX "/", strlen(PREFIX) + 1) == 0 ? folder + strlen(PREFIX) : NULL;
}

// The library lies beside mprun in the build tree, or where it was installed; the whole prefix may
// have been moved since. LD_PRELOAD has no way to name a path with a blank or colon.
static const char *find_library(void)
{
    static char path[PATH_MAX + 64];
    char own[PATH_MAX];
    const char *bin = below_prefix(BINDIR), *library = below_prefix(PKGLIBDIR);

    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = 0;
    char *slash = strrchr(own, '/');
    if (slash)
        *slash = 0;
    snprintf(path, sizeof path, "%s/.libs/" FILE_NAME, own);
    if (!slash || access(path, R_OK) != 0) {
        size_t end = strlen(own), tail = bin ? strlen(bin) : 0;
        if (bin && library && end >= tail && strcmp(own + end - tail, bin) == 0)
            snprintf(path, sizeof path, "%.*s%s/" FILE_NAME, (int)(end - tail), own, library);
        else
            snprintf(path, sizeof path, "%s/" FILE_NAME, PKGLIBDIR);
    }
    return access(path, R_OK) == 0 && !strpbrk(path, ": \t\n") ? path : NULL;
}

const char *preload_for(const struct program *program)
{
    struct image image;
    struct stat status;
    char path[PATH_MAX];
    bool wanted;

#ifdef __SANITIZE_ADDRESS__
    return NULL; // the library was built like us
#endif
    if (program->file[0] == '/' || !program->wdir)
        snprintf(path, sizeof path, "%s", program->file);
    else
        snprintf(path, sizeof path, "%s/%s", program->wdir, program->file);
    image.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (image.fd < 0) // may be executed all the same
        return NULL;
    wanted = fstat(image.fd, &status) == 0 && !(status.st_mode & (S_ISUID | S_ISGID)) &&
             is_of_our_kind(&image) && wants_it(&image);
    close(image.fd);
    return wanted ? find_library() : NULL;
}
