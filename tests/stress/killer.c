// SPDX-License-Identifier: MIT
// Kills ranks and mprun itself at random moments, many times, and looks at what is left: after each
// kill every process of the job (ranks, the children that they started, mprun's own two) must be
// gone within a second, mprun's status must be the right one, it must say which rank (and where
// there are several nodes, on which of them) ended how, and nothing new may lie in /dev/shm, in the
// job's TMPDIR or, with mprun's name, in /tmp. Processes are found by a variable in their
// environment. Prints the time from a rank's death to the end of mprun.
//     tests/stress/killer --rounds 500 --channel shm|socket|nodesK [--seed 1] [--mprun ./mprun]
//     [--verbose]
// Read next: kills.h, victim.c.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // pipe2, prctl
#endif
#include "kills.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum target { RANK, FRONT, KEEPER };

struct plan {
    enum where where;
    enum target target;
    int signal; // 0: the rank ends itself
    enum end end;
    int ranks, victim, children, stubborn;
    int64_t delay;
};

static const char *const where_names[] = {"start-up", "collective", "transfer", "first contacts",
                                          "finalize"};
static const char *const end_names[] = {"kill", "exit(3)", "abort()", "segmentation fault"};
static const char *const target_names[] = {"rank", "mprun", "mprun's keeper"};

static const char *mprun = "./mprun", *victim = "tests/stress/victim", *channel = "shm";
static char folder[64], board_path[PATH_MAX], tmp_path[PATH_MAX], output_path[PATH_MAX], mark[64];
static struct board *board;
static uint64_t state = 1;
static int rounds = 20, verbose, failures;

static uint32_t next(void) // xorshift*; Vigna 2016
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)(state * 0x2545f4914f6cdd1du >> 32);
}

static int below(int n)
{
    return (int)((uint64_t)next() * (uint64_t)n >> 32);
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

// Does the process have the job's mark in its environment? Zombies have none.
static int is_marked(pid_t pid)
{
    static char environment[1 << 17];
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t n = 0, k;
    while ((size_t)n < sizeof(environment) &&
           (k = read(fd, environment + n, sizeof(environment) - (size_t)n)) > 0) {
        n += k;
    }
    close(fd);
    return n > 0 && memmem(environment, (size_t)n, mark, strlen(mark) + 1);
}

// Field of /proc/PID/stat: 'S' its state, 'P' its parent.
static int stat_of(pid_t pid, char field)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *p = strrchr(text, ')'), st = 0;
    int parent = -1;
    if (!p || sscanf(p + 1, " %c %d", &st, &parent) != 2) {
        return -1;
    }
    return field == 'S' ? st : parent;
}

// Calls the function for every process of the job; returns how many there are.
static int each_process(void (*function)(pid_t))
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int count = 0;
    while (dir && (entry = readdir(dir))) {
        pid_t pid = atoi(entry->d_name);
        if (pid > 0 && is_marked(pid)) {
            count++;
            if (function) {
                function(pid);
            }
        }
    }
    closedir(dir);
    return count;
}

static void show(pid_t pid)
{
    char path[64], line[200] = "";
    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, line, sizeof(line) - 1);
        for (ssize_t i = 0; i + 1 < n; i++) {
            line[i] = line[i] ? line[i] : ' ';
        }
        close(fd);
    }
    printf("    left: process %d, state %c: %s\n", pid, stat_of(pid, 'S'), line);
}

static void end_it(pid_t pid)
{
    kill(pid, SIGKILL);
}

// A child of the process, or 0.
static pid_t child_of(pid_t parent)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;
    while (dir && !found && (entry = readdir(dir))) {
        pid_t pid = atoi(entry->d_name);
        if (pid > 0 && stat_of(pid, 'P') == parent) {
            found = pid;
        }
    }
    closedir(dir);
    return found;
}

// The names in a folder that begin with one of the prefixes (NULL: all), sorted, as one text.
static char *names_in(const char *path, const char *const *prefixes)
{
    struct dirent **list;
    int n = scandir(path, &list, NULL, alphasort);
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        // Open MPI's, which other tests run at the same time.
        int wanted = !prefixes && name[0] != '.' && strncmp(name, "vader_segment", 13) != 0;
        for (int k = 0; prefixes && prefixes[k]; k++) {
            wanted |= strncmp(name, prefixes[k], strlen(prefixes[k])) == 0;
        }
        if (wanted) {
            fprintf(f, "%s ", name);
        }
        free(list[i]);
    }
    if (n >= 0) {
        free(list);
    }
    fclose(f);
    return text;
}

static void choose(struct plan *p)
{
    static const int to_ranks[] = {SIGKILL, SIGSEGV, SIGTERM};
    static const int to_mprun[] = {SIGKILL, SIGKILL, SIGTERM, SIGSEGV};
    memset(p, 0, sizeof(*p));
    p->where = (enum where)below(PLACES);
    p->ranks = p->where == CONTACTS ? 2 + below(15) : 1 + below(6);
    p->children = below(3);
    p->stubborn = p->children && below(3) == 0;
    p->victim = below(p->ranks);
    int pick = below(10);
    if (pick < 3) {
        p->end = (enum end)(EXIT_3 + below(3));
    } else if (pick < 7) {
        p->signal = to_ranks[below(3)];
    } else {
        p->target = pick == 9 ? KEEPER : FRONT;
        p->signal = p->target == KEEPER ? SIGKILL : to_mprun[below(4)];
    }
    p->delay = below(20000) * INT64_C(1000);
    if (p->where == FINALIZE) {
        p->delay /= 7;
    } else if (p->where == STARTUP && (p->target == RANK || below(2))) {
        p->delay /= 4; // short jobs start within a few milliseconds
    }
}

static pid_t start(const struct plan *p)
{
    char ranks[16], variable[PATH_MAX + 32];
    memset(board, 0, sizeof(*board));
    board->where = (int)p->where;
    board->end = (int)p->end;
    board->target = p->victim;
    board->delay = p->delay;
    board->children = p->children;
    board->stubborn = p->stubborn;
    snprintf(ranks, sizeof(ranks), "%d", p->ranks);
    pid_t pid = fork();
    if (pid < 0) {
        die("fork");
    }
    if (pid == 0) {
        int out = open(output_path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
        int in = open("/dev/null", O_RDONLY);
        dup2(in, 0);
        dup2(out, 1);
        dup2(out, 2);
        close(in);
        close(out);
        snprintf(variable, sizeof(variable), "%s", mark);
        *strchr(variable, '=') = 0;
        setenv(variable, strchr(mark, '=') + 1, 1);
        setenv("KILLS_BOARD", board_path, 1);
        setenv("TMPDIR", tmp_path, 1);
        int nodes = strncmp(channel, "nodes", 5) == 0;
        execl(mprun, mprun, "-n", ranks, nodes ? "--nodes" : "--channel",
              nodes ? channel + 5 : channel, victim, (char *)NULL);
        perror(mprun);
        _exit(127);
    }
    return pid;
}

static void sleep_ns(int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    nanosleep(&t, NULL);
}

// Waits for the place and kills; returns when that was, and in *over whether the target had already
// done its work then.
static int64_t strike(const struct plan *p, pid_t front, int *over)
{
    static const int phase_of[] = {STARTED, BUSY, BUSY, BUSY, FINALIZING};
    int64_t patience = now_ns() + INT64_C(20000000000);
    *over = 0;
    if (p->where == STARTUP && p->target != RANK) {
        sleep_ns(p->delay);
    } else {
        while (atomic_load(&board->process[p->victim].phase) < phase_of[p->where] &&
               now_ns() < patience) {
            siginfo_t info = {0};
            if (waitid(P_PID, (id_t)front, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                info.si_pid == front) {
                break; // it ended before its time
            }
            sleep_ns(50000);
        }
        sleep_ns(p->delay);
    }
    pid_t pid = p->target == FRONT  ? front
                : p->target == RANK ? atomic_load(&board->process[p->victim].pid)
                                    : 0;
    while (p->target == KEEPER && pid == 0 && now_ns() < patience) {
        pid = child_of(front);
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)front, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == front) {
            break;
        }
    }
    int64_t now = now_ns();
    if (pid <= 0 || kill(pid, p->signal) != 0) {
        *over = 1;
    }
    for (int i = 0; i < p->ranks; i++) {
        // Somebody who had finished when the blow fell: mprun may not have felt it any more.
        *over |= atomic_load(&board->process[i].phase) == DONE;
    }
    return now;
}

static int status_is_right(const struct plan *p, int status, int over)
{
    if (over && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return 1;
    }
    if (p->end == EXIT_3) {
        return WIFEXITED(status) && WEXITSTATUS(status) == 3;
    }
    int signal = p->end == ABORT ? SIGABRT : p->end == SEGFAULT ? SIGSEGV : p->signal;
    if (p->target == FRONT && WIFSIGNALED(status) && WTERMSIG(status) == signal) {
        return 1;
    }
    return !(p->target == FRONT && signal == SIGKILL) && WIFEXITED(status) &&
           WEXITSTATUS(status) == 128 + signal;
}

// nodesK: --nodes K. 1 otherwise.
static int nodes_of(const struct plan *p)
{
    int nodes = strncmp(channel, "nodes", 5) == 0 ? atoi(channel + 5) : 1;
    return nodes < p->ranks ? nodes : p->ranks;
}

// What mprun has to say of a rank that ended so.
static int words_are_right(const struct plan *p)
{
    char who[64], how[64], line[1000];
    int rank = atomic_load(&board->process[p->victim].rank), nodes = nodes_of(p), node = nodes - 1;
    while (node * p->ranks / nodes > rank) {
        node--;
    }
    snprintf(who, sizeof(who), nodes > 1 ? "mprun: rank %d (node %d), " : "mprun: rank %d (", rank,
             node);
    int signal = p->end == ABORT ? SIGABRT : p->end == SEGFAULT ? SIGSEGV : p->signal;
    if (p->end == EXIT_3) {
        strcpy(how, " exited with status 3");
    } else {
        snprintf(how, sizeof(how), " was killed by SIG%s (signal %d", sigabbrev_np(signal), signal);
    }
    FILE *f = fopen(output_path, "r");
    int found = 0;
    while (f && !found && fgets(line, sizeof(line), f)) {
        found = strncmp(line, who, strlen(who)) == 0 && strstr(line, how);
    }
    if (f) {
        fclose(f);
    }
    return found;
}

static void complain(int round, const struct plan *p, const char *what)
{
    failures++;
    printf("FAIL round %d: %s; %d ranks, %s, %s", round, what, p->ranks, where_names[p->where],
           target_names[p->target]);
    if (p->signal) {
        printf(" by signal %d", p->signal);
    } else {
        printf(" by %s", end_names[p->end]);
    }
    printf(", process %d, after %.3f ms, %schildren %d\n", p->victim, (double)p->delay * 1e-6,
           p->stubborn ? "stubborn " : "", p->children);
    char line[300];
    FILE *f = fopen(output_path, "r");
    while (f && fgets(line, sizeof(line), f)) {
        printf("    said: %s", line);
    }
    if (f) {
        fclose(f);
    }
    fflush(stdout);
}

// One job; returns the time from a rank's death to the end of mprun in ns, or -1.
static int64_t one(int round, const struct plan *p)
{
    int status = 0, over = 0;
    snprintf(mark, sizeof(mark), "KILLS_MARK=%d-%d", getpid(), round);
    pid_t front = start(p);
    int64_t death = 0;
    if (p->signal) {
        death = strike(p, front, &over);
    }
    // The end of mprun, however long it takes; a watchdog ends the wait.
    int64_t patience = now_ns() + INT64_C(30000000000);
    pid_t got;
    while ((got = waitpid(front, &status, WNOHANG)) == 0 && now_ns() < patience) {
        sleep_ns(100000);
    }
    int64_t end = now_ns();
    if (got == 0) {
        complain(round, p, "mprun does not end");
        each_process(show);
        kill(front, SIGKILL);
        waitpid(front, &status, 0);
    }
    if (!p->signal) {
        death = atomic_load(&board->death);
    }
    // Everything must be gone a second after the death.
    int64_t limit = (death ? death : end) + INT64_C(1000000000);
    int left;
    while ((left = each_process(NULL)) > 0 && now_ns() < limit) {
        sleep_ns(1000000);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
    if (left > 0 && each_process(NULL) > 0) {
        complain(round, p, "processes are left after one second");
        each_process(show);
        each_process(end_it);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    if (got != 0 && !status_is_right(p, status, over)) {
        char what[80];
        snprintf(what, sizeof(what), "mprun ended with %s %d",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        complain(round, p, what);
    }
    if (got != 0 && p->target == RANK && !(over && WEXITSTATUS(status) == 0) &&
        !words_are_right(p)) {
        complain(round, p, "mprun does not say who ended how");
    }
    char *files = names_in(tmp_path, NULL);
    if (*files) {
        printf("    left in TMPDIR: %s\n", files);
        complain(round, p, "files are left");
    }
    free(files);
    if (verbose) {
        printf(
            "round %d: %d ranks, %s, %s, signal %d, end %d, %schildren %d: status %#x, %.2f ms%s\n",
            round, p->ranks, where_names[p->where], target_names[p->target], p->signal, p->end,
            p->stubborn ? "stubborn " : "", p->children, status,
            death ? (double)(end - death) * 1e-6 : -1.0, over ? ", over" : "");
        fflush(stdout);
    }
    return p->target == RANK && death && !over ? end - death : -1;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void say_times(const char *what, int64_t *times, int n)
{
    if (n > 0) {
        qsort(times, (size_t)n, sizeof(*times), ascending);
        printf("from a rank's death to the end of mprun%s: median %.2f ms, 90%% within %.2f ms, at "
               "most %.2f ms (%d deaths)\n",
               what, (double)times[n / 2] * 1e-6, (double)times[n * 9 / 10] * 1e-6,
               (double)times[n - 1] * 1e-6, n);
    }
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--verbose") == 0) {
            verbose = 1;
            continue;
        } else if (value && strcmp(argv[i], "--rounds") == 0) {
            rounds = atoi(value);
        } else if (value && strcmp(argv[i], "--seed") == 0) {
            state = strtoull(value, NULL, 10) * 2654435761u + 1;
        } else if (value && strcmp(argv[i], "--mprun") == 0) {
            mprun = value;
        } else if (value && strcmp(argv[i], "--victim") == 0) {
            victim = value;
        } else if (value && strcmp(argv[i], "--channel") == 0) {
            channel = value;
        } else {
            fprintf(stderr, "usage: killer [--rounds N] [--seed N] [--channel C] [--mprun PATH] "
                            "[--victim PATH] [--verbose]\n");
            exit(2);
        }
        i++;
    }
}

int main(int argc, char **argv)
{
    static const char *const ours[] = {"mprun", "mp_", "mp-", NULL};
    parse(argc, argv);
    strcpy(folder, "/tmp/kills-XXXXXX");
    if (!mkdtemp(folder)) {
        die(folder);
    }
    snprintf(board_path, sizeof(board_path), "%s/board", folder);
    snprintf(tmp_path, sizeof(tmp_path), "%s/tmp", folder);
    snprintf(output_path, sizeof(output_path), "%s/output", folder);
    mkdir(tmp_path, 0700);
    int fd = open(board_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*board)) != 0) {
        die(board_path);
    }
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (board == MAP_FAILED) {
        die("mmap");
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1); // we see and reap what loses its parent
    char *shm = names_in("/dev/shm", NULL), *tmp = names_in("/tmp", ours);
    int64_t *times[2];
    int n[2] = {0, 0}, contacts = 0;
    times[0] = calloc((size_t)rounds + 1, sizeof(int64_t));
    times[1] = calloc((size_t)rounds + 1, sizeof(int64_t));
    for (int round = 0; round < rounds; round++) {
        struct plan p;
        choose(&p);
        contacts += p.where == CONTACTS;
        int64_t t = one(round, &p);
        if (t >= 0) {
            times[p.stubborn][n[p.stubborn]++] = t;
        }
    }
    char *shm_after = names_in("/dev/shm", NULL), *tmp_after = names_in("/tmp", ours);
    if (strcmp(shm, shm_after) != 0 || strcmp(tmp, tmp_after) != 0) {
        failures++;
        printf("FAIL: /dev/shm held %s, now %s; /tmp held %s, now %s\n", shm, shm_after, tmp,
               tmp_after);
    }
    printf("kills: %d rounds over %s, %d of them among first contacts, %d failures\n", rounds,
           channel, contacts, failures);
    say_times("", times[0], n[0]);
    say_times(", with children that ignore SIGTERM", times[1], n[1]);
    free(times[0]);
    free(times[1]);
    free(shm);
    free(tmp);
    free(shm_after);
    free(tmp_after);
    unlink(board_path);
    unlink(output_path);
    rmdir(tmp_path);
    rmdir(folder);
    return failures > 0;
}
