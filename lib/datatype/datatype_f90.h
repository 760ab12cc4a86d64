// SPDX-License-Identifier: MIT
// The predefined datatypes with parameters (MPI 5.0, 18.1.9, and 5.1.13 for their envelope): what a
// Fortran compiler gives for SELECTED_REAL_KIND(p, r) and SELECTED_INT_KIND(r).
#ifndef MP_DATATYPE_DATATYPE_F90_H
#define MP_DATATYPE_DATATYPE_F90_H

#include "datatype/datatype.h"

// The type that `combiner` (MPI_COMBINER_F90_REAL, _COMPLEX or _INTEGER) makes of p decimal digits
// and a decimal exponent range r; either may be MPI_UNDEFINED, and p is not looked at for integers.
// The same one every time; it is never freed. An error if there is no such kind.
int mp_datatype_f90(int combiner, int p, int r, struct mp_datatype **type);

#endif
