# SPDX-License-Identifier: MIT
# timeout: 60
# What ranks left running when they ended well is ended, and mprun says so, once.
. "${srcdir:-.}/tests/launcher/lib.sh"
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to count by"
    exit 77
fi

expect 0 -n 3 sh -c 'sleep 61 & setsid sleep 62 & exit 0'
warns '^mprun: 6 processes that ranks had left running were ended$'
warns_lines 1
expect 0 -n 1 sh -c 'nohup sleep 61 > /dev/null 2>&1 & exit 0'
warns '^mprun: 1 process that ranks had left running was ended$'
warns_lines 1
# Also what does not want to go; and what belongs to a process that was left.
expect 0 -n 1 sh -c '(trap "" TERM; exec sleep 61) & exit 0'
warns '^mprun: 1 process that ranks'
expect 0 -n 1 sh -c '(sleep 61; true) & until ps --ppid $! > /dev/null; do sleep 0.01; done; exit 0'
warns '^mprun: 2 processes that ranks'
# Beside a failure past MPI_Finalize.
expect 4 -n 2 sh -c "sleep 61 & exec $RANK 1=late-4"
warns '^mprun: rank 1 .* exited with status 4 after MPI_Finalize$'
warns '^mprun: 2 processes that ranks'
warns_lines 2
# Not when told to be quiet, not when there are none, and not when the job failed: then all is ended.
expect 0 -q -n 1 sh -c 'sleep 61 & exit 0'
warns_lines 0
expect 0 -n 1 sh -c 'sleep 0.01 & wait'
warns_lines 0
expect 3 -n 1 sh -c 'sleep 61 & exit 3'
warns_lines 1
finish
