#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 180
# A rank that is killed while it holds a lock of a window ends the job like any other, at any moment,
# and the report names the lock, who holds it and who waits for it. (window_waits.c)
. "${srcdir:-.}/tests/launcher/lib.sh"
WAITS=$(pwd)/tests/launcher/window_waits
KILLS=${KILLS:-8} # of each way

expect 137 -n 3 "$WAITS" killed 2
warns '^mprun: rank 1 (.*) was killed by SIGKILL'
warns '^mprun: ranks 0, 2 were waiting for it in MPI_Win_lock: it holds the lock of rank 0$'
# The end of a stream wakes those that slept, so they may be found awake.
for way in "--channel socket" "--nodes 2"; do
    expect 137 $way -n 4 "$WAITS" killed 2
    warns '^mprun: ranks* 0.* in MPI_Win_lock'
done
for way in "--channel shm" "--channel socket" "--nodes 2"; do
    i=0
    while [ $i -lt $KILLS ]; do
        expect 137 $way -n 4 "$WAITS" killed 0.00$((i % 10))$((i / 10 % 10))
        i=$((i + 1))
    done
done
finish
