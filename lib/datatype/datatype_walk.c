// SPDX-License-Identifier: MIT
//
// What depends on the basic elements of a type and their order, not on their places: counting them
// (MPI_Get_elements) and the representation "external32" (14.5.2). Both walk the tree of parts.

#include "datatype/datatype.h"
#include "object/errhandler.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

// ---- Counting

// The value of a pair whose halves differ in size, and whose index is an int; else NULL.
static struct mp_datatype *pair_value(const struct mp_datatype *pair)
{
    switch (pair->format) {
    case MP_FORMAT_SHORT_INT:
        return mp_datatype_get(MPI_SHORT);
    case MP_FORMAT_DOUBLE_INT:
        return mp_datatype_get(MPI_DOUBLE);
    case MP_FORMAT_LONG_INT:
        return mp_datatype_get(MPI_LONG);
    case MP_FORMAT_LONG_DOUBLE_INT:
        return mp_datatype_get(MPI_LONG_DOUBLE);
    default:
        return NULL;
    }
}

// Bytes of the first basic element of a pair; the second takes the rest.
static MPI_Count pair_value_size(const struct mp_datatype *pair)
{
    const struct mp_datatype *value = pair_value(pair);
    return value ? value->size : pair->size / 2;
}

// Basic elements in `bytes` of the stream of as many elements as it takes. *left: bytes of an
// element that is there in part only.
static MPI_Count count_elements(const struct mp_datatype *type, MPI_Count bytes, MPI_Count *left)
{
    if (type->size == 0) {
        *left = bytes;
        return 0;
    }
    MPI_Count found = bytes / type->size * type->elements;
    bytes %= type->size;
    for (size_t i = 0; i < type->part_count && bytes > 0; i++) {
        const struct mp_part *part = &type->parts[i];
        MPI_Count whole = part->count * part->type->size;
        if (whole <= bytes) {
            found += part->count * part->type->elements;
            bytes -= whole;
        } else {
            found += count_elements(part->type, bytes, left);
            return found;
        }
    }
    if (type->elements == 2 && type->part_count == 0 && bytes >= pair_value_size(type)) {
        bytes -= pair_value_size(type);
        found++;
    }
    *left = bytes;
    return found;
}

MPI_Count mp_datatype_elements(const struct mp_datatype *type, MPI_Count bytes)
{
    MPI_Count left = 0;
    MPI_Count found = count_elements(type, bytes, &left);
    return left ? MPI_UNDEFINED : found;
}

MPI_Count mp_datatype_element_bytes(const struct mp_datatype *type, MPI_Count elements)
{
    if (elements == 0)
        return 0;
    if (type->elements == 0)
        return -1;
    MPI_Count bytes;
    if (__builtin_mul_overflow(elements / type->elements, type->size, &bytes))
        return -1;
    elements %= type->elements;
    for (size_t i = 0; i < type->part_count && elements > 0; i++) {
        const struct mp_part *part = &type->parts[i];
        MPI_Count whole = part->count * part->type->elements;
        if (whole > elements)
            return bytes + mp_datatype_element_bytes(part->type, elements);
        bytes += part->count * part->type->size;
        elements -= whole;
    }
    return elements ? bytes + pair_value_size(type) : bytes; // half a pair
}

// ---- external32: big-endian, with sizes of its own

// How one basic element is represented: as it is but for the order of the bytes, or converted.
enum conversion { SWAP, LONG_TO_4, ULONG_TO_4, WCHAR_TO_2, LONG_DOUBLE_TO_16, PAIR };

struct scheme {
    uint8_t conversion;
    uint8_t native;   // bytes in memory, of one scalar
    uint8_t external; // bytes in external32
    uint8_t scalars;  // 2 for complex numbers and pairs of alike
};

// The sizes of long, unsigned long and wchar_t are smaller in external32 than here: 4, 4 and 2.
static struct scheme scheme_of(const struct mp_datatype *type)
{
    MPI_Datatype handle = mp_datatype_handle(type);
    if (handle == MPI_LONG)
        return (struct scheme){LONG_TO_4, sizeof(long), 4, 1};
    if (handle == MPI_UNSIGNED_LONG)
        return (struct scheme){ULONG_TO_4, sizeof(long), 4, 1};
    if (pair_value(type))
        return (struct scheme){PAIR, 0, 0, 1};
    switch (type->format) {
    case MP_FORMAT_WCHAR:
        return (struct scheme){WCHAR_TO_2, sizeof(wchar_t), 2, 1};
    case MP_FORMAT_LONG_DOUBLE:
        return (struct scheme){LONG_DOUBLE_TO_16, sizeof(long double), 16, 1};
    case MP_FORMAT_LONG_DOUBLE_COMPLEX:
        return (struct scheme){LONG_DOUBLE_TO_16, sizeof(long double), 16, 2};
    case MP_FORMAT_HALF_COMPLEX:
    case MP_FORMAT_FLOAT_COMPLEX:
    case MP_FORMAT_DOUBLE_COMPLEX:
    case MP_FORMAT_QUAD_COMPLEX:
    case MP_FORMAT_FLOAT_INT:
    case MP_FORMAT_INT_INT:
    case MP_FORMAT_FLOAT_FLOAT:
    case MP_FORMAT_DOUBLE_DOUBLE:
        return (struct scheme){SWAP, (uint8_t)(type->size / 2), (uint8_t)(type->size / 2), 2};
    default:
        return (struct scheme){SWAP, (uint8_t)type->size, (uint8_t)type->size, 1};
    }
}

MPI_Count mp_datatype_external_size(const struct mp_datatype *type)
{
    if (type->part_count || type->size == 0)
        return type->external;
    struct scheme scheme = scheme_of(type);
    if (scheme.conversion == PAIR)
        return mp_datatype_external_size(pair_value(type)) + 4;
    return scheme.external * scheme.scalars;
}

static void copy_swapped(unsigned char *to, const unsigned char *from, size_t bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (size_t i = 0; i < bytes; i++)
        to[i] = from[bytes - 1 - i];
#else
    memcpy(to, from, bytes);
#endif
}

#if LDBL_MANT_DIG == 113
typedef long double binary128;
#elif defined(__SIZEOF_FLOAT128__)
typedef __float128 binary128;
#endif

static int does_not_fit(long value, const char *what)
{
    return mp_fail(MPI_ERR_CONVERSION, "the value %ld does not fit into the %s of external32",
                   value, what);
}

// One scalar, in the direction asked for.
static int convert(struct scheme scheme, unsigned char *to, const unsigned char *from, bool out)
{
    unsigned char swapped[16];
    switch (scheme.conversion) {
    case LONG_TO_4:
    case ULONG_TO_4: {
        bool is_signed = scheme.conversion == LONG_TO_4;
        long value;
        int32_t narrow;
        if (out) {
            memcpy(&value, from, sizeof value);
            narrow = (int32_t)value;
            if (is_signed ? narrow != value : (unsigned long)value > UINT32_MAX)
                return does_not_fit(value, "4 bytes of a long");
            copy_swapped(to, (const unsigned char *)&narrow, sizeof narrow);
        } else {
            copy_swapped((unsigned char *)&narrow, from, sizeof narrow);
            value = is_signed ? (long)narrow : (long)(uint32_t)narrow;
            memcpy(to, &value, sizeof value);
        }
        return 0;
    }
    case WCHAR_TO_2: {
        wchar_t value;
        uint16_t narrow;
        if (out) {
            memcpy(&value, from, sizeof value);
            narrow = (uint16_t)value;
            if ((wchar_t)narrow != value)
                return does_not_fit((long)value, "2 bytes of a wchar_t");
            copy_swapped(to, (const unsigned char *)&narrow, sizeof narrow);
        } else {
            copy_swapped((unsigned char *)&narrow, from, sizeof narrow);
            value = (wchar_t)narrow;
            memcpy(to, &value, sizeof value);
        }
        return 0;
    }
    case LONG_DOUBLE_TO_16: {
#if LDBL_MANT_DIG == 113 || defined(__SIZEOF_FLOAT128__)
        long double value;
        binary128 wide;
        if (out) {
            memcpy(&value, from, sizeof value);
            wide = value;
            memcpy(swapped, &wide, sizeof wide);
            copy_swapped(to, swapped, sizeof wide);
        } else {
            copy_swapped(swapped, from, sizeof wide);
            memcpy(&wide, swapped, sizeof wide);
            value = (long double)wide;
            memset(to, 0, sizeof value); // the bytes of padding too
            memcpy(to, &value, sizeof value);
        }
        return 0;
#else
        return mp_fail(MPI_ERR_CONVERSION,
                       "long double cannot be converted to the 16 bytes of external32 here");
#endif
    }
    default:
        copy_swapped(to, from, scheme.native);
        return 0;
    }
}

// `count` elements of the type: moves both pointers on.
static int walk(const struct mp_datatype *type, MPI_Count count, unsigned char **to,
                const unsigned char **from, bool out)
{
    int err = 0;
    if (type->part_count || type->size == 0) {
        for (MPI_Count n = 0; n < count && !err && type->size; n++)
            for (size_t i = 0; i < type->part_count && !err; i++)
                err = walk(type->parts[i].type, type->parts[i].count, to, from, out);
        return err;
    }
    struct scheme scheme = scheme_of(type);
    if (scheme.conversion == PAIR) {
        for (MPI_Count n = 0; n < count && !err; n++) {
            err = walk(pair_value(type), 1, to, from, out);
            if (!err)
                err = walk(mp_datatype_get(MPI_INT), 1, to, from, out);
        }
        return err;
    }
    for (MPI_Count n = 0; n < count * scheme.scalars && !err; n++) {
        err = convert(scheme, *to, *from, out);
        *to += out ? scheme.external : scheme.native;
        *from += out ? scheme.native : scheme.external;
    }
    return err;
}

int mp_datatype_to_external(const struct mp_datatype *type, const void *packed, MPI_Count count,
                            void *external)
{
    const unsigned char *from = packed;
    unsigned char *to = external;
    return walk(type, count, &to, &from, true);
}

int mp_datatype_from_external(const struct mp_datatype *type, const void *external, MPI_Count count,
                              void *packed)
{
    const unsigned char *from = external;
    unsigned char *to = packed;
    return walk(type, count, &to, &from, false);
}
