// SPDX-License-Identifier: MIT
// Finds the program before anything is started, so that a wrong name is one message and not one for
// each rank. The rules are a shell's: a name with a slash is a path, seen from where the ranks will
// start; any other is looked up along PATH.
// Read next: spawn.c, which executes what was found.
#define _GNU_SOURCE
#include "launcher/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum verdict { FINE, MISSING, FOLDER, FORBIDDEN };

// Whether `file`, seen from `wdir`, can be executed.
static enum verdict look_at(const char *wdir, const char *file)
{
    struct stat status;
    char path[PATH_MAX];

    if (wdir && file[0] != '/') {
        if (snprintf(path, sizeof path, "%s/%s", wdir, file) >= (int)sizeof path)
            return MISSING;
        file = path;
    }
    if (stat(file, &status) != 0)
        return errno == EACCES ? FORBIDDEN : MISSING;
    if (S_ISDIR(status.st_mode))
        return FOLDER;
    return access(file, X_OK) == 0 ? FINE : FORBIDDEN;
}

static int complain(enum verdict verdict, const struct program *program, const char *file,
                    char *error, size_t room)
{
    const char *in = program->wdir && file[0] != '/' ? program->wdir : NULL;

    if (verdict == MISSING) {
        snprintf(error, room, "%s: not found%s%s", file, in ? " in " : "", in ? in : "");
        return EXIT_NOT_FOUND;
    }
    if (verdict == FOLDER)
        snprintf(error, room, "%s: is a directory, not a program", file);
    else
        snprintf(error, room,
                 "%s: not executable (permission denied; is it a program, with mode +x?)", file);
    return EXIT_NOT_EXECUTABLE;
}

static int find_along_path(struct program *program, char *error, size_t room)
{
    const char *name = program->argv[0];
    const char *path = program->path ? program->path : getenv("PATH");
    char candidate[PATH_MAX];
    char seen[PATH_MAX] = "";
    enum verdict worst = MISSING;

    if (!path)
        path = "/usr/local/bin:/usr/bin:/bin";
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, ":");
        int wrote = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, at,
                             length > 0 ? "/" : "./", name);
        if (wrote < (int)sizeof candidate) {
            enum verdict verdict = look_at(program->wdir, candidate);
            if (verdict == FINE) {
                program->file = strdup(candidate);
                return 0;
            }
            if (verdict == FORBIDDEN && worst == MISSING) {
                worst = verdict;
                strcpy(seen, candidate);
            }
        }
        at += length;
        if (!*at)
            break;
    }
    if (worst != MISSING)
        return complain(worst, program, seen, error, room);
    snprintf(error, room, "%s: not found in %s%s%s", name, program->path ? program->path : "PATH",
             look_at(program->wdir, name) == FINE ? "; did you mean ./" : "",
             look_at(program->wdir, name) == FINE ? name : "");
    return EXIT_NOT_FOUND;
}

int program_find(struct program *program, char *error, size_t room)
{
    const char *name = program->argv[0];

    if (program->wdir) {
        struct stat status;
        if (stat(program->wdir, &status) != 0) {
            snprintf(error, room, "cannot start in %s: %s", program->wdir, strerror(errno));
            return EXIT_USAGE;
        }
        if (!S_ISDIR(status.st_mode)) {
            snprintf(error, room, "cannot start in %s: it is not a directory", program->wdir);
            return EXIT_USAGE;
        }
    }
    if (!strchr(name, '/'))
        return find_along_path(program, error, room);
    enum verdict verdict = look_at(program->wdir, name);
    if (verdict != FINE)
        return complain(verdict, program, name, error, room);
    program->file = name;
    return 0;
}
