// SPDX-License-Identifier: MIT
// killer MPRUN COUNT [SEED [FOLDER]]: runs COUNT jobs and kills one process of each at a random
// moment: a rank (SIGKILL, SIGSEGV, SIGTERM, _exit(3), abort()), or one of mprun's own three; or,
// in every third job, two of those. Each time mprun's status and account must be right, every
// process of the job gone within a second, and FOLDER empty. Prints how long it took from a rank's
// death to mprun's end. Every rank has a child in a session of its own, and one whose parent has
// gone. As a subreaper this program inherits whatever a job would leave, so nothing can hide. Read
// next: launcher/job.c, launcher/keeper.c.
#define _GNU_SOURCE
#include <mpi.h>

#include <dirent.h>
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
enum how {
    BY_KILL,
    BY_SEGV,
    BY_TERM,
    BY_EXIT,
    BY_ABORT,
    FRONT, // the first that means mprun
    WARDEN,
    KEEPER,
    SINGLE, // so many kill one process
    FRONT_KEEPER = SINGLE,
    KEEPER_FRONT,
    FRONT_WARDEN,
    WARDEN_KEEPER,
    WAYS
};

static const char *const names[] = {"SIGKILL",          "SIGSEGV",          "SIGTERM",
                                    "_exit(3)",         "abort()",          "front",
                                    "warden",           "keeper",           "front and keeper",
                                    "keeper and front", "front and warden", "warden and keeper"};
#define MPRUN_KILLED "ended: mprun's own process was killed by signal 9"
static const int statuses[] = {137, 139, 143, 3, 134, -1, 137, 137, -1, -1, -1, 137};
static const char *const causes[] = {"was killed by SIGKILL",
                                     "was killed by SIGSEGV",
                                     "was killed by SIGTERM",
                                     "exited with status 3",
                                     "was killed by SIGABRT",
                                     NULL,
                                     MPRUN_KILLED,
                                     MPRUN_KILLED,
                                     NULL,
                                     NULL,
                                     NULL,
                                     MPRUN_KILLED};
static int jobs[WAYS], killed[WAYS]; // so many were, and so many in time
static int left_folders;

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
    for (int orphan = 0; orphan < 2; orphan++) {
        pid_t child = fork();
        if (child == 0) {
            setsid();
            while (!orphan || fork() == 0)
                pause();
            _exit(0);
        }
        if (orphan)
            waitpid(child, NULL, 0);
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

// One or two of mprun's processes. They are below us and not waited for, so no strangers.
static bool kill_mprun(enum how how, pid_t front)
{
    pid_t warden = child_of(front);
    pid_t keeper = warden > 0 ? child_of(warden) : 0;
    const pid_t targets[][2] = {[FRONT] = {front, 0},
                                [WARDEN] = {warden, 0},
                                [KEEPER] = {keeper, 0},
                                [FRONT_KEEPER] = {front, keeper},
                                [KEEPER_FRONT] = {keeper, front},
                                [FRONT_WARDEN] = {front, warden},
                                [WARDEN_KEEPER] = {warden, keeper}};
    bool any = false;

    for (int i = 0; i < 2; i++)
        if (targets[how][i] > 0)
            any = kill(targets[how][i], SIGKILL) == 0 || any;
    return any;
}

static bool is_empty(const char *folder)
{
    int count = 0;
    DIR *open = folder ? opendir(folder) : NULL;

    while (open && readdir(open))
        count++;
    if (open)
        closedir(open);
    return count <= 2;
}

// A front that dies as soon as it has made the job's TMPDIR leaves that to the next mprun.
static bool tidy(const char *mprun, enum how how, const char *folder)
{
    pid_t next = fork();

    if (next == 0) {
        execl(mprun, mprun, "-n", "1", "true", (char *)NULL);
        _exit(127);
    }
    waitpid(next, NULL, 0);
    left_folders++;
    return statuses[how] == -1 && is_empty(folder);
}

// Whether mprun has said that, of the victim if it was a rank.
static bool said(const char *err_path, enum how how, const char *victim)
{
    char line[1000], rank[40];
    bool found = causes[how] == NULL;
    FILE *file = fopen(err_path, "re");

    snprintf(rank, sizeof rank, how < FRONT ? "mprun: rank %s (" : "mprun: ", victim);
    while (file && fgets(line, sizeof line, file))
        found = found || (strncmp(line, rank, strlen(rank)) == 0 && strstr(line, causes[how]));
    if (file)
        fclose(file);
    return found;
}

static int run_job(const char *self, const char *mprun, enum how how, char *err_path,
                   const char *folder)
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
        if (kill_mprun(how, front))
            atomic_store(&shared->died, now_ns());
    }
    // Whatever a dead front leaves is our child now; the front itself comes first.
    waitpid(front, &status, 0);
    int64_t end = now_ns();
    int64_t died = atomic_load(&shared->died);
    int code_seen = WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
    bool killed_too_late = how >= FRONT && code_seen == 0;
    int expected = died == 0 || killed_too_late ? 0 : statuses[how];
    int bad = 0;

    jobs[how]++;
    killed[how] += died != 0 && !killed_too_late;
    if (!all_gone(end)) {
        printf("FAILED: %s: processes were left after a second\n", names[how]);
        bad = 1;
        for (pid_t pid; (pid = child_of(getpid())) > 0; waitpid(pid, NULL, 0))
            kill(pid, SIGKILL);
    }
    if (!is_empty(folder) && !tidy(mprun, how, folder)) {
        printf("FAILED: %s: there is something in %s\n", names[how], folder);
        bad = 1;
    }
    if (code_seen != expected) {
        printf("FAILED: %s at %d us, %d ranks, %s: status %d, expected %d\n", names[how], delay,
               ranks, socket ? "socket" : "shm", code_seen, expected);
        bad = 1;
    }
    if (expected != 0 && !said(err_path, how, victim)) {
        printf("FAILED: %s at %d us, rank %s of %d: mprun does not say so\n", names[how], delay,
               victim, ranks);
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
        fprintf(stderr, "killer MPRUN COUNT [SEED [FOLDER]]\n");
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

    for (int i = 0; i < count && failures < 10; i++) {
        int how = i % 3 == 2 ? SINGLE + i / 3 % (WAYS - SINGLE) : (i - i / 3) % SINGLE;
        if (run_job(argv[0], argv[1], (enum how)how, err_path, argc > 4 ? argv[4] : NULL) != 0) {
            char line[300];
            FILE *said = fopen(err_path, "re");
            while (said && fgets(line, sizeof line, said))
                printf("    %s", line);
            if (said)
                fclose(said);
            failures++;
        }
    }
    unlink(err_path);
    qsort(times, ntimes, sizeof *times, compare);
    printf("%d jobs, seed %u: %d failed", count, seed, failures);
    if (ntimes > 0)
        printf("; %zu deaths of ranks, to mprun's end: median %.2f ms, 95 %% within %.2f, all %.2f",
               ntimes, (double)times[ntimes / 2] / 1e6, (double)times[ntimes * 95 / 100] / 1e6,
               (double)times[ntimes - 1] / 1e6);
    printf("\nin time, of jobs:");
    for (int i = 0; i < WAYS; i++)
        printf("%s %s %d of %d", i > 0 ? "," : "", names[i], killed[i], jobs[i]);
    printf("\n");
    if (left_folders > 0)
        printf("%d left the TMPDIR to the next\n", left_folders);
    return failures > 0;
}
