// SPDX-License-Identifier: MIT
// Datatypes (MPI 5.0, chapter 5): what lies where in a buffer. The engine sees a buffer of `count`
// elements as a packed stream of count * size bytes, and packs or unpacks any part of that stream.
#ifndef MP_DATATYPE_DATATYPE_H
#define MP_DATATYPE_DATATYPE_H

#include "mpi.h"
#include "object/object.h"

#include <stdbool.h>
#include <stdint.h>

struct mp_attributes;
struct mp_form;

// `count` consecutive elements of `type` (held) in the type map: where the order of basic elements
// matters and their place does not (MPI_Get_elements, external32).
struct mp_part {
    MPI_Count count;
    struct mp_datatype *type;
};

// How a type was made, for its envelope and contents; the handles are those of the parts, in order.
// Each list is the one of MPI_Type_get_contents_c.
struct mp_recipe {
    int combiner; // MPI_COMBINER_*
    bool large;   // made by a function of large counts: `counts` stands in place of what is counted
    MPI_Count integer_count, address_count, large_count;
    int *integers; // owned, like the next two
    MPI_Aint *addresses;
    MPI_Count *counts;
};

// What a predefined type is made of, for reductions and external32. The scalars come first.
enum mp_format {
    MP_FORMAT_NONE, // MPI_PACKED, and what is a derived type
    MP_FORMAT_INT8,
    MP_FORMAT_INT16,
    MP_FORMAT_INT32,
    MP_FORMAT_INT64,
    MP_FORMAT_INT128,
    MP_FORMAT_UINT8,
    MP_FORMAT_UINT16,
    MP_FORMAT_UINT32,
    MP_FORMAT_UINT64,
    MP_FORMAT_HALF, // IEEE binary16
    MP_FORMAT_FLOAT,
    MP_FORMAT_DOUBLE,
    MP_FORMAT_LONG_DOUBLE, // the compiler's
    MP_FORMAT_QUAD,        // IEEE binary128
    MP_FORMAT_HALF_COMPLEX,
    MP_FORMAT_FLOAT_COMPLEX,
    MP_FORMAT_DOUBLE_COMPLEX,
    MP_FORMAT_LONG_DOUBLE_COMPLEX,
    MP_FORMAT_QUAD_COMPLEX,
    MP_FORMAT_BOOL, // of C and C++
    MP_FORMAT_LOGICAL8,
    MP_FORMAT_LOGICAL16,
    MP_FORMAT_LOGICAL32,
    MP_FORMAT_LOGICAL64,
    MP_FORMAT_LOGICAL128,
    MP_FORMAT_BYTE,
    MP_FORMAT_CHARACTER, // text: moved, never computed with
    MP_FORMAT_WCHAR,
    MP_FORMAT_FLOAT_INT, // pairs of a value and an index, named by the C types
    MP_FORMAT_DOUBLE_INT,
    MP_FORMAT_LONG_INT,
    MP_FORMAT_INT_INT,
    MP_FORMAT_SHORT_INT,
    MP_FORMAT_LONG_DOUBLE_INT,
    MP_FORMAT_FLOAT_FLOAT,
    MP_FORMAT_DOUBLE_DOUBLE,
    MP_FORMATS
};

// What basic elements are told apart by: see datatype_signature.h.
enum mp_data_kind {
    MP_DATA_ANY,
    MP_DATA_INT8,
    MP_DATA_INT16,
    MP_DATA_INT32,
    MP_DATA_INT64,
    MP_DATA_INT128,
    MP_DATA_HALF,
    MP_DATA_FLOAT,
    MP_DATA_DOUBLE,
    MP_DATA_LONG_DOUBLE,
    MP_DATA_QUAD,
    MP_DATA_MIXED // elements of several kinds, none of which is ANY
};

// The members of each format, a second one where there is one: ROW(format, first, second).
#define MP_FORMAT_MEMBERS(ROW)                         \
    ROW(NONE, ANY, ANY)                                \
    ROW(INT8, INT8, ANY)                               \
    ROW(INT16, INT16, ANY)                             \
    ROW(INT32, INT32, ANY)                             \
    ROW(INT64, INT64, ANY)                             \
    ROW(INT128, INT128, ANY)                           \
    ROW(UINT8, INT8, ANY)                              \
    ROW(UINT16, INT16, ANY)                            \
    ROW(UINT32, INT32, ANY)                            \
    ROW(UINT64, INT64, ANY)                            \
    ROW(HALF, HALF, ANY)                               \
    ROW(FLOAT, FLOAT, ANY)                             \
    ROW(DOUBLE, DOUBLE, ANY)                           \
    ROW(LONG_DOUBLE, LONG_DOUBLE, ANY)                 \
    ROW(QUAD, QUAD, ANY)                               \
    ROW(HALF_COMPLEX, HALF, HALF)                      \
    ROW(FLOAT_COMPLEX, FLOAT, FLOAT)                   \
    ROW(DOUBLE_COMPLEX, DOUBLE, DOUBLE)                \
    ROW(LONG_DOUBLE_COMPLEX, LONG_DOUBLE, LONG_DOUBLE) \
    ROW(QUAD_COMPLEX, QUAD, QUAD)                      \
    ROW(BOOL, INT8, ANY)                               \
    ROW(LOGICAL8, INT8, ANY)                           \
    ROW(LOGICAL16, INT16, ANY)                         \
    ROW(LOGICAL32, INT32, ANY)                         \
    ROW(LOGICAL64, INT64, ANY)                         \
    ROW(LOGICAL128, INT128, ANY)                       \
    ROW(BYTE, ANY, ANY)                                \
    ROW(CHARACTER, INT8, ANY)                          \
    ROW(WCHAR, INT32, ANY)                             \
    ROW(FLOAT_INT, FLOAT, INT32)                       \
    ROW(DOUBLE_INT, DOUBLE, INT32)                     \
    ROW(LONG_INT, INT64, INT32)                        \
    ROW(INT_INT, INT32, INT32)                         \
    ROW(SHORT_INT, INT16, INT32)                       \
    ROW(LONG_DOUBLE_INT, LONG_DOUBLE, INT32)           \
    ROW(FLOAT_FLOAT, FLOAT, FLOAT)                     \
    ROW(DOUBLE_DOUBLE, DOUBLE, DOUBLE)

// What short ways want to know of a type, to look at once: whether it is committed and contiguous,
// and then, whether its elements are of one kind.
enum mp_plain { MP_PLAIN_NOT, MP_PLAIN, MP_PLAIN_MIXED };

struct mp_datatype {
    struct mp_object object;
    MPI_Count size;       // bytes of data in one element
    MPI_Count lb, extent; // of one element
    MPI_Count true_lb, true_extent;
    bool committed;
    uint8_t plain;    // enum mp_plain
    bool contiguous;  // n elements are n * size bytes in a row, starting at buf + true_lb
    bool resized;     // lb and extent were set by MPI_Type_create_resized, here or further down
    uint8_t format;   // enum mp_format; of predefined types only
    uint8_t basic;    // predefined type it consists of alone: index of the handle (0x200 + basic),
                      // else 0; reductions look at it
    uint8_t kind;     // enum mp_data_kind
    int align;        // of its strictest basic element
    uint32_t handles; // the program holds; at 0 its handle is invalid, though messages use it
    struct mp_form *form; // where the data of one element lies (datatype/datatype_form.h); NULL for
                          // contiguous types, which need none
    MPI_Count elements;   // basic elements in one element (a pair has two)
    MPI_Count external;   // bytes of one element in "external32"; of derived types only
    uint64_t hash, power; // of derived types: see datatype_signature.c
    uint32_t kinds;
    size_t part_count; // 0 for predefined types
    struct mp_part *parts;
    struct mp_recipe recipe;
    struct mp_attributes *attributes;
    struct mp_datatype *next_dead; // when it is released
    char name[MPI_MAX_OBJECT_NAME];
};

// The predefined types, densely; the byte at an index says where (0: no such type).
extern struct mp_datatype mp_datatype_predefined[];
extern const uint8_t mp_datatype_place[256];

// Bytes of those that are contiguous, from byte 0 on, by the same index; 0 for all others.
extern const uint8_t mp_datatype_quick[256];

// Handle to object: NULL when the handle is no live datatype (or is MPI_DATATYPE_NULL).
static inline struct mp_datatype *mp_datatype_get(MPI_Datatype handle)
{
    uintptr_t index = (uintptr_t)handle - (uintptr_t)MPI_DATATYPE_NULL;
    if (likely(index < 256)) {
        uint8_t place = mp_datatype_place[index];
        return likely(place != 0) ? &mp_datatype_predefined[place] : NULL;
    }
    struct mp_datatype *type = (struct mp_datatype *)(void *)handle;
    return mp_object_is(handle, MP_KIND_DATATYPE) && type->handles ? type : NULL;
}
MPI_Datatype mp_datatype_handle(const struct mp_datatype *type);

// Counted references, so that a type can be freed while messages still use it.
static inline void mp_datatype_hold(struct mp_datatype *type)
{
    type->object.refs += !type->object.builtin;
}
void mp_datatype_destroy(struct mp_datatype *type); // at the last reference
static inline void mp_datatype_release(struct mp_datatype *type)
{
    if (!type->object.builtin && --type->object.refs == 0) {
        mp_datatype_destroy(type);
    }
}

// Drops one handle of the program with its reference (MPI_Type_free).
void mp_datatype_drop(struct mp_datatype *type);

// Copies bytes [from, from + bytes) of the packed stream of `count` elements at `buffer` to `out`.
// The range must lie within the stream.
void mp_datatype_pack(const struct mp_datatype *type, const void *buffer, MPI_Count count,
                      MPI_Count from, void *out, MPI_Count bytes);

// The reverse: bytes at `in` become bytes [from, from + bytes) of the stream at `buffer`.
void mp_datatype_unpack(const struct mp_datatype *type, void *buffer, MPI_Count count,
                        MPI_Count from, const void *in, MPI_Count bytes);

// Copies between two buffers of possibly different types; stops at the shorter stream. Returns the
// bytes copied. Used for self messages and by collectives (MPI_IN_PLACE and local pieces).
MPI_Count mp_datatype_copy(const struct mp_datatype *from_type, const void *from,
                           MPI_Count from_count, const struct mp_datatype *to_type, void *to,
                           MPI_Count to_count);

// Bytes that a temporary for `count` elements needs (its span), and the distance from its first
// byte to the address to be passed as buffer: buffer = memory - *shift.
MPI_Count mp_datatype_span(const struct mp_datatype *type, MPI_Count count, MPI_Count *shift);

// Basic elements in the first `bytes` of the packed stream, MPI_UNDEFINED if they end within one;
// and the bytes that the first `elements` take, or -1 if that is beyond `count` elements of the
// type.
MPI_Count mp_datatype_elements(const struct mp_datatype *type, MPI_Count bytes);
MPI_Count mp_datatype_element_bytes(const struct mp_datatype *type, MPI_Count elements);

// True if a stream of so many bytes ends within a basic element.
static inline bool mp_datatype_is_cut(const struct mp_datatype *type, MPI_Count bytes)
{
    return type->size > 1 && unlikely(bytes % type->size != 0) &&
           mp_datatype_elements(type, bytes) == MPI_UNDEFINED;
}

// The representation "external32" (14.5.2): bytes of one element in it, and the conversion of the
// packed stream of `count` elements from and to it. An error when a value does not fit.
MPI_Count mp_datatype_external_size(const struct mp_datatype *type);
int mp_datatype_to_external(const struct mp_datatype *type, const void *packed, MPI_Count count,
                            void *external);
int mp_datatype_from_external(const struct mp_datatype *type, const void *external, MPI_Count count,
                              void *packed);

#endif
