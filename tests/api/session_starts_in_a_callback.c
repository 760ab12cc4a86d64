// SPDX-License-Identifier: MIT
// A callback may start and end a session, also while another thread comes to MPI for the first
// time: that one waits for the call of which the callback is, and the callback not for that one.
// Rank 0 has MPI_THREAD_MULTIPLE, rank 1 MPI_THREAD_FUNNELED, beside which a session may start.
// ranks: 2
// timeout: 60
#include "sessions.h"

#include <pthread.h>

static int multiple;

static void *come(void *nothing)
{
    if (multiple) {
        int world;
        OK(MPI_Comm_size(MPI_COMM_WORLD, &world));
        CHECK(world == size, "size %d", world);
    } else {
        MPI_Session session = session_new(NULL);
        OK(MPI_Session_finalize(&session));
    }
    return nothing;
}

static int delete_attribute(MPI_Comm comm, int keyval, void *value, void *state)
{
    (void)comm, (void)keyval, (void)state;
    CHECK(!pthread_create(value, NULL, come, NULL), "no thread");
    nap(50); // or it comes later
    MPI_Session session = session_new(NULL);
    OK(MPI_Session_finalize(&session));
    return MPI_SUCCESS;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int keyval, provided;
    MPI_Comm comm;

    whoami();
    multiple = rank == 0;
    MPI_Init_thread(&argc, &argv, multiple ? MPI_THREAD_MULTIPLE : MPI_THREAD_FUNNELED, &provided);
    OK(MPI_Comm_dup(MPI_COMM_SELF, &comm));
    OK(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, delete_attribute, &keyval, NULL));
    OK(MPI_Comm_set_attr(comm, keyval, &thread));
    OK(MPI_Comm_free(&comm));
    pthread_join(thread, NULL);
    OK(MPI_Comm_free_keyval(&keyval));
    return finish();
}
