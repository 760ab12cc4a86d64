// SPDX-License-Identifier: MIT
// Runs commands, one after another on each of a pool of ranks, and tells how all of them ended.
//
//     mprun -n 3 examples/farm commands.txt                one command of the shell on each line
//     mprun -n 3 examples/farm --limit 10 < commands.txt   and 10 seconds for each
//
// One idea: whoever starts a process has to end it. Each command is a process group of its own,
// so that it can be ended with all that it has started: when its time is up, or when the job is
// asked to stop. Ctrl-C makes mprun send SIGTERM to all ranks and give them some seconds. That is
// enough to end what runs and to tell what was not run. (What make -j or xargs -P can do, they do
// better.)

#include "gallery.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RESULT, COMMAND, END }; // tags
enum { OUT_OF_TIME = -1, CANCELLED = -2, NOT_RUN = -3, IDLE = -4 };
enum { LONGEST = 4096 };

static const char usage[] =
    "Usage: mprun -n RANKS farm [FILE] [--limit SECONDS]\n"
    "Runs each line of FILE, or of standard input, with sh, and lists those that fail. A command\n"
    "that takes longer than SECONDS (default 3600) is ended.\n";

static volatile sig_atomic_t stop;

static void on_stop(int signal)
{
    stop = signal;
}

// Returns the command's exit status, 128 + its signal, or what it was ended for.
static int run(const char *command, int limit)
{
    int status, ended_for = 0;
    pid_t child = fork();
    if (child < 0)
        return 127;
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        int null = open("/dev/null", O_RDONLY);
        dup2(null, STDIN_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    setpgid(child, child); // whoever comes first, parent or child
    double end = MPI_Wtime() + limit;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (!ended_for && (stop || MPI_Wtime() > end)) {
            ended_for = stop ? CANCELLED : OUT_OF_TIME;
            kill(-child, SIGTERM);
            end = MPI_Wtime() + 0.5;
        } else if (ended_for && MPI_Wtime() > end) {
            kill(-child, SIGKILL);
        }
        pause_us(2000);
    }
    kill(-child, SIGKILL); // what it may have left running
    if (ended_for)
        return ended_for;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) {
        pause_us(20000); // was it the job that was asked to stop? Then we hear so at once, too
        if (stop)
            return CANCELLED;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void work(int limit)
{
    char command[LONGEST];
    for (int result = IDLE;;) {
        MPI_Status status;
        MPI_Send(&result, 1, MPI_INT, 0, RESULT, MPI_COMM_WORLD);
        MPI_Recv(command, LONGEST, MPI_CHAR, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        if (status.MPI_TAG == END)
            return;
        result = stop ? CANCELLED : run(command, limit);
    }
}

static void manage(char **commands, int *results, int count, int workers)
{
    int next = 0, cancelled = 0, *doing = calloc((size_t)workers + 1, sizeof *doing);
    if (!doing)
        MPI_Abort(MPI_COMM_WORLD, 1);
    while (workers > 0) {
        int result;
        MPI_Status status;
        MPI_Recv(&result, 1, MPI_INT, MPI_ANY_SOURCE, RESULT, MPI_COMM_WORLD, &status);
        if (result != IDLE)
            results[doing[status.MPI_SOURCE]] = result;
        cancelled = cancelled || stop || result == CANCELLED;
        if (next < count && !cancelled) {
            doing[status.MPI_SOURCE] = next;
            MPI_Send(commands[next], (int)strlen(commands[next]) + 1, MPI_CHAR, status.MPI_SOURCE,
                     COMMAND, MPI_COMM_WORLD);
            next++;
        } else {
            workers--;
            MPI_Send(NULL, 0, MPI_CHAR, status.MPI_SOURCE, END, MPI_COMM_WORLD);
        }
    }
    free(doing);
}

// Tells what did not end well, and returns how many of all those were not done.
static int report(char **commands, const int *results, int count)
{
    int done = 0, failed = 0, late = 0;
    for (int i = 0; i < count; i++) {
        int r = results[i];
        done += r == 0;
        failed += r > 0;
        late += r == OUT_OF_TIME;
        if (r > 0)
            printf("command %d exited with %d: %s\n", i + 1, r, commands[i]);
        else if (r < 0)
            printf("command %d %s: %s\n", i + 1,
                   r == OUT_OF_TIME ? "was out of time"
                   : r == CANCELLED ? "was ended"
                                    : "was not run",
                   commands[i]);
    }
    printf("%d commands: %d done, %d failed, %d out of time, %d cancelled\n", count, done, failed,
           late, count - done - failed - late);
    return count - done;
}

// Returns how many, or -1 if the file cannot be read or has too long a line.
static int read_commands(const char *name, char ***commands)
{
    FILE *file = name ? fopen(name, "r") : stdin;
    char line[LONGEST];
    int count = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (!strchr(line, '\n') && !feof(file))
            return -1; // half a command is another command
        line[strcspn(line, "\n")] = 0;
        if (!line[0])
            continue;
        *commands = realloc(*commands, sizeof **commands * (size_t)(count + 1));
        if (!*commands || !((*commands)[count++] = strdup(line)))
            MPI_Abort(MPI_COMM_WORLD, 1);
    }
    if (file && name)
        fclose(file);
    return file ? count : -1;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, limit = 3600, count = 0, not_done = 0;
    const char *name = NULL;
    char **commands = NULL;
    begin("farm", usage, argc, argv,
          (struct setting[]){
              {"FILE", NULL, 0, 0, NULL, &name}, {"--limit", &limit, 1, 1000000, NULL, NULL}, {0}},
          2);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    signal(SIGTERM, on_stop);
    signal(SIGINT, on_stop);

    if (rank == 0 && (count = read_commands(name, &commands)) < 0)
        refuse("farm", "FILE", name ? name : "-",
               "lines of less than 4095 letters, that can be read");
    MPI_Bcast(&count, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (count < 0) {
        MPI_Finalize();
        return status_of(BAD_INPUT);
    }
    if (rank > 0) {
        work(limit);
    } else {
        int *results = malloc(sizeof *results * (size_t)(count + 1));
        if (!results)
            MPI_Abort(MPI_COMM_WORLD, 1);
        for (int i = 0; i < count; i++)
            results[i] = NOT_RUN;
        manage(commands, results, count, size - 1);
        not_done = report(commands, results, count);
        for (int i = 0; i < count; i++)
            free(commands[i]);
        free(commands);
        free(results);
    }
    MPI_Finalize();
    return status_of(not_done ? FAILED : GO);
}
