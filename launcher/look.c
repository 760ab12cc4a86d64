// SPDX-License-Identifier: MIT
// /proc/PID/stat says in one line what a process does, who its parent is, and how much it has
// computed. Reading it takes some 10 us, and disturbs nobody.
// Read next: family.c (who is below us), report.c (tells what ranks did), proc(5).
#define _GNU_SOURCE
#include "launcher/look.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MOST = 64 }; // looked at

bool look_works(void)
{
    static int works = -1; // not asked yet
    char text[32];

    if (works < 0) {
        ssize_t got = readlink("/proc/self", text, sizeof text - 1);
        text[got > 0 ? got : 0] = 0;
        works = atoi(text) == getpid();
    }
    return works;
}

// *threads: how many there are.
static bool read_stat(const char *path, struct look *look, long *threads)
{
    char text[1024];
    unsigned long user, system;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return false;
    text[got] = 0;
    const char *after_name = strrchr(text, ')'); // PID (NAME) STATE PARENT ...
    if (!after_name || sscanf(after_name + 1,
                              " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d "
                              "%ld",
                              &look->state, &look->parent, &user, &system, threads) != 5)
        return false;
    look->seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

static bool look_at_process(pid_t pid, struct look *look, long *threads)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    return look_works() && read_stat(path, look, threads);
}

bool look_at(pid_t pid, struct look *look)
{
    long threads;

    return look_at_process(pid, look, &threads);
}

bool look_at_threads(pid_t pid, struct look *look)
{
    char path[300];
    struct dirent *entry;
    long threads;

    if (!look_at_process(pid, look, &threads))
        return false;
    if (threads == 1 || look->state != 'S')
        return true;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    for (int i = 0; folder && i < THREADS_MOST && (entry = readdir(folder)); i++) {
        struct look one;
        snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)pid, entry->d_name);
        if (entry->d_name[0] != '.' && read_stat(path, &one, &threads) && one.state == 'R')
            look->state = 'R';
    }
    if (folder)
        closedir(folder);
    return true;
}
