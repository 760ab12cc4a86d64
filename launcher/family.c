// SPDX-License-Identifier: MIT
// mprun's processes are subreapers: whatever a rank starts, and however it detaches itself, becomes
// their child when its parent goes. So the list of children, asked again after each death, leads to
// everything that a job ever started. A direct child's id cannot be reused before we wait for it,
// so killing children never hits a stranger.
//
// The list is in /proc. Where there is none, or a kernel without such lists, wait(2) says of any
// number whether that is our child.
// Read next: job.c (when this is done), look.c, proc(5) on /proc/pid/task/tid/children.
#define _GNU_SOURCE
#include "launcher/family.h"

#include "launcher/allowed.h"
#include "launcher/look.h"
#include "launcher/report.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    NUMBER_MOST = 1 << 22,  // no process of Linux has a greater one
    NUMBER_USUAL = 1 << 15, // the greatest one where nobody raised it
    DEPTH_MOST = 1000,      // of a family tree
    STOP_ROUNDS = 8,
    KILL_AGAIN_MS = 20,
    KILL_ROUNDS = 100
};

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

// Whether it is among the first `count`.
static bool has(const struct pids *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids->list[i] == pid)
            return true;
    return false;
}

bool family_tie(pid_t parent)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && prctl(PR_SET_PDEATHSIG, GONE_SIGNAL) == 0)
        return getppid() == parent; // it may have died before that
    report_line("cannot be tied to what it starts: %s%s", strerror(errno), allowed_hint(errno));
    return false;
}

// ---- Children, without /proc

static bool is_child(pid_t pid)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// The number that the kernel gave out last; our own if there are no processes to be had.
static pid_t newest_number(void)
{
    pid_t newest = vfork();

    if (newest == 0)
        _exit(0);
    if (newest < 0)
        return getpid();
    while (waitpid(newest, NULL, 0) < 0 && errno == EINTR)
        ;
    return newest;
}

// Adds the children among the numbers above `from` and, from 1 on again when `most` was reached, up
// to `to`.
static void add_between(struct pids *pids, pid_t from, pid_t to, pid_t most)
{
    for (pid_t at = from % most + 1; at != to; at = at % most + 1)
        if (is_child(at))
            add(pids, at);
    if (is_child(to))
        add(pids, to);
}

// Numbers are given out in turn, and all that is below us was started after us: so children are
// between our number and the newest one. If nothing is found there, so many were started that the
// numbers have come round, or they go further than usual: all are tried, which may take a second.
static void add_own_by_number(struct pids *pids)
{
    pid_t self = getpid();
    pid_t newest = newest_number();
    siginfo_t info;

    add_between(pids, self, newest,
                self < NUMBER_USUAL && newest < self ? NUMBER_USUAL : NUMBER_MOST);
    if (pids->count == 0 && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        add_between(pids, self, self, NUMBER_MOST);
}

// ---- Children, by /proc

bool family_sees_all(void)
{
    static int listed = -1; // does this kernel have the `children` file? -1: not asked yet

    if (listed < 0)
        listed = look_works() && access("/proc/thread-self/children", F_OK) == 0;
    return listed;
}

// Adds the children of `parent`, of all its threads. Those of others stay unknown where the kernel
// does not tell.
static void add_children(struct pids *pids, pid_t parent)
{
    char path[300];
    struct dirent *entry;
    pid_t pid;

    if (!family_sees_all()) {
        if (parent == getpid())
            add_own_by_number(pids);
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)parent, entry->d_name);
        FILE *children = fopen(path, "re");
        while (children && fscanf(children, "%d", &pid) == 1)
            add(pids, pid);
        if (children)
            fclose(children);
    }
    if (folder)
        closedir(folder);
}

// ---- Who is there

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

bool family_has(pid_t pid)
{
    struct mp_stat look;

    if (pid <= 1)
        return false;
    if (is_child(pid))
        return true;
    for (int i = 0; i < DEPTH_MOST && look_at(pid, &look); i++, pid = look.parent)
        if (look.parent == getpid())
            return true;
    return false;
}

// ---- Signals

void family_signal_children(int signal)
{
    struct pids pids = {0};

    add_children(&pids, getpid());
    for (size_t i = 0; i < pids.count; i++)
        kill(pids.list[i], signal);
    free(pids.list);
}

// Asks the children, and with `all` those below them, unless that was done already.
static size_t ask(bool all)
{
    static struct pids asked;
    struct pids pids = {0};
    struct mp_stat look;
    size_t before = asked.count;
    size_t living = 0;

    add_children(&pids, getpid());
    for (size_t i = 0; i < pids.count; i++) { // grows while we walk: breadth first
        pid_t pid = pids.list[i];
        if (all)
            add_children(&pids, pid);
        if (has(&asked, before, pid))
            continue;
        add(&asked, pid);
        living += !look_at(pid, &look) || look.state != 'Z';
        kill(pid, SIGTERM);
        kill(pid, SIGCONT);
    }
    free(pids.list);
    return living;
}

size_t family_ask_to_leave(void)
{
    return ask(true);
}

// One that was started between our look at its parent's children and the signal to that. All others
// that we have not asked were started by a process that was, to save its work: they have a parent
// that waits for them, and are left in peace.
void family_ask_orphans(void)
{
    ask(false);
}

// As the terminal does it, so that programs that prepare for it can. But in a session of its own a
// process belongs to no terminal that could continue it: there the kernel ignores SIGTSTP.
static void stop(pid_t pid)
{
    kill(pid, getsid(pid) == getsid(0) ? SIGTSTP : SIGSTOP);
}

void family_stop(void)
{
    struct pids stopped = {0};
    bool more = true;

    // Again until nobody new is there: one that was not stopped yet may have started another.
    for (int round = 0; more && round < STOP_ROUNDS; round++) {
        struct pids pids = {0};
        size_t before = stopped.count;
        add_children(&pids, getpid());
        for (size_t i = 0; i < pids.count; i++) {
            if (!has(&stopped, before, pids.list[i])) {
                add(&stopped, pids.list[i]);
                stop(pids.list[i]);
            }
            add_children(&pids, pids.list[i]);
        }
        more = stopped.count > before;
        free(pids.list);
    }
    free(stopped.list);
}

void family_continue(void)
{
    struct pids pids = {0};

    add_children(&pids, getpid());
    for (size_t i = 0; i < pids.count; i++) {
        add_children(&pids, pids.list[i]);
        kill(pids.list[i], SIGCONT);
    }
    free(pids.list);
}

bool family_end(void)
{
    struct timespec again = {.tv_nsec = KILL_AGAIN_MS * 1000000};
    sigset_t child_ended;
    int rounds = 0;

    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    // Each child that we wait for may have handed us its own children, so ask again. One that
    // appears after the question belongs to a child whose death we have yet to wait for.
    while (rounds < KILL_ROUNDS) {
        pid_t pid;
        family_signal_children(SIGKILL);
        do
            pid = waitpid(-1, NULL, WNOHANG | __WALL);
        while (pid > 0);
        if (pid < 0 && errno == ECHILD)
            return true;
        if (pid == 0 && sigtimedwait(&child_ended, NULL, &again) < 0)
            rounds++;
    }
    return false;
}
