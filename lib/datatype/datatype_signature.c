// SPDX-License-Identifier: MIT
// The hash of a sequence of kinds is that polynomial whose coefficients they are, at a fixed odd
// point, modulo 2^64: so the hash of one sequence after another is the first one's, times the power
// of the point that the second one is long, plus the second one's; and that of n copies is found in
// log n steps. A type keeps its hash and that power. Read first: datatype_signature.h.
#include "datatype/datatype_signature.h"

#include <stdio.h>
#include <string.h>

#define POINT UINT64_C(0x9e3779b97f4a7c15)

// The two members of predefined types; of most, one.
static const struct {
    uint8_t first, second;
} members[MP_FORMATS] = {
#define MEMBERS(format, first, second) [MP_FORMAT_##format] = {MP_DATA_##first, MP_DATA_##second},
    MP_FORMAT_MEMBERS(MEMBERS)
#undef MEMBERS
};

// A sequence: bit k of `kinds` says that it has some of kind k.
struct sequence {
    uint64_t hash, power;
    uint32_t kinds;
};
static const struct sequence nothing = {.power = 1};

static struct sequence one(unsigned kind)
{
    return (struct sequence){kind, POINT, UINT32_C(1) << kind};
}

static struct sequence then(struct sequence a, struct sequence b)
{
    return (struct sequence){a.hash * b.power + b.hash, a.power * b.power, a.kinds | b.kinds};
}

static struct sequence copies(struct sequence s, MPI_Count count)
{
    struct sequence all = nothing;
    for (; count > 0; count >>= 1) {
        if (count & 1) {
            all = then(all, s);
        }
        s = then(s, s);
    }
    return all;
}

static struct sequence of_type(const struct mp_datatype *type)
{
    if (type->part_count > 0) {
        return (struct sequence){type->hash, type->power, type->kinds};
    }
    unsigned second = members[type->format].second;
    struct sequence first = one(members[type->format].first);
    return second ? then(first, one(second)) : first;
}

void mp_datatype_sign(struct mp_datatype *type)
{
    struct sequence all = nothing;
    for (size_t i = 0; i < type->part_count; i++) {
        const struct mp_part *part = &type->parts[i];
        if (part->type->size > 0) {
            all = then(all, copies(of_type(part->type), part->count));
        }
    }
    type->hash = all.hash;
    type->power = all.power;
    type->kinds = all.kinds;
    bool single = (all.kinds & (all.kinds - 1)) == 0;
    type->kind = MP_DATA_ANY;
    if (all.kinds && !(all.kinds & UINT32_C(1) << MP_DATA_ANY)) {
        type->kind = single ? (uint8_t)__builtin_ctz(all.kinds) : MP_DATA_MIXED;
    }
}

static uint32_t word(struct sequence s)
{
    if (!s.kinds || s.kinds & UINT32_C(1) << MP_DATA_ANY) {
        return MP_DATA_ANY;
    }
    if ((s.kinds & (s.kinds - 1)) == 0) {
        return (uint32_t)__builtin_ctz(s.kinds);
    }
    // The high bits, which depend on all others.
    return MP_SIGNATURE_MIXED | (uint32_t)(s.hash * POINT >> (65 - MP_SIGNATURE_BITS));
}

uint32_t mp_datatype_signature_slow(const struct mp_datatype *type, MPI_Count count)
{
    return word(copies(of_type(type), count));
}

static const struct {
    const char *name;
    MPI_Count size;
} kinds[MP_DATA_MIXED] = {[MP_DATA_INT8] = {"MPI_INT8_T", 1},
                          [MP_DATA_INT16] = {"MPI_INT16_T", 2},
                          [MP_DATA_INT32] = {"MPI_INT", 4},
                          [MP_DATA_INT64] = {"MPI_INT64_T", 8},
                          [MP_DATA_INT128] = {"MPI_INTEGER16", 16},
                          [MP_DATA_HALF] = {"MPI_REAL2", 2},
                          [MP_DATA_FLOAT] = {"MPI_FLOAT", 4},
                          [MP_DATA_DOUBLE] = {"MPI_DOUBLE", 8},
                          [MP_DATA_LONG_DOUBLE] = {"MPI_LONG_DOUBLE", sizeof(long double)},
                          [MP_DATA_QUAD] = {"MPI_REAL16", 16}};

// The first `bytes` of so many elements; false if they end within a basic one. Types nest as deeply
// as the program likes, so it goes down in a loop: only one element can be there in part.
static bool beginning(const struct mp_datatype *type, MPI_Count count, MPI_Count bytes,
                      struct sequence *out)
{
    struct sequence all = nothing;
    while (bytes > 0) {
        MPI_Count whole = bytes / type->size;
        whole = whole < count ? whole : count;
        all = then(all, copies(of_type(type), whole));
        bytes -= whole * type->size;
        if (bytes == 0 || whole == count) {
            break;
        }
        if (type->part_count == 0) {
            unsigned first = members[type->format].first, second = members[type->format].second;
            if (first == MP_DATA_ANY || !second || bytes != kinds[first].size) {
                return false;
            }
            all = then(all, one(first));
            break;
        }
        for (size_t i = 0; i < type->part_count && bytes > 0; i++) {
            const struct mp_part *part = &type->parts[i];
            MPI_Count all_of_it = part->count * part->type->size;
            if (all_of_it > bytes) {
                type = part->type;
                count = part->count;
                break;
            }
            if (all_of_it > 0) {
                all = then(all, copies(of_type(part->type), part->count));
                bytes -= all_of_it;
            }
        }
    }
    *out = all;
    return true;
}

bool mp_datatype_contradicts_slow(const struct mp_datatype *type, MPI_Count count,
                                  uint32_t signature, MPI_Count bytes)
{
    MPI_Count room = count * type->size;
    struct sequence expected;

    if (signature == MP_DATA_ANY || type->kind == MP_DATA_ANY || bytes == 0 || room == 0 ||
        (bytes > room && signature >= MP_SIGNATURE_MIXED)) {
        return false;
    }
    return type->kind != MP_DATA_MIXED ||
           !beginning(type, count, bytes < room ? bytes : room, &expected) ||
           word(expected) != signature;
}

const char *mp_signature_words(uint32_t signature, char text[MP_SIGNATURE_TEXT])
{
    const char *name = signature < MP_DATA_MIXED ? kinds[signature].name : NULL;
    snprintf(text, MP_SIGNATURE_TEXT, "%s",
             name                       ? name
             : signature == MP_DATA_ANY ? "bytes"
                                        : "several basic types in turn");
    return text;
}

const char *mp_datatype_words(const struct mp_datatype *type, char text[MP_SIGNATURE_TEXT])
{
    enum { NAMED = 4 };
    if (type->name[0]) {
        snprintf(text, MP_SIGNATURE_TEXT, "%s", type->name);
        return text;
    }
    size_t at = (size_t)snprintf(text, MP_SIGNATURE_TEXT, "a type of");
    for (size_t i = 0; i < type->part_count && at < MP_SIGNATURE_TEXT; i++) {
        const struct mp_part *part = &type->parts[i];
        char name[MP_SIGNATURE_TEXT];
        bool more = i == NAMED;
        snprintf(name, sizeof name, "%.60s",
                 part->type->name[0] ? part->type->name : "another derived type");
        at += (size_t)snprintf(text + at, MP_SIGNATURE_TEXT - at, more ? "%s ..." : "%s %lld %s",
                               i == 0 ? "" : " and", (long long)part->count, name);
        if (more) {
            break;
        }
    }
    return text;
}
