// SPDX-License-Identifier: MIT
// What mapreduce.c counts with: a growing byte buffer, a scanner that finds words eight bytes at
// a time, a hash table from words to counts, and records, the form in which counted words are
// stored in files and sent between ranks. Nothing here knows of MPI, except that running out of
// memory ends the job.
//
// A word is a maximal run of the letters A-Z and a-z.

#ifndef WORD_TABLE_H
#define WORD_TABLE_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---------------------------------------------------------------------------------------------
// Memory

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        fprintf(stderr, "mapreduce: out of memory, %zu bytes were wanted\n", size);
        MPI_Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    return memory;
}

struct bytes {
    unsigned char *data;
    size_t used, room;
};

static void bytes_reserve(struct bytes *bytes, size_t more)
{
    if (bytes->room - bytes->used >= more)
        return;
    bytes->room = bytes->room * 2 > bytes->used + more ? bytes->room * 2 : bytes->used + more;
    bytes->data = allocate(bytes->data, bytes->room);
}

static void bytes_append(struct bytes *bytes, const void *data, size_t size)
{
    bytes_reserve(bytes, size);
    if (size)
        memcpy(bytes->data + bytes->used, data, size);
    bytes->used += size;
}

static void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

// ---------------------------------------------------------------------------------------------
// Eight bytes at a time. The first byte in memory is the lowest of the number.

static inline uint64_t load8(const void *from)
{
    uint64_t x;
    memcpy(&x, from, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static inline uint64_t low_bytes(uint64_t x, size_t n)
{
    return n >= 8 ? x : x & (((uint64_t)1 << 8 * n) - 1);
}

// The first eight bytes of a word, zeros behind a shorter one.
static inline uint64_t word_head(const unsigned char *word, uint64_t length)
{
    unsigned char padded[8] = {0};
    if (length > 0) // or else there may be no word to point to
        memcpy(padded, word, length < 8 ? length : 8);
    return load8(padded);
}

#define EACH_BYTE(value) (0x0101010101010101u * (uint64_t)(value))

// 0x80 in each byte of x that is a letter, 0 in the others. With bit 0x20 set, upper and lower
// case are one range; adding to 7-bit numbers carries a comparison into bit 0x80.
static inline uint64_t letters(uint64_t x)
{
    uint64_t lower = (x | EACH_BYTE(0x20)) & EACH_BYTE(0x7F);
    uint64_t from_a = lower + EACH_BYTE(0x80 - 'a');
    uint64_t after_z = lower + EACH_BYTE(0x80 - 'z' - 1);
    return from_a & ~after_z & ~x & EACH_BYTE(0x80);
}

static inline size_t first_marked(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) / 8;
}

static inline bool is_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline void lower_case(unsigned char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text[i] |= (unsigned char)((text[i] >= 'A' && text[i] <= 'Z') << 5);
}

// A checksum for files: not against malice, but against torn and flipped bytes.
static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9FB21C651E98DF25;
    return hash ^ hash >> 32;
}

static uint64_t checksum(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *p = data;
    uint64_t hash = mix(seed, size);
    for (; size >= 8; size -= 8, p += 8)
        hash = mix(hash, load8(p));
    return mix(hash, word_head(p, size));
}

// ---------------------------------------------------------------------------------------------
// The table: open addressing, linear probing, at most half full. Since a word has no zero byte,
// its head and length say all about a word of up to eight letters: most look-ups touch the slot
// and nothing else. What is longer keeps the rest of its letters, the tail, in the arena.

struct word {
    uint64_t head;
    const unsigned char *tail; // the letters from the ninth on
    uint64_t length;
    uint64_t count; // 0: an empty slot
};

struct arena {
    struct arena *next;
    size_t used, room;
    unsigned char bytes[];
};

struct word_table {
    struct word *slot;
    size_t slots; // a power of two, or 0 before the first word
    size_t words;
    struct arena *arena;
};

static inline uint64_t word_hash(uint64_t head, const unsigned char *tail, uint64_t length)
{
    uint64_t hash = mix(length, head);
    if (length > 8)
        hash = checksum(hash, tail, length - 8);
    return mix(hash, 0);
}

static inline bool same_word(const struct word *word, uint64_t head, const unsigned char *tail,
                             uint64_t length)
{
    return word->head == head && word->length == length &&
           (length <= 8 || memcmp(word->tail, tail, length - 8) == 0);
}

static void table_resize(struct word_table *table, size_t slots)
{
    struct word *old = table->slot;
    struct word *slot = allocate(NULL, slots * sizeof *slot);
    memset(slot, 0, slots * sizeof *slot);
    for (size_t i = 0; i < table->slots; i++) {
        if (!old[i].count)
            continue;
        size_t at = word_hash(old[i].head, old[i].tail, old[i].length) & (slots - 1);
        while (slot[at].count)
            at = (at + 1) & (slots - 1);
        slot[at] = old[i];
    }
    free(old);
    table->slot = slot;
    table->slots = slots;
}

static const unsigned char *table_keep(struct word_table *table, const unsigned char *tail,
                                       size_t length)
{
    struct arena *arena = table->arena;
    if (!arena || arena->room - arena->used < length) {
        size_t room = length > 1 << 20 ? length : 1 << 20;
        arena = allocate(NULL, sizeof *arena + room);
        *arena = (struct arena){table->arena, 0, room};
        table->arena = arena;
    }
    unsigned char *kept = arena->bytes + arena->used;
    memcpy(kept, tail, length);
    arena->used += length;
    return kept;
}

static inline void table_add(struct word_table *table, uint64_t head, const unsigned char *tail,
                             uint64_t length, uint64_t count)
{
    if (table->words * 2 >= table->slots)
        table_resize(table, table->slots ? table->slots * 2 : 1 << 12);

    size_t at = word_hash(head, tail, length) & (table->slots - 1);
    for (; table->slot[at].count; at = (at + 1) & (table->slots - 1)) {
        if (same_word(&table->slot[at], head, tail, length)) {
            table->slot[at].count += count;
            return;
        }
    }
    const unsigned char *kept = length > 8 ? table_keep(table, tail, length - 8) : NULL;
    table->slot[at] = (struct word){head, kept, length, count};
    table->words++;
}

// Forgets all words and keeps the slots.
static void table_clear(struct word_table *table)
{
    if (table->slots)
        memset(table->slot, 0, table->slots * sizeof *table->slot);
    table->words = 0;
    while (table->arena) {
        struct arena *next = table->arena->next;
        free(table->arena);
        table->arena = next;
    }
}

static void table_free(struct word_table *table)
{
    table_clear(table);
    free(table->slot);
    *table = (struct word_table){0};
}

// Adds the words of a text to the table. The eight bytes behind the end must be there to read,
// and zero. A word that touches the end counts if the text is `whole`; if not, more of it may
// follow, and where it starts is returned for the next call to begin with.
static const unsigned char *table_add_text(struct word_table *table, const unsigned char *text,
                                           const unsigned char *end, bool whole)
{
    while (text < end) {
        uint64_t x = load8(text), marks = letters(x);
        if (!marks) {
            text += 8;
            continue;
        }
        text += first_marked(marks);

        const unsigned char *word = text;
        uint64_t head = load8(word);
        uint64_t others = ~letters(head) & EACH_BYTE(0x80);
        while (!others) {
            text += 8;
            others = ~letters(load8(text)) & EACH_BYTE(0x80);
        }
        text += first_marked(others);
        if (text >= end && !whole)
            return word;
        size_t length = (size_t)(text - word);
        table_add(table, low_bytes(head, length), word + 8, length, 1);
    }
    return end;
}

// ---------------------------------------------------------------------------------------------
// The order of words: that of memcmp, a word before its continuations, as LC_ALL=C sort has it.

static int compare_words(const void *left, const void *right)
{
    const struct word *a = left, *b = right;
    if (a->head != b->head)
        return __builtin_bswap64(a->head) < __builtin_bswap64(b->head) ? -1 : 1;
    if (a->length > 8 && b->length > 8) {
        uint64_t shorter = a->length < b->length ? a->length : b->length;
        int order = memcmp(a->tail, b->tail, shorter - 8);
        if (order)
            return order;
    }
    return (a->length > b->length) - (a->length < b->length);
}

// Puts the words into slot[0 .. words-1], sorted. The table is good for nothing else after that.
static void table_sort(struct word_table *table)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->slots; i++)
        if (table->slot[i].count)
            table->slot[kept++] = table->slot[i];
    if (kept)
        qsort(table->slot, kept, sizeof *table->slot, compare_words);
}

// ---------------------------------------------------------------------------------------------
// A record is count, length, letters; the numbers in base 128, lowest digits first, bit 0x80 on
// all but the last.

enum { NUMBER_ROOM = 10 };

static void put_number(struct bytes *bytes, uint64_t number)
{
    bytes_reserve(bytes, NUMBER_ROOM);
    for (; number >= 0x80; number >>= 7)
        bytes->data[bytes->used++] = (unsigned char)(number | 0x80);
    bytes->data[bytes->used++] = (unsigned char)number;
}

static void put_record(struct bytes *bytes, const struct word *word)
{
    put_number(bytes, word->count);
    put_number(bytes, word->length);
    unsigned char head[8];
    for (int i = 0; i < 8; i++)
        head[i] = (unsigned char)(word->head >> 8 * i);
    bytes_append(bytes, head, word->length < 8 ? word->length : 8);
    if (word->length > 8)
        bytes_append(bytes, word->tail, word->length - 8);
}

static bool get_number(const unsigned char **at, const unsigned char *end, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char digit = *(*at)++;
        *number |= (uint64_t)(digit & 0x7F) << shift;
        if (digit < 0x80)
            return true;
    }
    return false;
}

// Takes one record from [*at, end) and moves *at behind it; false if it is not all there. The
// word's tail points into the record.
static bool get_record(const unsigned char **at, const unsigned char *end, struct word *word)
{
    const unsigned char *p = *at;
    if (!get_number(&p, end, &word->count) || !get_number(&p, end, &word->length) ||
        word->length > (uint64_t)(end - p))
        return false;
    word->head = word_head(p, word->length);
    word->tail = word->length > 8 ? p + 8 : NULL;
    *at = p + word->length;
    return true;
}

static bool table_add_records(struct word_table *table, const struct bytes *records)
{
    const unsigned char *at = records->data, *end = at + records->used;
    struct word word;
    while (at < end) {
        if (!get_record(&at, end, &word))
            return false;
        table_add(table, word.head, word.tail, word.length, word.count);
    }
    return true;
}

#endif
