// SPDX-License-Identifier: MIT
// Makes and frees every kind of object many times: memory ends where it began: what malloc has
// given out, what is resident of this process alone, and what of memory that ranks share. Context
// ids come back, too, or the communicators would run out.
//     mprun -n 2 tests/stress/objects 1000000 [part of the name of a kind]
// Read next: objects_kinds.h.
// ranks: 1 2 3
// args: 300
// timeout: 120
// not under: valgrind
#include "objects_kinds.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

// Where a sanitizer keeps freed memory for a while, only its own search for leaks can tell.
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { MEASURED = 0 };
#else
enum { MEASURED = 1 };
#endif

// A free list may be longer than it was after the warm-up; a leak of a byte a round is more than
// this in the long run, and one of an object is in the short one. Of the rings that ranks share,
// pages become resident as they are used.
enum { SLACK = 12 << 10, SLACK_PRIVATE = 64 << 10, SLACK_SHARED = 4 << 20 };

enum { IN_USE, PRIVATE, SHARED, FIGURES };
static const char *const figure_names[FIGURES] = {"bytes from malloc", "bytes of private memory",
                                                  "bytes of shared memory"};
static const long slack[FIGURES] = {SLACK, SLACK_PRIVATE, SLACK_SHARED};

// Without a stream, whose buffer would count.
static void measure(long figures[FIGURES])
{
    char text[4096], *at;
    struct mallinfo2 info = mallinfo2();
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t got = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    CHECK(got > 0, "/proc/self/status cannot be read");
    close(file);
    text[got] = 0;
    figures[IN_USE] = (long)(info.uordblks + info.hblkhd);
    at = strstr(text, "RssAnon:");
    figures[PRIVATE] = at ? strtol(at + 8, NULL, 10) << 10 : 0;
    at = strstr(text, "RssShmem:");
    figures[SHARED] = at ? strtol(at + 9, NULL, 10) << 10 : 0;
}

static void run_kind(const struct kind *kind, long rounds)
{
    long warm = (rounds < 20000 ? rounds : 20000) / kind->share;
    for (long i = 0; i < warm; i++) {
        kind->once();
    }
    OK(MPI_Barrier(world));
    long before[FIGURES], after[FIGURES];
    measure(before);
    double begin = MPI_Wtime();
    for (long i = 0; i < rounds / kind->share; i++) {
        kind->once();
    }
    OK(MPI_Barrier(world));
    double took = MPI_Wtime() - begin;
    measure(after);
    if (rank == 0 && rounds >= 10000) {
        printf("%-28s %9ld times %8.2f s %8.3f us each, %+ld bytes, %+ld KiB private, %+ld KiB "
               "shared\n",
               kind->name, rounds / kind->share, took, took * 1e6 / (double)rounds * kind->share,
               after[IN_USE] - before[IN_USE], (after[PRIVATE] - before[PRIVATE]) >> 10,
               (after[SHARED] - before[SHARED]) >> 10);
        fflush(stdout);
    }
    for (int i = 0; i < FIGURES; i++) {
        CHECK(!MEASURED || after[i] - before[i] <= slack[i], "%s: %ld %s more after %ld times",
              kind->name, after[i] - before[i], figure_names[i], rounds / kind->share);
    }
}

int main(int argc, char **argv)
{
    static char attached[1 << 16];
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 300;
    start(&argc, &argv);
    CHECK(size <= 64, "%d ranks, 64 are the most", size);
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &world));
    OK(MPI_Buffer_attach(attached, sizeof attached));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (argc < 3 || strstr(kinds[i].name, argv[2])) {
            run_kind(&kinds[i], rounds);
        }
    }
    void *address;
    int bytes;
    OK(MPI_Buffer_detach(&address, &bytes));
    OK(MPI_Comm_free(&world));
    return finish();
}
