// SPDX-License-Identifier: MIT
// How a process becomes a rank: the environment says which, the inherited segment holds the rest.
// Nothing here waits for anybody, so start-up costs one mmap and no conversation. A program that
// finds no trace of mprun is a world of one, unless another launcher's variables show that it is
// meant to be one of several: N worlds of one that all believe to be rank 0 would overwrite each
// other's files, so that is refused (see boot/foreign.c).
// Read next: boot/boot.h (the contract), launcher/spawn.c (the other side of this conversation).
#define _GNU_SOURCE
#include "boot/boot.h"

#include "boot/foreign.h"
#include "boot/protocol.h"
#include "mpi.h"
#include "shm/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
    struct mp_segment_header plan = {0};
    uint64_t bytes = mp_segment_plan(&plan, 1);
    struct timespec now;
    cpu_set_t usable;

    struct mp_segment_header *segment = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (segment == MAP_FAILED) {
        snprintf(error, room, "cannot map %llu bytes for a world of one: %s",
                 (unsigned long long)bytes, strerror(errno));
        return MPI_ERR_OTHER;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    *segment = plan;
    segment->start_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    segment->job = (uint64_t)segment->start_ns ^ (uint64_t)getpid() << 40;
    segment->channel = MP_CHANNEL_SHM;
    segment->cores = 1;
    if (sched_getaffinity(0, sizeof usable, &usable) == 0)
        segment->cores = (uint32_t)CPU_COUNT(&usable);
    segment->ranks_per_core = 1;
    segment->universe = 1;
    segment->fence = 1; // nobody else looks: the fence is free, and always right

    struct mp_board *board = mp_segment_board(segment, 0);
    board->core = -1;
    atomic_store_explicit(&board->pid, (int32_t)getpid(), memory_order_relaxed);

    boot->size = 1;
    boot->segment = segment;
    return 0;
}

// Maps the segment behind `fd` and checks that it is one, of our version, made for `size` ranks.
// Returns NULL with `error` set otherwise.
static struct mp_segment_header *map_segment(int fd, int size, char *error, size_t room)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        snprintf(error, room,
                 "descriptor %d, which mprun handed over, is closed: whatever started this program "
                 "must leave the descriptors it inherits open",
                 fd);
        return NULL;
    }
    if (status.st_size < (off_t)sizeof(struct mp_segment_header)) {
        snprintf(error, room,
                 "descriptor %d should be mprun's segment, but something else was opened in its "
                 "place",
                 fd);
        return NULL;
    }
    struct mp_segment_header *segment =
        mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (segment == MAP_FAILED) {
        snprintf(error, room, "cannot map the job's segment of %lld bytes: %s%s",
                 (long long)status.st_size, strerror(errno),
                 errno == ENOMEM ? " (is there a limit on address space, ulimit -v?)" : "");
        return NULL;
    }
    if (segment->magic != MP_SEGMENT_MAGIC || segment->bytes > (uint64_t)status.st_size)
        snprintf(error, room, "descriptor %d is not a segment that mprun made", fd);
    else if (segment->version != MP_SEGMENT_VERSION)
        snprintf(error, room,
                 "mprun and this program's MPI library differ in version (segment %u, library %u): "
                 "use the mprun that was installed with the library",
                 segment->version, MP_SEGMENT_VERSION);
    else if (segment->nranks != (uint32_t)size)
        snprintf(error, room, "%s is %d, but the segment was made for %u ranks", MP_ENV_SIZE, size,
                 segment->nranks);
    else
        return segment;
    munmap(segment, (size_t)status.st_size);
    return NULL;
}

// Makes the rank's board ours. A rank is one process: a script that starts the program twice under
// one rank is told so.
static int claim_board(struct mp_segment_header *segment, int rank, char *error, size_t room)
{
    struct mp_board *board = mp_segment_board(segment, rank);
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

int mp_boot_join(struct mp_boot *boot, char *error, size_t room)
{
    *boot = (struct mp_boot){.control_fd = -1};

    if (!getenv(MP_ENV_RANK) && !getenv(MP_ENV_SEGMENT)) {
        if (mp_foreign_launcher(error, room))
            return MPI_ERR_OTHER;
        return make_world_of_one(boot, error, room);
    }

    int rank = environment_number(MP_ENV_RANK);
    int size = environment_number(MP_ENV_SIZE);
    int segment_fd = environment_number(MP_ENV_SEGMENT);
    int control_fd = environment_number(MP_ENV_CONTROL);

    if (rank < 0 || size < 1 || rank >= size || segment_fd < 0) {
        snprintf(error, room,
                 "mprun's variables %s, %s and %s are incomplete or damaged (%s, %s, %s)",
                 MP_ENV_RANK, MP_ENV_SIZE, MP_ENV_SEGMENT,
                 getenv(MP_ENV_RANK) ? getenv(MP_ENV_RANK) : "unset",
                 getenv(MP_ENV_SIZE) ? getenv(MP_ENV_SIZE) : "unset",
                 getenv(MP_ENV_SEGMENT) ? getenv(MP_ENV_SEGMENT) : "unset");
        return MPI_ERR_OTHER;
    }
    struct mp_segment_header *segment = map_segment(segment_fd, size, error, room);
    if (!segment)
        return MPI_ERR_OTHER;
    if (claim_board(segment, rank, error, room) != 0) {
        munmap(segment, segment->bytes);
        return MPI_ERR_OTHER;
    }

    close(segment_fd);
    if (control_fd >= 0)
        set_close_on_exec(control_fd);
    unsetenv(MP_ENV_RANK);
    unsetenv(MP_ENV_SIZE);
    unsetenv(MP_ENV_SEGMENT);
    unsetenv(MP_ENV_CONTROL);
    const char *heap = getenv(MP_ENV_HEAP); // lib/heap has mapped it, and may still look at it
    if (heap)
        set_close_on_exec(atoi(heap));
    unsetenv(MP_ENV_HEAP);

    boot->rank = rank;
    boot->size = size;
    boot->launched = true;
    boot->segment = segment;
    boot->control_fd = control_fd;
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
        // A datagram of a newer launcher, or a descriptor that our limit (ulimit -n) kept out.
        if (fd >= 0)
            close(fd);
        if (got == (ssize_t)sizeof answer && answer.kind == MP_CONTROL_PEER) {
            errno = EMFILE;
            return -1;
        }
    }
}
