// SPDX-License-Identifier: MIT
// Finds the program before anything is started, so that a wrong name is one message and not one for
// each rank. A name with a slash is a path, seen from where the ranks will start; any other is
// looked up along PATH, and then, as other launchers do, where the ranks will start. Read next:
// spawn.c, which executes what was found.
#define _GNU_SOURCE
#include "launcher/program.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

enum verdict { FINE, MISSING, FOLDER, FORBIDDEN, HIDDEN };

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
        return errno == EACCES ? HIDDEN : MISSING;
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
    if (verdict == HIDDEN)
        snprintf(error, room, "%s: its folder may not be searched (permission denied)", file);
    else if (verdict == FOLDER)
        snprintf(error, room, "%s: is a directory, not a program", file);
    else
        snprintf(error, room,
                 "%s: not executable (permission denied; is it a program, with mode +x?)", file);
    return EXIT_NOT_EXECUTABLE;
}

// Sets program->file to the first file of that name in the folders that can be executed. Returns
// whether there is one. `seen`, if still empty, becomes the name of one that we may not execute.
static bool look_along(struct program *program, const char *folders, char seen[PATH_MAX])
{
    char candidate[PATH_MAX];

    for (const char *at = folders;; at++) {
        size_t length = strcspn(at, ":");
        int wrote = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, at,
                             length > 0 ? "/" : "./", program->argv[0]);
        if (wrote < (int)sizeof candidate) {
            enum verdict verdict = look_at(program->wdir, candidate);
            if (verdict == FINE && (program->file = strdup(candidate)))
                return true;
            if (verdict == FORBIDDEN && !*seen)
                strcpy(seen, candidate);
        }
        at += length;
        if (!*at)
            return false;
    }
}

static int find_by_name(struct program *program, char *error, size_t room)
{
    const char *name = program->argv[0];
    const char *path = getenv("PATH");
    char seen[PATH_MAX] = "";

    if (look_along(program, program->path ? program->path : path ? path : DEFAULT_PATH, seen))
        return 0;
    if (!program->path && look_along(program, ".", seen))
        return 0;
    if (*seen)
        return complain(FORBIDDEN, program, seen, error, room);
    if (!program->path)
        snprintf(error, room, "%s: not found in PATH, nor in %s", name,
                 program->wdir ? program->wdir : "this folder");
    else
        snprintf(error, room, "%s: not found in %s%s%s", name, program->path,
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
        return find_by_name(program, error, room);
    enum verdict verdict = look_at(program->wdir, name);
    if (verdict != FINE)
        return complain(verdict, program, name, error, room);
    program->file = name;
    return 0;
}

char **program_shell_argv(const struct program *program)
{
    static char shell[] = "/bin/sh";
    size_t count = 0;

    while (program->argv[count])
        count++;
    char **argv = malloc((count + 2) * sizeof *argv); // a name more, and the NULL
    if (!argv)
        return NULL;
    argv[0] = shell;
    argv[1] = (char *)(uintptr_t)program->file;
    memcpy(argv + 2, program->argv + 1, count * sizeof *argv);
    return argv;
}
