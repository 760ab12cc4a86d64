// SPDX-License-Identifier: MIT
// MPI_Type_create_darray: which elements each process of a grid gets, in which order, and the
// extent; and the sizes of the types that MPI_Type_create_f90_xxx makes. Left out: precisions
// beyond double, which depend on the Fortran compiler that Open MPI was built with.
// ranks: 1
#include <mpi.h>
#include <stdio.h>

enum { MOST = 4096 };

static int array[MOST], packed[MOST];

static void show(int n, const int *gsizes, const int *distribs, const int *dargs, const int *psizes,
                 int order)
{
    int size = 1;
    for (int d = 0; d < n; d++) {
        size *= psizes[d];
        printf("%d/%d/%d/%d ", gsizes[d],
               distribs[d] == MPI_DISTRIBUTE_NONE    ? 0
               : distribs[d] == MPI_DISTRIBUTE_BLOCK ? 1
                                                     : 2,
               dargs[d] == MPI_DISTRIBUTE_DFLT_DARG ? 0 : dargs[d], psizes[d]);
    }
    printf("%s\n", order == MPI_ORDER_C ? "C" : "Fortran");
    for (int rank = 0; rank < size; rank++) {
        MPI_Datatype type;
        MPI_Aint lb, extent;
        int position = 0;
        MPI_Type_create_darray(size, rank, n, gsizes, distribs, dargs, psizes, order, MPI_INT,
                               &type);
        MPI_Type_commit(&type);
        MPI_Type_get_extent(type, &lb, &extent);
        MPI_Pack(array, 1, type, packed, sizeof packed, &position, MPI_COMM_SELF);
        printf(" %d: %ld %ld:", rank, (long)lb, (long)extent);
        for (int i = 0; i < position / (int)sizeof(int); i++) {
            printf(" %d", packed[i]);
        }
        printf("\n");
        MPI_Type_free(&type);
    }
}

static void show_size(const char *what, int p, int r, MPI_Datatype type)
{
    int bytes, ni, na, nt, combiner, integers[2] = {0, 0};
    MPI_Type_size(type, &bytes);
    MPI_Type_get_envelope(type, &ni, &na, &nt, &combiner);
    MPI_Type_get_contents(type, ni, na, nt, integers, NULL, NULL);
    printf("%s %d %d: %d bytes, %d %d %d: %d %d\n", what, p, r, bytes, ni, na, nt, integers[0],
           integers[1]);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    for (int i = 0; i < MOST; i++) {
        array[i] = i;
    }
    enum { D = MPI_DISTRIBUTE_DFLT_DARG };
    static const int block[] = {MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_BLOCK};
    static const int cyclic[] = {MPI_DISTRIBUTE_CYCLIC, MPI_DISTRIBUTE_CYCLIC,
                                 MPI_DISTRIBUTE_CYCLIC};
    static const int mixed[] = {MPI_DISTRIBUTE_CYCLIC, MPI_DISTRIBUTE_NONE, MPI_DISTRIBUTE_BLOCK};
    static const int dflt[] = {D, D, D}, gsizes[] = {7, 5, 9};
    for (int order = 0; order < 2; order++) {
        int o = order ? MPI_ORDER_FORTRAN : MPI_ORDER_C;
        show(1, (int[]){17}, block, dflt, (int[]){4}, o);
        show(1, (int[]){17}, block, (int[]){6}, (int[]){3}, o);
        show(1, (int[]){5}, block, dflt, (int[]){4}, o); // nothing for the last one
        show(1, (int[]){3}, cyclic, (int[]){2}, (int[]){4}, o);
        show(1, (int[]){17}, cyclic, dflt, (int[]){4}, o);
        show(1, (int[]){17}, cyclic, (int[]){3}, (int[]){3}, o);
        show(2, gsizes, block, dflt, (int[]){2, 2}, o);
        show(2, gsizes, cyclic, (int[]){2, 1}, (int[]){2, 2}, o);
        show(3, gsizes, block, dflt, (int[]){2, 1, 3}, o);
        show(3, gsizes, cyclic, (int[]){2, 2, 3}, (int[]){2, 2, 2}, o);
        show(3, gsizes, mixed, (int[]){3, D, 5}, (int[]){2, 1, 2}, o);
    }
    static const int reals[][2] = {{3, 10}, {6, 37}, {7, 10}, {15, 307}, {2, 200}};
    for (int i = 0; i < 5; i++) {
        MPI_Datatype type;
        MPI_Type_create_f90_real(reals[i][0], reals[i][1], &type);
        show_size("real", reals[i][0], reals[i][1], type);
        MPI_Type_create_f90_complex(reals[i][0], reals[i][1], &type);
        show_size("complex", reals[i][0], reals[i][1], type);
    }
    for (int r = 1; r <= 18; r++) {
        MPI_Datatype type;
        MPI_Type_create_f90_integer(r, &type);
        show_size("integer", 0, r, type);
    }
    MPI_Finalize();
    return 0;
}
