# SPDX-License-Identifier: MIT
# timeout: 100
# Under a limit a job works, and its ranks keep the limit; or one sentence of mprun's names the limit.
# Nobody is killed, nothing hangs, nothing is left.
. "${srcdir:-.}/tests/launcher/lib.sh"

# under LIMIT COMMAND...: with `ulimit LIMIT`, where that may be set.
under() {
    run sh -c 'ulimit $0 || exit 99; exec "$@"' "$@"
    what="under ulimit $*"
}
# works_or_names WORDS: what the last run should have done.
works_or_names() {
    case $status in
    0) says "$expected" ;;
    99) ;; # this shell does not know that limit
    126)
        warns "^mprun: .*$1"
        warns_lines 1
        ;;
    *) fail "$what: exit $status: $(cat "$work/err")" ;;
    esac
    left_nothing
}
expected='x
x'

# What mprun can raise for itself it raises, and the ranks find what their user has set.
for options in '' '-l' '--channel socket' '--stdin all' '--no-shared-heap'; do
    for limit in '-f 10' '-n 20' '-n 10'; do
        under "-S $limit" "$MPRUN" $options -n 2 sh -c "ulimit -S ${limit% *}"
        [ $status -eq 0 ] || fail "$what: exit $status: $(cat "$work/err")"
        [ "$(grep -c "${limit#* }\$" "$work/out")" -eq 2 ] || fail "$what: $(cat "$work/out")"
        left_nothing
    done
done

# What it may not raise is named.
for options in '' '--channel socket' '--stdin all'; do
    under '-f 1000' "$MPRUN" $options -n 2 echo x
    works_or_names 'ulimit -f'
    for n in 63 30 20 16; do
        under "-n $n" "$MPRUN" $options -n 2 echo x
        works_or_names 'ulimit -n'
    done
done
# Many ranks that need descriptors each: it is said before any of them starts.
expected=$(seq 0 79 | sed 's/$/ x/; s/.*/[&/; s/ x/] x/' | sort)
under '-n 100' "$MPRUN" -l -n 80 echo x
works_or_names 'ulimit -n'
# Descriptors that mprun has inherited count too.
expected='x
x'
cat > "$work/inherit" <<'END'
fd=3
while [ $fd -lt 10 ]; do eval "exec $fd</dev/null"; fd=$((fd + 1)); done
exec "$@"
END
under '-n 64' sh "$work/inherit" "$MPRUN" -n 2 echo x
works_or_names 'ulimit -n'

# The others; ordinary users have the limit on processes, root does not.
for limit in '-v 60000' '-l 0' '-c 0' '-t 5' '-m 1000' '-s 256' '-d 4000' '-i 0' '-q 0'; do
    for options in '' '-l' '--channel socket'; do
        under "$limit" "$MPRUN" $options -n 2 "$RANK" where
        case $limit in
        -v*) # if that is not enough for the segment's head, the rank says it
            [ $status -eq 0 ] || [ $status -eq 45 ] || [ $status -eq 99 ] ||
                fail "$what: exit $status: $(cat "$work/err")"
            [ $status -ne 45 ] || warns 'ulimit -v'
            ;;
        *)
            [ $status -eq 0 ] || [ $status -eq 99 ] || fail "$what: exit $status: $(cat "$work/err")"
            ;;
        esac
        left_nothing
    done
done
if [ "$(id -u)" -ne 0 ]; then
    run bash -c 'ulimit -u 1; exec "$@"' bash "$MPRUN" -n 2 true
    what='mprun under ulimit -u'
    [ $status -eq 126 ] || fail "$what: exit $status"
    warns '^mprun: .*ulimit -u'
fi
finish
