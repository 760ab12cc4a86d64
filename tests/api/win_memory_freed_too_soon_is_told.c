// SPDX-License-Identifier: MIT
// To free memory that a window still exposes is told, with the address, where that memory lies in
// the shared heap; the job goes on. Not after MPI_Win_free or MPI_Win_detach.
// ranks: 2
// channels: shm
// says: frees memory that a window still exposes, 300000 bytes at
// says: frees memory that a window still exposes, 200000 bytes at
// not under: asan tsan valgrind
#include "check.h"

int main(int argc, char **argv)
{
    MPI_Win win, dynamic;
    start(&argc, &argv);
    char *early = room(300000), *late = room(400000), *attached = room(200000);
    char *detached = room(500000);
    OK(MPI_Win_create(early, 300000, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    free(early);
    OK(MPI_Win_free(&win));
    OK(MPI_Win_create(late, 400000, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    OK(MPI_Win_free(&win));
    free(late);
    OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &dynamic));
    OK(MPI_Win_attach(dynamic, attached, 200000));
    OK(MPI_Win_attach(dynamic, detached, 500000));
    OK(MPI_Win_detach(dynamic, detached));
    free(detached);
    free(attached);
    OK(MPI_Win_free(&dynamic));
    return finish();
}
