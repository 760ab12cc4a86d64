# SPDX-License-Identifier: MIT
# timeout: 120
# Without /proc, as in a plain chroot, a job starts and ends as elsewhere, however it ends: nothing
# hangs, and nothing is left.
. "${srcdir:-.}/tests/launcher/lib.sh"
root=$work/root
default='env --default-signal=INT,TERM'

# Commands and the libraries that they need, at the same places.
mkdir -p "$root/tmp" "$root/dev" "$root/proc"
for file in "$MPRUN" "$RANK" /bin/sh /bin/sleep /bin/true /usr/bin/setsid; do
    [ -x "$file" ] || { echo "there is no $file"; exit 77; }
    for part in "$file" $(ldd "$file" 2> /dev/null | grep -o '/[^ ]*'); do
        mkdir -p "$root/$(dirname "$part")"
        cp -L "$part" "$root/$part"
    done
done
: > "$root/dev/null"
printf '#!/no/such/interpreter\n' > "$root/script"
chmod +x "$root/script"
enter="chroot $root"
$enter /bin/true 2> /dev/null || enter="unshare -r chroot $root"
$enter /bin/true 2> /dev/null || { echo "chroot is not allowed here"; exit 77; }

# within STATUS mprun's arguments
within() {
    expected=$1
    shift
    run $enter "$MPRUN" "$@" < /dev/null
    what="without /proc: mprun $*"
    [ $status -eq "$expected" ] || fail "$what: exit $status, expected $expected: $(cat "$work/err")"
    left_nothing
}
brood='sleep 61 & setsid sleep 62 & (setsid sleep 63 &) ; (trap "" TERM; exec sleep 64) & sleep 0.05'
within 0 -n 2 "$RANK" finalize
# The start fails in the middle.
within 126 -n 2 sleep 60 : -n 1 /script
warns 'cannot execute /script (rank 2)'
within 126 --channel socket -n 2 sh -c "$brood; wait" : -n 1 /script
# Every other end.
within 0 -n 2 sh -c "$brood; exit 0"
warns '^mprun: processes that ranks had left running were ended$'
within 3 -n 3 sh -c "$brood; [ \$MPRUN_RANK = 1 ] && exit 3; wait"
within 3 -n 2 "$RANK" 1=exit-3 recv-1
warns '^mprun: rank 0 was waiting for it in MPI_Recv (tag 7)$'
within 3 -n 2 "$RANK" 1=exit-3 compute
warns '^mprun: rank 0 was outside MPI$'
within 137 -n 2 sh -c "$brood; [ \$MPRUN_RANK = 1 ] && kill -9 \$\$; wait"
within 5 -l -n 2 "$RANK" 1=abort-5 0=barrier
within 124 --grace 0.1 --timeout 0.3 -n 2 sh -c "$brood; wait"
# Whom only the death of its parent makes visible is asked as well.
within 124 --grace 60 --timeout 1.5 -n 1 sh -c "(trap 'echo saved; exit 0' TERM; while :; do sleep 0.02; done) & wait"
says saved
# mprun's own processes are signalled and killed.
for victim in front:TERM:143 front:KILL:137 keeper:KILL:137 warden:KILL:137; do
    rm -f "$root/tmp/started"
    env "$mark" $default $enter "$MPRUN" --grace 0.1 -n 2 sh -c "$brood; echo > /tmp/started; wait" \
        < /dev/null > "$work/out" 2> "$work/err" &
    outer=$!
    wait_for "$root/tmp/started"
    front=$(for p in $(marked); do sed -n 's/^\([0-9]*\) (mprun) .*/\1/p' /proc/$p/stat; done 2> /dev/null)
    other=$(for p in $(marked); do sed -n "s/^\([0-9]*\) (${victim%%:*}) .*/\1/p" /proc/$p/stat; done 2> /dev/null)
    rest=${victim#*:}
    what="without /proc: SIG${rest%:*} to the ${victim%%:*}"
    [ "${victim%%:*}" = front ] && kill -${rest%:*} $front || kill -${rest%:*} $other
    wait $outer
    status=$?
    [ $status -eq ${rest#*:} ] || fail "$what: exit $status, expected ${rest#*:}: $(cat "$work/err")"
    gone_in_a_second
done
# Nor does it help that there is one, if it is that of another namespace, with other numbers in it.
apart='unshare -pf'
$apart true 2> /dev/null || apart='unshare -rpf'
if $apart true 2> /dev/null; then
    # In the second round the numbers come round while the job starts, where that can be arranged.
    for last in 1 32765; do
        for end in 'exit 0:0' '[ $MPRUN_RANK = 1 ] && exit 3; wait:3'; do
            run $apart sh -c '{ echo $0 > /proc/sys/kernel/ns_last_pid; } 2> /dev/null
                "$@"; echo status $?' $last "$MPRUN" -n 2 sh -c "$brood; ${end%:*}" < /dev/null
            what="with a foreign /proc: ${end%:*}"
            says "status ${end##*:}"
            grep -q 'cannot be killed' "$work/err" && fail "$what: $(cat "$work/err")"
            left_nothing
        done
    done
fi
finish
