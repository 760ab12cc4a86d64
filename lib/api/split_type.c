// SPDX-License-Identifier: MIT
// Chapter 7: MPI_Comm_split_type, which groups processes by what they share (7.4.2). Memory is what
// near peers share, so over sockets nobody does; a machine is a node, and what smaller parts of it
// each is restricted to, process/hardware.h tells.
#include "api/api.h"
#include "collectives/collectives.h"
#include "collectives/comm_make.h"
#include "object/info.h"
#include "process/hardware.h"
#include "process/near_guests.h"

#include <stdlib.h>
#include <string.h>

static const char hardware_key[] = "mpi_hw_resource_type";

// The same for the ranks that share memory: the first of them. With other worlds about, numbers
// that are the same in two of them are told apart, but for those whose processes are near.
static int memory_color(const struct mp_comm *comm)
{
    int first = mp_process.near > 1 ? mp_process.first : mp_process.rank;
    bool guests = comm->group->guests || (comm->remote && comm->remote->guests);
    uint64_t place = mp_near_can() ? mp_near_place() : mp_process.segment->job + (uint64_t)first;
    return guests ? (int)(place * 0x9e3779b97f4a7c15 >> 33) : first;
}

// What this process is restricted to, as hardware.h has it, but with other numbers on other nodes.
static void instances_of_job(int instances[MP_HARDWARE_TYPES])
{
    enum { CPU_BITS = 18 };
    mp_hardware_instances(instances);
    for (int i = 0; i < MP_HARDWARE_TYPES; i++) {
        if (instances[i] >= 0) {
            instances[i] |= (int)mp_process.segment->node << CPU_BITS;
        }
    }
}

// By the type of hardware that was asked for. Unknown ones, and a process that may use several
// instances of it, get no communicator.
static int hardware_color(const struct mp_comm *comm, const char *name)
{
    int instances[MP_HARDWARE_TYPES];
    int type = name ? mp_hardware_find(name) : -1;

    if (name && strcmp(name, "mpi_shared_memory") == 0) {
        return memory_color(comm);
    }
    if (type < 0) {
        return MPI_UNDEFINED;
    }
    instances_of_job(instances);
    return instances[type] >= 0 ? instances[type] : MPI_UNDEFINED;
}

static int pset_color(const char *name)
{
    int number = mp_pset_find(name);
    return number < 0 ? MPI_UNDEFINED : mp_pset_size(number) == 1 ? mp_process.rank : 0;
}

static int guided_color(const struct mp_comm *comm, const struct mp_info *info, bool psets,
                        int *color)
{
    const char *hardware = info ? mp_info_find(info, hardware_key) : NULL;
    const char *pset = info && psets ? mp_info_find(info, "mpi_pset_name") : NULL;

    if (hardware && pset) {
        return mp_fail(MPI_ERR_INFO_VALUE, "info has both %s and mpi_pset_name, must have one",
                       hardware_key);
    }
    *color = pset ? pset_color(pset) : hardware_color(comm, hardware);
    return 0;
}

// Level `type` is where the ranks go apart: some of them are restricted to an instance of it, and
// there is none that all are restricted to.
static bool goes_apart(const int *instances, int ranks, int type)
{
    bool some = false;
    bool all_the_same = true;
    for (int i = 0; i < ranks; i++) {
        int mine = instances[i * MP_HARDWARE_TYPES + type];
        some |= mine >= 0;
        all_the_same &= mine == instances[type];
    }
    return some && !all_the_same;
}

// Every rank of both groups, if there are two, gives `count` ints and gets all of them: the local
// group's first.
static int gather(struct mp_comm *comm, int *mine, int count, int **all, int *ranks)
{
    int remote = comm->remote ? comm->remote->size : 0;
    struct mp_blocks one = {.buffer = mine,
                            .counts = mp_counts_each(count),
                            .displacements = mp_counts_each(count),
                            .type = mp_datatype_get(MPI_INT)};
    struct mp_blocks many = one;

    *ranks = comm->size + remote;
    *all = malloc((size_t)*ranks * (size_t)count * sizeof **all);
    if (!*all) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a communicator");
    }
    many.buffer = *all;
    struct mp_collective c = {
        .kind = MP_ALLGATHER, .comm = comm->remote ? comm->intra : comm, .send = one, .recv = many};
    int err = mp_collective_run(&c);
    if (!err && comm->remote) {
        c.comm = comm;
        c.recv.buffer = *all + (size_t)comm->size * (size_t)count;
        err = mp_collective_run(&c);
    }
    return err;
}

// Unguided: the highest level at which the ranks of `comm` go apart; *type is -1 if there is none.
// Ranks that ask for no communicator take part, and count as restricted to nothing.
static int unguided_color(struct mp_comm *comm, bool wanted, int *color, int *type)
{
    int mine[MP_HARDWARE_TYPES];
    int *all;
    int ranks;

    instances_of_job(mine);
    for (int i = 0; i < MP_HARDWARE_TYPES; i++) {
        mine[i] = wanted ? mine[i] : MP_HARDWARE_NONE;
    }
    int err = gather(comm, mine, MP_HARDWARE_TYPES, &all, &ranks);
    for (int i = 0; i < MP_HARDWARE_TYPES && !err && *type < 0; i++) {
        if (goes_apart(all, ranks, i)) {
            *color = mine[i] >= 0 ? mine[i] : MPI_UNDEFINED;
            *type = i;
        }
    }
    free(all);
    return err;
}

// A rank with MPI_UNDEFINED does not know which type the others gave: so all say first whether they
// mean the unguided one, which has more to talk about.
static int is_unguided(struct mp_comm *comm, int split_type, bool *answer)
{
    int mine = split_type == MPI_COMM_TYPE_HW_UNGUIDED;
    int *all;
    int ranks;
    int err = gather(comm, &mine, 1, &all, &ranks);

    *answer = false;
    for (int i = 0; i < ranks && !err; i++) {
        *answer |= all[i] != 0;
    }
    free(all);
    return err;
}

static int check_split_type(int split_type)
{
    switch (split_type) {
    case MPI_COMM_TYPE_SHARED:
    case MPI_COMM_TYPE_HW_GUIDED:
    case MPI_COMM_TYPE_HW_UNGUIDED:
    case MPI_COMM_TYPE_RESOURCE_GUIDED:
    case MPI_UNDEFINED:
        return 0;
    default:
        return mp_fail(MPI_ERR_ARG,
                       "split_type is %d, must be one of MPI_COMM_TYPE_* or MPI_UNDEFINED",
                       split_type);
    }
}

static int split(struct mp_comm *comm, int split_type, int key, struct mp_info *info,
                 struct mp_comm **made)
{
    bool guided =
        split_type == MPI_COMM_TYPE_HW_GUIDED || split_type == MPI_COMM_TYPE_RESOURCE_GUIDED;
    bool unguided = false;
    int color = split_type == MPI_COMM_TYPE_SHARED ? memory_color(comm) : MPI_UNDEFINED;
    int type = -1;
    int err = 0;

    if (guided) {
        err = guided_color(comm, info, split_type == MPI_COMM_TYPE_RESOURCE_GUIDED, &color);
    }
    err = err ? err : is_unguided(comm, split_type, &unguided);
    if (!err && unguided) {
        err = unguided_color(comm, split_type == MPI_COMM_TYPE_HW_UNGUIDED, &color, &type);
    }
    err = err ? err : mp_comm_split(comm, color, key, made);
    if (!err && *made && type >= 0 && info && info != mp_info_get(MPI_INFO_ENV)) {
        err = mp_info_put(info, hardware_key, mp_hardware_name(type));
    }
    return err;
}

int PMPI_Comm_split_type(MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    struct mp_info *given = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_split_type, comm, &c);
    err = err ? err : mp_check_info(info, &given);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    err = err ? err : check_split_type(split_type);
    err = err ? err : split(c, split_type, key, given, &made);
    if (!err && made) {
        err = mp_hints_take(given, c->session, &made->info);
    }
    return mp_leave_with_comm(MP_CALL_Comm_split_type, c, err, made, newcomm);
}
MP_WEAK(Comm_split_type);
