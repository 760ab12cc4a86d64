// SPDX-License-Identifier: MIT
// Chapter 18.1.9: the datatypes of Fortran's kinds, by their precision and range.
#include "datatype/datatype_f90.h"

#include "api/api.h"
#include "base/calls.h"

static int check_parameter(int value, const char *name)
{
    if (value >= 0 || value == MPI_UNDEFINED)
        return 0;
    return mp_fail(MPI_ERR_ARG, "%s is %d, must be 0 or more, or MPI_UNDEFINED", name, value);
}

static int create(int call, int combiner, int p, int r, MPI_Datatype *newtype)
{
    struct mp_datatype *type;
    int err = mp_enter(call);
    if (combiner != MPI_COMBINER_F90_INTEGER) {
        err = err ? err : check_parameter(p, "p");
        err = err ? err : check_parameter(r, "r");
        if (!err && p == MPI_UNDEFINED && r == MPI_UNDEFINED)
            err = mp_fail(MPI_ERR_ARG, "p and r are both MPI_UNDEFINED");
    } else if (!err && r < 0) {
        err = mp_fail(MPI_ERR_ARG, "r is %d, must be 0 or more", r);
    }
    err = err ? err : mp_check_pointer((const void *)newtype, "newtype");
    err = err ? err : mp_datatype_f90(combiner, p, r, &type);
    if (!err)
        *newtype = mp_datatype_handle(type);
    return mp_leave(call, NULL, err);
}

int PMPI_Type_create_f90_real(int p, int r, MPI_Datatype *newtype)
{
    return create(MP_CALL_Type_create_f90_real, MPI_COMBINER_F90_REAL, p, r, newtype);
}
MP_WEAK(Type_create_f90_real);

int PMPI_Type_create_f90_complex(int p, int r, MPI_Datatype *newtype)
{
    return create(MP_CALL_Type_create_f90_complex, MPI_COMBINER_F90_COMPLEX, p, r, newtype);
}
MP_WEAK(Type_create_f90_complex);

int PMPI_Type_create_f90_integer(int r, MPI_Datatype *newtype)
{
    return create(MP_CALL_Type_create_f90_integer, MPI_COMBINER_F90_INTEGER, 0, r, newtype);
}
MP_WEAK(Type_create_f90_integer);
