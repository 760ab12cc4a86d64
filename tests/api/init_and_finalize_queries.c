// SPDX-License-Identifier: MIT
// What may be asked before MPI_Init and after MPI_Finalize answers then too: Initialized,
// Finalized, Get_version, Get_library_version; during, the thread level and the names.
// ranks: 1 3
#include "check.h"

int main(int argc, char **argv)
{
    int flag = -1, version = 0, subversion = 0, length = -1, provided = -1;
    char text[MPI_MAX_LIBRARY_VERSION_STRING], before[MPI_MAX_LIBRARY_VERSION_STRING];
    char name[MPI_MAX_PROCESSOR_NAME];
    if (MPI_Initialized(&flag) || flag || MPI_Finalized(&flag) || flag) {
        return 2;
    }
    if (MPI_Get_version(&version, &subversion) || version != MPI_VERSION ||
        subversion != MPI_SUBVERSION) {
        return 3;
    }
    if (MPI_Get_library_version(before, &length) || length <= 0 ||
        (size_t)length != strlen(before)) {
        return 4;
    }
    int original = argc;
    char *first = argv[0];
    OK(MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided));
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    CHECK(argc == original && argv[0] == first, "the arguments were changed");
    CHECK(provided == MPI_THREAD_SERIALIZED || provided == MPI_THREAD_MULTIPLE, "level %d",
          provided);
    int level;
    OK(MPI_Query_thread(&level));
    CHECK(level == provided, "level %d, but %d was provided", level, provided);
    OK(MPI_Is_thread_main(&flag));
    CHECK(flag, "not the main thread");
    OK(MPI_Initialized(&flag));
    CHECK(flag, "not initialized");
    OK(MPI_Finalized(&flag));
    CHECK(!flag, "finalized");
    OK(MPI_Get_library_version(text, &length));
    CHECK(strcmp(text, before) == 0, "'%s', before '%s'", text, before);
    OK(MPI_Get_processor_name(name, &length));
    CHECK(length > 0 && length < MPI_MAX_PROCESSOR_NAME && (size_t)length == strlen(name),
          "name '%s', length %d", name, length);
    // Time.
    double tick = MPI_Wtick(), last = MPI_Wtime();
    CHECK(tick > 0 && tick < 1e-3, "tick %g", tick);
    for (int i = 0; i < 100000; i++) {
        double t = MPI_Wtime();
        CHECK(t >= last, "time goes back by %g s", last - t);
        last = t;
    }
    nap(20);
    CHECK(MPI_Wtime() - last >= 0.02 - tick, "20 ms took %g s", MPI_Wtime() - last);
    // Attributes of the world.
    int *value;
    OK(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &flag));
    CHECK(flag && *value >= 32767, "tag upper bound");
    int word = rank, tag = *value;
    OK(MPI_Sendrecv_replace(&word, 1, MPI_INT, (rank + 1) % size, tag, (rank + size - 1) % size,
                            tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    CHECK(word == (rank + size - 1) % size, "received %d with the largest tag", word);
    OK(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_WTIME_IS_GLOBAL, &value, &flag));
    CHECK(flag && (*value == 0 || *value == 1), "Wtime is global");
    OK(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_IO, &value, &flag));
    OK(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_UNIVERSE_SIZE, &value, &flag));
    OK(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &value, &flag));
    OK(MPI_Finalize());
    if (MPI_Initialized(&flag) || !flag || MPI_Finalized(&flag) || !flag) {
        return 5;
    }
    if (MPI_Get_library_version(text, &length) || strcmp(text, before) != 0) {
        return 6;
    }
    return MPI_Get_version(&version, &subversion) ? 7 : 0;
}
