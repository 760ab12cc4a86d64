# SPDX-License-Identifier: MIT
# timeout: 120
# Where a filter (seccomp) refuses a system call, a job works all the same, or mprun ends with a
# sentence that says so. Nobody is killed, nothing hangs, nothing is left.
. "${srcdir:-.}/tests/launcher/lib.sh"
under=$top_builddir/tests/launcher/under
refused=0 worked=0

# What a rank that only prints needs must be allowed, so it is the test's own small program.
"$under" refuse timerfd_create EPERM true || {
    [ $? -eq 77 ] && echo 'this system has no filters of system calls' && exit 77
}
for call in $("$under" calls); do
    for error in EPERM ENOSYS; do
        for options in '' '-l --stdin all' '--channel socket'; do
            [ $error = EPERM ] || [ -z "$options" ] || continue
            run "$under" refuse $call $error "$MPRUN" $options -n 2 "$RANK" where < /dev/null
            what="mprun $options without $call ($error)"
            if [ $status -eq 0 ]; then
                worked=$((worked + 1))
                [ "$(sed 's/^\[.*\] //' "$work/out" | sort)" = '0 of 2
1 of 2' ] || fail "$what: said $(cat "$work/out")"
            else
                refused=$((refused + 1))
                [ $status -lt 124 ] || [ $status -eq 126 ] || fail "$what: exit $status: $(cat "$work/err")"
                warns '^mprun: .*seccomp'
            fi
            left_nothing
        done
    done
done
# Both happens: otherwise the filter did nothing.
[ $worked -gt 0 ] && [ $refused -gt 0 ] || fail "$worked calls worked, $refused were refused"
# The sentence names the call.
for call in signalfd4 pipe2 eventfd2 memfd_create prctl wait4; do
    run "$under" refuse $call EPERM "$MPRUN" -n 2 true
    what="mprun without $call"
    warns "^mprun: .*$call.* Operation not permitted (does a filter of system calls, seccomp, refuse it?)\$"
    warns_lines 1
done
# Ranks are bound for speed only, unless somebody asked for it.
for options in '' '--bind-to share'; do
    run "$under" refuse sched_setaffinity EPERM "$MPRUN" $options -n 1 echo here
    what="mprun $options without sched_setaffinity"
    [ $status -eq 0 ] || fail "$what: exit $status: $(cat "$work/err")"
    says here
done
run "$under" refuse sched_setaffinity EPERM "$MPRUN" --bind-to core -n 1 echo here
what='mprun --bind-to core without sched_setaffinity'
[ $status -eq 126 ] || fail "$what: exit $status"
warns '^mprun: cannot bind echo (rank 0): Operation not permitted'
finish
