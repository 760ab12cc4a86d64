// SPDX-License-Identifier: MIT
// What the user asked for: the command line as a structure. Options before a program belong to that
// program, except those that say how the whole job runs.
// Read next: options.c (the table of options and the parser), help.c (prints the table).
#ifndef MPRUN_OPTIONS_H
#define MPRUN_OPTIONS_H

#include "launcher/cpu_order.h"
#include "shm/layout.h"

#include <stdbool.h>
#include <stddef.h>

// mprun's own exit statuses; otherwise it exits as the job did.
enum {
    EXIT_USAGE = 2,
    EXIT_OTHERS = 58, // MPI_ERR_PROC_ABORTED: a world died that this one was connected to
    EXIT_DEADLOCK = 120,
    EXIT_FAULTS = 121,
    EXIT_TIMEOUT = 124,
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127
};

// Between SIGTERM and SIGKILL: when a rank failed, and when the job was asked to stop, in seconds.
enum { FAILED_GRACE_MS = 250 };
#define ASKED_GRACE 5.0
// And those of --deadlock-suspect and --livelock-suspect.
#define DEADLOCK_SUSPECT 10.0
#define LIVELOCK_SUSPECT 60.0

enum action { ACTION_RUN, ACTION_HELP, ACTION_VERSION, ACTION_INFO, ACTION_SERVE };
enum on_deadlock { DEADLOCK_END, DEADLOCK_REPORT, DEADLOCK_IGNORE };
enum { STDIN_NONE = -1, STDIN_ALL = -2 }; // or the rank that reads mprun's standard input

// Where ranks shall be: see mapping.c.
struct wish {
    enum level map;     // what ranks are dealt to; LEVEL_DEFAULT: what `bind` says
    int per;            // so many ranks on each object of `map`; 0: they are dealt in turn
    int pe;             // cores of each rank; 0: its share of the object
    enum level bind;    // LEVEL_DEFAULT: its share; LEVEL_MACHINE: anywhere
    enum level rank_by; // whose order numbers follow; LEVEL_DEFAULT: as ranks were dealt
};

// --per device: see devices.c.
struct device_wish {
    bool wanted;
    const char *vendor; // only of this one; NULL: of any
    int per_rank;       // so many each
    bool share;         // a device may have several ranks
    bool all;           // every rank sees all of them
};

// One variable for the ranks' environment: `value` NULL means as mprun has it. `name` is not
// terminated by a 0 but `length` long.
struct variable {
    const char *name;
    size_t length;
    const char *value;
};

// Changes to the environment that ranks inherit from mprun.
struct environment_changes {
    bool only_listed; // inherit only what `list` and `variables` name
    const char *list; // comma-separated names, or NULL
    struct variable *variables;
    size_t count;
};

// One of the programs between colons.
struct program {
    int ranks;        // 0 until options_settle: not given
    int slots;        // what -host and -hostfile offered, 0 when they said nothing
    const char *wdir; // where its ranks start, NULL for mprun's own directory
    const char *path; // where to look for it, NULL for PATH
    char **argv;      // ends with NULL
    const char *file; // what to execute; found by program_find
    struct environment_changes environment;
};

// --limit, of each rank; 0: none.
struct limits {
    uint64_t memory; // bytes
    uint64_t cpu_seconds;
    uint64_t files;
};

struct options {
    enum action action;
    struct program *programs;
    int nprograms;
    int nranks;     // over all programs; set by options_settle
    int channel;    // enum mp_channel_id
    int nodes;      // sets of ranks that share memory; at most `nranks` after options_settle
    double timeout; // seconds, 0 for none
    double grace;   // seconds for a job that was asked to stop
    bool tag;
    bool quiet;
    bool verbose;
    bool no_oversubscribe;
    bool no_shared_heap;
    enum on_deadlock on_deadlock;
    double deadlock_suspect, livelock_suspect; // seconds, 0 for never
    uint32_t check;                            // MP_CHECK_*; 0: --check is not given
    struct wish wish;
    struct device_wish devices;
    struct devices *found;   // devices_find
    struct mp_cpus *cpu_set; // what ranks shall keep to; NULL: all that mprun may use
    int places;              // ranks where none are given; 0: one for each CPU
    bool dry_run;
    bool show_map;
    bool report_bindings;
    bool torch;
    bool exit_codes;
    struct limits limits;
    bool wants_tmpdir;
    const char *tmpdir;                     // --tmpdir, once it is made
    int restarts;                           // how often a job that failed may be started again
    int restarted;                          // and was, so far
    int stdin_rank;                         // or STDIN_NONE, STDIN_ALL
    struct environment_changes environment; // of all programs; a program's own come after
    // Of worlds: see warden.c.
    int serves;          // --serve: the descriptor by which they are asked for
    int world;           // number; 0: the first
    uint64_t job;        // what the world is known by; 0: the keeper chooses
    const char *warden;  // name of the warden's socket; NULL: there is none
    const char *parent;  // port to connect to; NULL: nobody has spawned it
    int others;          // ranks of other worlds that are running
    uint32_t errhandler; // enum mp_initial_errhandler
    char error[512];
    char **arguments; // copy of argv whose programs' arguments end with NULL
};

// Parses a command line. Returns 0, or EXIT_USAGE with a sentence in options->error. What it finds
// points into argv, or is allocated for good.
int options_parse(struct options *options, int argc, char **argv);

// Fills in what was left to defaults, now that the number of usable CPUs is known and, where those
// do not give the number of ranks, options->places; and checks that. Returns as options_parse does.
int options_settle(struct options *options, int cpus);

// The initial error handler of that name, enum mp_initial_errhandler. False: there is none.
bool errhandler_read(const char *name, uint32_t *errhandler);

// Whether some ranks talk over streams, which mprun makes for them.
static inline bool options_want_streams(const struct options *options)
{
    return options->channel == MP_CHANNEL_SOCKET || options->nodes > 1;
}

// ---- The table, for help.c

enum option_group {
    GROUP_RANKS,
    GROUP_ENVIRONMENT,
    GROUP_OUTPUT,
    GROUP_JOB,
    GROUP_ABOUT,
    GROUP_HIDDEN
};

struct parser {
    struct options *options;
    struct program *program;     // the one whose options are being read
    const struct option *option; // the one being applied
    const char *given;           // as the user wrote it, with dashes
};

// Returns EXIT_USAGE, with that sentence in options->error.
int option_fail(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Those that say where ranks run: option_place.c; and what they may use: option_limit.c.
int option_bind(struct parser *parser, char **values);
int option_map(struct parser *parser, char **values);
int option_rank_by(struct parser *parser, char **values);
int option_cpu_set(struct parser *parser, char **values);
int option_per(struct parser *parser, char **values);
int option_devices_per_rank(struct parser *parser, char **values);
int option_restart(struct parser *parser, char **values);
int option_limit(struct parser *parser, char **values);
int option_display(struct parser *parser, char **values);

struct option {
    const char *names;  // separated by blanks, without dashes; the first is the one to show
    const char *values; // placeholders of its values, separated by blanks; NULL for none
    enum option_group group;
    int (*apply)(struct parser *parser, char **values); // NULL: what it asks for is so anyway
    size_t what;                                        // for `apply`, which knows
    const char *help; // or, for an option that is refused, what to do instead
};

extern const struct option options_table[];
extern const size_t options_table_length;

#endif
