# SPDX-License-Identifier: MIT
# timeout: 200
# --restart: a job that failed is started again, if it has run for a second, and as often as it may;
# one that was asked to stop is not. With a program that resumes, little is lost each time.
. "${srcdir:-.}/tests/launcher/lib.sh"

expect 0 --restart 3 -n 2 sh -c 'echo $MPRUN_RESTART_COUNT; [ $MPRUN_RESTART_COUNT = 2 ] && exit 0; sleep 1.05; kill -9 $$'
says '0
0
1
1
2
2'
warns 'restart 1 of 3$'
warns 'restart 2 of 3$'
[ "$(grep -c 'was killed by SIGKILL' "$work/err")" -eq 2 ] || fail "$what: $(cat "$work/err")"
expect 5 --restart 1 -q -n 1 sh -c 'sleep 1.05; exit 5'
warns_lines 2
expect 5 --restart 3 -n 1 sh -c 'echo try; exit 5' # too soon
says try
expect 124 --restart 3 --timeout 1.3 -n 1 sh -c 'echo try; sleep 60'
says try
expect 0 -n 1 sh -c 'echo ${MPRUN_RESTART_COUNT-unset}'
says unset
what='a job that is asked to stop'
start --restart 3 --tmpdir -n 1 sh -c "echo > $ready; sleep 60"
sleep 1.1
kill "$front"
ended 143
! grep -q restart "$work/err" || fail "$what: $(cat "$work/err")"
what='a job whose keeper is killed'
start --restart 1 -n 1 sh -c "[ \$MPRUN_RESTART_COUNT = 0 ] || exit 0; echo > $ready; sleep 60"
sleep 1.1
kill -9 "$(keeper_of "$front")"
ended 0
warns 'restart 1 of 1'
# What rank 0 has not read is there for the next.
(echo one; sleep 1.6; echo two) | "$MPRUN" --restart 1 -n 1 sh -c 'read line; echo "$line"; [ $line = two ] || { sleep 1.05; exit 1; }' \
    > "$work/out" 2> "$work/err"
what='standard input'
says 'one
two'
left_nothing

# mapreduce with more to do than a rank's CPU time allows: it is killed every second, and gets to
# the end, with the right counts. (How much that is depends on the machine: so twice as much, until
# it was killed at all.)
ulimit -c 0
mkdir "$work/texts"
cat "${srcdir:-.}"/launcher/*.c "${srcdir:-.}"/lib/*/*.c | head -c 1000000 > "$work/text"
LC_ALL=C grep -aoE '[A-Za-z]+' "$work/text" | LC_ALL=C sort | uniq -c > "$work/counts"
most=0 n=500
while [ $failures -eq 0 ] && [ $most -lt 16000 ]; do
    n=$((2 * n))
    while [ $most -lt $n ]; do
        most=$((most + 1))
        ln -s ../text "$work/texts/$most"
    done
    expect 0 --restart 100 --limit cpu=1 -n 2 "$top_builddir/examples/mapreduce" \
        -o "$work/sum" "$work"/texts/*
    awk "{ printf \"%7d %s\n\", $n * \$1, \$2 }" "$work/counts" | cmp -s - "$work/sum" ||
        fail "$what: other counts after $(grep -c restart "$work/err") restarts"
    ! grep -q 'restart 1 of 100' "$work/err" || break
done
what='mapreduce, restarted'
warns 'restart 1 of 100'
warns 'tasks had been done before'
finish
