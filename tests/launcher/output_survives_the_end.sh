# SPDX-License-Identifier: MIT
# timeout: 180
# Every line that a rank had printed when its job ended is there, however the job ended: with and
# without a tag, of ranks that know MPI and of those that do not.
. "${srcdir:-.}/tests/launcher/lib.sh"
ulimit -c 0
default='env --default-signal=INT,HUP,TERM,QUIT'

# ends STATUS ACTIONS-OF-RANK-1: rank 0 and 2 have printed a line and wait.
ends() {
    expected=$1 action=$2
    for program in $printers; do
        for tag in '' -l; do
            what="mprun $tag $program, rank 1: $action"
            rm -f "$work/said"*
            env "$mark" $default "$MPRUN" $tag -n 3 "$top_builddir/tests/launcher/$program" \
                say=residual "0:make=$work/said0" "2:make=$work/said2" \
                "1:wait=$work/said0" "1:wait=$work/said2" $action "wait=$work/never" \
                > "$work/log" 2> "$work/err" < /dev/null &
            front=$!
            # What comes from outside comes when all have printed.
            case $3 in
            '') ;;
            *) wait_for "$work/said1" && $3 ;;
            esac
            wait $front 2> /dev/null
            status=$?
            [ $status -eq "$expected" ] || fail "$what: exit $status, expected $expected"
            # The keeper may outlive a front that was killed.
            n=0
            while [ "$(grep -c 'residual$' "$work/log")" -ne 3 ] && [ $n -lt 100 ]; do
                n=$((n + 1))
                sleep 0.01
            done
            [ "$(grep -c 'residual$' "$work/log")" -eq 3 ] || fail "$what: $(cat "$work/log")"
        done
    done
}
interrupt() { kill -INT $front; }
terminate() { kill -TERM $front; }
kill_front() { kill -KILL $front; }
ends 3 1:abort=3 ''
ends 4 1:exit=4 ''
ends 137 1:raise=9 ''
ends 139 1:raise=11 ''
ends 143 1:raise=15 ''
ends 130 "1:make=$work/said1" interrupt
ends 143 "1:make=$work/said1" terminate
ends 137 "1:make=$work/said1" kill_front

# More than a pipe holds was printed when the end came, and nobody had read it.
what='a slow reader'
run sh -c '"$@" | (sleep 0.3; cksum)' sh "$MPRUN" -l -n 2 sh -c 'seq 20000; exit 3'
lines=$(for r in 0 1; do seq 20000 | sed "s/^/[$r] /"; done | wc -c)
[ "$(cut -d' ' -f2 "$work/out")" -le "$lines" ] || fail "$what: $(cat "$work/out")"
# A line without its end, and --timeout.
for tag in '' -l; do
    what="--timeout $tag"
    run "$MPRUN" $tag --timeout 1 -n 2 "$top_builddir/tests/launcher/prints" say=residual "wait=$work/never"
    [ $status -eq 124 ] || fail "$what: exit $status"
    [ "$(grep -c 'residual$' "$work/out")" -eq 2 ] || fail "$what: $(cat "$work/out")"
done
finish
