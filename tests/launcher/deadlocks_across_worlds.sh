# SPDX-License-Identifier: MIT
# timeout: 120
# Ranks of several worlds that wait for each other for ever are told, once and by world and rank, and
# the job ends with status 120. Who waits for a world that may yet come, or that works, is left alone.
. "${srcdir:-.}/tests/launcher/lib.sh"
waits=$top_builddir/tests/launcher/waits_for_worlds
case $waits in /*) ;; *) waits=$(pwd)/$waits ;; esac
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to ask"
    exit 77
fi

told() { # CASE CIRCLE
    expect 120 -n 2 "$waits" "$1"
    warns "^mprun: deadlock: .* what will never happen: $2\$"
    [ "$(grep -c '^mprun: deadlock: ' "$work/err")" -eq 1 ] || fail "$what: told more than once"
}
told recv '0.0 -> 1.1 -> 0.0'
warns '^mprun: rank 0.0 waits in MPI_Recv for a message from rank 1.1 (tag 0, '
warns '^mprun: rank 1.1 waits in MPI_Recv for a message from rank 0.0 (tag 0, MPI_COMM_PARENT'
told chain '0.0 -> 0.1 -> 1.1 -> 0.0'
told ssend '0.0 -> 1.1 -> 0.0'
expect 120 -n 2 "$waits" barrier
warns '^mprun: rank 0.0 waits in MPI_Recv for a message from rank 1.1 '
warns '^mprun: rank 1.1 waits in MPI_Barrier for '

expect 124 --timeout 2 -n 2 "$waits" accept
expect 0 -n 2 "$waits" works
finish
