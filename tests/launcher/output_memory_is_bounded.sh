# SPDX-License-Identifier: MIT
# timeout: 120
# With -l the launcher's memory is bounded: with a reader that is slower than the ranks, and with
# lines that do not end. A line is cut at 64 KiB, and each piece has its tag.
. "${srcdir:-.}/tests/launcher/lib.sh"
PRINTS=$top_builddir/tests/launcher/prints_plain
MOST=16000 # kB
[ -e /proc/self/status ] || { echo "memory cannot be seen without /proc"; exit 77; }

# bounded: when $work/ready appears; then lets the job go on.
bounded() {
    wait_for "$work/ready"
    most=$(most_memory "$(keeper_of "$(child_of $job)")")
    [ "${most:-0}" -gt 0 ] && [ "$most" -lt $MOST ] || fail "$what: the launcher has used $most kB"
    : > "$work/go"
}
what='a slow reader'
mkfifo "$work/pipe"
env "$mark" timeout 60 "$MPRUN" -l -n 4 yes 'y y y y y y y y y y' > "$work/pipe" 2> "$work/err" < /dev/null &
job=$!
"$PRINTS" sip=40000000 "make=$work/ready" "wait=$work/go" < "$work/pipe" &
bounded
wait
left_nothing

what='a long line'
rm -f "$work/ready" "$work/go"
env "$mark" timeout 60 "$MPRUN" -l -n 1 "$PRINTS" fill=100000000 say= "make=$work/ready" "wait=$work/go" \
    > "$work/out" < /dev/null &
job=$!
bounded
wait
[ "$(tr -cd x < "$work/out" | wc -c)" -eq 100000000 ] || fail "$what: not all of it arrived"

# Exactly so long is whole; a byte more is not.
for bytes in 65535 65536 65537 131072; do
    for tail in say= part=; do # with and without a newline at its end
        run "$MPRUN" -l -n 1 "$PRINTS" fill=$bytes $tail
        what="a line of $bytes bytes"
        [ $status -eq 0 ] || fail "$what: exit $status"
        awk '{ print index($0, "[0] x") == 1 ? length($0) - 4 : "no tag" }' "$work/out" > "$work/lengths"
        left=$bytes
        while [ $left -gt 65536 ]; do
            echo 65536
            left=$((left - 65536))
        done > "$work/expected"
        echo $left >> "$work/expected"
        cmp -s "$work/lengths" "$work/expected" || fail "$what: $(tr '\n' ' ' < "$work/lengths")"
    done
done
# Without memory for a line it is cut early, not lost, and the launcher stays.
what='no memory'
env "$mark" timeout 60 "$MPRUN" -l -n 1 "$PRINTS" "make=$work/begun" "wait=$work/limited" fill=3000000 say= \
    > "$work/out" 2> "$work/err" < /dev/null &
job=$!
wait_for "$work/begun"
if can_limit; then
    prlimit --pid "$(keeper_of "$(child_of $job)")" --as=4096 --data=4096
fi
: > "$work/limited"
wait $job
status=$?
[ $status -eq 0 ] || fail "$what: exit $status: $(cat "$work/err")"
[ "$(tr -cd x < "$work/out" | wc -c)" -eq 3000000 ] || fail "$what: not all of it arrived"
finish
