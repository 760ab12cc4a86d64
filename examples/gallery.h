// SPDX-License-Identifier: MIT
// What the small examples share: how they read their options, and a pause. As in usage.h rank 0
// alone reads, and all ranks hear what it has found.

#ifndef GALLERY_H
#define GALLERY_H

#include "usage.h"

#include <time.h>

// An option, or if its name has no dash an argument in its place. The last of an array is {0}.
struct setting {
    const char *name;
    int *number;       // from least to most; without a most it is a flag, which is set to 1
    int least, most;   //
    const char *words; // or one of these words, "red|green": its place among them
    const char **text; // or any text, which rank 0 alone gets
};

// The place of a word among "red|green", or -1.
static inline int place_of(const char *word, const char *words)
{
    size_t length = strlen(word);
    for (int place = 0;; place++) {
        size_t next = strcspn(words, "|");
        if (next == length && strncmp(word, words, length) == 0)
            return place;
        if (!words[next])
            return -1;
        words += next + 1;
    }
}

static inline enum verdict set_value(const char *program, const struct setting *s,
                                     const char *value)
{
    char expected[160], *end;
    if (s->text) {
        *s->text = value;
        return GO;
    }
    if (s->words) {
        snprintf(expected, sizeof expected, "one of %s", s->words);
        int place = place_of(value, s->words);
        if (place < 0)
            return refuse(program, s->name, value, expected);
        *s->number = place;
        return GO;
    }
    errno = 0;
    long number = strtol(value, &end, 10);
    snprintf(expected, sizeof expected, "a whole number, %d to %d", s->least, s->most);
    if (end == value || *end || errno || number < s->least || number > s->most)
        return refuse(program, s->name, value, expected);
    *s->number = (int)number;
    return GO;
}

static inline enum verdict read_arguments(const char *program, const char *usage, int argc,
                                          char **argv, const struct setting settings[])
{
    const struct setting *place = settings; // the next argument without a dash goes here
    for (int i = 1; i < argc; i++) {
        const struct setting *s = settings;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return LEAVE;
        }
        if (argv[i][0] == '-') {
            while (s->name && strcmp(s->name, argv[i]) != 0)
                s++;
        } else {
            while (place->name && place->name[0] == '-')
                place++;
            s = place->name ? place++ : place;
        }
        if (!s->name)
            return refuse(program, "argument", argv[i],
                          argv[i][0] == '-' ? "an option that there is" : "no more");
        if (s->number && !s->words && s->most == 0) {
            *s->number = 1;
            continue;
        }
        if (s->name[0] == '-' && ++i == argc)
            return refuse(program, s->name, "", "a value");
        enum verdict verdict = set_value(program, s, argv[i]);
        if (verdict != GO)
            return verdict;
    }
    return GO;
}

// Returns if the program can go on; otherwise all ranks leave here, in order and with one status.
static inline void begin(const char *program, const char *usage, int argc, char **argv,
                         const struct setting settings[], int least_ranks)
{
    int rank, size, values[33] = {GO}, count = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == 0) {
        values[0] = (int)read_arguments(program, usage, argc, argv, settings);
        if (values[0] == GO && size < least_ranks) {
            char have[16], least[32];
            snprintf(have, sizeof have, "%d", size);
            snprintf(least, sizeof least, "%d or more", least_ranks);
            values[0] = refuse(program, "ranks", have, least);
        }
    }
    for (const struct setting *s = settings; s->name; s++)
        values[count++] = s->number ? *s->number : 0;
    MPI_Bcast(values, count, MPI_INT, 0, MPI_COMM_WORLD);
    if (values[0] != GO) {
        MPI_Finalize();
        exit(status_of((enum verdict)values[0]));
    }
    for (int i = 0; settings[i].name; i++)
        if (settings[i].number)
            *settings[i].number = values[i + 1];
}

// Sleeps: the stand-in for work, so that many ranks can do it on few cores.
static inline void pause_us(long us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}

#endif
