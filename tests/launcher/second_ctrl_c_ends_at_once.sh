# SPDX-License-Identifier: MIT
# timeout: 60
# At a terminal the first Ctrl-C gives the job time to save its work, and mprun says so; the second
# one ends it at once. Ranks that leave at the first one need no second.
. "${srcdir:-.}/tests/launcher/lib.sh"
if ! script -qec true /dev/null > /dev/null 2>&1; then
    echo "script(1) gives no terminal here"
    exit 77
fi
ready="$work/ready"
default='env --default-signal=INT'
# until_says TEXT: until it is on the screen.
until_says() {
    n=0
    until grep -q "$1" "$work/screen" 2> /dev/null; do
        n=$((n + 1))
        [ $n -lt 500 ] || return 1
        sleep 0.02
    done
}
# at_terminal MPRUN'S ARGUMENTS, as a line for the shell: types what comes in.
at_terminal() {
    env "$mark" $default script -qefc "$MPRUN $*" /dev/null > "$work/screen" 2>&1
    echo $? > "$work/status"
}
rm -f "$ready" "$work/screen"
{
    wait_for "$ready" && printf '\003'
    until_says 'Ctrl-C again' && printf '\003'
    until_says 'ended by SIGINT' # and hold the terminal until then
} | at_terminal "--grace 1000 -n 2 sh -c 'trap \"\" INT TERM; echo > $ready; while :; do sleep 0.02; done'"
what='two times Ctrl-C'
[ "$(cat "$work/status")" = 130 ] || fail "$what: exit $(cat "$work/status"): $(cat "$work/screen")"
grep -q 'mprun: SIGINT: the job has 1000 s to save its work; Ctrl-C again ends it at once' "$work/screen" ||
    fail "$what: said $(cat "$work/screen")"
gone_in_a_second
rm -f "$ready" "$work/screen"
{
    wait_for "$ready" && printf '\003'
    until_says 'ended by SIGINT'
} | at_terminal "--grace 1000 -n 2 sh -c 'echo > $ready; exec sleep 60'"
what='Ctrl-C'
[ "$(cat "$work/status")" = 130 ] || fail "$what: exit $(cat "$work/status"): $(cat "$work/screen")"
gone_in_a_second
finish
