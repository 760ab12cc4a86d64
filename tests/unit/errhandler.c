// SPDX-License-Identifier: MIT
// Error classes, codes and strings, and which handler is called with what. The fatal ones end a
// child of this process with the class as its status and one line that says everything.
#define _GNU_SOURCE
#include "object/errhandler.h"

#include "mpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void standard_classes_have_names_and_strings(void **state)
{
    (void)state;
    for (int error_class = 0; error_class <= MPI_ERR_ABI; error_class++) {
        char string[MPI_MAX_ERROR_STRING];
        int length = -1, found = -1;
        assert_non_null(mp_error_name(error_class));
        assert_int_equal(MPI_Error_string(error_class, string, &length), MPI_SUCCESS);
        assert_int_equal(length, strlen(string));
        assert_memory_equal(string, mp_error_name(error_class), strlen(mp_error_name(error_class)));
        MPI_Error_class(error_class, &found);
        assert_int_equal(found, error_class);
    }
    for (int error_class = MPI_T_ERR_CANNOT_INIT; error_class <= MPI_T_ERR_PVAR_NO_ATOMIC;
         error_class++)
        assert_non_null(mp_error_name(error_class));
    assert_string_equal(mp_error_name(MPI_ERR_TRUNCATE), "MPI_ERR_TRUNCATE");
    assert_null(mp_error_name(63));
    assert_null(mp_error_name(-1));
    assert_null(mp_error_name(16383));
    assert_null(mp_error_name(1019));
}

static void the_program_adds_and_removes(void **state)
{
    (void)state;
    int error_class, code, other, found, length;
    char string[MPI_MAX_ERROR_STRING];
    MPI_Add_error_class(&error_class);
    assert_true(error_class > MPI_ERR_LASTCODE);
    MPI_Add_error_code(error_class, &code);
    MPI_Add_error_code(MPI_ERR_IO, &other);
    MPI_Error_class(code, &found);
    assert_int_equal(found, error_class);
    MPI_Error_class(other, &found);
    assert_int_equal(found, MPI_ERR_IO);
    MPI_Error_string(code, string, &length);
    assert_string_equal(string, "");
    MPI_Add_error_string(code, "first");
    MPI_Add_error_string(code, "the valve is stuck");
    MPI_Error_string(code, string, &length);
    assert_string_equal(string, "the valve is stuck");
    assert_int_equal(length, 18);

    assert_int_equal(MPI_Remove_error_class(error_class), MPI_ERR_ARG); // has a code
    assert_int_equal(MPI_Remove_error_code(code), MPI_ERR_ARG);         // has a string
    assert_int_equal(MPI_Remove_error_code(error_class), MPI_ERR_ARG);  // is a class
    assert_int_equal(MPI_Remove_error_string(code), MPI_SUCCESS);
    assert_int_equal(MPI_Remove_error_string(code), MPI_ERR_ARG);
    assert_int_equal(MPI_Remove_error_code(code), MPI_SUCCESS);
    assert_int_equal(MPI_Error_class(code, &found), MPI_ERR_ARG);
    assert_int_equal(MPI_Remove_error_class(error_class), MPI_SUCCESS);
    assert_int_equal(MPI_Remove_error_code(other), MPI_SUCCESS);
    assert_int_equal(mp_error_last_used, MPI_ERR_LASTCODE);
    assert_int_equal(MPI_Add_error_string(MPI_ERR_COUNT, "mine"), MPI_ERR_ARG);
    assert_int_equal(MPI_Add_error_code(error_class, &code), MPI_ERR_ARG);
}

// ---- Handlers

static int called, called_code;
static MPI_Comm called_comm;
static MPI_Errhandler replacement;

static void remember(MPI_Comm *comm, int *code, ...)
{
    called++;
    called_code = *code;
    called_comm = *comm;
    if (replacement != MPI_ERRHANDLER_NULL)
        MPI_Comm_set_errhandler(*comm, replacement);
}

static void user_handlers_get_comm_and_code(void **state)
{
    (void)state;
    MPI_Errhandler handler, current;
    MPI_Comm comm;
    int value = 0;
    MPI_Comm_dup(MPI_COMM_SELF, &comm);
    MPI_Comm_create_errhandler(remember, &handler);
    MPI_Comm_set_errhandler(comm, handler);
    MPI_Comm_get_errhandler(comm, &current);
    assert_ptr_equal(current, handler);
    MPI_Errhandler_free(&current);
    MPI_Errhandler_free(&handler); // the communicator still has it
    assert_ptr_equal(handler, MPI_ERRHANDLER_NULL);

    called = 0;
    replacement = MPI_ERRHANDLER_NULL;
    assert_int_equal(MPI_Send(&value, -1, MPI_INT, 0, 0, comm), MPI_ERR_COUNT);
    assert_int_equal(called, 1);
    assert_int_equal(called_code, MPI_ERR_COUNT);
    assert_ptr_equal(called_comm, comm);
    assert_int_equal(MPI_Comm_call_errhandler(comm, MPI_ERR_TOPOLOGY), MPI_SUCCESS);
    assert_int_equal(called, 2);
    assert_int_equal(called_code, MPI_ERR_TOPOLOGY);
    // A handler may replace itself while it runs.
    replacement = MPI_ERRORS_RETURN;
    assert_int_equal(MPI_Send(&value, 1, MPI_INT, 7, 0, comm), MPI_ERR_RANK);
    assert_int_equal(MPI_Send(&value, 1, MPI_INT, 7, 0, comm), MPI_ERR_RANK);
    assert_int_equal(called, 3);
    MPI_Comm_get_errhandler(comm, &current);
    assert_ptr_equal(current, MPI_ERRORS_RETURN);
    MPI_Comm_free(&comm);
}

static void for_windows(MPI_Win *win, int *code, ...)
{
    (void)win, (void)code;
}

static void wrong_handlers_are_refused(void **state)
{
    (void)state;
    MPI_Errhandler handler, stale;
    assert_int_equal(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRHANDLER_NULL),
                     MPI_ERR_ERRHANDLER);
    MPI_Win_create_errhandler(for_windows, &handler);
    assert_int_equal(MPI_Comm_set_errhandler(MPI_COMM_SELF, handler), MPI_ERR_ERRHANDLER);
    stale = handler;
    MPI_Errhandler_free(&handler);
    assert_int_equal(MPI_Errhandler_free(&stale), MPI_ERR_ERRHANDLER);
    assert_int_equal(MPI_Comm_create_errhandler(NULL, &handler), MPI_ERR_ARG);
}

static void begin(void)
{
    MPI_Init(NULL, NULL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
}

// Runs `offend` in a child, which starts MPI for itself; checks its exit status and what it
// printed. Only while MPI does not run here: it would know that it is a child.
static void check_fatal(void (*offend)(void), int status, const char *message)
{
    int out[2];
    char text[4096];
    size_t length = 0;
    ssize_t n;
    assert_int_equal(pipe(out), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], 2);
        begin();
        offend();
        _exit(99);
    }
    close(out[1]);
    while ((n = read(out[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = 0;
    close(out[0]);
    int ended;
    waitpid(child, &ended, 0);
    if (!strstr(text, message))
        print_error("printed: %s\nwanted:  %s\n", text, message);
    assert_non_null(strstr(text, message));
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), status);
}

static void send_too_few(void)
{
    int value = 0;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Send(&value, -1, MPI_INT, 0, 0, MPI_COMM_WORLD);
}

static void commit_nothing(void)
{
    MPI_Datatype type = MPI_DATATYPE_NULL;
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_ABORT);
    MPI_Type_commit(&type);
}

static void raise_own_code(void)
{
    int error_class;
    MPI_Add_error_class(&error_class);
    MPI_Add_error_string(error_class, "the valve is stuck");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_call_errhandler(MPI_COMM_WORLD, error_class);
}

static void ask_after_finalize(void)
{
    int size;
    MPI_Finalize();
    MPI_Comm_size(MPI_COMM_WORLD, &size);
}

static void fatal_errors_say_everything(void **state)
{
    (void)state;
    check_fatal(send_too_few, MPI_ERR_COUNT,
                "MPI_Send: count is -1, must be 0 or more [communicator \"MPI_COMM_WORLD\", "
                "MPI_ERR_COUNT]");
    check_fatal(commit_nothing, MPI_ERR_TYPE,
                "MPI_Type_commit: datatype is MPI_DATATYPE_NULL [MPI_ERR_TYPE]");
    check_fatal(raise_own_code, MPI_ERR_OTHER, "the valve is stuck");
    check_fatal(ask_after_finalize, MPI_ERR_OTHER, "MPI_Comm_size: called after MPI_Finalize");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_classes_have_names_and_strings),
        cmocka_unit_test(the_program_adds_and_removes),
        cmocka_unit_test(user_handlers_get_comm_and_code),
        cmocka_unit_test(wrong_handlers_are_refused),
    };
    const struct CMUnitTest fatal[] = {cmocka_unit_test(fatal_errors_say_everything)};
    int failed = cmocka_run_group_tests(fatal, NULL, NULL);
    begin();
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
