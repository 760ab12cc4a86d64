# SPDX-License-Identifier: MIT
# timeout: 60
# Of ranks outside MPI the report says what the system knows: stopped, computing or sleeping, and how
# much CPU time they have used; of a stopped one also if it is in a call.
. "${srcdir:-.}/tests/launcher/lib.sh"
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to ask"
    exit 77
fi
time='[0-9.]*\( to [0-9.]*\)\{0,1\} s of CPU time'

expect 3 -n 7 "$RANK" 0=seen-3 1=stop 2=spin 4=stop-recv-2 6=thread compute
warns '^mprun: rank 0 .* exited with status 3 in MPI_Send$'
warns "^mprun: rank 1 was outside MPI, stopped by a signal ($time)\$"
warns "^mprun: ranks 2, 6 were outside MPI, computing ($time)\$"
warns "^mprun: ranks 3, 5 were outside MPI, sleeping ($time)\$"
warns "^mprun: rank 4 was waiting for rank 2 in MPI_Recv (tag 7), stopped by a signal ($time)\$"
warns_lines 5
# A shell around the program hides nothing.
expect 3 -n 2 sh -c "$RANK 0=seen-3 1=spin; exit \$?"
warns "^mprun: rank 1 was outside MPI, computing ($time)\$"
finish
