// SPDX-License-Identifier: MIT
//
// The predefined datatypes: one line each in TYPES, in the order of their handles. Fortran's
// INTEGER, REAL and LOGICAL have four bytes and DOUBLE PRECISION eight, as compilers have them
// unless told otherwise. Everything is a constant: a rank that starts has nothing to set up.

#include "datatype/datatype.h"
#include "datatype/datatype_form.h"

#include <complex.h>
#include <wchar.h>

// Layouts of the pairs.
struct float_int {
    float value;
    int index;
};
struct double_int {
    double value;
    int index;
};
struct long_int {
    long value;
    int index;
};
struct int_int {
    int value, index;
};
struct short_int {
    short value;
    int index;
};
struct long_double_int {
    long double value;
    int index;
};

// SCALAR(name, format, bytes, alignment): one basic element without gaps. PAIR(name, format, type):
// two of them, without gaps. GAPPED(name, format, type, form): two, with a gap between or behind.
#define C_TYPE(name, format, type)   SCALAR(name, format, sizeof(type), _Alignof(type))
#define BYTES(name, format, bytes)   SCALAR(name, format, bytes, (bytes) > 8 ? 16 : (bytes))
#define COMPLEX(name, format, bytes) SCALAR(name, format, bytes, (bytes) / 2 > 8 ? 16 : (bytes) / 2)

// clang-format off
#define TYPES                                                                \
    C_TYPE(AINT, INT64, MPI_Aint)                                        \
    C_TYPE(COUNT, INT64, MPI_Count)                                      \
    C_TYPE(OFFSET, INT64, MPI_Offset)                                    \
    C_TYPE(PACKED, NONE, char)                                           \
    C_TYPE(SHORT, INT16, short)                                          \
    C_TYPE(INT, INT32, int)                                              \
    C_TYPE(LONG, INT64, long)                                            \
    C_TYPE(LONG_LONG_INT, INT64, long long)                              \
    C_TYPE(UNSIGNED_SHORT, UINT16, unsigned short)                       \
    C_TYPE(UNSIGNED, UINT32, unsigned)                                   \
    C_TYPE(UNSIGNED_LONG, UINT64, unsigned long)                         \
    C_TYPE(UNSIGNED_LONG_LONG, UINT64, unsigned long long)               \
    C_TYPE(FLOAT, FLOAT, float)                                          \
    C_TYPE(C_COMPLEX, FLOAT_COMPLEX, float complex)                      \
    C_TYPE(CXX_FLOAT_COMPLEX, FLOAT_COMPLEX, float complex)              \
    C_TYPE(DOUBLE, DOUBLE, double)                                       \
    C_TYPE(C_DOUBLE_COMPLEX, DOUBLE_COMPLEX, double complex)             \
    C_TYPE(CXX_DOUBLE_COMPLEX, DOUBLE_COMPLEX, double complex)           \
    BYTES(LOGICAL, LOGICAL32, 4)                                         \
    BYTES(INTEGER, INT32, 4)                                             \
    BYTES(REAL, FLOAT, 4)                                                \
    COMPLEX(COMPLEX, FLOAT_COMPLEX, 8)                                   \
    BYTES(DOUBLE_PRECISION, DOUBLE, 8)                                   \
    COMPLEX(DOUBLE_COMPLEX, DOUBLE_COMPLEX, 16)                          \
    BYTES(CHARACTER, CHARACTER, 1)                                       \
    C_TYPE(LONG_DOUBLE, LONG_DOUBLE, long double)                        \
    C_TYPE(C_LONG_DOUBLE_COMPLEX, LONG_DOUBLE_COMPLEX, long double complex)   \
    C_TYPE(CXX_LONG_DOUBLE_COMPLEX, LONG_DOUBLE_COMPLEX, long double complex) \
    PAIR(FLOAT_INT, FLOAT_INT, struct float_int)                         \
    GAPPED(DOUBLE_INT, DOUBLE_INT, struct double_int, form_double_int)   \
    GAPPED(LONG_INT, LONG_INT, struct long_int, form_long_int)           \
    PAIR(2INT, INT_INT, struct int_int)                                  \
    GAPPED(SHORT_INT, SHORT_INT, struct short_int, form_short_int)       \
    GAPPED(LONG_DOUBLE_INT, LONG_DOUBLE_INT, struct long_double_int, form_long_double_int) \
    PAIR(2REAL, FLOAT_FLOAT, float complex)                              \
    PAIR(2DOUBLE_PRECISION, DOUBLE_DOUBLE, double complex)               \
    PAIR(2INTEGER, INT_INT, struct int_int)                              \
    C_TYPE(C_BOOL, BOOL, _Bool)                                          \
    C_TYPE(CXX_BOOL, BOOL, _Bool)                                        \
    C_TYPE(WCHAR, WCHAR, wchar_t)                                        \
    C_TYPE(INT8_T, INT8, int8_t)                                         \
    C_TYPE(UINT8_T, UINT8, uint8_t)                                      \
    C_TYPE(CHAR, INT8, char)                                             \
    C_TYPE(SIGNED_CHAR, INT8, signed char)                               \
    C_TYPE(UNSIGNED_CHAR, UINT8, unsigned char)                          \
    C_TYPE(BYTE, BYTE, char)                                             \
    C_TYPE(INT16_T, INT16, int16_t)                                      \
    C_TYPE(UINT16_T, UINT16, uint16_t)                                   \
    C_TYPE(INT32_T, INT32, int32_t)                                      \
    C_TYPE(UINT32_T, UINT32, uint32_t)                                   \
    C_TYPE(INT64_T, INT64, int64_t)                                      \
    C_TYPE(UINT64_T, UINT64, uint64_t)                                   \
    BYTES(LOGICAL1, LOGICAL8, 1)                                         \
    BYTES(INTEGER1, INT8, 1)                                             \
    BYTES(LOGICAL2, LOGICAL16, 2)                                        \
    BYTES(INTEGER2, INT16, 2)                                            \
    BYTES(REAL2, HALF, 2)                                                \
    BYTES(LOGICAL4, LOGICAL32, 4)                                        \
    BYTES(INTEGER4, INT32, 4)                                            \
    BYTES(REAL4, FLOAT, 4)                                               \
    COMPLEX(COMPLEX4, HALF_COMPLEX, 4)                                   \
    BYTES(LOGICAL8, LOGICAL64, 8)                                        \
    BYTES(INTEGER8, INT64, 8)                                            \
    BYTES(REAL8, DOUBLE, 8)                                              \
    COMPLEX(COMPLEX8, FLOAT_COMPLEX, 8)                                  \
    BYTES(LOGICAL16, LOGICAL128, 16)                                     \
    BYTES(INTEGER16, INT128, 16)                                         \
    BYTES(REAL16, QUAD, 16)                                              \
    COMPLEX(COMPLEX16, DOUBLE_COMPLEX, 16)                               \
    COMPLEX(COMPLEX32, QUAD_COMPLEX, 32)
// clang-format on

// Where each line went: place_INT and so on, from 1.
enum place {
    PLACE_NONE,
#define SCALAR(name, ...) PLACE(name)
#define PAIR(name, ...)   PLACE(name)
#define GAPPED(name, ...) PLACE(name)
#define PLACE(name)       place_##name,
    TYPES
#undef SCALAR
#undef PAIR
#undef GAPPED
#undef PLACE
};

#define INDEX(name) ((uintptr_t)(name) - (uintptr_t)MPI_DATATYPE_NULL)

#define SCALAR(name, ...) PLACE(name)
#define PAIR(name, ...)   PLACE(name)
#define GAPPED(name, ...) PLACE(name)
#define PLACE(name)       [INDEX(MPI_##name)] = place_##name,
const uint8_t mp_datatype_place[256] = {TYPES};
#undef SCALAR
#undef PAIR
#undef GAPPED
#undef PLACE

#define SCALAR(name, format, bytes, align) [INDEX(MPI_##name)] = (bytes),
#define PAIR(name, format, type)           [INDEX(MPI_##name)] = sizeof(type),
#define GAPPED(name, ...)
const uint8_t mp_datatype_quick[256] = {TYPES};
#undef SCALAR
#undef PAIR
#undef GAPPED

// The data of a pair with a gap. On all machines we know the index follows a longer value at once.
#define ONE_BLOCK(bytes)                                                                       \
    {                                                                                          \
        .refs = 1, .kind = MP_UNIT_BLOCK, .size = (bytes), .unit = (bytes), .length = (bytes), \
        .count = 1                                                                             \
    }
static struct mp_form form_double_int = ONE_BLOCK(12);
static struct mp_form form_long_int = ONE_BLOCK(sizeof(long) + sizeof(int));
static struct mp_form form_long_double_int = ONE_BLOCK(sizeof(long double) + sizeof(int));
static const struct mp_run runs_short_int[] = {
    {0, 0}, {offsetof(struct short_int, index), sizeof(short)}, {0, sizeof(short) + sizeof(int)}};
static struct mp_form form_short_int = {.refs = 1,
                                        .kind = MP_UNIT_RUNS,
                                        .size = sizeof(short) + sizeof(int),
                                        .unit = sizeof(short) + sizeof(int),
                                        .count = 2,
                                        .runs = runs_short_int};
_Static_assert(offsetof(struct double_int, index) == 8, "no gap inside");
_Static_assert(offsetof(struct long_int, index) == 8, "no gap inside");
_Static_assert(offsetof(struct long_double_int, index) == sizeof(long double), "no gap inside");

// The kinds of their elements, kind_INT8 and so on, by format.
enum kind {
#define KIND(format, first, second)                                                        \
    kind_##format = MP_DATA_##second == MP_DATA_ANY || MP_DATA_##second == MP_DATA_##first \
                        ? MP_DATA_##first                                                  \
                        : MP_DATA_MIXED,
    MP_FORMAT_MEMBERS(KIND)
#undef KIND
};

#define HEAD(type_name, format_name)                                                             \
    .object = {MP_KIND_DATATYPE, 1, 0, 1}, .committed = true, .format = MP_FORMAT_##format_name, \
    .basic = INDEX(MPI_##type_name), .kind = kind_##format_name, .handles = 1,                   \
    .name = "MPI_" #type_name, .recipe = {.combiner = MPI_COMBINER_NAMED}
#define CONTIGUOUS(bytes, alignment, basics)                                        \
    .size = (bytes), .extent = (bytes), .true_extent = (bytes), .contiguous = true, \
    .align = (alignment), .elements = (basics)

#define SCALAR(type_name, format_name, bytes, alignment)                                  \
    [place_##type_name] = {HEAD(type_name, format_name), CONTIGUOUS(bytes, alignment, 1), \
                           .plain = MP_PLAIN},
#define PAIR(type_name, format_name, type)                                         \
    [place_##type_name] = {                                                        \
        HEAD(type_name, format_name), CONTIGUOUS(sizeof(type), _Alignof(type), 2), \
        .plain = (int)kind_##format_name == (int)MP_DATA_MIXED ? MP_PLAIN_MIXED : MP_PLAIN},
#define GAPPED(type_name, format_name, type, the_form)                              \
    [place_##type_name] = {HEAD(type_name, format_name),                            \
                           .size = offsetof(type, index) + sizeof(int) - GAP(type), \
                           .extent = sizeof(type),                                  \
                           .true_extent = offsetof(type, index) + sizeof(int),      \
                           .align = _Alignof(type),                                 \
                           .elements = 2,                                           \
                           .form = &the_form},
#define GAP(type) (offsetof(type, index) - sizeof(((type *)0)->value))

struct mp_datatype mp_datatype_predefined[] = {TYPES};
