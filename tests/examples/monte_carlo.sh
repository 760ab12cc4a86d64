#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# examples/monte_carlo: the same digits for any number of ranks, channel and MPI, and after a
# kill and the same command again; finished work is thrown away with --restart only, and two runs
# share no checkpoint; checkpoints of other runs, damaged ones and bad input.

. "${srcdir:-.}/tests/examples/common.sh"

small='--samples 3000001 --checkpoint small.checkpoint'
large=20000000

# ---- The same digits for any number of ranks
channel=
expect 0 run_ours 1 monte_carlo $small
cp output expected
grep -q '^pi     = 3\.14' expected || fail "this is not pi: $(cat expected)"
awk '/off by/ { n++; if (!($(NF - 2) < 4)) bad = 1 } END { exit bad || n != 2 }' expected ||
    fail "too far from the exact answer: $(cat expected)"
for channel in ${CHANNELS:-""}; do
    for n in 2 5; do
        expect 0 run_ours $n monte_carlo $small
        cmp -s output expected || fail "other digits with $n ranks over $channel"
    done
done
channel=
expect 0 run_ours 3 monte_carlo $small --seed 43
cmp -s output expected && fail "another seed gives the same digits"

if build_theirs monte_carlo; then
    expect 0 run_theirs 4 monte_carlo $small
    cmp -s output expected || fail "Open MPI's build prints other digits"
fi

# ---- Killed and resumed
expect 0 run_ours 2 monte_carlo --samples $large --checkpoint none
cp output expected
resumed=0
for n in 2 4 4; do
    started=0
    while :; do
        rm -f large.checkpoint
        run_ours $n monte_carlo --samples $large --checkpoint large.checkpoint \
            --checkpoint-every 0.02 < /dev/null > output 2> errors &
        job=$!
        until [ -e large.checkpoint ] || ! kill -0 $job 2> /dev/null; do
            sleep 0.01
        done
        sleep 0.$(random 3)$(random 10)
        kill_one $job monte_carlo
        wait $job
        [ $? -eq 0 ] || break
        # It was done before the kill.
        started=$((started + 1))
        [ $started -lt 10 ] || fail "could not kill a run in the middle"
    done
    [ -e large.checkpoint ] || fail "no checkpoint after a kill"
    ! grep -q '^pi' output || fail "a killed run printed a result: $(cat output)"
    cp large.checkpoint saved.checkpoint
    expect 0 run_ours $n monte_carlo --samples $large --checkpoint large.checkpoint
    says 'going on from large.checkpoint'
    grep -q ', 0.0% is done' errors || resumed=$((resumed + 1))
    cmp -s output expected || fail "other digits after a kill and a resumed run with $n ranks"
    set -- large*
    [ "$*" = 'large*' ] || fail "the checkpoint was not removed: $*"
done
[ $resumed -gt 0 ] || fail "no run got beyond its first checkpoint before the kill"
cp saved.checkpoint large.checkpoint
expect 0 run_ours 3 monte_carlo --samples $large --checkpoint large.checkpoint
cmp -s output expected || fail "other digits, resumed with another number of ranks"
cp saved.checkpoint large.checkpoint
expect 0 run_ours 3 monte_carlo --samples $large --checkpoint large.checkpoint --resume
says 'going on from large.checkpoint'

# ---- Throwing work away needs a word
cp saved.checkpoint large.checkpoint
expect 0 run_ours 2 monte_carlo --samples $large --checkpoint large.checkpoint --restart
says 'throwing away the checkpoint large.checkpoint'
cmp -s output expected || fail "other digits with --restart"

# ---- Two runs do not share a checkpoint: while one is under way, the same command is refused, and
# another seed has a checkpoint of its own
run_ours 2 monte_carlo --samples 1e12 --checkpoint-every 0.02 < /dev/null > output1 2> errors1 &
job=$!
own=monte_carlo-42-1000000000000.checkpoint
until [ -e $own ]; do
    kill -0 $job 2> /dev/null || { cat errors1; fail "the first run ended"; }
    sleep 0.01
done
expect 2 run_ours 2 monte_carlo --samples 1e12
says "another run is using the checkpoint $own"
expect 2 run_ours 1 monte_carlo --samples 1e12 --restart
says "another run is using the checkpoint $own"
expect 2 run_ours 1 monte_carlo --samples 1000 --checkpoint $own
says "another run is using the checkpoint $own"
expect 0 run_ours 1 monte_carlo --samples 1000 --seed 7
kill_one $job monte_carlo || fail "the first run is gone"
wait $job
[ -e $own ] || fail "the other runs removed the checkpoint"
expect 2 run_ours 2 monte_carlo --samples 1000 --checkpoint $own
says 'belongs to a run with --seed 42 --samples 1000000000000'
rm $own output1 errors1
rm -f $own.tmp # if it was killed while it wrote

# ---- Checkpoints that are of no use
cp saved.checkpoint large.checkpoint
expect 2 run_ours 2 monte_carlo --samples $large --seed 7 --checkpoint large.checkpoint
says "belongs to a run with --seed 42 --samples $large, this one has --seed 7"
expect 2 run_ours 2 monte_carlo --samples 1000 --checkpoint large.checkpoint --resume
says '--restart throws it away'
cmp -s saved.checkpoint large.checkpoint || fail "a refused checkpoint was changed"

expect 0 run_ours 1 monte_carlo --samples 1000 --checkpoint none
cp output expected
size=$(wc -c < saved.checkpoint)
{ head -c 60 saved.checkpoint; printf '\377'; tail -c +62 saved.checkpoint; } > flipped
head -c $((size - 1)) saved.checkpoint > short
head -c 30 saved.checkpoint > shorter
for damaged in flipped short shorter; do
    cp $damaged large.checkpoint
    expect 2 run_ours 2 monte_carlo --samples 1000 --checkpoint large.checkpoint
    says 'cannot use the checkpoint large.checkpoint: it is damaged'
    cmp -s $damaged large.checkpoint || fail "a damaged checkpoint was changed"
    expect 0 run_ours 2 monte_carlo --samples 1000 --checkpoint large.checkpoint --restart
    cmp -s output expected || fail "wrong digits after a damaged checkpoint"
done
: > large.checkpoint
expect 0 run_ours 2 monte_carlo --samples 1000 --checkpoint large.checkpoint
cmp -s output expected || fail "wrong digits with an empty checkpoint"
rm flipped short shorter

echo 'my thesis' > thesis
expect 2 run_ours 2 monte_carlo --samples 1000 --checkpoint thesis
says 'it is not a checkpoint of this program'
expect 2 run_ours 2 monte_carlo --samples 1000 --checkpoint thesis --restart
[ "$(cat thesis)" = 'my thesis' ] || fail "a foreign file was overwritten"
expect 2 run_ours 2 monte_carlo --samples 1000 --checkpoint no/such/folder/file
says 'cannot write the checkpoint no/such/folder/file'

# ---- Bad input, help, and the progress bar
for bad in '--samples 0' '--samples 1.5' '--samples many' '--seed -1' '--seed 99999999999999999999' \
    '--checkpoint-every x' 'extra'; do
    expect 2 run_ours 3 monte_carlo $bad
    says ': expected '
done
expect 2 run_ours 3 monte_carlo --no-such-option
says 'try --help'
expect 0 run_ours 3 monte_carlo --help
[ "$(grep -c '^Usage:' output)" -eq 1 ] || fail "--help was not printed once"
if [ -n "$CHANNELS" ] && script -qec true /dev/null > /dev/null 2>&1; then
    script -qec "$MPRUN -n 2 '$EXAMPLES/monte_carlo' --samples 1e6 --checkpoint none" /dev/null \
        < /dev/null > output
    grep -q '\[####.*100%' output || fail "no progress bar on a terminal"
fi

rm -f expected output errors saved.checkpoint thesis theirs_monte_carlo
[ -z "$(ls)" ] || fail "left behind: $(ls)"
