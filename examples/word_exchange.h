// SPDX-License-Identifier: MIT
// What mapreduce.c does with words that are counted: the exchange, which takes each word to the
// rank that its hash names, the sorting there, and the merge of all ranks' words at rank 0.
// After the exchange no two ranks have a word in common, so merging never has to add.

#ifndef WORD_EXCHANGE_H
#define WORD_EXCHANGE_H

#include "map_tasks.h"
#include "word_table.h"

#define EXCHANGE_MOST (64 << 20)  // bytes of one message of the exchange
#define STREAM_PIECE  (256 << 10) // bytes of one message to the merge
#define TOP           10          // most frequent words that are kept in the summary

enum { TAG_EXCHANGE = 11, TAG_STREAM };

// The rank that adds up a word.
static int home_of(const struct word *word, int ranks)
{
    return (int)((word_hash(word->head, word->tail, word->length) >> 32) * (uint64_t)ranks >> 32);
}

static int messages_of(int64_t size)
{
    return (int)((size + EXCHANGE_MOST - 1) / EXCHANGE_MOST);
}

// Sends one rank its records and gets ours from another, in messages of a bounded size.
static void exchange_pair(const struct bytes *out, int to, struct bytes *in, int from)
{
    int incoming = messages_of((int64_t)in->used), outgoing = messages_of((int64_t)out->used);
    MPI_Request *request = allocate(NULL, (size_t)(incoming + outgoing) * sizeof *request);
    for (int i = 0; i < incoming + outgoing; i++) {
        bool receive = i < incoming;
        const struct bytes *bytes = receive ? in : out;
        size_t at = (size_t)(receive ? i : i - incoming) * EXCHANGE_MOST;
        int size = (int)(bytes->used - at < EXCHANGE_MOST ? bytes->used - at : EXCHANGE_MOST);
        if (receive)
            MPI_Irecv(bytes->data + at, size, MPI_BYTE, from, TAG_EXCHANGE, MPI_COMM_WORLD,
                      &request[i]);
        else
            MPI_Isend(bytes->data + at, size, MPI_BYTE, to, TAG_EXCHANGE, MPI_COMM_WORLD,
                      &request[i]);
    }
    MPI_Waitall(incoming + outgoing, request, MPI_STATUSES_IGNORE);
    free(request);
}

// Moves the words of all ranks' tables `total` to the tables `mine` of the ranks they belong to.
static void exchange(struct word_table *total, struct word_table *mine)
{
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct bytes *out = allocate(NULL, (size_t)ranks * sizeof *out), in = {0};
    int64_t *sizes = allocate(NULL, 2 * (size_t)ranks * sizeof *sizes), *in_sizes = sizes + ranks;
    for (int i = 0; i < ranks; i++)
        out[i] = (struct bytes){0};
    for (size_t i = 0; i < total->slots; i++)
        if (total->slot[i].count)
            put_record(&out[home_of(&total->slot[i], ranks)], &total->slot[i]);
    table_free(total);

    for (int i = 0; i < ranks; i++)
        sizes[i] = (int64_t)out[i].used;
    MPI_Alltoall(sizes, 1, MPI_INT64_T, in_sizes, 1, MPI_INT64_T, MPI_COMM_WORLD);

    bool good = table_add_records(mine, &out[rank]);
    for (int step = 1; step < ranks; step++) {
        int to = (rank + step) % ranks, from = (rank - step + ranks) % ranks;
        in.used = 0;
        bytes_reserve(&in, (size_t)in_sizes[from]);
        in.used = (size_t)in_sizes[from];
        exchange_pair(&out[to], to, &in, from);
        good = table_add_records(mine, &in) && good;
        bytes_free(&out[to]);
    }
    if (!good) {
        fprintf(stderr, "mapreduce: rank %d got a message that is no list of records\n", rank);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    bytes_free(&out[rank]);
    bytes_free(&in);
    free(out);
    free(sizes);
}

// ---------------------------------------------------------------------------------------------
// Merge: the ranks' sorted words flow to rank 0, piece by piece, an empty one at the end

struct stream {
    struct word word;  // the one that is next; its tail is in data
    struct bytes data; // what has come
    size_t at;         // what has been taken of it
    unsigned char *piece;
    MPI_Request request; // MPI_REQUEST_NULL: nothing more will come
    int from;
};

static void stream_send(const struct bytes *records)
{
    for (size_t at = 0, size; at < records->used; at += size) {
        size = records->used - at < STREAM_PIECE ? records->used - at : STREAM_PIECE;
        MPI_Send(records->data + at, (int)size, MPI_BYTE, 0, TAG_STREAM, MPI_COMM_WORLD);
    }
    MPI_Send(NULL, 0, MPI_BYTE, 0, TAG_STREAM, MPI_COMM_WORLD);
}

static void stream_expect(struct stream *stream)
{
    MPI_Irecv(stream->piece, STREAM_PIECE, MPI_BYTE, stream->from, TAG_STREAM, MPI_COMM_WORLD,
              &stream->request);
}

// Steps to the next word; false at the end. A record may lie across pieces, or be many.
static bool stream_next(struct stream *stream)
{
    for (;;) {
        const unsigned char *start = stream->data.data + stream->at, *at = start;
        if (get_record(&at, stream->data.data + stream->data.used, &stream->word)) {
            stream->at += (size_t)(at - start);
            return true;
        }
        if (stream->request == MPI_REQUEST_NULL)
            return false;
        MPI_Status status;
        int size;
        MPI_Wait(&stream->request, &status);
        MPI_Get_count(&status, MPI_BYTE, &size);
        if (stream->at > 0) {
            stream->data.used -= stream->at;
            memmove(stream->data.data, start, stream->data.used);
            stream->at = 0;
        }
        bytes_append(&stream->data, stream->piece, (size_t)size);
        if (size > 0)
            stream_expect(stream);
    }
}

// A heap of streams, the one with the smallest word at the top.
static void heap_sink(struct stream **heap, int used, int at)
{
    for (;;) {
        int least = at;
        for (int child = 2 * at + 1; child <= 2 * at + 2 && child < used; child++)
            if (compare_words(&heap[child]->word, &heap[least]->word) < 0)
                least = child;
        if (least == at)
            return;
        struct stream *swap = heap[at];
        heap[at] = heap[least];
        heap[least] = swap;
        at = least;
    }
}

struct summary {
    uint64_t words, different;
    struct {
        uint64_t count;
        char word[40];
    } top[TOP];
};

static void summary_add(struct summary *summary, const struct word *word)
{
    summary->words += word->count;
    summary->different++;
    int place = TOP;
    for (; place > 0 && word->count > summary->top[place - 1].count; place--)
        if (place < TOP)
            summary->top[place] = summary->top[place - 1];
    if (place == TOP)
        return;
    struct bytes record = {0}; // the easy way to the letters
    put_record(&record, word);
    int length = (int)(word->length < 39 ? word->length : 39);
    snprintf(summary->top[place].word, 40, "%.*s", length,
             (const char *)record.data + record.used - word->length);
    summary->top[place].count = word->count;
    bytes_free(&record);
}

// The form of uniq -c: printf("%7d %s\n").
static void put_line(struct bytes *text, const struct word *word)
{
    char digits[32];
    int start = 32;
    for (uint64_t count = word->count; count > 0; count /= 10)
        digits[--start] = (char)('0' + count % 10);
    while (start > 32 - 7)
        digits[--start] = ' ';
    bytes_append(text, digits + start, (size_t)(32 - start));

    unsigned char head[9] = " ";
    for (int i = 0; i < 8; i++)
        head[i + 1] = (unsigned char)(word->head >> 8 * i);
    bytes_append(text, head, 1 + (word->length < 8 ? word->length : 8));
    if (word->length > 8)
        bytes_append(text, word->tail, word->length - 8);
    bytes_append(text, "\n", 1);
}

// Rank 0: merges all streams, its own being `records`, into an open file.
static bool merge(struct bytes *records, int fd, struct summary *summary)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct stream *stream = allocate(NULL, (size_t)ranks * sizeof *stream);
    struct stream **heap = allocate(NULL, (size_t)ranks * sizeof *heap);
    struct bytes text = {0};
    int used = 0;
    for (int i = 0; i < ranks; i++) {
        stream[i] = (struct stream){.from = i, .request = MPI_REQUEST_NULL};
        if (i == 0) {
            stream[i].data = *records;
            *records = (struct bytes){0};
        } else {
            stream[i].piece = allocate(NULL, STREAM_PIECE);
            stream_expect(&stream[i]);
        }
    }
    for (int i = 0; i < ranks; i++)
        if (stream_next(&stream[i]))
            heap[used++] = &stream[i];
    for (int i = used / 2 - 1; i >= 0; i--)
        heap_sink(heap, used, i);

    bool good = true;
    while (used > 0) { // after a failed write, too, or the others would wait forever
        put_line(&text, &heap[0]->word);
        summary_add(summary, &heap[0]->word);
        if (!stream_next(heap[0]))
            heap[0] = heap[--used];
        heap_sink(heap, used, 0);
        if (text.used > 1 << 20 || used == 0) {
            good = good && write_all(fd, text.data, text.used);
            text.used = 0;
        }
    }
    for (int i = 0; i < ranks; i++) {
        bytes_free(&stream[i].data);
        free(stream[i].piece);
    }
    free(stream);
    free(heap);
    bytes_free(&text);
    return good;
}

static void sort(struct word_table *mine, struct bytes *records)
{
    table_sort(mine);
    for (size_t i = 0; i < mine->words; i++)
        put_record(records, &mine->slot[i]);
    table_free(mine);
}

#endif
