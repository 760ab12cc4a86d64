// SPDX-License-Identifier: MIT
// MapReduce: counts the words of files and folders, as fast as they can be read.
//
//     mprun -n 4 examples/mapreduce -o counts.txt /usr/share/doc
//
// The answer is, byte for byte, that of
//
//     LC_ALL=C grep -rahoE '[A-Za-z]+' /usr/share/doc | LC_ALL=C sort | uniq -c
//
// One idea: work that survives. The inputs are cut into tasks, which rank 0 hands out as ranks
// ask for them. The counts of a finished task are put into the work folder in one step (rename),
// under a name that is made from what they depend on. A run that was killed is simply started
// again: what is there is taken, the rest is done, and nothing can count twice. So a file that
// cannot be read is no misfortune either: it is named, and the map is done again without it.
// Then every word goes to the rank that its hash names, which adds up and sorts its words, and
// rank 0 merges the sorted streams into the output.
//
// Read main() first. word_table.h counts words, map_tasks.h holds files, tasks and the work
// folder, word_exchange.h takes the words to their ranks and to the output.

#define _GNU_SOURCE

#include "map_tasks.h"
#include "usage.h"
#include "word_exchange.h"
#include "word_table.h"

#include <ctype.h>
#include <getopt.h>

#define SLICE          (256 << 10) // read at a time; small enough to stay in the cache
#define BROADCAST_MOST (1 << 30)   // bytes of one MPI_Bcast

enum { TAG_REPORT = 1, TAG_ORDER };

static int rank, ranks; // in MPI_COMM_WORLD

struct options {
    const char *output;
    char *work;
    int64_t chunk;
    bool lower, keep, strict;
    char **inputs;
};

// ---------------------------------------------------------------------------------------------
// Map: who does which task. Whoever asks for a task reports on the last one; rank 0 answers with
// the next. Rank 0 works too, and looks for questions after every slice that it has read.

struct report {
    int64_t size;   // of the input of the finished task
    int64_t reused; // its part was there
    int64_t unread; // one of its files cannot be read, so it has no result
    int64_t failed; // a message has been printed; the job comes to its end
};

struct order {
    int64_t task; // -1: there is none left
    int64_t part; // is there
};

struct farm { // rank 0's view
    const struct plan *plan;
    size_t next;    // task to hand out
    int waiting;    // ranks that will still ask
    int64_t done;   // bytes
    int64_t reused; // tasks
    bool failed;
    double start, shown;
};

static void farm_take_report(struct farm *farm, const struct report *report)
{
    farm->done += report->size;
    farm->reused += report->reused;
    farm->failed = farm->failed || report->failed || (report->unread && farm->plan->strict);

    double now = MPI_Wtime(),
           share = farm->plan->size ? (double)farm->done / (double)farm->plan->size : 1;
    if (!isatty(STDERR_FILENO) || (now - farm->shown < 0.1 && share < 1))
        return;
    char bar[41] = "........................................";
    memset(bar, '#', (size_t)(share * 40));
    fprintf(stderr, "\r[%s] %3.0f%% of %.0f MB, %.0f MB/s ", bar, 100 * share,
            (double)farm->plan->size / 1e6, (double)farm->done / 1e6 / (now - farm->start + 1e-9));
    farm->shown = now;
}

static struct order farm_next_order(struct farm *farm)
{
    if (farm->failed || farm->next == farm->plan->tasks)
        return (struct order){-1, 0};
    size_t task = farm->next++;
    return (struct order){(int64_t)task, part_exists(farm->plan, &farm->plan->task[task])};
}

// Answers one question; waits for it, or else does nothing if there is none. True if it did.
static bool farm_answer(struct farm *farm, bool wait)
{
    struct report report;
    MPI_Status status;
    int there = 1;
    if (!wait)
        MPI_Iprobe(MPI_ANY_SOURCE, TAG_REPORT, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    if (!there)
        return false;
    MPI_Recv(&report, 4, MPI_INT64_T, MPI_ANY_SOURCE, TAG_REPORT, MPI_COMM_WORLD, &status);
    farm_take_report(farm, &report);
    struct order order = farm_next_order(farm);
    farm->waiting -= order.task < 0;
    MPI_Send(&order, 2, MPI_INT64_T, status.MPI_SOURCE, TAG_ORDER, MPI_COMM_WORLD);
    return true;
}

static struct order ask(struct farm *farm, const struct report *report)
{
    if (rank == 0) {
        farm_take_report(farm, report);
        return farm_next_order(farm);
    }
    struct order order;
    MPI_Send(report, 4, MPI_INT64_T, 0, TAG_REPORT, MPI_COMM_WORLD);
    MPI_Recv(&order, 2, MPI_INT64_T, 0, TAG_ORDER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return order;
}

// ---------------------------------------------------------------------------------------------
// Map: a task

static bool unchanged(int fd, const struct input *input)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && stat.st_size == input->size &&
           nanoseconds(stat.st_mtim) == input->modified &&
           nanoseconds(stat.st_ctim) == input->changed;
}

static bool read_at(int fd, unsigned char *to, size_t size, int64_t from)
{
    while (size > 0) {
        ssize_t n = pread(fd, to, size, from);
        if (n < 0 && errno == EINTR)
            continue;
        errno = n == 0 ? EIO : errno; // unless the file turns out to be shorter now
        if (n <= 0)
            return false;
        to += n;
        from += n;
        size -= (size_t)n;
    }
    return true;
}

// Counts the words that start in [from, to) of an open file. It begins one byte early, to see
// whether a word goes on from there, and reads on behind the end until the last word is whole.
static bool count_piece(int fd, const struct input *input, const struct piece *piece, bool lower,
                        struct word_table *table, struct bytes *buffer, struct farm *farm)
{
    bool skipping = piece->from > 0; // what is left of a word that started before
    int64_t at = piece->from - skipping;
    buffer->used = 0; // the start of a word whose end has not been read yet

    while (at < piece->to || (buffer->used > 0 && at < input->size)) {
        bool behind = at >= piece->to;
        int64_t most = (behind ? input->size : piece->to) - at;
        // Reading as much again as there is keeps the work linear for a word of any length.
        int64_t size = buffer->used > SLICE ? (int64_t)buffer->used : SLICE;
        size = size < most ? size : most;
        bytes_reserve(buffer, (size_t)size + 8);
        unsigned char *fresh = buffer->data + buffer->used, *end = fresh + size;
        const unsigned char *text = buffer->data;
        if (!read_at(fd, fresh, (size_t)size, at))
            return false;
        if (lower)
            lower_case(fresh, (size_t)size);
        at += size;

        bool whole = at == input->size;
        if (skipping || behind) {
            unsigned char *letter = fresh;
            while (letter < end && is_letter(*letter))
                letter++;
            if (skipping) {
                skipping = letter == end;
                text = letter;
            } else if (letter < end) { // the last word ends here, the rest is not ours
                end = letter;
                whole = true;
            }
        }
        memset(end, 0, 8); // for table_add_text
        text = table_add_text(table, text, end, whole);
        buffer->used = (size_t)(end - text);
        memmove(buffer->data, text, buffer->used);

        while (rank == 0 && farm_answer(farm, false))
            continue;
    }
    return true;
}

// True if all pieces of the task could be counted; why not stands with the inputs.
static bool count_task(const struct plan *plan, const struct task *task, struct word_table *table,
                       struct bytes *buffer, struct farm *farm)
{
    bool all = true;
    for (size_t i = task->first_piece; i < task->first_piece + task->pieces; i++) {
        const struct piece *piece = &plan->piece[i];
        struct input *input = &plan->input[piece->input];
        int fd = open(input->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); // it may be a pipe by now
        bool good = fd >= 0 && count_piece(fd, input, piece, plan->lower, table, buffer, farm);
        int reason = errno;
        if (fd >= 0 && !unchanged(fd, input)) {
            good = false;
            reason = CHANGED;
        }
        if (fd >= 0)
            close(fd);
        if (!good)
            input->unread = (unsigned char)reason;
        all = all && good;
    }
    return all;
}

// All tasks. Each rank's counts end up in its table `total`. False if that cannot be.
static bool map_once(const struct plan *plan, struct word_table *total, int64_t *reused)
{
    struct farm farm = {.plan = plan, .waiting = ranks - 1, .start = MPI_Wtime()};
    struct word_table table = {0};
    struct bytes buffer = {0}, records = {0};
    struct report report = {0, 0, 0, 0};
    struct order order;

    while ((order = ask(&farm, &report)).task >= 0) {
        const struct task *task = &plan->task[order.task];
        report = (struct report){task->size, 0, 0, 0};
        if (order.part && part_load(plan, task, &records)) {
            report.reused = 1;
            if (!table_add_records(total, &records)) {
                fprintf(stderr, "mapreduce: a part of another format, remove %s\n", plan->work);
                report.failed = 1;
            }
            continue;
        }
        table_clear(&table);
        records.used = 0;
        report.unread = !count_task(plan, task, &table, &buffer, &farm);
        for (size_t i = 0; i < table.slots && !report.unread; i++) {
            const struct word *word = &table.slot[i];
            if (!word->count)
                continue;
            put_record(&records, word);
            table_add(total, word->head, word->tail, word->length, word->count);
        }
        if (!report.unread)
            report.failed = !part_save(plan, task, &records);
    }
    while (rank == 0 && farm.waiting > 0)
        farm_answer(&farm, true);
    if (rank == 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "\n");
    table_free(&table);
    bytes_free(&buffer);
    bytes_free(&records);

    int failed = farm.failed;
    MPI_Bcast(&failed, 1, MPI_INT, 0, MPI_COMM_WORLD);
    *reused = farm.reused;
    return !failed;
}

// Agrees on the inputs that could not be read, whichever rank found out, and names those that are
// new. Returns how many.
static int64_t gather_unread(struct plan *plan)
{
    unsigned char *unread = allocate(NULL, plan->inputs);
    int64_t found = 0;
    for (size_t i = 0; i < plan->inputs; i++)
        unread[i] = plan->input[i].unread;
    for (size_t at = 0; at < plan->inputs; at += BROADCAST_MOST) {
        size_t part = plan->inputs - at < BROADCAST_MOST ? plan->inputs - at : BROADCAST_MOST;
        MPI_Allreduce(MPI_IN_PLACE, unread + at, (int)part, MPI_UNSIGNED_CHAR, MPI_MAX,
                      MPI_COMM_WORLD);
    }
    for (size_t i = 0; i < plan->inputs; i++) {
        struct input *input = &plan->input[i];
        input->unread = unread[i];
        if (!unread[i] || input->left_out)
            continue;
        input->left_out = true;
        found++;
        if (rank == 0 && unread[i] == CHANGED)
            fprintf(stderr, "mapreduce: %s was changed while it was read\n", input->path);
        else if (rank == 0)
            fprintf(stderr, "mapreduce: cannot read %s: %s\n", input->path, strerror(unread[i]));
    }
    free(unread);
    return found;
}

// The map, until it holds all of each file that is not left out. Adds those that are to *unread.
static bool map(struct plan *plan, struct word_table *total, int64_t *reused, int64_t *unread)
{
    int64_t found, done_before;
    bool good = map_once(plan, total, reused);
    while ((found = gather_unread(plan)) > 0 && good) {
        *unread += found;
        table_clear(total);
        plan_cut(plan);
        good = map_once(plan, total, &done_before);
    }
    return good;
}

// ---------------------------------------------------------------------------------------------
// Rank 0 talks to the user

static const char usage[] =
    "Usage: mprun [-n RANKS] mapreduce [options] FILE-OR-FOLDER...\n"
    "Counts the words (runs of the letters A-Z and a-z) of files, and of all files in folders.\n"
    "\n"
    "  -o, --output FILE  where the counts go, one line per word, sorted by word\n"
    "                     (default word_counts.txt)\n"
    "  -i, --lower        make upper case lower case\n"
    "  --work DIR         where finished tasks are kept while running (default: the output's\n"
    "                     name with .work); removed at the end\n"
    "  --keep             do not remove it\n"
    "  --strict           give up if a file cannot be read\n"
    "  --chunk SIZE       size of a task, as 4M or 512K (default 8M)\n"
    "  -h, --help         this text\n"
    "\n"
    "The output is that of\n"
    "  LC_ALL=C grep -rahoE '[A-Za-z]+' FILE-OR-FOLDER... | LC_ALL=C sort | uniq -c\n"
    "with tr A-Z a-z before sort for --lower. After a kill, the same command takes up the work\n"
    "where it was; it may be given other inputs or another number of ranks.\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 bad usage, 3 done, but for files that could not be read or\n"
    "were changed meanwhile: they are named and left out.\n";

static bool parse_size(const char *text, int64_t *size)
{
    char *end;
    errno = 0;
    *size = strtoll(text, &end, 10);
    int shift = toupper((unsigned char)*end) == 'K'   ? 10
                : toupper((unsigned char)*end) == 'M' ? 20
                                                      : 0;
    if (end == text || errno || end[shift != 0] || *size < 1 || *size > INT64_C(1) << 40 >> shift)
        return false;
    *size <<= shift;
    return true;
}

static enum verdict parse(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"output", required_argument, NULL, 'o'}, {"lower", no_argument, NULL, 'i'},
        {"work", required_argument, NULL, 'w'},   {"keep", no_argument, NULL, 'k'},
        {"strict", no_argument, NULL, 's'},       {"chunk", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int letter;

    *options = (struct options){.output = "word_counts.txt", .chunk = 8 << 20};
    while ((letter = getopt_long(argc, argv, "o:ih", names, NULL)) != -1) {
        switch (letter) {
        case 'o':
            options->output = optarg;
            break;
        case 'i':
            options->lower = true;
            break;
        case 'w':
            free(options->work);
            options->work = strdup(optarg);
            break;
        case 'k':
            options->keep = true;
            break;
        case 's':
            options->strict = true;
            break;
        case 'c':
            if (parse_size(optarg, &options->chunk))
                break;
            return refuse("mapreduce", "--chunk", optarg, "a size such as 8M or 512K");
        case 'h':
            fputs(usage, stdout);
            return LEAVE;
        default: // getopt has said what is wrong
            fprintf(stderr, "mapreduce: try --help\n");
            return BAD_INPUT;
        }
    }
    options->inputs = argv + optind;
    if (optind == argc) {
        fprintf(stderr, "mapreduce: which files? try --help\n");
        return BAD_INPUT;
    }
    if (!options->work) {
        options->work = allocate(NULL, strlen(options->output) + 6);
        sprintf(options->work, "%s.work", options->output);
    }
    return GO;
}

// Lists the inputs, opens the output under a temporary name and the work folder. Adds the inputs
// that cannot be read to *unread.
static enum verdict prepare(const struct options *options, struct bytes *manifest,
                            const char *temporary, int *fd, int64_t *unread)
{
    struct plan plan = {
        .chunk = options->chunk, .lower = options->lower, .strict = options->strict};
    const char *own[] = {options->output, temporary, options->work};
    struct stat skip[3];
    int skips = 0;
    for (int i = 0; i < 3; i++)
        skips += stat(own[i], &skip[skips]) == 0;
    struct stat output;
    if (stat(options->output, &output) == 0 && !S_ISREG(output.st_mode)) {
        fprintf(stderr, "mapreduce: the output %s is there and is no file\n", options->output);
        return BAD_INPUT;
    }
    if (!manifest_make(manifest, &plan, options->inputs, skip, skips, unread) ||
        (*unread > 0 && options->strict))
        return FAILED;

    *fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*fd < 0) {
        fprintf(stderr, "mapreduce: cannot write %s: %s\n", temporary, strerror(errno));
        return BAD_INPUT;
    }
    if (!work_open(options->work))
        return BAD_INPUT;
    char *path = join(options->work, "MANIFEST");
    bool written = write_whole(path, "", 0, manifest);
    free(path);
    return written ? GO : FAILED;
}

static void show_result(const struct plan *plan, const struct summary *summary)
{
    printf("%" PRIu64 " words, %" PRIu64 " of them different, in %zu files\n", summary->words,
           summary->different, plan_files(plan));
    for (int i = 0; i < TOP && summary->top[i].count; i++)
        printf("%12" PRIu64 " %s\n", summary->top[i].count, summary->top[i].word);
}

// ---------------------------------------------------------------------------------------------

static void broadcast(struct bytes *bytes)
{
    int64_t size = (int64_t)bytes->used;
    MPI_Bcast(&size, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    bytes_reserve(bytes, (size_t)size - bytes->used + 1);
    bytes->used = (size_t)size;
    bytes->data[size] = 0;
    for (int64_t at = 0; at < size; at += BROADCAST_MOST) {
        int part = (int)(size - at < BROADCAST_MOST ? size - at : BROADCAST_MOST);
        MPI_Bcast(bytes->data + at, part, MPI_BYTE, 0, MPI_COMM_WORLD);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double start = MPI_Wtime();

    // Rank 0 alone reads the command line and looks at the files; the others hear what to do.
    struct options options = {0};
    struct bytes manifest = {0}, work = {0};
    int verdict = GO, fd = -1;
    int64_t unread = 0;     // inputs that could not be read; on rank 0
    char *temporary = NULL; // the output's name until it is whole
    if (rank == 0) {
        verdict = (int)parse(argc, argv, &options);
        if (verdict == GO) {
            temporary = allocate(NULL, strlen(options.output) + 5);
            sprintf(temporary, "%s.tmp", options.output);
            verdict = (int)prepare(&options, &manifest, temporary, &fd, &unread);
            bytes_append(&work, options.work, strlen(options.work));
        }
    }
    MPI_Bcast(&verdict, 1, MPI_INT, 0, MPI_COMM_WORLD);

    struct plan plan = {0};
    struct summary summary = {0};
    if (verdict == GO) {
        struct word_table total = {0}, mine = {0};
        struct bytes records = {0};
        int64_t reused;

        broadcast(&manifest);
        broadcast(&work);
        plan.work = (const char *)work.data;
        plan_make(&plan, &manifest);
        int removed = rank == 0 ? work_sweep(&plan) : 0;
        if (removed)
            fprintf(stderr, "mapreduce: %d finished tasks do not fit the inputs any more\n",
                    removed);

        bool good = map(&plan, &total, &reused, &unread);
        // The output of an earlier run is worth more than an empty one.
        if (rank == 0 && good && unread > 0 && plan_files(&plan) == 0) {
            work_remove(options.work);
            good = false;
        }
        verdict = good ? GO : FAILED;
        MPI_Bcast(&verdict, 1, MPI_INT, 0, MPI_COMM_WORLD);
        if (verdict == GO) {
            double mapped = MPI_Wtime();
            exchange(&total, &mine);
            double exchanged = MPI_Wtime();
            sort(&mine, &records);
            if (rank != 0) {
                stream_send(&records);
            } else if (!merge(&records, fd, &summary) || fsync(fd) != 0 || close(fd) != 0 ||
                       rename(temporary, options.output) != 0) {
                fprintf(stderr, "mapreduce: cannot write %s: %s\n", options.output,
                        strerror(errno));
                verdict = FAILED;
            } else {
                double end = MPI_Wtime();
                show_result(&plan, &summary);
                fprintf(stderr,
                        "%d rank%s, %.0f MB in %.2f s, %.0f MB/s (map %.2f s, exchange %.2f s, "
                        "sort and merge %.2f s)\n",
                        ranks, ranks == 1 ? "" : "s", (double)plan.size / 1e6, end - start,
                        (double)plan.size / 1e6 / (end - start), mapped - start, exchanged - mapped,
                        end - exchanged);
                if (reused)
                    fprintf(stderr, "%" PRId64 " of %zu tasks had been done before\n", reused,
                            plan.tasks);
                if (unread > 0)
                    fprintf(stderr, "mapreduce: without %" PRId64 " that could not be read\n",
                            unread);
                verdict = unread > 0 ? PARTIAL : GO;
                if (!options.keep)
                    work_remove(options.work);
            }
            MPI_Bcast(&verdict, 1, MPI_INT, 0, MPI_COMM_WORLD);
        }
        table_free(&total);
        table_free(&mine);
        bytes_free(&records);
    }
    if (rank == 0 && temporary && verdict != GO && verdict != PARTIAL)
        unlink(temporary);

    plan_free(&plan);
    bytes_free(&manifest);
    bytes_free(&work);
    free(options.work);
    free(temporary);
    MPI_Finalize();
    return status_of((enum verdict)verdict);
}
