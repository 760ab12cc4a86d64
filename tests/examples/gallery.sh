#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 1800
# The small examples: the last line that each promises, whatever the ranks, the channel and the MPI; wrong
# arguments are refused once and in words; a killed rank ends the job and nothing is left. The
# gate runs a sample, in which each example and each shape occurs. With MPRUN_TEST_LONG=1 (make check-long) all
# of it is run, and built with the address sanitizer and under valgrind too.

CHANNELS=${CHANNELS-shm socket nodes2}
. "${srcdir:-.}/tests/examples/common.sh"
LONG=${MPRUN_TEST_LONG:-}

# NAME | least ranks | arguments | the last line, with %n for the ranks | arguments with which it
# runs for long enough to be killed, or - if it is over too soon
table() {
    cat <<'END'
basic_process|1||all exit with 0, and so does mprun|-
multiple_processes|3|7|lines in 1000, out 271, checksum 21a65aed|7
process_pool|2|--speed 50|model for 2 workers: static 700, queue 700, longest first 500 ms|--speed 1
queue_communication|3||100 items, sum 4950, never more than 4 under way|--items 1000000
pipe_communication|1||1000 numbers, squared, in order, sum 333833500|--numbers 1000000000
manager|2||10 words, total 28|--times 10000000
process_lock|1||inside at once: 1, turns all counted|--turns 1000000
process_semaphore|1||24 visits, most inside at once: 8 of 8|--visitors 1000000
readers_writers|2||120 reads, 20 writes: no reader saw a half-written value|--reads 1000000
process_barrier|1|--rounds 20|20 rounds of each: nobody left before all had come|--rounds 100000
orphan|1||orphans: %n adopted, %n ended, 0 left|-
zombie|1||zombies: %n seen, %n reaped with status 7, 0 left|-
work_stealing|1||200 tasks, each done once|--tasks 1000000
two_choices|1||longest of 1000 queues after 1000 arrivals: 6 with one choice, 3 with two|--arrivals 100000 --queues 100000 --round 1
train|1|--steps 300|loss after 300 steps: 0.058322001319160|--steps 100000000
pipeline|3||rows: 500 made, 10 dropped, 490 loaded; 2106430 cents|--slow-load 100
farm|2|quick|20 commands: 20 done, 0 failed, 0 out of time, 0 cancelled|slow
image_filter|1||320 x 200 points, checksum 68302df7, equal to serial|--times 10000
tiles|1||64 tiles, all once, checksum 3e09b6cb|--size 8192
END
}
seq 1000 > lines
yes true | head -n 20 > quick
yes 'sleep 100' | head -n 20 > slow
mkfifo endless
exec 3<> endless # a writer, so that reading it never ends

# job RANKS NAME ARGS: runs it under $launch, with $before before each program, from folder $built.
job() {
    ranks=$1 program=$built$2
    shift 2
    case $program in
    *multiple_processes)
        if [ "$ranks" -ge 3 ]; then
            $launch -n 1 $before "$program" "$@" : -n $((ranks - 2)) $before "$program" : \
                -n 1 $before "$program" < "$input"
            return
        fi
        ;;
    esac
    $launch -n "$ranks" $before "$program" "$@" < /dev/null
}
input=lines before=
mark=GALLERY_MARK=$$.$(date +%N) # what is left is found by it; other tests run the same programs
ours() {
    built=$EXAMPLES/ launch="env $mark $MPRUN --timeout 100"
    case $channel in
    nodes*) launch="$launch --nodes ${channel#nodes}" ;;
    ?*) launch="$launch --channel $channel" ;;
    esac
}

# holds RANKS WHERE: the row's last line is what it says.
holds() {
    job "$1" $name $args > output 2> errors
    status=$?
    [ $status -eq 0 ] || fail "$name $args, $1 ranks, $2: exit $status: $(tail -n 3 output)"
    wanted=$(echo "$last" | sed "s/%n/$1/g")
    # What several ranks print may arrive in any order through another launcher.
    case $2 in
    theirs) got=$(grep -Fx -e "$wanted" output) ;;
    *) got=$(tail -n 1 output) ;;
    esac
    [ "$got" = "$wanted" ] || fail "$name $args, $1 ranks, $2: '$got' instead of '$wanted'"
}

# killed RANKS: one of its ranks is killed in the middle; the job ends at once, and all of it.
killed() {
    input=endless
    called=$(echo "$name" | cut -c 1-15) # as much of it as the system keeps
    job "$1" $name $long > output 2> errors &
    job=$!
    tries=0
    until [ "$(ranks_of $job "$called" | wc -l)" -ge "$1" ] || [ $tries -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    sleep 0.1
    kill_one $job "$called" || fail "$name $long was over before it could be killed"
    wait $job
    status=$?
    input=lines
    [ $status -eq 137 ] || fail "$name $long, $channel, killed: exit $status"
    says 'was killed by SIGKILL'
    ! grep -qzxF -e "$mark" /proc/[0-9]*/environ 2> /dev/null || fail "$name left a process"
}

refuses() {
    for bad in --no-such-option '--help-me' 'one two three'; do
        expect 2 job 3 $name $bad
        says ': expected '
        [ ! -s output ] || fail "$name $bad writes: $(cat output)"
    done
    for help in --help -h; do
        expect 0 job 3 $name $help
        [ "$(grep -c '^Usage: ' output)" -eq 1 ] || fail "$name $help: $(cat output)"
    done
    if [ "$least" -gt 1 ]; then
        expect 2 job $((least - 1)) $name $args
        says ': expected '
    fi
}

# ---- All of the table, or the sample of it: shapes in turn
table > rows
row=0
while IFS='|' read -r name least args last long <&4; do
    row=$((row + 1))
    theirs=
    [ -z "$their_mpicc" ] || [ -z "$their_mpiexec" ] || theirs=yes
    place=0
    for channel in ${CHANNELS:-""}; do
        ours
        for n in 1 2 3 4 5; do
            place=$((place + 1))
            [ $n -ge "$least" ] || continue
            [ -n "$LONG" ] || [ $((place % 7)) -eq $((row % 7)) ] || continue
            holds $n "${channel:-ours}"
        done
        [ "$long" = - ] || [ -z "$LONG" ] || killed $((least > 3 ? least : 3))
    done
    set -- ${CHANNELS:-""}
    channel=${1:-} # the first is what most people use
    ours
    refuses
    [ "$long" = - ] || [ -n "$LONG" ] || killed $((least > 2 ? least : 2))
    if [ -n "$theirs" ]; then
        build_theirs $name
        built=./theirs_ launch="timeout 100 $their_mpiexec"
        for n in 1 2 3 4 5; do
            [ $n -ge "$least" ] || continue
            [ -n "$LONG" ] || [ $n -eq $((least + row % 3)) ] || continue
            holds $n theirs
        done
    fi
    [ -z "$LONG" ] || echo "$name: done"
done 4< rows

# ---- Built with the address sanitizer, and under valgrind
if [ -n "$LONG" ]; then
    memcheck='valgrind -q --error-exitcode=99 --leak-check=no --child-silent-after-fork=yes'
    sanitized() { # the program $name, under another name
        ${MPICC:-$top_builddir/mpicc} -std=gnu11 -g -fsanitize=address,undefined \
            -fno-sanitize-recover=all -o "$1" "$srcdir/examples/$name.c" -lm ||
            fail "$name: not built with asan"
    }
    channel=
    while IFS='|' read -r name least args last long <&4; do
        ours
        sanitized asan_$name
        built=./asan_
        holds 3 asan
        rm asan_$name
        type valgrind > /dev/null 2>&1 || continue
        built=$EXAMPLES/
        before=$memcheck
        holds 3 valgrind
        before=
    done 4< rows

    # The others have tests of their own, but not under these.
    for run in 'hello' 'deadlock ssends --fix sendrecv' 'deadlock receives --fix order' \
        'stencil 8 6 7 20' 'conjugate_gradient 6' 'mapreduce -o counts lines' \
        'monte_carlo --samples 100000 --checkpoint none' 'basic_process --spawn 2' \
        'supervisor --tasks 20 --workers 2'; do
        name=${run%% *}
        sanitized asan_$name
        for n in 2 3 4 5; do
            for channel in ${CHANNELS:-""}; do
                ours
                expect 0 job $n $run
            done
        done
        channel=
        ours
        built=./asan_
        expect 0 job 3 $run
        rm -f asan_$name
        type valgrind > /dev/null 2>&1 || continue
        built=$EXAMPLES/ before=$memcheck
        expect 0 job 3 $run
        before=
    done
    echo "asan, valgrind: done"
fi

# ---- basic_process: the statuses, before and after MPI_Finalize
channel=
ours
for early in '' --early; do
    expect 3 job 3 basic_process --rank 2 --status 3 $early
    says 'exited with status 3'
done
for channel in $CHANNELS; do
    ours
    expect 0 job 3 basic_process --spawn 2
    [ "$(grep -c '^child . of 2 is process' output)" -eq 2 ] || fail "no children: $(cat output)"
    [ "$(tail -n 1 output)" = 'all exit with 0, and so does mprun' ] || fail "$(cat output)"
    for early in '' --early; do
        expect 3 job 2 basic_process --spawn 3 --rank 2 --status 3 $early
        says 'exited with status 3'
    done
done
channel=
ours

# ---- train: a rank is killed, and the same command goes on with other numbers of ranks
expect 0 job 1 train --steps 400
tail -n 1 output > expected
expect 137 job 4 train --steps 400 --checkpoint weights --fail-at 350
for n in 2 5; do
    cp weights saved
    expect 0 job $n train --steps 400 --checkpoint weights
    grep -q 'going on from weights, at step 300' output || fail "train began anew: $(cat output)"
    tail -n 1 output | cmp -s - expected || fail "train goes on to other digits: $(cat output)"
    [ ! -e weights ] || fail "train leaves its checkpoint"
    mv saved weights
done
echo nonsense > weights
expect 2 job 2 train --checkpoint weights
says 'checkpoint weights: expected '

# ---- farm: 200 commands, 7 fail, one hangs; then the same is cancelled
seq 200 | awk '{ print $1 == 50 ? "sleep 1000" : $1 % 28 == 0 ? "exit " $1 : "true" }' > commands
expect 1 job 4 farm commands --limit 3
cat > expected <<'END'
command 28 exited with 28: exit 28
command 50 was out of time: sleep 1000
command 56 exited with 56: exit 56
command 84 exited with 84: exit 84
command 112 exited with 112: exit 112
command 140 exited with 140: exit 140
command 168 exited with 168: exit 168
command 196 exited with 196: exit 196
200 commands: 192 done, 7 failed, 1 out of time, 0 cancelled
END
cmp -s output expected || fail "farm: $(cat output)"
yes 'sleep 100 & sleep 100' | head -n 200 > commands
env --default-signal=INT $launch -n 4 "$EXAMPLES/farm" commands < /dev/null > output 2> errors &
job=$!
tries=0
until [ "$(ranks_of $job sleep | wc -l)" -ge 6 ] || [ $tries -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
kill -INT $job
wait $job
status=$?
[ $status -eq 130 ] || fail "farm: Ctrl-C: exit $status"
[ "$(grep -c ' was ended: ' output)" -eq 3 ] || fail "farm: Ctrl-C: $(cat output)"
[ "$(grep -c ' was not run: ' output)" -eq 197 ] || fail "farm: Ctrl-C: $(cat output)"
[ "$(tail -n 1 output)" = '200 commands: 0 done, 0 failed, 0 out of time, 200 cancelled' ] ||
    fail "farm: Ctrl-C: $(tail -n 1 output)"

# ---- image_filter and tiles: files
expect 0 job 3 tiles picture.pgm
expect 0 job 4 image_filter picture.pgm blurred.pgm --times 2
grep -q '^256 x 256 points, checksum .*, equal to serial$' output || fail "$(cat output)"
[ "$(wc -c < blurred.pgm)" -eq $((256 * 256 + 15)) ] || fail "the picture is not whole"
for bad in no/such/file lines; do
    expect 2 job 2 image_filter $bad
    says ': expected '
done
for run in 'tiles no/such/file' 'image_filter picture.pgm no/such/file'; do
    expect 1 job 2 $run
    says 'cannot write no/such/file'
done
head -c 5000 /dev/zero | tr '\0' x > long
expect 2 job 2 farm long
says ': expected '
