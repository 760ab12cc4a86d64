// SPDX-License-Identifier: MIT
// Programs that look as if they waited for each other for ever, and do not: `lives KIND [SECONDS]`.
// One rank, the last, keeps the others waiting for so long (0.6) in a way of its own; then all of
// them end. See live_programs_are_left_alone.sh.
#define _GNU_SOURCE
#include <mpi.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define W   MPI_COMM_WORLD
#define IGN MPI_STATUS_IGNORE
enum { LONG = 1 << 20, WORDS = 64 };
static int rank, size, next, before;
static bool last;
static double seconds = 0.6;
static char *buffer, *other;
static int from[WORDS], to[WORDS];

static void nap(double time)
{
    struct timespec left = {(time_t)time, (long)((time - (double)(time_t)time) * 1e9)};
    while (nanosleep(&left, &left) != 0) {
    }
}

static void compute(void)
{
    for (double until = MPI_Wtime() + seconds; MPI_Wtime() < until;) {
    }
}

static void send(int to_whom, int tag)
{
    MPI_Send(buffer, 1, MPI_CHAR, to_whom, tag, W);
}

static void recv(int source, int tag)
{
    MPI_Recv(other, LONG, MPI_CHAR, source, tag, W, IGN);
}

// ---- What the last rank does while all others are in a barrier

static void computes(void)
{
    compute();
}

static void sleeps(void)
{
    nap(seconds);
}

static void reads_a_pipe(void)
{
    int ends[2];
    char byte;
    if (pipe(ends) == 0 && fork() == 0) {
        nap(seconds);
        _exit(write(ends[1], "x", 1) != 1);
    }
    if (read(ends[0], &byte, 1) == 1) {
        wait(NULL);
    }
}

static void waits_for_a_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        nap(seconds);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void runs_a_program(void)
{
    if (system("sleep 0.6") != 0) {
        exit(4);
    }
}

static void wants_a_lock(void) // of a file, which a child has
{
    char name[] = "/tmp/tests-lives-XXXXXX";
    int file = mkstemp(name), ends[2];
    char byte;
    if (file < 0 || pipe(ends) != 0) {
        exit(4);
    }
    if (fork() == 0) {
        int mine = open(name, O_RDWR);
        flock(mine, LOCK_EX);
        if (write(ends[1], "x", 1) == 1) {
            nap(seconds);
        }
        _exit(0);
    }
    if (read(ends[0], &byte, 1) == 1) {
        flock(file, LOCK_EX);
        wait(NULL);
    }
    unlink(name);
    close(file);
}

static void polls_a_descriptor(void)
{
    poll(NULL, 0, (int)(seconds * 1000));
}

static void waits_for_a_signal(void)
{
    sigset_t alarms;
    int which;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarms, NULL);
    alarm(1);
    sigwait(&alarms, &which);
}

static void on_alarm(int unused)
{
    (void)unused;
    nap(seconds);
}

static void is_in_a_handler(void)
{
    signal(SIGALRM, on_alarm);
    raise(SIGALRM);
}

static void spins_in_test(void)
{
    MPI_Request r;
    int done = 0;
    MPI_Irecv(other, 1, MPI_CHAR, rank, 3, W, &r);
    for (double until = MPI_Wtime() + seconds; MPI_Wtime() < until;) {
        MPI_Test(&r, &done, IGN);
    }
    send(rank, 3);
    MPI_Wait(&r, IGN);
}

static void spins_in_probe(void)
{
    int flag;
    for (double until = MPI_Wtime() + seconds; MPI_Wtime() < until;) {
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, W, &flag, IGN);
    }
}

static void polls_now_and_then(void)
{
    int flag;
    for (double until = MPI_Wtime() + seconds; MPI_Wtime() < until; nap(0.01)) {
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, W, &flag, IGN);
    }
}

static sem_t ready;
static void *posts_late(void *unused)
{
    nap(seconds);
    sem_post(&ready);
    return unused;
}

static void waits_for_a_thread(void) // that never calls MPI
{
    pthread_t thread;
    sem_init(&ready, 0, 0);
    pthread_create(&thread, NULL, posts_late, NULL);
    while (sem_wait(&ready) != 0) {
    }
    pthread_join(thread, NULL);
}

static void *computes_in_a_thread(void *unused)
{
    compute();
    return unused;
}

static void joins_a_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, computes_in_a_thread, NULL);
    pthread_join(thread, NULL);
}

static void sends_to_itself(void)
{
    for (double until = MPI_Wtime() + seconds; MPI_Wtime() < until; nap(0.02)) {
        send(rank, 3);
        recv(rank, 3);
    }
}

static void is_in_a_copy_function(void);
static int copies_slowly(MPI_Comm comm, int key, void *extra, void *in, void *out, int *flag)
{
    (void)comm;
    (void)key;
    (void)extra;
    (void)in;
    (void)out;
    *flag = 0;
    nap(seconds);
    return MPI_SUCCESS;
}

static void is_in_a_copy_function(void)
{
    int key;
    MPI_Comm self;
    MPI_Comm_create_keyval(copies_slowly, MPI_COMM_NULL_DELETE_FN, &key, NULL);
    MPI_Comm_set_attr(MPI_COMM_SELF, key, &key);
    MPI_Comm_dup(MPI_COMM_SELF, &self);
    MPI_Comm_delete_attr(MPI_COMM_SELF, key);
    MPI_Comm_free(&self);
}

static void handles_an_error(MPI_Comm *comm, int *code, ...)
{
    (void)comm;
    (void)code;
    nap(seconds);
}

static void is_in_an_error_handler(void)
{
    MPI_Errhandler handler;
    MPI_Comm_create_errhandler(handles_an_error, &handler);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, handler);
    MPI_Comm_call_errhandler(MPI_COMM_SELF, MPI_ERR_OTHER);
}

static const struct {
    const char *name;
    void (*run)(void);
} lasts[] = {{"computes", computes},
             {"sleeps", sleeps},
             {"reads-a-pipe", reads_a_pipe},
             {"waits-for-a-child", waits_for_a_child},
             {"runs-a-program", runs_a_program},
             {"wants-a-lock", wants_a_lock},
             {"polls-a-descriptor", polls_a_descriptor},
             {"waits-for-a-signal", waits_for_a_signal},
             {"is-in-a-handler", is_in_a_handler},
             {"spins-in-test", spins_in_test},
             {"spins-in-probe", spins_in_probe},
             {"polls-now-and-then", polls_now_and_then},
             {"waits-for-a-thread", waits_for_a_thread},
             {"joins-a-thread", joins_a_thread},
             {"sends-to-itself", sends_to_itself},
             {"is-in-a-copy-function", is_in_a_copy_function},
             {"is-in-an-error-handler", is_in_an_error_handler}};

// ---- What the others wait in meanwhile

static MPI_Request several[8];

static void in_allreduce(void)
{
    MPI_Allreduce(from, to, 1, MPI_INT, MPI_SUM, W);
}

static void in_long_bcast(void)
{
    MPI_Bcast(buffer, LONG, MPI_CHAR, size - 1, W);
}

static void in_gather(void)
{
    MPI_Gather(from, 1, MPI_INT, to, 1, MPI_INT, 0, W);
    MPI_Barrier(W);
}

static void in_alltoall(void)
{
    MPI_Alltoall(buffer, LONG / WORDS, MPI_CHAR, other, LONG / WORDS, MPI_CHAR, W);
}

static void in_dup(void)
{
    MPI_Comm comm;
    MPI_Comm_dup(W, &comm);
    MPI_Comm_free(&comm);
}

static void in_split(void)
{
    MPI_Comm comm;
    MPI_Comm_split(W, rank % 2, rank, &comm);
    MPI_Comm_free(&comm);
}

static void in_create_group(void)
{
    MPI_Group all;
    MPI_Comm comm;
    MPI_Comm_group(W, &all);
    MPI_Comm_create_group(W, all, 1, &comm);
}

static void in_idup(void)
{
    MPI_Comm comm;
    MPI_Comm_idup(W, &comm, several);
    MPI_Wait(several, IGN);
}

static void in_ssend_ring(void) // all wait for the one after them, the last one comes late
{
    MPI_Irecv(other, 1, MPI_CHAR, before, 5, W, several);
    MPI_Ssend(buffer, 1, MPI_CHAR, next, 5, W);
    MPI_Wait(several, IGN);
}

static void in_long_ring(void)
{
    MPI_Irecv(other, LONG, MPI_CHAR, before, 5, W, several);
    MPI_Send(buffer, LONG, MPI_CHAR, next, 5, W);
    MPI_Wait(several, IGN);
}

static void in_waitall(void)
{
    MPI_Irecv(other, 1, MPI_CHAR, before, 5, W, several);
    MPI_Issend(buffer, 1, MPI_CHAR, next, 5, W, several + 1);
    MPI_Ibarrier(W, several + 2);
    MPI_Waitall(3, several, MPI_STATUSES_IGNORE);
}

// Rank 0 waits for the others' part in many operations; the one before the last has begun them all,
// has no room yet for its own part in most, and waits for a message that rank 0 sends afterwards.
static void in_ibarriers(void)
{
    enum { MANY = 200 };
    static MPI_Request requests[MANY];
    if (last) {
        nap(seconds);
    }
    for (int i = 0; i < MANY; i++) {
        MPI_Ibarrier(W, &requests[i]);
    }
    if (rank == size - 2 && rank > 0) {
        recv(0, 1);
    }
    MPI_Waitall(MANY, requests, MPI_STATUSES_IGNORE);
    if (rank == 0 && size > 2) {
        send(size - 2, 1);
    }
}

static void in_waitsome(void) // of three, two of which nobody ever meets
{
    int count, which[3];
    MPI_Irecv(other, 1, MPI_CHAR, rank, 6, W, several);
    MPI_Irecv(other + 1, 1, MPI_CHAR, next, 7, W, several + 1);
    MPI_Iallreduce(from, to, 1, MPI_INT, MPI_SUM, W, several + 2);
    MPI_Waitsome(3, several, &count, which, MPI_STATUSES_IGNORE);
    for (int i = 0; i < 2; i++) {
        MPI_Cancel(several + i);
        MPI_Wait(several + i, IGN);
    }
}

static void in_probe(void)
{
    if (last) {
        for (int i = 0; i < size - 1; i++) {
            send(i, 5);
        }
    } else {
        MPI_Probe(MPI_ANY_SOURCE, 5, W, IGN);
        recv(size - 1, 5);
    }
}

static void in_a_chain(void) // each for the one before it, which is for the one before that
{
    if (!last) {
        recv(next, 5);
    }
    if (rank > 0) {
        send(before, 5);
    }
}

static void in_partitions(void)
{
    MPI_Psend_init(buffer, 4, LONG / 4, MPI_CHAR, next, 7, W, MPI_INFO_NULL, several);
    MPI_Precv_init(other, 4, LONG / 4, MPI_CHAR, before, 7, W, MPI_INFO_NULL, several + 1);
    MPI_Startall(2, several);
    MPI_Pready_range(0, 3, several[0]);
    MPI_Waitall(2, several, MPI_STATUSES_IGNORE);
}

static void in_persistent(void)
{
    MPI_Send_init(buffer, LONG, MPI_CHAR, next, 7, W, several);
    MPI_Recv_init(other, LONG, MPI_CHAR, before, 7, W, several + 1);
    for (int i = 0; i < 3; i++) {
        MPI_Startall(2, several);
        MPI_Waitall(2, several, MPI_STATUSES_IGNORE);
    }
}

static void in_intercomm(void)
{
    MPI_Comm half, both;
    MPI_Comm_split(W, rank % 2, rank, &half);
    MPI_Intercomm_create(half, 0, W, 1 - rank % 2, 3, &both);
    MPI_Barrier(both);
}

static void in_fence(void)
{
    MPI_Win window;
    int *base;
    MPI_Win_allocate(sizeof(int) * WORDS, sizeof(int), MPI_INFO_NULL, W, &base, &window);
    MPI_Win_fence(0, window);
    MPI_Accumulate(from, 1, MPI_INT, next, 0, 1, MPI_INT, MPI_SUM, window);
    MPI_Win_fence(0, window);
    MPI_Win_free(&window);
}

static void in_sum(void *in, void *inout, int *length, MPI_Datatype *type)
{
    (void)type;
    nap(seconds / size);
    for (int i = 0; i < *length; i++) {
        ((int *)inout)[i] += ((int *)in)[i];
    }
}

static void in_slow_sum(void)
{
    MPI_Op op;
    MPI_Op_create(in_sum, 1, &op);
    MPI_Allreduce(from, to, 1, MPI_INT, op, W);
    MPI_Scan(from, to, 1, MPI_INT, op, W);
}

static void in_bsend(void)
{
    void *space = malloc(2 * LONG), *detached;
    int bytes;
    MPI_Buffer_attach(space, 2 * LONG);
    MPI_Bsend(buffer, LONG, MPI_CHAR, next, 5, W);
    MPI_Irecv(other, LONG, MPI_CHAR, before, 5, W, several);
    MPI_Buffer_detach(&detached, &bytes);
    MPI_Wait(several, IGN);
}

static void in_finalize(void)
{
}

static void in_barrier_after(void)
{
    MPI_Barrier(W);
}

static const struct {
    const char *name;
    void (*run)(void);
} others[] = {{"allreduce", in_allreduce},
              {"long-bcast", in_long_bcast},
              {"gather", in_gather},
              {"alltoall", in_alltoall},
              {"dup", in_dup},
              {"split", in_split},
              {"create-group", in_create_group},
              {"idup", in_idup},
              {"ssend-ring", in_ssend_ring},
              {"long-ring", in_long_ring},
              {"waitall", in_waitall},
              {"ibarriers", in_ibarriers},
              {"waitsome", in_waitsome},
              {"probe", in_probe},
              {"chain", in_a_chain},
              {"partitions", in_partitions},
              {"persistent", in_persistent},
              {"intercomm", in_intercomm},
              {"fence", in_fence},
              {"slow-sum", in_slow_sum},
              {"bsend", in_bsend},
              {"finalize", in_finalize},
              {"barrier", in_barrier_after}};

// ---- Threads that may all call, and other things of their own

static void *token_of(void *tag)
{
    int which = *(int *)tag;
    for (int i = 0; i < 10; i++) {
        char byte;
        if (i > 0 || rank > 0) {
            MPI_Recv(&byte, 1, MPI_CHAR, before, which, W, IGN);
        }
        nap(seconds / 40);
        MPI_Send(&byte, 1, MPI_CHAR, next, which, W);
    }
    if (rank == 0) {
        char byte;
        MPI_Recv(&byte, 1, MPI_CHAR, before, which, W, IGN);
    }
    return NULL;
}

static void tokens(int count)
{
    pthread_t threads[16];
    int tags[16];
    for (int i = 0; i < count; i++) {
        tags[i] = 70 + i;
        pthread_create(threads + i, NULL, token_of, tags + i);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void *sends_late(void *unused)
{
    nap(seconds);
    send(next, 9);
    return unused;
}

static void a_sleeping_thread_sends(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sends_late, NULL);
    recv(before, 9);
    pthread_join(thread, NULL);
}

static void two_tokens(void)
{
    tokens(2);
}

static void more_threads_than_records(void)
{
    tokens(8);
}

static const struct {
    const char *name;
    void (*run)(void);
} alone[] = {{"thread-sends-late", a_sleeping_thread_sends},
             {"thread-tokens", two_tokens},
             {"thread-many-tokens", more_threads_than_records}};

static void run(const char *what)
{
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        if (strcmp(alone[i].name, what) == 0) {
            alone[i].run();
            return;
        }
    }
    for (size_t i = 0; i < sizeof lasts / sizeof *lasts; i++) {
        if (strcmp(lasts[i].name, what) == 0) {
            if (last) {
                lasts[i].run();
            }
            MPI_Barrier(W);
            return;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strncmp(what, "in-", 3) == 0 && strcmp(others[i].name, what + 3) == 0) {
            if (last) {
                nap(seconds);
            }
            others[i].run();
            return;
        }
    }
    exit(3);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int provided;

    seconds = argc > 2 ? atof(argv[2]) : seconds;
    MPI_Init_thread(&argc, &argv,
                    strncmp(what, "thread", 6) == 0 ? MPI_THREAD_MULTIPLE : MPI_THREAD_FUNNELED,
                    &provided);
    MPI_Comm_rank(W, &rank);
    MPI_Comm_size(W, &size);
    next = (rank + 1) % size;
    before = (rank + size - 1) % size;
    last = rank == size - 1;
    buffer = calloc(1, LONG);
    other = calloc(1, LONG);
    run(what);
    MPI_Finalize();
    if (last && strcmp(what, "in-finalize") == 0) {
        nap(seconds); // it ends later than the others
    }
    return 0;
}
