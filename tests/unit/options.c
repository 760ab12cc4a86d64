// SPDX-License-Identifier: MIT
// The launcher's command line: what each form of each option comes to, and what is said of those
// that are wrong. Read next: launcher/options.c.
#define _GNU_SOURCE
#include "launcher/options.h"

#include "launcher/hosts.h"
#include "shm/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_ARGS = 40 };

static struct options options;
static char *words[MAX_ARGS];

static void forget(void)
{
    for (int i = 0; options.programs && i <= options.nprograms; i++)
        free(options.programs[i].environment.variables);
    free(options.environment.variables);
    free(options.programs);
    free(options.arguments);
}

// Parses "mprun " and the blank-separated words of `line`, for a machine with 4 CPUs.
static int parse(const char *line)
{
    static char copy[1000];
    int argc = 0;

    forget();
    snprintf(copy, sizeof copy, "mprun %s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        words[argc++] = word;
    words[argc] = NULL;
    int status = options_parse(&options, argc, words);
    return status != 0 || options.action != ACTION_RUN ? status : options_settle(&options, 4);
}

static void assert_refused(const char *line, const char *message)
{
    assert_int_equal(parse(line), EXIT_USAGE);
    if (!strstr(options.error, message))
        fail_msg("%s: said \"%s\", expected \"%s\"", line, options.error, message);
}

static void ranks_by_every_name(void **state)
{
    (void)state;
    static const char *const forms[] = {"-n 3 a",  "-np 3 a",  "--np 3 a", "-c 3 a",
                                        "--n 3 a", "--np=3 a", "-n=3 a",   "-n 2 -n 3 a"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_int_equal(parse(forms[i]), 0);
        assert_int_equal(options.nranks, 3);
        assert_int_equal(options.nprograms, 1);
    }
}

static void ranks_by_default(void **state)
{
    (void)state;
    assert_int_equal(parse("a"), 0);
    assert_int_equal(options.nranks, 4);
    assert_int_equal(parse("a : b"), 0);
    assert_int_equal(options.nranks, 2);
    assert_int_equal(parse("-host localhost:2,localhost a"), 0);
    assert_int_equal(options.nranks, 3);
    assert_int_equal(parse("-host localhost:2 -n 5 a"), 0);
    assert_int_equal(options.nranks, 5);
    assert_int_equal(parse("-n 4096 a"), 0);
}

static void wrong_numbers(void **state)
{
    (void)state;
    assert_refused("-n 0 a", "from 1 to 4096, not \"0\"");
    assert_refused("-n -3 a", "not \"-3\"");
    assert_refused("-n 4097 a", "not \"4097\"");
    assert_refused("-n 1e2 a", "not \"1e2\"");
    assert_refused("-n 4096 a : b", "4097 ranks are too many: at most 4096");
    assert_refused("--nooversubscribe -n 5 a", "5 ranks, but only 4 usable CPUs");
    assert_refused("--timeout 0 a", "above 0");
    assert_refused("--timeout -1 a", "above 0");
    assert_refused("--timeout nan a", "above 0");
    assert_refused("--timeout 1s a", "above 0");
    assert_refused("--grace -1 a", "0 or more");
    assert_refused("--grace nan a", "0 or more");
    assert_refused("--grace inf a", "0 or more");
    assert_refused("--grace 5s a", "0 or more");
    assert_refused("--stdin 4 -n 4 a", "names rank 4, but there are 4");
    assert_refused("--stdin -2 -n 4 a", "a rank, \"all\" or \"none\"");
}

static void several_programs(void **state)
{
    (void)state;
    assert_int_equal(parse("-n 1 -wdir /x a b : -np 2 -x V=1 c -n 9 : d"), 0);
    assert_int_equal(options.nprograms, 3);
    assert_int_equal(options.nranks, 4);
    const struct program *p = options.programs;
    assert_string_equal(p[0].argv[0], "a");
    assert_string_equal(p[0].argv[1], "b");
    assert_null(p[0].argv[2]);
    assert_string_equal(p[0].wdir, "/x");
    assert_null(p[1].wdir);
    assert_string_equal(p[1].argv[0], "c");
    assert_string_equal(p[1].argv[1], "-n");
    assert_string_equal(p[1].argv[2], "9");
    assert_null(p[1].argv[3]);
    assert_int_equal(p[1].environment.count, 1);
    assert_int_equal(p[2].environment.count, 0);
    assert_int_equal(p[2].ranks, 1);
    assert_refused("a :", "no program after \":\"");
    assert_refused(": a", "no program before \":\"");
    assert_refused("a : : b", "no program before \":\"");
    assert_refused("-n 2", "no program given");
    assert_refused("", "no program given");
}

static void variables(void **state)
{
    (void)state;
    assert_int_equal(parse("-x A -x B=2=3 -env C 4 -genv D 5 a"), 0);
    const struct environment_changes *own = &options.programs[0].environment;
    assert_int_equal(own->count, 3);
    assert_null(own->variables[0].value);
    assert_int_equal(own->variables[1].length, 1);
    assert_string_equal(own->variables[1].value, "2=3");
    assert_string_equal(own->variables[2].value, "4");
    assert_int_equal(options.environment.count, 1);
    assert_false(options.environment.only_listed);
    assert_int_equal(parse("-genvlist A,B -envnone a"), 0);
    assert_true(options.environment.only_listed);
    assert_string_equal(options.environment.list, "A,B");
    assert_refused("-x =1 a", "name of a variable");
    assert_refused("-env A", "-env wants NAME VALUE after it");
    assert_refused("-env A : b", "-env wants NAME VALUE after it");
}

static void the_job(void **state)
{
    (void)state;
    assert_int_equal(parse("a"), 0);
    assert_int_equal(options.channel, MP_CHANNEL_SHM);
    assert_int_equal(options.stdin_rank, 0);
    assert_int_equal(options.wish.bind, LEVEL_DEFAULT);
    assert_false(options.tag);
    assert_int_equal(
        parse("--channel socket --timeout 1.5 --grace 0 -l -q --bind-to core --stdin all -v a"), 0);
    assert_int_equal(options.channel, MP_CHANNEL_SOCKET);
    assert_true(options.timeout > 1.49 && options.timeout < 1.51);
    assert_true(options.grace < 0.01);
    assert_true(options.tag && options.quiet && options.verbose);
    assert_int_equal(options.wish.bind, LEVEL_CORE);
    assert_int_equal(options.stdin_rank, STDIN_ALL);
    assert_int_equal(parse("--stdin none -s 1 a"), 0);
    assert_int_equal(options.stdin_rank, 1);
    setenv("MPRUN_CHANNEL", "socket", 1);
    assert_int_equal(parse("a"), 0);
    assert_int_equal(options.channel, MP_CHANNEL_SOCKET);
    assert_int_equal(parse("--channel shm a"), 0);
    assert_int_equal(options.channel, MP_CHANNEL_SHM);
    setenv("MPRUN_CHANNEL", "pigeon", 1);
    assert_refused("a", "MPRUN_CHANNEL knows \"shm\" and \"socket\", not \"pigeon\"");
    unsetenv("MPRUN_CHANNEL");
}

static void places(void **state)
{
    (void)state;
    const struct wish *wish = &options.wish;
    assert_int_equal(parse("--map-by ppr:3:numa:pe=2 --bind-to l3cache --rank-by slot a"), 0);
    assert_int_equal(wish->map, LEVEL_NUMA);
    assert_int_equal(wish->per, 3);
    assert_int_equal(wish->pe, 2);
    assert_int_equal(wish->bind, LEVEL_L3);
    assert_int_equal(wish->rank_by, LEVEL_CORE);
    assert_int_equal(parse("--map-by socket:PE=4 --bind-to none a"), 0);
    assert_int_equal(wish->map, LEVEL_SOCKET);
    assert_int_equal(wish->per, 0);
    assert_int_equal(wish->pe, 4);
    assert_int_equal(wish->bind, LEVEL_MACHINE);
    assert_int_equal(parse("--per l3 a"), 0);
    assert_int_equal(wish->map, LEVEL_L3);
    assert_int_equal(wish->per, 1);
    assert_false(options.devices.wanted);
    assert_int_equal(parse("--devices-per-rank 2 --per device:all --cpu-set 0-2,9 a"), 0);
    assert_true(options.devices.wanted && options.devices.all && !options.devices.vendor);
    assert_int_equal(options.devices.per_rank, 2);
    assert_int_equal(wish->map, LEVEL_DEFAULT);
    assert_int_equal(mp_cpus_count(options.cpu_set), 4);
    free(options.cpu_set);
    assert_int_equal(parse("--per amd --share-devices a"), 0);
    assert_string_equal(options.devices.vendor, "amd");
    assert_true(options.devices.share);
    for (const char *const *wrong =
             (const char *const[]){"ppr:0:numa", "ppr:2", "ppr:x:core", "core:pe=0",
                                   "core:pe=", "core:2", "board", "", NULL};
         *wrong; wrong++) {
        char line[100];
        snprintf(line, sizeof line, "--map-by=%s a", *wrong);
        assert_refused(line, "wants OBJECT or ppr:N:OBJECT, and perhaps :pe=N after it, not");
    }
    assert_refused("--rank-by none a", "not \"none\"");
    assert_refused("--per numa:all a", "not \"numa:all\"");
    assert_refused("--per device:some a", "not \"device:some\"");
    assert_refused("--cpu-set 3- a", "a list of CPUs such as 0-3,8");
    assert_refused("--cpu-set x a", "not \"x\"");
    assert_refused("--display topo a", "knows \"map\"");
}

static void limits(void **state)
{
    (void)state;
    assert_int_equal(parse("--limit mem=1.5g,files=20 --limit cpu=60 a"), 0);
    assert_true(options.limits.memory == UINT64_C(3) << 29);
    assert_int_equal(options.limits.files, 20);
    assert_int_equal(options.limits.cpu_seconds, 60);
    for (const char *const *wrong = (const char *const[]){"mem=", "mem=0", "mem=1Q", "cpu=2K",
                                                          "cpu=1,", "disk=3", "", NULL};
         *wrong; wrong++) {
        char line[100];
        snprintf(line, sizeof line, "--limit=%s a", *wrong);
        assert_refused(line, "wants mem=BYTES");
    }
}

static void questions(void **state)
{
    (void)state;
    assert_int_equal(parse("--help --nonsense"), 0);
    assert_int_equal(options.action, ACTION_HELP);
    assert_int_equal(parse("-V"), 0);
    assert_int_equal(options.action, ACTION_VERSION);
    assert_int_equal(parse("-n 2 -info"), 0);
    assert_int_equal(options.action, ACTION_INFO);
    assert_int_equal(parse("a --help"), 0);
    assert_int_equal(options.action, ACTION_RUN);
    assert_int_equal(parse("-- -a"), 0);
    assert_string_equal(options.programs[0].argv[0], "-a");
}

static void unknown_options(void **state)
{
    (void)state;
    assert_refused("--chanel shm a", "did you mean --channel?");
    assert_refused("-timout 3 a", "did you mean --timeout?");
    assert_refused("--wdri 3 a", "did you mean --wdir?");
    assert_refused("-k a", "unknown option -k: mprun --help");
    assert_refused("--supercalifragilisticexpialidocious a", "mprun --help lists them");
    assert_refused("--tag-output=yes a", "--tag-output takes no value");
    assert_refused("--mca btl tcp a", "not supported: it sets Open MPI's internals");
    assert_refused("-ppn 4 a", "not supported");
    assert_refused("--rankfile=r a", "not supported");
    assert_refused("--bind-to board a", "\"core\" and \"hwthread\", not \"board\"");
}

static void hosts(void **state)
{
    (void)state;
    char own[256] = "";
    char error[256];
    int slots = 0;

    gethostname(own, sizeof own - 1);
    assert_int_equal(hosts_read_list("localhost:4,127.0.0.1,::1", &slots, error, sizeof error), 0);
    assert_int_equal(slots, 6);
    if (own[0])
        assert_int_equal(hosts_read_list(own, &slots, error, sizeof error), 0);
    assert_int_equal(hosts_read_list("localhost,far.away:2", &slots, error, sizeof error), -1);
    assert_non_null(strstr(error, "\"far.away\" is not this machine"));
    assert_int_equal(hosts_read_list("localhost:x", &slots, error, sizeof error), -1);
    assert_int_equal(hosts_read_list("localhost,,localhost", &slots, error, sizeof error), -1);
    assert_int_equal(hosts_read_file("/nonesuch", &slots, error, sizeof error), -1);
}

// Every name in the table is there once, or a later line could never be reached.
static void names_are_unique(void **state)
{
    (void)state;
    char all[4000] = " ";

    for (size_t i = 0; i < options_table_length; i++) {
        char names[1000];
        snprintf(names, sizeof names, "%s", options_table[i].names);
        for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
            char padded[100];
            snprintf(padded, sizeof padded, " %s ", name);
            if (strstr(all, padded))
                fail_msg("--%s is in the table twice", name);
            strcat(all, padded + 1);
        }
    }
}

static int release(void **state)
{
    (void)state;
    forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_by_every_name),
        cmocka_unit_test(ranks_by_default),
        cmocka_unit_test(wrong_numbers),
        cmocka_unit_test(several_programs),
        cmocka_unit_test(variables),
        cmocka_unit_test(the_job),
        cmocka_unit_test(places),
        cmocka_unit_test(limits),
        cmocka_unit_test(questions),
        cmocka_unit_test(unknown_options),
        cmocka_unit_test(hosts),
        cmocka_unit_test(names_are_unique),
    };
    unsetenv("MPRUN_CHANNEL");
    return cmocka_run_group_tests(tests, NULL, release);
}
