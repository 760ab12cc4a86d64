// SPDX-License-Identifier: MIT
// ranks: 1 2 5
// channels: shm
// A program may close all descriptors that it did not open itself, and open others in their place:
// it goes on to find new peers, and new communicators' boards.
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

enum { COMMUNICATORS = 300 };

static void send_and_receive(void)
{
    for (int i = 0; i < size; i++) {
        int to = (rank + i) % size, from = (rank + size - i) % size, word = rank, got = -1;
        OK(MPI_Sendrecv(&word, 1, MPI_INT, to, i, &got, 1, MPI_INT, from, i, MPI_COMM_WORLD,
                        MPI_STATUS_IGNORE));
        CHECK(got == from, "from %d: %d", from, got);
    }
}

int main(int argc, char **argv)
{
    static MPI_Comm comms[COMMUNICATORS];

    OK(MPI_Init(&argc, &argv));
    OK(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    OK(MPI_Comm_size(MPI_COMM_WORLD, &size));
    // Errors are said by mprun's report too.
    for (int fd = 0; fd < 200; fd++) {
        close(fd);
    }
    // What is found again is not where the next one is expected that the program opens.
    send_and_receive();
    for (int fd = 0; fd < 3; fd++) {
        CHECK(open("/dev/null", O_RDWR) == fd, "the library has taken %d", fd);
    }
    for (int fd = 3; fd < 200; fd++) {
        close(fd);
    }
    while (open("/dev/zero", O_RDWR) < 100) {
    }
    send_and_receive();
    for (int i = 0; i < COMMUNICATORS; i++) {
        int one = 1, sum = 0;
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
        OK(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, comms[i]));
        CHECK(sum == size, "communicator %d: %d", i, sum);
    }
    for (int i = 0; i < COMMUNICATORS; i++) {
        OK(MPI_Comm_free(&comms[i]));
    }
    OK(MPI_Finalize());
    return 0;
}
