# SPDX-License-Identifier: MIT
# timeout: 60
# The command line as a user meets it: wrong use is one clear line and exit status 2; the usual
# options of other launchers work, or say what to do instead.
. "${srcdir:-.}/tests/launcher/lib.sh"

wrong() {
    expected=$1 pattern=$2
    shift 2
    expect "$expected" "$@"
    warns "^mprun: .*$pattern"
    warns_lines 1
    says ''
}
wrong 2 'no program given'
wrong 2 'no program given' -n 2
wrong 2 'unknown option --chanel: did you mean --channel?' --chanel shm true
wrong 2 'unknown option --zzzzzzzz: mprun --help' --zzzzzzzz true
for n in 0 -1 1000000 two 2x '' 99999999999999999999; do
    wrong 2 "-n wants a number of ranks from 1 to 4096, not \"$n\"" -n "$n" true
done
wrong 2 '-n wants N after it' -n
wrong 2 '8000 ranks are too many' -n 4000 true : -n 4000 true
wrong 2 'no program after ":"' true :
wrong 2 'no program before ":"' -n 2 : true
wrong 2 'knows "shm" and "socket", not "tcp"' --channel tcp true
wrong 2 'seconds above 0' --timeout 0 true
wrong 2 'names rank 5' --stdin 5 -n 2 true
wrong 2 'host "elsewhere" is not this machine' -host elsewhere true
wrong 2 'not supported: .*--map-by core:pe=N' --rankfile x true
wrong 2 'not supported: .*with -n' -ppn 2 true
wrong 2 'not supported: .*internals' --mca btl self true
wrong 127 'nonesuch: not found in PATH' nonesuch
wrong 127 './nonesuch: not found' ./nonesuch
wrong 126 'is a directory' -n 2 /
wrong 126 'not executable' -n 2 "$srcdir/configure.ac"
wrong 127 'nonesuch: not found in PATH' -n 1 true : -n 1 nonesuch
wrong 2 'cannot start in /nonesuch' -wdir /nonesuch true
printf 'not a program' > "$work/garbage"
printf '#!/nonesuch/interpreter\n' > "$work/orphan"
chmod +x "$work/garbage" "$work/orphan"
wrong 126 'its interpreter or loader is missing' "$work/orphan"
MPRUN_CHANNEL=tcp
export MPRUN_CHANNEL
wrong 2 'MPRUN_CHANNEL knows' true
unset MPRUN_CHANNEL

# What people's fingers know.
for options in '-n 2' '-np 2' '--np 2' '-c 2' '--np=2' '-host localhost:2' '-H localhost,localhost' \
    '--oversubscribe --allow-run-as-root -n 2' '--bind-to none -n 2' '--bind-to core -n 2' \
    '-genvall -n 2' '-l -n 2' '-n 2 --' '--use-hwthread-cpus --bind-to-core -np 2' \
    '--map-by slot -np 2' '--map-by core --bind-to core --rank-by core -np 2' '--bind-to socket -n 2'; do
    expect 0 $options true
    warns_lines 0
done
expect 0 -host localhost:3 echo x
says 'x
x
x'
printf '# us\nlocalhost slots=2\n' > "$work/hosts"
expect 0 --hostfile "$work/hosts" echo x
says 'x
x'
expect 0 --version
says "$(cat "$work/out")"
grep -q '^mprun [0-9]' "$work/out" || fail "--version says no version"
expect 0 --help
[ "$(wc -l < "$work/out")" -le 50 ] || fail "--help is long"
grep -q -e --channel "$work/out" || fail "--help lacks --channel"
expect 0 --info
grep -q 'usable CPUs: [1-9]' "$work/out" || fail "--info lacks CPUs"

# One rank for each CPU that we may use.
cpu=$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')
run taskset -c "$cpu" "$MPRUN" echo x
what="taskset mprun"
says x
expect 2 --nooversubscribe -n 4000 true
warns 'usable CPU'
finish
