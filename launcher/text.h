// SPDX-License-Identifier: MIT
// A text that grows in an array, and is cut at its end. See text.c.
#ifndef MPRUN_TEXT_H
#define MPRUN_TEXT_H

#include <stddef.h>

struct text {
    char *data; // ends with a 0
    size_t length;
    size_t room;
};

// An empty one, in an array of that many bytes.
struct text text_in(char *data, size_t room);

// Adds words, as printf does.
void text_put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
