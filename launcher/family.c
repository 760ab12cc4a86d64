// SPDX-License-Identifier: MIT
// mprun's processes are subreapers: whatever a rank starts, and however it detaches itself, becomes
// their child when its parent goes. So the list of children, asked again after each death, leads to
// everything that a job ever started. A direct child's id cannot be reused before we wait for it,
// so killing children never hits a stranger.
// Read next: job.c (when this is done), proc(5) on /proc/pid/task/tid/children.
#define _GNU_SOURCE
#include "launcher/family.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct pids {
    pid_t *list;
    size_t count;
    size_t room;
};

static void add(struct pids *pids, pid_t pid)
{
    if (pids->count == pids->room) {
        size_t room = pids->room > 0 ? 2 * pids->room : 64;
        pid_t *list = realloc(pids->list, room * sizeof *list);
        if (!list)
            return; // the next round finds those that are left
        pids->list = list;
        pids->room = room;
    }
    pids->list[pids->count++] = pid;
}

// Adds the ids in a file of blank-separated numbers.
static void add_from_file(struct pids *pids, const char *path)
{
    char text[4096];
    ssize_t got;
    pid_t pid = 0;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while ((got = read(fd, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (isdigit((unsigned char)text[i])) {
                pid = pid * 10 + (text[i] - '0');
            } else if (pid > 0) {
                add(pids, pid);
                pid = 0;
            }
        }
    }
    close(fd);
}

// For kernels without the `children` file: every process whose parent is `parent`.
static void add_by_scan(struct pids *pids, pid_t parent)
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    char path[300];
    char text[512];

    while (folder && (entry = readdir(folder))) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
            close(fd);
        if (got <= 0)
            continue;
        text[got] = 0;
        const char *after_name = strrchr(text, ')'); // PID (NAME) STATE PARENT
        int its_parent;
        if (after_name && sscanf(after_name + 1, " %*c %d", &its_parent) == 1 &&
            its_parent == parent)
            add(pids, atoi(entry->d_name));
    }
    if (folder)
        closedir(folder);
}

// Adds the children of `parent`, of all its threads.
static void add_children(struct pids *pids, pid_t parent)
{
    static int listed = -1; // does this kernel have the `children` file? -1: not asked yet
    char path[300];
    struct dirent *entry;

    if (listed < 0)
        listed = access("/proc/thread-self/children", F_OK) == 0;
    if (!listed) {
        add_by_scan(pids, parent);
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)parent, entry->d_name);
        add_from_file(pids, path);
    }
    if (folder)
        closedir(folder);
}

size_t family_children(pid_t parent, pid_t *list, size_t room)
{
    struct pids pids = {0};

    add_children(&pids, parent);
    size_t count = pids.count < room ? pids.count : room;
    if (count > 0)
        memcpy(list, pids.list, count * sizeof *list);
    free(pids.list);
    return count;
}

void family_signal_children(int signal)
{
    struct pids pids = {0};

    add_children(&pids, getpid());
    for (size_t i = 0; i < pids.count; i++)
        kill(pids.list[i], signal);
    free(pids.list);
}

size_t family_ask_to_leave(void)
{
    static struct pids asked;
    struct pids pids = {0};
    size_t before = asked.count;

    add_children(&pids, getpid());
    for (size_t i = 0; i < pids.count; i++) // grows while we walk: breadth first
        add_children(&pids, pids.list[i]);
    for (size_t i = 0; i < pids.count; i++) {
        size_t at = 0;
        while (at < before && asked.list[at] != pids.list[i])
            at++;
        if (at < before)
            continue;
        add(&asked, pids.list[i]);
        kill(pids.list[i], SIGTERM);
        kill(pids.list[i], SIGCONT);
    }
    free(pids.list);
    return pids.count;
}

void family_end(void)
{
    // Each child that we wait for may have handed us its own children, so ask again. One that
    // appears after the question belongs to a child whose death we have yet to wait for.
    do
        family_signal_children(SIGKILL);
    while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR);
}
