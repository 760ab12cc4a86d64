// SPDX-License-Identifier: MIT
// Reading a program's file. Nothing in it is taken on trust: a file may claim anything. Files of
// another word length or byte order cannot be executed here, or not by our own dynamic linker, so
// what they say does not matter.
// Read next: library.c and preload.c, which ask; elf(5).
#define _GNU_SOURCE
#include "launcher/executable.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ENTRIES = 8192 };

static bool read_at(int fd, void *to, size_t bytes, uint64_t at)
{
    return at <= INT64_MAX && pread(fd, to, bytes, (off_t)at) == (ssize_t)bytes;
}

// A string that may end before the buffer does. False if nothing is there.
static bool read_name(int fd, char name[EXECUTABLE_NAME], uint64_t at)
{
    ssize_t got = at > INT64_MAX ? -1 : pread(fd, name, EXECUTABLE_NAME - 1, (off_t)at);

    name[got > 0 ? got : 0] = 0;
    return got > 0;
}

int executable_open(const struct program *program)
{
    int folder = program->wdir ? open(program->wdir, O_PATH | O_CLOEXEC) : AT_FDCWD;
    int fd = openat(folder, program->file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (folder >= 0)
        close(folder);
    return fd;
}

bool executable_read(struct executable *executable, int fd)
{
    Elf64_Ehdr header;

    executable->fd = fd;
    if (!read_at(fd, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_phentsize != sizeof *executable->segments || header.e_phnum > EXECUTABLE_SEGMENTS)
        return false;
    executable->nsegments = header.e_phnum;
    return read_at(fd, executable->segments, header.e_phnum * sizeof *executable->segments,
                   header.e_phoff);
}

static const Elf64_Phdr *segment_of(const struct executable *executable, uint32_t type)
{
    for (int i = 0; i < executable->nsegments; i++)
        if (executable->segments[i].p_type == type)
            return &executable->segments[i];
    return NULL;
}

bool executable_linker(const struct executable *executable, char path[EXECUTABLE_NAME])
{
    const Elf64_Phdr *linker = segment_of(executable, PT_INTERP);
    return linker && read_name(executable->fd, path, linker->p_offset);
}

// Where in the file the byte lies that the program has at `address`; UINT64_MAX if nowhere.
static uint64_t place_of(const struct executable *executable, uint64_t address)
{
    for (int i = 0; i < executable->nsegments; i++) {
        const Elf64_Phdr *p = &executable->segments[i];
        if (p->p_type == PT_LOAD && address >= p->p_vaddr && address - p->p_vaddr < p->p_filesz)
            return p->p_offset + (address - p->p_vaddr);
    }
    return UINT64_MAX;
}

uint64_t executable_address(const struct executable *executable, uint64_t offset)
{
    for (int i = 0; i < executable->nsegments; i++) {
        const Elf64_Phdr *p = &executable->segments[i];
        if (p->p_type == PT_LOAD && offset >= p->p_offset && offset - p->p_offset < p->p_filesz)
            return p->p_vaddr + (offset - p->p_offset);
    }
    return UINT64_MAX;
}

// Looks through a table of symbols.
static bool search_symbols(const struct executable *executable, const Elf64_Shdr *table,
                           uint64_t names, uint64_t address, char name[EXECUTABLE_NAME],
                           uint64_t *behind)
{
    Elf64_Sym symbols[512];
    uint64_t end = table->sh_offset + table->sh_size;

    for (uint64_t at = table->sh_offset; at < end && end <= INT64_MAX; at += sizeof symbols) {
        size_t bytes = end - at < sizeof symbols ? end - at : sizeof symbols;
        ssize_t got = pread(executable->fd, symbols, bytes, (off_t)at);
        for (size_t i = 0; got > 0 && i < (size_t)got / sizeof *symbols; i++) {
            const Elf64_Sym *s = &symbols[i];
            if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && address >= s->st_value &&
                address - s->st_value < s->st_size) {
                *behind = address - s->st_value;
                return read_name(executable->fd, name, names + s->st_name) && name[0];
            }
        }
        if (got != (ssize_t)bytes)
            return false;
    }
    return false;
}

bool executable_function(const struct executable *executable, uint64_t address,
                         char name[EXECUTABLE_NAME], uint64_t *behind)
{
    static const uint32_t types[] = {SHT_SYMTAB, SHT_DYNSYM};
    Elf64_Ehdr header;
    Elf64_Shdr table, names;

    if (!read_at(executable->fd, &header, sizeof header, 0) || header.e_shentsize != sizeof table)
        return false;
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        for (uint64_t i = 0; i < header.e_shnum; i++)
            if (read_at(executable->fd, &table, sizeof table, header.e_shoff + i * sizeof table) &&
                table.sh_type == types[k] &&
                read_at(executable->fd, &names, sizeof names,
                        header.e_shoff + table.sh_link * sizeof names) &&
                search_symbols(executable, &table, names.sh_offset, address, name, behind))
                return true;
    return false;
}

bool executable_needs(const struct executable *executable,
                      bool (*see)(const char *library, void *argument), void *argument)
{
    static Elf64_Dyn entries[MOST_ENTRIES]; // what the dynamic linker has to know
    const Elf64_Phdr *dynamic = segment_of(executable, PT_DYNAMIC);
    char name[EXECUTABLE_NAME];
    uint64_t names = UINT64_MAX;

    if (!dynamic)
        return false;
    size_t bytes = dynamic->p_filesz < sizeof entries ? dynamic->p_filesz : sizeof entries;
    ssize_t got = pread(executable->fd, entries, bytes, (off_t)dynamic->p_offset);
    size_t count = got > 0 ? (size_t)got / sizeof *entries : 0;
    // The table of names may stand behind the names.
    for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++)
        if (entries[i].d_tag == DT_STRTAB)
            names = place_of(executable, entries[i].d_un.d_ptr);
    if (names == UINT64_MAX)
        return false;
    for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++)
        if (entries[i].d_tag == DT_NEEDED &&
            read_name(executable->fd, name, names + entries[i].d_un.d_val) && see(name, argument))
            return true;
    return false;
}
