// SPDX-License-Identifier: MIT
// A message that ends within a basic element of the receive's type cannot come from a matching type
// (3.3.1): MPI_ERR_TYPE at the receiver, in every form. Whole elements, though fewer than asked
// for, are fine, and so is any number of bytes for MPI_BYTE.
// ranks: 2
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    MPI_Datatype pair;
    OK(MPI_Type_create_struct(2, (int[]){1, 1}, (MPI_Aint[]){0, 8},
                              (MPI_Datatype[]){MPI_INT, MPI_SHORT}, &pair));
    OK(MPI_Type_commit(&pair));
    const struct {
        MPI_Datatype type;
        int bytes, error;
    } cases[] = {{MPI_INT, 7, 1},   {MPI_INT, 8, 0}, {MPI_INT, 100001, 1}, {MPI_BYTE, 7, 0},
                 {MPI_SHORT, 3, 1}, {pair, 10, 0},   {pair, 5, 1},         {MPI_DOUBLE, 0, 0}};
    static char out[100001];
    char *in = malloc(400008);
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        for (int form = 0; form < 3; form++) { // posted before, unexpected, blocking
            MPI_Request request;
            MPI_Status status;
            if (rank == 0) {
                OK(MPI_Barrier(MPI_COMM_WORLD));
                OK(MPI_Send(out, cases[c].bytes, MPI_BYTE, 1, 5, MPI_COMM_WORLD));
                continue;
            }
            int err;
            if (form == 0) {
                OK(MPI_Irecv(in, 25001, cases[c].type, 0, 5, MPI_COMM_WORLD, &request));
                OK(MPI_Barrier(MPI_COMM_WORLD));
                err = MPI_Wait(&request, &status);
            } else {
                OK(MPI_Barrier(MPI_COMM_WORLD));
                if (form == 1) {
                    OK(MPI_Probe(0, 5, MPI_COMM_WORLD, &status));
                }
                err = MPI_Recv(in, 25001, cases[c].type, 0, 5, MPI_COMM_WORLD, &status);
            }
            int class = MPI_SUCCESS;
            if (err) {
                OK(MPI_Error_class(err, &class));
            }
            CHECK(class == (cases[c].error ? MPI_ERR_TYPE : MPI_SUCCESS), "case %d form %d: %d",
                  (int)c, form, class);
        }
    }
    free(in);
    OK(MPI_Type_free(&pair));
    return finish();
}
