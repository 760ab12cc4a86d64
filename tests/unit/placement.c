// SPDX-License-Identifier: MIT
// Which CPUs ranks get: the order of the machine's CPUs, read from a folder that looks like
// /sys/devices/system, and the parts that they are cut into.
// Read next: launcher/cpu_order.h, launcher/mapping.h.
#define _GNU_SOURCE
#include "launcher/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/tests-placement.XXXXXX";

__attribute__((format(printf, 3, 4))) static void write_file(int cpu, const char *name,
                                                             const char *format, ...)
{
    char path[200];
    va_list list;

    snprintf(path, sizeof path, "%s/cpu/cpu%d/%s", folder, cpu, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    va_start(list, format);
    vfprintf(file, format, list);
    va_end(list);
    fclose(file);
}

// Two packages of two caches of two cores of two threads. As on real machines, neighbours in number
// are no neighbours: even CPUs are in one package, and the second threads of all cores come last.
static int make_machine(void **state)
{
    static const char *const below[] = {"", "/topology", "/cache", "/cache/index3"};
    char path[200];

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/cpu", folder);
    if (mkdir(path, 0700) != 0)
        return -1;
    for (int cpu = 0; cpu < 16; cpu++) {
        int package = cpu % 2, core = cpu % 8, cache = core / 4;
        for (int i = 0; i < 4; i++) {
            snprintf(path, sizeof path, "%s/cpu/cpu%d%s", folder, cpu, below[i]);
            if (mkdir(path, 0700) != 0)
                return -1;
        }
        write_file(cpu, "topology/package_cpus_list", "%d,%d,%d,%d,%d,%d,%d,%d\n", package,
                   package + 2, package + 4, package + 6, package + 8, package + 10, package + 12,
                   package + 14);
        int first = package + 4 * cache;
        write_file(cpu, "cache/index3/shared_cpu_list", "%d,%d,%d,%d\n", first, first + 2,
                   first + 8, first + 10);
        write_file(cpu, "topology/thread_siblings_list", "%d,%d\n", core, core + 8);
    }
    return 0;
}

static int remove_machine(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static struct mp_cpus mask_of(const char *cpus)
{
    struct mp_cpus mask = {{0}};
    for (char *end; *cpus; cpus = end + strspn(end, " "))
        mp_cpus_add(&mask, (int)strtol(cpus, &end, 10));
    return mask;
}

static struct topology machine(const char *cpus, const char *where)
{
    struct topology topology;
    struct mp_cpus usable = mask_of(cpus);
    assert_int_equal(topology_read(&topology, &usable, where, false), 0);
    return topology;
}

static void assert_order(const char *usable, const char *where, const char *order, int cores)
{
    struct topology topology = machine(usable, where);
    char text[400] = "";
    size_t length = 0;

    for (int i = 0; i < topology.ncpus; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, i ? " %d" : "%d",
                                   topology.cpus[i]);
    assert_string_equal(text, order);
    assert_int_equal(topology.ncores, cores);
    topology_release(&topology);
}

#define ALL "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"

static void neighbours_follow_each_other(void **state)
{
    (void)state;
    assert_order(ALL, folder, "0 8 2 10 4 12 6 14 1 9 3 11 5 13 7 15", 8);
    assert_order("3 4 9 12 15", folder, "3 9 15 4 12", 4);
    assert_order("5", folder, "5", 1);
}

static void without_files_each_cpu_is_a_core(void **state)
{
    (void)state;
    assert_order("1 3 64 100 8191", "/nowhere", "1 3 64 100 8191", 5);
}

// Cuts for `nranks`, and compares the CPUs of each rank with `parts`, with ";" between.
static void assert_wish(const struct wish *wish, const char *usable, const char *taken_cpus,
                        int nranks, const char *parts)
{
    struct topology topology = machine(usable, folder);
    struct mp_cpus taken = mask_of(taken_cpus);
    struct placement placement = {.lock = -1};
    char text[400] = "";
    size_t length = 0;

    assert_int_equal(mapping_make(&placement, &topology, &taken, nranks, wish, NULL), 0);
    assert_int_equal(placement.count, parts ? nranks : 0);
    for (int rank = 0; rank < placement.count; rank++) {
        const struct mp_cpus *part = &placement.parts[rank];
        length += (size_t)snprintf(text + length, sizeof text - length, rank ? ";" : "");
        for (int cpu = mp_cpus_next(part, 0), n = 0; cpu >= 0;
             cpu = mp_cpus_next(part, cpu + 1), n++)
            length += (size_t)snprintf(text + length, sizeof text - length, n ? " %d" : "%d", cpu);
    }
    assert_string_equal(text, parts ? parts : "");
    free(placement.parts);
    topology_release(&topology);
}

static const struct wish no_wish;

static void assert_parts(const char *usable, const char *taken_cpus, int nranks, const char *parts)
{
    assert_wish(&no_wish, usable, taken_cpus, nranks, parts);
}

static void parts_are_equal_and_whole_cores(void **state)
{
    (void)state;
    assert_parts(ALL, "", 1, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
    assert_parts(ALL, "", 2, "0 2 4 6 8 10 12 14;1 3 5 7 9 11 13 15");
    assert_parts(ALL, "", 4, "0 2 8 10;4 6 12 14;1 3 9 11;5 7 13 15");
    assert_parts(ALL, "", 3, "0 2 8 10;4 6 12 14;1 3 9 11");
    assert_parts(ALL, "", 8, "0 8;2 10;4 12;6 14;1 9;3 11;5 13;7 15");
    // More ranks than cores: a hardware thread each.
    assert_parts("0 8 2 10", "", 3, "0;8;2");
    assert_parts("0 8 2 10", "", 4, "0;8;2;10");
}

static void what_others_are_bound_to_is_left_to_them(void **state)
{
    (void)state;
    assert_parts(ALL, "0 2 8 10", 2, "1 4 6 9 12 14;3 5 7 11 13 15");
    assert_parts(ALL, "0", 7, "2 10;4 12;6 14;1 9;3 11;5 13;7 15");
    // A core of which one thread is taken is used where cores do not suffice.
    assert_parts("0 8 2 10", "0", 3, "8;2;10");
    assert_parts("0 8 2 10", "20 21", 2, "0 8;2 10");
}

static void a_rank_has_the_threads_of_the_smallest_part(void **state)
{
    (void)state;
    struct topology topology = machine("0 8 2 10 4 12 6", folder); // the last core has one
    struct mp_cpus taken = mask_of("");
    struct placement placement = {.lock = -1, .threads = 3};

    assert_int_equal(mapping_make(&placement, &topology, &taken, 2, &no_wish, NULL), 0);
    assert_int_equal(placement.threads, 3);
    free(placement.parts);
    placement = (struct placement){.lock = -1, .threads = 3};
    assert_int_equal(mapping_make(&placement, &topology, &taken, 4, &no_wish, NULL), 0);
    assert_int_equal(placement.threads, 1);
    free(placement.parts);
    topology_release(&topology);
}

static void more_ranks_than_free_cpus_are_not_bound(void **state)
{
    (void)state;
    assert_parts("0 8", "", 3, NULL);
    assert_parts("0 8 2 10", "0 2", 3, NULL);
    assert_parts("0 8", "0 8", 1, NULL);
}

// A core each: those that nobody has, one after another; and all of them where these do not
// suffice.
static void jobs_beside_each_other_have_cores_of_their_own(void **state)
{
    (void)state;
    const struct wish core = {.bind = LEVEL_CORE}, thread = {.bind = LEVEL_HWTHREAD};
    assert_wish(&core, ALL, "", 2, "0 8;2 10");
    assert_wish(&core, ALL, "0 8 2 10", 2, "4 12;6 14");
    assert_wish(&core, ALL, "0 8 2 10 4 12 6", 2, "1 9;3 11");
    assert_wish(&core, "0 8 2 10", "0 8", 2, "0 8;2 10");
    assert_wish(&core, "0 8 2 10", "", 5, "0 8;2 10;0 8;2 10;0 8");
    assert_wish(&thread, "0 8 2 10", "0", 2, "8;2");
    assert_wish(&thread, "0 8 2 10", "", 5, "0;8;2;10;0");
}

// The same of all that can be asked for: as long as there is room for both, they have no CPU in
// common.
static void two_jobs_take_disjoint_cpus(void **state)
{
    static const struct {
        struct wish wish;
        int room; // ranks that this machine has objects for
    } asked[] = {{{.bind = LEVEL_HWTHREAD}, 16},
                 {{.bind = LEVEL_CORE}, 8},
                 {{.bind = LEVEL_L3}, 4},
                 {{.bind = LEVEL_SOCKET}, 2},
                 {{.map = LEVEL_SOCKET, .bind = LEVEL_CORE}, 8},
                 {{.map = LEVEL_L3, .bind = LEVEL_HWTHREAD}, 16},
                 {{.map = LEVEL_SOCKET, .pe = 2}, 4},
                 {{.map = LEVEL_CORE, .pe = 3}, 2}};
    struct topology topology = machine(ALL, folder);

    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        for (int first = 1; first < asked[i].room; first++)
            for (int second = 1; first + second <= asked[i].room; second++) {
                struct placement jobs[2] = {{.lock = -1}, {.lock = -1}};
                struct mp_cpus taken = {{0}};
                for (int job = 0; job < 2; job++) {
                    int nranks = job == 0 ? first : second;
                    struct mp_cpus all = {{0}};
                    assert_int_equal(
                        mapping_make(&jobs[job], &topology, &taken, nranks, &asked[i].wish, NULL),
                        0);
                    assert_int_equal(jobs[job].count, nranks);
                    for (int rank = 0; rank < nranks; rank++)
                        mp_cpus_join(&all, &jobs[job].parts[rank]);
                    int count = mp_cpus_count(&all);
                    mp_cpus_drop(&all, &taken);
                    assert_int_equal(mp_cpus_count(&all), count);
                    mp_cpus_join(&taken, &all);
                    free(jobs[job].parts);
                }
            }
    topology_release(&topology);
}

// What has no name is not guessed.
static void a_machine_that_tells_no_caches_is_not_cut_by_them(void **state)
{
    (void)state;
    struct topology topology = machine("0 1 2 3", "/nowhere");
    struct mp_cpus taken = mask_of("");
    struct placement placement = {.lock = -1};
    const struct wish caches = {.map = LEVEL_L3}, nodes = {.map = LEVEL_NUMA};

    assert_int_equal(mapping_make(&placement, &topology, &taken, 2, &caches, NULL), -1);
    assert_non_null(strstr(placement.error, "does not tell which CPUs share an l3cache"));
    assert_int_equal(mapping_make(&placement, &topology, &taken, 2, &nodes, NULL), 0);
    assert_int_equal(placement.count, 2);
    free(placement.parts);
    topology_release(&topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_follow_each_other),
        cmocka_unit_test(without_files_each_cpu_is_a_core),
        cmocka_unit_test(parts_are_equal_and_whole_cores),
        cmocka_unit_test(what_others_are_bound_to_is_left_to_them),
        cmocka_unit_test(a_rank_has_the_threads_of_the_smallest_part),
        cmocka_unit_test(more_ranks_than_free_cpus_are_not_bound),
        cmocka_unit_test(jobs_beside_each_other_have_cores_of_their_own),
        cmocka_unit_test(two_jobs_take_disjoint_cpus),
        cmocka_unit_test(a_machine_that_tells_no_caches_is_not_cut_by_them),
    };
    return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
