// SPDX-License-Identifier: MIT
// The command line: one table of every option, ours and the ones that people know from other
// launchers, and the parser that walks it. An option that cannot be honoured stands in the table
// too, with a hint: nothing is silently ignored. Each option may be written with one dash or two.
// Read next: options.h (what comes out), help.c (how the table is shown).
#define _GNU_SOURCE
#include "launcher/options.h"

#include "launcher/hosts.h"
#include "shm/layout.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int option_fail(struct parser *p, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(p->options->error, sizeof p->options->error, format, list);
    va_end(list);
    return EXIT_USAGE;
}

// ---- What options do. Where several do the same, the table's `what` tells them apart.

static int set_flag(struct parser *p, char **values)
{
    (void)values;
    *(bool *)((char *)p->options + p->option->what) = true;
    return 0;
}

static int set_action(struct parser *p, char **values)
{
    (void)values;
    p->options->action = (enum action)p->option->what;
    return 0;
}

static int set_binding(struct parser *p, char **values)
{
    (void)values;
    p->options->wish.bind = (enum level)p->option->what;
    return 0;
}

static int set_text(struct parser *p, char **values)
{
    *(const char **)(void *)((char *)p->program + p->option->what) = values[0];
    return 0;
}

// A double of struct options.
static int set_seconds(struct parser *p, char **values)
{
    bool may_be_0 = p->option->what != offsetof(struct options, timeout);
    char *end;
    double seconds = strtod(values[0], &end);

    if (*end || end == values[0] || !(seconds >= 0) || (seconds == 0 && !may_be_0) || seconds > 1e9)
        return option_fail(p, "%s wants a number of seconds%s, not \"%s\"", p->given,
                           may_be_0 ? ", 0 or more" : " above 0", values[0]);
    *(double *)(void *)((char *)p->options + p->option->what) = seconds;
    return 0;
}

static int apply_ranks(struct parser *p, char **values)
{
    char *end;
    long n = strtol(values[0], &end, 10);

    if (*end || end == values[0] || n < 1 || n > MP_RANKS_MAX)
        return option_fail(p, "%s wants a number of ranks from 1 to %d, not \"%s\"", p->given,
                           MP_RANKS_MAX, values[0]);
    p->program->ranks = (int)n;
    return 0;
}

static int apply_nodes(struct parser *p, char **values)
{
    char *end;
    long n = strtol(values[0], &end, 10);

    if (*end || end == values[0] || n < 1 || n > MP_RANKS_MAX)
        return option_fail(p, "%s wants a number of nodes from 1 to %d, not \"%s\"", p->given,
                           MP_RANKS_MAX, values[0]);
    p->options->nodes = (int)n;
    return 0;
}

enum { LIST, IN_FILE };

static int apply_hosts(struct parser *p, char **values)
{
    struct options *o = p->options;
    int *slots = &p->program->slots;
    int failed = p->option->what == LIST
                     ? hosts_read_list(values[0], slots, o->error, sizeof o->error)
                     : hosts_read_file(values[0], slots, o->error, sizeof o->error);
    return failed ? EXIT_USAGE : 0;
}

static int apply_channel(struct parser *p, char **values)
{
    if (strcmp(values[0], "shm") == 0)
        p->options->channel = MP_CHANNEL_SHM;
    else if (strcmp(values[0], "socket") == 0)
        p->options->channel = MP_CHANNEL_SOCKET;
    else
        return option_fail(p, "%s knows \"shm\" and \"socket\", not \"%s\"", p->given, values[0]);
    return 0;
}

static int apply_on_deadlock(struct parser *p, char **values)
{
    if (strcmp(values[0], "end") == 0)
        p->options->on_deadlock = DEADLOCK_END;
    else if (strcmp(values[0], "report") == 0)
        p->options->on_deadlock = DEADLOCK_REPORT;
    else if (strcmp(values[0], "ignore") == 0)
        p->options->on_deadlock = DEADLOCK_IGNORE;
    else
        return option_fail(p, "%s knows \"end\", \"report\" and \"ignore\", not \"%s\"", p->given,
                           values[0]);
    return 0;
}

// Nothing, or one or two words; from the variable 1 or 0, too.
static int apply_check(struct parser *p, char **values)
{
    const char *at = values[0] ? values[0] : "1";

    p->options->check = MP_CHECK_ON;
    while (*at) {
        size_t length = strcspn(at, ",");
        if (length == 4 && strncmp(at, "warn", length) == 0)
            p->options->check |= MP_CHECK_WARN;
        else if (length == 4 && strncmp(at, "sync", length) == 0)
            p->options->check |= MP_CHECK_SYNC;
        else if (length == 1 && *at == '0')
            p->options->check = 0;
        else if (length != 1 || *at != '1')
            return option_fail(p, "%.*s knows \"warn\" and \"sync\", not \"%s\"",
                               (int)strcspn(p->given, "="), p->given, values[0]);
        at += length + (at[length] == ',');
    }
    return 0;
}

enum { THIS_PROGRAM, ALL_PROGRAMS };

static struct environment_changes *environment_of(struct parser *p)
{
    return p->option->what == ALL_PROGRAMS ? &p->options->environment : &p->program->environment;
}

// NAME VALUE, NAME=VALUE, or NAME alone.
static int add_variable(struct parser *p, char **values)
{
    struct environment_changes *to = environment_of(p);
    const char *name = values[0], *value = values[1];
    size_t length = strcspn(name, "=");

    if (length == 0)
        return option_fail(p, "%s wants the name of a variable, not \"%s\"", p->given, name);
    struct variable *place = realloc(to->variables, (to->count + 1) * sizeof *place);
    if (!place)
        return option_fail(p, "out of memory");
    if (!value && name[length] == '=')
        value = name + length + 1;
    to->variables = place;
    place[to->count++] = (struct variable){.name = name, .length = length, .value = value};
    return 0;
}

// Without a value: inherit none.
static int inherit_only(struct parser *p, char **values)
{
    environment_of(p)->only_listed = true;
    environment_of(p)->list = values[0];
    return 0;
}

static int apply_stdin(struct parser *p, char **values)
{
    char *end;
    long rank = strtol(values[0], &end, 10);

    if (strcmp(values[0], "none") == 0)
        p->options->stdin_rank = STDIN_NONE;
    else if (strcmp(values[0], "all") == 0)
        p->options->stdin_rank = STDIN_ALL;
    else if (*end || end == values[0] || rank < 0 || rank >= MP_RANKS_MAX)
        return option_fail(p, "%s wants a rank, \"all\" or \"none\", not \"%s\"", p->given,
                           values[0]);
    else
        p->options->stdin_rank = (int)rank;
    return 0;
}

// For a program that mprun has not started and that spawns others: it starts mprun itself, with its
// end of a socket.
static int apply_serve(struct parser *p, char **values)
{
    p->options->action = ACTION_SERVE;
    p->options->serves = atoi(values[0]);
    return 0;
}

bool errhandler_read(const char *name, uint32_t *errhandler)
{
    static const char *const names[] = {[MP_INITIAL_FATAL] = "mpi_errors_are_fatal",
                                        [MP_INITIAL_ABORT] = "mpi_errors_abort",
                                        [MP_INITIAL_RETURN] = "mpi_errors_return"};
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0) {
            *errhandler = i;
            return true;
        }
    return false;
}

static int apply_errhandler(struct parser *p, char **values)
{
    if (errhandler_read(values[0], &p->options->errhandler))
        return 0;
    return option_fail(p,
                       "%s knows mpi_errors_are_fatal, mpi_errors_abort and mpi_errors_return, "
                       "not \"%s\"",
                       p->given, values[0]);
}

static int refuse(struct parser *p, char **values)
{
    (void)values;
    return option_fail(p, "%s is not supported: %s", p->given, p->option->help);
}

// ---- The table

#define FLAG(name)    set_flag, offsetof(struct options, name)
#define SECONDS(name) set_seconds, offsetof(struct options, name)
#define TEXT(name)    set_text, offsetof(struct program, name)

const struct option options_table[] = {
    {"n np c", "N", GROUP_RANKS, apply_ranks, 0, "start N ranks (default: one per usable CPU)"},
    {"per", "OBJECT", GROUP_RANKS, option_per, 0,
     "one rank per core, hwthread, l3, numa, socket, device (GPU)"},
    {"devices-per-rank", "N", GROUP_RANKS, option_devices_per_rank, 0,
     "with --per device: N each (default: 1)"},
    {"share-devices", NULL, GROUP_HIDDEN, FLAG(devices.share),
     "with --per device: more ranks than devices are fine"},
    {"bind-to", "share|OBJECT|none", GROUP_RANKS, option_bind, 0,
     "CPUs of a rank: its share (default), a core ..., any"},
    {"map-by", "OBJECT|ppr:N:OBJECT", GROUP_RANKS, option_map, 0,
     "deal ranks to objects; with :pe=N, N cores each"},
    {"rank-by", "OBJECT", GROUP_HIDDEN, option_rank_by, 0,
     "number them by core, or through numa nodes ... in turn"},
    {"cpu-set cpu-list", "LIST", GROUP_RANKS, option_cpu_set, 0, "use these CPUs only: 0-3,8"},
    {"host H", "LIST", GROUP_RANKS, apply_hosts, LIST,
     "hosts with slots; only this one: localhost:4"},
    {"hostfile machinefile f", "FILE", GROUP_RANKS, apply_hosts, IN_FILE, "the same, from a file"},
    {"nooversubscribe", NULL, GROUP_RANKS, FLAG(no_oversubscribe),
     "refuse to start more ranks than usable CPUs"},

    {"x", "NAME[=VALUE]", GROUP_ENVIRONMENT, add_variable, THIS_PROGRAM,
     "set a variable for this program's ranks"},
    {"env", "NAME VALUE", GROUP_ENVIRONMENT, add_variable, THIS_PROGRAM, "the same"},
    {"genv", "NAME VALUE", GROUP_ENVIRONMENT, add_variable, ALL_PROGRAMS,
     "set a variable for all ranks"},
    {"envlist", "A,B,...", GROUP_ENVIRONMENT, inherit_only, THIS_PROGRAM,
     "inherit these variables only"},
    {"genvlist", "A,B,...", GROUP_HIDDEN, inherit_only, ALL_PROGRAMS, "the same for all programs"},
    {"wdir wd", "DIR", GROUP_ENVIRONMENT, TEXT(wdir), "start this program's ranks in DIR"},
    {"torch", NULL, GROUP_ENVIRONMENT, FLAG(torch),
     "set RANK, WORLD_SIZE, MASTER_ADDR ... for PyTorch"},
    {"path", "DIRS", GROUP_ENVIRONMENT, TEXT(path), "look for the program in these folders only"},

    {"tag-output l label prepend-rank", NULL, GROUP_OUTPUT, FLAG(tag),
     "print \"[rank] \" before each line of output"},
    {"stdin s", "RANK|all|none", GROUP_OUTPUT, apply_stdin, 0,
     "who reads standard input (default: 0)"},
    {"quiet q", NULL, GROUP_OUTPUT, FLAG(quiet), "when the job fails, one line about it, no more"},
    {"verbose v", NULL, GROUP_OUTPUT, FLAG(verbose), "say what is started and how it ended"},
    {"report-bindings", NULL, GROUP_HIDDEN, FLAG(report_bindings), "say where ranks are bound"},
    {"display", "map", GROUP_HIDDEN, option_display, 0,
     "say where ranks run, and on which devices"},
    {"dry-run", NULL, GROUP_OUTPUT, FLAG(dry_run),
     "print what would be started, with which variables"},

    {"channel", "shm|socket", GROUP_JOB, apply_channel, 0,
     "how ranks talk (default: shm; or MPRUN_CHANNEL)"},
    {"nodes", "K", GROUP_JOB, apply_nodes, 0,
     "as if on K machines: ranks share memory within a node only"},
    {"no-shared-heap", NULL, GROUP_JOB, FLAG(no_shared_heap),
     "leave malloc to the C library (or MPRUN_SHARED_HEAP=0)"},
    {"timeout", "SECONDS", GROUP_JOB, SECONDS(timeout),
     "end the job after SECONDS, with status 124"},
    {"on-deadlock", "end|report|ignore", GROUP_JOB, apply_on_deadlock, 0,
     "when ranks wait for each other for ever (default: end)"},
    {"deadlock-suspect", "SECONDS", GROUP_HIDDEN, SECONDS(deadlock_suspect),
     "tell when only sleeping threads could help (default: 10)"},
    {"livelock-suspect", "SECONDS", GROUP_HIDDEN, SECONDS(livelock_suspect),
     "tell when ranks poll and the others wait (default: 60)"},
    {"check", "[=warn|sync]", GROUP_JOB, apply_check, 0,
     "tell misused buffers, what is never freed ...; status 121"},
    {"grace", "SECONDS", GROUP_JOB, SECONDS(grace),
     "time to save work when told to stop (default: 5; or MPRUN_GRACE)"},
    {"limit", "mem=B,cpu=S,files=N", GROUP_JOB, option_limit, 0,
     "of each rank: bytes of memory, seconds, open files"},
    {"tmpdir", NULL, GROUP_JOB, FLAG(wants_tmpdir),
     "give the job a TMPDIR of its own, and remove it in the end"},
    {"restart", "N", GROUP_JOB, option_restart, 0, "start a job that failed again, up to N times"},
    {"exit-codes print-all-exitcodes", NULL, GROUP_HIDDEN, FLAG(exit_codes),
     "say how each rank ended"},

    {"initial-errhandler", "NAME", GROUP_HIDDEN, apply_errhandler, 0,
     "of communicators: mpi_errors_are_fatal (default), _abort or _return"},
    {"serve", "FD", GROUP_HIDDEN, apply_serve, 0, "start worlds for a program without mprun"},

    {"help h ?", NULL, GROUP_ABOUT, set_action, ACTION_HELP, "print this"},
    {"version V", NULL, GROUP_ABOUT, set_action, ACTION_VERSION, "print the version"},
    {"info", NULL, GROUP_ABOUT, set_action, ACTION_INFO,
     "print what this mprun can do on this machine"},

    // So anyway.
    {"oversubscribe allow-run-as-root use-hwthread-cpus envall genvall "
     "disable-hostname-propagation",
     NULL, GROUP_HIDDEN, NULL, 0, NULL},
    {"bind-to-none", NULL, GROUP_HIDDEN, set_binding, LEVEL_MACHINE, NULL},
    {"bind-to-core", NULL, GROUP_HIDDEN, set_binding, LEVEL_CORE, NULL},
    {"bind-to-socket", NULL, GROUP_HIDDEN, set_binding, LEVEL_SOCKET, NULL},
    {"display-map", NULL, GROUP_HIDDEN, FLAG(show_map), NULL},
    {"envnone", NULL, GROUP_HIDDEN, inherit_only, THIS_PROGRAM, NULL},
    {"genvnone", NULL, GROUP_HIDDEN, inherit_only, ALL_PROGRAMS, NULL},

    // Not to be had.
    {"ppn perhost npernode N ppr npersocket pernode", NULL, GROUP_HIDDEN, refuse, 0,
     "all ranks run on this machine; say how many with -n, or --map-by ppr:N:socket"},
    {"mca gmca omca pmca prtemca am tune", NULL, GROUP_HIDDEN, refuse, 0,
     "it sets Open MPI's internals; leave it out (--channel chooses how ranks talk)"},
    {"display-allocation binding", NULL, GROUP_HIDDEN, refuse, 0,
     "leave it out; --report-bindings says where ranks are bound"},
    {"rankfile rf bind-by cpus-per-proc cpus-per-rank cpus-per-task", NULL, GROUP_HIDDEN, refuse, 0,
     "--cpu-set chooses CPUs, and --map-by core:pe=N gives each rank N"},
    {"output-filename output outfile-pattern errfile-pattern xml merge-stderr-to-stdout "
     "timestamp-output stream-buffering prepend-pattern",
     NULL, GROUP_HIDDEN, refuse, 0, "redirect mprun's output, with --tag-output if need be"},
    {"prefix launcher launcher-exec bootstrap rmk iface demux enable-x plm personality", NULL,
     GROUP_HIDDEN, refuse, 0, "it chooses how other machines are reached; leave it out"},
    {"app configfile file", NULL, GROUP_HIDDEN, refuse, 0,
     "put the programs on the command line, with \":\" between them"},
    {"soft arch usize memory-alloc-kinds", NULL, GROUP_HIDDEN, refuse, 0, "leave it out"},
    {"gpus gpus-per-task gpus-per-node gpus-per-rank gpu-bind", NULL, GROUP_HIDDEN, refuse, 0,
     "--per device starts a rank for each GPU, or with --devices-per-rank N for N of them"},
    {"nproc-per-node nproc_per_node nnodes standalone node-rank node_rank master-addr master_addr "
     "master-port master_port rdzv-backend rdzv_backend rdzv-endpoint rdzv_endpoint",
     NULL, GROUP_HIDDEN, refuse, 0,
     "in place of torchrun: mprun --torch -n N python3 PROGRAM, or --per device for -n N"},
    {"gdb debug tv xterm", NULL, GROUP_HIDDEN, refuse, 0,
     "put the tool before the program: mprun -n 2 gdb --args PROGRAM"},
};

const size_t options_table_length = sizeof options_table / sizeof *options_table;

// ---- Looking up a name

// Calls for each of the blank-separated words of `words`: moves *at past the next and returns its
// length, 0 at the end.
static size_t next_word(const char **at, const char **word)
{
    *at += strspn(*at, " ");
    *word = *at;
    size_t length = strcspn(*at, " ");
    *at += length;
    return length;
}

static const struct option *find_option(const char *name, size_t length)
{
    for (size_t i = 0; i < options_table_length; i++) {
        const char *at = options_table[i].names;
        const char *word;
        size_t word_length;
        while ((word_length = next_word(&at, &word)) > 0)
            if (word_length == length && memcmp(word, name, length) == 0)
                return &options_table[i];
    }
    return NULL;
}

// How many letters must be inserted, deleted, replaced or swapped to get from one word to the
// other; at most 30 letters of each count.
static int edit_distance(const char *a, size_t la, const char *b, size_t lb)
{
    enum { MAX = 30 };
    int cost[MAX + 1][MAX + 1];

    la = la > MAX ? MAX : la;
    lb = lb > MAX ? MAX : lb;
    for (size_t i = 0; i <= la; i++)
        for (size_t j = 0; j <= lb; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = (int)(i + j);
                continue;
            }
            int best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (cost[i - 1][j] + 1 < best)
                best = cost[i - 1][j] + 1;
            if (cost[i][j - 1] + 1 < best)
                best = cost[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cost[i - 2][j - 2] + 1 < best)
                best = cost[i - 2][j - 2] + 1;
            cost[i][j] = best;
        }
    return cost[la][lb];
}

static int fail_unknown(struct parser *p, const char *name, size_t length)
{
    int best = length <= 3 ? 2 : length <= 6 ? 3 : 4; // closer than this
    const char *nearest = NULL;
    size_t nearest_length = 0;

    for (size_t i = 0; i < options_table_length; i++) {
        const char *at = options_table[i].names;
        const char *word;
        size_t word_length;
        while (options_table[i].apply != refuse && (word_length = next_word(&at, &word)) > 0) {
            int distance = edit_distance(name, length, word, word_length);
            if (distance < best && word_length > 1) {
                best = distance;
                nearest = word;
                nearest_length = word_length;
            }
        }
    }
    if (nearest)
        return option_fail(p, "unknown option %s: did you mean %s%.*s?", p->given,
                           nearest_length > 2 ? "--" : "-", (int)nearest_length, nearest);
    return option_fail(p, "unknown option %s: mprun --help lists them", p->given);
}

// ---- The parser

// Applies the option at argv[*at] and moves *at past it and its values.
static int parse_option(struct parser *p, int argc, char **argv, int *at)
{
    char *given = argv[*at];
    const char *name = given + 1 + (given[1] == '-');
    size_t length = strcspn(name, "=");
    char *values[2] = {NULL, NULL};
    int wanted = 0;

    p->given = given;
    p->option = find_option(name, length);
    if (!p->option)
        return fail_unknown(p, name, length);
    ++*at;
    if (p->option->apply == refuse)
        return p->option->apply(p, NULL);

    // One in brackets can be given with = only.
    bool may_be_left_out = p->option->values && p->option->values[0] == '[';
    if (may_be_left_out)
        wanted = name[length] == '=';
    else if (p->option->values)
        for (const char *c = p->option->values; c; c = strchr(c + 1, ' '))
            wanted++;
    if (name[length] == '=') {
        if (wanted != 1)
            return option_fail(p, "%.*s takes %s, not =...", (int)(name + length - given), given,
                               wanted == 0 ? "no value" : p->option->values);
        values[0] = argv[*at - 1] + (name + length + 1 - given);
    } else {
        for (int i = 0; i < wanted; i++, ++*at) {
            if (*at >= argc || strcmp(argv[*at], ":") == 0)
                return option_fail(p, "%s wants %s after it", given, p->option->values);
            values[i] = argv[*at];
        }
    }
    return p->option->apply ? p->option->apply(p, values) : 0;
}

// Takes an option's value from the environment, if it is there.
static int parse_variable(struct parser *p, const char *variable, const char *option)
{
    char *value = getenv(variable);

    p->given = variable;
    p->option = find_option(option, strlen(option));
    return value && *value ? p->option->apply(p, &value) : 0;
}

// Reads the options, the program and the program's arguments up to a ":" or the end.
static int parse_program(struct parser *p, int argc, char **argv, int *at)
{
    struct options *o = p->options;

    while (*at < argc && argv[*at][0] == '-' && argv[*at][1] != 0) {
        if (strcmp(argv[*at], "--") == 0) {
            ++*at;
            break;
        }
        int status = parse_option(p, argc, argv, at);
        if (status != 0)
            return status;
        if (o->action != ACTION_RUN)
            return 0;
    }
    if (*at < argc && strcmp(argv[*at], ":") == 0)
        return option_fail(p, "no program before \":\"");
    if (*at >= argc && o->nprograms > 0)
        return option_fail(p, "no program after \":\"");
    if (*at >= argc)
        return option_fail(
            p, "no program given: mprun [options] program [arguments], or mprun --help");
    if (argv[*at][0] == 0)
        return option_fail(p, "the program's name is empty");
    p->program->argv = &o->arguments[*at];
    while (*at < argc && strcmp(argv[*at], ":") != 0)
        ++*at;
    o->arguments[*at] = NULL;
    o->nprograms++;
    return 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
    struct parser parser = {.options = options};
    int at = 1;

    memset(options, 0, sizeof *options);
    options->channel = MP_CHANNEL_SHM;
    options->nodes = 1;
    options->programs = calloc((size_t)argc + 1, sizeof *options->programs);
    options->arguments = calloc((size_t)argc + 1, sizeof *options->arguments);
    if (!options->programs || !options->arguments)
        return option_fail(&parser, "out of memory");
    memcpy(options->arguments, argv, (size_t)argc * sizeof *argv);

    options->grace = ASKED_GRACE;
    options->deadlock_suspect = DEADLOCK_SUSPECT;
    options->livelock_suspect = LIVELOCK_SUSPECT;
    if (parse_variable(&parser, "MPRUN_CHANNEL", "channel") != 0 ||
        parse_variable(&parser, "MPRUN_ON_DEADLOCK", "on-deadlock") != 0 ||
        parse_variable(&parser, "MPRUN_DEADLOCK_SUSPECT", "deadlock-suspect") != 0 ||
        parse_variable(&parser, "MPRUN_LIVELOCK_SUSPECT", "livelock-suspect") != 0 ||
        parse_variable(&parser, "MPRUN_CHECK", "check") != 0 ||
        parse_variable(&parser, "MPRUN_GRACE", "grace") != 0)
        return EXIT_USAGE;
    const char *heap = getenv("MPRUN_SHARED_HEAP");
    options->no_shared_heap = heap && strcmp(heap, "0") == 0;

    for (;;) {
        parser.program = &options->programs[options->nprograms];
        int status = parse_program(&parser, argc, argv, &at);
        if (status != 0 || options->action != ACTION_RUN || at >= argc)
            return status;
        at++; // the ":"
    }
}

int options_settle(struct options *o, int cpus)
{
    struct parser parser = {.options = o};
    long total = 0;

    for (int i = 0; i < o->nprograms; i++) {
        struct program *program = &o->programs[i];
        if (program->ranks == 0)
            program->ranks = program->slots > 0 ? program->slots
                             : o->nprograms > 1 ? 1
                             : o->places > 0    ? o->places
                                                : cpus;
        total += program->ranks;
    }
    if (total > MP_RANKS_MAX)
        return option_fail(&parser, "%ld ranks are too many: at most %d", total, MP_RANKS_MAX);
    if (o->no_oversubscribe && total > cpus)
        return option_fail(&parser, "--nooversubscribe: %ld ranks, but only %d usable CPU%s", total,
                           cpus, cpus == 1 ? "" : "s");
    if (o->stdin_rank >= total)
        return option_fail(&parser, "--stdin names rank %d, but there are %ld ranks", o->stdin_rank,
                           total);
    o->nranks = (int)total;
    o->nodes = o->nodes < o->nranks ? o->nodes : o->nranks;
    return 0;
}
