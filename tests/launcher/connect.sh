# SPDX-License-Identifier: MIT
# timeout: 60
# Connections between ranks: every pair gets one, although both ends ask for it at the same time.
. "${srcdir:-.}/tests/launcher/lib.sh"

for n in 2 5 16 80; do # with 80 ranks mprun's own descriptors pass those that ranks use
    expect 0 --channel socket -n $n "$RANK" connect
done
expect 0 --channel socket -l -n 4 "$RANK" connect
# Few descriptors for the user: mprun raises its own limit as far as it may.
run sh -c 'ulimit -S -n 128; exec "$@"' sh "$MPRUN" --channel socket -n 50 "$RANK" connect
what='mprun --channel socket under ulimit -n'
[ $status -eq 0 ] || fail "$what: exit $status: $(cat "$work/err")"
# Over shared memory nobody gets a control socket.
expect 40 -n 2 "$RANK" connect
finish
