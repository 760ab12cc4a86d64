# SPDX-License-Identifier: MIT
# timeout: 60
# Signals to mprun: those that ask to stop end the job, and mprun exits with 128 and the signal;
# SIGUSR1 and SIGUSR2 go to the ranks.
. "${srcdir:-.}/tests/launcher/lib.sh"
ulimit -c 0
for signal in INT:130 TERM:143 HUP:129 QUIT:131; do
    what="SIG${signal%:*} to mprun"
    start -n 3 sh -c "echo > $ready; exec sleep 60"
    kill -${signal%:*} $front
    ended ${signal#*:}
    warns "^mprun: ended by SIG${signal%:*}$"
    warns_lines 1
done
# As Ctrl-C does: everybody in the group gets it, the ranks too. Still one line.
for i in 1 2 3 4 5; do
    what='SIGINT to the group'
    env "$mark" $default setsid -w timeout -s INT 0.3 "$MPRUN" -n 4 sleep 60 > "$work/out" 2> "$work/err"
    warns '^mprun: ended by SIGINT$'
    warns_lines 1
    left_nothing
done
# Ranks that wait for each other: what they waited for is told.
what='SIGINT to a hanging job'
env "$mark" $default timeout --foreground -s INT 0.5 "$MPRUN" -n 2 "$RANK" 0=recv-1 1=recv-0 \
    > "$work/out" 2> "$work/err"
warns '^mprun: rank 0 was waiting for rank 1 in MPI_Recv (tag 7)$'
# Whoever does not want to hear is not asked for long; a second signal changes nothing.
what='two signals'
start -n 2 sh -c "trap '' TERM INT; echo > $ready; while :; do sleep 1; done"
kill -INT $front
sleep 0.05
kill -INT $front
ended 130
# Ignored by our parent, as with nohup: stays ignored.
what='SIGHUP under nohup'
rm -f "$ready"
env "$mark" nohup "$MPRUN" -n 2 sh -c "echo > $ready; sleep 0.4" > /dev/null 2>&1 &
front=$!
wait_for "$ready"
kill -HUP $front
ended 0
# To the ranks.
what='SIGUSR1'
start -n 1 sh -c "trap 'echo got it; exit 0' USR1; echo > $ready; while :; do sleep 0.02; done"
kill -USR1 $front
ended 0
says 'got it'
# Stopped and continued.
what='SIGTSTP and SIGCONT'
start -n 1 sh -c "echo > $ready; sleep 0.3; exit 6"
kill -TSTP $front
sleep 0.1
kill -CONT $front
ended 6
# Ranks start with the signals that mprun's parent has.
expect 0 -n 1 sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status | sort'
$default grep -E "^Sig(Blk|Ign)" /proc/self/status | sort > "$work/own"
cmp -s "$work/own" "$work/out" || fail "$what: $(cat "$work/out" "$work/own")"
finish
