# SPDX-License-Identifier: MIT
# timeout: 90
# However a job ends, nothing of it is left: ranks, children of ranks, children that detached
# themselves, children that ignore SIGTERM; after a good end as after a bad one, and when mprun's own
# processes are killed. (`expect` looks for what is left after every run.)
. "${srcdir:-.}/tests/launcher/lib.sh"

brood='sleep 61 & setsid sleep 62 & (setsid sleep 63 &) ; (trap "" TERM HUP INT; exec sleep 64) &
    nohup sleep 65 > /dev/null 2>&1 & sleep 0.05'
expect 0 -n 3 sh -c "$brood; exit 0"
expect 4 -n 3 sh -c "$brood; [ \$MPRUN_RANK = 1 ] && exit 4; wait"
expect 137 -n 3 sh -c "$brood; [ \$MPRUN_RANK = 1 ] && kill -9 \$\$; wait"
expect 124 --timeout 0.3 -n 3 sh -c "$brood; wait"
expect 0 -l -n 2 sh -c "$brood; exit 0"
expect 3 -n 3 sh -c 'trap "" TERM; [ $MPRUN_RANK = 1 ] && exit 3; sleep 60; sleep 60'
# A stopped rank is ended too.
expect 3 -n 2 sh -c '[ $MPRUN_RANK = 1 ] || kill -STOP $$; sleep 0.2; exit 3'
# A rank that cleans up when asked to is given the time.
expect 3 -n 2 sh -c "[ \$MPRUN_RANK = 1 ] && { sleep 0.1; exit 3; }; trap 'echo clean; exit 0' TERM; sleep 60 & wait"
says clean
# No zombies while it runs.
expect 0 -n 1 sh -c '(sleep 0 & sleep 0 & exit 0); sleep 0.3; ps -o stat= -p $(cat /proc/$PPID/task/$PPID/children) | grep -c Z; true'
says 0

# victim CHOICE STATUS: kills one or two of mprun's processes in the middle of a job with such a brood.
started="$work/started"
victim() {
    rm -f "$started"
    env "$mark" "$MPRUN" $options -n 3 sh -c "$brood; [ \$MPRUN_RANK != 2 ] || echo \$\$ > $started; wait" \
        > "$work/out" 2> "$work/err" &
    front=$!
    wait_for "$started" || return
    warden=$(child_of $front)
    keeper=$(child_of $warden)
    what="kill of $1 $options"
    case $1 in
    front) kill -9 $front ;;
    keeper) kill -9 $keeper ;;
    warden) kill -9 $warden ;;
    front+keeper) kill -9 $front $keeper ;;
    keeper+front) kill -9 $keeper $front ;;
    front+warden) kill -9 $front $warden ;;
    warden+keeper) kill -9 $warden $keeper ;;
    rank) kill -9 "$(cat "$started")" ;;
    front-term) kill -TERM $front ;;
    keeper-term) kill -TERM $keeper ;;
    esac
    wait $front
    status=$?
    [ $status -eq $2 ] || fail "$what: exit $status, expected $2: $(cat "$work/err")"
    gone_in_a_second
}
for options in '' '-l' '--channel socket'; do
    victim front 137
    victim keeper 137
    warns "^mprun: ended: mprun's own process was killed by signal 9"
    victim warden 137
    warns "^mprun: ended: mprun's own process was killed by signal 9"
    victim front+keeper 137
    victim keeper+front 137
    victim front+warden 137
    victim warden+keeper 137
    warns "^mprun: ended: mprun's own process was killed by signal 9"
    victim rank 137
    victim front-term 143
    victim keeper-term 143
done
# The whole process group at once, as timeout -s KILL does.
rm -f "$started"
what='kill of the group'
env "$mark" timeout -s KILL 0.7 "$MPRUN" -n 3 sh -c "$brood; wait" > /dev/null 2>&1
gone_in_a_second
# Many times, at any moment, start included. Where a rank was not told of mprun yet, it never ran.
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    env "$mark" "$MPRUN" -n 8 sh -c 'setsid sleep 60 & sleep 60' > /dev/null 2>&1 &
    front=$!
    sleep 0.00$i
    kill -9 $front
    wait $front 2> /dev/null
    what="kill of the front after $i ms"
    gone_in_a_second
done
ls /dev/shm 2> /dev/null | grep -i mprun && fail 'something is left in /dev/shm'
finish
