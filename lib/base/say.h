// SPDX-License-Identifier: MIT
// What a process has to say on its standard error before it ends, or instead of a launcher that
// would say it.
#ifndef MP_BASE_SAY_H
#define MP_BASE_SAY_H

#include <stdarg.h>
#include <stddef.h>

// Writes a line, a newline is added, with one system call: what several ranks say at the same time
// does not mix. Whatever the program does with its stderr stream makes no difference.
void mp_say(const char *format, ...) __attribute__((format(printf, 1, 2), cold));
void mp_say_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0), cold));

// Writes a text of one or more lines as it is.
void mp_say_text(const char *text, size_t length) __attribute__((cold));

#endif
