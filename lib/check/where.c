// SPDX-License-Identifier: MIT
// The function's name is looked up in the symbols of the file that it comes from, since those of an
// executable are not known to dladdr(3). Read next: base/caller.c, which finds the address.
#define _GNU_SOURCE
#include "check/where.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// An object that is loaded, as far as it concerns an address in it.
struct object {
    uintptr_t address; // looked for
    uintptr_t base;    // what its addresses are relative to
    bool found;        // it is
    bool program;      // the executable itself
    char path[512];
};

static int look_at(struct dl_phdr_info *info, size_t size, void *to)
{
    struct object *o = to;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && o->address - start < part->p_memsz) {
            o->base = info->dlpi_addr;
            o->found = true;
            o->program = !info->dlpi_name[0];
            snprintf(o->path, sizeof o->path, "%s", info->dlpi_name);
            return 1;
        }
    }
    return 0;
}

static struct object object_of(uintptr_t address)
{
    struct object object = {.address = address};
    dl_iterate_phdr(look_at, &object);
    if (object.program) {
        ssize_t length = readlink("/proc/self/exe", object.path, sizeof object.path - 1);
        object.path[length > 0 ? length : 0] = 0;
    }
    return object;
}

// The function of an ELF file, of which all `size` bytes are at `file`, that holds the offset.
static const char *function_at(const char *file, size_t size, uintptr_t offset, uintptr_t *into)
{
    const ElfW(Ehdr) *head = (const void *)file;
    if (size < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_shentsize != sizeof(ElfW(Shdr)) || head->e_shoff > size ||
        (size - head->e_shoff) / sizeof(ElfW(Shdr)) < head->e_shnum) {
        return NULL;
    }
    const ElfW(Shdr) *sections = (const void *)(file + head->e_shoff);
    for (int i = 0; i < head->e_shnum; i++) {
        const ElfW(Shdr) *table = &sections[i];
        if (table->sh_type != SHT_SYMTAB || table->sh_link >= head->e_shnum ||
            table->sh_offset > size || table->sh_size > size - table->sh_offset) {
            continue;
        }
        const ElfW(Shdr) *names = &sections[table->sh_link];
        const ElfW(Sym) *symbols = (const void *)(file + table->sh_offset);
        for (size_t k = 0; k < table->sh_size / sizeof *symbols; k++) {
            if ((symbols[k].st_info & 0xf) == STT_FUNC &&
                offset - symbols[k].st_value < symbols[k].st_size &&
                names->sh_offset + symbols[k].st_name < size) {
                *into = offset - symbols[k].st_value;
                return file + names->sh_offset + symbols[k].st_name;
            }
        }
    }
    return NULL;
}

void mp_where_write(uint64_t address, char *text, size_t room)
{
    // The address behind the call may be that of the next line, or function.
    struct object object = object_of((uintptr_t)address - 1);
    const char *name = strrchr(object.path, '/');
    uintptr_t offset = (uintptr_t)address - 1 - object.base, into = 0;
    struct stat status;

    text[0] = 0;
    if (!address || !object.found) {
        return;
    }
    name = name ? name + 1 : object.path;
    int fd = open(object.path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        char *file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (file != MAP_FAILED) {
            const char *function = function_at(file, size, offset, &into);
            if (function) {
                snprintf(text, room, "%.200s+0x%zx (%s 0x%zx)", function, (size_t)into, name,
                         (size_t)offset);
            }
            munmap(file, size);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!text[0]) {
        snprintf(text, room, "%s 0x%zx", name, (size_t)offset);
    }
}
