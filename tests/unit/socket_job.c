// SPDX-License-Identifier: MIT
// See socket_job.h. A channel is one per process: run() forks the ranks, and the test's own process
// plays the launcher that hands out the connections.
#define _GNU_SOURCE
#include "socket_job.h"

#include "base/bits.h"
#include "boot/boot.h"
#include "boot/guests.h"
#include "boot/protocol.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

// ---- The fake launcher

struct launcher {
    int size;
    int control[RANKS_MAX];
    bool connected[RANKS_MAX][RANKS_MAX];
    bool asked[RANKS_MAX][RANKS_MAX];
    bool await_crossing; // answer only when both have asked
    bool send_twice;     // hand out a second, superfluous pair
};

static void hand_out(int control, int peer, int fd)
{
    struct mp_control answer = {.kind = MP_CONTROL_PEER, .peer = peer};
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control_data = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control_data,
                             .msg_controllen = sizeof control_data};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    sendmsg(control, &message, MSG_NOSIGNAL); // a rank that is gone needs no answer
    close(fd);
}

static void connect_ranks(struct launcher *l, int a, int b)
{
    for (int i = 0; i < (l->send_twice ? 2 : 1); i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        hand_out(l->control[a], b, ends[0]);
        hand_out(l->control[b], a, ends[1]);
    }
    l->connected[a][b] = l->connected[b][a] = true;
}

// Serves the ranks until all of them have closed their control sockets.
static void serve(struct launcher *l)
{
    struct pollfd fds[RANKS_MAX];
    int open = l->size;

    for (int i = 0; i < l->size; i++)
        fds[i] = (struct pollfd){.fd = l->control[i], .events = POLLIN};
    while (open > 0) {
        poll(fds, (nfds_t)l->size, -1);
        for (int i = 0; i < l->size; i++) {
            struct mp_control request;
            if (!fds[i].revents)
                continue;
            if (recv(fds[i].fd, &request, sizeof request, 0) != (ssize_t)sizeof request) {
                fds[i].fd = -1; // poll skips it
                open--;
                continue;
            }
            int peer = request.peer;
            assert_int_equal(request.kind, MP_CONTROL_CONNECT);
            assert_in_range(peer, 0, l->size - 1);
            assert_false(l->asked[i][peer]); // a rank asks once
            l->asked[i][peer] = true;
            if (!l->connected[i][peer] && (!l->await_crossing || l->asked[peer][i]))
                connect_ranks(l, i, peer);
        }
    }
}

// ---- What the ranks of one job share, and a check inside a rank

struct shared *shared;
const struct mp_channel *channel;
struct mp_boot *own_boot;
int me, world;

void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: rank %d: not so: %s\n", file, line, me, what);
    _exit(99);
}

void meet(bool poll_channel)
{
    int target = shared->reached++ / world * world + world;
    while (shared->reached < target) {
        if (!poll_channel || !channel->poll())
            usleep(100);
    }
}

// ---- The model

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static size_t (*model_size)(uint64_t seed, uint64_t number);

// Log-uniform from 0 to the largest payload.
static size_t any_size(uint64_t seed, uint64_t number)
{
    (void)number;
    return (mix(seed) % 65537) >> mix(seed + 1) % 17;
}

static struct mp_packet model_packet(int from, int to, uint64_t number)
{
    uint64_t seed = mix((uint64_t)from << 48 ^ (uint64_t)to << 40 ^ number);
    struct mp_packet packet = {.kind = 1 + seed % 8,
                               .context = (uint32_t)mix(seed + 2),
                               .source = (int32_t)mix(seed + 3),
                               .tag = (int32_t)mix(seed + 4),
                               .length = (uint32_t)model_size(seed, number),
                               .sequence = number,
                               .origin = seed,
                               .target = mix(seed + 5),
                               .total = mix(seed + 6),
                               .address = mix(seed + 7)};
    return packet;
}

static void model_fill(char *to, const struct mp_packet *packet)
{
    for (size_t i = 0; i < packet->length; i += 8) {
        uint64_t word = mix(packet->origin + i);
        memcpy(to + i, &word, packet->length - i < 8 ? packet->length - i : 8);
    }
}

uint64_t sent[RANKS_MAX], received[RANKS_MAX];

bool send_next(int to)
{
    struct mp_packet packet = model_packet(me, to, sent[to]);
    char *room = channel->reserve(to, (enum mp_packet_kind)packet.kind, packet.length);

    if (!room)
        return false;
    model_fill(room, &packet);
    CHECK(channel->commit(to, &packet) == sent[to]);
    sent[to]++;
    return true;
}

void check_packet(int peer, const struct mp_packet *packet, const void *payload)
{
    static char expected[1 << 16];
    struct mp_packet model = model_packet(peer, me, received[peer]);

    CHECK(packet->sequence == received[peer]);
    CHECK(packet->kind == model.kind && packet->length == model.length);
    CHECK(packet->context == model.context && packet->source == model.source);
    CHECK(packet->tag == model.tag && packet->origin == model.origin);
    CHECK(packet->target == model.target && packet->total == model.total);
    CHECK(packet->address == model.address);
    model_fill(expected, &model);
    CHECK(memcmp(payload, expected, model.length) == 0);
    received[peer]++;
}

void exchange(uint64_t count)
{
    for (bool busy = true; busy;) {
        busy = false;
        for (int peer = 0; peer < world; peer++) {
            while (peer != me && sent[peer] < count && send_next(peer))
                ;
            busy = busy || (peer != me && (sent[peer] < count || received[peer] < count));
        }
        channel->poll();
    }
}

// ---- Running a job

// The standard error of rank 0: each write is one datagram.
static void hold_words(int heard, const char *expected)
{
    char words[1024];
    ssize_t got = recv(heard, words, sizeof words - 1, MSG_DONTWAIT);

    assert_true(got > 1);
    words[got] = 0;
    if (!strstr(words, expected))
        fail_msg("said \"%s\", expected \"%s\"", words, expected);
    assert_ptr_equal(strchr(words, '\n'), words + got - 1);
    assert_int_equal(recv(heard, words, sizeof words, MSG_DONTWAIT), -1);
}

static void run_rank(const struct job *job, int rank, int control)
{
    struct mp_boot boot = {
        .rank = rank, .size = job->size, .launched = true, .control_fd = control};

    alarm(TIME_LIMIT);
    own_boot = &boot;
    me = rank;
    world = job->size;
    model_size = job->model ? job->model : any_size;
    mp_guests_begin(1, boot.rank, boot.size);
    channel = mp_socket_open(&boot, job->deliver ? job->deliver : check_packet);
    CHECK(channel && channel->payload_max == 65536);
    job->rank();
    channel->close();
    _exit(0);
}

void run(const struct job *job)
{
    struct launcher launcher = {
        .size = job->size, .await_crossing = job->await_crossing, .send_twice = job->send_twice};
    int theirs[RANKS_MAX];
    pid_t pids[RANKS_MAX];
    int heard[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, heard), 0);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    for (int i = 0; i < job->size; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        launcher.control[i] = ends[0];
        theirs[i] = ends[1];
    }
    fflush(NULL);
    for (int i = 0; i < job->size; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            for (int j = 0; j < job->size; j++) {
                close(launcher.control[j]);
                if (j != i)
                    close(theirs[j]);
            }
            if (i == 0 && job->says)
                dup2(heard[1], STDERR_FILENO);
            run_rank(job, i, theirs[i]);
        }
    }
    for (int i = 0; i < job->size; i++)
        close(theirs[i]);
    if (!job->launcher_leaves)
        serve(&launcher);
    for (int i = 0; i < job->size; i++)
        close(launcher.control[i]);
    for (int i = 0; i < job->size; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        if (WIFSIGNALED(status))
            fail_msg("rank %d: signal %d", i, WTERMSIG(status));
        assert_int_equal(WEXITSTATUS(status), i == 0 ? job->status : 0);
    }
    if (job->says)
        hold_words(heard[0], job->says);
    close(heard[0]);
    close(heard[1]);
    munmap(shared, sizeof *shared);
}
