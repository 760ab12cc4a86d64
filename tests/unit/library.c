// SPDX-License-Identifier: MIT
// Another MPI's library is known by its name, and found in a program's file whatever is wrong with
// that file.
#define _GNU_SOURCE
#include "launcher/library.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void names_are_known(void **state)
{
    static const char *const theirs[] = {
        "libmpi.so.40",       "libmpi.so.12",       "libmpi.so",         "libmpich.so.12",
        "libmpi_cxx.so.40",   "libmpicxx.so.12",    "libmpifort.so.12",  "libmpi_mpifh.so.40",
        "libmpi_mt.so.4",     "libmpich_gnu_82.so", "libmpi_gnu_123.so", "libmpi_cray.so.12",
        "libmpi.so.40.30.4.1"};
    static const char *const others[] = {"libmpi_abi.so.0",
                                         "libmpi_abi.so",
                                         "libmpi_abi.so.1.0.0",
                                         "libmpiP.so.3",
                                         "libmpiseq.so",
                                         "libmpi",
                                         "libmpi.a",
                                         "libmpi.sound.1",
                                         "mpi.so.40",
                                         "libm.so.6",
                                         "libmpi_stubs.so",
                                         "libmpir.so.23",
                                         "libmpixx.so.1",
                                         "",
                                         "lib",
                                         "lib.so",
                                         "libmpichx.so"};
    struct library library;

    (void)state;
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) {
        if (!library_is_foreign(theirs[i], &library))
            fail_msg("%s is taken for ours", theirs[i]);
        assert_string_equal(library.name, theirs[i]);
        assert_non_null(library.whose);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (library_is_foreign(others[i], &library))
            fail_msg("%s is taken for another MPI", others[i]);
    assert_true(library_is_foreign("libmpi.so.40", &library));
    assert_string_equal(library.whose, "Open MPI");
    assert_true(library_is_foreign("libmpich.so.12", &library));
    assert_string_equal(library.whose, "MPICH");
}

// A program with two needed libraries, as a linker would lay it out.
static struct image {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
    Elf64_Dyn entries[6];
    char names[64];
} image;
enum { ADDRESS = 0x400000 };

static void make_image(const char *first, const char *second)
{
    uint64_t names = offsetof(struct image, names);

    memset(&image, 0, sizeof image);
    memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    image.header.e_ident[EI_DATA] = ELFDATA2LSB;
    image.header.e_phoff = offsetof(struct image, segments);
    image.header.e_phentsize = sizeof(Elf64_Phdr);
    image.header.e_phnum = 3;
    image.segments[0].p_type = PT_NOTE;
    image.segments[1] =
        (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = ADDRESS, .p_filesz = sizeof image};
    image.segments[2] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
                                     .p_offset = offsetof(struct image, entries),
                                     .p_filesz = sizeof image.entries};
    strcpy(image.names + 1, first);
    strcpy(image.names + 32, second);
    image.entries[0] = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = 1};
    image.entries[1] = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = 32};
    image.entries[2] = (Elf64_Dyn){.d_tag = DT_STRTAB, .d_un.d_ptr = ADDRESS + names};
    image.entries[3] = (Elf64_Dyn){.d_tag = DT_STRSZ, .d_un.d_val = sizeof image.names};
}

static bool needs(size_t bytes, struct library *library)
{
    int fd = memfd_create("program", 0);

    assert_true(fd >= 0 && write(fd, &image, bytes) == (ssize_t)bytes);
    bool found = library_needed(fd, library);
    close(fd);
    return found;
}

static void needed_library_is_found(void **state)
{
    struct library library;

    (void)state;
    make_image("libc.so.6", "libmpi.so.40");
    assert_true(needs(sizeof image, &library));
    assert_string_equal(library.name, "libmpi.so.40");
    make_image("libmpich.so.12", "libc.so.6");
    assert_true(needs(sizeof image, &library));
    assert_string_equal(library.name, "libmpich.so.12");
    make_image("libmpi_abi.so.0", "libc.so.6");
    assert_false(needs(sizeof image, &library));
    // What comes after the end of the entries does not count.
    make_image("libc.so.6", "libmpi.so.40");
    image.entries[5] = image.entries[1];
    image.entries[1] = image.entries[3];
    assert_false(needs(sizeof image, &library));
}

// Each byte and each word of the file may be anything, and the file may end anywhere.
static void damaged_files_do_no_harm(void **state)
{
    static const uint64_t words[] = {0, 1, UINT32_MAX, INT64_MAX, (uint64_t)1 << 63, UINT64_MAX};
    struct library library;
    size_t tried = 0;

    (void)state;
    for (size_t bytes = 0; bytes < sizeof image; bytes++) {
        make_image("libc.so.6", "libmpi.so.40");
        needs(bytes, &library);
        tried++;
    }
    for (size_t at = 0; at + sizeof *words <= sizeof image; at += 2)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            make_image("libc.so.6", "libmpi.so.40");
            memcpy((char *)&image + at, &words[i], sizeof words[i]);
            needs(sizeof image, &library);
            tried++;
        }
    for (size_t at = 0; at < sizeof image; at++) {
        make_image("libc.so.6", "libmpi.so.40");
        ((unsigned char *)&image)[at] ^= 0xff;
        needs(sizeof image, &library);
        tried++;
    }
    assert_true(tried > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known),
        cmocka_unit_test(needed_library_is_found),
        cmocka_unit_test(damaged_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
