// SPDX-License-Identifier: MIT
// Where in the program a call was made, in words. Only for `mprun --check`: it reads the file's
// symbols.
#ifndef MP_CHECK_WHERE_H
#define MP_CHECK_WHERE_H

#include <stddef.h>
#include <stdint.h>

// An address that mp_caller_find (base/caller.h) found, in words, "main+0x2a (prog 0x11c9)": the
// function, and the file with the offset of the call itself, as addr2line wants it. "" for 0.
void mp_where_write(uint64_t address, char *text, size_t room);

#endif
