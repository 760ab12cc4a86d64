// SPDX-License-Identifier: MIT
#include "base/say.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Somebody else may have made standard error nonblocking, which is no reason to lose words.
void mp_say_text(const char *text, size_t length)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};

    for (size_t done = 0; done < length;) {
        ssize_t wrote = write(STDERR_FILENO, text + done, length - done);
        if (wrote < 0 && errno == EAGAIN) {
            poll(&room, 1, -1);
        } else if (wrote < 0 && errno != EINTR) {
            return; // nobody is there to hear it
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
}

void mp_say_list(const char *format, va_list arguments)
{
    char line[2048];

    vsnprintf(line, sizeof line - 1, format, arguments);
    size_t length = strlen(line);
    line[length++] = '\n';
    mp_say_text(line, length);
}

void mp_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mp_say_list(format, arguments);
    va_end(arguments);
}
