# SPDX-License-Identifier: MIT
# timeout: 60
# Each rank has an equal part of the CPUs that nobody is bound to, and as many OpenMP threads; with
# more ranks than such CPUs none is bound.

# Jobs of other tests are bound to CPUs, too: here, nobody sees them.
if [ -z "${ALONE-}" ]; then
    for user in '' --map-root-user; do
        space="unshare $user --pid --fork --kill-child --mount-proc"
        $space true 2> /dev/null && ALONE=1 exec $space setsid -w /bin/sh "$0"
    done
    echo "no process namespace to be had, so other jobs would be in the way"
    exit 77
fi
. "${srcdir:-.}/tests/launcher/lib.sh"
unset OMP_NUM_THREADS
show='taskset -cp $$ | sed "s/.*: *//"; echo $OMP_NUM_THREADS threads' # what a rank may use

cpus_of() { # LIST as 0-3,8: one a line
    echo "$1" | tr ',' '\n' | while IFS=- read -r from to; do seq "$from" "${to:-$from}"; done
}
all=$(taskset -cp $$ | sed 's/.*: *//')
count=$(cpus_of "$all" | wc -l)
[ "$count" -ge 2 ] || { echo "one CPU cannot be shared out"; exit 77; }
usable=$("$MPRUN" --info | sed -n 's/^usable CPUs: \([0-9]*\).*/\1/p')
[ "$usable" -eq "$count" ] || { echo "a quota allows fewer CPUs than the affinity mask"; exit 77; }
first=$(cpus_of "$all" | head -n 1)
second=$(cpus_of "$all" | sed -n 2p)
pair="taskset -c $first,$second"

run $pair "$MPRUN" -n 2 sh -c "$show"
what='two ranks on two CPUs'
says "$(printf '%s\n' "$first" "$second" '1 threads' '1 threads' | sort)"
run $pair "$MPRUN" -n 1 sh -c "$show"
what='one rank on two CPUs'
[ "$(cpus_of "$(head -n 1 "$work/out")" | wc -l)" -eq 2 ] || fail "$what: $(cat "$work/out")"
grep -qx '2 threads' "$work/out" || fail "$what: $(cat "$work/out")"
for options in '-n 3' '-n 2 --bind-to none'; do
    run $pair "$MPRUN" $options sh -c "$show"
    what="mprun $options"
    [ "$(grep -c '^1 threads$' "$work/out")" -eq "$(grep -c '[-,]' "$work/out")" ] ||
        fail "$what: $(cat "$work/out")"
done
run $pair "$MPRUN" -v -n 2 true
warns "^mprun: rank 0 is bound to CPU $first$"
warns "^mprun: rank 1 is bound to CPU $second$"
# What the user says about threads holds.
OMP_NUM_THREADS=7 run $pair "$MPRUN" -n 2 sh -c 'echo $OMP_NUM_THREADS; env | grep -c ^OMP_NUM'
says '1
1
7
7'
run $pair "$MPRUN" -x OMP_NUM_THREADS=5 -n 1 sh -c 'echo $OMP_NUM_THREADS; env | grep -c ^OMP_NUM'
says '1
5'

# Jobs at the same time: the CPU of one is not given to the other.
env "$mark" taskset -c "$second" sh -c "echo > $work/ready; exec sleep 60" &
bound=$!
wait_for "$work/ready"
run $pair "$MPRUN" -n 1 sh -c "$show"
what='beside a bound process'
says "$(printf '%s\n' "$first" '1 threads' | sort)"
run $pair "$MPRUN" -n 2 sh -c "$show"
what='more ranks than free CPUs'
[ "$(grep -c '[-,]' "$work/out")" -eq 2 ] || fail "$what: $(cat "$work/out")"
kill $bound
wait $bound 2> /dev/null
# The same of jobs that ask for a core each: they have different ones, also when they start at the
# same moment; and with more ranks than cores they share.
for i in 1 2 3 4 5 6 7 8 9 10; do
    rm -f "$work"/on.*
    for job in 1 2; do
        env "$mark" timeout 30 $pair "$MPRUN" --bind-to core -n 1 sh -c "taskset -cp \$\$ | sed 's/.*: *//' > $work/on.$job
            while [ ! -s $work/on.1 ] || [ ! -s $work/on.2 ]; do sleep 0.01; done" &
    done
    wait
    [ "$(cat "$work"/on.? | sort -n)" = "$first
$second" ] || [ "$(wc -c < "$work/on.1")" -gt 4 ] || # two threads of one core
        fail "two jobs with a core each are bound to: $(cat "$work"/on.?)"
done
run $pair "$MPRUN" --report-bindings --cpu-set "$second" -n 3 sh -c "$show"
what='--cpu-set'
says "$(printf '%s\n' "$second" "$second" "$second" '1 threads' '1 threads' '1 threads' | sort)"
warns "^mprun: rank 2 is bound to CPU $second\$"
run "$MPRUN" --dry-run -n 2 touch "$work/started"
[ ! -e "$work/started" ] || fail '--dry-run has started something'
# Started at the same moment, many times: one of two jobs has both CPUs, the other is not bound.
for i in 1 2 3 4 5 6 7 8 9 10; do
    rm -f "$work"/on.*
    for job in 1 2; do
        env "$mark" timeout 30 $pair "$MPRUN" -n 2 sh -c "taskset -cp \$\$ | sed 's/.*: *//' >> $work/on.$job
            while [ ! -s $work/on.1 ] || [ ! -s $work/on.2 ]; do sleep 0.01; done" &
    done
    wait
    [ "$(cat "$work"/on.? | grep -c '[-,]')" -eq 2 ] ||
        fail "two jobs at the same moment are bound to: $(cat "$work"/on.?)"
done
# Who may not have the lock does not wait for it. (Other jobs' folders for temporary files, which
# have locks of their own, are elsewhere.)
if command -v strace > /dev/null && strace -o "$work/trace" true 2> /dev/null; then
    TMPDIR=$work run strace -f -o "$work/trace" -e trace=flock -e inject=flock:error=EPERM \
        $pair "$MPRUN" -n 1 true
    [ "$(grep -c 'flock(' "$work/trace")" -eq 1 ] || fail "flock(2) was refused, and asked for again"
fi
left_nothing
finish
