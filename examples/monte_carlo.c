// SPDX-License-Identifier: MIT
// Monte Carlo: pi by throwing darts, and the price of a European call option by simulating
// the stock, each with its error bar and beside the exact answer.
//
//     mprun -n 4 examples/monte_carlo
//
// The same command goes on after a kill; --restart begins anew.
//
// One idea: an answer that does not depend on who computed what. The samples are cut into
// numbered blocks and each block has a random stream of its own, so any rank may compute it.
// In a round every rank computes one block, and rank 0 adds the blocks up in their order.
// So the digits are the same on any MPI, with any number of ranks, killed and resumed or not: then
// nothing speaks against resuming, and throwing finished work away needs a word.
//
// Read main() first, then run(), simulate_block() and philox().

#define _DEFAULT_SOURCE

#include "usage.h"

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PI        3.14159265358979323846
#define BLOCK     65536 // samples per block
#define BINS      16    // of the histogram of the stock's price
#define BIN_FIRST 60.0  // where the first bin starts
#define BIN_WIDTH 6.0

// The option: the right to buy the stock for STRIKE after YEARS.
static const double SPOT = 100, STRIKE = 105, RATE = 0.03, VOLATILITY = 0.2, YEARS = 1;

// What a number of blocks add up to. Counts are integers, so the order in which they are added
// does not matter; sums are rounded at every addition, so it does.
enum { INSIDE, FIRST_BIN, COUNTS = FIRST_BIN + BINS };
enum { PAYOFF, PAYOFF_SQUARED, SUMS };

struct tally {
    int64_t count[COUNTS];
    double sum[SUMS];
};

struct options {
    int64_t samples;
    uint64_t seed;
    char *checkpoint;      // NULL: none
    bool checkpoint_named; // the user chose the name, so failing to write it is an error
    double every;          // seconds between checkpoints
    bool restart;
};

// ---------------------------------------------------------------------------------------------
// Random numbers

// Philox4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC'11. A counter and a key go in, four random words come out; there is no state, so
// any number of independent streams costs nothing.
static void philox(uint32_t counter[4], uint64_t key)
{
    uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
    for (int i = 0; i < 10; i++) {
        uint64_t product0 = (uint64_t)0xD2511F53 * counter[0];
        uint64_t product1 = (uint64_t)0xCD9E8D57 * counter[2];
        counter[0] = (uint32_t)(product1 >> 32) ^ counter[1] ^ key0;
        counter[1] = (uint32_t)product1;
        counter[2] = (uint32_t)(product0 >> 32) ^ counter[3] ^ key1;
        counter[3] = (uint32_t)product0;
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
}

// The known answer that the paper's authors publish for counter and key zero.
static bool philox_is_right(void)
{
    uint32_t word[4] = {0}, answer[4] = {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8};
    philox(word, 0);
    return memcmp(word, answer, sizeof answer) == 0;
}

enum purpose { DART, PATH };

// Two numbers in the open interval (0, 1), 52 bits each.
static void draw(uint64_t seed, int64_t block, uint32_t index, enum purpose purpose, double u[2])
{
    uint32_t word[4] = {index, (uint32_t)block, (uint32_t)((uint64_t)block >> 32), purpose};
    philox(word, seed);
    for (int i = 0; i < 2; i++) {
        uint64_t bits = (uint64_t)word[2 * i] << 32 | word[2 * i + 1];
        u[i] = ((double)(bits >> 12) + 0.5) * 0x1p-52;
    }
}

// ---------------------------------------------------------------------------------------------
// The simulation

static void simulate_block(uint64_t seed, int64_t block, int64_t samples, struct tally *tally)
{
    const double drift = (RATE - VOLATILITY * VOLATILITY / 2) * YEARS;
    const double spread = VOLATILITY * sqrt(YEARS);
    double u[2], normal[2] = {0, 0};

    for (int64_t i = 0; i < samples; i++) {
        draw(seed, block, (uint32_t)i, DART, u);
        tally->count[INSIDE] += u[0] * u[0] + u[1] * u[1] < 1;

        if (i % 2 == 0) { // Box and Muller make two normal numbers at a time
            draw(seed, block, (uint32_t)i, PATH, u);
            double radius = sqrt(-2 * log(u[0]));
            normal[0] = radius * cos(2 * PI * u[1]);
            normal[1] = radius * sin(2 * PI * u[1]);
        }
        double price = SPOT * exp(drift + spread * normal[i % 2]);
        double payoff = price > STRIKE ? price - STRIKE : 0;
        tally->sum[PAYOFF] += payoff;
        tally->sum[PAYOFF_SQUARED] += payoff * payoff;

        double bin = (price - BIN_FIRST) / BIN_WIDTH;
        if (bin >= 0 && bin < BINS)
            tally->count[FIRST_BIN + (int)bin]++;
    }
}

// F. Black and M. Scholes, "The pricing of options and corporate liabilities", 1973. The normal
// distribution function of x is erfc(-x / sqrt(2)) / 2.
static double black_scholes_call(void)
{
    double spread = VOLATILITY * sqrt(YEARS);
    double d1 = (log(SPOT / STRIKE) + (RATE + VOLATILITY * VOLATILITY / 2) * YEARS) / spread;
    double d2 = d1 - spread, root2 = sqrt(2);
    return SPOT * erfc(-d1 / root2) / 2 - STRIKE * exp(-RATE * YEARS) * erfc(-d2 / root2) / 2;
}

struct estimate {
    double value, error; // error: one standard deviation of the value
};

static struct estimate estimate_pi(const struct tally *total, int64_t samples)
{
    double hit = (double)total->count[INSIDE] / (double)samples;
    return (struct estimate){4 * hit, 4 * sqrt(hit * (1 - hit) / (double)samples)};
}

static struct estimate estimate_option(const struct tally *total, int64_t samples)
{
    double n = (double)samples;
    double mean = total->sum[PAYOFF] / n;
    double variance = fmax(0, total->sum[PAYOFF_SQUARED] / n - mean * mean);
    double discount = exp(-RATE * YEARS);
    return (struct estimate){discount * mean, discount * sqrt(variance / n)};
}

// ---------------------------------------------------------------------------------------------
// The checkpoint: which run it belongs to, how many blocks are in the totals, the totals, and a
// checksum of all that. Only rank 0 reads and writes it.
//
// Beside it lies a lock, an empty file that rank 0 keeps locked while it runs: two runs that wrote
// one checkpoint in turn would each be resumed from the other's. The system unlocks it when rank 0
// ends, however it ends.

struct checkpoint {
    char magic[24];
    uint64_t seed;
    int64_t samples, blocks;
    struct tally total;
    uint64_t checksum;
};

static const char magic[24] = "monte_carlo checkpoint\n";

static uint64_t checksum(const struct checkpoint *checkpoint)
{
    const unsigned char *byte = (const unsigned char *)checkpoint;
    uint64_t hash = 0xCBF29CE484222325; // FNV-1a
    for (size_t i = 0; i < offsetof(struct checkpoint, checksum); i++)
        hash = (hash ^ byte[i]) * 0x100000001B3;
    return hash;
}

static char *beside(const char *name, const char *suffix)
{
    char *path = malloc(strlen(name) + strlen(suffix) + 1);
    if (!path) {
        fprintf(stderr, "monte_carlo: out of memory\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    strcpy(path, name);
    return strcat(path, suffix);
}

// Puts the new file in the place of the old one in one step: whoever looks, even after a kill or
// a power cut, finds the one or the other, whole.
static bool checkpoint_save(const struct options *options, int64_t blocks,
                            const struct tally *total)
{
    struct checkpoint checkpoint = {
        .seed = options->seed, .samples = options->samples, .blocks = blocks, .total = *total};
    memcpy(checkpoint.magic, magic, sizeof magic);
    checkpoint.checksum = checksum(&checkpoint);

    char *temporary = beside(options->checkpoint, ".tmp");
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    errno = fd < 0 ? errno : ENOSPC; // what a short write means
    bool written =
        fd >= 0 && write(fd, &checkpoint, sizeof checkpoint) == sizeof checkpoint && fsync(fd) == 0;
    if (fd >= 0)
        written = close(fd) == 0 && written;
    written = written && rename(temporary, options->checkpoint) == 0;
    free(temporary);
    return written;
}

// Takes the lock, and keeps it until the process ends. False, with errno EWOULDBLOCK if another
// run has it.
static bool checkpoint_lock(const struct options *options)
{
    char *name = beside(options->checkpoint, ".lock");
    bool locked = false, removed;
    do {
        struct stat there, ours;
        int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
        // The last run may have removed the file between the two; then it guards nothing.
        removed = locked && (fstat(fd, &ours) != 0 || stat(name, &there) != 0 ||
                             there.st_ino != ours.st_ino || there.st_dev != ours.st_dev);
        if (fd >= 0 && (removed || !locked)) {
            int reason = errno;
            close(fd);
            errno = reason;
        }
    } while (removed);
    free(name);
    return locked;
}

// Removes the lock that this run has.
static void checkpoint_unlock(const struct options *options)
{
    char *name = beside(options->checkpoint, ".lock");
    unlink(name);
    free(name);
}

enum found { NOTHING, FOREIGN_FILE, USELESS, USABLE };

// Why a checkpoint is of no use goes into why[200].
static enum found checkpoint_load(const struct options *options, int64_t *blocks,
                                  struct tally *total, char *why)
{
    struct checkpoint checkpoint;
    struct stat stat;
    int fd = open(options->checkpoint, O_RDONLY | O_NONBLOCK);
    if (fd < 0) {
        snprintf(why, 200, "%s", strerror(errno));
        return errno == ENOENT ? NOTHING : FOREIGN_FILE;
    }
    bool regular = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
    ssize_t got = regular ? read(fd, &checkpoint, sizeof checkpoint) : -1;
    close(fd);

    if (got == 0)
        return NOTHING;
    size_t known = got < (ssize_t)sizeof magic ? (size_t)got : sizeof magic;
    if (got < 0 || memcmp(checkpoint.magic, magic, known) != 0) {
        snprintf(why, 200, "it is not a checkpoint of this program");
        return FOREIGN_FILE;
    }
    if (got != sizeof checkpoint || stat.st_size != got ||
        checkpoint.checksum != checksum(&checkpoint)) {
        snprintf(why, 200, "it is damaged");
        return USELESS;
    }
    if (checkpoint.seed != options->seed || checkpoint.samples != options->samples) {
        snprintf(why, 200,
                 "it belongs to a run with --seed %" PRIu64 " --samples %" PRId64
                 ", this one has --seed %" PRIu64 " --samples %" PRId64,
                 checkpoint.seed, checkpoint.samples, options->seed, options->samples);
        return USELESS;
    }
    *blocks = checkpoint.blocks;
    *total = checkpoint.total;
    return USABLE;
}

// ---------------------------------------------------------------------------------------------
// Rank 0 talks to the user

static const char usage[] =
    "Usage: mprun [-n RANKS] monte_carlo [options]\n"
    "Estimates pi and the price of a European call option, with error bars.\n"
    "\n"
    "  --samples N             number of samples (default 1e8)\n"
    "  --seed S                64-bit seed of the random numbers (default 42)\n"
    "  --checkpoint FILE       where to keep partial sums while running, 'none' for nowhere\n"
    "                          (default monte_carlo-SEED-SAMPLES.checkpoint; removed at the end)\n"
    "  --checkpoint-every SEC  seconds between two checkpoints (default 1)\n"
    "  --restart               throw away what a checkpoint holds\n"
    "  -h, --help              this text\n"
    "\n"
    "After a kill, the same command goes on from the checkpoint, with more or fewer ranks if you\n"
    "like. The digits depend on the seed and the number of samples only, to the last bit.\n";

static const char program[] = "monte_carlo";

static enum verdict parse(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"samples", required_argument, NULL, 'n'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"checkpoint", required_argument, NULL, 'c'},
                                          {"checkpoint-every", required_argument, NULL, 'e'},
                                          {"restart", no_argument, NULL, 'R'},
                                          {"resume", no_argument, NULL, 'r'}, // as it is anyway
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    char *end;
    double number;
    int letter;

    const char *checkpoint = NULL;

    *options = (struct options){.samples = 100000000, .seed = 42, .every = 1};
    while ((letter = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        switch (letter) {
        case 'n':
            number = strtod(optarg, &end);
            if (end == optarg || *end || !(number >= 1 && number <= 1e15) ||
                number != floor(number))
                return refuse(program, "--samples", optarg, "a whole number, 1 to 1e15");
            options->samples = (int64_t)number;
            break;
        case 's':
            errno = 0;
            options->seed = strtoull(optarg, &end, 0);
            if (end == optarg || *end || errno || strchr(optarg, '-'))
                return refuse(program, "--seed", optarg, "a whole number, 0 to 2^64-1");
            break;
        case 'c':
            checkpoint = optarg;
            options->checkpoint_named = true;
            break;
        case 'e':
            number = strtod(optarg, &end);
            if (end == optarg || *end || !(number >= 0))
                return refuse(program, "--checkpoint-every", optarg, "seconds, 0 or more");
            options->every = number;
            break;
        case 'R':
            options->restart = true;
            break;
        case 'r':
            break;
        case 'h':
            fputs(usage, stdout);
            return LEAVE;
        default: // getopt has said what is wrong
            fprintf(stderr, "monte_carlo: try --help\n");
            return BAD_INPUT;
        }
    }
    if (optind < argc)
        return refuse(program, "argument", argv[optind], "options only");
    char name[80];
    snprintf(name, sizeof name, "monte_carlo-%" PRIu64 "-%" PRId64 ".checkpoint", options->seed,
             options->samples);
    if (!checkpoint || strcmp(checkpoint, "none") != 0)
        options->checkpoint = beside(checkpoint ? checkpoint : name, "");
    return GO;
}

// Decides where to start from, and leaves a first checkpoint behind, so that a name that cannot
// be written is found out now and not in an hour.
static enum verdict prepare(struct options *options, int64_t *blocks, struct tally *total)
{
    if (!philox_is_right()) {
        fprintf(stderr, "monte_carlo: the random generator fails its known-answer test\n");
        return BAD_INPUT;
    }
    if (!options->checkpoint)
        return GO;

    char why[200];
    const char *name = options->checkpoint;
    bool locked = checkpoint_lock(options);
    if (!locked && errno == EWOULDBLOCK) {
        fprintf(stderr, "monte_carlo: another run is using the checkpoint %s\n", name);
        return BAD_INPUT;
    }
    enum found found = locked ? checkpoint_load(options, blocks, total, why) : NOTHING;
    if (found == FOREIGN_FILE || (found == USELESS && !options->restart)) {
        fprintf(stderr, "monte_carlo: cannot use the checkpoint %s: %s%s\n", name, why,
                found == USELESS ? "; --restart throws it away" : "");
        checkpoint_unlock(options);
        return BAD_INPUT;
    }
    if (found == USABLE && !options->restart) {
        fprintf(stderr, "monte_carlo: going on from %s, %.1f%% is done\n", name,
                100 * fmin(1, (double)*blocks * BLOCK / (double)options->samples));
    } else {
        if (found != NOTHING)
            fprintf(stderr, "monte_carlo: throwing away the checkpoint %s\n", name);
        *blocks = 0;
        *total = (struct tally){{0}, {0}};
    }
    if (!locked || !checkpoint_save(options, *blocks, total)) {
        fprintf(stderr, "monte_carlo: cannot write the checkpoint %s: %s\n", name, strerror(errno));
        if (locked)
            checkpoint_unlock(options);
        if (options->checkpoint_named)
            return BAD_INPUT;
        free(options->checkpoint);
        options->checkpoint = NULL;
    }
    return GO;
}

static void show_progress(int64_t done, int64_t samples, const struct tally *total, double seconds)
{
    char bar[41] = "........................................";
    double share = (double)done / (double)samples;
    memset(bar, '#', (size_t)(share * 40));
    struct estimate pi = estimate_pi(total, done), option = estimate_option(total, done);
    fprintf(stderr, "\r[%s] %3.0f%%  pi %.6f +/- %.6f  call %.5f +/- %.5f  %.0f s ", bar,
            100 * share, pi.value, pi.error, option.value, option.error, seconds);
}

static void show_line(const char *name, struct estimate estimate, double exact)
{
    printf("%-12s %12.8f  +/- %.8f   exact %12.8f   off by %.2f error bars\n", name, estimate.value,
           estimate.error, exact, fabs(estimate.value - exact) / estimate.error);
}

static void show_result(const struct options *options, const struct tally *total)
{
    struct estimate pi = estimate_pi(total, options->samples);
    struct estimate option = estimate_option(total, options->samples);

    printf("The stock, %g today, after %g year, in %" PRId64 " simulated lives:\n", SPOT, YEARS,
           options->samples);
    for (int i = 0; i < BINS; i++) {
        char bar[101] = "";
        double percent = 100 * (double)total->count[FIRST_BIN + i] / (double)options->samples;
        memset(bar, '#', (size_t)(4 * percent < 100 ? 4 * percent : 100));
        printf("  %3.0f to %3.0f %5.1f%% %s\n", BIN_FIRST + i * BIN_WIDTH,
               BIN_FIRST + (i + 1) * BIN_WIDTH, percent, bar);
    }
    printf("\n");
    show_line("pi", pi, PI);
    show_line("call option", option, black_scholes_call());
    printf("\npi     = %.17g\noption = %.17g\n", pi.value, option.value);
}

// The rounds. On rank 0, total holds what the first `done` blocks add up to.
static void run(const struct options *options, int64_t done, struct tally *total)
{
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);

    const int64_t blocks = (options->samples + BLOCK - 1) / BLOCK;
    double(*sums)[SUMS] = malloc((size_t)ranks * sizeof *sums); // used on rank 0
    if (!sums) {
        fprintf(stderr, "monte_carlo: out of memory\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    const bool bar = rank == 0 && isatty(STDERR_FILENO);
    const double start = MPI_Wtime();
    double saved = start, shown = start;

    while (done < blocks) {
        struct tally mine = {{0}, {0}};
        int64_t counts[COUNTS], block = done + rank;
        if (block < blocks) {
            int64_t left = options->samples - block * BLOCK;
            simulate_block(options->seed, block, left < BLOCK ? left : BLOCK, &mine);
        }

        // Integers may be added in any order, so let MPI add them; of floating-point numbers MPI
        // promises no order, so rank 0 does it by hand: rank after rank is block after block.
        MPI_Reduce(mine.count, counts, COUNTS, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
        MPI_Gather(mine.sum, SUMS, MPI_DOUBLE, sums, SUMS, MPI_DOUBLE, 0, MPI_COMM_WORLD);

        done = done + ranks < blocks ? done + ranks : blocks;
        if (rank != 0)
            continue;
        for (int i = 0; i < COUNTS; i++)
            total->count[i] += counts[i];
        for (int r = 0; r < ranks; r++)
            for (int i = 0; i < SUMS; i++)
                total->sum[i] += sums[r][i];

        double now = MPI_Wtime();
        if (options->checkpoint && now - saved >= options->every) {
            if (!checkpoint_save(options, done, total))
                perror("monte_carlo: cannot write the checkpoint");
            saved = MPI_Wtime();
        }
        if (bar && (now - shown >= 0.1 || done == blocks)) {
            int64_t samples = done * BLOCK < options->samples ? done * BLOCK : options->samples;
            show_progress(samples, options->samples, total, now - start);
            shown = now;
        }
    }
    if (bar)
        fprintf(stderr, "\n");
    free(sums);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double start = MPI_Wtime();

    // Rank 0 alone reads the command line and the checkpoint; the others hear what to do.
    struct options options = {0};
    struct tally total = {{0}, {0}};
    int64_t done = 0;
    enum verdict verdict = GO;
    if (rank == 0) {
        verdict = parse(argc, argv, &options);
        if (verdict == GO)
            verdict = prepare(&options, &done, &total);
    }
    int64_t order[4] = {verdict, options.samples, (int64_t)options.seed, done};
    MPI_Bcast(order, 4, MPI_INT64_T, 0, MPI_COMM_WORLD);
    if (order[0] != GO) {
        MPI_Finalize();
        return status_of((enum verdict)order[0]);
    }
    options.samples = order[1];
    options.seed = (uint64_t)order[2];

    run(&options, order[3], &total);

    if (rank == 0) {
        double seconds = MPI_Wtime() - start;
        show_result(&options, &total);
        fprintf(stderr, "%d rank%s, %.2f s\n", ranks, ranks == 1 ? "" : "s", seconds);
        if (fflush(stdout) != 0) {
            perror("monte_carlo: cannot write the result");
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
        if (options.checkpoint) {
            unlink(options.checkpoint);
            checkpoint_unlock(&options);
        }
    }
    free(options.checkpoint);
    MPI_Finalize();
    return 0;
}
