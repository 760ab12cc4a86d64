// SPDX-License-Identifier: MIT
// Words that are put together piece by piece, to be written at once. Read next: report.c, show.c,
// deadlock_text.c, which do so.
#include "launcher/text.h"

#include <stdarg.h>
#include <stdio.h>

struct text text_in(char *data, size_t room)
{
    *data = 0;
    return (struct text){.data = data, .room = room};
}

void text_put(struct text *text, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    int wrote = vsnprintf(text->data + text->length, text->room - text->length, format, list);
    va_end(list);
    text->length += wrote > 0 ? (size_t)wrote : 0;
    text->length = text->length < text->room ? text->length : text->room - 1;
}
