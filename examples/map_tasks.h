// SPDX-License-Identifier: MIT
// What mapreduce.c works on: the input files, the tasks they are cut into, and the work folder
// where the results of finished tasks survive a kill.
//
// The manifest is the plan of a run, as text: the settings and every file with its size and
// times. Rank 0 makes it from the command line; every rank derives the same tasks from it.
// A task's fingerprint covers all that its result depends on, and the result, the task's part, is
// kept in a file of that name. So a part that is there can be used, whatever happened in between:
// a kill, another number of ranks, or a change of other inputs.

#ifndef MAP_TASKS_H
#define MAP_TASKS_H

#include "word_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_MAGIC "mapreduce work folder 1\n"
#define PART_MAGIC     0x3154524150575244 // at the start of a part

struct input {
    char *path;
    int64_t size, modified, changed; // times in nanoseconds
    unsigned char unread; // why it could not be read: errno, or CHANGED; 0: nothing known
    bool left_out;        // for that reason, by all ranks
};
#define CHANGED UCHAR_MAX

struct piece { // of a file: the words that start in [from, to)
    size_t input;
    int64_t from, to;
};

struct task { // a piece of a large file, or several small files
    size_t first_piece, pieces;
    int64_t size;
    uint64_t fingerprint;
};

struct plan {
    const char *work; // the folder of the parts
    int64_t chunk;    // about the size of a task
    bool lower;       // upper case is made lower case
    bool strict;      // a file that cannot be read is the end
    int64_t size;     // of all inputs
    struct input *input;
    size_t inputs;
    struct piece *piece;
    size_t pieces;
    struct task *task;
    size_t tasks;
};

// The wanted element of an array that grows as needed.
#define ARRAY_APPEND(array, used)                                                                \
    (((used) & ((used) + 1)) == 0                                                                \
         ? ((array) = allocate((array), ((used) + 1) * 2 * sizeof *(array)), &(array)[(used)++]) \
         : &(array)[(used)++])

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

// ---------------------------------------------------------------------------------------------
// The manifest

static void manifest_line(struct bytes *manifest, const char *path, const struct stat *stat)
{
    char line[128];
    int length =
        snprintf(line, sizeof line, "%jd %" PRId64 " %" PRId64 " %zu ", (intmax_t)stat->st_size,
                 nanoseconds(stat->st_mtim), nanoseconds(stat->st_ctim), strlen(path));
    bytes_append(manifest, line, (size_t)length);
    bytes_append(manifest, path, strlen(path));
    bytes_append(manifest, "\n", 1);
}

static int compare_names(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

// Lists the files given and those in the folders given, all the way down. Symbolic links are
// followed if given by name, and not if met in a folder; what is no file is left out there, and
// so is what the program itself writes (skip). That is what grep -r does. What cannot be read is
// named and left out; adds how much that is to *unread. False if there is no list.
static bool manifest_make(struct bytes *manifest, const struct plan *plan, char **paths,
                          const struct stat *skip, int skips, int64_t *unread)
{
    char head[128];
    int length =
        snprintf(head, sizeof head, MANIFEST_MAGIC "chunk %" PRId64 "\nlower %d\nstrict %d\n",
                 plan->chunk, plan->lower, plan->strict);
    bytes_append(manifest, head, (size_t)length);

    // fts_open would refuse all for the sake of an empty name.
    char **to = paths;
    for (char **path = paths; *path; path++) {
        if (**path) {
            *to++ = *path;
        } else {
            fprintf(stderr, "mapreduce: cannot read a file without a name\n");
            ++*unread;
        }
    }
    *to = NULL;

    errno = 0;
    FTS *tree =
        *paths ? fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare_names) : NULL;
    FTSENT *entry;
    while (tree && (errno = 0, entry = fts_read(tree))) {
        bool own = false;
        for (int i = 0; i < skips; i++)
            own = own || same_file(entry->fts_statp, &skip[i]);
        const char *path = entry->fts_path, *problem = NULL;
        switch (entry->fts_info) {
        case FTS_F:
            if (own)
                break;
            if (access(path, R_OK) != 0)
                problem = strerror(errno);
            else
                manifest_line(manifest, path, entry->fts_statp);
            break;
        case FTS_D:
            if (own)
                fts_set(tree, entry, FTS_SKIP);
            break;
        case FTS_DNR:
        case FTS_ERR:
        case FTS_NS:
            problem = strerror(entry->fts_errno);
            break;
        case FTS_SLNONE:
            if (entry->fts_level == 0)
                problem = "a symbolic link to nowhere";
            break;
        case FTS_DEFAULT:
            if (entry->fts_level == 0)
                problem = "not a file or folder";
            break;
        default:
            break;
        }
        if (problem)
            fprintf(stderr, "mapreduce: cannot read %s: %s\n", path, problem);
        *unread += problem != NULL;
    }
    bool good = !errno;
    if (!good)
        fprintf(stderr, "mapreduce: cannot list the inputs: %s\n", strerror(errno));
    if (tree)
        fts_close(tree);
    return good;
}

static uint64_t task_fingerprint(const struct plan *plan, const struct task *task)
{
    uint64_t hash = checksum(plan->lower, MANIFEST_MAGIC, strlen(MANIFEST_MAGIC));
    for (size_t i = task->first_piece; i < task->first_piece + task->pieces; i++) {
        const struct piece *piece = &plan->piece[i];
        const struct input *input = &plan->input[piece->input];
        int64_t numbers[] = {input->size, input->modified, input->changed, piece->from, piece->to};
        hash = checksum(hash, input->path, strlen(input->path));
        hash = checksum(hash, numbers, sizeof numbers);
    }
    return hash;
}

// Makes a task of the pieces from first_piece on.
static void plan_close_task(struct plan *plan, size_t first_piece)
{
    if (first_piece == plan->pieces)
        return;
    struct task *task = ARRAY_APPEND(plan->task, plan->tasks);
    *task = (struct task){first_piece, plan->pieces - first_piece, 0, 0};
    for (size_t i = first_piece; i < plan->pieces; i++)
        task->size += plan->piece[i].to - plan->piece[i].from;
    task->fingerprint = task_fingerprint(plan, task);
}

static int64_t manifest_number(const char **at, const char *before)
{
    char *end;
    int64_t number = strtoll(*at + strlen(before), &end, 10);
    *at = end;
    return number;
}

// Cuts the files into tasks. Large files are cut at multiples of the chunk counted from their own
// start, and a file that is left out leaves its place among small ones empty, so that a change of
// one file leaves the tasks of others alone.
static void plan_cut(struct plan *plan)
{
    size_t first = 0; // the first piece of the task that is being filled
    int64_t filled = 0;
    plan->size = 0;
    plan->pieces = plan->tasks = 0;
    for (size_t i = 0; i < plan->inputs; i++) {
        int64_t size = plan->input[i].size;
        bool left_out = plan->input[i].left_out;
        plan->size += left_out ? 0 : size;
        if (size >= plan->chunk || filled >= plan->chunk) {
            plan_close_task(plan, first);
            first = plan->pieces;
            filled = 0;
        }
        for (int64_t from = 0; from < size; from += plan->chunk) {
            int64_t to = size - from < plan->chunk ? size : from + plan->chunk;
            if (!left_out)
                *ARRAY_APPEND(plan->piece, plan->pieces) = (struct piece){i, from, to};
            filled += to - from;
            if (size >= plan->chunk) {
                plan_close_task(plan, first);
                first = plan->pieces;
                filled = 0;
            }
        }
    }
    plan_close_task(plan, first);
}

// The number of files that are not left out.
static size_t plan_files(const struct plan *plan)
{
    size_t files = 0;
    for (size_t i = 0; i < plan->inputs; i++)
        files += !plan->input[i].left_out;
    return files;
}

// Reads a manifest, which has a zero byte behind its end.
static void plan_make(struct plan *plan, const struct bytes *manifest)
{
    const char *at = (const char *)manifest->data, *end = at + manifest->used;
    at += strlen(MANIFEST_MAGIC);
    plan->chunk = manifest_number(&at, "chunk ");
    plan->lower = manifest_number(&at, "\nlower ");
    plan->strict = manifest_number(&at, "\nstrict ");
    for (at++; at < end; at++) {
        struct input *input = ARRAY_APPEND(plan->input, plan->inputs);
        *input = (struct input){.path = NULL};
        input->size = manifest_number(&at, "");
        input->modified = manifest_number(&at, " ");
        input->changed = manifest_number(&at, " ");
        size_t length = (size_t)manifest_number(&at, " ");
        input->path = allocate(NULL, length + 1);
        memcpy(input->path, at + 1, length);
        input->path[length] = 0;
        at += 1 + length;
    }
    plan_cut(plan);
}

static void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->inputs; i++)
        free(plan->input[i].path);
    free(plan->input);
    free(plan->piece);
    free(plan->task);
}

// ---------------------------------------------------------------------------------------------
// Files that appear whole or not at all

static char *join(const char *folder, const char *name)
{
    char *path = allocate(NULL, strlen(folder) + strlen(name) + 2);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

static char *part_path(const struct plan *plan, const struct task *task)
{
    char name[32];
    snprintf(name, sizeof name, "%016" PRIx64 ".part", task->fingerprint);
    return join(plan->work, name);
}

static bool write_all(int fd, const void *data, size_t size)
{
    for (const char *p = data; size > 0;) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

// Writes head and body to a temporary name and renames it. There is no fsync: after a power cut
// the file may be there and damaged, which the checksum of a part finds.
static bool write_whole(const char *path, const void *head, size_t head_size,
                        const struct bytes *body)
{
    char *temporary = allocate(NULL, strlen(path) + 32);
    sprintf(temporary, "%s.%ld.tmp", path, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    bool good = fd >= 0 && write_all(fd, head, head_size) && write_all(fd, body->data, body->used);
    if (fd >= 0)
        good = close(fd) == 0 && good;
    good = good && rename(temporary, path) == 0;
    if (!good) {
        fprintf(stderr, "mapreduce: cannot write %s: %s\n", path, strerror(errno));
        unlink(temporary);
    }
    free(temporary);
    return good;
}

// ---------------------------------------------------------------------------------------------
// Parts

struct part_head {
    uint64_t magic, fingerprint, size, checksum; // of the records that follow
};

static bool part_save(const struct plan *plan, const struct task *task, const struct bytes *records)
{
    struct part_head head = {PART_MAGIC, task->fingerprint, records->used,
                             checksum(0, records->data, records->used)};
    char *path = part_path(plan, task);
    bool good = write_whole(path, &head, sizeof head, records);
    free(path);
    return good;
}

// False if the part is not there or damaged: then the task is to be done again.
static bool part_load(const struct plan *plan, const struct task *task, struct bytes *records)
{
    char *path = part_path(plan, task);
    FILE *file = fopen(path, "r");
    struct part_head head;
    struct stat stat;
    bool good = file && fread(&head, sizeof head, 1, file) == 1 && head.magic == PART_MAGIC &&
                head.fingerprint == task->fingerprint && fstat(fileno(file), &stat) == 0 &&
                (uint64_t)stat.st_size == sizeof head + head.size;
    if (good) {
        records->used = 0;
        bytes_reserve(records, head.size);
        records->used = fread(records->data, 1, head.size, file);
        good = records->used == head.size &&
               head.checksum == checksum(0, records->data, records->used);
    }
    if (file)
        fclose(file);
    if (file && !good)
        fprintf(stderr, "mapreduce: %s is damaged, doing its task again\n", path);
    free(path);
    return good;
}

static bool part_exists(const struct plan *plan, const struct task *task)
{
    char *path = part_path(plan, task);
    bool exists = access(path, F_OK) == 0;
    free(path);
    return exists;
}

// ---------------------------------------------------------------------------------------------
// The work folder; all of this is done by rank 0

static bool ends_with(const char *name, const char *end)
{
    return strlen(name) >= strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

static bool is_part(const char *name) // or one that was not finished
{
    return strspn(name, "0123456789abcdef") == 16 && strncmp(name + 16, ".part", 5) == 0;
}

static bool our_name(const char *name)
{
    return is_part(name) || strncmp(name, "MANIFEST", 8) == 0;
}

// Makes the folder, or makes sure that it is one of ours.
static bool work_open(const char *work)
{
    if (mkdir(work, 0777) == 0)
        return true;
    if (errno != EEXIST) {
        fprintf(stderr, "mapreduce: cannot make the work folder %s: %s\n", work, strerror(errno));
        return false;
    }
    bool ours = true;
    DIR *folder = opendir(work);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        ours = ours && (entry->d_name[0] == '.' || our_name(entry->d_name));
    if (folder)
        closedir(folder);
    if (!folder || !ours)
        fprintf(stderr, "mapreduce: %s is there and is not a work folder of this program\n", work);
    return folder && ours;
}

static int compare_numbers(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// Removes unfinished files, and the parts that belong to no task of the plan. Returns how many
// parts it removed.
static int work_sweep(const struct plan *plan)
{
    uint64_t *wanted = allocate(NULL, plan->tasks * sizeof *wanted);
    for (size_t i = 0; i < plan->tasks; i++)
        wanted[i] = plan->task[i].fingerprint;
    qsort(wanted, plan->tasks, sizeof *wanted, compare_numbers);

    int removed = 0;
    DIR *folder = opendir(plan->work);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        bool finished = !ends_with(entry->d_name, ".tmp");
        uint64_t fingerprint = strtoull(entry->d_name, NULL, 16);
        if (!our_name(entry->d_name) || (finished && !is_part(entry->d_name)))
            continue;
        if (finished && bsearch(&fingerprint, wanted, plan->tasks, sizeof *wanted, compare_numbers))
            continue;
        char *path = join(plan->work, entry->d_name);
        removed += unlink(path) == 0 && finished;
        free(path);
    }
    if (folder)
        closedir(folder);
    free(wanted);
    return removed;
}

static void work_remove(const char *work)
{
    struct plan nothing = {.work = work};
    work_sweep(&nothing);
    char *path = join(work, "MANIFEST");
    unlink(path);
    free(path);
    if (rmdir(work) != 0)
        fprintf(stderr, "mapreduce: cannot remove %s: %s\n", work, strerror(errno));
}

#endif
