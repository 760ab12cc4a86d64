// SPDX-License-Identifier: MIT
// The private memory of a rank after MPI_Init: what the process has for itself, in KB, the largest
// and the middle one of all ranks.
//     mprun -n 64 tests/bench/footprint
// With an argument, what the job has of memory, in KB: after MPI_Init and a barrier, after an
// exchange in a ring, and, if it is "pairs", after every pair has sent one message each way. That
// is, per rank (the middle one), private memory, page tables and addresses, of which those in our
// segment and in our shared heap; and the pages that the job has in each of these.
#include <dirent.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIGURES = 5 };
static const char *const names[FIGURES] = {"private", "tables", "addresses", "segment", "heap"};
static const char segment_name[] = "/memfd:mprun ", heap_name[] = "/memfd:mprun-heap";
static int rank, size;

static int ascending(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

// The sum of the numbers in the lines of a file that begin so.
static long sum_of(const char *path, const char *name)
{
    char line[512];
    long total = 0, part;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0 && sscanf(line, "%*s %ld", &part) == 1) {
            total += part;
        }
    }
    if (!file) {
        perror(path);
        MPI_Abort(MPI_COMM_WORLD, 1);
        return 0;
    }
    fclose(file);
    return total;
}

static long mapped(const char *name)
{
    char line[512];
    long total = 0;
    unsigned long from, to;
    FILE *file = fopen("/proc/self/maps", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strstr(line, name) && sscanf(line, "%lx-%lx", &from, &to) == 2) {
            total += (long)((to - from) >> 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return total;
}

// The pages of a file that is mapped; 0 where the system does not let us look.
static long pages_of(const char *name)
{
    char path[300], target[300];
    struct stat status;
    long total = 0;
    struct dirent *entry;
    DIR *folder = opendir("/proc/self/map_files");
    while (folder && total == 0 && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof path, "/proc/self/map_files/%.80s", entry->d_name);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = 0;
        if (strstr(target, name) && stat(path, &status) == 0) {
            total = (long)(status.st_blocks / 2);
        }
    }
    if (folder) {
        closedir(folder);
    }
    return total;
}

static void job_memory(const char *when)
{
    MPI_Barrier(MPI_COMM_WORLD);
    long own[FIGURES] = {
        sum_of("/proc/self/smaps_rollup", "Private_"), sum_of("/proc/self/status", "VmPTE"),
        sum_of("/proc/self/status", "VmSize"), mapped(segment_name), mapped(heap_name)};
    long in_segment = rank == 0 ? pages_of(segment_name) : 0;
    long in_heap = rank == 0 ? pages_of(heap_name) : 0;
    long *all = malloc((size_t)size * sizeof *all);
    for (int i = 0; i < FIGURES; i++) {
        MPI_Gather(&own[i], 1, MPI_LONG, all, 1, MPI_LONG, 0, MPI_COMM_WORLD);
        if (rank == 0) {
            qsort(all, (size_t)size, sizeof *all, ascending);
            printf("%s_%s 0 %ld KB 0 0 0\n", when, names[i], all[size / 2]);
        }
    }
    if (rank == 0) {
        printf("%s_segment_pages 0 %ld KB 0 0 0\n", when, in_segment);
        printf("%s_heap_pages 0 %ld KB 0 0 0\n", when, in_heap);
    }
    free(all);
}

static void exchange(int distance)
{
    int word = rank, got = -1, to = (rank + distance) % size;
    int from = (rank + size - distance) % size;
    MPI_Sendrecv(&word, 1, MPI_INT, to, 0, &got, 1, MPI_INT, from, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    if (got != from) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    long total = sum_of("/proc/self/smaps_rollup", "Private_");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 1) {
        job_memory("init");
        exchange(1);
        job_memory("ring");
        for (int i = 1; i < size && strcmp(argv[1], "pairs") == 0; i++) {
            exchange(i);
        }
        job_memory(argv[1]);
        MPI_Finalize();
        return 0;
    }
    long *all = malloc((size_t)size * sizeof *all);
    MPI_Gather(&total, 1, MPI_LONG, all, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        qsort(all, (size_t)size, sizeof *all, ascending);
        printf("footprint_most 0 %ld KB 0 0 0\n", all[size - 1]);
        printf("footprint_median 0 %ld KB 0 0 0\n", all[size / 2]);
    }
    free(all);
    MPI_Finalize();
    return 0;
}
