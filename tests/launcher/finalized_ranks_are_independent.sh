# SPDX-License-Identifier: MIT
# timeout: 90
# Past MPI_Finalize ranks are independent: one that fails there ends nobody, and is told at the end,
# when the others have done what they had to do; its status is the job's. Not so while the process
# uses MPI in another way, and MPI_Abort ends the job from there too. Where all return the same code,
# the program has said no in its own words.
. "${srcdir:-.}/tests/launcher/lib.sh"
builddir=${builddir:-$top_builddir}
ulimit -c 0

cat > "$work/p.c" << 'END'
#include <mpi.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Until rank 1 has ended and mprun has heard of it, and a moment more.
static void outlive(int peer)
{
    while (kill(peer, 0) == 0)
        usleep(1000);
    usleep(200000);
}

int main(int argc, char **argv)
{
    MPI_Session session;
    int rank, pid = getpid();
    const char *how = argv[1];

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Bcast(&pid, 1, MPI_INT, 1, MPI_COMM_WORLD);
    int open = strstr(how, "session") != NULL;
    if (open)
        MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session);
    MPI_Finalize();
    if (strstr(how, "closed"))
        MPI_Session_finalize(&session);
    if (strstr(how, "reopened"))
        MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session);
    if (rank == 0) {
        outlive(pid);
        FILE *file = fopen("result", "w");
        if (file)
            fclose(file);
        return argc > 2 ? atoi(argv[2]) : 0;
    }
    if (strcmp(how, "segv") == 0)
        raise(SIGSEGV);
    if (strcmp(how, "term") == 0)
        raise(SIGTERM);
    if (strcmp(how, "abort") == 0)
        MPI_Abort(MPI_COMM_WORLD, 5);
    return 2;
}
END
cd "$work" || exit 1
"$builddir/mpicc" -o p p.c || fail "p.c does not build"
# late STATUS HOW [CODE]: rank 1 ends so, and rank 0 writes its result all the same.
late() {
    rm -f result
    expected=$1
    shift
    expect "$expected" $channel -n 2 ./p "$@"
    [ -e result ] || fail "$what: rank 0 was ended before it wrote its result"
}
# ended STATUS HOW: rank 1 ends so, and rank 0 is ended.
ended() {
    rm -f result
    expect $1 $channel -n 2 ./p $2
    [ ! -e result ] || fail "$what: rank 0 was not ended"
}
for channel in '--channel shm' '--channel socket'; do
    late 2 exit
    warns '^mprun: rank 1 (./p, process [0-9]*) exited with status 2 after MPI_Finalize$'
    warns_lines 1
    late 139 segv
    warns '^mprun: rank 1 .* was killed by SIGSEGV .* after MPI_Finalize$'
    warns_lines 1
    late 143 term
    warns '^mprun: rank 1 .* was killed by SIGTERM .* after MPI_Finalize$'
    late 2 session,closed
    ended 2 session
    warns '^mprun: rank 1 .* exited with status 2'
    ended 2 reopened
    ended 5 abort
    warns '^mprun: rank 1 .* ended the job with code 5'
    # The first one counts.
    late 2 exit 3
    warns '^mprun: rank 1 .* exited with status 2 after MPI_Finalize$'
    warns '^mprun: 1 more rank failed after MPI_Finalize$'
    warns_lines 2
    late 2 exit 2
    warns_lines 0
done
late 2 exit
expect 2 -q -n 2 ./p exit
warns_lines 1

# One that fails before the end of MPI_Finalize still ends the job, and is the one to tell.
expect 7 -n 3 "$RANK" 0=late-4 1=exit-7 recv-1
warns '^mprun: rank 1 .* exited with status 7 in MPI_Send$'
# All say the same: no word of ours.
expect 4 -n 1 "$RANK" late-4
warns_lines 0
expect 4 -n 5 "$RANK" late-4
warns_lines 0
expect 4 -v -n 5 "$RANK" late-4
warns '^mprun: ended with status 4 '
expect 139 -n 2 "$RANK" late-segv
warns 'was killed by SIGSEGV'
expect 9 -n 3 "$RANK" 1=late-9
warns '^mprun: rank 1 .* exited with status 9 after MPI_Finalize$'
warns_lines 1
expect 6 -n 3 "$RANK" 1=late-abort-6
warns '^mprun: rank 1 .* ended the job with code 6 after MPI_Finalize$'
finish
