// SPDX-License-Identifier: MIT
// How connections of the Unix-socket channel end: by a peer that dies, by a launcher that leaves,
// by the program, and by close. Read next: socket_job.h, socket.c, lib/socket/socket.c.
#define _GNU_SOURCE
#include "socket_job.h"

#include "boot/boot.h"
#include "shm/layout.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

// Ten of these fit into any socket.
static size_t small_size(uint64_t seed, uint64_t number)
{
    (void)number;
    return seed % 1000;
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
                channel->sleep(channel->arm());
        }
    }
    CHECK(shared->flag);
    while (received[1] < 10)
        channel->poll();
    usleep(1000);
    while (channel->poll())
        ;
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
            channel->sleep(channel->arm());
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

// Rank 1 is of another version, or of another kind of machine: the first bytes of its stream say
// so.
static uint64_t strange_hello[2];

static void rank_meets_a_stranger(void)
{
    int fd, peer;

    if (me == 0) {
        CHECK(send_next(1));
        rank_waits_for_nothing();
    }
    while ((fd = mp_boot_receive(own_boot, &peer)) < 0)
        usleep(100);
    CHECK(write(fd, strange_hello, sizeof strange_hello) == (ssize_t)sizeof strange_hello);
    while (read(fd, strange_hello, sizeof strange_hello) > 0)
        ;
    close(fd);
}

static void meet_stranger(uint64_t magic, uint32_t version, const char *says)
{
    strange_hello[0] = magic;
    strange_hello[1] = version | UINT64_C(64) << 32;
    run(&(struct job){
        .size = 2, .rank = rank_meets_a_stranger, .model = small_size, .status = 1, .says = says});
}

static void test_stranger_is_told(void **state)
{
    (void)state;
    meet_stranger(MP_SEGMENT_MAGIC, MP_SEGMENT_VERSION + 1,
                  "rank 1 has another version of the MPI");
    meet_stranger(__builtin_bswap64(MP_SEGMENT_MAGIC), MP_SEGMENT_VERSION, "the other byte order");
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
        cmocka_unit_test(test_dead_peer_is_left_alone),
        cmocka_unit_test(test_rank_ends_with_its_launcher),
        cmocka_unit_test(test_broken_connection_is_named),
        cmocka_unit_test(test_stranger_is_told),
        cmocka_unit_test(test_close_sends_what_is_buffered),
        cmocka_unit_test(test_close_does_not_deadlock),
    };

    alarm(3 * TIME_LIMIT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
