// SPDX-License-Identifier: MIT
// A rank without the library above lib/boot: it joins the job, puts on its board what it is told
// to, and ends as it is told to. So the launcher's account of a failed job can be tested word by
// word.
//   rank [RANK=]ACTION ...     an action without RANK is for all others; without any: finalize
// Actions: finalize, leave (exit 0, never joined), vanish (exit 0, not finalized), exit-N, abort-N,
// fatal (an error with a message), segv, kill, recv-N (wait for rank N), barrier, compute, connect,
// deaf (its segment was closed), late-N, late-segv, late-abort-N (past MPI_Finalize), spin, thread
// (one spins, and the first one waits for it), stop (by SIGSTOP), stop-recv-N, seen-N (exit-N once
// the system sees those do what they shall), alias-PID (its board names that process; exit 0 on
// SIGUSR1). `rank parent COMMAND...` runs that once it has joined, `rank exec COMMAND...` becomes
// that. Those that end wait until the others have got to where they wait.
#define _GNU_SOURCE
#include "base/calls.h"
#include "boot/boot.h"
#include "shm/layout.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mp_boot boot;

// The ranks whose boards this one sees: those of its node.
static int first(void)
{
    return (int)boot.segment->first;
}

static int near(void)
{
    return (int)boot.segment->nranks;
}

static struct mp_board *board(int rank)
{
    return mp_segment_board(boot.segment, rank - first());
}

static void enter(int call, enum mp_rank_state state, int peer, int tag)
{
    struct mp_board *own = board(boot.rank);

    own->call = own->sleeps_in = (uint32_t)call;
    own->peer = peer;
    own->tag = tag;
    atomic_store(&own->state, state);
}

static void wait_forever(void)
{
    for (;;)
        pause();
}

// Until every other rank is blocked, or in MPI_Comm_size, which stands for computing.
static void wait_for_others(void)
{
    for (int patience = 0; patience < 5000; patience++) {
        int ready = 0;
        for (int i = first(); i < first() + near(); i++)
            ready += i != boot.rank && atomic_load(&board(i)->state) != MP_RANK_STARTING;
        if (ready == near() - 1)
            return;
        usleep(1000);
    }
}

static void abort_job(int code, const char *message)
{
    struct mp_board *own = board(boot.rank);

    own->abort_code = code;
    strcpy(own->message, message);
    atomic_store(&own->aborted, 1);
    _exit(code & 255);
}

// What the kernel says of a process: R, S, T ...
static char state_of(int pid)
{
    char path[40];
    char text[300];
    char *after_name = NULL;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file && fgets(text, sizeof text, file))
        after_name = strrchr(text, ')');
    if (file)
        fclose(file);
    return after_name ? after_name[2] : '?';
}

// Until the kernel says of every other rank what that has announced in `bytes`.
static void wait_until_seen(void)
{
    for (int i = first(); i < first() + near(); i++)
        while (i != boot.rank &&
               ((char)board(i)->bytes == 0 || state_of(board(i)->pid) != (char)board(i)->bytes))
            usleep(1000);
}

static void *spin(void *unused)
{
    board(boot.rank)->bytes = 'S'; // so the first thread
    for (;;)
        ;
    return unused;
}

static void on_usr1(int signal)
{
    (void)signal;
    atomic_store(&board(boot.rank)->state, MP_RANK_FINALIZED);
    _exit(0);
}

// Asks for a connection to every peer, from both ends, and says hello over each.
static int connect_all(void)
{
    for (int i = 0; i < boot.size; i++)
        if (i != boot.rank && mp_boot_connect(&boot, i) != 0)
            return 40;
    for (int left = boot.size - 1; left > 0; left--) {
        struct pollfd ready = {.fd = boot.control_fd, .events = POLLIN};
        int peer;
        int hello = boot.rank;
        if (poll(&ready, 1, 10000) != 1)
            return 41;
        int fd = mp_boot_receive(&boot, &peer);
        if (fd < 0)
            return 42;
        if (send(fd, &hello, sizeof hello, 0) != (ssize_t)sizeof hello ||
            recv(fd, &hello, sizeof hello, MSG_WAITALL) != (ssize_t)sizeof hello || hello != peer)
            return 43;
    }
    // Each pair got one connection although both asked: nothing more is under way.
    int peer;
    return mp_boot_receive(&boot, &peer) < 0 && errno == EAGAIN ? 0 : 44;
}

static int act(const char *action)
{
    const char *dash = strchr(action, '-');
    int number = dash ? atoi(dash + 1) : 0;

    if (strncmp(action, "stop", 4) == 0) {
        if (strncmp(action, "stop-recv-", 10) == 0)
            enter(MP_CALL_Recv, MP_RANK_BLOCKED, atoi(action + 10), 7);
        else
            enter(0, MP_RANK_RUNNING, -1, -1);
        board(boot.rank)->bytes = 'T';
        raise(SIGSTOP);
        wait_forever();
    }
    if (strcmp(action, "spin") == 0) {
        enter(0, MP_RANK_RUNNING, -1, -1);
        board(boot.rank)->bytes = 'R';
        for (;;)
            ;
    }
    if (strcmp(action, "thread") == 0) {
        pthread_t thread;
        enter(0, MP_RANK_RUNNING, -1, -1);
        return pthread_create(&thread, NULL, spin, NULL) || pthread_join(thread, NULL) ? 47 : 0;
    }
    if (strncmp(action, "alias-", 6) == 0) {
        signal(SIGUSR1, on_usr1);
        board(boot.rank)->pid = number;
        enter(0, MP_RANK_RUNNING, -1, -1);
        puts("ready");
        fflush(stdout);
        wait_forever();
    }

    if (strncmp(action, "recv-", 5) == 0 || strcmp(action, "barrier") == 0) {
        if (*action == 'r')
            enter(MP_CALL_Recv, MP_RANK_BLOCKED, number, 7);
        else
            enter(MP_CALL_Barrier, MP_RANK_BLOCKED, -2, -1);
        wait_forever();
    }
    if (strcmp(action, "compute") == 0) {
        enter(0, MP_RANK_RUNNING, -1, -1);
        board(boot.rank)->bytes = 'S';
        wait_forever();
    }
    enter(MP_CALL_Send, MP_RANK_RUNNING, -1, -1);
    if (strcmp(action, "connect") == 0) {
        int status = connect_all();
        atomic_store(&board(boot.rank)->state, MP_RANK_FINALIZED);
        return status;
    }
    if (strcmp(action, "finalize") == 0) {
        atomic_store(&board(boot.rank)->state, MP_RANK_FINALIZED);
        return 0;
    }
    if (strncmp(action, "late-", 5) == 0) {
        enter(0, MP_RANK_FINALIZED, -1, -1);
        if (strcmp(action, "late-segv") == 0)
            raise(SIGSEGV);
        if (strncmp(action, "late-abort-", 11) == 0)
            abort_job(atoi(action + 11), "");
        return number;
    }
    if (strncmp(action, "seen-", 5) == 0)
        wait_until_seen();
    wait_for_others();
    if (strncmp(action, "abort-", 6) == 0)
        abort_job(number, "");
    if (strcmp(action, "fatal") == 0)
        abort_job(3, "MPI_Send: count is -1");
    if (strcmp(action, "segv") == 0)
        raise(SIGSEGV);
    if (strcmp(action, "kill") == 0)
        raise(SIGKILL);
    return number; // exit-N, seen-N and vanish
}

int main(int argc, char **argv)
{
    const char *action = "finalize";
    const char *rank = getenv("MPRUN_RANK");
    char error[500];

    const char *own = NULL;
    bool parent = argc > 2 && strcmp(argv[1], "parent") == 0;
    bool exec = argc > 2 && strcmp(argv[1], "exec") == 0;
    for (int i = 1; i < argc && !parent && !exec; i++) {
        const char *equals = strchr(argv[i], '=');
        if (!equals)
            action = argv[i];
        else if (rank && atoi(argv[i]) == atoi(rank))
            own = equals + 1;
    }
    action = own ? own : action;
    if (strcmp(action, "leave") == 0)
        return 0;
    if (strcmp(action, "deaf") == 0) {
        close(atoi(getenv("MPRUN_SEGMENT_FD")));
        action = "finalize";
    }
    if (mp_boot_join(&boot, error, sizeof error) != 0) {
        fprintf(stderr, "%s\n", error);
        return 45;
    }
    if (getenv("MPRUN_RANK") || getenv("MPRUN_SIZE"))
        return 46;
    if (strcmp(action, "where") == 0) {
        printf("%d of %d%s\n", boot.rank, boot.size, boot.launched ? "" : ", alone");
        action = "finalize";
    }
    pid_t child = parent ? fork() : exec ? 0 : -1;
    if (child == 0) {
        atomic_store(&board(boot.rank)->state, MP_RANK_FINALIZED);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    int status = 0;
    if (parent && (waitpid(child, &status, 0) != child || status != 0))
        return 47;
    return act(action);
}
