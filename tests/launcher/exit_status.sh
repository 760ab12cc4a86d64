# SPDX-License-Identifier: MIT
# timeout: 60
# mprun exits as the first rank that failed: with its code, or 128 and its signal.
. "${srcdir:-.}/tests/launcher/lib.sh"

expect 0 -n 3 true
expect 1 -n 2 false
expect 7 -n 4 sh -c '[ $MPRUN_RANK != 2 ] || exit 7; exec sleep 60'
warns '^mprun: rank 2 (sh, process [0-9]*) exited with status 7$'
warns_lines 1
expect 255 -n 1 sh -c 'exit 255'
for signal in SEGV:139 KILL:137 ABRT:134 TERM:143 INT:130 PIPE:141 USR1:138; do
    expect ${signal#*:} -n 2 sh -c "ulimit -c 0; [ \$MPRUN_RANK = 0 ] || kill -${signal%:*} \$\$; exec sleep 60"
    warns "^mprun: rank 1 .* was killed by SIG${signal%:*} "
    warns_lines 1
done
expect 3 -q -n 2 sh -c 'exit 3'
warns_lines 1

# MPI_Abort's code, never 0; and a shell between mprun and the program hides nothing.
expect 5 -n 2 "$RANK" 1=abort-5 0=barrier
expect 1 -n 2 "$RANK" 1=abort-0 0=barrier
expect 44 -n 2 "$RANK" 1=abort-300 0=barrier
expect 5 -n 2 sh -c "$RANK 1=abort-5 0=barrier; true"
warns 'ended the job with code 5'

# What an MPI program may not do: leave with 0 in the middle of it.
expect 1 -n 2 "$RANK" 1=vanish 0=barrier
warns '^mprun: rank 1 .* exited with status 0 but without calling MPI_Finalize$'
expect 1 -n 3 "$RANK" 1=leave barrier
warns '^mprun: rank 1 .* exited with status 0 without calling MPI_Init, but other ranks did call it$'
expect 1 -n 2 sh -c "[ \$MPRUN_RANK = 1 ] && exit 0; sleep 0.4; exec $RANK barrier"
warns 'without calling MPI_Init'
expect 0 -n 3 "$RANK" leave
expect 0 -n 3 "$RANK" finalize
expect 9 -n 2 "$RANK" 1=exit-9 0=barrier
finish
