# SPDX-License-Identifier: MIT
# timeout: 60
# What ranks find when they start: variables, directory, arguments, number and size of the world.
. "${srcdir:-.}/tests/launcher/lib.sh"
A=outer B=other
export A B

expect 0 -n 2 sh -c 'echo $MPRUN_RANK/$MPRUN_SIZE'
says '0/2
1/2'
expect 0 -n 1 -x A=inner -x C=new -env D 'two words' -genv E all sh -c 'echo "$A|$B|$C|$D|$E"' : \
    -n 1 sh -c 'echo "$A|$B|$C|$D|$E"'
says 'inner|other|new|two words|all
outer|other|||all'
expect 0 -x A -n 1 sh -c 'echo $A'
says outer
expect 0 -x NOT_SET -n 1 true
warns '^mprun: -x NOT_SET: that variable is not set'
expect 0 -genvlist A,PATH -n 1 sh -c 'echo "$A|${B-unset}"'
says 'outer|unset'
expect 0 -envnone -x A -x PATH -n 1 sh -c 'echo "$A|${B-unset}"'
says 'outer|unset'
mkdir -p "$work/deep/folder"
printf '#!/bin/sh\npwd -P\n' > "$work/deep/show"
chmod +x "$work/deep/show"
real=$(cd "$work/deep" && pwd -P)
expect 0 -wdir "$work/deep/folder" -n 1 pwd -P : --wdir "$work/deep" -n 1 ./show
says "$real
$real/folder"
expect 0 -path "$work/deep" -wdir / -n 1 show
says /
expect 0 -n 2 "$RANK" where : -n 1 "$RANK" where
says '0 of 3
1 of 3
2 of 3'
# An argument that looks like an option, an empty one, and blanks reach the program as they are.
expect 0 -n 1 printf '<%s>' -n '' 'a b' --help
says '<-n><><a b><--help>'
# A script that no "#!" begins.
printf 'echo plain "$1"\n' > "$work/plain"
chmod +x "$work/plain"
expect 0 -n 1 "$work/plain" script
says 'plain script'
# An mprun in a job is a job of its own.
expect 0 -n 2 sh -c "exec $MPRUN -n 3 $RANK where"
says '0 of 3
0 of 3
1 of 3
1 of 3
2 of 3
2 of 3'
expect 0 --channel socket -n 1 sh -c "exec $MPRUN -n 1 $RANK where; ls -l /proc/self/fd"
says '0 of 1'
# A rank inherits no descriptors but its three and those that it is told of.
list='cd /proc/self/fd; for fd in [3-9] [0-9][0-9]*; do [ ! -e $fd ] || echo $fd; done'
expect 0 -n 1 sh -c "$list"
says "$({ sh -c "$list"; echo 62; } | sort)"
# Many ranks, and a tight limit on descriptors, which the ranks keep.
expect 0 -n 200 true
run sh -c 'ulimit -S -n 100; exec "$@"' sh "$MPRUN" -l --channel socket -n 60 sh -c 'ulimit -S -n'
what='mprun under ulimit -n'
[ $status -eq 0 ] || fail "$what: exit $status: $(cat "$work/err")"
[ "$(grep -c '^\[[0-9]*\] 100$' "$work/out")" -eq 60 ] || fail "$what: $(head -n 3 "$work/out")"

# Alone, a program is a world of one, unless another launcher means it to be one of several.
run "$RANK" where
what='a program without mprun'
says '0 of 1, alone'
for claim in OMPI_COMM_WORLD_SIZE=4 PMI_SIZE=2 MPI_LOCALNRANKS=2 'SLURM_STEP_NUM_TASKS=2 SLURM_STEP_ID=0' \
    'PMIX_RANK=0 PMIX_NAMESPACE=x'; do
    run env $claim "$RANK" where
    what="a program with $claim"
    [ $status -eq 45 ] || fail "$what: exit $status"
    warns 'this program was started by .* start it with mprun'
    warns_lines 1
done
for claim in OMPI_COMM_WORLD_SIZE=1 SLURM_STEP_NUM_TASKS=2 'OMPI_COMM_WORLD_SIZE=1 PMIX_RANK=0 PMIX_NAMESPACE=x'; do
    run env $claim "$RANK" where
    what="a program with $claim"
    says '0 of 1, alone'
done
# Twice under one rank.
expect 45 -n 1 sh -c "$RANK; $RANK"
warns 'was rank 0 of this job already: an MPI program can be started once per rank'
finish
