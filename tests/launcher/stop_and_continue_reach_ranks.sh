# SPDX-License-Identifier: MIT
# timeout: 90
# SIGTSTP to mprun stops the whole job: mprun, the ranks, and what they started, in whatever process
# group or session; SIGCONT continues it. As Ctrl-Z, fg and kill %1 do.
. "${srcdir:-.}/tests/launcher/lib.sh"
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to see who is stopped"
    exit 77
fi
default='env --default-signal=TSTP,TTIN,TTOU,CONT,TERM'

letters() { # of the processes of the job, without mprun's warden and keeper
    for p in $(marked); do
        sed -n 's/^[0-9]* (\(.*\)) \(.\) .*/\1 \2/p' /proc/$p/stat
    done 2> /dev/null | grep -v -e '^keeper ' -e '^warden ' | sed 's/.* //' | sort | uniq -c | tr -d ' \n'
}
# until WHAT LETTERS: all processes of the job are in these states.
until_all() {
    n=0
    until letters | grep -q "$1"; do
        n=$((n + 1))
        [ $n -lt 300 ] || { fail "$what: states $(letters), expected $1"; return 1; }
        sleep 0.02
    done
}
# A rank, a child of it, and one in a session of its own. All sleep, that is S.
brood='sleep 61 & setsid sleep 62 & exec sleep 63'
for around in '' setsid; do # the second without a shell that watches it
    for signal in TSTP TTIN TTOU; do
        what="SIG$signal to mprun $around"
        env "$mark" $default $around sh -c "echo \$\$ > $work/front; exec $MPRUN -n 2 sh -c '$brood'" \
            < /dev/null > "$work/out" 2> "$work/err" &
        outer=$!
        wait_for "$work/front"
        front=$(cat "$work/front")
        until_all '^7S$'
        kill -$signal $front
        until_all '^7T$'
        kill -CONT $front
        until_all '^7S$'
        # Several in a row: the last one counts.
        kill -$signal $front
        until_all '^7T$'
        kill -CONT $front
        until_all '^7S$'
        # A job that is stopped ends as any other.
        kill -$signal $front
        until_all '^7T$'
        kill -TERM $front
        kill -CONT $front
        wait $outer
        status=$?
        [ $status -eq 143 ] || fail "$what: exit $status, expected 143: $(cat "$work/err")"
        left_nothing
        rm -f "$work/front"
    done
done
# So does one whose front is killed meanwhile.
what='kill of a stopped front'
env "$mark" $default "$MPRUN" -n 2 sh -c "$brood" < /dev/null > "$work/out" 2> "$work/err" &
front=$!
until_all '^7S$'
kill -TSTP $front
until_all '^7T$'
kill -KILL $front
wait $front
gone_in_a_second
# The time goes on.
what='--timeout of a stopped job'
env "$mark" $default "$MPRUN" --timeout 5 -n 2 sh -c "$brood" < /dev/null > "$work/out" 2> "$work/err" &
front=$!
until_all '^7S$'
kill -TSTP $front
n=0
until [ "$(letters)" = 1T ] || [ $n -eq 500 ]; do n=$((n + 1)); sleep 0.02; done
kill -CONT $front
wait $front
status=$?
[ $status -eq 124 ] || fail "$what: exit $status, expected 124: $(cat "$work/err")"
left_nothing
# On a terminal of its own, as ssh -t, tmux and containers give one, no shell could continue it. There
# Ctrl-Z stops nothing, as with any program.
for around in '' sh; do
    what="Ctrl-Z without a shell, below '$around'"
    rm -f "$work/go"
    set -- "$MPRUN" -n 2 sh -c 'echo ready; while [ ! -e "$0" ]; do sleep 0.02; done; echo next' "$work/go"
    [ -z "$around" ] || set -- sh -c '"$@"; true' sh "$@"
    run env --default-signal=TSTP "$top_builddir/tests/launcher/terminal" ready "$(printf '\032')" '^Z' ">$work/go" -- "$@"
    [ $status -eq 0 ] || [ $status -eq 77 ] || fail "$what: exit $status: $(cat "$work/out")"
    left_nothing
done
finish
