// SPDX-License-Identifier: MIT
#include "base/say.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void mp_say_list(const char *format, va_list arguments)
{
    char line[2048];

    vsnprintf(line, sizeof line - 1, format, arguments);
    size_t length = strlen(line);
    line[length++] = '\n';
    for (size_t done = 0; done < length;) {
        ssize_t wrote = write(STDERR_FILENO, line + done, length - done);
        if (wrote < 0 && errno != EINTR) {
            return; // nobody is there to hear it
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
}

void mp_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mp_say_list(format, arguments);
    va_end(arguments);
}
