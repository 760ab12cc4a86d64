// SPDX-License-Identifier: MIT
// A rank that prints as it is told. Built twice: `prints` is an MPI program, `prints_plain` is
// none.
//   prints [RANK:]ACTION ...     taken in order; one without RANK is for all
// Actions: say=TEXT (a line, by printf), part=TEXT (no newline), full (a full buffer, by setvbuf),
// make=FILE, wait=FILE (until it exists, at most 20 s), echo (a line of input, back in brackets),
// lines=COUNT,BYTES (of that length with the newline, in several conversions), fill=BYTES (all
// 'x', no newline), sip=BYTES (reads so much of its input, slowly), raise=SIGNAL, abort=CODE,
// exit=CODE.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef WITH_MPI
#include <mpi.h>
#endif

static int rank;

static void wait_for(const char *file)
{
    for (int patience = 0; access(file, F_OK) != 0; patience++) {
        if (patience == 4000)
            exit(99);
        usleep(5000);
    }
}

static void make(const char *file)
{
    FILE *made = fopen(file, "w");
    if (!made || fprintf(made, "made\n") < 0 || fclose(made) != 0)
        exit(98);
}

static void lines(int count, int bytes)
{
    static char text[1 << 20];

    memset(text, 'a' + rank, sizeof text);
    for (int i = 0; i < count; i++)
        printf("%d %06d %.*s%c\n", rank, i, bytes - 11, text, '.');
}

static void fill(long bytes)
{
    static char text[1 << 16];

    memset(text, 'x', sizeof text);
    for (long some; bytes > 0; bytes -= some) {
        some = bytes < (long)sizeof text ? bytes : (long)sizeof text;
        fwrite(text, 1, (size_t)some, stdout);
    }
}

static void sip(long bytes)
{
    static char text[1 << 14];
    long got;

    for (; bytes > 0; bytes -= got) {
        got = read(0, text, sizeof text);
        if (got <= 0)
            exit(97);
        usleep(300);
    }
}

static void abort_job(int code)
{
#ifdef WITH_MPI
    MPI_Abort(MPI_COMM_WORLD, code);
#endif
    exit(code);
}

static void act(const char *action)
{
    const char *equals = strchr(action, '=');
    const char *value = equals ? equals + 1 : "";
    size_t length = equals ? (size_t)(equals - action) : strlen(action);
    char answer[200];

#define IS(name) (length == strlen(name) && strncmp(action, name, length) == 0)
    if (IS("say"))
        printf("%s\n", value);
    else if (IS("part"))
        printf("%s", value);
    else if (IS("full"))
        setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    else if (IS("make"))
        make(value);
    else if (IS("wait"))
        wait_for(value);
    else if (IS("echo"))
        printf("(%.*s)\n", fgets(answer, sizeof answer, stdin) ? (int)strcspn(answer, "\r\n") : 0,
               answer);
    else if (IS("lines"))
        lines(atoi(value), atoi(strchr(value, ',') + 1));
    else if (IS("fill"))
        fill(atol(value));
    else if (IS("sip"))
        sip(atol(value));
    else if (IS("raise"))
        raise(atoi(value));
    else if (IS("abort"))
        abort_job(atoi(value));
    else if (IS("exit"))
        exit(atoi(value));
    else
        exit(96);
}

int main(int argc, char **argv)
{
    const char *number = getenv("MPRUN_RANK");

    rank = number ? atoi(number) : 0;
#ifdef WITH_MPI
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
#endif
    for (int i = 1; i < argc; i++) {
        char *action;
        long who = strtol(argv[i], &action, 10);
        if (action == argv[i])
            act(action);
        else if (who == rank)
            act(action + 1);
    }
#ifdef WITH_MPI
    MPI_Finalize();
#endif
    return 0;
}
