// SPDX-License-Identifier: MIT
// An error calls the handler of its communicator with that communicator and the error code, and the
// function returns that code; a duplicate inherits the handler; MPI_ERRORS_RETURN returns; errors
// without a communicator go to MPI_COMM_SELF's; user classes, codes and strings work.
// ranks: 1 2
#include "check.h"

static int calls, last_code;
static MPI_Comm last_comm;

static void handler(MPI_Comm *comm, int *code, ...)
{
    calls++;
    last_comm = *comm;
    last_code = *code;
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Comm other, third;
    MPI_Errhandler mine, got;
    char text[MPI_MAX_ERROR_STRING];
    int word = 0, length, class, code;
    OK(MPI_Comm_create_errhandler(handler, &mine));
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, mine));
    OK(MPI_Comm_get_errhandler(MPI_COMM_WORLD, &got));
    CHECK(got == mine, "another handler comes back");
    OK(MPI_Errhandler_free(&got));
    CHECK(got == MPI_ERRHANDLER_NULL, "not null");
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &other));
    OK(MPI_Errhandler_free(&mine)); // lives on in the communicators

    int expected = 0;
    static const struct {
        int count, partner, tag, class;
    } wrong[] = {{-1, 0, 0, MPI_ERR_COUNT},
                 {1, 1000, 0, MPI_ERR_RANK},
                 {1, -7000, 0, MPI_ERR_RANK},
                 {1, 0, -5000, MPI_ERR_TAG}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        for (int k = 0; k < 2; k++) {
            MPI_Comm comm = k ? other : MPI_COMM_WORLD;
            MPI_Request request;
            FAILS(wrong[i].class,
                  MPI_Send(&word, wrong[i].count, MPI_INT, wrong[i].partner, wrong[i].tag, comm));
            CHECK(calls == ++expected, "%d calls of the handler, expected %d", calls, expected);
            CHECK(last_comm == comm, "called with another communicator");
            OK(MPI_Error_class(last_code, &class));
            CHECK(class == wrong[i].class, "called with class %d", class);
            OK(MPI_Error_string(last_code, text, &length));
            CHECK(length > 0 && length == (int)strlen(text), "length %d of '%s'", length, text);
            FAILS(wrong[i].class, MPI_Irecv(&word, wrong[i].count, MPI_INT, wrong[i].partner,
                                            wrong[i].tag, comm, &request));
            CHECK(calls == ++expected, "%d calls of the handler, expected %d", calls, expected);
        }
    }
    FAILS(MPI_ERR_TYPE, MPI_Send(&word, 1, MPI_DATATYPE_NULL, 0, 0, other));
    CHECK(calls == ++expected && last_comm == other, "%d calls", calls);
    FAILS(MPI_ERR_ROOT, MPI_Bcast(&word, 1, MPI_INT, size, other));
    CHECK(calls == ++expected && last_comm == other, "%d calls", calls);

    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    OK(MPI_Comm_set_errhandler(other, MPI_ERRORS_RETURN));
    OK(MPI_Comm_dup(other, &third));
    OK(MPI_Comm_get_errhandler(third, &got));
    CHECK(got == MPI_ERRORS_RETURN, "a duplicate has another handler");
    FAILS(MPI_ERR_RANK, MPI_Send(&word, 1, MPI_INT, size, 0, third));
    FAILS(MPI_ERR_COMM, MPI_Send(&word, 1, MPI_INT, 0, 0, MPI_COMM_NULL));
    OK(MPI_Send(text, 2, MPI_BYTE, 0, 0, MPI_COMM_SELF));
    FAILS(MPI_ERR_TRUNCATE, MPI_Recv(text, 1, MPI_BYTE, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE));
    CHECK(calls == expected, "%d calls of the handler, expected %d", calls, expected);
    OK(MPI_Comm_call_errhandler(MPI_COMM_WORLD, MPI_ERR_OTHER));
    CHECK(calls == ++expected && last_code == MPI_ERR_OTHER, "%d calls, code %d", calls, last_code);

    // User classes and codes.
    int *last_used, flag;
    OK(MPI_Add_error_class(&class));
    CHECK(class > MPI_ERR_LASTCODE, "new class %d", class);
    OK(MPI_Add_error_code(class, &code));
    CHECK(code > MPI_ERR_LASTCODE && code != class, "new code %d", code);
    OK(MPI_Add_error_string(code, "the dog ate it"));
    OK(MPI_Error_string(code, text, &length));
    CHECK(strcmp(text, "the dog ate it") == 0 && length == 14, "'%s', %d", text, length);
    int again;
    OK(MPI_Error_class(code, &again));
    CHECK(again == class, "class %d, expected %d", again, class);
    OK(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &last_used, &flag));
    CHECK(flag && *last_used >= code, "flag %d, last used code %d", flag, flag ? *last_used : -1);
    OK(MPI_Comm_call_errhandler(MPI_COMM_WORLD, code));
    CHECK(calls == ++expected && last_code == code, "%d calls, code %d", calls, last_code);
    // Every class of the standard has a string of its own.
    char before[MPI_MAX_ERROR_STRING] = "";
    for (class = MPI_SUCCESS; class <= MPI_ERR_COMM; class ++) {
        OK(MPI_Error_string(class, text, &length));
        CHECK(length > 0 && strcmp(before, text) != 0, "class %d: '%s'", class, text);
        strcpy(before, text);
    }
    OK(MPI_Comm_free(&other));
    OK(MPI_Comm_free(&third));
    return finish();
}
