// SPDX-License-Identifier: MIT
// ranks: 1 2
// channels: shm socket
// timeout: 100
// says: all have died
// env: LSAN_OPTIONS=detect_leaks=0
// Worlds are spawned that die at any moment, in MPI_Init or in the middle of messages of all
// lengths, accesses to windows and their locks. Their parents, whose errors return, learn of it
// wherever they are, part, and go on; and when that has happened many times, they have no more
// descriptors and no more memory mapped than after the first few.
#include "check.h"
#include "descriptors.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

enum { ROUNDS = 12, CHILDREN = 2, WORDS = 4096, LONGEST = 1 << 20 };

static int mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int count = 0, c;
    while (maps && (c = getc(maps)) != EOF) {
        count += c == '\n';
    }
    fclose(maps);
    return count;
}

static void die(int signal)
{
    (void)signal;
    raise(SIGKILL);
}

static void die_within(long microseconds)
{
    struct itimerval timer = {.it_value.tv_usec = 1 + (getpid() * 7919L) % microseconds};
    signal(SIGALRM, die);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static int is_fine(int error)
{
    int class;
    MPI_Error_class(error, &class);
    CHECK(error == MPI_SUCCESS || class == MPI_ERR_PROC_ABORTED, "class %d", class);
    return error == MPI_SUCCESS;
}

// Until somebody dies. Each talks with the others' world in turn: what was sent to one of its own,
// that one need not receive when it has learned of the death.
static void talk(MPI_Comm inter, MPI_Comm all, MPI_Win window, int parents, char *block, char *got)
{
    static const int lengths[] = {8, 5000, 9000, 20000, LONGEST};
    int me, everybody;
    long word = 1;

    MPI_Comm_rank(all, &me);
    MPI_Comm_size(all, &everybody);
    CHECK(everybody <= 4 + CHILDREN, "%d", everybody);
    for (int i = 0;; i++) {
        int length = lengths[i / 2 % 5], target = i % everybody;
        int other = me < parents ? parents + (me + i) % CHILDREN : (me - parents + i) % 2;
        if ((me < parents || other < parents) &&
            !is_fine(MPI_Sendrecv(block, length, MPI_BYTE, other, 1, got, LONGEST, MPI_BYTE, other,
                                  1, all, MPI_STATUS_IGNORE))) {
            return;
        }
        if (!is_fine(
                MPI_Win_lock(i % 3 ? MPI_LOCK_SHARED : MPI_LOCK_EXCLUSIVE, target, 0, window)) ||
            !is_fine(MPI_Put(block, 1000, MPI_LONG, target, 10, 1000, MPI_LONG, window)) ||
            !is_fine(MPI_Accumulate(&word, 1, MPI_LONG, target, 0, 1, MPI_LONG, MPI_SUM, window)) ||
            !is_fine(MPI_Win_unlock(target, window))) {
            return;
        }
        long own[2] = {me + 1, i}, each[2 * (4 + CHILDREN)], sum;
        if (!is_fine(MPI_Allgather(own, 2, MPI_LONG, each, 2, MPI_LONG, all))) {
            return;
        }
        for (int r = 0; r < everybody; r++) {
            CHECK(each[2 * r] == r + 1 && each[2 * r + 1] == i, "%ld %ld", each[2 * r],
                  each[2 * r + 1]);
        }
        if (!is_fine(MPI_Allreduce(own, &sum, 1, MPI_LONG, MPI_SUM, all))) {
            return;
        }
        CHECK(sum == everybody * (everybody + 1L) / 2, "%ld", sum);
        if (!is_fine(MPI_Allreduce(own, &sum, 1, MPI_LONG, MPI_SUM, inter))) {
            return;
        }
        long others = me < parents ? everybody * (everybody + 1L) / 2 - parents * (parents + 1L) / 2
                                   : parents * (parents + 1L) / 2;
        CHECK(sum == others, "%ld, not %ld", sum, others);
    }
}

// Everybody does this: those whose errors are fatal do not come back.
static void meet(MPI_Comm inter, int high)
{
    char *block = room(LONGEST), *got = room(LONGEST);
    MPI_Comm all = MPI_COMM_NULL;
    MPI_Win window = MPI_WIN_NULL;
    long *memory;
    int parents;

    memset(block, 1, LONGEST);
    if (is_fine(MPI_Intercomm_merge(inter, high, &all)) &&
        is_fine(MPI_Win_allocate(WORDS * sizeof(long), sizeof(long), MPI_INFO_NULL, all, &memory,
                                 &window))) {
        MPI_Win_set_errhandler(window, MPI_ERRORS_RETURN);
        (high ? MPI_Comm_remote_size : MPI_Comm_size)(inter, &parents);
        talk(inter, all, window, parents, block, got);
    }
    if (window != MPI_WIN_NULL) {
        OK(MPI_Win_free(&window));
    }
    if (all != MPI_COMM_NULL) {
        MPI_Comm_free(&all); // an error tells of messages that are lost
    }
    free(block);
    free(got);
}

int main(int argc, char **argv)
{
    char word[] = "early", *early[] = {word, NULL};
    MPI_Comm parent, inter;
    int fds = 0, maps = 0;

    if (argc > 1) {
        die_within(20000);
    }
    start(&argc, &argv);
    OK(MPI_Comm_get_parent(&parent));
    if (parent != MPI_COMM_NULL) {
        if (rank == 1) {
            die_within(60000);
        }
        meet(parent, 1);
        return 0;
    }
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    for (int i = 0; i < ROUNDS; i++) {
        int error = MPI_Comm_spawn(argv[0], i % 3 ? MPI_ARGV_NULL : early, CHILDREN, MPI_INFO_NULL,
                                   0, MPI_COMM_WORLD, &inter, MPI_ERRCODES_IGNORE);
        if (error == MPI_SUCCESS) {
            meet(inter, 0);
            OK(MPI_Comm_disconnect(&inter));
        }
        OK(MPI_Barrier(MPI_COMM_WORLD));
        if (i == 4) {
            fds = descriptors();
            maps = mappings();
        }
    }
    CHECK(descriptors() <= fds, "%d descriptors, %d before", descriptors(), fds);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // which have their own
    CHECK(mappings() <= maps + 2, "%d mappings, %d before", mappings(), maps);
#endif
    if (rank == 0) {
        puts("all have died");
    }
    return finish();
}
