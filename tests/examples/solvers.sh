#! /bin/sh
# SPDX-License-Identifier: MIT
# examples/stencil and examples/conjugate_gradient: the right result for any number of ranks, over
# each channel, with and without the shared heap, and built by Open MPI; bad input and --help.

. "${srcdir:-.}/tests/examples/common.sh"

# right PROGRAM ARGS: the last run's output says so, and is that of one rank, but for the times.
right() {
    grep -q '^right' output || fail "$*: $(cat output)"
    grep -q '^seconds: computing [0-9.]* communicating [0-9.]* total [0-9.]*$' output ||
        fail "$*: no times: $(cat output)"
    grep -v '^seconds' output > result
    [ -e expected ] || cp result expected
    cmp -s result expected || fail "$*: $(cat result), not $(cat expected)"
}

for run in 'stencil 20 12 17 40' 'stencil 7 5 6 1' 'conjugate_gradient 12' \
    'conjugate_gradient 3 100 2'; do
    rm -f expected
    channel=
    for ranks in 1 2 3 4 7; do
        expect 0 run_ours $ranks $run
        right $run
    done
    for channel in ${CHANNELS:-""}; do
        expect 0 run_ours 4 $run
        right $run
    done
    channel=
    MPRUN_SHARED_HEAP=0 expect 0 run_ours 2 $run
    right $run
    if [ -e "theirs_${run%% *}" ] || build_theirs "${run%% *}"; then
        expect 0 run_theirs 2 $run
        right $run
    fi
done

# A solver that is stopped early says that it has no solution.
expect 1 run_ours 2 conjugate_gradient 12 3
grep -q '^WRONG' output || fail "3 iterations are said to be enough: $(cat output)"

# ---- Usage is told once, with one status for all ranks, which have left MPI in order
for bad in 'stencil 0' 'stencil 8 8 8 0' 'stencil 8 8 8 8 8' 'stencil 8x' 'stencil --size' \
    'stencil 99999999999999999999' 'conjugate_gradient 0' 'conjugate_gradient 401' \
    'conjugate_gradient 8 0' 'conjugate_gradient 8 8 0' 'conjugate_gradient 8 8 8 8'; do
    expect 2 run_ours 3 $bad
    says ': expected '
    [ ! -s output ] || fail "$bad: writes $(cat output)"
done
expect 2 run_ours 3 stencil 1 1 1
says 'cannot be shared by'
expect 2 run_ours 2 conjugate_gradient 1
says 'cannot be shared by'
for program in stencil conjugate_gradient; do
    for option in --help -h; do
        expect 0 run_ours 3 $program 9 $option
        [ "$(grep -c '^Usage: ' output)" -eq 1 ] || fail "$program $option: not told once: $(cat output)"
    done
done
