# SPDX-License-Identifier: MIT
# timeout: 120
# Every task is done once, whoever is killed: a worker, every 0.3 s.
. "${srcdir:-.}/tests/examples/common.sh"

for channel in $CHANNELS; do
    expect 0 $MPRUN --channel $channel -n 1 "$EXAMPLES/supervisor" --tasks 60 --workers 3
    grep -q '^60 tasks done by 3 workers, 0 of them .* 0 counted wrong$' output || fail "$(cat output)"
done

for bad in --no-such-option '--tasks none' '--workers 0' 'one two three'; do
    expect 2 $MPRUN -n 1 "$EXAMPLES/supervisor" $bad
    says ': expected '
done
expect 0 $MPRUN -n 2 "$EXAMPLES/supervisor" --help
[ "$(grep -c '^Usage: ' output)" -eq 1 ] || fail "--help: $(cat output)"

# The supervisor was told how many tasks there are; its workers, of the same name, were not.
# It stops killing before the end: a worker that has disconnected is a world of its own, whose
# failure is mprun's status.
$MPRUN -q -n 1 "$EXAMPLES/supervisor" --tasks 600 --workers 3 --milliseconds 30 > output 2> errors &
job=$!
killed=0
while [ $killed -lt 10 ] && sleep 0.3 && kill -0 $job 2> /dev/null; do
    for pid in $(ranks_of $job supervisor); do
        ! grep -qzFx -e --tasks "/proc/$pid/cmdline" 2> /dev/null || continue
        kill -9 "$pid" 2> /dev/null && killed=$((killed + 1))
        break
    done
done
wait $job
status=$?
[ $status -eq 0 ] || fail "under a killer: status $status"
grep -q '^600 tasks done by .* 0 counted wrong$' output || fail "under a killer: $(cat output)"
[ $killed -gt 3 ] || fail "only $killed were killed"
echo "$(cat output), $killed killed"
