// SPDX-License-Identifier: MIT
// A folder for the temporary files of a job, which is gone when the job is. Whichever of mprun's
// processes lives last removes it. If all are killed at once it stays, and so must be found: such
// folders lie in one of this user's, below TMPDIR, which every mprun looks for when it starts. (It
// is there only while there is such a job, so that this costs one system call.)
//
// A folder is in use for as long as somebody holds the lock on it, flock(2): mprun's processes
// share one, and it goes with the last of them. Between making a folder and locking it one holds
// the lock on the folder above, and so does who removes any: no new folder is taken for an old one.
// Read next: front.c.
#define _GNU_SOURCE
#include "launcher/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100, DEPTH_MOST = 200 };

// Everybody may write to /tmp: what is found there under that name is ours only if nobody else
// could have made it, or can change it.
static int open_above(char path[PATH_MAX], bool make)
{
    const char *tmp = getenv("TMPDIR");
    struct stat status;

    snprintf(path, PATH_MAX, "%s/mprun-%u", tmp && *tmp ? tmp : "/tmp", (unsigned)getuid());
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && status.st_uid == getuid() && (status.st_mode & 022) == 0)
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

// Removes what is in the folder `fd`, which is closed then. Links are not followed.
static void empty(int fd, int depth)
{
    struct dirent *entry;
    DIR *folder = fdopendir(fd);

    while (folder && (entry = readdir(folder))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(fd, name, 0) == 0)
            continue;
        // A program may have taken rights away. (This is no link, or it would be gone.)
        int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0 && fchmodat(fd, name, 0700, 0) == 0)
            below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0)
            fchmod(below, 0700);
        if (below >= 0 && depth < DEPTH_MOST)
            empty(below, depth + 1);
        else if (below >= 0)
            close(below);
        unlinkat(fd, name, AT_REMOVEDIR);
    }
    if (folder)
        closedir(folder);
    else
        close(fd);
}

// Removes a folder in `above`, if `ours` or if nobody holds its lock.
static void remove_folder(int above, const char *name, bool ours)
{
    int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    if (!ours && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return;
    }
    empty(fd, 0);
    unlinkat(above, name, AT_REMOVEDIR);
}

void private_sweep(void)
{
    char path[PATH_MAX];
    struct dirent *entry;
    int above = open_above(path, false);

    if (above < 0)
        return;
    // Somebody makes one or sweeps: another time, then.
    DIR *folder = flock(above, LOCK_EX | LOCK_NB) == 0 ? fdopendir(above) : NULL;
    while (folder && (entry = readdir(folder)))
        if (strncmp(entry->d_name, "job-", 4) == 0)
            remove_folder(above, entry->d_name, false);
    rmdir(path); // if none is left
    if (folder)
        closedir(folder);
    else
        close(above);
}

// A folder that is locked, in `above`, which is. That may have been removed, and another may lie
// under its path by now: so it is made in `above` itself.
static const char *make_in(int above, const char *above_path)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345"; // 32: each as likely
    unsigned char random[6] = {0};
    char *path;

    if (getrandom(random, sizeof random, GRND_NONBLOCK) < 0)
        memcpy(random, &(pid_t){getpid()}, sizeof(pid_t));
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (unsigned char)letters[random[i] % 32];
    if (asprintf(&path, "%s/job-%.6s", above_path, random) < 0)
        return NULL;
    const char *name = path + strlen(above_path) + 1;
    if (mkdirat(above, name, 0700) == 0) {
        int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            return path; // open for good
    }
    int why = errno;
    free(path);
    errno = why;
    return NULL;
}

const char *private_make(char *error, size_t room)
{
    char above_path[PATH_MAX];
    const char *path = NULL;

    // Whoever removes the last folder removes the one above, perhaps when we have just found or
    // opened it.
    for (int i = 0; i < TRIES && !path; i++) {
        int above = open_above(above_path, true);
        if (above < 0 && errno == ENOENT)
            continue;
        if (above < 0)
            break;
        flock(above, LOCK_EX);
        path = make_in(above, above_path);
        int why = errno;
        close(above);
        errno = why;
        if (!path && why != ENOENT && why != EEXIST)
            break;
    }
    if (!path)
        snprintf(error, room, "--tmpdir: cannot make a folder in %s: %s", above_path,
                 strerror(errno));
    return path;
}

void private_remove(const char *path)
{
    char above_path[PATH_MAX];

    // The path that it was made with, and not what TMPDIR is now.
    snprintf(above_path, sizeof above_path, "%.*s", (int)(strrchr(path, '/') - path), path);
    int above = open(above_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (above < 0)
        return;
    remove_folder(above, strrchr(path, '/') + 1, true);
    flock(above, LOCK_EX);
    rmdir(above_path);
    close(above);
}
