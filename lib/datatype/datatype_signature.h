// SPDX-License-Identifier: MIT
// Type signatures (MPI 5.0, 3.3.1 and 5.1.1): of which basic elements, in which order, the data of
// a message consist. One word says it, so comparing a sender's with a receiver's costs nothing:
//   0            matches all: MPI_BYTE and MPI_PACKED, also inside a derived type; no data
//   below MIXED  elements of one kind, enum mp_data_kind. With the length it says all
//   MIXED and up a hash of the sequence
// A kind is what an element is and its size; signed and unsigned integers, characters and logicals
// are one kind, since programs mix them. Pairs and complex numbers are their two members.
#ifndef MP_DATATYPE_DATATYPE_SIGNATURE_H
#define MP_DATATYPE_DATATYPE_SIGNATURE_H

#include "datatype/datatype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MP_SIGNATURE_BITS = 14, MP_SIGNATURE_MIXED = 1 << (MP_SIGNATURE_BITS - 1) };

// That of `count` elements of a type.
uint32_t mp_datatype_signature_slow(const struct mp_datatype *type, MPI_Count count);
static inline uint32_t mp_datatype_signature(const struct mp_datatype *type, MPI_Count count)
{
    return likely(type->kind != MP_DATA_MIXED) ? type->kind
                                               : mp_datatype_signature_slow(type, count);
}

// Whether a message of so many bytes with that signature contradicts a receive of `count` elements
// of the type: it may be the beginning of what is expected. A message that is longer is compared as
// far as there is room for it, where that can be told.
bool mp_datatype_contradicts_slow(const struct mp_datatype *type, MPI_Count count,
                                  uint32_t signature, MPI_Count bytes);
static inline bool mp_datatype_contradicts(const struct mp_datatype *type, MPI_Count count,
                                           uint32_t signature, MPI_Count bytes)
{
    return unlikely(signature != type->kind) &&
           mp_datatype_contradicts_slow(type, count, signature, bytes);
}

// Words for a signature, "MPI_DOUBLE"; and for a type, "MPI_INT64_T" or "a type of 2 MPI_INT and 1
// MPI_DOUBLE". They return `text`.
enum { MP_SIGNATURE_TEXT = 160 };
const char *mp_signature_words(uint32_t signature, char text[MP_SIGNATURE_TEXT]);
const char *mp_datatype_words(const struct mp_datatype *type, char text[MP_SIGNATURE_TEXT]);

static inline uint8_t mp_datatype_plain(const struct mp_datatype *type)
{
    return !type->committed || !type->contiguous ? MP_PLAIN_NOT
           : type->kind == MP_DATA_MIXED         ? MP_PLAIN_MIXED
                                                 : MP_PLAIN;
}

// Sets what a derived type keeps of its signature, from its parts.
void mp_datatype_sign(struct mp_datatype *type);

#endif
