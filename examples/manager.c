// SPDX-License-Identifier: MIT
// A rank that serves a dictionary: the others count words and tell it, one message a word.
//
//     mprun -n 4 examples/manager
//
// One idea: the data belongs to one process, and the others ask it. So there is nothing to lock.
// A word may have any length: MPI_Pack puts it behind its number, MPI_Mprobe tells how long the
// message is before it is received, and the message that was looked at is the one that is received,
// whoever else may look. Answers are a struct, which a derived type describes.

#include "gallery.h"

#include <stddef.h>

enum { ADD, ASK, FINISHED, ANSWER }; // tags
enum { MOST = 100, LONGEST = 32, LINES = 5 };

// The text, a line for each rank in turn.
static const char *const text[LINES] = {
    "one rank waits and one rank sends", "the rank that sends waits",
    "the message waits for the rank", "one message for each rank", "each rank sends one message"};

struct entry {
    char word[LONGEST];
    long count;
    int first; // the rank that told it first
};

static int rank, size, times = 1;

static const char usage[] = "Usage: mprun -n RANKS manager [--times T]\n"
                            "Rank 0 keeps a dictionary; the others count the words of a small\n"
                            "text in it, T times (default 1), and ask it for one of them.\n";

// struct entry as MPI sees it: a type that has the struct's gaps too.
static MPI_Datatype entry_type(void)
{
    int lengths[] = {LONGEST, 1, 1};
    MPI_Aint places[] = {offsetof(struct entry, word), offsetof(struct entry, count),
                         offsetof(struct entry, first)};
    MPI_Datatype parts[] = {MPI_CHAR, MPI_LONG, MPI_INT}, fields, type;
    MPI_Type_create_struct(3, lengths, places, parts, &fields);
    MPI_Type_create_resized(fields, 0, sizeof(struct entry), &type);
    MPI_Type_commit(&type);
    MPI_Type_free(&fields);
    return type;
}

// A number and a word in one message.
static void tell(int tag, long count, const char *word)
{
    char message[LONGEST + 64];
    int at = 0, length = (int)strlen(word);
    MPI_Pack(&count, 1, MPI_LONG, message, sizeof message, &at, MPI_COMM_WORLD);
    MPI_Pack(word, length, MPI_CHAR, message, sizeof message, &at, MPI_COMM_WORLD);
    MPI_Send(message, at, MPI_PACKED, 0, tag, MPI_COMM_WORLD);
}

static struct entry *look_up(struct entry *entries, int *count, const char *word, int from)
{
    for (int i = 0; i < *count; i++)
        if (strcmp(entries[i].word, word) == 0)
            return &entries[i];
    if (*count == MOST)
        MPI_Abort(MPI_COMM_WORLD, 1);
    struct entry *new = &entries[(*count)++];
    *new = (struct entry){"", 0, from};
    strcpy(new->word, word);
    return new;
}

static int serve(struct entry *entries, MPI_Datatype type)
{
    int count = 0;
    for (int left = size - 1; left > 0;) {
        MPI_Message message;
        MPI_Status status;
        char buffer[LONGEST + 64], word[LONGEST];
        int length, at = 0;
        long number;
        MPI_Mprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &message, &status);
        MPI_Get_count(&status, MPI_PACKED, &length);
        MPI_Mrecv(buffer, length, MPI_PACKED, &message, MPI_STATUS_IGNORE);
        if (status.MPI_TAG == FINISHED) {
            left--;
            continue;
        }
        MPI_Unpack(buffer, length, &at, &number, 1, MPI_LONG, MPI_COMM_WORLD);
        int letters = length - at;
        MPI_Unpack(buffer, length, &at, word, letters, MPI_CHAR, MPI_COMM_WORLD);
        word[letters] = 0;
        struct entry *entry = look_up(entries, &count, word, status.MPI_SOURCE);
        if (status.MPI_TAG == ADD)
            entry->count += number;
        else
            MPI_Send(entry, 1, type, status.MPI_SOURCE, ANSWER, MPI_COMM_WORLD);
    }
    return count;
}

static void count_words(void)
{
    for (int i = rank - 1; i < LINES * times; i += size - 1) {
        char copy[100], *save;
        strcpy(copy, text[i % LINES]);
        for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
            tell(ADD, 1, word);
    }
}

static int by_count(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->word, y->word);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    begin("manager", usage, argc, argv,
          (struct setting[]){{"--times", &times, 1, 10000000, NULL, NULL}, {0}}, 2);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Datatype type = entry_type();

    if (rank == 0) {
        struct entry entries[MOST];
        long total = 0;
        int count = serve(entries, type);
        qsort(entries, (size_t)count, sizeof *entries, by_count);
        for (int i = 0; i < count; i++) {
            printf("%3ld %s\n", entries[i].count, entries[i].word);
            total += entries[i].count;
        }
        printf("%d words, total %ld\n", count, total);
    } else {
        struct entry answer;
        count_words();
        tell(ASK, 0, "rank");
        MPI_Recv(&answer, 1, type, 0, ANSWER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        printf("rank %d hears: '%s' so far %ld times, first from rank %d\n", rank, answer.word,
               answer.count, answer.first);
        fflush(stdout);
        MPI_Send(NULL, 0, MPI_PACKED, 0, FINISHED, MPI_COMM_WORLD);
    }
    MPI_Type_free(&type);
    MPI_Finalize();
    return 0;
}
