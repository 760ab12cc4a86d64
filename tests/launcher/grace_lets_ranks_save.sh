# SPDX-License-Identifier: MIT
# timeout: 90
# A job that is asked to stop, by a signal or by --timeout, has the time to save its work: --grace,
# or MPRUN_GRACE. It ends as soon as it has; a second signal ends it at once; and when a rank failed,
# nobody waits for the others.
. "${srcdir:-.}/tests/launcher/lib.sh"
unset MPRUN_GRACE

# Longer than what a failure leaves, with a child of its own, as a program that compresses what it saves.
save="trap 'sleep 0.6; echo saved; exit 0' TERM; echo > $ready; while :; do sleep 0.02; done"
stubborn="trap '' TERM INT HUP; echo > $ready; while :; do sleep 0.02; done"
for signal in INT:130 TERM:143 HUP:129 QUIT:131; do
    what="SIG${signal%:*} to mprun"
    start -n 1 sh -c "$save"
    kill -${signal%:*} $front
    ended ${signal#*:}
    says saved
done
what='the time is up'
expect 124 --timeout 1.5 -n 1 sh -c "$save"
says saved
expect 124 --grace 60 --timeout 1.5 -l -n 2 sh -c "$save"
says '[0] saved
[1] saved'
# A shell around the saving program that does not wait for it.
what='a shell that goes first'
start --grace 60 -n 1 sh -c "sh -c \"$save\" & trap 'exit 0' TERM; wait"
kill -TERM $front
ended 143
says saved
# timeout(1) sends its signal twice, to mprun and to the group: that is one wish.
what='timeout(1)'
run $default timeout 1.5 "$MPRUN" --grace 60 -n 1 sh -c "$save" < /dev/null
says saved

# The variable, and the option above it.
what='MPRUN_GRACE'
variable=MPRUN_GRACE=60
start -n 1 sh -c "$save"
kill -TERM $front
ended 143
says saved
variable=MPRUN_GRACE=0
start -n 1 sh -c "$save"
kill -TERM $front
ended 143
says ''
start --grace 60 -n 1 sh -c "$save"
kill -TERM $front
ended 143
says saved
variable=

# The second signal, as soon as it is not the first one's echo. (Else this hangs.)
what='a second signal'
start --grace 1000 -n 2 sh -c "$stubborn"
while kill -TERM $front 2> /dev/null; do sleep 0.1; done
ended 143
warns '^mprun: ended by SIGTERM$'
# So after the timeout.
start --grace 1000 --timeout 0.5 -n 2 sh -c "$stubborn"
sleep 0.5
while kill -TERM $front 2> /dev/null; do sleep 0.1; done
wait $front
left_nothing
# Whoever kills mprun does not wait for the end of that time either.
what='kill -9 of mprun while the job saves its work'
start --grace 1000 -n 2 sh -c "trap 'echo > $work/asked' TERM; echo > $ready; while :; do sleep 0.02; done"
kill -TERM $front
wait_for "$work/asked"
kill -KILL $front
wait $front 2> /dev/null
gone_in_a_second
# A failure gives no such time. (Else this hangs.)
expect 3 --grace 1000 -n 2 sh -c "[ \$MPRUN_RANK = 0 ] || { until [ -s $ready ]; do sleep 0.02; done; exit 3; }; rm -f $ready; $stubborn"

expect 2 --grace soon -n 1 true
warns '^mprun: --grace wants a number of seconds, 0 or more, not "soon"$'
expect 2 --grace -1 -n 1 true
run env MPRUN_GRACE=5s "$MPRUN" -n 1 true
[ $status -eq 2 ] || fail "MPRUN_GRACE=5s: exit $status"
warns '^mprun: MPRUN_GRACE wants a number of seconds, 0 or more, not "5s"$'
finish
