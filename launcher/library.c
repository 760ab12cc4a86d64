// SPDX-License-Identifier: MIT
// A program that was built with Open MPI or MPICH does not find that MPI's launcher when mprun
// starts it. Then each of its processes takes itself for a world of one rank, computes everything,
// and writes over what the others write: that looks like success. So mprun reads in the program's
// file which libraries it needs; what is hidden behind a script or loaded later is seen by
// stranger.c. Our own library, libmpi_abi, is the one that all MPIs of the standard ABI share.
// Read next: stranger.c; elf(5).
#define _GNU_SOURCE
#include "launcher/library.h"

#include "base/bits.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Names

// What stands between "lib" and ".so"; a dash at the end stands for any rest.
static const struct stem {
    const char *name;
    const char *whose;
} stems[] = {
    {"mpi", NULL}, // by its version
    {"mpi_cxx", "Open MPI"},
    {"mpi_mpifh", "Open MPI"},
    {"mpi_usempi", "Open MPI"},
    {"mpi_usempif08", "Open MPI"},
    {"mpi_usempi_ignore_tkr", "Open MPI"},
    {"mpi_ibm", "IBM's MPI"},
    {"mpi_ibm_-", "IBM's MPI"},
    {"mpich", "MPICH"},
    {"mpich_-", "Cray's MPICH"},
    {"mpichcxx", "MPICH"},
    {"mpichf90", "MPICH"},
    {"mpichfort", "MPICH"},
    {"mpicxx", "MPICH or a relative of it"},
    {"mpifort", "MPICH or a relative of it"},
    {"mpigf", "Intel MPI"},
    {"mpi_ilp64", "Intel MPI"},
    {"mpi_mt", "Intel MPI"},
    {"mpi_dbg", "Intel MPI"},
    {"mpi_dbg_mt", "Intel MPI"},
    {"mpi_cray-", "Cray's MPICH"},
    {"mpi_gnu-", "Cray's MPICH"},
    {"mpi_intel-", "Cray's MPICH"},
    {"mpi_nvidia-", "Cray's MPICH"},
    {"mpi_amd-", "Cray's MPICH"},
    {"mpi_aocc-", "Cray's MPICH"},
    {"mpi++", "HPE's MPT"},
    {"mpitrampoline", "MPItrampoline"},
};

static const char *owner_by_version(const char *suffix)
{
    if (strncmp(suffix, ".so.40", 6) == 0 || strncmp(suffix, ".so.20", 6) == 0)
        return "Open MPI";
    return strncmp(suffix, ".so.12", 6) == 0 ? "MPICH, Intel MPI or a relative of them"
                                             : "another MPI";
}

bool library_is_foreign(const char *name, struct library *library)
{
    const char *suffix = strstr(name, ".so");

    if (strncmp(name, "lib", 3) != 0 || !suffix || (suffix[3] != 0 && suffix[3] != '.'))
        return false;
    const char *own = name + 3;
    size_t length = (size_t)(suffix - own);
    for (size_t i = 0; i < mp_array_length(stems); i++) {
        size_t all = strlen(stems[i].name);
        bool open = stems[i].name[all - 1] == '-';
        size_t known = all - open;
        if (strncmp(own, stems[i].name, known) != 0 || (open ? length < known : length != known))
            continue;
        snprintf(library->name, sizeof library->name, "%s", name);
        library->whose = stems[i].whose ? stems[i].whose : owner_by_version(suffix);
        return true;
    }
    return false;
}

// ---- A program's file. Nothing in it is taken on trust: a file may claim anything.

enum { MOST_SEGMENTS = 128, MOST_ENTRIES = 8192, CHUNK = 64 };

static bool read_at(int fd, void *to, size_t bytes, uint64_t at)
{
    return at <= INT64_MAX && pread(fd, to, bytes, (off_t)at) == (ssize_t)bytes;
}

// Where in the file the byte lies that the program has at `address`; UINT64_MAX if nowhere.
static uint64_t in_file(const Elf64_Phdr *segments, int count, uint64_t address)
{
    for (int i = 0; i < count; i++)
        if (segments[i].p_type == PT_LOAD && address >= segments[i].p_vaddr &&
            address - segments[i].p_vaddr < segments[i].p_filesz)
            return segments[i].p_offset + (address - segments[i].p_vaddr);
    return UINT64_MAX;
}

// Reads the `count` entries at `at` a chunk at a time. Without `names` it finds the table of names,
// *names; with it, looks for a library that is foreign.
static bool walk(int fd, uint64_t at, uint64_t count, const Elf64_Phdr *segments, int nsegments,
                 uint64_t *names, struct library *library)
{
    Elf64_Dyn entries[CHUNK];
    char name[sizeof library->name];

    for (uint64_t done = 0; done < count; done += CHUNK) {
        uint64_t now = count - done < CHUNK ? count - done : CHUNK;
        if (!read_at(fd, entries, now * sizeof *entries, at + done * sizeof *entries))
            return false;
        for (uint64_t i = 0; i < now; i++) {
            if (entries[i].d_tag == DT_NULL)
                return false;
            if (!library && entries[i].d_tag == DT_STRTAB) {
                *names = in_file(segments, nsegments, entries[i].d_un.d_ptr);
                return *names != UINT64_MAX;
            }
            if (library && entries[i].d_tag == DT_NEEDED) {
                uint64_t place = *names + entries[i].d_un.d_val;
                ssize_t got =
                    place > INT64_MAX ? -1 : pread(fd, name, sizeof name - 1, (off_t)place);
                name[got > 0 ? got : 0] = 0;
                if (library_is_foreign(name, library))
                    return true;
            }
        }
    }
    return false;
}

bool library_needed(int fd, struct library *library)
{
    Elf64_Phdr segments[MOST_SEGMENTS];
    Elf64_Ehdr header;
    uint64_t names;

    // Other machines' programs cannot be executed, so what their files say does not matter.
    if (!read_at(fd, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_phentsize != sizeof *segments || header.e_phnum > MOST_SEGMENTS ||
        !read_at(fd, segments, header.e_phnum * sizeof *segments, header.e_phoff))
        return false;
    for (int i = 0; i < header.e_phnum; i++) {
        uint64_t count = segments[i].p_filesz / sizeof(Elf64_Dyn);
        uint64_t at = segments[i].p_offset;
        if (segments[i].p_type != PT_DYNAMIC || at > INT64_MAX / 2)
            continue;
        if (count > MOST_ENTRIES)
            count = MOST_ENTRIES;
        return walk(fd, at, count, segments, header.e_phnum, &names, NULL) &&
               walk(fd, at, count, segments, header.e_phnum, &names, library);
    }
    return false;
}

int library_check(const struct program *program, int nranks, char *error, size_t room)
{
    struct library library;
    bool foreign = false;

    // One rank of any MPI is a world of one, as it should be.
    if (nranks < 2)
        return 0;
    int folder = program->wdir ? open(program->wdir, O_PATH | O_CLOEXEC) : AT_FDCWD;
    int fd = openat(folder, program->file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        foreign = library_needed(fd, &library);
        close(fd);
    }
    if (folder >= 0)
        close(folder);
    if (!foreign)
        return 0;
    snprintf(error, room,
             "%s was built with another MPI, %s (%s): its %d ranks would not know of each other; "
             "build it with mprun's mpicc, or start it with that MPI's own launcher",
             program->argv[0], library.name, library.whose, nranks);
    return EXIT_NOT_EXECUTABLE;
}

// ---- A process

bool library_loaded(pid_t pid, struct library *library)
{
    char path[40];
    char *line = NULL;
    size_t room = 0;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    while (maps && !found && getline(&line, &room, maps) > 0) {
        // ADDRESSES rwxp OFFSET DEVICE INODE PATH. What is only read is not loaded: a debugger or a
        // tool looks at it.
        const char *rights = strchr(line, ' ');
        char *name = strrchr(line, '/');
        if (!rights || !name || strnlen(rights, 5) < 5 || rights[3] != 'x')
            continue;
        name[strcspn(name, " \n")] = 0; // " (deleted)"
        found = library_is_foreign(name + 1, library);
    }
    free(line);
    if (maps)
        fclose(maps);
    return found;
}
