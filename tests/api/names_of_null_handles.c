// SPDX-License-Identifier: MIT
// A null communicator and a null datatype have names, those of the constants (7.8); objects that
// were made have none until one is set, and predefined ones have theirs.
// ranks: 1
#include "check.h"

static void expect(const char *got, int length, const char *wanted)
{
    CHECK(strcmp(got, wanted) == 0 && length == (int)strlen(wanted), "\"%s\" (%d), not \"%s\"", got,
          length, wanted);
}

int main(int argc, char **argv)
{
    char name[MPI_MAX_OBJECT_NAME];
    int length = -1;
    start(&argc, &argv);
    OK(MPI_Comm_get_name(MPI_COMM_NULL, name, &length));
    expect(name, length, "MPI_COMM_NULL");
    OK(MPI_Type_get_name(MPI_DATATYPE_NULL, name, &length));
    expect(name, length, "MPI_DATATYPE_NULL");
    OK(MPI_Comm_get_name(MPI_COMM_SELF, name, &length));
    expect(name, length, "MPI_COMM_SELF");
    OK(MPI_Type_get_name(MPI_WCHAR, name, &length));
    expect(name, length, "MPI_WCHAR");
    MPI_Datatype type;
    OK(MPI_Type_dup(MPI_INT, &type));
    OK(MPI_Type_get_name(type, name, &length));
    expect(name, length, "");
    OK(MPI_Type_set_name(type, "mine"));
    OK(MPI_Type_get_name(type, name, &length));
    expect(name, length, "mine");
    OK(MPI_Type_free(&type));
    return finish();
}
