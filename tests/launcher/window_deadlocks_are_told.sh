#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# Ranks that wait for each other for ever in calls on a window are told like any others: a circle of
# locks, MPI_Win_start or MPI_Win_wait without its partner, a fence that somebody does not reach.
# Programs that only seem to are left alone. (window_waits.c)
. "${srcdir:-.}/tests/launcher/lib.sh"
WAITS=$(pwd)/tests/launcher/window_waits
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to ask"
    exit 77
fi

# told CASE RANKS CALL: ranks are dead, and rank 0 is in CALL.
told() {
    for way in "--channel shm" "--channel socket" "--nodes 2"; do
        expect 120 $way -n "$2" "$WAITS" "$1"
        warns "^mprun: deadlock: [0-9]* of $2 rank"
        warns "^mprun: rank 0 waits in $3 for "
    done
}
for n in 2 3; do
    told lock-cycle $n MPI_Win_lock
    told lock-kept $n MPI_Win_lock
    told lock-shared $n MPI_Win_lock
    told lock-all $n MPI_Win_lock_all
    told start $n MPI_Win_start
    told wait $n MPI_Win_wait
    told fence $n MPI_Win_fence
    told two-fences $n MPI_Win_fence
done
told start-finalize 2 MPI_Win_start

# The words.
made='window of MPI_COMM_WORLD, communicator [0-9]*'
expect 120 -n 2 "$WAITS" lock-cycle
warns "^mprun: deadlock: 2 of 2 ranks wait for what will never happen: 0 -> 1 -> 0\$"
warns "^mprun: rank 0 waits in MPI_Win_lock for the lock of rank 1 that rank 1 holds ($made), for"
expect 120 -n 2 "$WAITS" start
warns "^mprun: rank 1 waits in MPI_Win_start for MPI_Win_post by rank 0 ($made), for"
expect 120 -n 2 "$WAITS" wait
warns "^mprun: rank 0 waits in MPI_Win_wait for MPI_Win_complete by rank 1 ($made), for"
expect 120 -n 2 "$WAITS" fence
warns "^mprun: rank 0 waits in MPI_Win_fence for rank 1 to call it ($made), for"
expect 120 -n 2 "$WAITS" start-finalize
warns "^mprun: hint: rank 1 is in MPI_Finalize, and makes no other call any more"

for way in "--channel shm" "--channel socket" "--nodes 2"; do
    for case in holder unlock put queue epochs fence; do
        expect 0 $way -n 4 "$WAITS" live-$case
    done
done
finish
