# SPDX-License-Identifier: MIT
# timeout: 100
# A program that was started through something that closes descriptors, as Python's subprocess does,
# or opens others in their places, joins its job, the shared heap too: mprun has them still.
. "${srcdir:-.}/tests/launcher/lib.sh"
under=$(pwd)/tests/launcher/under
tests=$(pwd)/tests/api

for how in closed covered; do
    expect 0 -n 3 "$under" $how "$RANK" where
    says '0 of 3
1 of 3
2 of 3'
    # Only some of the ranks; and in a script, which is not the rank itself.
    expect 0 -n 1 "$RANK" where : -n 1 sh -c "$under $how $RANK where; true"
    says '0 of 2
1 of 2'
    # A process that its parent has left still belongs to the job.
    expect 0 -n 2 sh -c "(setsid $under $how $RANK where > $work/orphan.\$MPRUN_RANK &)
        while [ ! -s $work/orphan.\$MPRUN_RANK ]; do sleep 0.05; done"
    sort "$work/orphan.0" "$work/orphan.1" > "$work/out"
    says '0 of 2
1 of 2'
    rm "$work/orphan.0" "$work/orphan.1"
    # With the library: messages of all kinds, and those that need the heap.
    expect 0 -n 2 "$under" $how "$tests/messages_between_all_kinds_of_memory"
    MPRUN_CMA=0 expect 0 -n 2 "$under" $how "$tests/heap_static_arrays_are_within_reach"
done
expect 0 -n 2 "$RANK" deaf
# The socket to mprun cannot be had again: that is said, by each rank, and what to do.
for how in closed covered; do
    expect 45 --channel socket -n 2 "$under" $how "$RANK" where
    warns '^descriptor 63, the socket to mprun, is closed: .* close_fds=False'
done
# A program belongs to the nearest mprun above it, or to none.
run "$under" closed "$RANK" where
what='a program without mprun'
says '0 of 1, alone'
expect 0 -n 2 "$under" closed "$MPRUN" -n 1 "$under" closed "$RANK" where
says '0 of 1
0 of 1'
finish
