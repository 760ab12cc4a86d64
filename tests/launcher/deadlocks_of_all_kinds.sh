# SPDX-License-Identifier: MIT
# timeout: 600
# More kinds of deadlock than deadlocks_are_told.sh has, over each channel: which ranks, which calls,
# and which communicators are named.
. "${srcdir:-.}/tests/launcher/lib.sh"
KINDS=$(pwd)/tests/launcher/deadlocks
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to ask"
    exit 77
fi

# told KIND RANKS DEAD CALL-OF-0 CALL-OF-1 [COMMUNICATOR-OF-0]
told() {
    for way in "--channel shm" "--channel socket" "--nodes 2"; do
        expect 120 $way -n "$2" "$KINDS" "$1"
        # On a busy machine the last ones may not sleep yet.
        warns "^mprun: deadlock: [0-9]* of $2 rank"
        [ "$3" = "$2" ] || warns "^mprun: deadlock: $3 of $2 rank"
        warns "^mprun: rank 0 waits in $4 for .*${6:-}.*, for [0-9.]* s"
        ! grep -q '^mprun: rank 1 waits' "$work/err" || warns "^mprun: rank 1 waits in $5 for "
        [ "$(grep -c '^mprun: rank [0-9]* waits in ' "$work/err")" -ge \
            "$(sed -n 's/^mprun: deadlock: \([0-9]*\) of .*/\1/p' "$work/err")" ] ||
            fail "$what: not a line for each of the ranks: $(cat "$work/err")"
    done
}
while read -r line; do
    [ -z "$line" ] || told $line
done << 'END'
gatherv 3 3 MPI_Recv MPI_Gatherv (tag.7,.MPI_COMM_WORLD)
scatterv 3 3 MPI_Recv MPI_Scatterv
allgatherv 3 3 MPI_Recv MPI_Allgatherv
alltoallv 3 3 MPI_Recv MPI_Alltoallv
alltoallw 3 3 MPI_Recv MPI_Alltoallw
exscan 3 3 MPI_Recv MPI_\(Exscan\|Barrier\)
reduce-scatter-block 3 3 MPI_Recv MPI_Reduce_scatter_block
igather 3 3 MPI_Recv MPI_Wait
iscatter 3 3 MPI_Recv MPI_Wait
iallgather 4 4 MPI_Recv MPI_Wait
iscan 3 3 MPI_Recv MPI_Wait
ialltoallv 3 3 MPI_Recv MPI_Wait
bcast-init 3 3 MPI_Recv MPI_Wait
allreduce-init 3 3 MPI_Recv MPI_Wait
mixed-waitall 4 4 MPI_Recv MPI_Waitall
mixed-waitany 3 3 MPI_Recv MPI_Waitany
create-group 3 3 MPI_Recv MPI_Comm_create_group
split-type 3 3 MPI_Recv MPI_Comm_split_type
cart-create 3 3 MPI_Recv MPI_Cart_create
dist-graph 3 3 MPI_Recv MPI_Dist_graph_create_adjacent
idup 3 3 MPI_Recv MPI_Waitall
sendrecv-replace 5 5 MPI_Sendrecv_replace MPI_Sendrecv_replace
startall 4 4 MPI_Waitall MPI_Waitall
issend-self 2 2 MPI_Wait MPI_Wait
isend-long 16 16 MPI_Wait MPI_Wait
bsend-detach 2 2 MPI_Buffer_detach MPI_Buffer_detach rank.1.to.receive
probe-any 7 7 MPI_Probe MPI_Probe any.rank.(any.tag
part-not-ready 3 3 MPI_Wait MPI_Wait
part-no-receiver 2 2 MPI_Wait MPI_Wait rank.1.to.receive
inter-recv 4 4 MPI_Recv MPI_Recv intercommunicator.of
inter-barrier 4 4 MPI_Barrier MPI_Recv intercommunicator.of
inter-create 4 4 MPI_Intercomm_create MPI_Intercomm_create
inter-merge 4 4 MPI_Recv MPI_Intercomm_merge intercommunicator.of
dup-order 3 3 MPI_Comm_dup MPI_Comm_dup duplicate.of.MPI_COMM_WORLD,.communicator
split-order 3 3 MPI_Allreduce MPI_Allreduce split.of.MPI_COMM_WORLD,.communicator
ssend-order 6 6 MPI_Ssend MPI_Ssend rank.5
two-of-three 3 3 MPI_Barrier MPI_Barrier
count-differs 4 4 MPI_Recv MPI_Barrier any.rank
other-source 3 3 MPI_Recv MPI_Ssend rank.2
threads-recv 3 3 MPI_Recv MPI_Recv
threads-barrier 3 3 MPI_Barrier MPI_Recv
partial-barrier 8 2 MPI_Recv MPI_Barrier split.of
partial-ibarrier 8 2 MPI_Recv MPI_Wait
partial-probe 8 2 MPI_Probe MPI_Probe
partial-waitany 8 2 MPI_Waitany MPI_Waitany
partial-long 8 2 MPI_Send MPI_Send 1048576.bytes
polled-ssend 8 2 MPI_Ssend MPI_Ssend split.of
END
expect 120 -n 3 "$KINDS" other-source
warns '^mprun: hint: rank 0 has a message from rank 1 with tag 7 .* it asks for one from rank 2'
expect 120 -n 3 "$KINDS" split-order
warns '^mprun: hint: rank 0 is in MPI_Allreduce on split of .*; rank [12] is in MPI_Allreduce on'
expect 120 -n 2 "$KINDS" isend-long
warns '^mprun: hint: a standard send .* may wait until its message is received'

# hints KIND RANKS HINT: among what is said.
hints() {
    expect 120 -n "$2" "$KINDS" "$1"
    warns "^mprun: hint: $3"
}
hints igather 3 'rank 1 waits for rank 0 to call MPI_Igather, and has not sent the message that rank 0 waits for: let it send before it waits'
warns '^mprun: rank 1 waits in MPI_Wait for rank 0 to call MPI_Igather'
hints mixed-waitany 3 'rank 1 waits for rank 0 to call MPI_Ibarrier, and has not sent'
hints count-differs 4 'rank 1 waits for rank 0 to call MPI_Barrier, and rank 0 for a message that none has sent: it receives one too many'
hints other-source 3 'rank 2 waits for a message from itself'
hints part-not-ready 3 'each rank of this circle waits for a message that the next one has not sent: send it before'
expect 120 -n 4 "$KINDS" inter-merge
warns '^mprun: rank 3 waits in MPI_Intercomm_merge for rank 1, which waits in it, too'
expect 120 -n 3 "$KINDS" threads-barrier
warns '^mprun: rank 0 (another thread) waits in MPI_Barrier for'
! grep -q 'in the same order' "$work/err" ||
    fail "$what: the order is right: $(cat "$work/err")"
finish
