// SPDX-License-Identifier: MIT
//
// Chapter 5: packing into memory, as the engine packs messages, and in the representation
// "external32", which is the same on every machine.

#include "api/api.h"
#include "base/calls.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

// Bytes of `count` elements of `size`, within what an MPI_Count holds.
static int total_size(MPI_Count count, MPI_Count size, MPI_Count *total)
{
    if (!__builtin_mul_overflow(count, size, total))
        return 0;
    return mp_fail(MPI_ERR_COUNT, "count is %lld, and so much data has more than 2^63 bytes",
                   (long long)count);
}

// Room for `needed` bytes at *position in a buffer of `size`.
static int check_room(MPI_Count size, const char *size_name, MPI_Count position, MPI_Count needed)
{
    if (size < 0)
        return mp_fail(MPI_ERR_ARG, "%s is %lld, must be 0 or more", size_name, (long long)size);
    if (position < 0 || position > size)
        return mp_fail(MPI_ERR_ARG, "position is %lld, must be 0 to %s, which is %lld",
                       (long long)position, size_name, (long long)size);
    if (needed > size - position)
        return mp_fail(MPI_ERR_TRUNCATE,
                       "%s is %lld and position is %lld, but the data has %lld bytes", size_name,
                       (long long)size, (long long)position, (long long)needed);
    return 0;
}

// ---- MPI_Pack and MPI_Unpack

// A buffer that is one of either kind, according to the direction.
#define DATA(buffer) ((char *)(uintptr_t)(buffer))

// Both directions: `data` is the program's, `packed` the other.
static int pack(int call, char *data, MPI_Count count, MPI_Datatype datatype, char *packed,
                MPI_Count size, MPI_Count *position, MPI_Comm comm, bool out)
{
    struct mp_comm *c = NULL;
    struct mp_datatype *type;
    MPI_Count bytes;
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : mp_check_count(count, out ? "incount" : "outcount");
    err = err ? err : mp_check_type(datatype, "datatype", &type);
    err = err ? err : mp_check_buffer(data, count, type, out ? "inbuf" : "outbuf");
    err = err ? err : total_size(count, type->size, &bytes);
    err = err ? err : mp_check_pointer(position, "position");
    err = err ? err : check_room(size, out ? "outsize" : "insize", *position, bytes);
    if (!err && bytes)
        err = mp_check_pointer(packed, out ? "outbuf" : "inbuf");
    if (!err && out)
        mp_datatype_pack(type, data, count, 0, packed + *position, bytes);
    else if (!err)
        mp_datatype_unpack(type, data, count, 0, packed + *position, bytes);
    if (!err)
        *position += bytes;
    return mp_leave(call, c, err);
}

// With an int for the position.
static int pack_int(int call, char *data, int count, MPI_Datatype datatype, char *packed, int size,
                    int *position, MPI_Comm comm, bool out)
{
    MPI_Count at = position ? *position : 0;
    int err = pack(call, data, count, datatype, packed, size, position ? &at : NULL, comm, out);
    if (position)
        *position = (int)at;
    return err;
}

int PMPI_Pack(const void *inbuf, int incount, MPI_Datatype datatype, void *outbuf, int outsize,
              int *position, MPI_Comm comm)
{
    return pack_int(MP_CALL_Pack, DATA(inbuf), incount, datatype, outbuf, outsize, position, comm,
                    true);
}
MP_WEAK(Pack);

int PMPI_Pack_c(const void *inbuf, MPI_Count incount, MPI_Datatype datatype, void *outbuf,
                MPI_Count outsize, MPI_Count *position, MPI_Comm comm)
{
    return pack(MP_CALL_Pack_c, DATA(inbuf), incount, datatype, outbuf, outsize, position, comm,
                true);
}
MP_WEAK(Pack_c);

int PMPI_Unpack(const void *inbuf, int insize, int *position, void *outbuf, int outcount,
                MPI_Datatype datatype, MPI_Comm comm)
{
    return pack_int(MP_CALL_Unpack, outbuf, outcount, datatype, DATA(inbuf), insize, position, comm,
                    false);
}
MP_WEAK(Unpack);

int PMPI_Unpack_c(const void *inbuf, MPI_Count insize, MPI_Count *position, void *outbuf,
                  MPI_Count outcount, MPI_Datatype datatype, MPI_Comm comm)
{
    return pack(MP_CALL_Unpack_c, outbuf, outcount, datatype, DATA(inbuf), insize, position, comm,
                false);
}
MP_WEAK(Unpack_c);

// `most`: what the result can hold.
static int pack_size(int call, MPI_Count incount, MPI_Datatype datatype, MPI_Comm comm,
                     const void *pointer, MPI_Count most, MPI_Count *size)
{
    struct mp_comm *c = NULL;
    struct mp_datatype *type;
    MPI_Count bytes;
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : mp_check_count(incount, "incount");
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_pointer(pointer, "size");
    err = err ? err : total_size(incount, type->size, &bytes);
    if (!err && bytes > most)
        err = mp_fail(MPI_ERR_VALUE_TOO_LARGE,
                      "the data has %lld bytes, more than an int holds; use MPI_Pack_size_c",
                      (long long)bytes);
    if (!err)
        *size = bytes;
    return mp_leave(call, c, err);
}

int PMPI_Pack_size(int incount, MPI_Datatype datatype, MPI_Comm comm, int *size)
{
    MPI_Count bytes;
    int err = pack_size(MP_CALL_Pack_size, incount, datatype, comm, size, INT_MAX, &bytes);
    if (!err)
        *size = (int)bytes;
    return err;
}
MP_WEAK(Pack_size);

int PMPI_Pack_size_c(MPI_Count incount, MPI_Datatype datatype, MPI_Comm comm, MPI_Count *size)
{
    return pack_size(MP_CALL_Pack_size_c, incount, datatype, comm, size, INT64_MAX, size);
}
MP_WEAK(Pack_size_c);

// ---- external32

static int check_datarep(const char *datarep)
{
    int err = mp_check_pointer(datarep, "datarep");
    if (!err && strcmp(datarep, "external32") != 0)
        err = mp_fail(MPI_ERR_ARG, "datarep is \"%.40s\", must be \"external32\"", datarep);
    return err;
}

// Converts element by element, some at a time, through a piece of memory for the packed form.
static int convert(const struct mp_datatype *type, char *buffer, MPI_Count count, char *external,
                   bool out)
{
    MPI_Count external_size = mp_datatype_external_size(type);
    MPI_Count some = type->size < 65536 ? 65536 / (type->size ? type->size : 1) : 1;
    if (some > count)
        some = count;
    char *piece = malloc((size_t)(some * type->size) + 1);
    if (!piece)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the conversion of a datatype");
    int err = 0;
    for (MPI_Count done = 0; done < count && !err; done += some) {
        MPI_Count n = count - done < some ? count - done : some;
        MPI_Count from = done * type->size, bytes = n * type->size;
        if (out)
            mp_datatype_pack(type, buffer, count, from, piece, bytes);
        err = out ? mp_datatype_to_external(type, piece, n, external)
                  : mp_datatype_from_external(type, external, n, piece);
        if (!out && !err)
            mp_datatype_unpack(type, buffer, count, from, piece, bytes);
        external += n * external_size;
    }
    free(piece);
    return err;
}

// Both directions: `data` is the program's, `outside` the other.
static int external(int call, const char *datarep, char *data, MPI_Count count,
                    MPI_Datatype datatype, char *outside, MPI_Count size, MPI_Count *position,
                    bool out)
{
    struct mp_datatype *type;
    MPI_Count bytes;
    int err = mp_enter(call);
    err = err ? err : check_datarep(datarep);
    if (!err)
        err = mp_check_count(count, out ? "incount" : "outcount");
    if (!err)
        err = mp_check_type(datatype, "datatype", &type);
    if (!err)
        err = mp_check_buffer(data, count, type, out ? "inbuf" : "outbuf");
    if (!err)
        err = mp_check_pointer(position, "position");
    err = err ? err : total_size(count, mp_datatype_external_size(type), &bytes);
    if (!err)
        err = check_room(size, out ? "outsize" : "insize", *position, bytes);
    if (!err && bytes)
        err = mp_check_pointer(outside, out ? "outbuf" : "inbuf");
    if (!err && bytes)
        err = convert(type, data, count, outside + *position, out);
    if (!err)
        *position += bytes;
    return mp_leave(call, NULL, err);
}

int PMPI_Pack_external(const char datarep[], const void *inbuf, int incount, MPI_Datatype datatype,
                       void *outbuf, MPI_Aint outsize, MPI_Aint *position)
{
    return external(MP_CALL_Pack_external, datarep, DATA(inbuf), incount, datatype, outbuf, outsize,
                    position, true);
}
MP_WEAK(Pack_external);

int PMPI_Pack_external_c(const char datarep[], const void *inbuf, MPI_Count incount,
                         MPI_Datatype datatype, void *outbuf, MPI_Count outsize,
                         MPI_Count *position)
{
    return external(MP_CALL_Pack_external_c, datarep, DATA(inbuf), incount, datatype, outbuf,
                    outsize, position, true);
}
MP_WEAK(Pack_external_c);

int PMPI_Unpack_external(const char datarep[], const void *inbuf, MPI_Aint insize,
                         MPI_Aint *position, void *outbuf, int outcount, MPI_Datatype datatype)
{
    return external(MP_CALL_Unpack_external, datarep, outbuf, outcount, datatype, DATA(inbuf),
                    insize, position, false);
}
MP_WEAK(Unpack_external);

int PMPI_Unpack_external_c(const char datarep[], const void *inbuf, MPI_Count insize,
                           MPI_Count *position, void *outbuf, MPI_Count outcount,
                           MPI_Datatype datatype)
{
    return external(MP_CALL_Unpack_external_c, datarep, outbuf, outcount, datatype, DATA(inbuf),
                    insize, position, false);
}
MP_WEAK(Unpack_external_c);

static int external_size(int call, const char *datarep, MPI_Count count, MPI_Datatype datatype,
                         MPI_Count *size)
{
    struct mp_datatype *type;
    MPI_Count bytes;
    int err = mp_enter(call);
    err = err ? err : check_datarep(datarep);
    err = err ? err : mp_check_count(count, "incount");
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_pointer(size, "size");
    err = err ? err : total_size(count, mp_datatype_external_size(type), &bytes);
    if (!err)
        *size = bytes;
    return mp_leave(call, NULL, err);
}

int PMPI_Pack_external_size(const char datarep[], int incount, MPI_Datatype datatype,
                            MPI_Aint *size)
{
    return external_size(MP_CALL_Pack_external_size, datarep, incount, datatype, size);
}
MP_WEAK(Pack_external_size);

int PMPI_Pack_external_size_c(const char datarep[], MPI_Count incount, MPI_Datatype datatype,
                              MPI_Count *size)
{
    return external_size(MP_CALL_Pack_external_size_c, datarep, incount, datatype, size);
}
MP_WEAK(Pack_external_size_c);
