// SPDX-License-Identifier: MIT
// A rank with large blocks runs other programs by system, popen, posix_spawn, and fork and exec,
// before MPI_Init and after; they do their work, and the rank's memory is as it was.
// ranks: 2
// channels: shm
#define _GNU_SOURCE
#include "check.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
enum { BYTES = 3000000 };

static void run_all(const char *block)
{
    char line[100] = "";
    int status = -1;

    CHECK(system("exit 3") >> 8 == 3, "system");
    FILE *pipe = popen("echo hello", "r");
    CHECK(pipe && fgets(line, sizeof line, pipe) && strcmp(line, "hello\n") == 0, "popen: %s",
          line);
    CHECK(pclose(pipe) == 0, "pclose");
    pid_t pid;
    char shell[] = "sh", option[] = "-c", script[] = "exit 4";
    char *arguments[] = {shell, option, script, NULL};
    CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ) == 0, "posix_spawn");
    CHECK(waitpid(pid, &status, 0) == pid && status >> 8 == 4, "posix_spawn: %d", status);
    pid = fork();
    if (pid == 0) {
        execv("/bin/sh", arguments);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status >> 8 == 4, "fork and exec: %d", status);
    pid = vfork();
    if (pid == 0) {
        execv("/bin/sh", arguments);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status >> 8 == 4, "vfork and exec: %d", status);
    HOLDS(block, BYTES, 77);
}

int main(int argc, char **argv)
{
    char *block = malloc(BYTES), *other = malloc(BYTES);
    if (!block || !other)
        return 1;
    if (argc > 1) { // as a child of one of us, under the same rank: just another user of malloc
        fill(block, BYTES, 1);
        int wrong = wrong_byte(block, BYTES, 1) >= 0;
        free(block);
        free(other);
        return wrong;
    }
    fill(block, BYTES, 77);
    run_all(block);
    char command[4096];
    snprintf(command, sizeof command, "'%s' again", argv[0]);
    CHECK(system(command) == 0, "%s", command);
    start(&argc, &argv);
    run_all(block);
    CHECK(system(command) == 0, "%s", command);
    OK(MPI_Sendrecv(block, BYTES, MPI_BYTE, 1 - rank, 0, other, BYTES, MPI_BYTE, 1 - rank, 0,
                    MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    HOLDS(other, BYTES, 77);
    free(block);
    free(other);
    return finish();
}
