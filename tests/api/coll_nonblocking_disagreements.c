// SPDX-License-Identifier: MIT
// Ranks that disagree about a nonblocking collective, about its root, its length or which one it
// is: those who wait for data or for the others are told so and nobody hangs; nothing is written
// beyond a buffer, and the next operation is as right as ever.
// ranks: 3
// channels: shm
#include "check.h"

enum { SHORT = 5, LONG = 40000 };

static int in[LONG], out[3 * LONG];
static MPI_Comm comm;

static int wait_for(MPI_Request *request)
{
    int error = MPI_Wait(request, MPI_STATUS_IGNORE), class = MPI_SUCCESS;
    CHECK(*request == MPI_REQUEST_NULL, "the request is still there");
    if (error != MPI_SUCCESS) {
        MPI_Error_class(error, &class);
    }
    return class;
}

static void next_is_right(void)
{
    MPI_Request request;
    int one = 1, sum = 0;
    OK(MPI_Iallreduce(&one, &sum, 1, MPI_INT, MPI_SUM, comm, &request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(sum == size, "the sum is %d", sum);
}

static void root(void)
{
    MPI_Request request;
    int value = 0;
    OK(MPI_Ibcast(&value, 1, MPI_INT, rank == 2 ? 1 : 0, comm, &request));
    int class = wait_for(&request);
    CHECK(class == (rank == 2 ? MPI_ERR_ROOT : MPI_SUCCESS), "class is %d", class);
    next_is_right();
}

static void operation(void)
{
    MPI_Request request;
    if (rank == 1) {
        OK(MPI_Ibarrier(comm, &request));
    } else {
        OK(MPI_Iallreduce(in, out, 1, MPI_INT, MPI_SUM, comm, &request));
    }
    int class = wait_for(&request);
    CHECK(class == MPI_ERR_OTHER, "class is %d", class);
    next_is_right();
}

// Rank 1 gives `count` elements to the others' `expected`.
static void length(int count, int expected)
{
    MPI_Request request;
    int mine = rank == 1 ? count : expected;
    memset(out, 0xff, sizeof out);
    OK(MPI_Ibcast(out, mine, MPI_INT, 1, comm, &request));
    int class = wait_for(&request);
    int should = rank == 1 ? MPI_SUCCESS : count > expected ? MPI_ERR_TRUNCATE : MPI_ERR_COUNT;
    CHECK(class == should, "%d of %d: class is %d, not %d", count, expected, class, should);
    CHECK(out[mine] == -1, "written beyond the buffer");

    OK(MPI_Igather(in, mine, MPI_INT, out, expected, MPI_INT, 0, comm, &request));
    class = wait_for(&request);
    should = rank == 0 ? should : MPI_SUCCESS;
    CHECK(class == should, "gather %d of %d: class is %d", count, expected, class);
    CHECK(out[3 * expected] == -1, "written beyond the buffer");
}

static void lengths_of_all(void)
{
    MPI_Request request;
    OK(MPI_Iallreduce(in, out, 1 + (rank == 1), MPI_INT, MPI_SUM, comm, &request));
    int class = wait_for(&request);
    CHECK(class == (rank == 1 ? MPI_ERR_COUNT : MPI_ERR_TRUNCATE), "class is %d", class);
    next_is_right();
}

// In a v form only more than there is room for is wrong.
static void uneven(int count)
{
    int counts[3] = {count, count, count}, places[3] = {0, LONG, 2 * LONG};
    MPI_Request request;
    memset(out, 0xff, sizeof out);
    OK(MPI_Igatherv(in, count + (rank == 1), MPI_INT, out, counts, places, MPI_INT, 0, comm,
                    &request));
    int class = wait_for(&request);
    CHECK(class == (rank == 0 ? MPI_ERR_TRUNCATE : MPI_SUCCESS), "class is %d", class);
    CHECK(out[LONG + count] == -1, "written beyond the block");
    OK(MPI_Igatherv(in, rank == 1 ? count - 1 : count, MPI_INT, out, counts, places, MPI_INT, 0,
                    comm, &request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
}

// Of itself, too: every rank gives blocks of `given` elements and has room for others.
static void blocks(int given, int room, int should)
{
    MPI_Request requests[2];
    memset(out, 0xff, sizeof out);
    OK(MPI_Ialltoall(in, given, MPI_INT, out, room, MPI_INT, comm, &requests[0]));
    OK(MPI_Ibarrier(comm, &requests[1])); // the post after it
    int class = wait_for(&requests[0]);
    CHECK(class == should, "%d of %d: class is %d, not %d", given, room, class, should);
    CHECK(out[3 * room] == -1, "written beyond the buffer");
    OK(MPI_Wait(&requests[1], MPI_STATUS_IGNORE));
    next_is_right();
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    length(SHORT + 1, SHORT);
    length(SHORT, SHORT + 1);
    length(LONG - 1, LONG - 2);
    length(LONG - 2, LONG - 1);
    length(LONG - 1, SHORT);
    blocks(100, 1, MPI_ERR_TRUNCATE);
    blocks(1, 100, MPI_ERR_COUNT);
    uneven(SHORT);
    uneven(LONG - 1);
    next_is_right();
    root();
    operation();
    lengths_of_all();
    length(SHORT, LONG - 1); // the last one: some of it may still come
    OK(MPI_Comm_free(&comm));
    return finish();
}
