# SPDX-License-Identifier: MIT
# What mprun cannot write, it tells, and its exit status is not 0: a full disk, a limit. A reader
# that has had enough is no failure that needs words; a SIGPIPE from elsewhere is.
. "${srcdir:-.}/tests/launcher/lib.sh"
[ -c /dev/full ] || { echo "there is no /dev/full"; exit 77; }

for option in --help --version --info; do
    run sh -c '"$@" > /dev/full' sh "$MPRUN" $option
    what="mprun $option > /dev/full"
    [ $status -eq 1 ] || fail "$what: exit $status"
    warns '^mprun: cannot write to standard output: No space'
    warns_lines 1
done
run sh -c '"$@" > /dev/full' sh bash "${srcdir:-.}/launcher/mpcompare" --help
[ $status -eq 2 ] || fail "mpcompare --help > /dev/full: exit $status"
run sh -c '"$@" > /dev/full' sh "$MPRUN" -l -n 2 echo hello
what='tagged output > /dev/full'
[ $status -eq 1 ] || fail "$what: exit $status"
warns '^mprun: cannot write what the ranks print: No space'
warns_lines 1
run sh -c '"$@" 2> /dev/full' sh "$MPRUN" -l -n 2 sh -c 'echo hello; echo error >&2'
what='tagged errors > /dev/full'
[ $status -eq 1 ] || fail "$what: exit $status"
says '[0] hello
[1] hello'
# The job goes on, and has its own status if that is not 0.
run sh -c '"$@" > /dev/full' sh "$MPRUN" -l -n 1 sh -c 'seq 100000; echo > "$0/done"; exit 7' "$work"
what='a failing rank > /dev/full'
[ $status -eq 7 ] || fail "$what: exit $status"
[ -e "$work/done" ] || fail "$what: was ended"
# A limit on the size of files stands for a disk that gets full.
if can_limit; then
    what='a file that may not grow'
    env "$mark" timeout 30 "$MPRUN" -l -n 1 sh -c '
        : > "$0/begun"; while [ ! -e "$0/limited" ]; do sleep 0.02; done; seq 100000' "$work" \
        > "$work/out" 2> "$work/err" < /dev/null &
    job=$!
    n=0
    while [ ! -e "$work/begun" ] && [ $n -lt 1500 ]; do
        n=$((n + 1))
        sleep 0.01
    done
    prlimit --pid "$(keeper_of "$(child_of $job)")" --fsize=100000
    : > "$work/limited"
    wait $job
    status=$?
    [ $status -eq 1 ] || fail "$what: exit $status"
    warns '^mprun: cannot write what the ranks print: File too large'
    [ "$(wc -c < "$work/out")" -eq 100000 ] || fail "$what: $(wc -c < "$work/out") bytes"
fi

# Readers that leave, as head does.
for options in '' -l; do
    run sh -c '{ "$@"; echo $? > "$0"; } | head -n 1' "$work/status" "$MPRUN" $options -n 2 yes
    what="mprun $options -n 2 yes | head -n 1"
    warns_lines 0
    [ "$(cat "$work/status")" -eq 141 ] || fail "$what: exit $(cat "$work/status")"
    left_nothing
done
# One that has left before the ranks say anything.
run sh -c '{ "$@"; echo $? > "$0/status"; } | { exec < /dev/null; : > "$0/gone"; }' "$work" "$MPRUN" -l -n 2 \
    sh -c 'while [ ! -e "$0/gone" ]; do sleep 0.01; done; echo hello' "$work"
what='mprun -l | true'
warns_lines 0
[ "$(cat "$work/status")" -eq 141 ] || fail "$what: exit $(cat "$work/status")"
# Not for want of a reader.
for options in '' -l; do
    run sh -c '"$@" | cat' sh "$MPRUN" $options -n 2 sh -c 'kill -PIPE $$; sleep 20'
    what="mprun $options, a rank that gets SIGPIPE"
    warns 'was killed by SIGPIPE'
done
finish
