// SPDX-License-Identifier: MIT
// From start to end: starts COPIES of a command at once, waits until all have ended, and tells how
// long that took; REPETITIONS times. With one copy of `mprun -n 64 empty` that is the time of a job
// of 64 ranks; with 64 copies of `empty`, each a world of one, it is the bare loop that a launcher
// is held against.
//     tests/bench/spawn FIGURE REPETITIONS COPIES COMMAND [ARGUMENTS]
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: spawn FIGURE REPETITIONS COPIES COMMAND [ARGUMENTS]\n");
        return 2;
    }
    int repetitions = atoi(argv[2]), copies = atoi(argv[3]), failed = 0;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int r = 0; r < repetitions && !failed; r++) {
        double start = now();
        for (int i = 0; i < copies; i++) {
            pid_t child;
            int error = posix_spawnp(&child, argv[4], &actions, NULL, argv + 4, environ);
            if (error) {
                fprintf(stderr, "spawn: %s: %s\n", argv[4], strerror(error));
                return 1;
            }
        }
        for (int i = 0, status; i < copies; i++) {
            failed |= wait(&status) < 0 || status != 0;
        }
        if (!failed) {
            printf("%s 0 %.6g ms 0 0 0\n", argv[1], (now() - start) * 1e3);
        }
    }
    if (failed) {
        fprintf(stderr, "spawn: %s failed\n", argv[4]);
    }
    return failed;
}
