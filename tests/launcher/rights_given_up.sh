#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# A rank may give up rights at any time: become another user, forbid others to look into it, let
# the kernel refuse it a system call. Long collective operations go on, with the right data, from
# the first one on in which it matters. (rights.c; for messages see
# tests/api/long_messages_where_the_kernel_refuses.c.)
. "${srcdir:-.}/tests/launcher/lib.sh"
RIGHTS=${RIGHTS:-$(dirname "$RANK")/rights}
ran=0

# try RANKS OPERATION WHAT
try() {
    what="$2 of $1 ranks after the right to $3"
    run "$MPRUN" -n $1 "$RIGHTS" $2 $3 < /dev/null
    case $status in
    0) ran=$((ran + 1)) ;;
    77) why=$(head -n 1 "$work/out") ;;
    *)
        fail "$what: exit $status"
        cat "$work/out" "$work/err"
        ;;
    esac
}

# The job's memory, in which every rank copies for itself, and copying by the kernel: both on.
unset MPRUN_SHARED_HEAP MPRUN_CMA
for gives_up in write read both user; do
    for operation in bcast strided gather scatter allgather alltoall reduce allreduce inplace \
        reduce_scatter scan exscan; do
        try 3 $operation $gives_up
    done
    # Where ranks have a core each, the root moves a part of the others' blocks, too.
    for operation in bcast gather scatter; do
        try 2 $operation $gives_up
    done
done
left_nothing
if [ $ran -eq 0 ] && [ $failures -eq 0 ]; then
    echo "$why"
    exit 77
fi
finish
