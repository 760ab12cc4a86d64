// SPDX-License-Identifier: MIT
// Ranks that disagree about the length of a collective: whoever receives too much is told so,
// nobody hangs and nothing is written beyond a buffer. (In a tree, a rank may get its data from
// one that was told, and notice nothing.)
// ranks: 2 3 5
#include "check.h"

#include <stdbool.h>

enum { SHORT = 10, LONG = 3000, HUGE_COUNT = 200000 };

static int class_of(int error)
{
    int class = MPI_SUCCESS;
    if (error != MPI_SUCCESS) {
        MPI_Error_class(error, &class);
    }
    return class;
}

// Some rank must have been told, and the root, who sends, none.
static void somebody_told(int class)
{
    int told = class == MPI_ERR_TRUNCATE, any = 0;
    CHECK(class == MPI_SUCCESS || (told && rank != 0), "class is %d", class);
    OK(MPI_Allreduce(&told, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
    CHECK(any, "nobody was told");
}

static void guarded(const int *buffer, int from, int to)
{
    for (int i = from; i < to; i++) {
        CHECK(buffer[i] == -1, "element %d was overwritten with %d", i, buffer[i]);
    }
}

// A communicator that is new, or has had an operation before: those may go different ways.
static bool used;

static MPI_Comm communicator(void)
{
    MPI_Comm w;
    MPI_Comm_dup(MPI_COMM_WORLD, &w);
    if (used) {
        OK(MPI_Barrier(w));
    }
    return w;
}

static void bcast(int more, int less)
{
    MPI_Comm w = communicator();
    int *buffer = room((size_t)more * sizeof *buffer);
    memset(buffer, 0xff, (size_t)more * sizeof *buffer);
    somebody_told(class_of(MPI_Bcast(buffer, rank == 0 ? more : less, MPI_INT, 0, w)));
    guarded(buffer, less, more);
    MPI_Comm_free(&w);
    free(buffer);
}

static void gather(int more, int less)
{
    MPI_Comm w = communicator();
    int *in = room((size_t)more * sizeof *in);
    int *out = room((size_t)(more * size) * sizeof *out);
    memset(in, 1, (size_t)more * sizeof *in);
    memset(out, 0xff, (size_t)(more * size) * sizeof *out);
    int error =
        class_of(MPI_Gather(in, rank == 0 ? less : more, MPI_INT, out, less, MPI_INT, 0, w));
    CHECK(error == (rank == 0 ? MPI_ERR_TRUNCATE : MPI_SUCCESS), "class is %d", error);
    if (rank == 0) {
        guarded(out, less * size, more * size);
    }
    MPI_Comm_free(&w);
    free(in);
    free(out);
}

// Blocks of `more` elements, or fewer by rank, for each of which one less is expected: everybody is
// told. Or (`fits`) one more, which may be.
static void scatterv(int more, int less, bool even, bool fits)
{
    MPI_Comm w = communicator();
    int counts[8], displs[8], sum = 0;
    for (int i = 0; i < size; i++) {
        counts[i] = even || i == 0 ? more : more - i % 4;
        displs[i] = sum;
        sum += counts[i];
    }
    int expected = less - (more - counts[rank]),
        got = expected < counts[rank] ? expected : counts[rank];
    int *in = room((size_t)sum * sizeof *in);
    int *out = room((size_t)(more + 8) * sizeof *out);
    memset(in, 1, (size_t)sum * sizeof *in);
    memset(out, 0xff, (size_t)(more + 8) * sizeof *out);
    int error = class_of(
        MPI_Scatterv(in, counts, displs, MPI_INT, out, rank == 0 ? more : expected, MPI_INT, 0, w));
    CHECK(error == (rank == 0 || fits ? MPI_SUCCESS : MPI_ERR_TRUNCATE), "class is %d", error);
    guarded(out, rank == 0 ? more : got, more + 8);
    MPI_Comm_free(&w);
    free(in);
    free(out);
}

static void alltoallv(int more, int less, bool even, bool fits)
{
    MPI_Comm w = communicator();
    int given[8], taken[8], displs[8], n = more > less ? more : less;
    for (int i = 0; i < size; i++) {
        given[i] = even ? more : more - (i + rank) % 4;
        taken[i] = i == rank ? given[i] : given[i] + less - more;
        displs[i] = i * (n + 8);
    }
    size_t bytes = (size_t)((n + 8) * size) * sizeof(int);
    int *in = room(bytes), *out = room(bytes);
    memset(in, 1, bytes);
    memset(out, 0xff, bytes);
    int error = class_of(MPI_Alltoallv(in, given, displs, MPI_INT, out, taken, displs, MPI_INT, w));
    CHECK(error == (fits ? MPI_SUCCESS : MPI_ERR_TRUNCATE), "class is %d", error);
    for (int i = 0; i < size; i++) {
        int got = given[i] < taken[i] ? given[i] : taken[i];
        guarded(out + displs[i], got, n + 8);
        CHECK(got == 0 || out[displs[i]] == 0x01010101, "block %d did not come", i);
    }
    MPI_Comm_free(&w);
    free(in);
    free(out);
}

static void uneven(void)
{
    static const int lengths[] = {SHORT, 150, LONG, HUGE_COUNT};
    for (int i = 0; i < 2 * (int)COUNT_OF(lengths); i++) {
        int n = lengths[i / 2];
        scatterv(n, n - 1, i % 2, false);
        alltoallv(n, n - 1, i % 2, false);
        scatterv(n, n + 1, i % 2, true);
        alltoallv(n, n + 1, i % 2, true);
    }
}

static void nonblocking(void)
{
    MPI_Comm w;
    MPI_Request request;
    int buffer[LONG];
    memset(buffer, 0xff, sizeof buffer);
    MPI_Comm_dup(MPI_COMM_WORLD, &w);
    OK(MPI_Ibcast(buffer, rank == 0 ? LONG : SHORT, MPI_INT, 0, w, &request));
    somebody_told(class_of(MPI_Wait(&request, MPI_STATUS_IGNORE)));
    CHECK(request == MPI_REQUEST_NULL, "the request is still there");
    guarded(buffer, SHORT, LONG);
    MPI_Comm_free(&w);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    for (int i = 0; i < 2; i++) {
        used = i == 1;
        bcast(SHORT + 1, SHORT);
        bcast(LONG, SHORT);
        if (size <= 3) { // more may choose different algorithms by such lengths, and wait in vain
            bcast(HUGE_COUNT, SHORT);
        }
        bcast(HUGE_COUNT, HUGE_COUNT - 1);
        gather(SHORT + 1, SHORT);
        gather(LONG, SHORT);
        gather(HUGE_COUNT, SHORT);
        uneven();
    }
    nonblocking();
    return finish();
}
