// SPDX-License-Identifier: MIT
// Chapter 11: starting processes (11.8).
#include "api/api.h"
#include "collectives/offspring.h"
#include "object/info.h"

#include <stdlib.h>
#include <string.h>

int PMPI_Comm_get_parent(MPI_Comm *parent)
{
    int err = mp_enter(MP_CALL_Comm_get_parent);
    err = err ? err : mp_check_pointer(parent, "parent");
    if (!err) {
        *parent = mp_comm_parent ? mp_comm_handle(mp_comm_parent) : MPI_COMM_NULL;
    }
    return mp_leave(MP_CALL_Comm_get_parent, NULL, err);
}
MP_WEAK(Comm_get_parent);

static int check_group(struct mp_comm *comm, int root)
{
    if (comm->remote) {
        return mp_fail(MPI_ERR_COMM, "comm is an intercommunicator, must be an intracommunicator");
    }
    return mp_check_root(comm, root);
}

// A program, at the root.
static int check_program(struct mp_offspring *program, MPI_Info info)
{
    struct mp_info *hints = NULL;
    int err = mp_check_pointer(program->command, "command");
    err = err ? err : mp_check_info(info, &hints);
    program->info = hints;
    if (!err && program->command[0] == 0) {
        err = mp_fail(MPI_ERR_SPAWN, "command is empty");
    }
    if (!err && program->ranks < 1) {
        err = mp_fail(MPI_ERR_ARG, "maxprocs is %d, must be 1 or more", program->ranks);
    }
    if (!err && mp_offspring_ranks(program->ranks, hints) < 1) {
        err = mp_fail(MPI_ERR_SPAWN,
                      "the info's \"soft\" is \"%.60s\", which allows no number of "
                      "processes from 1 to %d",
                      mp_info_find(hints, "soft"), program->ranks);
    }
    return err;
}

// Every process gets the codes (11.8.2): all started, or none.
static void fill_codes(int *codes, int count, int err)
{
    for (int i = 0; codes != MPI_ERRCODES_IGNORE && i < count; i++) {
        codes[i] = err ? MPI_ERR_SPAWN : MPI_SUCCESS;
    }
}

static int finish(int call, struct mp_comm *comm, int err, struct mp_comm *made,
                  MPI_Comm *intercomm, int most, int *codes)
{
    fill_codes(codes, made ? made->remote->size : most, err);
    return mp_leave_with_comm(call, comm, err, made, intercomm);
}

int PMPI_Comm_spawn(const char *command, char *argv[], int maxprocs, MPI_Info info, int root,
                    MPI_Comm comm, MPI_Comm *intercomm, int array_of_errcodes[])
{
    struct mp_comm *c = NULL, *made = NULL;
    struct mp_offspring program = {.command = command, .arguments = argv, .ranks = maxprocs};
    int err = mp_enter_comm(MP_CALL_Comm_spawn, comm, &c);
    err = err ? err : mp_check_pointer(intercomm, "intercomm");
    err = err ? err : check_group(c, root);
    if (!err) {
        int problem = c->rank == root ? check_program(&program, info) : 0;
        err = mp_comm_spawn(&program, 1, root, c, problem, &made);
    }
    return finish(MP_CALL_Comm_spawn, c, err, made, intercomm,
                  c && c->rank == root && maxprocs > 0 ? maxprocs : 0, array_of_errcodes);
}
MP_WEAK(Comm_spawn);

// The programs, at the root. *most: processes that were asked for.
static int check_programs(struct mp_offspring **programs, int count, char *commands[],
                          char **argvs[], const int maxprocs[], const MPI_Info infos[], int *most)
{
    int err = count < 1 ? mp_fail(MPI_ERR_ARG, "count is %d, must be 1 or more", count) : 0;
    err = err ? err : mp_check_pointer(commands, "array_of_commands");
    err = err ? err : mp_check_pointer(maxprocs, "array_of_maxprocs");
    err = err ? err : mp_check_pointer(infos, "array_of_info");
    *programs = err ? NULL : calloc((size_t)count, sizeof **programs);
    if (!err && !*programs) {
        err = mp_fail(MPI_ERR_NO_MEM, "no memory for %d programs", count);
    }
    for (int i = 0; i < count && !err; i++) {
        (*programs)[i] = (struct mp_offspring){
            .command = commands[i], .arguments = argvs ? argvs[i] : NULL, .ranks = maxprocs[i]};
        err = check_program(&(*programs)[i], infos[i]);
        *most += maxprocs[i] > 0 ? maxprocs[i] : 0;
    }
    return err;
}

int PMPI_Comm_spawn_multiple(int count, char *array_of_commands[], char **array_of_argv[],
                             const int array_of_maxprocs[], const MPI_Info array_of_info[],
                             int root, MPI_Comm comm, MPI_Comm *intercomm, int array_of_errcodes[])
{
    struct mp_comm *c = NULL, *made = NULL;
    struct mp_offspring *programs = NULL;
    int most = 0;
    int err = mp_enter_comm(MP_CALL_Comm_spawn_multiple, comm, &c);
    err = err ? err : mp_check_pointer(intercomm, "intercomm");
    err = err ? err : check_group(c, root);
    if (!err) {
        int problem = c->rank == root
                          ? check_programs(&programs, count, array_of_commands, array_of_argv,
                                           array_of_maxprocs, array_of_info, &most)
                          : 0;
        err = mp_comm_spawn(programs, count, root, c, problem, &made);
    }
    free(programs);
    return finish(MP_CALL_Comm_spawn_multiple, c, err, made, intercomm, most, array_of_errcodes);
}
MP_WEAK(Comm_spawn_multiple);
