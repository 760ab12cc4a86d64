// SPDX-License-Identifier: MIT
// How a process becomes a rank: the environment says which, the inherited segment holds the rest.
// Nothing here waits for anybody, so start-up costs one mmap and no conversation.
//
// N worlds of one that all believe to be rank 0 would overwrite each other's files. So a program
// that has lost its descriptors or its environment on the way looks for them at the keeper (see
// boot/ancestry.c); one that another launcher means to be one of several is refused (see
// boot/foreign.c); and what finds no trace of either is a world of one. So is what a rank starts
// once it has called MPI_Init, with or without the environment.
// Read next: boot/boot.h (the contract), launcher/spawn.c (the other side of this conversation).
#define _GNU_SOURCE
#include "boot/boot.h"

#include "base/bits.h"
#include "base/clock.h"
#include "base/cpus.h"
#include "boot/ancestry.h"
#include "boot/foreign.h"
#include "boot/lines.h"
#include "boot/protocol.h"
#include "boot/windows.h"
#include "mpi.h"
#include "shm/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// Under mprun, from the first line on. Here, and not in lines.c, for programs linked statically.
__attribute__((constructor)) static void begin_lines(void)
{
    if (getenv(MP_ENV_RANK))
        mp_lines_begin();
}

// The number in the environment variable `name`, or -1 when it is not set, or is no number.
static int environment_number(const char *name)
{
    const char *text = getenv(name);
    char *end;

    if (!text || *text < '0' || *text > '9')
        return -1;
    long value = strtol(text, &end, 10);
    return *end || value > INT32_MAX ? -1 : (int)value;
}

static void set_close_on_exec(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0)
        fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

// A world of one lives in anonymous memory laid out like a job's segment, so that nothing above
// this file needs to know the difference.
static int make_world_of_one(struct mp_boot *boot, char *error, size_t room)
{
    struct mp_segment_header plan = {.nodes = 1};
    uint64_t bytes = mp_segment_plan(&plan, 1, 1, UINT64_MAX);
    struct mp_cpus usable = mp_cpus_of(0);
    int cores = mp_cpus_count(&usable);

    struct mp_segment_header *segment = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (segment == MAP_FAILED) {
        snprintf(error, room, "cannot map %llu bytes for a world of one: %s",
                 (unsigned long long)bytes, strerror(errno));
        return MPI_ERR_OTHER;
    }
    *segment = plan;
    segment->start_ns = mp_clock_ns(CLOCK_MONOTONIC);
    if (getrandom(&segment->job, sizeof segment->job, GRND_NONBLOCK) !=
        (ssize_t)sizeof segment->job)
        segment->job = (uint64_t)segment->start_ns ^ (uint64_t)getpid() << 40;
    segment->channel = MP_CHANNEL_SHM;
    segment->cores = cores > 0 ? (uint32_t)cores : 1;
    segment->ranks_per_core = 1;
    segment->universe = 1;
    segment->fence = MP_FENCE_ALWAYS; // nobody else looks: the fence is free, and always right

    struct mp_board *board = mp_segment_board(segment, 0);
    board->appranks = 1;
    atomic_store_explicit(&board->pid, (int32_t)getpid(), memory_order_relaxed);

    boot->size = 1;
    boot->segment = segment;
    mp_windows_open(segment, -1);
    return 0;
}

// Maps the head of the segment behind `fd` and checks that it is of our version; the descriptor is
// kept for the rest. Returns NULL with `error` set otherwise.
static struct mp_segment_header *map_segment(int fd, char *error, size_t room)
{
    struct mp_segment_header head = {0};
    struct stat status;

    if (fstat(fd, &status) != 0 || pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head)
        status.st_size = 0;
    if (head.version != MP_SEGMENT_VERSION) {
        snprintf(error, room,
                 "mprun and this program's MPI library differ in version (segment %u, library %u): "
                 "use the mprun that was installed with the library",
                 head.version, MP_SEGMENT_VERSION);
        return NULL;
    }
    if (head.bytes > (uint64_t)status.st_size) {
        snprintf(error, room, "mprun's segment is cut off: %lld bytes of %llu",
                 (long long)status.st_size, (unsigned long long)head.bytes);
        return NULL;
    }
    struct mp_segment_header *segment =
        mmap(NULL, head.head_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (segment != MAP_FAILED && mp_windows_open(segment, fd))
        return segment;
    snprintf(error, room, "cannot map the head of the job's segment, %llu bytes: %s%s",
             (unsigned long long)head.head_bytes, strerror(errno),
             errno == ENOMEM ? " (is there a limit on address space, ulimit -v?)" : "");
    return NULL;
}

// Makes the rank's board ours. A rank is one process: a script that starts the program twice under
// one rank is told so.
static int claim_board(struct mp_segment_header *segment, int rank, char *error, size_t room)
{
    struct mp_board *board = mp_segment_board(segment, rank - (int)segment->first);
    int32_t owner = 0;

    if (atomic_compare_exchange_strong(&board->pid, &owner, (int32_t)getpid()))
        return 0;
    bool ended = kill(owner, 0) != 0 && errno == ESRCH;
    snprintf(error, room,
             "process %d %s rank %d of this job already: an MPI program can be started once per "
             "rank",
             (int)owner, ended ? "was" : "is", rank);
    return MPI_ERR_OTHER;
}

// Maps the segment of a node where the keeper has it. NULL with `error` set if that cannot be.
static struct mp_segment_header *keepers_segment(const struct mp_ancestry *ancestry, int node,
                                                 char *error, size_t room)
{
    int fd = mp_ancestry_open(ancestry, mp_node_segment_fd(node));
    if (fd < 0) {
        snprintf(error, room, "cannot open mprun's memory of node %d: %s", node, strerror(errno));
        return NULL;
    }
    return map_segment(fd, error, room);
}

// The segment that the environment names. Another program may have closed it, or opened something
// in its place: then the keeper has it.
static struct mp_segment_header *inherited_segment(int fd, int rank, char *error, size_t room)
{
    struct mp_ancestry ancestry;
    bool closed = fcntl(fd, F_GETFD) < 0;
    int ours = mp_segment_behind(fd) ? fd : mp_ancestry_find(&ancestry);

    if (ours < 0) {
        snprintf(error, room,
                 "descriptor %d, which mprun handed over, is closed%s, and /proc does not show "
                 "mprun's own: whatever started this program must leave the descriptors it "
                 "inherits open (in Python: close_fds=False)",
                 fd, closed ? "" : " and something else was opened in its place");
        return NULL;
    }
    struct mp_segment_header *segment = map_segment(ours, error, room);
    int node = 0;
    if (segment && (uint32_t)rank < segment->world)
        node = (int)mp_home_node(mp_segment_homes(segment)[rank]);
    if (segment && (uint32_t)node != segment->node) { // the keeper's is that of the first node
        mp_windows_close();
        segment = keepers_segment(&ancestry, node, error, room);
    }
    return segment;
}

// The place that the environment says. Returns 0 or MPI_ERR_OTHER.
static int read_place(struct mp_boot *boot, char *error, size_t room)
{
    int rank = environment_number(MP_ENV_RANK);
    int size = environment_number(MP_ENV_SIZE);
    int fd = environment_number(MP_ENV_SEGMENT);

    if (rank < 0 || size < 1 || rank >= size || fd < 0) {
        snprintf(error, room,
                 "mprun's variables %s, %s and %s are incomplete or damaged (%s, %s, %s)",
                 MP_ENV_RANK, MP_ENV_SIZE, MP_ENV_SEGMENT,
                 getenv(MP_ENV_RANK) ? getenv(MP_ENV_RANK) : "unset",
                 getenv(MP_ENV_SIZE) ? getenv(MP_ENV_SIZE) : "unset",
                 getenv(MP_ENV_SEGMENT) ? getenv(MP_ENV_SEGMENT) : "unset");
        return MPI_ERR_OTHER;
    }
    boot->rank = rank;
    boot->control_fd = environment_number(MP_ENV_CONTROL);
    boot->segment = inherited_segment(fd, rank, error, room);
    if (!boot->segment)
        return MPI_ERR_OTHER;
    if (boot->segment->world == (uint32_t)size)
        return 0;
    snprintf(error, room, "%s is %d, but the segment was made for %u ranks", MP_ENV_SIZE, size,
             boot->segment->world);
    mp_windows_close();
    return MPI_ERR_OTHER;
}

// The rank of that segment that the launcher started as the process `pid`, or -1.
static int rank_started_as(struct mp_segment_header *segment, pid_t pid)
{
    for (int i = 0; i < (int)segment->nranks; i++)
        if (atomic_load_explicit(&mp_segment_board(segment, i)->started_as, memory_order_relaxed) ==
            (int32_t)pid)
            return (int)segment->first + i;
    return -1;
}

// Or it is that very process, which has executed another program.
static bool descends_from(const struct mp_ancestry *ancestry, int32_t pid)
{
    for (int i = 0; i < ancestry->count; i++)
        if (ancestry->pids[i] == pid)
            return true;
    return false;
}

// The place of a process without the environment: the rank which it descends from. Leaves
// boot->segment NULL if it has none, and is a world of its own: there is no keeper, or one of its
// ancestors is the rank. Returns 0 or MPI_ERR_OTHER.
static int find_place(struct mp_boot *boot, char *error, size_t room)
{
    struct mp_ancestry ancestry;
    bool inherited = mp_segment_behind(MP_SEGMENT_FD);
    int fd = mp_ancestry_find(&ancestry);

    if (ancestry.denied && !inherited) {
        snprintf(error, room,
                 "this program was started by mprun (process %d), but as another user and without "
                 "its environment, so that it cannot join its job: start mprun as that user",
                 (int)ancestry.keeper);
        return MPI_ERR_OTHER;
    }
    if (fd < 0 && !inherited)
        return 0;
    if (inherited && fd >= 0)
        close(fd);
    fd = inherited ? MP_SEGMENT_FD : fd;
    struct mp_segment_header *segment = map_segment(fd, error, room);
    if (!segment)
        return MPI_ERR_OTHER;
    // Without /proc it may be the very process that mprun started.
    pid_t started = ancestry.keeper ? ancestry.pids[ancestry.count - 1] : getpid();
    int rank = rank_started_as(segment, started);
    for (int node = 1; rank < 0 && ancestry.keeper && node < (int)segment->nodes; node++) {
        mp_windows_close();
        segment = keepers_segment(&ancestry, node, error, room);
        if (!segment)
            return MPI_ERR_OTHER;
        rank = rank_started_as(segment, started);
    }
    struct mp_board *board = mp_segment_board(segment, rank - (int)segment->first);
    int32_t owner = rank < 0 ? 0 : atomic_load_explicit(&board->pid, memory_order_relaxed);
    // Whoever inherits the descriptor is no child of a process that has joined: that closes it.
    if (!inherited && (rank < 0 || descends_from(&ancestry, owner))) {
        mp_windows_close();
        return 0;
    }
    if (rank < 0) {
        mp_windows_close();
        snprintf(
            error, room,
            "this program was started by mprun, as descriptor %d shows, but the variables that "
            "say which rank it is are gone: whatever started it must leave %s, %s and %s in "
            "its environment",
            MP_SEGMENT_FD, MP_ENV_RANK, MP_ENV_SIZE, MP_ENV_SEGMENT);
        return MPI_ERR_OTHER;
    }
    *boot = (struct mp_boot){.rank = rank, .segment = segment, .control_fd = MP_CONTROL_FD};
    return 0;
}

// Is `fd` still the control socket?
static bool is_control(int fd)
{
    int type;
    socklen_t length = sizeof type;

    return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
           type == SOCK_SEQPACKET;
}

// Programs that this process starts are worlds of their own. lib/heap has mapped the heap, and may
// still look at its descriptor.
static void leave_nothing_to_children(const struct mp_segment_header *segment, int control_fd)
{
    static const char *const variables[] = {MP_ENV_ALL};
    const char *heap = getenv(MP_ENV_HEAP);
    unsigned long long address;
    struct stat status;
    unsigned shift;
    int fd, node, place, places;

    if (control_fd >= 0)
        set_close_on_exec(control_fd);
    if (heap && sscanf(heap, MP_HEAP_FORMAT, &fd, &shift, &address, &node, &place, &places) == 6 &&
        fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && shift < 44 &&
        (uint64_t)status.st_size == MP_HEAP_HEAD + ((uint64_t)segment->nranks << shift))
        set_close_on_exec(fd);
    for (size_t i = 0; i < mp_array_length(variables); i++)
        unsetenv(variables[i]);
}

int mp_boot_join(struct mp_boot *boot, char *error, size_t room)
{
    int status;

    *boot = (struct mp_boot){.control_fd = -1};
    if (getenv(MP_ENV_RANK) || getenv(MP_ENV_SEGMENT))
        status = read_place(boot, error, room);
    else
        status = find_place(boot, error, room);
    if (status != 0)
        return status;
    if (!boot->segment) {
        if (mp_foreign_launcher(error, room))
            return MPI_ERR_OTHER;
        return make_world_of_one(boot, error, room);
    }

    if (!is_control(boot->control_fd))
        boot->control_fd = -1;
    status = claim_board(boot->segment, boot->rank, error, room);
    if (status == 0 && boot->control_fd < 0 &&
        (boot->segment->channel == MP_CHANNEL_SOCKET || boot->segment->nodes > 1)) {
        snprintf(
            error, room,
            "descriptor %d, the socket to mprun, is closed: whatever started this program must "
            "leave the descriptors it inherits open (in Python: close_fds=False), or use mprun "
            "without --channel socket and --nodes",
            MP_CONTROL_FD);
        status = MPI_ERR_OTHER;
    }
    if (status != 0) {
        mp_windows_close();
        return status;
    }
    leave_nothing_to_children(boot->segment, boot->control_fd);
    boot->size = (int)boot->segment->world;
    boot->launched = true;
    return 0;
}

int mp_boot_connect(struct mp_boot *boot, int peer)
{
    struct mp_control request = {.kind = MP_CONTROL_CONNECT, .peer = peer};
    ssize_t sent;

    do
        sent = send(boot->control_fd, &request, sizeof request, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof request ? 0 : MPI_ERR_OTHER;
}

int mp_boot_receive(struct mp_boot *boot, int *peer)
{
    struct mp_control answer;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};

    for (;;) {
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof control};
        ssize_t got = recvmsg(boot->control_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0) {
            errno = ECONNRESET;
            return -1;
        }

        int fd = -1;
        struct cmsghdr *part_header = CMSG_FIRSTHDR(&message);
        if (part_header && part_header->cmsg_level == SOL_SOCKET &&
            part_header->cmsg_type == SCM_RIGHTS)
            memcpy(&fd, CMSG_DATA(part_header), sizeof fd);
        if (got == (ssize_t)sizeof answer && answer.kind == MP_CONTROL_PEER && fd >= 0) {
            *peer = answer.peer;
            return fd;
        }
        // A nudge, which has done its work; a datagram of a newer launcher; or a descriptor that
        // our limit (ulimit -n) kept out.
        if (fd >= 0)
            close(fd);
        if (got == (ssize_t)sizeof answer && answer.kind == MP_CONTROL_PEER) {
            errno = EMFILE;
            return -1;
        }
    }
}
