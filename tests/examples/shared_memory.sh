#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# examples/shared_value and examples/shared_array: the last line is exact, for any number of ranks
# and channel, and the same with Open MPI; help and bad input are told once, by rank 0; ranks that
# share no memory are told so.

. "${srcdir:-.}/tests/examples/common.sh"

last() {
    tail -n 1 output
}

for channel in ${CHANNELS:-""}; do
    for n in 1 2 5; do
        expect 0 run_ours $n shared_value 500
        s=$([ $n -eq 1 ] || echo s)
        [ "$(last)" = "$n rank$s added 500 each: lock $((n * 500)), fetch_and_op $((n * 500))" ] ||
            fail "shared_value, $n ranks over $channel: $(last)"
        [ "$(wc -l < output)" -eq 4 ] || fail "four lines expected: $(cat output)"
    done
done
channel=
expect 0 run_ours 1 shared_value
grep -q '^get and put  1000 of 1000, 0 lost' output || fail "one rank alone lost some: $(cat output)"
# On several cores some are lost sooner or later.
lost=0
for _ in 1 2 3 4 5; do
    [ $lost -eq 0 ] || break
    expect 0 run_ours 4 shared_value 100000
    lost=$(sed -n 's/^get and put .*, \([0-9]*\) lost.*/\1/p' output)
done
[ "$lost" -gt 0 ] || [ "$(nproc)" -eq 1 ] || fail "get and put lost nothing: $(cat output)"

for n in 1 2 5; do
    expect 0 run_ours $n shared_array 10000
    s=$([ $n -eq 1 ] || echo s)
    all=$((n * 1000 * (n * 1000 - 1) / 2))
    [ "$(last)" = "$n rank$s: pieces $all, counters ${n}0000 and ${n}0000" ] ||
        fail "shared_array, $n ranks: $(last)"
    grep -q '^pieces .* at lines of their own$' output || fail "not aligned: $(cat output)"
    grep -q '^  4 bytes apart: .* ns' output || fail "nothing was measured: $(cat output)"
done
expect 1 $MPRUN -n 2 --nodes 2 "$EXAMPLES/shared_array"
says 'the ranks share no memory'

for program in shared_value shared_array; do
    expect 0 run_ours 3 $program --help
    [ "$(grep -c '^Usage:' output)" -eq 1 ] || fail "--help was not printed once"
    expect 2 run_ours 3 $program 0
    says 'expected a whole number'
    expect 2 run_ours 3 $program 5 6
    says 'expected no more'
done

# Open MPI has all of this but windows on one rank.
for n in 2 4; do
    for program in shared_value shared_array; do
        [ -x theirs_$program ] || build_theirs $program || continue
        expect 0 run_ours $n $program 2000
        last > expected
        expect 0 run_theirs $n $program 2000
        [ "$(last)" = "$(cat expected)" ] || fail "Open MPI's $program ends in: $(last)"
    done
done
