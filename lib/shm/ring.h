// SPDX-License-Identifier: MIT
// How a ring between two ranks is written and read (its memory: shm/layout.h). One rank writes, one
// reads, there is no lock and no read-modify-write. All inline: this is the path of every message.
//
// The argument. The writer owns the cells from `head` on that the reader has given back: head -
// cells_consumed < cells. It fills the cell (and before that the bulk bytes), and last stores
// `word` with release. The reader polls the `word` of its next cell with acquire, and takes the
// cell when the word's phase is the phase of its lap: acquire pairs with that release, so payload
// and bulk bytes are visible. A stale word of the lap before has the other phase, so there is no
// index to share. The reader gives credits back by storing cells_consumed and bulk_consumed with
// release, after its last load of what they cover; the writer loads them with acquire before it
// overwrites. If the writer dies between two stores, the word is not there yet and the reader sees
// nothing.
//
// The bulk area is used in order, in chunks of whole cache lines. A chunk never wraps: the rest of
// the area is skipped instead, and the chunk's position travels in the cell, so that the reader
// skips the same. Positions count up for ever; the place is the position modulo the area.
#ifndef MP_SHM_RING_H
#define MP_SHM_RING_H

#include "base/bits.h"
#include "base/channel.h"
#include "shm/layout.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What every packet other than a short EAGER keeps in mp_cell.extra; a longer EAGER the first only.
enum { MP_EXTRA_BULK, MP_EXTRA_ORIGIN, MP_EXTRA_TARGET, MP_EXTRA_TOTAL, MP_EXTRA_ADDRESS };

// Private to the writer.
struct mp_ring_writer {
    struct mp_ring *ring;
    uint64_t head;     // cells written
    uint64_t fast_end; // cells below this number the fast path writes without another look
    uint64_t consumed; // the latest cells_consumed we read
    char *bulk;
    uint64_t bulk_head;     // bulk position after the last committed chunk
    uint64_t bulk_place;    // position of the reserved chunk
    uint64_t bulk_consumed; // the latest bulk_consumed we read
    bool active;            // the reader polls this ring: no more doorbell
};

// Private to the reader.
struct mp_ring_reader {
    struct mp_ring *ring;
    char *bulk;
    uint64_t tail;           // cells taken
    uint64_t published;      // cells given back
    uint64_t bulk_tail;      // bulk position after the last chunk taken
    uint64_t bulk_published; // given back
};

// The two sizes, from the segment header.
struct mp_ring_shape {
    uint64_t cells;
    uint64_t bulk;
};

// A short message travels in its cell; everything else has its payload in the bulk area.
static inline bool mp_ring_is_inline(enum mp_packet_kind kind, size_t bytes)
{
    return kind == MP_PACKET_EAGER && bytes <= sizeof((struct mp_cell *)0)->data;
}

// Copies what a cell holds, up to 48 bytes, without a call.
MP_ALWAYS_INLINE void mp_ring_copy_cell(char *to, const char *from, size_t bytes)
{
    if (bytes == 8) {
        memcpy(to, from, 8);
    } else if (bytes >= 16) {
        memcpy(to, from, 16);
        if (bytes > 32) {
            memcpy(to + 16, from + 16, 16);
        }
        memcpy(to + bytes - 16, from + bytes - 16, 16);
    } else if (bytes >= 8) {
        memcpy(to, from, 8);
        memcpy(to + bytes - 8, from + bytes - 8, 8);
    } else if (bytes >= 4) {
        memcpy(to, from, 4);
        memcpy(to + bytes - 4, from + bytes - 4, 4);
    } else if (bytes > 0) {
        to[0] = from[0];
        to[bytes / 2] = from[bytes / 2];
        to[bytes - 1] = from[bytes - 1];
    }
}

// `length` and `source`, with one store where the compiler can.
static inline void mp_ring_set_sizes(struct mp_cell *cell, uint32_t length, int32_t source)
{
    uint64_t both = (uint64_t)(uint32_t)source << 32 | length;
    _Static_assert(offsetof(struct mp_cell, source) == offsetof(struct mp_cell, length) + 4,
                   "both");
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        memcpy(&cell->length, &both, sizeof both);
    } else {
        cell->length = length;
        cell->source = source;
    }
}

// 1 in even laps, 0 in odd ones.
static inline uint64_t mp_ring_phase(uint64_t number, const struct mp_ring_shape *shape)
{
    return (number & shape->cells) == 0;
}

static inline struct mp_cell *mp_ring_cell(struct mp_ring *ring, const struct mp_ring_shape *shape,
                                           uint64_t number)
{
    return &ring->cells[number & (shape->cells - 1)];
}

static inline size_t mp_ring_chunk(size_t bytes)
{
    return mp_round_up(bytes, sizeof(struct mp_cell));
}

// Position of the writer's next chunk.
static inline uint64_t mp_ring_place(const struct mp_ring_writer *writer,
                                     const struct mp_ring_shape *shape, size_t chunk)
{
    uint64_t place = writer->bulk_head;
    bool fits = (place & (shape->bulk - 1)) + chunk <= shape->bulk;
    return fits ? place : mp_round_up(place, shape->bulk); // else skip the rest of the area
}

// Where the payload of the next packet is to be written, or NULL when there is no room now.
static inline void *mp_ring_reserve(struct mp_ring_writer *writer,
                                    const struct mp_ring_shape *shape, enum mp_packet_kind kind,
                                    size_t bytes)
{
    struct mp_ring *ring = writer->ring;

    if (unlikely(writer->head - writer->consumed >= shape->cells)) {
        writer->consumed = atomic_load_explicit(&ring->cells_consumed, memory_order_acquire);
        if (writer->head - writer->consumed >= shape->cells) {
            return NULL;
        }
    }
    if (likely(mp_ring_is_inline(kind, bytes))) {
        return mp_ring_cell(ring, shape, writer->head)->data;
    }
    size_t chunk = mp_ring_chunk(bytes);
    uint64_t place = mp_ring_place(writer, shape, chunk);
    if (place + chunk - writer->bulk_consumed > shape->bulk) {
        writer->bulk_consumed = atomic_load_explicit(&ring->bulk_consumed, memory_order_acquire);
        if (place + chunk - writer->bulk_consumed > shape->bulk) {
            return NULL;
        }
    }
    writer->bulk_place = place;
    return writer->bulk + (place & (shape->bulk - 1));
}

// A cell's word, without its phase: what packet it is, and its envelope.
static inline uint64_t mp_ring_word(enum mp_packet_kind kind, uint32_t context, int tag)
{
    return (uint64_t)kind << 1 | (uint64_t)context << 8 | (uint64_t)(uint32_t)tag << 32;
}

// Publishes the writer's next cell, that of `number`, which is filled but for these.
MP_ALWAYS_INLINE void mp_ring_publish(struct mp_ring_writer *writer,
                                      const struct mp_ring_shape *shape, struct mp_cell *cell,
                                      uint64_t number, uint64_t word, uint32_t length,
                                      int32_t source)
{
    mp_ring_set_sizes(cell, length, source);
    // Release: pairs with the acquire in mp_ring_peek.
    atomic_store_explicit(&cell->word, word | mp_ring_phase(number, shape), memory_order_release);
    writer->head = number + 1;
}

// Publishes the reserved packet. Returns its number: how many went before it.
static inline uint64_t mp_ring_commit(struct mp_ring_writer *writer,
                                      const struct mp_ring_shape *shape,
                                      const struct mp_packet *packet)
{
    uint64_t number = writer->head;
    struct mp_cell *cell = mp_ring_cell(writer->ring, shape, number);

    if (!mp_ring_is_inline(packet->kind, packet->length)) {
        cell->extra[MP_EXTRA_BULK] = writer->bulk_place;
        if (packet->kind != MP_PACKET_EAGER) {
            cell->extra[MP_EXTRA_ORIGIN] = packet->origin;
            cell->extra[MP_EXTRA_TARGET] = packet->target;
            cell->extra[MP_EXTRA_TOTAL] = packet->total;
            cell->extra[MP_EXTRA_ADDRESS] = packet->address;
        }
        writer->bulk_head = writer->bulk_place + mp_ring_chunk(packet->length);
    }
    mp_ring_publish(writer, shape, cell, number,
                    mp_ring_word(packet->kind, packet->context, packet->tag), packet->length,
                    packet->source);
    return number;
}

// After a packet with `bytes` in the bulk area: takes the cache lines that the next one of that
// size will be written to away from the reader, which read them a lap ago, by storing something to
// each. A store to such a line waits for an answer from the reader's core, and stores leave a core
// in order, so the lines of a message cost it several of those waits between its first byte and its
// word. Here nobody waits for them: not the reader, who has its word, and not the writer, whose
// stores go on by themselves while it looks for the answer to its message. Nor is anything done
// twice, since every line is taken once a lap, be it sooner or later. It has to be a store: a
// prefetch for writing is satisfied with a line that it finds here, shared or not.
static inline void mp_ring_claim(struct mp_ring_writer *writer, const struct mp_ring_shape *shape,
                                 size_t bytes)
{
    size_t chunk = mp_ring_chunk(bytes);
    uint64_t place = mp_ring_place(writer, shape, chunk);

    if (place + chunk - writer->bulk_consumed <= shape->bulk) {
        volatile char *to = writer->bulk + (place & (shape->bulk - 1));
        // From the end, so that the lines that are written first are those that were taken last.
        for (size_t at = chunk; at > 0; at -= sizeof(struct mp_cell)) {
            to[at - sizeof(struct mp_cell)] = 0;
        }
    }
}

// What a word without its phase says.
static inline uint32_t mp_ring_word_kind(uint64_t word)
{
    return (uint32_t)(word >> 1 & 0x7f);
}

static inline uint32_t mp_ring_word_context(uint64_t word)
{
    return (uint32_t)(word >> 8 & 0xffffff);
}

static inline int32_t mp_ring_word_tag(uint64_t word)
{
    return (int32_t)(word >> 32);
}

// The next cell if its packet is there, or NULL; *word is its word without the phase.
static inline struct mp_cell *mp_ring_peek(struct mp_ring_reader *reader,
                                           const struct mp_ring_shape *shape, uint64_t *word)
{
    struct mp_cell *cell = mp_ring_cell(reader->ring, shape, reader->tail);
    uint64_t phase = mp_ring_phase(reader->tail, shape);
    // Acquire: pairs with the release in mp_ring_publish.
    uint64_t seen = atomic_load_explicit(&cell->word, memory_order_acquire);

    // A word never written is 0: its kind is 0, which no packet has.
    if ((seen & 1) != phase || seen < 2) {
        return NULL;
    }
    *word = seen & ~UINT64_C(1);
    return cell;
}

// The same for a message that is in its cell; NULL as well for any other packet. It asks for the
// line of a cell a little further on, too: in a stream that one's message is there already, and the
// trip of its line goes on while this one is delivered. Further than this would be worse: it takes
// lines away from the writer that is filling them.
static inline const struct mp_cell *mp_ring_peek_short(const struct mp_ring_reader *reader,
                                                       const struct mp_ring_shape *shape)
{
    const struct mp_cell *cell = mp_ring_cell(reader->ring, shape, reader->tail);
    uint64_t low = (uint64_t)MP_PACKET_EAGER << 1 | mp_ring_phase(reader->tail, shape);
    // Acquire: pairs with the release in mp_ring_publish.
    if ((atomic_load_explicit(&cell->word, memory_order_acquire) & 0xff) != low ||
        cell->length > sizeof cell->data) {
        return NULL;
    }
    __builtin_prefetch(mp_ring_cell(reader->ring, shape, reader->tail + 3));
    return cell;
}

// The payload of a peeked cell.
static inline const void *mp_ring_payload(const struct mp_ring_reader *reader,
                                          const struct mp_ring_shape *shape,
                                          const struct mp_cell *cell, enum mp_packet_kind kind)
{
    if (likely(mp_ring_is_inline(kind, cell->length))) {
        return cell->data;
    }
    uint64_t place = cell->extra[MP_EXTRA_BULK];
    if (likely(place == reader->bulk_tail)) { // nothing was skipped
        place = mp_known(reader->bulk_tail);
    }
    return reader->bulk + (place & (shape->bulk - 1));
}

// Takes a peeked cell that held all of its packet: it must not be looked at any more. Returns true
// when credits were given back, so that the writer is to be woken if it sleeps for want of room.
static inline bool mp_ring_consume_cell(struct mp_ring_reader *reader,
                                        const struct mp_ring_shape *shape)
{
    uint64_t tail = ++reader->tail;
    if (tail - reader->published < shape->cells / 4) {
        return false;
    }
    reader->published = tail;
    // Release: pairs with the acquire in mp_ring_reserve.
    atomic_store_explicit(&reader->ring->cells_consumed, tail, memory_order_release);
    return true;
}

// The same for any packet.
static inline bool mp_ring_consume(struct mp_ring_reader *reader, const struct mp_ring_shape *shape,
                                   const struct mp_cell *cell, enum mp_packet_kind kind)
{
    bool gave = false;

    if (!mp_ring_is_inline(kind, cell->length)) {
        reader->bulk_tail = cell->extra[MP_EXTRA_BULK] + mp_ring_chunk(cell->length);
        if (reader->bulk_tail - reader->bulk_published >= shape->bulk / 4) {
            reader->bulk_published = reader->bulk_tail;
            // Release: pairs with the acquire in mp_ring_reserve.
            atomic_store_explicit(&reader->ring->bulk_consumed, reader->bulk_tail,
                                  memory_order_release);
            gave = true;
        }
    }
    return mp_ring_consume_cell(reader, shape) || gave;
}

#endif
