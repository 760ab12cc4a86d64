# SPDX-License-Identifier: MIT
# What the scripts in this folder share. A script sources this, calls `expect` and friends, and ends
# with `finish`. MPRUN and RANK may name other builds of mprun and of tests/launcher/rank.
set -u
top_builddir=${top_builddir:-.}
MPRUN=${MPRUN:-$top_builddir/mprun}
RANK=${RANK:-$top_builddir/tests/launcher/rank}
case $MPRUN in /*) ;; *) MPRUN=$(pwd)/$MPRUN ;; esac
case $RANK in /*) ;; *) RANK=$(pwd)/$RANK ;; esac
unset MPRUN_CHANNEL
# Programs from prints.c: one that knows MPI; and one that does not, where mprun can help those.
printers=prints
[ ! -f "$top_builddir/.libs/mprun-lines.so" ] || printers='prints prints_plain'
failures=0
work=$(mktemp -d "${TMPDIR:-/tmp}/tests-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
mark=MPRUN_TEST_MARK=$$.$(date +%N)

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}
# run COMMAND...: its output goes to $work/out and $work/err, its exit status to $status.
run() {
    env "$mark" timeout -k 1 30 "$@" > "$work/out" 2> "$work/err"
    status=$?
}
# expect STATUS [mprun's arguments]: runs mprun, which shall exit with that and leave nothing.
expect() {
    expected=$1
    shift
    run "$MPRUN" "$@" < /dev/null
    what="mprun $*"
    [ $status -eq "$expected" ] || {
        fail "$what: exit $status, expected $expected"
        cat "$work/out" "$work/err"
    }
    left_nothing
}
# The output of the last run, exactly; its lines in any order.
says() {
    sort "$work/out" > "$work/sorted"
    [ "$(cat "$work/sorted")" = "$1" ] || fail "$what: said \"$(cat "$work/sorted")\", expected \"$1\""
}
# A line somewhere in the last run's standard error, as a basic regular expression.
warns() {
    grep -q -e "$1" "$work/err" || fail "$what: did not warn \"$1\" but \"$(cat "$work/err")\""
}
# How many lines the last run wrote to standard error.
warns_lines() {
    [ "$(wc -l < "$work/err")" -eq "$1" ] || fail "$what: $1 lines expected, not: $(cat "$work/err")"
}
# The processes that carry our mark.
marked() {
    grep -lzxF -e "$mark" /proc/[0-9]*/environ 2> /dev/null | sed 's,/proc/,,; s,/environ,,'
}
# The only child of a process: timeout's is mprun's front, whose own is the warden.
child_of() {
    tr -d ' ' < "/proc/$1/task/$1/children"
}
# The child of the warden of that front.
keeper_of() {
    child_of "$(child_of "$1")"
}
# Whether a limit of the keeper can be set while it runs.
can_limit() {
    command -v prlimit > /dev/null && [ -e /proc/self/task ]
}
# The most memory that a process has had, in kB.
most_memory() {
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}
# No marked process is left.
left_nothing() {
    left=$(marked)
    [ -z "$left" ] || {
        fail "${what:-the job} left processes behind:" \
            $(for p in $left; do tr '\0' ' ' < /proc/$p/cmdline; done 2> /dev/null)
        kill -9 $left 2> /dev/null
    }
}
# Waits up to a second for all marked processes to go.
gone_in_a_second() {
    for _ in 1 2 3 4 5 6 7 8; do
        [ -n "$(marked)" ] || return 0
        sleep 0.1
    done
    left_nothing
}
# wait_for FILE [SECONDS]: until it exists and is not empty.
wait_for() {
    n=0
    while [ ! -s "$1" ]; do
        n=$((n + 1))
        [ $n -lt 1000 ] || { fail "$1 did not appear"; return 1; }
        sleep 0.01
    done
}
# start mprun's arguments: in the background with the usual signals, as $front, until $work/ready
# appears; $variable may hold a setting for its environment.
ready=$work/ready
default='env --default-signal=INT,HUP,TERM,QUIT,USR1'
variable=
start() {
    rm -f "$ready"
    env "$mark" $default $variable "$MPRUN" "$@" < /dev/null > "$work/out" 2> "$work/err" &
    front=$!
    wait_for "$ready"
}
# ended STATUS: that job has ended with it and has left nothing.
ended() {
    wait $front
    status=$?
    [ $status -eq "$1" ] || fail "$what: exit $status, expected $1: $(cat "$work/err")"
    left_nothing
}
finish() {
    [ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
    exit 0
}
