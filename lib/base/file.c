// SPDX-License-Identifier: MIT
// Reading /proc and /sys: see file.h, proc(5). Some 10 us a file, and nobody is disturbed.
#define _GNU_SOURCE
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

size_t mp_file_read(char *text, size_t room, const char *name, ...)
{
    char path[PATH_MAX];
    size_t length = 0;
    ssize_t got;
    va_list list;

    va_start(list, name);
    vsnprintf(path, sizeof path, name, list);
    va_end(list);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && length < room - 1 && (got = read(fd, text + length, room - 1 - length)) > 0)
        length += (size_t)got;
    if (fd >= 0)
        close(fd);
    text[length] = 0;
    return length;
}

bool mp_stat_read(struct mp_stat *stat, const char *name)
{
    char text[1024];

    if (mp_file_read(text, sizeof text, "%s", name) == 0)
        return false;
    // PID (NAME) STATE PARENT ...; a name may have parentheses too.
    char *begin = strchr(text, '('), *end = strrchr(text, ')');
    if (!begin || !end)
        return false;
    *end = 0;
    snprintf(stat->name, sizeof stat->name, "%s", begin + 1);
    return sscanf(text, "%d", &stat->pid) == 1 &&
           sscanf(end + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %ld",
                  &stat->state, &stat->parent, &stat->user, &stat->system, &stat->threads) == 5;
}
