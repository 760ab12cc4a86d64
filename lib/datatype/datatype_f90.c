// SPDX-License-Identifier: MIT
// Datatypes with parameters. Each is a copy of a named type, but for its handle, its name and what
// its envelope tells, and predefined like it. They are kept in a list, since the same parameters
// must give the same handle.
#include "datatype/datatype_f90.h"

#include "datatype/datatype_make.h"
#include "object/errhandler.h"

#include <float.h>
#include <limits.h>

struct kind {
    int p, r; // decimal digits, decimal exponent range
    MPI_Datatype real, complex;
};

// From the smallest. Compilers offer the processor's long double where it is not one of the others.
static const struct kind reals[] = {
    {6, 37, MPI_REAL4, MPI_COMPLEX8},
    {15, 307, MPI_REAL8, MPI_COMPLEX16},
#if LDBL_MANT_DIG == 64
    {LDBL_DIG, LDBL_MAX_10_EXP - 1, MPI_LONG_DOUBLE, MPI_C_LONG_DOUBLE_COMPLEX},
#endif
    {33, 4931, MPI_REAL16, MPI_COMPLEX32},
};

static const struct {
    int r;
    MPI_Datatype integer;
} integers[] = {
    {2, MPI_INTEGER1},  {4, MPI_INTEGER2},   {9, MPI_INTEGER4},
    {18, MPI_INTEGER8}, {38, MPI_INTEGER16},
};

// Those made so far; the newest first.
struct made {
    struct mp_datatype type;
    int parameters[2]; // p and r, or r
    struct made *next;
};
static struct made *all;

static MPI_Datatype find_integer(int r)
{
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (r <= integers[i].r)
            return integers[i].integer;
    return MPI_DATATYPE_NULL;
}

static MPI_Datatype find_real(bool complex, int p, int r)
{
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if ((p == MPI_UNDEFINED || p <= reals[i].p) && (r == MPI_UNDEFINED || r <= reals[i].r))
            return complex ? reals[i].complex : reals[i].real;
    return MPI_DATATYPE_NULL;
}

static int no_such_kind(int combiner, int p, int r)
{
    const struct kind *most = &reals[sizeof reals / sizeof *reals - 1];
    if (combiner == MPI_COMBINER_F90_INTEGER)
        return mp_fail(MPI_ERR_ARG, "r is %d, must be at most 38: there is no larger integer", r);
    return mp_fail(MPI_ERR_ARG,
                   "p is %d and r is %d, must be at most %d and %d: there is no larger real", p, r,
                   most->p, most->r);
}

int mp_datatype_f90(int combiner, int p, int r, struct mp_datatype **type)
{
    bool integer = combiner == MPI_COMBINER_F90_INTEGER;
    int parameters[2] = {integer ? r : p, integer ? 0 : r};
    MPI_Datatype name =
        integer ? find_integer(r) : find_real(combiner == MPI_COMBINER_F90_COMPLEX, p, r);
    if (name == MPI_DATATYPE_NULL)
        return no_such_kind(combiner, p, r);

    struct made *m = all;
    while (m && (m->type.recipe.combiner != combiner || m->parameters[0] != parameters[0] ||
                 m->parameters[1] != parameters[1]))
        m = m->next;
    if (!m) {
        m = mp_object_new(MP_KIND_DATATYPE, sizeof *m);
        if (!m)
            return mp_fail(MPI_ERR_NO_MEM, "no memory for a datatype");
        struct mp_object head = m->type.object;
        m->type = *mp_datatype_get(name);
        m->type.object = head;
        m->type.object.builtin = 1;
        m->type.name[0] = '\0';
        m->type.attributes = NULL;
        m->parameters[0] = parameters[0];
        m->parameters[1] = parameters[1];
        m->type.recipe = (struct mp_recipe){
            .combiner = combiner, .integer_count = integer ? 1 : 2, .integers = m->parameters};
        m->next = all;
        all = m;
    }
    *type = &m->type;
    return 0;
}
