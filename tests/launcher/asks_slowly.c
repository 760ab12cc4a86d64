// SPDX-License-Identifier: MIT
// asks_slowly: as a rank, asks the warden for a world, in two halves, and stops and continues the
// warden between them, as a terminal's Ctrl-Z and fg do. What it asks for makes no sense; that it
// is told so shows that nothing was lost. worlds_end.sh runs it.
#define _GNU_SOURCE
#include "boot/protocol.h"
#include "shm/layout.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

// The warden is the parent of our parent; its door has its number in its name.
static int warden(void)
{
    char path[64], line[400];
    int parent = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)getppid());
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status) && sscanf(line, "PPid: %d", &parent) != 1) {
    }
    if (status) {
        fclose(status);
    }
    return parent;
}

static int come_to_door(int pid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char begin[64], line[400];
    FILE *sockets = fopen("/proc/net/unix", "r");

    snprintf(begin, sizeof begin, "@mprun-warden-%d-", pid);
    while (sockets && fgets(line, sizeof line, sockets)) {
        const char *name = strstr(line, begin);
        if (!name) {
            continue;
        }
        size_t length = strcspn(name + 1, "\n");
        memcpy(address.sun_path + 1, name + 1, length);
        fclose(sockets);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
        return connect(fd, (struct sockaddr *)&address, bytes) == 0 ? fd : -1;
    }
    return -1;
}

int main(void)
{
    struct mp_spawn_head head = {
        .magic = MP_SEGMENT_MAGIC, .version = MP_SEGMENT_VERSION, .kind = MP_SPAWN_START};
    struct mp_spawn_answer answer;
    int pid = warden(), fd = -1;

    for (int i = 0; i < 1000 && (fd = come_to_door(pid)) < 0; i++) {
        usleep(1000); // the warden opens it while we start
    }
    if (fd < 0 || send(fd, &head, 10, 0) != 10) {
        return 1;
    }
    usleep(30000); // most probably it waits for the rest now
    kill(pid, SIGSTOP);
    usleep(30000);
    kill(pid, SIGCONT);
    usleep(30000);
    size_t rest = sizeof head - 10;
    if (send(fd, (char *)&head + 10, rest, MSG_NOSIGNAL) != (ssize_t)rest ||
        !mp_receive_all(fd, &answer, sizeof answer) || answer.kind != MP_SPAWN_REFUSED) {
        fprintf(stderr, "no answer\n");
        return 1;
    }
    puts(answer.text);
    return 0;
}
