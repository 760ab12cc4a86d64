// SPDX-License-Identifier: MIT
// A datatype as bytes, for a peer that is to move data of it in its own memory (window/serve.c):
// where the data of one element lies, and nothing of how the type was made.
#ifndef MP_DATATYPE_DATATYPE_WIRE_H
#define MP_DATATYPE_DATATYPE_WIRE_H

#include "datatype/datatype.h"

// Bytes that mp_datatype_to_wire writes, a multiple of 8. The type has data.
size_t mp_datatype_wire_bytes(const struct mp_datatype *type);
void mp_datatype_to_wire(const struct mp_datatype *type, void *wire);

// The type again, of which nothing but its data can be moved: one reference, to be released. NULL
// when memory is out. `wire` is aligned to 8.
struct mp_datatype *mp_datatype_from_wire(const void *wire);

#endif
