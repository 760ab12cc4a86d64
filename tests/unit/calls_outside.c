// SPDX-License-Identifier: MIT
// Every function that needs MPI to run, called before MPI_Init or in a child that a rank has
// forked, ends the caller with one message that names it and says why, whatever its arguments are:
// here all of them are 0. None crashes, hangs or looks at its arguments first.
#include "base/bits.h"
#include "mpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
    const char *name;
    void (*function)(void);
} calls[] = {
#define MP_CALL(name, chapter) {"MPI_" #name, (void (*)(void))MPI_##name},
#include "base/calls.def"
#undef MP_CALL
};

// What may be called at any time (11.4.1), or has its own rules, by a part of its name.
static const char *const others[] = {"MPI_T_",           "MPI_Abi_",
                                     "MPI_Info_",        "_toint",
                                     "_fromint",         "_create_errhandler",
                                     "Errhandler_free",  "Session_call_errhandler",
                                     "error_class",      "error_code",
                                     "error_string",     "MPI_Error_",
                                     "MPI_Aint_",        "MPI_Wti",
                                     "_version",         "MPI_Initialized",
                                     "MPI_Finalize",     "MPI_Init",
                                     "Session_finalize", "Session_init",
                                     "MPI_Abort",        "MPI_Pcontrol"};

static int is_other(const char *name)
{
    for (size_t i = 0; i < mp_array_length(others); i++) {
        if (strstr(name, others[i])) {
            return 1;
        }
    }
    return 0;
}

// Calls it in a child, and says how that ended and what it said. More arguments than a function has
// do no harm here.
static int call_in_child(void (*function)(void), char *said, size_t room)
{
    size_t length = 0;
    ssize_t got;
    int ends[2], status = -1;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        alarm(20);
        ((int (*)(long, long, long, long, long, long, long, long, long, long, long, long, long,
                  long))function)(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], said + length, room - 1 - length)) > 0) {
        length += (size_t)got;
    }
    close(ends[0]);
    said[length] = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void call_all(const char *why)
{
    char said[4096], begin[200];
    int refused = 0;

    for (size_t i = 0; i < mp_array_length(calls); i++) {
        if (is_other(calls[i].name)) {
            continue;
        }
        int status = call_in_child(calls[i].function, said, sizeof said);
        snprintf(begin, sizeof begin, "%s: ", calls[i].name);
        bool good = WIFEXITED(status) && WEXITSTATUS(status) != 0 &&
                    strncmp(said, begin, strlen(begin)) == 0 &&
                    strchr(said, '\n') == said + strlen(said) - 1 &&
                    (strstr(said, why) || strstr(said, "not supported"));
        if (!good)
            fail_msg("%s: status %x, said \"%s\"", calls[i].name, (unsigned)status, said);
        refused += strstr(said, why) != NULL;
    }
    assert_true(refused > 300);
}

static void before_init(void **state)
{
    (void)state;
    call_all(": called before MPI_Init [");
}

static void in_a_child(void **state)
{
    (void)state;
    MPI_Init(NULL, NULL);
    call_all(": called in process ");
    MPI_Finalize();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(before_init), cmocka_unit_test(in_a_child)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
