// SPDX-License-Identifier: MIT
// mprun is three processes, and one more for each world that is spawned. The front is the one that
// the user started and sees; the warden, its child, waits, and starts worlds; a keeper, the
// warden's child, starts the ranks of a world and watches them. Any of them, and any two, may be
// killed with SIGKILL at any moment:
//
//   a keeper dies     the ranks get their death signal, which is SIGKILL, and whatever they had
//                     started becomes a child of the warden, which is a subreaper, and kills it,
//                     and the other worlds with it
//   the front dies    the warden gets its death signal and passes it on: each keeper ends its world
//   the warden dies   a keeper gets its death signal, and becomes a child of the front, another
//                     subreaper, which kills it, and all that is below it then
//
// So of front and a keeper, both dead, the warden is left; a process that is no ancestor of the
// ranks could not find what they had started, once that is an orphan.
//
// After the ranks are started the keeper leaves the process group: a kill of the whole group, as
// timeout(1) does, takes the front and the ranks, and the keeper cleans up after them. The ranks
// stay in the group, so that the terminal's Ctrl-C and Ctrl-Z mean them.
// Read next: front.c, warden.c (the other two), spawn.c, job.c (what happens then).
#define _GNU_SOURCE
#include "launcher/keeper.h"

#include "boot/protocol.h"
#include "launcher/allowed.h"
#include "launcher/connect.h"
#include "launcher/devices.h"
#include "launcher/family.h"
#include "launcher/input.h"
#include "launcher/job.h"
#include "launcher/machine.h"
#include "launcher/output.h"
#include "launcher/private.h"
#include "launcher/program.h"
#include "launcher/report.h"
#include "launcher/segment.h"
#include "launcher/show.h"
#include "launcher/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

// Descriptors that mprun needs besides those that grow with the number of ranks: with ease, and at
// least. And numbers up to MP_CONTROL_FD must be allowed.
enum { FEW_FDS = 96, FEWEST_FDS = 32 };

// The slots at the end of a program's environment. The first empty one is its end: so the shared
// heap, which one node may have and another not, comes last, and the control socket, which all
// ranks have or none, before it. Without that one the heap has its slot.
enum { SLOT_SEGMENT, SLOT_SIZE, SLOT_RANK, SLOT_CONTROL, SLOT_HEAP, SLOTS };

struct starter {
    struct job *job;
    struct birth birth;
    struct rlimit files; // the limit that mprun found, when it raised its own
    char segment[40];
    char size[40];
    char rank[40];
    char control[40];
    char heap[100];
    struct rank_variables *variables;
    char **own_slots; // for these
};

// Makes room for the descriptors that this job needs. Ranks get the old limit back; what they
// inherit above it stays open. Returns 0, or mprun's exit status after saying what is missing.
static int raise_file_limit(struct starter *s)
{
    const struct options *o = s->job->options;
    size_t per_rank = (o->tag ? OUTPUT_FDS_PER_RANK : 0) + (o->stdin_rank == STDIN_ALL ? 1 : 0) +
                      (options_want_streams(o) ? 1 : 0);
    size_t least = FEWEST_FDS + per_rank * (size_t)o->nranks + 2 * (size_t)(o->nodes - 1);
    // Connections under way are held for a moment, two descriptors each.
    size_t wanted =
        FEW_FDS - FEWEST_FDS + least + (options_want_streams(o) ? 16 * (size_t)o->nranks : 0);

    if (least < MP_CONTROL_FD + 1)
        least = MP_CONTROL_FD + 1;
    if (o->nodes > 1 && least <= (size_t)mp_node_heap_fd(o->nodes - 1))
        least = (size_t)mp_node_heap_fd(o->nodes - 1) + 1;
    wanted = wanted < least ? least : wanted;
    if (!allowed_raise(RLIMIT_NOFILE, wanted, &s->files) && s->files.rlim_max < least) {
        report_line("the limit on open descriptors (ulimit -n) is %llu, and may not be raised "
                    "from here: this job needs %zu, or better %zu; raise it",
                    (unsigned long long)s->files.rlim_max, least, wanted);
        return EXIT_NOT_EXECUTABLE;
    }
    if (s->files.rlim_cur < wanted)
        s->birth.files = &s->files;
    if (o->limits.files > 0) {
        s->files = (struct rlimit){.rlim_cur = o->limits.files, .rlim_max = o->limits.files};
        s->birth.files = &s->files;
    }
    s->birth.cpu_seconds = o->limits.cpu_seconds;
    return 0;
}

static int prepare(struct starter *s, const char **step)
{
    const struct options *o = s->job->options;

    *step = "open /dev/null";
    if (input_prepare(o->stdin_rank, o->nranks) != 0)
        return -1;
    *step = "prepare the output";
    if (o->tag && output_prepare(o->world, o->nranks) != 0)
        return -1;
    *step = "prepare the control sockets";
    if (options_want_streams(o) && connect_prepare(o->nranks) != 0)
        return -1;
    snprintf(s->segment, sizeof s->segment, "%s=%d", MP_ENV_SEGMENT, MP_SEGMENT_FD);
    snprintf(s->size, sizeof s->size, "%s=%d", MP_ENV_SIZE, o->nranks);
    snprintf(s->control, sizeof s->control, "%s=%d", MP_ENV_CONTROL, MP_CONTROL_FD);
    return 0;
}

// What a rank has of its node. Returns whether there is a heap.
static bool place_rank(struct starter *s, int rank)
{
    int node = job_node(s->job, rank);
    const struct mp_segment_header *segment = s->job->segments[node];
    unsigned shift = mp_heap_shift(segment->world, machine_memory());

    s->birth.segment_fd = mp_node_segment_fd(node);
    s->birth.heap_fd = segment->shared_heap ? mp_node_heap_fd(node) : -1;
    snprintf(s->heap, sizeof s->heap, "%s=" MP_HEAP_FORMAT, MP_ENV_HEAP, MP_HEAP_FD, shift,
             (unsigned long long)mp_heap_address(segment->node, segment->first, shift), node,
             rank - (int)segment->first, (int)segment->nranks);
    return segment->shared_heap;
}

static struct node_place node_place(const struct job *job, int rank)
{
    const struct mp_segment_header *segment = job->segments[job_node(job, rank)];

    return (struct node_place){.node = (int)segment->node,
                               .rank = rank - (int)segment->first,
                               .size = (int)segment->nranks};
}

// Starts one rank. On failure *step says what could not be done, and errno why.
static int start_rank(struct starter *s, int rank, const char **step)
{
    struct birth *birth = &s->birth;
    const struct mp_cpus *cpus = placement_of(s->job->placement, rank);

    birth->pid = &job_board(s->job, rank)->started_as;
    birth->fds[1] = STDOUT_FILENO;
    birth->fds[2] = STDERR_FILENO;
    *step = "make pipes for";
    birth->fds[0] = input_open(rank);
    if (birth->fds[0] < 0 || output_open(rank, birth->fds) != 0)
        return -1;
    *step = "make a control socket for";
    birth->control_fd = connect_open(rank);
    if (birth->control_fd < 0 && errno != 0)
        return -1;
    birth->cpus = cpus && !s->job->placement->paper ? cpus->words : NULL;
    birth->cpus_bytes = sizeof cpus->words;
    snprintf(s->rank, sizeof s->rank, "%s=%d", MP_ENV_RANK, rank);
    rank_variables_fill(s->variables, s->job->options, rank, node_place(s->job, rank));
    rank_variables_place(s->variables, s->own_slots);
    pid_t pid = spawn(birth, step);
    int error = errno;
    for (int i = 0; i < 3; i++)
        if (birth->fds[i] > STDERR_FILENO)
            close(birth->fds[i]);
    if (birth->control_fd >= 0)
        close(birth->control_fd);
    errno = error;
    if (pid < 0)
        return -1;
    job_note_started(s->job, rank, pid);
    return 0;
}

// Ends what was started, since the job cannot go on. The files of /proc tell what that is: if no
// descriptor is left to read them, those that the job does not need any more make room.
static void give_up(const struct job *job)
{
    close(STDIN_FILENO);
    close(MP_SEGMENT_FD);
    for (int i = 0; i < job->nranks; i++)
        if (job->ranks[i].pid > 0)
            kill(job->ranks[i].pid, SIGKILL);
    if (!family_end())
        report_line("a process of the job cannot be killed: " UNKILLABLE);
}

// Starts all ranks. Returns 0, or mprun's exit status after saying what went wrong; then the ranks
// that were started are gone again.
static int start_ranks(struct starter *s)
{
    const struct options *o = s->job->options;
    const char *step;
    int rank = 0;

    if (prepare(s, &step) != 0) {
        report_line("cannot %s: %s%s", step, strerror(errno), allowed_hint(errno));
        return EXIT_NOT_EXECUTABLE;
    }
    for (int i = 0; i < o->nprograms; i++) {
        const struct program *program = &o->programs[i];
        char **slots;
        s->birth.file = program->file;
        s->birth.argv = program->argv;
        s->birth.shell_argv = program_shell_argv(program);
        s->birth.wdir = program->wdir;
        rank_variables_fill(s->variables, o, rank, node_place(s->job, rank));
        s->birth.environment =
            environment_build(o, program, s->job->placement->threads, s->variables, SLOTS, &slots);
        if (!s->birth.shell_argv || !s->birth.environment) {
            give_up(s->job);
            report_line("out of memory");
            return EXIT_NOT_EXECUTABLE;
        }
        s->own_slots = slots;
        slots = rank_variables_place(s->variables, slots);
        slots[SLOT_SEGMENT] = s->segment;
        slots[SLOT_SIZE] = s->size;
        slots[SLOT_RANK] = s->rank;
        char **heap = &slots[SLOT_CONTROL];
        if (options_want_streams(o))
            *heap++ = s->control;
        for (int k = 0; k < program->ranks; k++, rank++) {
            s->job->ranks[rank].program = program;
            *heap = place_rank(s, rank) ? s->heap : NULL;
            if (start_rank(s, rank, &step) == 0)
                continue;
            int error = errno;
            give_up(s->job);
            report_line("cannot %s %s (rank %d): %s%s", step, program->argv[0], rank,
                        strerror(error),
                        error == ENOENT && strcmp(step, "execute") == 0
                            ? " (its interpreter or loader is missing)"
                            : allowed_hint(error));
            return EXIT_NOT_EXECUTABLE;
        }
    }
    return 0;
}

static void say_what_runs(const struct job *job)
{
    report_line("started %d rank%s on %d usable CPU%s, channel %s", job->nranks,
                job->nranks == 1 ? "" : "s", job->cpus, job->cpus == 1 ? "" : "s",
                job->options->channel == MP_CHANNEL_SHM ? "shm" : "socket");
    if (job->options->nodes > 1)
        report_line("as %d nodes, with sockets between them", job->options->nodes);
}

bool keeper_tell(pid_t to, uint64_t news)
{
    return sigqueue(to, NEWS_SIGNAL, (union sigval){.sival_ptr = (void *)(uintptr_t)news}) == 0;
}

int keeper_run(const struct options *options, int cpus, int64_t start_ns, pid_t warden,
               const struct signal_sets *signals)
{
    struct placement placement;
    struct job job = {.options = options,
                      .placement = &placement,
                      .nranks = options->nranks,
                      .cpus = cpus,
                      .warden = warden,
                      .handled = &signals->handled};
    static struct rank_variables variables; // large: not to be cleared
    struct starter starter = {.job = &job,
                              .variables = &variables,
                              .birth = {.control_fd = -1, .signals = &signals->of_ranks}};

    sigset_t reading;
    sigemptyset(&reading);
    sigaddset(&reading, SIGTTIN); // with --stdin all: blocked, a read in the background would fail
    sigprocmask(SIG_UNBLOCK, &reading, NULL);
    if (!family_tie(warden))
        return EXIT_NOT_EXECUTABLE;
    prctl(PR_SET_NAME, MP_KEEPER_NAME); // so that `killall mprun` means the front

    int status = raise_file_limit(&starter);
    if (status != 0)
        return status;
    if (placement_make(&placement, options, cpus, devices_near(options)) != 0) {
        report_line("%s", placement.error);
        return EXIT_USAGE;
    }
    show_placement(options, &placement);
    job.segments = calloc((size_t)options->nodes, sizeof *job.segments);
    job.ranks = calloc((size_t)job.nranks, sizeof *job.ranks);
    job.glimpses = calloc((size_t)job.nranks, sizeof *job.glimpses);
    if (!job.segments || !job.ranks || !job.glimpses) {
        report_line("out of memory");
        return EXIT_NOT_EXECUTABLE;
    }
    if (!segments_create(options, cpus, placement.crowd, start_ns, job.segments))
        return EXIT_NOT_EXECUTABLE;
    status = start_ranks(&starter);
    placement_settle(&placement);
    if (status != 0)
        return status;
    // A terminal lets only its foreground group read, so whoever reads it for all stays.
    if (options->stdin_rank != STDIN_ALL)
        setpgid(0, 0);
    if (options->verbose)
        say_what_runs(&job);
    int trouble = job_run(&job);
    if (trouble != 0) {
        give_up(&job);
        report_line("cannot watch the job: %s%s", uv_strerror(trouble), allowed_hint(-trouble));
        return EXIT_NOT_EXECUTABLE;
    }
    if (job.exit_status == 0)
        job.exit_status = output_status();
    if (job.exit_status == 0 && !(options->check & MP_CHECK_WARN) && report_faults(&job, NULL) > 0)
        job.exit_status = EXIT_FAULTS;
    report_end(&job);
    uint64_t news = (job.cause == CAUSE_RANK || job.cause == CAUSE_LATE ? NEWS_FAILED : 0) |
                    (job_ended_with_others(&job) ? NEWS_WITH_OTHERS : 0);
    if (news)
        keeper_tell(warden, news);
    // Where the front was killed the warden may be about to die, too.
    if (options->tmpdir && (job.cause == CAUSE_FRONT || getppid() != warden))
        private_remove(options->tmpdir);
    return job.exit_status;
}
