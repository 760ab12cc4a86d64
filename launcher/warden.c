// SPDX-License-Identifier: MIT
// The warden, the parent of all keepers. The first world is the job that the user started. Others
// are spawned by its ranks, or by theirs: they ask at a door, a socket that the segment names, and
// the warden forks a keeper for each, as for the first. So worlds know nothing of each other here,
// and whoever outlives another is waited for.
// Read next: keeper.c (what one world is, and who dies of whose death), spawning.c (what is asked
// for), front.c (the warden's parent, whose memory and descriptors it borrows).
#define _GNU_SOURCE
#include "launcher/warden.h"

#include "boot/protocol.h"
#include "launcher/allowed.h"
#include "launcher/family.h"
#include "launcher/report.h"
#include "launcher/spawning.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct world {
    struct world *next;
    pid_t keeper;
    int number;
    uint64_t job;
    uint64_t news; // of the keeper, enum news
    int asker;     // socket of the rank that asked for it; -1: it has gone
};

// A world that failed, and nobody went on in spite of that.
struct death {
    struct death *next;
    uint64_t job;
    int status;
    bool forgiven;
};

static struct {
    const struct run *run;
    struct world *worlds;
    struct death *deaths;
    int count;  // worlds that were started
    int status; // of the first
    bool with_others;
    bool killed; // a keeper was
    int door;    // where worlds are asked for; -1: nowhere
    int server;  // --serve: whom for; -1: nobody, or gone
    int signals; // a descriptor
    bool open;   // all three are
} warden = {.door = -1, .server = -1, .signals = -1};

// ---- The end of a child

int warden_mirror(int how, bool tell, bool *failed)
{
    if (WIFEXITED(how))
        return WEXITSTATUS(how);
    *failed = true;
    if (!family_end() && tell)
        report_line("a process of the job cannot be killed: " UNKILLABLE);
    if (tell)
        report_line("ended: mprun's own process was killed by signal %d (%s)", WTERMSIG(how),
                    strsignal(WTERMSIG(how)));
    return 128 + WTERMSIG(how);
}

int warden_start_failed(void)
{
    report_line("cannot start a process: %s%s", strerror(errno), allowed_hint(errno));
    return EXIT_NOT_EXECUTABLE;
}

// Whether nobody is left to be told.
static bool is_alone(void)
{
    return getppid() != warden.run->front;
}

// ---- A world

static void forget(struct world *w)
{
    for (struct world **at = &warden.worlds; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    if (w->asker >= 0)
        close(w->asker);
    free(w);
}

// The keeper holds nothing of the warden's. Its ranks belong to the group of the front, which is
// what the terminal's signals go to.
static void leave_warden(void)
{
    if (!warden.open)
        return; // the first one, before the warden became what it is
    close(warden.signals);
    if (warden.door >= 0)
        close(warden.door);
    if (warden.server >= 0)
        close(warden.server);
    for (const struct world *w = warden.worlds; w; w = w->next)
        if (w->asker >= 0)
            close(w->asker);
    setpgid(0, getpgid(warden.run->front));
}

static void answer(int fd, enum mp_spawn_kind kind, int status, uint64_t job, const char *text)
{
    struct mp_spawn_answer a = {.kind = kind, .status = status, .job = job};

    snprintf(a.text, sizeof a.text, "%.*s", (int)sizeof a.text - 1, text);
    send(fd, &a, sizeof a, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// What a new keeper does first, for a world that is asked for: reads what that shall be. So the
// warden is never kept waiting, and what is read is gone with the world.
static bool read_request(int asker, const struct mp_spawn_head *head, struct options *options,
                         pid_t to)
{
    if (!spawning_read(asker, head, options))
        snprintf(options->error, sizeof options->error, "what was asked for makes no sense");
    bool refused = options->error[0] != 0;
    keeper_tell(to, refused ? NEWS_REFUSED : (uint64_t)options->nranks * NEWS_RANKS);
    answer(asker, refused ? MP_SPAWN_REFUSED : MP_SPAWN_STARTED, 0, options->job, options->error);
    close(asker);
    return !refused;
}

// Starts a world: the first one, or with `head` what comes by the socket `asker`. NULL, with errno.
static struct world *start_world(struct options *options, int asker,
                                 const struct mp_spawn_head *head)
{
    const struct run *run = warden.run;
    pid_t self = getpid();
    struct world *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    *w = (struct world){.number = options->world,
                        .job = options->job,
                        .news = head ? 0 : (uint64_t)options->nranks * NEWS_RANKS,
                        .asker = asker};
    w->keeper = fork();
    if (w->keeper == 0) {
        leave_warden();
        if (head && !read_request(asker, head, options, self))
            _exit(0);
        _exit(keeper_run(options, run->cpus, run->start_ns, self, run->sets));
    }
    if (w->keeper < 0) {
        int error = errno;
        free(w);
        errno = error;
        return NULL;
    }
    w->next = warden.worlds;
    warden.worlds = w;
    warden.count++;
    return w;
}

// ---- The door

static void name_door(struct options *options)
{
    static char name[MP_WARDEN_NAME];
    uint64_t number = options->job ? options->job : (uint64_t)warden.run->start_ns;

    snprintf(name, sizeof name, "mprun-warden-%d-%016llx", (int)getpid(),
             (unsigned long long)number);
    options->warden = name;
}

// If it cannot be, nobody can spawn; and who tries is told.
static void open_door(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);

    memcpy(address.sun_path + 1, name, length);
    warden.door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    if (warden.door >= 0 && (bind(warden.door, (struct sockaddr *)&address, bytes) != 0 ||
                             listen(warden.door, 128) != 0)) {
        close(warden.door);
        warden.door = -1;
    }
}

// What is known of the death of that world; NULL: there is no memory.
static struct death *death_of(uint64_t job)
{
    struct death **at = &warden.deaths;

    while (*at && (*at)->job != job)
        at = &(*at)->next;
    if (!*at && (*at = calloc(1, sizeof **at)))
        (*at)->job = job;
    return *at;
}

// What somebody asks for. Returns whether the connection has done its work.
static bool serve(int fd)
{
    struct mp_spawn_head head;
    struct options made = *warden.run->options;

    if (!spawning_read_head(fd, &head))
        return true;
    if (head.kind == MP_SPAWN_FORGIVE) {
        struct death *death = death_of(head.job);
        if (death)
            death->forgiven = true;
        return true;
    }
    made.world = warden.count + (made.action == ACTION_SERVE);
    made.others = 0;
    for (const struct world *w = warden.worlds; w; w = w->next)
        made.others += (int)(w->news / NEWS_RANKS);
    if (getrandom(&made.job, sizeof made.job, GRND_NONBLOCK) == (ssize_t)sizeof made.job &&
        start_world(&made, fd, &head))
        return false;
    answer(fd, MP_SPAWN_REFUSED, 0, 0, strerror(errno));
    return true;
}

static bool is_of_this_user(int fd)
{
    struct ucred other;
    socklen_t length = sizeof other;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &length) == 0 && other.uid == geteuid();
}

static void on_door(void)
{
    struct timeval patience = {.tv_sec = 2};
    struct timespec nap = {.tv_nsec = 10000000};
    int fd;

    while ((fd = accept4(warden.door, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (is_alone() || !is_of_this_user(fd) || serve(fd))
            close(fd);
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        nanosleep(&nap, NULL); // until a world ends, who asks waits
    } else if (errno == EPERM || errno == EACCES || errno == ENOSYS) { // a filter: who asks is told
        close(warden.door);
        warden.door = -1;
    }
}

// ---- All worlds

// A keeper has ended.
static void end_world(struct world *w, int how)
{
    bool failed = w->news & NEWS_FAILED, with_others = w->news & NEWS_WITH_OTHERS;
    int status = warden_mirror(how, !is_alone(), &failed);

    if (w->news & NEWS_REFUSED) { // its number goes to the next, if there is none yet
        warden.count -=
            w->number == warden.count - 1 + (warden.run->options->action == ACTION_SERVE);
        return;
    }
    if (WIFSIGNALED(how)) {
        warden.killed = true;
        warden.status = status;
    } else if (w->number == 0) {
        warden.status = status;
        warden.with_others = with_others;
    } else if (status != 0 && !with_others) {
        struct death *death = death_of(w->job);
        if (death)
            death->status = status;
    }
    if (w->number == 0 || warden.killed)
        *warden.run->failed = failed;
    for (const struct world *other = warden.worlds; status != 0 && other; other = other->next)
        if (other != w)
            keeper_tell(other->keeper, w->job);
    if (w->asker >= 0)
        answer(w->asker, MP_SPAWN_ENDED, status, w->job, "");
}

static struct world *world_of(pid_t keeper)
{
    struct world *w = warden.worlds;
    while (w && w->keeper != keeper)
        w = w->next;
    return w;
}

static void on_signal(const struct signalfd_siginfo *info)
{
    int signal = (int)info->ssi_signo;

    if (signal == NEWS_SIGNAL) {
        struct world *w = world_of((pid_t)info->ssi_pid);
        if (w)
            w->news |= info->ssi_ptr;
    } else if (signal != SIGCHLD && (signal != GONE_SIGNAL || is_alone())) {
        for (const struct world *w = warden.worlds; w; w = w->next)
            kill(w->keeper, signal);
    }
}

static void read_signals(void)
{
    struct signalfd_siginfo info[8];
    ssize_t got;

    do {
        got = read(warden.signals, info, sizeof info);
        for (size_t i = 0; got > 0 && i < (size_t)got / sizeof *info; i++)
            on_signal(&info[i]);
    } while (got == (ssize_t)sizeof info);
}

// What is no keeper can be our child only after one was killed, and was ended then. What a keeper
// has told, and its ranks have asked for, is read after its end was seen: so that is all of it.
static void reap(void)
{
    int how;
    pid_t pid;

    while (!warden.killed && warden.worlds && (pid = waitpid(-1, &how, WNOHANG)) > 0) {
        struct world *w = world_of(pid);
        read_signals();
        if (warden.door >= 0)
            on_door();
        if (w) {
            end_world(w, how);
            forget(w);
        }
    }
}

// What mprun exits with: what the first world says; or if that is 0, or another one has taken it
// along, the first failure that nobody went on in spite of.
static int status_of_all(void)
{
    for (const struct death *d = warden.deaths; d && (warden.status == 0 || warden.with_others);
         d = d->next)
        if ((!d->forgiven || warden.with_others) && d->status != 0)
            return d->status;
    return warden.status;
}

// Sees all worlds to their end.
static int see_to_the_end(void)
{
    while (!warden.killed && (warden.worlds || warden.server >= 0)) {
        struct pollfd fds[] = {{.fd = warden.signals, .events = POLLIN},
                               {.fd = warden.door, .events = POLLIN},
                               {.fd = warden.server, .events = POLLIN}};
        if (poll(fds, 3, -1) < 0)
            continue; // EINTR: stopped and continued
        if (fds[0].revents) {
            read_signals();
            reap();
        } else if (fds[1].revents) {
            on_door();
        } else if (fds[2].revents) { // whom we serve has gone
            close(warden.server);
            warden.server = -1;
        }
    }
    return status_of_all();
}

// The writer of a pipe that the job reads shall learn when the last rank closed it. (But where
// there may be another run, that shall have what is left.)
static void leave_input(const struct options *options)
{
    int null = options->restarts == 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

    if (null >= 0)
        dup2(null, STDIN_FILENO);
}

// Makes what the warden hears of signals and of worlds that are asked for by, while the first
// keeper is at work, so that no start waits for it. It is the front's, too, and stays for
// another run.
static bool become_warden(void)
{
    const struct run *run = warden.run;

    // The signals of the terminal come to the warden through the front alone.
    setpgid(0, 0);
    prctl(PR_SET_NAME, "warden");
    if (warden.open)
        return true;
    warden.signals = signalfd(-1, &run->sets->handled, SFD_CLOEXEC | SFD_NONBLOCK);
    if (warden.signals < 0) {
        report_line("cannot read signals: %s%s", strerror(errno), allowed_hint(errno));
        return false;
    }
    open_door(run->options->warden);
    if (run->options->action == ACTION_SERVE) {
        warden.server = run->options->serves;
        fcntl(warden.server, F_SETFD, FD_CLOEXEC);
        answer(warden.server, MP_SPAWN_STARTED, 0, 0, warden.door >= 0 ? run->options->warden : "");
    }
    warden.open = true;
    return true;
}

int warden_run(const struct run *run)
{
    warden.run = run;
    // What the warden of an earlier run has left.
    while (warden.worlds)
        forget(warden.worlds);
    warden.deaths = NULL;
    warden.count = warden.status = 0;
    warden.with_others = warden.killed = false;
    run->options->world = 0;
    if (getrandom(&run->options->job, sizeof run->options->job, GRND_NONBLOCK) < 0)
        run->options->job = 0;
    if (!run->options->warden)
        name_door(run->options);
    if (run->options->action != ACTION_SERVE && !start_world(run->options, -1, NULL))
        return warden_start_failed();
    leave_input(run->options);
    if (!become_warden()) {
        family_end();
        return EXIT_NOT_EXECUTABLE;
    }
    return see_to_the_end();
}
