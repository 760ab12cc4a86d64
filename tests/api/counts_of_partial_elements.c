// SPDX-License-Identifier: MIT
// Get_count says how many whole elements came, or MPI_UNDEFINED when they are not whole;
// Get_elements counts basic elements; a shorter message than the receive is no error.
// ranks: 2
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Datatype triple, nothing;
    OK(MPI_Type_contiguous(3, MPI_INT, &triple));
    OK(MPI_Type_contiguous(0, MPI_INT, &nothing));
    OK(MPI_Type_commit(&triple));
    OK(MPI_Type_commit(&nothing));
    static const int counts[] = {0, 1, 2, 3, 4, 6, 11, 12, 20000, 20001, 300000, 300001};
    int *words = room(400000 * sizeof(int)), count;
    memset(words, 0, 400000 * sizeof(int));
    MPI_Count large;
    MPI_Status status;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        int n = counts[i];
        if (rank == 0) {
            OK(MPI_Send(words, n, MPI_INT, 1, 1, MPI_COMM_WORLD));
            OK(MPI_Send(words, n, MPI_BYTE, 1, 2, MPI_COMM_WORLD));
        } else {
            OK(MPI_Recv(words, 400000 / 3, triple, 0, 1, MPI_COMM_WORLD, &status));
            OK(MPI_Get_count(&status, MPI_INT, &count));
            CHECK(count == n, "%d ints, expected %d", count, n);
            OK(MPI_Get_count(&status, triple, &count));
            CHECK(count == (n % 3 ? MPI_UNDEFINED : n / 3), "%d triples of %d ints", count, n);
            OK(MPI_Get_elements(&status, triple, &count));
            CHECK(count == n, "%d elements, expected %d", count, n);
            OK(MPI_Get_elements_x(&status, triple, &large));
            CHECK(large == n, "%lld elements, expected %d", (long long)large, n);
            OK(MPI_Get_count(&status, nothing, &count));
            CHECK(count == (n ? MPI_UNDEFINED : 0), "%d elements of no size in %d", count, n);
            OK(MPI_Recv(words, 400000, MPI_BYTE, 0, 2, MPI_COMM_WORLD, &status));
            OK(MPI_Get_count(&status, MPI_INT, &count));
            CHECK(count == (n % 4 ? MPI_UNDEFINED : n / 4), "%d ints in %d bytes", count, n);
            OK(MPI_Get_elements(&status, MPI_BYTE, &count));
            CHECK(count == n, "%d elements, expected %d", count, n);
        }
    }
    // Set by the program.
    memset(&status, 0, sizeof(status));
    OK(MPI_Status_set_elements(&status, triple, 7));
    OK(MPI_Get_elements(&status, triple, &count));
    CHECK(count == 7, "%d elements", count);
    OK(MPI_Get_count(&status, triple, &count));
    CHECK(count == MPI_UNDEFINED, "%d triples", count);
    OK(MPI_Status_set_elements_x(&status, MPI_BYTE, (MPI_Count)5000000000));
    OK(MPI_Get_elements_x(&status, MPI_BYTE, &large));
    CHECK(large == (MPI_Count)5000000000, "%lld elements", (long long)large);
    OK(MPI_Get_elements(&status, MPI_BYTE, &count));
    CHECK(count == MPI_UNDEFINED, "%d elements, but it does not fit", count);
    OK(MPI_Get_count(&status, MPI_BYTE, &count));
    CHECK(count == MPI_UNDEFINED, "%d bytes, but it does not fit", count);
    int flag = 0;
    OK(MPI_Status_set_cancelled(&status, 1));
    OK(MPI_Test_cancelled(&status, &flag));
    CHECK(flag, "not cancelled");
    OK(MPI_Type_free(&triple));
    OK(MPI_Type_free(&nothing));
    free(words);
    return finish();
}
