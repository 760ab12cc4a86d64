# SPDX-License-Identifier: MIT
# timeout: 120
# With -l on a terminal a question can be read before it is answered; what comes after it goes on in
# that line, unless another rank had something to say. Elsewhere only whole lines go out.
. "${srcdir:-.}/tests/launcher/lib.sh"
TERMINAL=$top_builddir/tests/launcher/terminal

# at_terminal EXPECTED [TEXT ANSWER]... -- COMMAND
at_terminal() {
    expected=$1
    shift
    rm -f "$work/go"
    run "$TERMINAL" "$@"
    [ $status -ne 77 ] || { echo "there are no pseudo-terminals here"; exit 77; }
    what="$*"
    [ $status -eq 0 ] || fail "$what: exit $status"
    [ "$(cat "$work/out")" = "$expected" ] || fail "$what: \"$(cat "$work/out")\" instead of \"$expected\""
}
for program in $printers; do
    program=$top_builddir/tests/launcher/$program
    at_terminal '[0] name? bob
(bob)' '[0] name? ' bob -- "$MPRUN" -l -n 2 "$program" '0:part=name? ' 0:echo
done
news=$(printf '[1] news\r\n.') # to its very end, before bob types
at_terminal '[0] name? 
[1] news
bob
[0] (bob)' '[0] name? ' ">$work/go" "${news%.}" bob -- \
    "$MPRUN" -l -n 2 "$top_builddir/tests/launcher/prints" '0:part=name? ' 0:echo "1:wait=$work/go" 1:say=news
at_terminal '[0] 10 %, 20 %
[0] end' '10 %' ">$work/go" -- "$MPRUN" -l -n 1 sh -c \
    'printf "10 %%"; while [ ! -e "$0" ]; do sleep 0.02; done; printf ", 20 %%\nend\n"' "$work/go"
# Two that ask at a time: each begins a line.
at_terminal '[0] first? 
[1] second? 
[0] yes' '[0] first?' ">$work/go" '[1] second?' ">$work/go2" '[0] yes' ">$work/go3" -- \
    "$MPRUN" -l -n 2 sh -c '
    wait_for() { while [ ! -e "$1" ]; do sleep 0.02; done; }
    if [ $MPRUN_RANK = 0 ]; then printf "first? "; wait_for "$0/go2"; echo yes
    else wait_for "$0/go"; printf "second? "; wait_for "$0/go3"; fi' "$work"

# Into a pipe no piece goes out, however long it stays.
what='a pipe'
rm -f "$work/go"
(sleep 0.5; : > "$work/go") &
run sh -c '"$@" | cat' sh "$MPRUN" -l -n 2 sh -c \
    'printf one; while [ ! -e "$0" ]; do sleep 0.02; done; echo two' "$work/go"
says '[0] onetwo
[1] onetwo'
finish
