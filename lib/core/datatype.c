// SPDX-License-Identifier: MIT
//
// The engine of datatypes: packing, unpacking and copying of any part of a stream, on the form that
// datatype_make.c has built, and the life of a type. The predefined types are in
// datatype_predefined.c, what depends on the basic elements in datatype_walk.c.

#include "core/datatype.h"

#include "core/attribute.h"

#include <stdlib.h>
#include <string.h>

MPI_Datatype mp_datatype_handle(const struct mp_datatype *type)
{
    if (type->object.builtin)
        return (MPI_Datatype)((uintptr_t)MPI_DATATYPE_NULL + (unsigned)type->basic);
    return (MPI_Datatype)(uintptr_t)type;
}

void mp_datatype_hold(struct mp_datatype *type)
{
    if (!type->object.builtin)
        type->object.refs++;
}

void mp_datatype_release(struct mp_datatype *type)
{
    if (type->object.builtin || --type->object.refs)
        return;
    for (size_t i = 0; i < type->part_count; i++)
        mp_datatype_release(type->parts[i].type);
    free(type->parts);
    free((void *)(uintptr_t)type->runs);
    free(type->recipe.integers);
    free(type->recipe.addresses);
    free(type->recipe.counts);
    mp_object_delete(type);
}

void mp_datatype_drop(struct mp_datatype *type)
{
    if (!type->object.builtin) {
        type->handles--;
        mp_datatype_release(type);
    }
}

// memcpy for one run: the lengths of single elements are worth an instruction of their own.
static inline void move_run(void *to, const void *from, size_t bytes)
{
    switch (bytes) {
    case 1:
        memcpy(to, from, 1);
        break;
    case 2:
        memcpy(to, from, 2);
        break;
    case 4:
        memcpy(to, from, 4);
        break;
    case 8:
        memcpy(to, from, 8);
        break;
    case 16:
        memcpy(to, from, 16);
        break;
    default:
        memcpy(to, from, bytes);
    }
}

// Units of one run, whole ones: the strided loop, with a constant length where there is a kernel.
static inline __attribute__((always_inline)) void move_units(char *memory, MPI_Count stride,
                                                             char *stream, MPI_Count units,
                                                             size_t bytes, bool packing)
{
    for (MPI_Count i = 0; i < units; i++) {
        if (packing)
            memcpy(stream, memory, bytes);
        else
            memcpy(memory, stream, bytes);
        memory += stride;
        stream += bytes;
    }
}

static inline __attribute__((always_inline)) void move_strided(char *memory, MPI_Count stride,
                                                               char *stream, MPI_Count units,
                                                               MPI_Count bytes, bool packing)
{
    switch (bytes) {
    case 4:
        move_units(memory, stride, stream, units, 4, packing);
        break;
    case 8:
        move_units(memory, stride, stream, units, 8, packing);
        break;
    case 16:
        move_units(memory, stride, stream, units, 16, packing);
        break;
    default:
        move_units(memory, stride, stream, units, (size_t)bytes, packing);
    }
}

// The run of a unit that holds byte `at` of its data.
static size_t find_run(const struct mp_datatype *type, MPI_Count at)
{
    size_t low = 0, high = type->run_count; // runs[low].start <= at < runs[high].start
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (type->runs[middle].start <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

// Moves bytes [from, from + bytes) of the packed stream between `stream` and the elements at
// `buffer`. The type is not contiguous, so it has runs and none is empty.
static inline __attribute__((always_inline)) void move(const struct mp_datatype *type, char *buffer,
                                                       MPI_Count from, char *stream,
                                                       MPI_Count bytes, bool packing)
{
    MPI_Count within = from % type->size;
    char *element = buffer + from / type->size * type->extent;
    MPI_Count unit = within / type->unit;
    within %= type->unit;
    size_t run = type->run_count > 1 ? find_run(type, within) : 0;
    within -= type->runs[run].start;

    while (bytes > 0) {
        const struct mp_run *r = &type->runs[run];
        char *at = element + unit * type->stride + r->offset;
        if (type->run_count == 1 && within == 0 && bytes >= r->length) {
            MPI_Count units = bytes / r->length;
            if (units > type->repeat - unit)
                units = type->repeat - unit;
            move_strided(at, type->stride, stream, units, r->length, packing);
            stream += units * r->length;
            bytes -= units * r->length;
            unit += units;
        } else {
            MPI_Count n = r->length - within < bytes ? r->length - within : bytes;
            if (packing)
                move_run(stream, at + within, (size_t)n);
            else
                move_run(at + within, stream, (size_t)n);
            stream += n;
            bytes -= n;
            within = 0;
            if (++run == type->run_count) {
                run = 0;
                unit++;
            }
        }
        if (unit == type->repeat) {
            unit = 0;
            element += type->extent;
        }
    }
}

void mp_datatype_pack(const struct mp_datatype *type, const void *buffer, MPI_Count count,
                      MPI_Count from, void *out, MPI_Count bytes)
{
    (void)count;
    char *memory = (char *)(uintptr_t)buffer;
    if (bytes <= 0)
        return;
    if (likely(type->contiguous))
        memcpy(out, memory + type->true_lb + from, (size_t)bytes);
    else
        move(type, memory, from, out, bytes, true);
}

void mp_datatype_unpack(const struct mp_datatype *type, void *buffer, MPI_Count count,
                        MPI_Count from, const void *in, MPI_Count bytes)
{
    (void)count;
    char *stream = (char *)(uintptr_t)in;
    if (bytes <= 0)
        return;
    if (likely(type->contiguous))
        memcpy((char *)buffer + type->true_lb + from, stream, (size_t)bytes);
    else
        move(type, buffer, from, stream, bytes, false);
}

MPI_Count mp_datatype_copy(const struct mp_datatype *from_type, const void *from,
                           MPI_Count from_count, const struct mp_datatype *to_type, void *to,
                           MPI_Count to_count)
{
    MPI_Count bytes = from_type->size * from_count;
    if (to_type->size * to_count < bytes)
        bytes = to_type->size * to_count;
    if (bytes <= 0)
        return 0;
    if (to_type->contiguous) {
        mp_datatype_pack(from_type, from, from_count, 0, (char *)to + to_type->true_lb, bytes);
        return bytes;
    }
    if (from_type->contiguous) {
        mp_datatype_unpack(to_type, to, to_count, 0, (const char *)from + from_type->true_lb,
                           bytes);
        return bytes;
    }
    // Two shapes: through a piece of stack that stays in the first-level cache.
    char piece[8192];
    for (MPI_Count done = 0; done < bytes;) {
        MPI_Count n =
            bytes - done < (MPI_Count)sizeof piece ? bytes - done : (MPI_Count)sizeof piece;
        mp_datatype_pack(from_type, from, from_count, done, piece, n);
        mp_datatype_unpack(to_type, to, to_count, done, piece, n);
        done += n;
    }
    return bytes;
}

MPI_Count mp_datatype_span(const struct mp_datatype *type, MPI_Count count, MPI_Count *shift)
{
    if (count <= 0) {
        *shift = 0;
        return 0;
    }
    // Elements go downwards when the extent is negative: then the last one lies lowest.
    MPI_Count reach = (count - 1) * type->extent;
    *shift = type->true_lb + (reach < 0 ? reach : 0);
    return type->true_extent + (reach < 0 ? -reach : reach);
}
