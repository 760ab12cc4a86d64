// SPDX-License-Identifier: MIT
// Addresses in words. Which file lies at an address, the process's memory map says. Which line of
// the source that is, addr2line says (binutils), if it is installed and the program was built with
// -g; which function, the symbols in the file, unless they were stripped. Read next: executable.c.
#define _GNU_SOURCE
#include "launcher/source.h"

#include "base/clock.h"
#include "launcher/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Programs that it is asked about, addresses at once, and what it may take and say in all.
enum { FILES = 4, AT_ONCE = 32, PATIENCE_MS = 200, ANSWER = 16384 };

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// The file that is mapped there, and the address as the file counts.
static void find_file(struct place *place)
{
    char name[64], *line = NULL;
    size_t room = 0;

    snprintf(name, sizeof name, "/proc/%d/maps", (int)place->pid);
    FILE *maps = fopen(name, "re");
    while (maps && getline(&line, &room, maps) > 0) {
        uint64_t first, end, offset;
        int path = 0;
        struct executable executable;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %n", &first, &end,
                   &offset, &path) < 3 ||
            place->address < first || place->address >= end || path == 0 || line[path] != '/')
            continue;
        line[path + (int)strcspn(line + path, "\n")] = 0;
        snprintf(place->file, sizeof place->file, "%s", line + path);
        int fd = open(place->file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        // One less: the call itself, not what comes after it.
        if (fd >= 0 && executable_read(&executable, fd))
            place->in_file = executable_address(&executable, offset + (place->address - first) - 1);
        if (fd >= 0)
            close(fd);
        break;
    }
    free(line);
    if (maps)
        fclose(maps);
}

// The function, from the file's symbols.
static void find_function(struct place *place)
{
    char name[EXECUTABLE_NAME];
    struct executable executable;
    uint64_t behind;
    int fd = open(place->file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0 && executable_read(&executable, fd) &&
        executable_function(&executable, place->in_file, name, &behind))
        snprintf(place->text, sizeof place->text, "%.60s+0x%" PRIx64 " (%.40s)", name, behind + 1,
                 base_of(place->file));
    else
        snprintf(place->text, sizeof place->text, "%.60s+0x%" PRIx64, base_of(place->file),
                 place->in_file + 1);
    if (fd >= 0)
        close(fd);
}

static int64_t now_ms(void)
{
    return mp_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

// Reads all that a program prints until it ends or its time is over; then it is ended.
static bool read_all(char **arguments, char *answer, int64_t until_ms)
{
    static char locale[] = "LC_ALL=C", *environment[] = {locale, NULL}; // no debug server
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    size_t length = 0;
    int ends[2], status;
    bool whole = false;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    sigemptyset(&none);
    sigfillset(&defaults);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    while (!error) {
        struct pollfd readable = {.fd = ends[0], .events = POLLIN};
        int64_t left = until_ms - now_ms();
        int ready = left > 0 ? poll(&readable, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t got = ready > 0 ? read(ends[0], answer + length, ANSWER - 1 - length) : -1;
        if (got <= 0) {
            whole = got == 0;
            break;
        }
        length += (size_t)got;
    }
    close(ends[0]);
    if (!error) {
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    answer[length] = 0;
    return whole;
}

// Asks for all places in one file that have no text yet. The answer is two lines for each: the
// function; file and line, maybe with more behind a space.
static void find_lines(struct place *places, int count, const char *file, int64_t until_ms)
{
    static char answer[ANSWER];
    static char tool[] = "addr2line", options[] = "-fsCe";
    char numbers[AT_ONCE][24], path[256], *arguments[AT_ONCE + 4] = {tool, options, path};
    struct place *asked[AT_ONCE];
    int n = 0;

    snprintf(path, sizeof path, "%s", file);
    for (int i = 0; i < count && n < AT_ONCE; i++) {
        if (strcmp(places[i].file, file) == 0 && !places[i].text[0]) {
            snprintf(numbers[n], sizeof *numbers, "0x%" PRIx64, places[i].in_file);
            arguments[3 + n] = numbers[n];
            asked[n++] = &places[i];
        }
    }
    if (!read_all(arguments, answer, until_ms))
        return;
    char *rest = answer;
    for (int i = 0; i < n; i++) {
        char *function = strsep(&rest, "\n");
        char *line = rest ? strsep(&rest, "\n") : NULL;
        if (!line)
            return;
        line[strcspn(line, " ")] = 0;
        if (line[0] == '?' || strstr(line, ":?") || strstr(line, ":0"))
            continue;
        snprintf(asked[i]->text, SOURCE_TEXT, function[0] == '?' ? "%.60s" : "%.60s (%.60s)", line,
                 function);
    }
}

// The same place in another rank of the program.
static bool is_known(struct place *places, int i)
{
    for (int k = 0; k < i; k++) {
        if (places[k].text[0] && places[k].in_file == places[i].in_file &&
            strcmp(places[k].file, places[i].file) == 0) {
            memcpy(places[i].text, places[k].text, SOURCE_TEXT);
            return true;
        }
    }
    return false;
}

void source_find(struct place *places, int count)
{
    int64_t until_ms = now_ms() + PATIENCE_MS;
    int files = 0;

    for (int i = 0; i < count; i++) {
        places[i].text[0] = places[i].file[0] = 0;
        places[i].in_file = UINT64_MAX;
        if (places[i].address)
            find_file(&places[i]);
    }
    for (int i = 0; i < count; i++) {
        if (places[i].in_file == UINT64_MAX || places[i].text[0] || is_known(places, i))
            continue;
        if (files++ < FILES)
            find_lines(places + i, count - i, places[i].file, until_ms);
        if (!places[i].text[0])
            find_function(&places[i]);
    }
}
