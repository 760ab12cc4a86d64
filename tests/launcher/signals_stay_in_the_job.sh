# SPDX-License-Identifier: MIT
# timeout: 60
# A signal for the ranks goes to processes of the job only, whatever a rank's board says that it is:
# a rank in a namespace of its own numbers its processes anew.
. "${srcdir:-.}/tests/launcher/lib.sh"

sleep 60 &
stranger=$!
trap 'kill $stranger; rm -rf "$work"' EXIT
what='SIGUSR1'
env "$mark" env --default-signal=USR1 "$MPRUN" -n 1 "$RANK" alias-$stranger < /dev/null \
    > "$work/out" 2> "$work/err" &
front=$!
wait_for "$work/out"
kill -USR1 $front
wait $front
status=$?
[ $status -eq 0 ] || fail "$what: the rank did not get it: $status, $(cat "$work/err")"
kill -0 $stranger 2> /dev/null && ! grep -q '^State:.Z' /proc/$stranger/status ||
    fail "$what: a process that is not of the job got it"
finish
