# SPDX-License-Identifier: MIT
# timeout: 100
# Two jobs of a user that know each other's name meet, whatever they are: they exchange, disconnect,
# and are apart again. When one dies that is connected, the other ends too.
. "${srcdir:-.}/tests/launcher/lib.sh"
meets=$top_builddir/tests/launcher/meets
case $meets in /*) ;; *) meets=$(pwd)/$meets ;; esac
name=meets-$$

both() { # SERVER CLIENT: how each is started
    $1 "$meets" server "$name" "$3" > "$work/server" 2>&1 &
    server=$!
    $2 "$meets" client "$name" "$3" > "$work/client" 2>&1
    client=$?
    wait $server
    server=$?
}

for one in "$MPRUN -n 2" "$MPRUN -n 3 --channel socket" ""; do
    for other in "$MPRUN -n 4 --nodes 2" ""; do
        both "$one" "$other" 5
        [ $server$client = 00 ] || fail "\"$one\" and \"$other\": $(cat "$work/server" "$work/client")"
    done
done

both "$MPRUN -n 2" "$MPRUN -n 2" dies
[ $client -eq 3 ] || fail "the client that dies: $client: $(cat "$work/client")"
[ $server -eq 58 ] || fail "the server of a client that dies: $server: $(cat "$work/server")"
grep -q 'a process of another world has died' "$work/server" || fail "$(cat "$work/server")"
finish
