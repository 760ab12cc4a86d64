// SPDX-License-Identifier: MIT
//
// A form goes over as its struct, its list, and the forms of its pieces, one after the other. What
// is regular is one struct, however much data it describes. A form that several pieces share goes
// over as often as it is used: that is never more than a struct for each piece of data.
#include "datatype/datatype_wire.h"

#include "datatype/datatype_form.h"

#include <stdlib.h>
#include <string.h>

struct head {
    MPI_Count size, lb, extent, true_lb, true_extent;
    uint64_t contiguous; // then no form follows
};

static size_t list_bytes(const struct mp_form *form)
{
    switch (form->kind) {
    case MP_UNIT_NEAR:
        return mp_round_up(form->count * sizeof *form->near, 8);
    case MP_UNIT_FAR:
        return form->count * sizeof *form->far;
    case MP_UNIT_RUNS:
        return (form->count + 1) * sizeof *form->runs;
    case MP_UNIT_PIECES:
        return form->count * sizeof *form->pieces;
    default:
        return 0;
    }
}

static size_t form_bytes(const struct mp_form *form)
{
    size_t bytes = sizeof *form + list_bytes(form);
    for (size_t i = 0; form->kind == MP_UNIT_PIECES && i < form->count; i++) {
        bytes += form_bytes(form->pieces[i].form);
    }
    return bytes;
}

size_t mp_datatype_wire_bytes(const struct mp_datatype *type)
{
    return sizeof(struct head) + (type->contiguous ? 0 : form_bytes(type->form));
}

static char *put_form(const struct mp_form *form, char *at)
{
    size_t bytes = list_bytes(form);
    memcpy(at, form, sizeof *form);
    at += sizeof *form;
    if (form->kind == MP_UNIT_NEAR) {
        memset(at, 0, bytes);
        bytes = form->count * sizeof *form->near;
    }
    if (bytes) {
        memcpy(at, form->list, bytes);
    }
    at += list_bytes(form);
    for (size_t i = 0; form->kind == MP_UNIT_PIECES && i < form->count; i++) {
        at = put_form(form->pieces[i].form, at);
    }
    return at;
}

void mp_datatype_to_wire(const struct mp_datatype *type, void *wire)
{
    struct head head = {type->size,    type->lb,          type->extent,
                        type->true_lb, type->true_extent, type->contiguous};
    memcpy(wire, &head, sizeof head);
    if (!type->contiguous) {
        put_form(type->form, (char *)wire + sizeof head);
    }
}

// NULL when memory is out. *at moves on.
static struct mp_form *take_form(const char **at)
{
    struct mp_form *form = malloc(sizeof *form);
    if (!form) {
        return NULL;
    }
    memcpy(form, *at, sizeof *form);
    *at += sizeof *form;
    form->refs = 1;
    form->owner = NULL;
    size_t bytes = list_bytes(form);
    if (form->kind == MP_UNIT_BLOCK) {
        return form;
    }
    form->list = malloc(bytes);
    if (!form->list) {
        free(form);
        return NULL;
    }
    memcpy(form->list, *at, bytes);
    *at += bytes;
    struct mp_piece *pieces = form->list;
    for (size_t i = 0; form->kind == MP_UNIT_PIECES && i < form->count; i++) {
        pieces[i].form = take_form(at);
        if (!pieces[i].form) {
            form->count = i;
            mp_form_release(form);
            return NULL;
        }
    }
    return form;
}

struct mp_datatype *mp_datatype_from_wire(const void *wire)
{
    struct head head;
    const char *at = (const char *)wire + sizeof head;
    struct mp_datatype *type = mp_object_new(MP_KIND_DATATYPE, sizeof *type);
    if (!type) {
        return NULL;
    }
    memcpy(&head, wire, sizeof head);
    type->size = head.size;
    type->lb = head.lb;
    type->extent = head.extent;
    type->true_lb = head.true_lb;
    type->true_extent = head.true_extent;
    type->committed = true;
    type->contiguous = head.contiguous != 0;
    type->form = type->contiguous ? NULL : take_form(&at);
    if (!type->contiguous && !type->form) {
        mp_datatype_release(type);
        return NULL;
    }
    return type;
}
