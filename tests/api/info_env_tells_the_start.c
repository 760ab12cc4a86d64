// SPDX-License-Identifier: MIT
// MPI_INFO_ENV has the standard's keys (11.2.1) with what the program was started with: its
// command, arguments and working directory, the number of processes that were asked for, the
// machine.
// args: one two 3
#include "check.h"

#include <sys/utsname.h>
#include <unistd.h>

static void expect(const char *key, const char *value)
{
    char got[MPI_MAX_INFO_VAL] = "";
    int length = sizeof got, flag = 0;
    OK(MPI_Info_get_string(MPI_INFO_ENV, key, &length, got, &flag));
    CHECK(flag, "MPI_INFO_ENV lacks \"%s\"", key);
    CHECK(!flag || strcmp(got, value) == 0, "\"%s\" is \"%s\", not \"%s\"", key, got, value);
}

int main(int argc, char **argv)
{
    char text[4000] = "";
    struct utsname machine;
    start(&argc, &argv);
    expect("command", argv[0]);
    for (int i = 1; i < argc; i++) {
        strcat(strcat(text, i > 1 ? " " : ""), argv[i]);
    }
    expect("argv", text);
    CHECK(getcwd(text, sizeof text), "no working directory");
    expect("wdir", text);
    snprintf(text, sizeof text, "%d", size);
    expect("maxprocs", text);
    CHECK(uname(&machine) == 0, "uname");
    expect("host", machine.nodename);
    expect("arch", machine.machine);
    return finish();
}
