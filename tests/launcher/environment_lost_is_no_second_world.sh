# SPDX-License-Identifier: MIT
# timeout: 100
# A program whose environment was emptied between mprun and its start (env -i, sudo) is the rank that
# mprun meant it to be, or says why not. It is never a world of its own, unless a rank starts it.
. "${srcdir:-.}/tests/launcher/lib.sh"
under=$(pwd)/tests/launcher/under
tests=$(pwd)/tests/api
ranks='0 of 3
1 of 3
2 of 3'

for channel in shm socket; do
    expect 0 --channel $channel -n 3 env -i "$RANK" where
    says "$ranks"
    expect 0 --channel $channel -n 3 sh -c "env -i $RANK where; true"
    says "$ranks"
    expect 0 --channel $channel -n 3 sh -c "exec env -i setsid -w sh -c '$RANK where; true'"
    says "$ranks"
    expect 0 --channel $channel -n 1 "$RANK" where : -n 2 env -i "$RANK" where
    says "$ranks"
    expect 0 --channel $channel -n 2 env -i "$tests/messages_between_all_kinds_of_memory"
    expect 0 --channel $channel -n 1 "$tests/coll_blocking_forms" : -n 2 env -i "$tests/coll_blocking_forms"
done
expect 0 --channel socket -n 4 env -i "$RANK" connect
# The descriptors too, as sudo does.
expect 0 -n 3 env -i "$under" closed "$RANK" where
says "$ranks"
expect 0 -n 3 env -i "$under" covered sh -c "$RANK where; true"
says "$ranks"
expect 0 -n 2 env -i "$under" closed "$tests/messages_between_all_kinds_of_memory"
# Another user may not look into mprun.
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --clear-groups "$RANK" leave 2> /dev/null; then
    expect 45 -n 2 setpriv --reuid=65534 --clear-groups env -i "$under" closed "$RANK" where
    warns '^this program was started by mprun (process [0-9]*), but as another user'
    expect 0 -n 3 setpriv --reuid=65534 --clear-groups env -i "$RANK" where
    says "$ranks"
fi
# Variables that are partly gone are named.
for name in MPRUN_RANK MPRUN_SIZE MPRUN_SEGMENT_FD; do
    expect 45 -n 2 env -u $name "$RANK" where
    warns "^mprun's variables .* are incomplete"
done
# Twice under one rank.
expect 45 -n 1 sh -c "env -i $RANK; env -i $RANK"
warns 'was rank 0 of this job already'
expect 45 -n 1 sh -c "env -i $under closed $RANK; env -i $under closed $RANK"
warns 'was rank 0 of this job already'
# Nobody is left who tells the rank: the parent has ended, and was waited for.
cat > "$work/orphan.sh" << END
(
    parent=\$(exec sh -c 'echo \$PPID')
    setsid sh -c "while [ -d /proc/\$parent ]; do sleep 0.01; done; exec env -i $RANK where" 2> $work/orphan &
)
while [ ! -s $work/orphan ]; do sleep 0.05; done
END
expect 0 -n 1 sh "$work/orphan.sh"
cp "$work/orphan" "$work/err"
what='an orphan without environment'
warns '^this program was started by mprun, as descriptor 62 shows, but the variables that say which rank'
# What a rank starts is a world of its own; and so is what nobody starts.
expect 0 -n 2 "$RANK" parent "$RANK" where
says '0 of 1, alone
0 of 1, alone'
expect 0 -n 2 env -i "$RANK" parent "$RANK" where
says '0 of 1, alone
0 of 1, alone'
expect 0 -n 2 "$RANK" exec "$RANK" where
says '0 of 1, alone
0 of 1, alone'
run env -i "$RANK" where
what='a program without mprun'
says '0 of 1, alone'
# The nearest mprun counts.
expect 0 -n 2 env -i "$MPRUN" -n 2 env -i "$RANK" where
says '0 of 2
0 of 2
1 of 2
1 of 2'
# A program that is called like mprun's own process is none.
cp "$(command -v sh)" "$work/keeper"
run "$work/keeper" -c "env -i $RANK where; true"
what='a program below another keeper'
says '0 of 1, alone'
finish
