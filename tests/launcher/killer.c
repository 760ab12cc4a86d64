// SPDX-License-Identifier: MIT
// killer MPRUN COUNT [SEED]: runs COUNT jobs and kills one process of each at a random moment: a
// rank (SIGKILL, SIGSEGV, SIGTERM, _exit(3), abort()), mprun's front, or its keeper. Each time
// mprun's status must be right and every process of the job gone within a second. Prints how long
// it took from a rank's death to mprun's end. Every rank has a child in a session of its own. As a
// subreaper this program inherits whatever a job would leave, so nothing can hide. Read next:
// launcher/job.c, launcher/keeper.c.
#define _GNU_SOURCE
#include <mpi.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SHARED_FD = 50, BIG = 1 << 20 };
enum how { BY_KILL, BY_SEGV, BY_TERM, BY_EXIT, BY_ABORT, FRONT, KEEPER, WAYS };

static const char *const names[] = {"SIGKILL", "SIGSEGV", "SIGTERM", "_exit(3)",
                                    "abort()", "front",   "keeper"};
static const int statuses[] = {137, 139, 143, 3, 134, -1, 137};

// Written by the victim, read by the driver.
static struct shared {
    _Atomic int64_t died; // CLOCK_MONOTONIC, 0: it did not get there
} * shared;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

// ---- The rank

static enum how way;

static void die(int signal)
{
    (void)signal;
    atomic_store(&shared->died, now_ns());
    if (way == BY_KILL)
        raise(SIGKILL);
    if (way == BY_TERM)
        raise(SIGTERM);
    if (way == BY_EXIT)
        _exit(3);
    if (way == BY_ABORT)
        abort();
    if (way == BY_SEGV)
        raise(SIGSEGV);
}

// victim HOW RANK MICROSECONDS ROUNDS
static int be_victim(char **argv)
{
    int rank = atoi(getenv("MPRUN_RANK"));
    int after = atoi(argv[2]);
    int rounds = atoi(argv[3]);
    int size;
    static char out[BIG];
    static char in[BIG];

    way = (enum how)atoi(argv[0]);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);
    if (fork() == 0) {
        setsid();
        for (;;)
            pause();
    }
    if (way < FRONT && rank == atoi(argv[1])) {
        signal(SIGALRM, die);
        struct itimerval timer = {
            .it_value = {.tv_sec = after / 1000000, .tv_usec = after % 1000000 + 1}};
        setitimer(ITIMER_REAL, &timer, NULL);
    }
    MPI_Init(NULL, NULL);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int i = 0; i < rounds; i++) {
        int64_t sum;
        int64_t one = 1;
        MPI_Allreduce(&one, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
        if (sum != size)
            return 99;
        MPI_Sendrecv(out, BIG, MPI_BYTE, (rank + 1) % size, 0, in, BIG, MPI_BYTE,
                     (rank + size - 1) % size, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Finalize();
    return 0;
}

// ---- The driver

static int64_t times[100000]; // from a rank's death to mprun's end
static size_t ntimes;

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

// The first child of `pid`, 0 when there is none.
static pid_t child_of(pid_t pid)
{
    char path[64];
    int child = 0;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%d", &child) != 1)
        child = 0;
    if (file)
        fclose(file);
    return child;
}

// Waits for the processes that the job left to us. Returns false if some are there after a second.
static bool all_gone(int64_t since)
{
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0 && errno == ECHILD)
            return true;
        if (now_ns() - since > INT64_C(1000000000))
            return false;
        if (pid == 0)
            usleep(200);
    }
}

static int run_job(const char *self, const char *mprun, enum how how, char *err_path)
{
    char n[16];
    char victim[16];
    char after[16];
    char rounds[16];
    char code[16];
    int ranks = 2 + rand() % 5;
    int delay = rand() % 30000;
    bool socket = rand() % 3 == 0;
    int status;

    snprintf(n, sizeof n, "%d", ranks);
    snprintf(code, sizeof code, "%d", (int)how);
    snprintf(victim, sizeof victim, "%d", rand() % ranks);
    snprintf(after, sizeof after, "%d", delay);
    snprintf(rounds, sizeof rounds, "%d", rand() % 40);
    atomic_store(&shared->died, 0);

    pid_t front = fork();
    if (front == 0) {
        int fd = open(err_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDERR_FILENO);
        execl(mprun, mprun, "-n", n, "--channel", socket ? "socket" : "shm", self, "victim", code,
              victim, after, rounds, (char *)NULL);
        _exit(127);
    }
    if (how >= FRONT) {
        usleep((useconds_t)delay);
        pid_t target = how == FRONT ? front : child_of(front);
        if (target > 0) { // our child, or that of our child: not waited for, so no stranger
            atomic_store(&shared->died, now_ns());
            kill(target, SIGKILL);
        }
    }
    // Whatever a dead front leaves is our child now; the front itself comes first.
    waitpid(front, &status, 0);
    int64_t end = now_ns();
    int64_t died = atomic_load(&shared->died);
    int code_seen = WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
    bool killed_too_late = how >= FRONT && code_seen == 0;
    int expected = died == 0 || killed_too_late ? 0 : statuses[how];
    int bad = 0;

    if (!all_gone(end)) {
        printf("FAILED: %s: processes were left after a second\n", names[how]);
        bad = 1;
        for (pid_t pid; (pid = child_of(getpid())) > 0; waitpid(pid, NULL, 0))
            kill(pid, SIGKILL);
    }
    if (code_seen != expected) {
        printf("FAILED: %s at %d us, %d ranks, %s: status %d, expected %d\n", names[how], delay,
               ranks, socket ? "socket" : "shm", code_seen, expected);
        bad = 1;
    }
    if (died != 0 && how < FRONT && ntimes < sizeof times / sizeof *times)
        times[ntimes++] = end - died;
    return bad;
}

int main(int argc, char **argv)
{
    char err_path[] = "/tmp/kills-said.XXXXXX";
    int failures = 0;

    if (argc > 5 && strcmp(argv[1], "victim") == 0)
        return be_victim(argv + 2);
    if (argc < 3) {
        fprintf(stderr, "killer MPRUN COUNT [SEED]\n");
        return 2;
    }
    unsigned seed = argc > 3 ? (unsigned)atoi(argv[3]) : (unsigned)now_ns();
    int count = atoi(argv[2]);
    srand(seed);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int fd = memfd_create("kills", 0);
    if (fd < 0 || dup2(fd, SHARED_FD) < 0 || ftruncate(SHARED_FD, sizeof *shared) != 0)
        return 2;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);
    close(mkstemp(err_path));

    for (int i = 0; i < count && failures < 10; i++)
        if (run_job(argv[0], argv[1], (enum how)(i % WAYS), err_path) != 0) {
            char line[300];
            FILE *said = fopen(err_path, "re");
            while (said && fgets(line, sizeof line, said))
                printf("    %s", line);
            if (said)
                fclose(said);
            failures++;
        }
    unlink(err_path);
    qsort(times, ntimes, sizeof *times, compare);
    printf("%d jobs, seed %u: %d failed", count, seed, failures);
    if (ntimes > 0)
        printf("; %zu deaths of ranks, to mprun's end: median %.2f ms, 95 %% within %.2f, all %.2f",
               ntimes, (double)times[ntimes / 2] / 1e6, (double)times[ntimes * 95 / 100] / 1e6,
               (double)times[ntimes - 1] / 1e6);
    printf("\n");
    return failures > 0;
}
