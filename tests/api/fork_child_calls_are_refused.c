// SPDX-License-Identifier: MIT
// Any call in a forked child that needs MPI ends the child, and nothing but the child, with a
// message that names the call, the child and the rank: also where errors return, and in the middle
// of a call of the rank's.
// ranks: 1 2
#define _GNU_SOURCE
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static MPI_Comm copy;

static void send(void)
{
    MPI_Send(&rank, 1, MPI_INT, (rank + 1) % size, 0, MPI_COMM_WORLD);
}

static void barrier(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

static void comm_free(void)
{
    MPI_Comm_free(&copy);
}

static void init(void)
{
    MPI_Init(NULL, NULL);
}

static void session_init(void)
{
    MPI_Session session;
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_RETURN, &session);
}

static void comm_rank(void)
{
    int r;
    MPI_Comm_rank(MPI_COMM_WORLD, &r);
}

static const struct {
    const char *name;
    void (*function)(void);
} calls[] = {{"MPI_Send", send},           {"MPI_Barrier", barrier},
             {"MPI_Init", init},           {"MPI_Session_init", session_init},
             {"MPI_Comm_rank", comm_rank}, {"MPI_Comm_free", comm_free}};

// A child whose standard error is read: `life` must end it with a message that begins with `name`.
static void fork_one(const char *name, void (*life)(void))
{
    char said[4096], expected[200];
    size_t length = 0;
    ssize_t got;
    int ends[2], status = -1;

    CHECK(pipe(ends) == 0, "no pipe");
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        life();
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], said + length, sizeof said - 1 - length)) > 0) {
        length += (size_t)got;
    }
    close(ends[0]);
    said[length] = 0;
    CHECK(waitpid(pid, &status, 0) == pid, "no child");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 0, "%s: status %d", name, status);
    snprintf(expected, sizeof expected, "called in process %d, a child that rank %d (process %d)",
             (int)pid, rank, (int)getpid());
    CHECK(strncmp(said, name, strlen(name)) == 0 && strstr(said, expected), "%s said \"%s\"", name,
          said);
}

// A child that is forked in a callback and returns into MPI's call.
static int forked_in_callback;

static int delete_attribute(MPI_Comm comm, int keyval, void *value, void *state)
{
    (void)comm, (void)keyval, (void)value, (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        return MPI_SUCCESS;
    }
    waitpid(pid, &forked_in_callback, 0);
    return MPI_SUCCESS;
}

static void fork_in_callback(void)
{
    int keyval, reached = 0;
    MPI_Comm comm;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, delete_attribute, &keyval, NULL));
    OK(MPI_Comm_set_attr(comm, keyval, &reached));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Comm_free_keyval(&keyval));
    CHECK(WIFEXITED(forked_in_callback) && WEXITSTATUS(forked_in_callback) != 0, "status %d",
          forked_in_callback);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
    for (int returns = 0; returns < 2; returns++) {
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            fork_one(calls[i].name, calls[i].function);
        }
        OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
        OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    }
    pid_t main_process = getpid();
    fork_in_callback();
    CHECK(getpid() == main_process, "the child went on");
    OK(MPI_Comm_free(&copy));
    return finish();
}
