// SPDX-License-Identifier: MIT
// MPI_Comm_idup_with_info that is refused for its last argument gives back what it has made of the
// hints by then: the next info takes the same place.
// ranks: 1
#include "check.h"

static int place_of_next_info(void)
{
    MPI_Info info;
    OK(MPI_Info_create(&info));
    int place = MPI_Info_toint(info);
    OK(MPI_Info_free(&info));
    return place;
}

int main(int argc, char **argv)
{
    MPI_Info hints;
    MPI_Comm comm;
    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    OK(MPI_Info_create(&hints));
    OK(MPI_Info_set(hints, "mpi_assert_no_any_tag", "true"));
    int before = place_of_next_info();
    FAILS(MPI_ERR_ARG, MPI_Comm_idup_with_info(MPI_COMM_WORLD, hints, &comm, NULL));
    int after = place_of_next_info();
    CHECK(after == before, "an info is at %d now, was at %d", after, before);
    OK(MPI_Info_free(&hints));
    return finish();
}
