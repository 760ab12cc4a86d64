// SPDX-License-Identifier: MIT
// MPI_Finalize first of all deletes the attributes of MPI_COMM_SELF, the last one set first; MPI is
// still there in their callbacks, for communication too, and for a session of their own.
// ranks: 1 3
// says: all hooks were called
// not under: check
#include "sessions.h"

enum { HOOKS = 5 };
static int called, keyvals[HOOKS + 1];

static int hook(MPI_Comm comm, int keyval, void *value, void *extra)
{
    int flag = 1, n = 0, number = (int)(intptr_t)value;
    CHECK(comm == MPI_COMM_SELF && keyval == keyvals[number] && extra == keyvals,
          "other arguments");
    CHECK(number == HOOKS - 1 - called % 100 || number == HOOKS, "hook %d after %d others", number,
          called);
    OK(MPI_Finalized(&flag));
    CHECK(!flag, "finalized in hook %d", number);
    OK(MPI_Initialized(&flag));
    CHECK(flag, "not initialized in hook %d", number);
    int one = 1;
    OK(MPI_Allreduce(&one, &n, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    CHECK(n == size, "%d ranks", n);
    if (number == 1) { // one more, from inside
        OK(MPI_Comm_set_attr(MPI_COMM_SELF, keyvals[HOOKS], (void *)(intptr_t)HOOKS));
    }
    if (number == 2) {
        MPI_Session session = session_new(NULL);
        MPI_Comm own = session_comm(session, "mpi://WORLD", "hook");
        try_out(own);
        OK(MPI_Comm_free(&own));
        OK(MPI_Session_finalize(&session));
    }
    if (number < HOOKS) {
        called++;
    } else {
        called += 100;
    }
    return MPI_SUCCESS;
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int i = 0; i <= HOOKS; i++) {
        OK(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, hook, &keyvals[i], keyvals));
        if (i < HOOKS) {
            OK(MPI_Comm_set_attr(MPI_COMM_SELF, keyvals[i], (void *)(intptr_t)i));
        }
    }
    OK(MPI_Finalize());
    if (called != HOOKS + 100) {
        return 3;
    }
    int flag;
    OK(MPI_Finalized(&flag));
    if (!flag) {
        return 4;
    }
    printf("all hooks were called\n");
    return 0;
}
