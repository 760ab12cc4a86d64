# SPDX-License-Identifier: MIT
# timeout: 600
# Ranks that wait for each other for ever are told with what each of them waits for, and the job ends
# with status 120; programs that only seem to are left alone.
. "${srcdir:-.}/tests/launcher/lib.sh"
WAITS=$(pwd)/tests/launcher/waits
LIVES=$(pwd)/tests/launcher/lives
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to ask"
    exit 77
fi

# told CASE RANKS CALL: ranks are dead, and each has a line; rank 0 is in CALL.
told() {
    for way in "--channel shm" "--channel socket" "--nodes 2"; do
        [ "$2" -gt 1 ] || [ "$way" != "--nodes 2" ] || continue
        expect 120 $way -n "$2" "$WAITS" "$1"
        # On a busy machine the last ones may not sleep yet.
        warns "^mprun: deadlock: [0-9]* of $2 rank"
        warns "^mprun: rank 0 waits in $3 for "
        [ "$(grep -c '^mprun: rank [0-9]* waits in ' "$work/err")" -eq \
            "$(sed -n 's/^mprun: deadlock: \([0-9]*\) of .*/\1/p' "$work/err")" ] ||
            fail "$what: not a line for each of the ranks"
    done
}
for n in 2 3 5; do
    told recv $n MPI_Recv
    told recv-any $n MPI_Recv
    told ssend $n MPI_Ssend
    told send-long $n MPI_Send
    told waitall $n MPI_Waitall
    told missing-member $n MPI_Recv
    told two-communicators $n MPI_Barrier
done
told self 1 MPI_Ssend
told probe 4 MPI_Probe
told mprobe 2 MPI_Mprobe
told tag 2 MPI_Recv
told wait 3 MPI_Wait
told waitany 3 MPI_Waitany
told persistent 2 MPI_Wait
told bcast 3 MPI_Recv
told allreduce 3 MPI_Recv
told ibarrier 3 MPI_Recv
told iallreduce-long 3 MPI_Recv
told other-communicator 2 MPI_Ssend
told dup 3 MPI_Recv
told split 3 MPI_Recv
told split-recv 5 MPI_Recv
told intercomm 4 MPI_Recv
told finalize 3 MPI_Recv
told ring-full 2 MPI_Ssend
told recv 16 MPI_Recv
for case in reduce gather scatter allgather alltoall scan reduce-scatter allreduce-long \
    alltoall-long ibcast ialltoall neighbor idup create; do
    told in-$case 3 MPI_Recv
done
told in-intercomm 4 MPI_Recv
told sendrecv 2 MPI_Sendrecv
told sendrecv-long 3 MPI_Sendrecv
told issend 2 MPI_Wait
told ssend-init 3 MPI_Wait
told waitsome 2 MPI_Waitsome
told waitall-mixed 3 MPI_Waitall
told self-recv 2 MPI_Recv
told chain 6 MPI_Recv
told any-and-chain 4 MPI_Recv
told any-in-split 6 MPI_Recv
told late-tag 3 MPI_Recv
told late-long 2 MPI_Ssend
told bsend-detach 2 MPI_Recv
told pcoll 3 MPI_Recv
told bcast-against-recv 3 MPI_Bcast
told after-ibarrier 3 MPI_Recv

expect 120 -n 2 "$WAITS" tag
warns '^mprun: rank 0 waits in MPI_Recv for a message from rank 1 (tag 7, MPI_COMM_WORLD), for '
warns '^mprun: hint: rank 0 has a message from rank 1 with tag 8 on MPI_COMM_WORLD, which does not match: it asks for tag 7'
expect 120 -n 2 "$WAITS" other-communicator
warns '^mprun: hint: rank 1 has a message from rank 0 with tag 7 on duplicate of MPI_COMM_WORLD, commun'
expect 120 -n 2 "$WAITS" two-communicators
warns '^mprun: rank 1 waits in MPI_Barrier for .* (the second), for '
expect 120 -n 2 "$WAITS" recv threaded
warns '^mprun: deadlock: 2 of 2 ranks'

# Where the call is in the source, as far as that is to be had.
expect 120 -n 2 "$WAITS" send-long
if command -v addr2line > /dev/null && addr2line -e "$WAITS" "0x$(nm "$WAITS" |
    sed -n 's/ [Tt] main$//p')" | grep -q 'waits.c:'; then
    warns '^mprun: rank 1 waits in MPI_Send for .*, for [0-9.]* s, at waits.c:[0-9]* (deadlock)$'
fi
what="without addr2line"
run env PATH=/nowhere "$MPRUN" -n 2 "$WAITS" send-long < /dev/null
warns '^mprun: rank 1 waits in MPI_Send for .*, for [0-9.]* s, at [a-z_.]*+0x[0-9a-f]* (waits)$'

# Not certain, and told as that: threads outside MPI sleep, one of which sends after a second; a rank
# polls for two.
for way in "--channel shm" "--channel socket"; do
    expect 0 $way --deadlock-suspect 0.3 -n 2 "$WAITS" live-thread
    warns '^mprun: deadlock suspected: for 0 s 2 of 2 ranks have waited'
    expect 0 $way --livelock-suspect 0.7 -n 3 "$LIVES" spins-in-test 2
    warns '^mprun: livelock suspected: for 1 s ranks have polled in vain'
    warns '^mprun: rank 2 polls with MPI_Test'
    warns '^mprun: rank 1 waits in MPI_Barrier for rank 2 to call it'
done
expect 0 --deadlock-suspect 0 -n 2 "$WAITS" live-thread
warns_lines 0

# Part of the job.
for way in "--channel shm" "--channel socket" "--nodes 2"; do
    for case in partial partial-ssend partial-any; do
        expect 120 $way -n 6 "$WAITS" $case
        warns '^mprun: deadlock: 2 of 6 ranks wait '
    done
done
expect 124 --timeout 1.5 --grace 0 --on-deadlock=report -n 6 "$WAITS" partial
[ "$(grep -c '^mprun: deadlock: ' "$work/err")" -eq 1 ] || fail "$what: not told once"
expect 124 --timeout 1 --grace 0 --on-deadlock=ignore -n 2 "$WAITS" recv
! grep -q deadlock "$work/err" || fail "$what: told"

for way in "--channel shm" "--channel socket" "--nodes 2"; do
    for case in compute sleep poll any waitany grequest thread handler operator ibarrier \
        bcast-inside long token tokens sleeper flood subgroups; do
        expect 0 $way -n 4 "$WAITS" live-$case
    done
done
finish
