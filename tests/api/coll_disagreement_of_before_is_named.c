// SPDX-License-Identifier: MIT
// ranks: 3
// channels: shm
// expect: exit 8
// says: operations ago on this communicator
// says: was in a broadcast with root 1
// Ranks disagreed about an operation in which none of them waited for another, and went on. It is
// told soon, and in words that name what each was in.
#include "check.h"

#include <stdbool.h>

enum { CALLS = 2000, ODD = 5, SOON = 100 };

// Returns the class of error that this rank was told.
static int disagree(bool reduces, MPI_Errhandler handler)
{
    int value = 0, sum, got = MPI_SUCCESS;
    MPI_Comm comm;

    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_set_errhandler(comm, handler));
    for (int i = 0; i < CALLS; i++) {
        bool odd = rank == 1 && i == ODD;
        int error = odd && reduces ? MPI_Reduce(&value, &sum, 1, MPI_INT, MPI_SUM, 0, comm)
                                   : MPI_Bcast(&value, 1, MPI_INT, odd && !reduces ? 1 : 0, comm);
        if (error && !got) {
            OK(MPI_Error_class(error, &got));
            CHECK(i < SOON, "told in call %d", i);
        }
    }
    MPI_Comm_free(&comm);
    return got;
}

static void is_told(bool reduces, int class)
{
    int got = disagree(reduces, MPI_ERRORS_RETURN), most;
    CHECK(got == MPI_SUCCESS || got == class, "class %d, not %d", got, class);
    OK(MPI_Allreduce(&got, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
    CHECK(most == class, "nobody was told, where it is class %d", class);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    is_told(false, MPI_ERR_ROOT);
    is_told(true, MPI_ERR_OTHER);
    disagree(false, MPI_ERRORS_ARE_FATAL);
    return finish();
}
