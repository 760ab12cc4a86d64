// SPDX-License-Identifier: MIT
// Ranks print line by line. libmpi_abi sees to that where it is linked; other programs are started
// with a library of a few pages preloaded (lib/boot/plain.c), which a tenth of a millisecond pays
// for. Only those get it that are certain to be able to load it: dynamic programs of our own
// kind, with our own dynamic linker and the C library that the library was linked with. A look at
// the program's headers tells, once for each program of the job. Not those that the
// address sanitizer watches: its library insists on being the first. For scripts it is of no use,
// as interpreters keep buffers of their own or print at once. Read next: variables.c, where it
// enters the environment.
#define _GNU_SOURCE
#include "launcher/preload.h"

#include "launcher/executable.h"

#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "mprun-lines.so"

static int note_linker(struct dl_phdr_info *object, size_t size, void *argument)
{
    const char **name = argument;

    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_INTERP)
            *name = (const char *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
    return 1; // the first object is mprun itself
}

// Has the program our own dynamic linker?
static bool is_of_our_kind(const struct executable *executable)
{
    const char *ours = NULL;
    char its[EXECUTABLE_NAME];

    dl_iterate_phdr(note_linker, &ours);
    return ours && executable_linker(executable, its) && strcmp(its, ours) == 0;
}

static bool is_c_library(const char *name, void *argument)
{
    (void)argument;
    return strcmp(name, "libc.so.6") == 0;
}

// libmpi_abi does what we would do.
static bool minds(const char *name, void *argument)
{
    (void)argument;
    return strncmp(name, "libmpi_abi.", 11) == 0 || strstr(name, "asan");
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
    char own[PATH_MAX] = "";
    const char *bin = below_prefix(BINDIR), *library = below_prefix(PKGLIBDIR);

    const char *name = (const char *)getauxval(AT_EXECFN); // /proc may be missing
    if (!name || !realpath(name, own))
        return NULL;
    *strrchr(own, '/') = 0;
    snprintf(path, sizeof path, "%s/.libs/" FILE_NAME, own);
    if (access(path, R_OK) != 0) {
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
    struct executable executable;
    struct stat status;

#ifdef __SANITIZE_ADDRESS__
    return NULL; // the library was built like us
#endif
    int fd = executable_open(program);
    if (fd < 0)
        return NULL;
    bool wanted = fstat(fd, &status) == 0 && !(status.st_mode & (S_ISUID | S_ISGID)) &&
                  executable_read(&executable, fd) && is_of_our_kind(&executable) &&
                  executable_needs(&executable, is_c_library, NULL) &&
                  !executable_needs(&executable, minds, NULL);
    close(fd);
    return wanted ? find_library() : NULL;
}
