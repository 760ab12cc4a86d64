// SPDX-License-Identifier: MIT
// A person at a terminal, for a program that is run on a new one:
//   terminal [TEXT ANSWER]... -- COMMAND [ARGUMENT]...
// When TEXT has appeared, ANSWER is typed, or, if it is >FILE, that file is made; then the next
// TEXT is looked for behind the first. Prints all that appeared, without carriage returns, and ends
// as COMMAND did; with 99 if a TEXT did not appear for 20 s.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static char seen[1 << 16];
static size_t length;

static void answer(int terminal, const char *text)
{
    if (text[0] == '>') {
        close(open(text + 1, O_WRONLY | O_CREAT, 0644));
        return;
    }
    if (write(terminal, text, strlen(text)) < 0 || write(terminal, "\n", 1) < 0)
        exit(98);
}

// Takes what appears next. Returns false at the end.
static int look(int terminal, pid_t child)
{
    struct pollfd question = {.fd = terminal, .events = POLLIN};

    if (poll(&question, 1, PATIENCE_MS) <= 0) {
        printf("%s\n(nothing more appeared)\n", seen);
        fflush(stdout);
        kill(-child, SIGKILL);
        _exit(99);
    }
    ssize_t got = read(terminal, seen + length, sizeof seen - 1 - length);
    length += got > 0 ? (size_t)got : 0;
    return got > 0; // EIO: the last process has closed it
}

static void be_child(const char *name, char **argv)
{
    setsid();
    int own = open(name, O_RDWR);
    if (own < 0 || ioctl(own, TIOCSCTTY, 0) != 0)
        _exit(97);
    for (int fd = 0; fd < 3; fd++)
        dup2(own, fd);
    close(own);
    execvp(argv[0], argv);
    _exit(127);
}

int main(int argc, char **argv)
{
    int end = 1, status = 0;

    while (end < argc && strcmp(argv[end], "--") != 0)
        end += 2;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (end + 1 >= argc || terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
        return 77;
    const char *name = ptsname(terminal);
    pid_t child = fork();
    if (child == 0)
        be_child(name, argv + end + 1);
    size_t from = 0;
    int next = 1;
    while (look(terminal, child)) {
        for (char *found; next < end && (found = strstr(seen + from, argv[next])); next += 2) {
            from = (size_t)(found - seen) + strlen(argv[next]);
            answer(terminal, argv[next + 1]);
        }
    }
    waitpid(child, &status, 0);
    for (size_t i = 0; i < length; i++)
        if (seen[i] != '\r')
            putchar(seen[i]);
    return next < end ? 99 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
