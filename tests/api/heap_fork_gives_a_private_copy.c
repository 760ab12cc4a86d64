// SPDX-License-Identifier: MIT
// A forked child has the large blocks of its parent as they were, and may change and free them; the
// parent does not see that, nor the child what the parent does later. Before MPI_Init and after.
// ranks: 1 2
// channels: shm
#define _GNU_SOURCE
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 700001, SPARSE = 64 << 20 };

static char *block, *other, *sparse;

static void tell(int fd)
{
    if (write(fd, "x", 1) != 1)
        _exit(9);
}

static void hear(int fd)
{
    char c;
    if (read(fd, &c, 1) != 1)
        _exit(8);
}

// The child's half; its exit status says what was wrong.
static int child(int in, int out)
{
    if (wrong_byte(block, BYTES, 1) >= 0 || wrong_byte(other, BYTES, 2) >= 0)
        return 1;
    if (sparse[0] != 's' || sparse[SPARSE - 1] != 0)
        return 2;
    fill(block, BYTES, 3); // ours now
    tell(out);             // the parent looks at its own, and then changes it
    hear(in);
    if (wrong_byte(block, BYTES, 3) >= 0 || wrong_byte(other, BYTES, 2) >= 0)
        return 3;
    block = realloc(block, BYTES * 2);
    if (!block || wrong_byte(block, BYTES, 3) >= 0)
        return 4;
    char *fresh = calloc(BYTES, 1);
    for (int i = 0; i < BYTES; i++)
        if (!fresh || fresh[i])
            return 5;
    pid_t grandchild = fork();
    if (grandchild == 0) {
        fill(block, BYTES, 5);
        free(block);
        _exit(wrong_byte(other, BYTES, 2) >= 0);
    }
    int status;
    if (waitpid(grandchild, &status, 0) != grandchild || status != 0)
        return 6;
    if (wrong_byte(block, BYTES, 3) >= 0)
        return 7;
    free(block);
    free(fresh);
    free(sparse);
    tell(out);
    return wrong_byte(other, BYTES, 2) >= 0 ? 10 : 0;
}

static void fork_once(void)
{
    int to_child[2], to_parent[2], status;
    fill(block, BYTES, 1);
    fill(other, BYTES, 2);
    if (pipe(to_child) != 0 || pipe(to_parent) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(to_child[0], to_parent[1]));
    close(to_parent[1]);
    hear(to_parent[0]);
    CHECK(wrong_byte(block, BYTES, 1) < 0, "the child's writing is seen");
    fill(block, BYTES, 4);
    fill(other, BYTES, 4);
    tell(to_child[1]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "the child says %d", status >> 8);
    CHECK(wrong_byte(block, BYTES, 4) < 0 && wrong_byte(other, BYTES, 4) < 0,
          "the child's writing is seen later");
    close(to_parent[0]);
    close(to_child[0]);
    close(to_child[1]);
}

int main(int argc, char **argv)
{
    block = malloc(BYTES);
    other = malloc(BYTES);
    sparse = calloc(SPARSE, 1);
    if (!block || !other || !sparse)
        return 1;
    sparse[0] = 's';
    fork_once();
    start(&argc, &argv);
    fork_once();
    // Blocks of before and after still serve messages.
    int peer = (rank + 1) % size, from = (rank + size - 1) % size;
    fill(block, BYTES, (unsigned)(10 + rank));
    OK(MPI_Sendrecv(block, BYTES, MPI_BYTE, peer, 0, other, BYTES, MPI_BYTE, from, 0,
                    MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    HOLDS(other, BYTES, (unsigned)(10 + from));
    fork_once();
    free(block);
    free(other);
    free(sparse);
    return finish();
}
