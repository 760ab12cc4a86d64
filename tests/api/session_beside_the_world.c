// SPDX-License-Identifier: MIT
// Sessions before MPI_Init, beside the world, across MPI_Finalize and after it; nested, and ended
// in any order. The world and each session go on unharmed by the end of the others.
// ranks: 1 2 4
#include "sessions.h"

static void world_works(void)
{
    try_out(MPI_COMM_WORLD);
    try_out(MPI_COMM_SELF);
}

static int finalized(void)
{
    int flag;
    OK(MPI_Finalized(&flag));
    return flag;
}

int main(int argc, char **argv)
{
    whoami();
    MPI_Session first = session_new("MPI_THREAD_SINGLE"), second, third;
    MPI_Comm a = session_comm(first, "mpi://WORLD", "a"), b, c;
    try_out(a);
    OK(MPI_Init(&argc, &argv)); // while a session lasts
    world_works();
    second = session_new(NULL);
    b = session_comm(second, "mpi://WORLD", "b");
    try_out(a);
    try_out(b);
    world_works();
    OK(MPI_Comm_free(&a));
    OK(MPI_Session_finalize(&first)); // the older one first
    try_out(b);
    world_works();
    for (int i = 0; i < 10; i++) {
        MPI_Session inner = session_new(i % 2 ? NULL : "MPI_THREAD_FUNNELED");
        MPI_Comm comm = session_comm(inner, "mpi://WORLD", "inner");
        try_out(comm);
        OK(MPI_Comm_free(&comm));
        OK(MPI_Session_finalize(&inner));
    }
    int flag, level;
    OK(MPI_Query_thread(&level));
    CHECK(level == MPI_THREAD_SINGLE, "the world's level is %d", level);
    OK(MPI_Is_thread_main(&flag));
    CHECK(flag, "not the main thread");
    third = session_new("MPI_THREAD_MULTIPLE");
    c = session_comm(third, "mpi://WORLD", "c");
    world_works();
    CHECK(!finalized(), "finalized too early");
    OK(MPI_Finalize());
    CHECK(finalized(), "not finalized");
    OK(MPI_Initialized(&flag));
    CHECK(flag, "not initialized any more");
    try_out(b);
    try_out(c);
    OK(MPI_Comm_free(&c));
    OK(MPI_Session_finalize(&third));
    try_out(b);
    OK(MPI_Comm_free(&b));
    OK(MPI_Session_finalize(&second));
    for (int i = 0; i < 3; i++) { // after the end of all
        MPI_Session late = session_new(NULL);
        MPI_Comm comm = session_comm(late, "mpi://WORLD", "late");
        try_out(comm);
        int result;
        FAILS(MPI_ERR_COMM, MPI_Comm_compare(comm, MPI_COMM_WORLD, &result));
        OK(MPI_Comm_free(&comm));
        OK(MPI_Session_finalize(&late));
    }
    return 0;
}
