// SPDX-License-Identifier: MIT
// A copy function may set attributes of the communicator that is being copied, and delete the very
// one that it copies, keyval and all: those that come behind it are copied all the same.
// ranks: 1
// not under: check
#include "check.h"

enum { KEYS = 4 };
static int keys[KEYS], another, values[KEYS];

static int copy(MPI_Comm old, int keyval, void *state, void *value, void *copied, int *flag)
{
    (void)state;
    if (keyval == keys[2]) {
        OK(MPI_Comm_set_attr(old, another, values));
    } else if (keyval == keys[3]) {
        OK(MPI_Comm_delete_attr(old, keyval));
        OK(MPI_Comm_free_keyval(&keys[3]));
    }
    memcpy(copied, &value, sizeof value);
    *flag = 1;
    return MPI_SUCCESS;
}

static void holds(MPI_Comm comm, int keyval, const int *expected)
{
    int *value = NULL, found = 0;
    OK(MPI_Comm_get_attr(comm, keyval, &value, &found));
    CHECK(found && value == expected, "found %d, %p instead of %p", found, (void *)value,
          (const void *)expected);
}

int main(int argc, char **argv)
{
    MPI_Comm comm, made;

    start(&argc, &argv);
    OK(MPI_Comm_dup(MPI_COMM_SELF, &comm));
    OK(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &another, NULL));
    for (int i = 0; i < KEYS; i++) {
        OK(MPI_Comm_create_keyval(copy, MPI_COMM_NULL_DELETE_FN, &keys[i], NULL));
        OK(MPI_Comm_set_attr(comm, keys[i], &values[i]));
    }
    int last = keys[3];
    OK(MPI_Comm_delete_attr(comm, keys[0]));
    OK(MPI_Comm_delete_attr(comm, keys[1]));
    OK(MPI_Comm_dup(comm, &made));
    holds(made, keys[2], &values[2]);
    holds(made, last, &values[3]);
    OK(MPI_Comm_free(&made));
    OK(MPI_Comm_free(&comm));
    return finish();
}
