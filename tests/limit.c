// SPDX-License-Identifier: MIT
// limit SECONDS COMMAND [ARGS]: runs one test command so that it can neither hang nor leave
// anything behind. As a subreaper it inherits every process that the command orphans; when
// the time is up, it names and kills them all. When the command ends and a descendant of it
// still lives GRACE_MS later, that is a failure too. tests/runner tells the exits apart.
// Exit: the command's, 128 + its signal, 250 for out of time, 251 for processes left behind.
#include <ctype.h>
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

enum { OUT_OF_TIME = 250, LEFT_BEHIND = 251, GRACE_MS = 1500, MAX_PROCS = 65536 };

struct proc {
    pid_t pid, parent;
    char state;
    char name[32];
};

static struct proc procs[MAX_PROCS];

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

// Reads /proc into procs; returns how many there are.
static int list_processes(void)
{
    DIR *dir = opendir("/proc");
    int count = 0;
    if (!dir)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir)) && count < MAX_PROCS;) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        char path[300], line[512];
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        size_t got = fread(line, 1, sizeof line - 1, file);
        fclose(file);
        line[got] = 0;
        // The name stands in parentheses and may hold any character.
        char *open = strchr(line, '('), *close = strrchr(line, ')');
        if (!open || !close)
            continue;
        struct proc *p = &procs[count];
        int parent;
        if (sscanf(close + 1, " %c %d", &p->state, &parent) != 2)
            continue;
        *close = 0;
        snprintf(p->name, sizeof p->name, "%s", open + 1);
        p->pid = (pid_t)atol(line);
        p->parent = parent;
        count++;
    }
    closedir(dir);
    return count;
}

static int descends(int count, pid_t pid, pid_t ancestor)
{
    for (int depth = 0; depth < 64; depth++) {
        int i = 0;
        while (i < count && procs[i].pid != pid)
            i++;
        if (i == count)
            return 0;
        if (procs[i].parent == ancestor)
            return 1;
        pid = procs[i].parent;
    }
    return 0;
}

// Names our live descendants on stderr where say is set, and sends them signal, if not 0.
static int for_descendants(int signal, int say)
{
    int count = list_processes(), found = 0;
    for (int i = 0; i < count; i++) {
        if (procs[i].state == 'Z' || !descends(count, procs[i].pid, getpid()))
            continue;
        found++;
        if (say)
            fprintf(stderr, "limit:   process %d (%s), state %c\n", (int)procs[i].pid,
                    procs[i].name, procs[i].state);
        if (signal)
            kill(procs[i].pid, signal);
    }
    return found;
}

// A process may fork while we kill, so go on until none is left.
static void kill_descendants(void)
{
    for (int i = 0; i < 100 && (for_descendants(SIGKILL, 0) || waitpid(-1, NULL, WNOHANG) != -1);
         i++) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        usleep(5000);
    }
}

int main(int argc, char **argv)
{
    char *end = NULL;
    double seconds = argc > 2 ? strtod(argv[1], &end) : 0;
    if (argc < 3 || *end || seconds <= 0) {
        fprintf(stderr, "usage: limit SECONDS COMMAND [ARGS]\n");
        return 2;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    long long deadline = now_ms() + (long long)(seconds * 1000);
    pid_t child = fork();
    if (child < 0) {
        perror("limit: fork");
        return 2;
    }
    if (child == 0) {
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        // A group of its own: some tests stop their processes, and where a group loses the last
        // parent outside it, as when a rank's launcher goes, while one of it is stopped, the system
        // hangs up all of it. That was make, too.
        setpgid(0, 0);
        // A make that is interrupted must not leave a test running either.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[2], argv + 2);
        fprintf(stderr, "limit: cannot run %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }

    int status = 0, ended = 0;
    while (!ended) {
        long long left = deadline - now_ms();
        if (left <= 0) {
            fprintf(stderr, "limit: still running after %g s; killed:\n", seconds);
            for_descendants(0, 1);
            kill_descendants();
            return OUT_OF_TIME;
        }
        struct timespec wait = {left / 1000, left % 1000 * 1000000};
        int signal = sigtimedwait(&set, NULL, &wait);
        if (signal > 0 && signal != SIGCHLD) {
            kill_descendants();
            return 128 + signal;
        }
        int one;
        for (pid_t pid; (pid = waitpid(-1, &one, WNOHANG)) > 0;)
            if (pid == child) {
                status = one;
                ended = 1;
            }
    }
    // Whoever is still there was orphaned: it should be dying.
    deadline = now_ms() + GRACE_MS;
    while (waitpid(-1, NULL, WNOHANG) != -1) {
        if (now_ms() < deadline) {
            usleep(5000);
            continue;
        }
        if (!for_descendants(0, 0))
            break;
        fprintf(stderr, "limit: left behind %d ms after the end; killed:\n", GRACE_MS);
        for_descendants(0, 1);
        kill_descendants();
        return LEFT_BEHIND;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
