// SPDX-License-Identifier: MIT
// What a program's file says about it before it is started: its dynamic linker, and the libraries
// that it needs. See executable.c.
#ifndef MPRUN_EXECUTABLE_H
#define MPRUN_EXECUTABLE_H

#include "launcher/options.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXECUTABLE_SEGMENTS = 128, EXECUTABLE_NAME = 256 };

struct executable {
    int fd;
    int nsegments;
    Elf64_Phdr segments[EXECUTABLE_SEGMENTS];
};

// Opens the program's file, seen from where its ranks start; -1 if it may be executed only. The
// caller closes it.
int executable_open(const struct program *program);

// Reads the head of an open file. False if it is no program of 64 bits: a script, for example.
bool executable_read(struct executable *executable, int fd);

// The path of its dynamic linker. False if it has none.
bool executable_linker(const struct executable *executable, char path[EXECUTABLE_NAME]);

// The address that the byte at `offset` in the file has; UINT64_MAX if it has none.
uint64_t executable_address(const struct executable *executable, uint64_t offset);

// The function at an address, and how far behind its beginning that is. False if the file says
// nothing of it.
bool executable_function(const struct executable *executable, uint64_t address,
                         char name[EXECUTABLE_NAME], uint64_t *behind);

// Hands the names of the libraries that it needs to `see`, until that returns true, and returns
// whether it did.
bool executable_needs(const struct executable *executable,
                      bool (*see)(const char *library, void *argument), void *argument);

#endif
