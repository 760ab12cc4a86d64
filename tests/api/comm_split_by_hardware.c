// SPDX-License-Identifier: MIT
// MPI_Comm_split_type by what the processes are restricted to, here by their affinity: guided to a
// type, unguided down the hierarchy, to process sets; and no communicator where the standard gives
// none. MPI_Get_hw_resource_info tells the types.
// ranks: 1 2 4
// options: --bind-to none
#define _GNU_SOURCE
#include "sessions.h"

#include <sched.h>

static int cpus; // that this process may use

// Restricts this process to the n-th of its CPUs.
static void pin(const cpu_set_t *usable, int n)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, usable) && n-- == 0) {
            CPU_SET(cpu, &one);
        }
    }
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "cannot set the affinity");
}

static MPI_Comm guided(MPI_Comm parent, int split_type, const char *key, const char *value)
{
    MPI_Info info;
    MPI_Comm comm = (MPI_Comm)(uintptr_t)1;
    OK(MPI_Info_create(&info));
    if (key) {
        OK(MPI_Info_set(info, key, value));
    }
    OK(MPI_Comm_split_type(parent, split_type, rank, info, &comm));
    OK(MPI_Info_free(&info));
    return comm;
}

#define MEMBERS(comm, expected)                                                  \
    do {                                                                         \
        int n_ = 0;                                                              \
        CHECK((comm) != MPI_COMM_NULL, "no communicator");                       \
        OK(MPI_Comm_size(comm, &n_));                                            \
        CHECK(n_ == (expected), "%d members, expected %d", n_, (int)(expected)); \
        try_out(comm);                                                           \
        OK(MPI_Comm_free(&(comm)));                                              \
    } while (0)

static int node_of(int r)
{
    const char *shape = getenv("TEST_SHAPE");
    int nodes = shape && strncmp(shape, "nodes", 5) == 0 ? atoi(shape + 5) : 1, node = 0;
    nodes = nodes < size ? nodes : size;
    while (r >= (node + 1) * size / nodes) {
        node++;
    }
    return node;
}

static int on_my_node(void)
{
    int n = 0;
    for (int r = 0; r < size; r++) {
        n += node_of(r) == node_of(rank);
    }
    return n;
}

static int on_my_cpu(void) // ranks that pin themselves to the same CPU of the same node
{
    int n = 0;
    for (int r = 0; r < size; r++) {
        n += r % cpus == rank % cpus && node_of(r) == node_of(rank);
    }
    return n;
}

static void sets(void)
{
    MPI_Comm comm =
        guided(MPI_COMM_WORLD, MPI_COMM_TYPE_RESOURCE_GUIDED, "mpi_pset_name", "mpi://WORLD");
    MEMBERS(comm, size);
    comm = guided(MPI_COMM_WORLD, MPI_COMM_TYPE_RESOURCE_GUIDED, "mpi_pset_name", "mpi://SELF");
    MEMBERS(comm, 1);
    comm = guided(MPI_COMM_WORLD, MPI_COMM_TYPE_RESOURCE_GUIDED, "mpi_pset_name", "mpi://NOWHERE");
    CHECK(comm == MPI_COMM_NULL, "a communicator of a set that is not there");
    comm = guided(MPI_COMM_WORLD, MPI_COMM_TYPE_HW_GUIDED, "mpi_pset_name", "mpi://WORLD");
    CHECK(comm == MPI_COMM_NULL, "a process set taken for hardware");
}

static void nothing(void)
{
    static const int types[] = {MPI_COMM_TYPE_HW_GUIDED, MPI_COMM_TYPE_RESOURCE_GUIDED};
    MPI_Comm comm;
    for (int i = 0; i < 2; i++) {
        OK(MPI_Comm_split_type(MPI_COMM_WORLD, types[i], 0, MPI_INFO_NULL, &comm));
        CHECK(comm == MPI_COMM_NULL, "a communicator without an info");
        comm = guided(MPI_COMM_WORLD, types[i], NULL, NULL);
        CHECK(comm == MPI_COMM_NULL, "a communicator without a key");
        comm = guided(MPI_COMM_WORLD, types[i], "mpi_hw_resource_type", "org.example://abacus");
        CHECK(comm == MPI_COMM_NULL, "a communicator of an unknown type");
        comm = guided(MPI_COMM_WORLD, types[i], "mpi_hw_resource_type", "mpi_shared_memory");
        MEMBERS(comm, sharing());
    }
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    FAILS(MPI_ERR_ARG, MPI_Comm_split_type(MPI_COMM_WORLD, -12345, 0, MPI_INFO_NULL, &comm));
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL));
    // Somebody does not want one.
    int split_type = rank == 0 ? MPI_UNDEFINED : MPI_COMM_TYPE_SHARED;
    OK(MPI_Comm_split_type(MPI_COMM_WORLD, split_type, 0, MPI_INFO_NULL, &comm));
    if (rank == 0) {
        CHECK(comm == MPI_COMM_NULL, "an unwanted communicator");
    } else {
        MEMBERS(comm, sharing() - (sharing() > 1 && node_of(0) == node_of(rank)));
    }
}

static const char *restricted(const char *type)
{
    static char value[16];
    int length = sizeof value, flag;
    MPI_Info info;
    OK(MPI_Get_hw_resource_info(&info));
    OK(MPI_Info_get_string(info, type, &length, value, &flag));
    OK(MPI_Info_free(&info));
    return flag ? value : "unknown";
}

// Down to where nobody can be told from anybody else: always smaller, always the same type at all.
static void down(MPI_Comm parent)
{
    MPI_Comm at = parent;
    int members = size, steps = 0;
    while (at != MPI_COMM_NULL) {
        MPI_Comm next;
        MPI_Info info;
        char type[64] = "none";
        int length = sizeof type, flag, n;
        OK(MPI_Info_create(&info));
        OK(MPI_Comm_split_type(at, MPI_COMM_TYPE_HW_UNGUIDED, rank, info, &next));
        OK(MPI_Info_get_string(info, "mpi_hw_resource_type", &length, type, &flag));
        CHECK(flag == (next != MPI_COMM_NULL), "type %s", type);
        OK(MPI_Info_free(&info));
        if (next != MPI_COMM_NULL) {
            char first[64];
            memcpy(first, type, sizeof first);
            OK(MPI_Bcast(first, sizeof first, MPI_CHAR, 0, next));
            CHECK(strcmp(first, type) == 0, "%s here, %s there", type, first);
            CHECK(strcmp(restricted(type), "true") == 0, "not restricted to %s", type);
            OK(MPI_Comm_size(next, &n));
            CHECK(n < members, "%d of %d is no less", n, members);
            members = n;
            steps++;
        }
        if (at != parent) {
            OK(MPI_Comm_free(&at));
        }
        at = next;
        CHECK(steps < 20, "no end");
    }
    int expected = cpus > 1 && size > 1 ? on_my_cpu() : on_my_node();
    CHECK(members == expected, "ended at %d ranks, expected %d", members, expected);
}

int main(int argc, char **argv)
{
    cpu_set_t usable;
    CHECK(sched_getaffinity(0, sizeof usable, &usable) == 0, "no affinity");
    cpus = CPU_COUNT(&usable);
    start(&argc, &argv);
    sets();
    nothing();
    MPI_Comm comm =
        guided(MPI_COMM_WORLD, MPI_COMM_TYPE_HW_GUIDED, "mpi_hw_resource_type", "hwloc://Machine");
    MEMBERS(comm, on_my_node());
    CHECK(strcmp(restricted("hwloc://Machine"), "true") == 0, "on several machines?");
    CHECK(strcmp(restricted("hwloc://PU"), cpus > 1 ? "false" : "true") == 0, "PU: %s",
          restricted("hwloc://PU"));
    if (cpus > 1) {
        comm =
            guided(MPI_COMM_WORLD, MPI_COMM_TYPE_HW_GUIDED, "mpi_hw_resource_type", "hwloc://PU");
        CHECK(comm == MPI_COMM_NULL, "restricted to one of %d CPUs", cpus);
    }
    pin(&usable, rank % cpus);
    CHECK(strcmp(restricted("hwloc://PU"), "true") == 0, "PU: %s", restricted("hwloc://PU"));
    comm = guided(MPI_COMM_WORLD, MPI_COMM_TYPE_HW_GUIDED, "mpi_hw_resource_type", "hwloc://PU");
    MEMBERS(comm, on_my_cpu());
    comm =
        guided(MPI_COMM_WORLD, MPI_COMM_TYPE_RESOURCE_GUIDED, "mpi_hw_resource_type", "hwloc://PU");
    MEMBERS(comm, on_my_cpu());
    down(MPI_COMM_WORLD);
    CHECK(sched_setaffinity(0, sizeof usable, &usable) == 0, "cannot set the affinity");
    return finish();
}
