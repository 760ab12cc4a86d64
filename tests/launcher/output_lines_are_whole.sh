# SPDX-License-Identifier: MIT
# timeout: 120
# Lines of ranks that print into one pipe do not mix: untagged up to 4096 bytes, tagged at any length.
. "${srcdir:-.}/tests/launcher/lib.sh"

# whole COUNT BYTES OPTIONS PROGRAM: four ranks, each with so many lines of that length.
whole() {
    what="mprun $3 -n 4 $4 lines=$1,$2"
    # A reader that is late, so that the pipe is full.
    run sh -c '"$@" | (sleep 0.2; cat)' sh "$MPRUN" $3 -n 4 "$top_builddir/tests/launcher/$4" "lines=$1,$2"
    torn=$(awk -v count=$(($2 - 1)) -v tagged="$3" '
        { if (tagged != "") { tag = "[" substr($0, index($0, " ") + 1, 1) "] "
              if (index($0, tag) != 1) { bad++; next }
              $0 = substr($0, 5) }
          r = substr($0, 1, 1)
          letter = substr("abcd", r + 1, 1)
          if (length($0) != count || $0 !~ "^[0-3] [0-9]* " letter "*[.]$") bad++ }
        END { print bad + 0 }' "$work/out")
    [ "$torn" -eq 0 ] || fail "$what: $torn of $(wc -l < "$work/out") lines are torn"
    [ "$(wc -l < "$work/out")" -eq $((4 * $1)) ] || fail "$what: $(wc -l < "$work/out") lines"
}
for program in $printers; do
    whole 20000 40 '' $program
    whole 2000 700 '' $program
    whole 300 4096 '' $program
    whole 5000 40 -l $program
    whole 50 30000 -l $program
    whole 10 65536 -l $program
done
# A string of several lines behind a line that has begun.
what='several lines at once'
many=$(seq -s '
' 1000 1700)
run sh -c '"$@" | (sleep 0.2; cat)' sh "$MPRUN" -n 2 "$top_builddir/tests/launcher/prints" part=begun, say="$many" say="$many"
[ "$(grep -cxE '1[0-9]{3}|begun,1000' "$work/out")" -eq 2804 ] || fail "$what: $(grep -vxE '1[0-9]{3}' "$work/out")"
finish
