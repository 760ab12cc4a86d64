# SPDX-License-Identifier: MIT
# timeout: 100
# --tmpdir: a folder of the job's own, which is gone with it, however that ends; if nobody is left to
# remove it, the next mprun does.
. "${srcdir:-.}/tests/launcher/lib.sh"

TMPDIR=$work/tmp
export TMPDIR
mkdir "$TMPDIR"
fill='mkdir -p $TMPDIR/a/b; ln -sf / $TMPDIR/a/link; echo x > $TMPDIR/a/b/$LOCAL_RANK; chmod 500 $TMPDIR/a/b'
is_empty() {
    [ -z "$(ls -A "$TMPDIR")" ] || fail "$what: left $(find "$TMPDIR" | head)"
}
expect 0 --tmpdir -n 2 sh -c "echo \$TMPDIR; $fill"
[ "$(sort -u "$work/out" | wc -l)" -eq 1 ] || fail "ranks have several folders: $(cat "$work/out")"
grep -q "^$TMPDIR/mprun-$(id -u)/job-......\$" "$work/out" || fail "the folder is $(cat "$work/out")"
is_empty
expect 3 --tmpdir -n 2 sh -c "$fill; exit 3"
is_empty
expect 0 --tmpdir -x TMPDIR=/here -n 1 sh -c 'echo $TMPDIR'
says /here
expect 0 --tmpdir --genvlist PATH -n 1 sh -c 'test -d $TMPDIR'
is_empty

# The front first, and the rest stopped: so none of these sees another's death, ends, and leaves the
# folder to the front, which would be killed only then.
kill_at_once() {
    kill -STOP "$@"
    kill -KILL "$@"
}
held="$fill; echo > $ready; sleep 60"
what='--tmpdir, the front killed'
start --tmpdir -n 2 sh -c "$held"
kill -9 "$front"
wait "$front" 2> /dev/null
gone_in_a_second
is_empty
what='--tmpdir, the keeper killed'
start --tmpdir -n 2 sh -c "$held"
kill -9 "$(keeper_of "$front")"
wait "$front" 2> /dev/null
gone_in_a_second
is_empty
what='--tmpdir, front and keeper killed'
start --tmpdir -n 2 sh -c "$held"
kill_at_once "$front" "$(keeper_of "$front")"
wait "$front" 2> /dev/null
gone_in_a_second
is_empty
what='--tmpdir, front and warden killed'
start --tmpdir -n 2 sh -c "$held"
kill_at_once "$front" "$(child_of "$front")"
wait "$front" 2> /dev/null
gone_in_a_second
is_empty
what='--tmpdir, all of mprun killed'
start --tmpdir -n 2 sh -c "$fill; echo > $ready; exec sleep 60"
kill_at_once "$front" "$(child_of "$front")" "$(keeper_of "$front")"
wait "$front" 2> /dev/null
gone_in_a_second
[ -n "$(ls -A "$TMPDIR")" ] || fail "$what: this test has killed too late"
# A job that is under way keeps its own.
start --tmpdir -n 1 sh -c "echo \$TMPDIR > $ready; sleep 60"
"$MPRUN" true
[ "$(ls "$TMPDIR"/mprun-*)" = "$(basename "$(cat "$ready")")" ] || fail "$what: $(ls "$TMPDIR"/mprun-*)"
kill "$front"
ended 143
is_empty
# What somebody else might have put there is not trusted.
mkdir -m 777 "$TMPDIR/mprun-$(id -u)" "$TMPDIR/mprun-$(id -u)/job-abcdef"
expect 126 --tmpdir true
warns '^mprun: --tmpdir: cannot make a folder in .*: Operation not permitted$'
expect 0 true
[ -d "$TMPDIR/mprun-$(id -u)/job-abcdef" ] || fail 'a folder that others may write to was swept'
rm -r "$TMPDIR/mprun-$(id -u)"
# Many at once: none takes another's.
for i in 1 2 3 4 5 6 7 8; do
    for k in 1 2 3 4; do
        env "$mark" timeout 30 "$MPRUN" --tmpdir -n 1 sh -c 'echo > $TMPDIR/x; sleep 0.0$0; test -f $TMPDIR/x' $k ||
            echo lost >> "$work/lost" &
    done
    wait
done
[ ! -e "$work/lost" ] || fail "$(wc -l < "$work/lost") of 32 jobs have lost their folder"
is_empty
if [ -x "${KILLER:=$top_builddir/tests/launcher/killer}" ]; then
    printf '#! /bin/sh\nexec "%s" --tmpdir --limit mem=4G "$@"\n' "$MPRUN" > "$work/mprun"
    chmod +x "$work/mprun"
    "$KILLER" "$work/mprun" "${KILLS:-36}" "$(date +%s)" "$TMPDIR" || fail 'see above'
fi
finish
