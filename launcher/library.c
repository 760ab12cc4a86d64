// SPDX-License-Identifier: MIT
// A program that was built with Open MPI or MPICH does not find that MPI's launcher when mprun
// starts it. Then each of its processes takes itself for a world of one rank, computes everything,
// and writes over what the others write: that looks like success. So mprun reads in the program's
// file which libraries it needs; what is hidden behind a script or loaded later is seen by
// stranger.c. Our own library, libmpi_abi, is the one that all MPIs of the standard ABI share.
// Read next: executable.c (what its file says), stranger.c.
#define _GNU_SOURCE
#include "launcher/library.h"

#include "base/bits.h"
#include "launcher/executable.h"

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
    {"mpi_usempi-", "Open MPI"},
    {"mpi_ibm-", "IBM's MPI"},
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
    {"mpi_dbg-", "Intel MPI"},
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

// ---- A program's file

static bool see(const char *name, void *argument)
{
    return library_is_foreign(name, argument);
}

bool library_needed(int fd, struct library *library)
{
    struct executable executable;
    return executable_read(&executable, fd) && executable_needs(&executable, see, library);
}

int library_check(const struct program *program, int nranks, char *error, size_t room)
{
    struct library library;
    bool foreign = false;

    // One rank of any MPI is a world of one, as it should be.
    if (nranks < 2)
        return 0;
    int fd = executable_open(program);
    if (fd >= 0) {
        foreign = library_needed(fd, &library);
        close(fd);
    }
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
