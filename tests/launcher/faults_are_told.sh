# SPDX-License-Identifier: MIT
# timeout: 300
# --check tells what a program does wrong that no call can refuse: rank, call, place and fault, a
# summary, and status 121. Programs that do nothing wrong are left alone.
. "${srcdir:-.}/tests/launcher/lib.sh"
unset MPRUN_CHECK
FAULTS=$(pwd)/tests/launcher/faults
ways() {
    for way in "--channel shm" "--channel socket" "--nodes 2"; do "$@"; done
}

# told CALL FAULT CASE...: rank 0 is told that of the call, and once; nothing else is.
told_so() {
    call=$1 fault=$2
    shift 2
    expect 121 $way -n 2 --check "$FAULTS" "$@"
    warns "^mprun: check: rank 0: $call\( at .*(faults 0x[0-9a-f]*)\)\{0,1\}: .*$fault"
    warns "^mprun: check: 1 fault, on 1 of 2 ranks"
    [ "$(grep -c '^mprun: check: ' "$work/err")" -eq 2 ] || fail "$what: more than that is told"
}
told() { ways told_so "$@"; }

told MPI_Isend "was changed before the send was complete" send
told MPI_Isend "was changed before the send was complete" send long
told MPI_Isend "was changed before the send was complete" send derived
told MPI_Irecv "was written before its message came" receive
told MPI_Irecv "was written before its message came" receive any
told MPI_Irecv "overlaps that of a receive that is pending" overlap
told MPI_Isend "overlaps that of a receive that is pending" send-overlap
told MPI_Isend "was never completed" incomplete isend
told MPI_Irecv "was never completed" incomplete irecv
told MPI_Ibarrier "was never completed" incomplete ibarrier
told MPI_Recv_init "request was never freed" incomplete persistent
told MPI_Request_free "persistent request is active" incomplete active
told MPI_Finalize "from rank 1 with tag 8 and 12 bytes was never received" unreceived
told MPI_Comm_free "from rank 1 with tag 8 and 12 bytes was never received" unreceived freed
way=
told_so MPI_Comm_dup "the communicator was never freed" leak dup
told_so MPI_Comm_idup "the communicator was never freed" leak idup
told_so MPI_Win_create "the window was never freed" leak win
told_so MPI_Type_contiguous "the datatype was never freed" leak type
told_so MPI_Type_get_contents "the datatype was never freed" leak contents
told_so MPI_Comm_group "the group was never freed" leak group
told_so MPI_Op_create "the operation was never freed" leak op
told_so MPI_Comm_create_keyval "the keyval was never freed" leak keyval
told_so MPI_Info_create "the info was never freed" leak info
told_so MPI_Comm_create_errhandler "the error handler was never freed" leak errhandler
# The place is the function of the program, unless it is built into another one.
grep -q ' at [a-z_]*+0x[0-9a-f]* (faults 0x' "$work/err" || fail "$what: does not say where"

# well CASE...: nothing is told but that.
well_so() {
    expect 0 $way -n 2 --check=$mode "$FAULTS" "$@"
    warns "^mprun: check: no faults"
    [ "$(grep -c . "$work/err")" -eq 1 ] || fail "$what: more than that is told"
}
for mode in 1 sync; do
    ways well_so well
    ways well_so late-info
    ways well_so send gap
    ways well_so overlap none
done
mode=1
ways well_so rely
ways well_so rely nonblocking

# A receive of another type than the message is an error; =warn only tells.
types_so() {
    run "$MPRUN" $way -n 2 --check "$FAULTS" types
    what="--check types"
    [ $status -ne 0 ] && [ $status -lt 120 ] || fail "$what: exit $status"
    warns "MPI_Recv: the message from rank 1 with tag 2 consists of MPI_DOUBLE, the receive of MPI_LONG"
    expect 0 $way -n 2 --check=warn "$FAULTS" types
    warns "^mprun: check: rank 0: MPI_Recv.*: the message from rank 1 with tag 2 consists of MPI_DOUBLE, the receive of MPI_LONG"
}
ways types_so

# A program that relies on buffering is a deadlock where sends are synchronous.
rely_so() {
    expect 120 $way -n 2 --check=sync "$FAULTS" rely "$@"
    warns "^mprun: deadlock: 2 of 2 ranks"
}
ways rely_so
ways rely_so nonblocking

# To tell only; by the variable; both; neither.
expect 0 -n 2 --check=warn "$FAULTS" leak type
warns "^mprun: check: 1 fault, on 1 of 2 ranks"
expect 120 -n 2 --check=warn,sync "$FAULTS" rely
for value in 1 warn sync; do
    run env MPRUN_CHECK=$value "$MPRUN" -n 2 "$FAULTS" leak type
    what="MPRUN_CHECK=$value"
    warns "^mprun: check: rank 0: MPI_Type_contiguous"
    [ $status -eq "$([ $value = warn ] && echo 0 || echo 121)" ] || fail "$what: exit $status"
done
run env MPRUN_CHECK=0 "$MPRUN" -n 2 "$FAULTS" leak type
what="MPRUN_CHECK=0"
[ $status -eq 0 ] && [ ! -s "$work/err" ] || fail "$what: looks"
expect 0 -n 2 "$FAULTS" leak type
[ ! -s "$work/err" ] || fail "$what: looks"
expect 2 --check=all "$FAULTS"
warns '^mprun: --check knows "warn" and "sync", not "all"'

finish
