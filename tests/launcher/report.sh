# SPDX-License-Identifier: MIT
# timeout: 60
# When a rank fails, a few lines say which, how, in which call, and who waited for it.
. "${srcdir:-.}/tests/launcher/lib.sh"
ulimit -c 0

expect 139 -n 5 "$RANK" recv-2 2=segv 4=barrier
warns '^mprun: rank 2 (.*rank, process [0-9]*) was killed by SIGSEGV (signal 11, Segmentation fault) in MPI_Send$'
warns '^mprun: ranks 0, 1, 3 were waiting for it in MPI_Recv (tag 7)$'
warns '^mprun: rank 4 was waiting in MPI_Barrier$'
warns_lines 3

expect 3 -n 3 "$RANK" 1=fatal recv-1
warns '^mprun: rank 1 .* ended the job with code 3:$'
warns '^MPI_Send: count is -1$'
warns '^mprun: ranks 0, 2 were waiting for it in MPI_Recv (tag 7)$'
warns_lines 3

expect 137 -n 8 "$RANK" 0=kill 2=recv-1 compute
warns '^mprun: rank 0 .* was killed by SIGKILL '
warns '^mprun: ranks 1, 3-7 were outside MPI'
warns '^mprun: rank 2 was waiting for rank 1 in MPI_Recv (tag 7)$'

# Where everybody was when the time was up, and when somebody lost patience.
expect 124 --timeout 0.5 -n 2 "$RANK" 0=recv-1 1=recv-0
warns '^mprun: ended after 0.5 s, as --timeout asked$'
warns '^mprun: rank 0 was waiting for rank 1 in MPI_Recv (tag 7)$'
warns '^mprun: rank 1 was waiting for rank 0 in MPI_Recv (tag 7)$'
expect 124 -q --timeout 0.2 -n 2 "$RANK" 0=recv-1 1=recv-0
warns_lines 1
finish
