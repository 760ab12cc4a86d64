// SPDX-License-Identifier: MIT
// /proc/PID/stat says in one line what a process does, who its parent is, and how much it has
// computed.
// Read next: family.c (who is below us), report.c (tells what ranks did), proc(5).
#define _GNU_SOURCE
#include "launcher/look.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
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

bool look_at(pid_t pid, struct mp_stat *stat)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    return look_works() && mp_stat_read(stat, path);
}

bool look_at_threads(pid_t pid, struct mp_stat *stat)
{
    char path[300];
    struct dirent *entry;
    struct mp_stat one;

    if (!look_at(pid, stat))
        return false;
    if (stat->threads == 1 || stat->state != 'S')
        return true;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    for (int i = 0; folder && i < THREADS_MOST && (entry = readdir(folder)); i++) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)pid, entry->d_name);
        if (entry->d_name[0] != '.' && mp_stat_read(&one, path) && one.state == 'R')
            stat->state = 'R';
    }
    if (folder)
        closedir(folder);
    return true;
}
