#! /bin/sh
# SPDX-License-Identifier: MIT
# Wrong use of the library and of mprun: each way must end soon, without a signal, with a status
# other than 0, and with exactly one message, which holds certain words. The cases of the library
# stand in cases.c, those of mprun below.
# timeout: 240

program=tests/misuse/cases
out=$(mktemp) || exit
spaced=$(mktemp -d) || exit
trap 'rm -rf "$out" "$spaced"' EXIT
failed=0 count=0

complain() {
    failed=$((failed + 1))
    echo "FAIL: $*"
    sed 's/^/    /' "$out"
}

# has WORDS: every word, separated by |, is in the output.
has() {
    rest=$1'|'
    while [ -n "$rest" ]; do
        word=${rest%%|*} rest=${rest#*|}
        grep -qF -e "$word" "$out" || return 1
    done
}

# ---- The library. Before MPI_Init ranks speak for themselves, so each may say it once.
for n in 1 3; do
    for line in $($program --list); do
        name=${line%%|*} words=${line#*|} most=1
        case $name in *-before-init) most=$n ;; esac
        count=$((count + 1))
        timeout -k 1 20 ./mprun -n $n $program "$name" > "$out" 2>&1 < /dev/null
        status=$?
        messages=$(grep -c '^MPI_[A-Za-z_]*: ' "$out")
        ends=$(grep -c '^mprun: rank [0-9]* (' "$out")
        if [ $status -eq 0 ] || [ $status -ge 124 ]; then
            complain "$name with $n ranks ended with status $status"
        elif ! has "$words"; then
            complain "$name with $n ranks did not say '$word'"
        elif [ "$messages" -lt 1 ] || [ "$messages" -gt $most ] || [ "$ends" -ne 1 ]; then
            complain "$name with $n ranks gave $messages messages and $ends reports"
        fi
    done
done

# ---- mprun. expect STATUS WORDS ARGUMENTS...
expect() {
    expected=$1 words=$2
    shift 2
    count=$((count + 1))
    timeout -k 1 20 ./mprun "$@" > "$out" 2>&1 < /dev/null
    status=$?
    lines=$(grep -c '^mprun: ' "$out")
    if [ $status -ne "$expected" ]; then
        complain "mprun $* ended with status $status, not $expected"
    elif ! has "$words"; then
        complain "mprun $* did not say '$word'"
    elif [ "$lines" -ne 1 ] || [ "$(wc -l < "$out")" -gt 3 ]; then
        complain "mprun $* said more than one message"
    fi
}
: > "$spaced/not-a-program"
expect 2 '--no-such-option' --no-such-option -n 2 true
expect 2 '-Z' -Z true
expect 2 'program'
expect 2 'program' -n 2
expect 2 '-n|0' -n 0 true
expect 2 '-n|-1' -n -1 true
expect 2 '-n|1000000' -n 1000000 true
expect 2 '-n|99999999999999999999' -n 99999999999999999999 true
expect 2 '-n|two' -n two true
expect 2 '-n|2x' -n 2x true
expect 2 '-n' -n
expect 2 'channel|pigeon' --channel pigeon true
expect 2 'timeout|soon' --timeout soon true
expect 2 'program' -n 2 true :
expect 127 'no-such-program-anywhere' -n 2 no-such-program-anywhere
expect 127 "$spaced/none" -n 2 "$spaced/none"
expect 126 "$spaced/not-a-program" -n 2 "$spaced/not-a-program"
expect 126 "$spaced" -n 2 "$spaced"
expect 2 "nowhere|No such" --wdir "$spaced/nowhere" -n 2 true

echo "misuse: $count cases, $failed failed"
[ $failed -eq 0 ]
