// SPDX-License-Identifier: MIT
// What the standard lets a program call at any time (11.4.1) works before MPI is started, while
// only a session is there, between sessions, in the World Model, after it, and from several
// threads.
// ranks: 1 2
#include "sessions.h"

#include "threads.h"

static void on_session(MPI_Session *session, int *code, ...)
{
    (void)session;
    (void)code;
}

static void infos(void)
{
    MPI_Info info, copy;
    int n, length, flag;
    char text[MPI_MAX_INFO_KEY], value[64];
    char program[] = "a.out", argument[] = "-x", *argv[] = {program, argument, NULL};

    OK(MPI_Info_create(&info));
    OK(MPI_Info_set(info, "one", "1"));
    OK(MPI_Info_set(info, "two", "2"));
    OK(MPI_Info_dup(info, &copy));
    OK(MPI_Info_delete(info, "one"));
    OK(MPI_Info_get_nkeys(info, &n));
    CHECK(n == 1, "%d keys", n);
    OK(MPI_Info_get_nkeys(copy, &n));
    CHECK(n == 2, "%d keys", n);
    OK(MPI_Info_get_nthkey(copy, 1, text));
    CHECK(strcmp(text, "two") == 0, "key '%s'", text);
    length = sizeof value;
    OK(MPI_Info_get_string(copy, "one", &length, value, &flag));
    CHECK(flag && strcmp(value, "1") == 0, "value '%s'", value);
    CHECK(MPI_Info_fromint(MPI_Info_toint(copy)) == copy, "another handle");
    OK(MPI_Info_free(&copy));
    OK(MPI_Info_free(&info));
    OK(MPI_Info_create_env(2, argv, &info));
    length = sizeof value;
    OK(MPI_Info_get_string(info, "command", &length, value, &flag));
    CHECK(flag && strcmp(value, "a.out") == 0, "command '%s'", value);
    OK(MPI_Info_free(&info));
    OK(MPI_Info_get_nkeys(MPI_INFO_ENV, &n));
    CHECK(n > 0, "MPI_INFO_ENV is empty");
}

static void errors(void)
{
    MPI_Errhandler handler;
    int class, code, of, length;
    char text[MPI_MAX_ERROR_STRING];

    OK(MPI_Session_create_errhandler(on_session, &handler));
    CHECK(MPI_Errhandler_fromint(MPI_Errhandler_toint(handler)) == handler, "another handle");
    OK(MPI_Errhandler_free(&handler));
    OK(MPI_Error_class(MPI_ERR_RANK, &of));
    CHECK(of == MPI_ERR_RANK, "class %d", of);
    OK(MPI_Error_string(MPI_ERR_RANK, text, &length));
    CHECK(length > 0, "no text");
    OK(MPI_Add_error_class(&class));
    OK(MPI_Add_error_code(class, &code));
    OK(MPI_Add_error_string(code, "that was it"));
    OK(MPI_Error_string(code, text, &length));
    CHECK(strstr(text, "that was it"), "text '%s'", text);
    OK(MPI_Error_class(code, &of));
    CHECK(of == class, "class %d", of);
    OK(MPI_Remove_error_string(code));
    OK(MPI_Remove_error_code(code));
    OK(MPI_Remove_error_class(class));
}

static void *all(void *argument)
{
    int flag, major, minor, length;
    char text[MPI_MAX_LIBRARY_VERSION_STRING];

    (void)argument;
    for (int i = 0; i < 20; i++) {
        OK(MPI_Initialized(&flag));
        OK(MPI_Finalized(&flag));
        OK(MPI_Get_version(&major, &minor));
        CHECK(major == MPI_VERSION && minor == MPI_SUBVERSION, "version %d.%d", major, minor);
        OK(MPI_Get_library_version(text, &length));
        OK(MPI_Abi_get_version(&major, &minor));
        CHECK(MPI_Wtime() > 0 && MPI_Wtick() > 0, "no time");
        infos();
        errors();
    }
    return NULL;
}

static void here(void)
{
    all(NULL);
    in_threads(4, all);
}

static void *come_and_go(void *argument)
{
    (void)argument;
    for (int i = 0; i < 50; i++) {
        MPI_Session session = session_new(NULL);
        OK(MPI_Session_call_errhandler(session, MPI_ERR_OTHER));
        all(NULL);
        OK(MPI_Session_finalize(&session));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    here();
    MPI_Session session = session_new(NULL);
    here();
    OK(MPI_Session_finalize(&session));
    here();
    in_threads(4, come_and_go);
    int provided;
    OK(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided));
    here();
    in_threads(2, come_and_go);
    OK(MPI_Finalize());
    here();
    session = session_new(NULL);
    here();
    OK(MPI_Session_finalize(&session));
    here();
    return 0;
}
