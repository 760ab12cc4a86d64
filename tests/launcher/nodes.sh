# SPDX-License-Identifier: MIT
# timeout: 60
# mprun --nodes: ranks in blocks, each node with memory of its own, connections between all, and a
# report that says which node a rank is on.
. "${srcdir:-.}/tests/launcher/lib.sh"
ulimit -c 0
tests=$top_builddir/tests/api
case $tests in /*) ;; *) tests=$(pwd)/$tests ;; esac

for k in 0 x 5000; do
    expect 2 --nodes $k -n 2 true
    warns "^mprun: --nodes wants a number of nodes from 1 to 4096, not \"$k\""
done

# Every node's heap has its own address, and a node of one rank has none. More nodes than ranks are
# as many as those.
expect 0 --nodes 3 -n 5 sh -c 'echo "$MPRUN_RANK ${MPRUN_HEAP:-none}"'
[ "$(awk '{ print $1, $2 == "none" ? 0 : 1 }' "$work/out" | sort | tr '\n' ' ')" = "0 0 1 1 2 1 3 1 4 1 " ] ||
    fail "$what: heaps: $(cat "$work/out")"
[ "$(cut -d , -f 3 "$work/out" | grep -v none | sort -u | wc -l)" -eq 2 ] || fail "$what: addresses: $(cat "$work/out")"
expect 0 -v --nodes 9 -n 2 "$RANK"
warns '^mprun: as 2 nodes, with sockets between them$'
for n in 2 5 16; do
    expect 0 --nodes 2 -n $n "$RANK" connect
done

# A rank of any node finds its place when the environment, or a descriptor, was lost on the way.
expect 0 --nodes 3 -n 5 env -i "$RANK" where
says "0 of 5
1 of 5
2 of 5
3 of 5
4 of 5"
expect 0 --nodes 2 -n 4 env -i "$tests/messages_between_all_kinds_of_memory"
expect 0 --nodes 2 -n 4 "$RANK" deaf

# Nothing but the stream: also where the kernel lets nobody into another process's memory.
for heap in 0 1; do
    MPRUN_CMA=0 MPRUN_SHARED_HEAP=$heap expect 0 --nodes 2 -n 4 "$tests/messages_between_all_kinds_of_memory"
done

expect 139 --nodes 2 -n 5 "$RANK" recv-2 2=segv 4=barrier
warns '^mprun: rank 2 (node 1), .*rank, process [0-9]*, was killed by SIGSEGV (signal 11, Segmentation fault) in MPI_Send$'
warns '^mprun: ranks 0, 1, 3 (2 nodes) were waiting for it in MPI_Recv (tag 7)$'
warns '^mprun: rank 4 (node 1) was waiting in MPI_Barrier$'
warns_lines 3
expect 124 --timeout 0.5 --nodes 2 -n 2 "$RANK" 0=recv-1 1=recv-0
warns '^mprun: rank 0 (node 0) was waiting for rank 1 (node 1) in MPI_Recv (tag 7)$'
warns '^mprun: rank 1 (node 1) was waiting for rank 0 (node 0) in MPI_Recv (tag 7)$'

# Ranks of a node that could not wake each other do not start; each a node of its own, they do.
if unshare -n true 2> /dev/null; then
    expect 16 --nodes 2 -n 4 unshare -n "$tests/any_source_keeps_order"
    warns 'different network namespaces, so they could not wake each other'
    expect 0 --nodes 4 -n 4 unshare -n "$tests/any_source_keeps_order"
    expect 0 --channel socket -n 4 unshare -n "$tests/any_source_keeps_order"
fi
finish
