// SPDX-License-Identifier: MIT
//
// The life of datatypes. They are made in datatype_make.c; packing, unpacking and copying are in
// datatype_move.c, the predefined types in datatype_predefined.c, what depends on the basic
// elements in datatype_walk.c.

#include "datatype/datatype.h"

#include "datatype/datatype_form.h"

#include <stdlib.h>

MPI_Datatype mp_datatype_handle(const struct mp_datatype *type)
{
    // The named types are in static memory; those with parameters (datatype/datatype_f90.c) are
    // not.
    if (type->object.builtin && type->object.units == 0)
        return (MPI_Datatype)((uintptr_t)MPI_DATATYPE_NULL + (unsigned)type->basic);
    return (MPI_Datatype)(uintptr_t)type;
}

// Types nest as deeply as the program likes, so those that go with this one wait in a list
// and not on the stack.
void mp_datatype_destroy(struct mp_datatype *type)
{
    struct mp_datatype *dead = type;
    dead->next_dead = NULL;
    while (dead) {
        type = dead;
        dead = type->next_dead;
        for (size_t i = 0; i < type->part_count; i++) {
            struct mp_datatype *part = type->parts[i].type;
            if (part->object.builtin || --part->object.refs)
                continue;
            part->next_dead = dead;
            dead = part;
        }
        mp_form_release(type->form);
        free(type->parts);
        free(type->recipe.integers);
        free(type->recipe.addresses);
        free(type->recipe.counts);
        mp_object_delete(type);
    }
}

void mp_datatype_drop(struct mp_datatype *type)
{
    if (!type->object.builtin) {
        type->handles--;
        mp_datatype_release(type);
    }
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
