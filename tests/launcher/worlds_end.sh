# SPDX-License-Identifier: MIT
# timeout: 120
# The end of worlds that were spawned. While they are connected, the failure of one ends all, also
# those that compute, unless its error comes back to who deals with it. Once disconnected a world is
# its own, and is waited for. The status is the first world's, or else the first failure's; and
# nothing is left, whoever is killed.
. "${srcdir:-.}/tests/launcher/lib.sh"
ulimit -c 0
spawns=$top_builddir/tests/launcher/spawns
case $spawns in /*) ;; *) spawns=$(pwd)/$spawns ;; esac

for channel in shm socket; do
    expect 0 --channel $channel -n 2 "$spawns" ends ends
    expect 137 --channel $channel -n 2 "$spawns" wait kill
    warns '^mprun: world 1, rank 1 .* was killed by SIGKILL'
    expect 5 --channel $channel -n 2 "$spawns" wait abort
    expect 3 --channel $channel -n 1 "$spawns" wait exit3
    expect 4 --channel $channel -n 1 "$spawns" exit4 wait
done
expect 137 -n 2 "$spawns" compute kill
warns '^mprun: ended: it was connected to a world that died'
expect 4 -n 1 "$spawns" exit4 compute

expect 0 -n 1 "$spawns" wait kill returns
says "goes on"
expect 0 -n 1 "$spawns" leave leave
expect 137 -n 2 "$spawns" leave leavekill
expect 7 -n 1 "$spawns" leave leaveexit7
expect 4 -n 1 "$spawns" leaveexit4 leavelate
says "late
late"
expect 124 --timeout 1 -n 1 "$spawns" compute compute

# Who asks for a world is heard also where mprun is stopped and continued meanwhile.
expect 0 -n 1 "$top_builddir/tests/launcher/asks_slowly"
says 'what was asked for makes no sense'

# A world that dies while it is being spawned is an error of MPI_Comm_spawn, also in a program that
# mprun has not started; and what is begun with one that is there ends when it dies.
dying=$top_builddir/tests/launcher/dying
case $dying in /*) ;; *) dying=$(pwd)/$dying ;; esac
for started in "$MPRUN -n 1" "$MPRUN -n 1 --channel socket" ""; do
    what="\"$started\" with worlds that die"
    run $started "$dying" 60
    [ $status -eq 0 ] || fail "$what: exit $status: $(tail -n 5 "$work/err")"
    grep -q '^[0-9]* of 60 were there for a while$' "$work/out" || fail "$what: $(cat "$work/out")"
    gone_in_a_second
done

# Of mprun's processes any one, and any two, are killed while there are two worlds.
children_of() {
    cat "/proc/${1:-none}/task/${1:-none}/children" 2> /dev/null
}
for killed in 1 2 3 4 '1 2' '1 3' '1 4' '2 3' '2 4' '3 4'; do
    what="two worlds without $killed of front, warden, first and second keeper"
    env "$mark" "$MPRUN" -n 1 "$spawns" compute compute < /dev/null > "$work/out" 2> "$work/err" &
    front=$!
    n=0
    set -- $front
    while [ $n -lt 500 ] && { [ $# -ne 4 ] || [ "$(children_of "$4" | wc -w)" -ne 2 ]; }; do
        sleep 0.02
        n=$((n + 1))
        warden=$(children_of $front)
        set -- $front $warden $(children_of $warden)
    done
    [ $# -eq 4 ] || fail "$what: there are $# processes: $(cat "$work/err")"
    sleep 0.1
    for one in $killed; do
        eval "kill -9 \${$one}"
    done
    wait $front
    gone_in_a_second
done
finish
