// SPDX-License-Identifier: MIT
// A running job: its ranks, how far it is on its way to an end, and why it ends. See job.c.
#ifndef MPRUN_JOB_H
#define MPRUN_JOB_H

#include "launcher/options.h"
#include "launcher/placement.h"
#include "shm/layout.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

enum phase {
    PHASE_RUNNING,   // at least one rank lives, and nothing is wrong
    PHASE_LINGERING, // all ranks have ended well; what they left running has a moment to end, too
    PHASE_ENDING,    // everybody got SIGTERM, and has `patience_ms` to leave
    PHASE_KILLING,   // what is left gets SIGKILL until there is nothing
    PHASE_OVER       // no process is left; output is being drained
};

// Why a job ended before its time, or did not end well.
enum cause {
    CAUSE_NONE,     // all ranks ended well, or all said the same past MPI_Finalize
    CAUSE_LATE,     // a rank failed past MPI_Finalize, which ends nobody else
    CAUSE_RANK,     // a rank failed
    CAUSE_SIGNAL,   // mprun was told to stop
    CAUSE_TIMEOUT,  // --timeout
    CAUSE_DEADLOCK, // ranks wait for each other for ever
    CAUSE_REFUSED,  // a rank uses another MPI, and would be a world of its own
    CAUSE_INPUT,    // standard input could not be read, or kept for a slow rank; that was told
    CAUSE_OTHERS,   // a world died that it was connected to
    CAUSE_FRONT     // the process that the user sees was killed; nobody is left to be told
};

// How a rank failed. Of several that are seen at the same time, the greatest is taken as the cause
// of the others.
enum failure {
    FAILURE_NONE,
    FAILURE_OTHERS,      // ended the job since another world has died
    FAILURE_NO_INIT,     // exit 0 without MPI_Init, although other ranks did call it
    FAILURE_NO_FINALIZE, // exit 0 between MPI_Init and MPI_Finalize
    FAILURE_ASKED,       // killed by a signal that asks to stop: SIGTERM, SIGINT, SIGHUP ...
    FAILURE_STATUS,      // exit with another status than 0
    FAILURE_ABORT,       // MPI_Abort, or an error that is fatal
    FAILURE_SIGNAL       // killed by any other signal
};

struct rank {
    pid_t pid;  // of the process that mprun started; 0 before that
    int status; // as wait(2) gives it, once `ended`
    bool ended;
    uint64_t over; // bytes that it had, if that was above --limit mem: then it was killed
    const struct program *program;
};

// What a rank's board said at the moment when the job began to end.
struct glimpse {
    uint32_t state;     // enum mp_rank_state
    uint32_t call;      // enum mp_call
    uint32_t sleeps_in; // the same, of the thread that is blocked
    int32_t peer;
    int32_t tag;
    int32_t pid;
    char doing; // what the system says of it: as struct mp_stat has it; 0 where that says nothing
    float seconds; // of CPU time, with `doing`
};

struct job {
    const struct options *options;
    const struct placement *placement;
    struct mp_segment_header **segments; // of each node: header and boards only
    struct rank *ranks;
    int nranks;
    int started; // ranks that have a process
    int alive;   // those of them that have not ended
    int cpus;
    pid_t warden;            // our parent
    const sigset_t *handled; // signals that we read from a descriptor

    enum phase phase;
    enum cause cause;
    enum failure failure;     // with CAUSE_RANK and CAUSE_LATE
    int failed;               // with them: which
    int late;                 // how many ranks failed past MPI_Finalize
    int signal;               // with CAUSE_SIGNAL: which
    char refusal[600];        // with CAUSE_REFUSED: why, a sentence
    struct glimpse *glimpses; // one for each rank, filled in once there is a cause
    bool left;                // ranks left processes running, and they were asked to leave
    size_t nleft;             // so many; 0 if that cannot be seen
    bool out_of_memory;       // the kernel killed somebody for want of memory meanwhile
    int exit_status;          // what mprun shall exit with
    int64_t oom_kills;        // the kernel's counter when the job started

    uv_loop_t loop;
    uv_poll_t signals;
    int signals_fd;
    uv_timer_t grace; // to the next phase
    uint64_t patience_ms;
    bool told;          // AGAIN_MS of ENDING are over: a second signal does not belong to the first
    uv_timer_t timeout; // --timeout
    uv_timer_t deadlock;       // looks for ranks that wait for each other for ever
    const char *deadlock_text; // with CAUSE_DEADLOCK: what there is to say
    uv_timer_t watch;          // looks for ranks that wait for one which has left; see job.c
    uv_timer_t huge;           // huge_start
    uv_timer_t limit;          // limit_start
    int kill_rounds;
};

// What a rank says of itself, and the node that it is on.
static inline int job_node(const struct job *job, int rank)
{
    return (int)mp_home_node(mp_segment_homes(job->segments[0])[rank]);
}

static inline struct mp_board *job_board(const struct job *job, int rank)
{
    return mp_segment_board(job->segments[job_node(job, rank)],
                            mp_home_place(mp_segment_homes(job->segments[0])[rank]));
}

static inline struct mp_waits *job_waits(const struct job *job, int rank)
{
    return mp_segment_waits(job->segments[job_node(job, rank)],
                            mp_home_place(mp_segment_homes(job->segments[0])[rank]));
}

// Whether the job ended because another world did that it was connected to.
bool job_ended_with_others(const struct job *job);

// Takes note of a process that was started as `rank`.
void job_note_started(struct job *job, int rank, pid_t pid);

// Ends a running job with status EXIT_NOT_EXECUTABLE and that sentence.
void job_refuse(struct job *job, const char *why);

// Runs the job to its end: when it returns, no process below this one is left and all output is
// written. Then cause, failure ... and exit_status say how it ended. Returns 0; or an error of
// libuv if the job cannot be watched, with its ranks as they are.
int job_run(struct job *job);

#endif
