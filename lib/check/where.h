// SPDX-License-Identifier: MIT
// Where in the program a call was made. Only for `mprun --check`: it costs microseconds.
#ifndef MP_CHECK_WHERE_H
#define MP_CHECK_WHERE_H

#include <stddef.h>

// The address to which the call of MPI that this thread is in returns; NULL if it is not known (a
// program that is linked with the library's archive).
void *mp_where_caller(void);

// That address in words, "main+0x2a (prog 0x11c9)": the function, and the file with the offset of
// the call itself, as addr2line wants it. "" for NULL.
void mp_where_write(void *address, char *text, size_t room);

#endif
