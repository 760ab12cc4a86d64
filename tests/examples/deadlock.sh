#! /bin/sh
# SPDX-License-Identifier: MIT
# examples/deadlock: each of the three is told, by the ranks and calls that are in it, and is over
# once it is mended.

. "${srcdir:-.}/tests/examples/common.sh"

for channel in ${CHANNELS:-""}; do
    for what in "3 receives" "3 ssends" "4 resources"; do
        set -- $what
        expect 120 run_ours "$1" deadlock "$2"
        grep -q "^mprun: deadlock: $1 of $1 ranks wait" errors || fail "not told: $(cat errors)"
    done
    grep -q '^mprun: rank 3 waits in MPI_Sendrecv for a message from rank 0 (tag 2' errors ||
        fail "not who waits for whom: $(cat errors)"
    for what in "3 receives order" "2 receives sendrecv" "3 ssends order" "5 ssends sendrecv" \
        "4 resources order"; do
        set -- $what
        expect 0 run_ours "$1" deadlock "$2" --fix "$3"
        [ "$(wc -l <output)" -eq "$1" ] || fail "$what: not a line for each rank"
    done
done
expect 2 run_ours 4 deadlock resources --fix sendrecv
for help in --help -h; do
    expect 0 run_ours 3 deadlock $help
    [ "$(grep -c '^Usage: ' output)" -eq 1 ] || fail "$help: not told once: $(cat output)"
done
