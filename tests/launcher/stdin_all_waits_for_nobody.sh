# SPDX-License-Identifier: MIT
# timeout: 120
# With --stdin all no rank's silence stops the others: they get all there is while it does not read,
# and it gets all when it does. What waits for it does not fill the launcher's memory, and is nowhere
# to be seen; where it cannot be kept, that is told and the job ends.
. "${srcdir:-.}/tests/launcher/lib.sh"
mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
seq 3000000 > "$work/in"
sum=$(cksum < "$work/in")
# The silent rank 1 waits until the others have got everything.
quiet_one='if [ $MPRUN_RANK = 1 ]; then while [ ! -e "$0/go" ]; do sleep 0.02; done; fi
    cksum; : > "$0/done$MPRUN_RANK"'
for through in file pipe; do
    what="a silent rank, input from a $through"
    rm -f "$work/go" "$work/done"*
    if [ $through = file ]; then
        env "$mark" timeout 60 "$MPRUN" -s all -n 3 sh -c "$quiet_one" "$work" < "$work/in" > "$work/out" &
    else
        cat "$work/in" | env "$mark" timeout 60 "$MPRUN" -s all -n 3 sh -c "$quiet_one" "$work" > "$work/out" &
    fi
    n=0
    while [ ! -e "$work/done0" ] || [ ! -e "$work/done2" ]; do
        n=$((n + 1))
        [ $n -lt 1500 ] || { fail "$what: it stops the others"; break; }
        sleep 0.01
    done
    [ -z "$(ls "$work/tmp")" ] || fail "$what: $(ls "$work/tmp") is to be seen"
    if [ $through = file ] && [ -e /proc/$!/status ]; then
        keeper=$(keeper_of $(child_of $!))
        most=$(most_memory "$keeper")
        [ "${most:-0}" -gt 0 ] && [ "$most" -lt 16000 ] || fail "$what: the launcher uses $most kB"
    fi
    : > "$work/go"
    wait
    says "$sum
$sum
$sum"
done
# Ranks that are all slow, each in its own way, and one that stops in the middle.
run sh -c 'cat "$1" | "$2" -s all -n 4 sh -c "
    case \$MPRUN_RANK in
    0) sleep 0.3; cksum ;;
    1) head -c 500000 > /dev/null; sleep 0.3; cat > /dev/null ;;
    2) head -c 9000000 | cksum ;;
    3) cksum ;;
    esac"' sh "$work/in" "$MPRUN"
what='ranks of all kinds'
says "$(printf '%s\n' "$sum" "$sum" "$(head -c 9000000 "$work/in" | cksum)" | sort)"
# A rank that never reads does not keep the job from its end.
run "$MPRUN" -s all -n 2 sh -c '[ $MPRUN_RANK = 0 ] || exit 0; cksum' < "$work/in"
what='a rank that never reads'
says "$sum"
# What cannot be read is no end.
run "$MPRUN" -s all -n 2 cat < /
what='--stdin all < /'
[ $status -eq 1 ] || fail "$what: exit $status"
warns '^mprun: cannot read standard input: Is a directory$'
warns_lines 1
# Nowhere to keep it.
for folder in "$work/missing" full; do
    what="--stdin all with TMPDIR=$folder"
    rm -f "$work/go" "$work/done"*
    if [ "$folder" = full ]; then # a limit stands for a full disk
        can_limit || continue
        TMPDIR=$work/tmp
    else
        TMPDIR=$folder
    fi
    (wait_for "$work/limited" && cat "$work/in") |
        env "$mark" timeout 60 "$MPRUN" -s all -n 3 sh -c "$quiet_one" "$work" > "$work/out" 2> "$work/err" &
    front=$!
    if [ "$folder" = full ]; then
        n=0
        until keeper=$(keeper_of $(child_of $front)) && [ "$keeper" ] || [ $n -gt 500 ]; do
            n=$((n + 1))
            sleep 0.01
        done 2> /dev/null
        prlimit --pid "$keeper" --fsize=3000000
    fi
    echo > "$work/limited"
    wait $front
    status=$?
    [ $status -eq 1 ] || fail "$what: exit $status"
    warns '^mprun: cannot keep the standard input that rank [0-2] has not read yet, in /.*: [NF]'
    warns_lines 1
    left_nothing
    rm -f "$work/limited"
done
TMPDIR=$work/tmp
[ -z "$(ls "$work/tmp")" ] || fail "left in TMPDIR: $(ls "$work/tmp")"
finish
