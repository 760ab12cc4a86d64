# SPDX-License-Identifier: MIT
# timeout: 60
# Who reads standard input, and what comes out: inherited as it is, or whole lines with a tag.
. "${srcdir:-.}/tests/launcher/lib.sh"

from() { # INPUT STATUS mprun's arguments
    input=$1 expected=$2
    shift 2
    printf "$input" > "$work/in"
    run "$MPRUN" "$@" < "$work/in"
    what="mprun $* < $input"
    [ $status -eq "$expected" ] || fail "$what: exit $status: $(cat "$work/err")"
}
from 'one\n' 0 -n 3 cat
says one
from 'one\n' 0 --stdin none -n 3 cat
says ''
from 'one\n' 0 -l --stdin 2 -n 3 cat
says '[2] one'
from 'one\ntwo\n' 0 -l --stdin all -n 3 cat
says '[0] one
[0] two
[1] one
[1] two
[2] one
[2] two'
# Through a pipe, slowly; one rank does not read at all.
what='mprun --stdin all from a pipe'
(echo one; sleep 0.2; echo two) | env "$mark" timeout 20 "$MPRUN" -l -s all -n 3 \
    sh -c '[ $MPRUN_RANK = 1 ] || cat' > "$work/out" 2> "$work/err"
says '[0] one
[0] two
[2] one
[2] two'
# More than any pipe holds, to everybody, with a slow reader.
seq 200000 > "$work/in"
sum=$(cksum < "$work/in")
run "$MPRUN" --stdin all -n 3 sh -c '[ $MPRUN_RANK != 1 ] || sleep 0.3; cksum' < "$work/in"
what='much input for all'
says "$sum
$sum
$sum"

# Whole lines, both outputs, a last line without an end, an empty line, no output.
expect 0 -l -n 2 sh -c 'echo a; echo b >&2; echo; printf end'
says '[0] 
[0] a
[0] end
[1] 
[1] a
[1] end'
sort "$work/err" > "$work/out"
says '[0] b
[1] b'
expect 0 -l -n 2 true
says ''
# Lines in pieces do not mix; everything arrives. What is longer than 64 KiB is cut into lines of its own.
expect 0 -l -n 4 sh -c 'i=0; while [ $i -lt 50 ]; do printf x; i=$((i+1)); done; echo'
[ "$(grep -c '^\[[0-3]\] x\{50\}$' "$work/out")" -eq 4 ] || fail "$what: lines were mixed"
expect 0 -l -n 2 sh -c 'head -c 3000000 /dev/zero | tr "\0" y; echo'
pieces=$(((3000000 + 65535) / 65536))
[ "$(wc -l < "$work/out")" -eq $((2 * pieces)) ] && [ "$(wc -c < "$work/out")" -eq $((6000000 + 10 * pieces)) ] ||
    fail "$what: $(wc -lc < "$work/out")"
[ "$(grep -cE '^\[[01]\] y+$' "$work/out")" -eq $((2 * pieces)) ] || fail "$what: lines were mixed"
expect 0 -l -n 4 seq 50000
[ "$(wc -l < "$work/out")" -eq 200000 ] || fail "$what: $(wc -l < "$work/out") lines"
[ "$(sed -n 's/^\[2\] //p' "$work/out" | cksum)" = "$(seq 50000 | cksum)" ] || fail "$what: wrong lines"
# What a failing rank said last is there, and before mprun's account of it.
run sh -c '"$@" 2>&1' sh "$MPRUN" -l -n 2 sh -c '[ $MPRUN_RANK = 0 ] && sleep 60; echo last words; exit 3'
what='last words'
[ "$(head -n 1 "$work/out")" = '[1] last words' ] || fail "$what: $(cat "$work/out")"
[ $status -eq 3 ] || fail "$what: exit $status"
# A reader that is slow, and one that goes away.
run sh -c '"$@" | (sleep 0.5; cksum)' sh "$MPRUN" -l -n 2 seq 100000
what='a slow reader'
[ "$(cut -d' ' -f2 "$work/out")" -eq $((2 * ($(seq 100000 | wc -c) + 4 * 100000))) ] ||
    fail "$what: $(cat "$work/out")"
run sh -c '"$@" | head -n 1' sh "$MPRUN" -l -n 2 yes
what='a reader that leaves'
[ "$(cat "$work/out")" = '[0] y' ] || [ "$(cat "$work/out")" = '[1] y' ] || fail "$what: $(cat "$work/out")"
warns_lines 0
left_nothing
# A terminal stays a terminal for every rank's output, and rank 0's input.
if script -qec true /dev/null > /dev/null 2>&1; then
    script -qec "$MPRUN -n 2 sh -c 'test -t 1 && test -t 2 && echo yes; test ! -t 0 || echo input'" \
        /dev/null < /dev/null > "$work/out" 2>&1
    tr -d '\r' < "$work/out" | tr -d '\004\010^D' > "$work/plain" && mv "$work/plain" "$work/out"
    what='a terminal'
    says 'input
yes
yes'
fi
# Standard output that is closed.
run sh -c '"$@" >&- 2>&- <&-' sh "$MPRUN" -n 2 true
[ $status -eq 0 ] || fail "closed output: exit $status"
finish
