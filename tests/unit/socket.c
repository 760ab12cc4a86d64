// SPDX-License-Identifier: MIT
// The Unix-socket channel against a model: every packet's kind, size, fields and payload follow
// from (sender, receiver, number), so a receiver checks each one without having seen it before.
// A channel is one per process: each test forks its ranks, and this process plays the launcher that
// hands out the connections.
// Read next: lib/socket/socket.c, lib/base/channel.h (the contract that is tested here).
#define _GNU_SOURCE
#include "socket/socket.h"

#include "base/bits.h"
#include "boot/boot.h"
#include "boot/protocol.h"

#include <fcntl.h>
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

enum { RANKS_MAX = 8, TIME_LIMIT = 30 /* seconds for one job, should it hang */ };

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

struct shared {
    _Atomic int reached; // ranks that came to `meet`, ever
    _Atomic int flag;
};

static struct shared *shared;
static const struct mp_channel *channel;
static int me, world;

#define CHECK(condition) ((condition) ? (void)0 : failed(__FILE__, __LINE__, #condition))

static void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: rank %d: not so: %s\n", file, line, me, what);
    _exit(99);
}

// A barrier that does not use the channel. `poll` tells whether the channel is polled meanwhile.
static void meet(bool poll_channel)
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

// Ten of these fit into any socket.
static size_t small_size(uint64_t seed, uint64_t number)
{
    (void)number;
    return seed % 1000;
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

static uint64_t sent[RANKS_MAX], received[RANKS_MAX];

// Sends the model's next packet to `to`; false when there is no room.
static bool send_next(int to)
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

static void check_packet(int peer, const struct mp_packet *packet, const void *payload)
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

// Sends up to `count` packets to everybody and takes as many from everybody.
static void exchange(uint64_t count)
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

struct job {
    int size;
    void (*rank)(void);
    mp_deliver_fn *deliver; // NULL: check_packet
    size_t (*model)(uint64_t, uint64_t);
    bool await_crossing, send_twice;
    bool launcher_leaves;
    int status;       // expected of rank 0
    const char *says; // it says that, in one line that it writes at once; NULL: nobody listens
};

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
    me = rank;
    world = job->size;
    model_size = job->model ? job->model : any_size;
    channel = mp_socket_open(&boot, job->deliver ? job->deliver : check_packet);
    CHECK(channel && channel->payload_max == 65536);
    job->rank();
    channel->close();
    _exit(0);
}

static void run(const struct job *job)
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

// ---- Tests

// All sizes to 300, and all around every power of two, to the largest.
static size_t every_size(uint64_t seed, uint64_t number)
{
    (void)seed;
    if (number < 300)
        return number;
    number -= 300;
    size_t size = ((size_t)512 << number / 32) - 16 + number % 32;
    return size > 65536 ? 65536 : size;
}

static void rank_one_way(void)
{
    while (me == 0 && sent[1] < 300 + 8 * 32) {
        if (!send_next(1))
            channel->poll();
    }
    while (me == 1 && received[0] < 300 + 8 * 32)
        channel->poll();
}

static void test_every_size_arrives_in_order(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_one_way, .model = every_size});
}

// The fields of a packet without payload say what they like: CANCELLED carries a length of 1.
static void deliver_bare(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)payload;
    CHECK(peer == 0 && packet->sequence == received[0] && packet->length == 1);
    received[0]++;
}

static void rank_bare(void)
{
    struct mp_packet packet = {.kind = MP_PACKET_CANCELLED, .length = 1};

    for (int i = 0; me == 0 && i < 3; i++) {
        CHECK(channel->reserve(1, MP_PACKET_CANCELLED, 0));
        CHECK(channel->commit(1, &packet) == (uint64_t)i);
    }
    while (me == 1 && received[0] < 3)
        channel->poll();
}

static void test_length_without_payload(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_bare, .deliver = deliver_bare});
}

// The reader does not read until the sender has met the limit; then everything arrives.
static void rank_slow_reader(void)
{
    enum { COUNT = 1500 };

    if (me == 0) {
        while (sent[1] < COUNT && send_next(1)) // not even connected yet
            ;
        CHECK(sent[1] < COUNT);
        uint64_t first = sent[1];
        // Connected, the socket takes some more; but at some point nothing moves any longer.
        for (int quiet = 0; quiet < 200;) {
            quiet = channel->poll() || send_next(1) ? 0 : quiet + 1;
            usleep(quiet ? 100 : 0);
        }
        CHECK(sent[1] > first && sent[1] < COUNT);
        meet(false);
        while (sent[1] < COUNT) {
            if (!send_next(1))
                channel->poll();
        }
    } else {
        meet(false);
        while (received[0] < COUNT) {
            channel->poll();
            if (received[0] % 64 == 0)
                usleep(50);
        }
    }
}

static void test_full_socket_holds_the_sender(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_slow_reader});
}

static void rank_flood(void)
{
    exchange(world == 2 ? 4000 : 800);
}

static void test_both_directions_flood(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_flood});
}

static void test_all_pairs_flood(void **state)
{
    (void)state;
    run(&(struct job){.size = 4, .rank = rank_flood});
}

// The launcher answers only when both have asked, and then twice: one pair serves, the other one is
// closed, and what was queued before the answer arrives once and in order.
static int open_descriptors(void)
{
    int open = 0;
    for (int fd = 0; fd < 256; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

static void rank_crossing(void)
{
    int before = open_descriptors();

    while (send_next(1 - me))
        ;
    CHECK(sent[1 - me] > 2);
    exchange(500);
    meet(true);
    CHECK(open_descriptors() == before + 1);
    meet(false);
}

static void test_crossing_requests_make_one_connection(void **state)
{
    (void)state;
    run(&(struct job){
        .size = 2, .rank = rank_crossing, .await_crossing = true, .send_twice = true});
}

// Every packet is answered from within deliver, to the sender and to the next rank; what finds no
// room there is sent later, as the engine does it.
static uint64_t owed[RANKS_MAX];

static void deliver_and_answer(int peer, const struct mp_packet *packet, const void *payload)
{
    enum { CHAIN = 3000 };

    check_packet(peer, packet, payload);
    int other = (me + 1) % world;
    if (received[peer] < CHAIN)
        owed[peer]++;
    if (other != peer && received[peer] % 16 == 0)
        owed[other]++;
    while (owed[peer] && send_next(peer))
        owed[peer]--;
    while (owed[other] && send_next(other))
        owed[other]--;
    // The payload must have survived what was sent meanwhile.
    received[peer]--;
    check_packet(peer, packet, payload);
}

static void rank_answers(void)
{
    for (int peer = 0; peer < world; peer++)
        owed[peer] = peer != me;
    for (int quiet = 0; quiet < 100;) {
        int done = channel->poll();
        for (int peer = 0; peer < world; peer++) {
            for (; owed[peer] && send_next(peer); owed[peer]--)
                done++;
        }
        quiet = done ? 0 : quiet + 1;
        if (!done)
            usleep(1000);
    }
    for (int peer = 0; peer < world; peer++)
        CHECK(peer == me || (owed[peer] == 0 && received[peer] >= 3000));
}

static void test_answers_from_within_deliver(void **state)
{
    (void)state;
    run(&(struct job){.size = 3, .rank = rank_answers, .deliver = deliver_and_answer});
}

// Sleeping: each packet wakes, nothing else does. The sender sleeps between packets, so a receiver
// that did not sleep would poll many thousand times.
static void rank_sleeper(void)
{
    enum { COUNT = 20 };
    int naps = 0;

    if (me == 1) {
        for (int i = 0; i < COUNT; i++) {
            usleep(5000);
            CHECK(send_next(0));
            while (shared->flag <= i) {
                channel->poll();
                usleep(200);
            }
        }
        return;
    }
    for (; received[1] < COUNT; naps++) {
        uint32_t armed = channel->arm();
        if (!channel->poll())
            channel->sleep(armed, -1);
        channel->disarm();
        shared->flag = (int)received[1];
    }
    CHECK(naps < COUNT * 10);
    channel->sleep(channel->arm(), 1000000); // no event: must come back by itself
}

static void test_sleep_ends_when_a_packet_comes(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_sleeper});
}

// A sender whose output is stuck may sleep too: it wakes when there is room.
static void rank_stuck_sleeper(void)
{
    enum { COUNT = 600 };

    if (me == 1) {
        while (received[0] < COUNT) {
            channel->poll();
            if (received[0] % 50 == 0)
                usleep(1000);
        }
        return;
    }
    while (sent[1] < COUNT) {
        if (!send_next(1) && !channel->poll())
            channel->sleep(channel->arm(), -1);
    }
}

static void test_sleep_ends_when_there_is_room(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_stuck_sleeper});
}

// A peer that dies: what it sent before is delivered, what is sent to it vanishes, nothing spins.
static void rank_peer_dies(void)
{
    if (me == 1) {
        while (received[0] < 1)
            channel->poll();
        while (sent[0] < 10)
            CHECK(send_next(0));
        meet(false);
        while (!shared->flag)
            usleep(100);
        _exit(0); // with input unread: the other end sees a reset
    }
    CHECK(send_next(1));
    meet(true);
    while (sent[1] < 3000) {
        if (!send_next(1)) {
            shared->flag = 1; // stuck, and asleep when it dies
            if (!channel->poll())
                channel->sleep(channel->arm(), -1);
        }
    }
    CHECK(shared->flag);
    while (received[1] < 10)
        channel->poll();
    usleep(1000);
    while (channel->poll())
        ;
    channel->sleep(channel->arm(), 1000000);
    CHECK(channel->poll() == 0);
    CHECK(send_next(1));
    CHECK(received[1] == 10);
}

static void test_dead_peer_is_left_alone(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_peer_dies, .model = small_size});
}

static void rank_waits_for_nothing(void)
{
    for (;;) {
        if (!channel->poll())
            channel->sleep(channel->arm(), -1);
    }
}

static void test_rank_ends_with_its_launcher(void **state)
{
    (void)state;
    run(&(struct job){.size = 1,
                      .rank = rank_waits_for_nothing,
                      .launcher_leaves = true,
                      .status = 1,
                      .says = "mprun: rank 0: the launcher has closed the control socket"});
}

// A program that closes descriptors which are not its own: the connection to rank 1, or all.
enum { DESCRIPTORS = 100 };

static void rank_loses(bool all)
{
    bool before[DESCRIPTORS];

    if (me == 1) {
        while (received[0] < 1)
            channel->poll();
        meet(false);
        return;
    }
    for (int fd = 3; fd < DESCRIPTORS; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    CHECK(send_next(1));
    meet(true);
    for (int fd = 3; fd < DESCRIPTORS; fd++)
        if (all || !before[fd])
            close(fd);
    for (;;) {
        send_next(1);
        channel->poll();
    }
}

static void rank_loses_its_connection(void)
{
    rank_loses(false);
}

static void rank_loses_all(void)
{
    rank_loses(true);
}

static void test_broken_connection_is_named(void **state)
{
    (void)state;
    run(&(struct job){.size = 2,
                      .rank = rank_loses_its_connection,
                      .model = small_size,
                      .status = 1,
                      .says = "mprun: rank 0: the connection to rank 1 broke: Bad file descr"});
    run(&(struct job){.size = 2,
                      .rank = rank_loses_all,
                      .model = small_size,
                      .status = 1,
                      .says = "Bad file descriptor"});
}

// close sends what is buffered, to a reader that takes its time.
static void rank_close_flushes(void)
{
    if (me == 0) {
        while (send_next(1)) // all of it waits for the connection
            ;
        shared->flag = (int)sent[1];
        return;
    }
    while (shared->flag == 0 || received[0] < (uint64_t)shared->flag) {
        usleep(500);
        channel->poll();
    }
}

static void test_close_sends_what_is_buffered(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_close_flushes});
}

// Both sockets and both buffers are full; then both close, and neither would read for itself.
static void rank_close_full(void)
{
    exchange(5);
    while (send_next(1 - me))
        ;
    meet(false);
    while (send_next(1 - me))
        ;
    CHECK(sent[1 - me] > 5);
}

static void test_close_does_not_deadlock(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_close_full});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_arrives_in_order),
        cmocka_unit_test(test_length_without_payload),
        cmocka_unit_test(test_full_socket_holds_the_sender),
        cmocka_unit_test(test_both_directions_flood),
        cmocka_unit_test(test_all_pairs_flood),
        cmocka_unit_test(test_crossing_requests_make_one_connection),
        cmocka_unit_test(test_answers_from_within_deliver),
        cmocka_unit_test(test_sleep_ends_when_a_packet_comes),
        cmocka_unit_test(test_sleep_ends_when_there_is_room),
        cmocka_unit_test(test_dead_peer_is_left_alone),
        cmocka_unit_test(test_rank_ends_with_its_launcher),
        cmocka_unit_test(test_broken_connection_is_named),
        cmocka_unit_test(test_close_sends_what_is_buffered),
        cmocka_unit_test(test_close_does_not_deadlock),
    };

    alarm(3 * TIME_LIMIT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
