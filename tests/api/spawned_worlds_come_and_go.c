// SPDX-License-Identifier: MIT
// ranks: 1 2
// timeout: 100
// A world is spawned, exchanges messages and collectives with its parents, and disconnects, many
// times: descriptors, context ids and the memory of both stay as they are. Spawned ranks spawn in
// turn. Each has its number of the program, and the error handler that was asked for. What cannot
// be started is an error, at all ranks, and with a code for each process.
#include "check.h"
#include "descriptors.h"

// Both sides do this.
static void exchange(MPI_Comm inter, int high)
{
    static char data[100000];
    MPI_Comm all;
    int here, there, both, sum = 0, one = 1, me;

    MPI_Comm_size(inter, &here);
    MPI_Comm_remote_size(inter, &there);
    MPI_Comm_rank(inter, &me);
    OK(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, inter));
    CHECK(sum == there, "%d of %d", sum, there);
    OK(MPI_Intercomm_merge(inter, high, &all));
    MPI_Comm_size(all, &both);
    CHECK(both == here + there, "%d", both);
    OK(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, all));
    CHECK(sum == both, "%d of %d", sum, both);
    if (me == 0 && high) {
        memset(data, 5, sizeof data);
        OK(MPI_Ssend(data, sizeof data, MPI_BYTE, 0, 1, inter));
    } else if (me == 0) {
        OK(MPI_Recv(data, sizeof data, MPI_BYTE, 0, 1, inter, MPI_STATUS_IGNORE));
        CHECK(data[0] == 5 && data[sizeof data - 1] == 5, "%d", data[0]);
    }
    OK(MPI_Comm_free(&all));
}

static void be_child(MPI_Comm parent, int argc, char **argv)
{
    MPI_Comm inter;
    char name[MPI_MAX_OBJECT_NAME], grandchild[] = "grandchild", *arguments[] = {grandchild, NULL};
    int length, *appnum, flag;

    CHECK(argc == 2, "%d", argc);
    OK(MPI_Comm_get_name(parent, name, &length));
    CHECK(strcmp(name, "MPI_COMM_PARENT") == 0, "%s", name);
    OK(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &appnum, &flag));
    CHECK(flag && *appnum == (argv[1][0] == 'm' ? rank : 0), "%d", *appnum);
    exchange(parent, 1);
    if (strcmp(argv[1], "child") == 0) {
        OK(MPI_Comm_spawn(argv[0], arguments, 1, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter,
                          MPI_ERRCODES_IGNORE));
        exchange(inter, 0);
        OK(MPI_Comm_disconnect(&inter));
    }
    OK(MPI_Comm_disconnect(&parent));
    OK(MPI_Comm_get_parent(&parent));
    CHECK(parent == MPI_COMM_NULL, "not null");
    MPI_Finalize();
}

static void cannot(void)
{
    MPI_Comm inter;
    int codes[2] = {0, 0};

    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    FAILS(MPI_ERR_SPAWN, MPI_Comm_spawn("/no/such/program", MPI_ARGV_NULL, 2, MPI_INFO_NULL, 0,
                                        MPI_COMM_WORLD, &inter, codes));
    CHECK(inter == MPI_COMM_NULL, "not null");
    CHECK(rank != 0 || (codes[0] == MPI_ERR_SPAWN && codes[1] == MPI_ERR_SPAWN), "%d", codes[0]);
    FAILS(MPI_ERR_SPAWN, MPI_Comm_spawn("true", MPI_ARGV_NULL, 2, MPI_INFO_NULL, 0, MPI_COMM_WORLD,
                                        &inter, codes));
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
}

int main(int argc, char **argv)
{
    char leaf[] = "leaf", child[] = "child", many[] = "many";
    char *arguments[] = {leaf, NULL}, *deep[] = {child, NULL}, *several[] = {many, NULL};
    char *commands[] = {argv[0], argv[0]}, **argvs[] = {several, several};
    int counts[] = {1, 1}, codes[3], before = 0;
    MPI_Info infos[] = {MPI_INFO_NULL, MPI_INFO_NULL}, info;
    MPI_Comm parent, inter;

    start(&argc, &argv);
    OK(MPI_Comm_get_parent(&parent));
    if (parent != MPI_COMM_NULL) {
        be_child(parent, argc, argv);
        return 0;
    }
    for (int i = 0; i < 20; i++) {
        OK(MPI_Comm_spawn(argv[0], arguments, 2, MPI_INFO_NULL, size - 1, MPI_COMM_WORLD, &inter,
                          codes));
        CHECK(codes[0] == MPI_SUCCESS && codes[1] == MPI_SUCCESS, "%d", codes[0]);
        exchange(inter, 0);
        OK(MPI_Comm_disconnect(&inter));
        before = i == 3 ? descriptors() : before;
    }
    CHECK(descriptors() <= before, "%d descriptors, %d before", descriptors(), before);
    OK(MPI_Comm_spawn_multiple(2, commands, argvs, counts, infos, 0, MPI_COMM_WORLD, &inter,
                               codes));
    exchange(inter, 0);
    OK(MPI_Comm_disconnect(&inter));
    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, "soft", "1,7"));
    OK(MPI_Comm_spawn(argv[0], deep, 3, info, 0, MPI_COMM_WORLD, &inter, codes));
    OK(MPI_Info_free(&info));
    exchange(inter, 0);
    OK(MPI_Comm_disconnect(&inter));
    cannot();
    return finish();
}
