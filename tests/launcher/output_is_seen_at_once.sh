# SPDX-License-Identifier: MIT
# A line is seen when it is printed, whatever standard output is, whether or not the program knows
# MPI, with and without a tag. What the program sets up for itself stays so.
. "${srcdir:-.}/tests/launcher/lib.sh"

# Waits until the log has that many lines; $work/go lets the ranks go on afterwards.
seen_meanwhile() { # COUNT
    n=0
    while [ "$(wc -l < "$work/log")" -lt "$1" ]; do
        n=$((n + 1))
        [ $n -lt 1500 ] || { fail "$what: nothing was seen while the ranks ran"; break; }
        sleep 0.01
    done
    : > "$work/go"
}
for program in $printers; do
    program=$top_builddir/tests/launcher/$program
    for options in '' -l '--channel socket'; do
        for through in file pipe; do
            what="mprun $options -n 2 $program into a $through"
            rm -f "$work/go"
            : > "$work/log"
            set -- $options -n 2 "$program" say=first "wait=$work/go" say=second
            if [ $through = file ]; then
                env "$mark" timeout 30 "$MPRUN" "$@" > "$work/log" < /dev/null &
            else
                env "$mark" timeout 30 "$MPRUN" "$@" < /dev/null | cat > "$work/log" &
            fi
            seen_meanwhile 2
            wait
            [ "$(grep -c second "$work/log")" -eq 2 ] || fail "$what: $(cat "$work/log")"
        done
    done
    # A full buffer that the program asks for stays full.
    what="setvbuf in $program"
    rm -f "$work/go" "$work/said"
    : > "$work/log"
    env "$mark" timeout 30 "$MPRUN" -n 1 "$program" full say=first "make=$work/said" "wait=$work/go" \
        > "$work/log" < /dev/null &
    wait_for "$work/said"
    [ ! -s "$work/log" ] || fail "$what: was flushed"
    : > "$work/go"
    wait
    [ "$(cat "$work/log")" = first ] || fail "$what: $(cat "$work/log")"
done

# What standard output is stays what it is.
for kind in 'regular empty file' fifo; do
    if [ "$kind" = fifo ]; then
        run sh -c '"$@" | cat' sh "$MPRUN" -n 1 sh -c 'stat -c %F - <&1'
    else
        run "$MPRUN" -n 1 sh -c 'stat -c %F - <&1'
    fi
    what="standard output as a $kind"
    [ "$(cat "$work/out")" = "$kind" ] || fail "$what: is a $(cat "$work/out")"
done
# The help that plain programs get is not passed on to what they start, nor does it hide what the
# user preloads.
unset LD_PRELOAD
expect 0 -n 1 sh -c 'env | grep LD_PRELOAD || echo none'
says none
library=$(ldd "$top_builddir/tests/launcher/prints_plain" | sed -n 's,.* \(/[^ ]*libc\.so[^ ]*\) .*,\1,p')
expect 0 -x LD_PRELOAD="$library" -n 1 sh -c 'echo $LD_PRELOAD'
says "$library"
# Programs that could not load it are left alone: not a word from the dynamic linker.
cd "$work" || exit 1
echo '#include <stdio.h>
int main(void) { puts("here"); return 0; }' > here.c
for flags in -static -static-pie -m32 -fsanitize=address -fsanitize=thread; do
    ${CC:-cc} $flags -o here here.c 2> /dev/null && ./here > alone 2> /dev/null || continue
    expect 0 -n 1 ./here
    says here
    ! grep -i preload "$work/err" || fail "$what ($flags)"
done
finish
