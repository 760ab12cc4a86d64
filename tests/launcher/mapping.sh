# SPDX-License-Identifier: MIT
# timeout: 100
# Where ranks are put, as tables, on machines of tests/launcher/trees.
. "${srcdir:-.}/tests/launcher/lib.sh"
unset OMP_NUM_THREADS
trees=${srcdir:-.}/tests/launcher/trees
machine() { # TREE
    [ -d "$work/$1" ] || sh "$trees/plant" "$trees/$1.tree" "$work/$1"
    MPRUN_SYSROOT=$work/$1
    export MPRUN_SYSROOT
}
# gives THREADS TABLE options: the CPUs of each rank, with blanks between, and OMP_NUM_THREADS.
gives() {
    threads=$1 table=$2
    shift 2
    run "$MPRUN" "$@" --dry-run true
    what="$(basename "$MPRUN_SYSROOT"): $*"
    got=$(sed -n 's/^rank [0-9]* is not bound.*/any/p; s/^rank .* CPUs* \([0-9,-]*\).*/\1/p' "$work/out" | tr '\n' ' ')
    [ $status -eq 0 ] || fail "$what: exit $status: $(cat "$work/err")"
    [ "$got" = "$table " ] || fail "$what: \"$got\", expected \"$table\""
    grep -qx "    OMP_NUM_THREADS=$threads" "$work/out" ||
        fail "$what: not $threads threads but $(grep OMP_NUM "$work/out" | sort -u)"
}
refuses() { # PATTERN options
    pattern=$1
    shift
    expect 2 "$@" --dry-run true
    warns "^mprun: .*$pattern"
    warns_lines 1
}

machine numa4 # sockets 0-11 and 12-23, nodes of six cores
gives 24 0-23 -n 1
gives 12 '0-11 12-23' -n 2
gives 6 '0-5 6-11 12-17 18-23' --per numa
gives 6 '0-5 6-11 12-17 18-23' --map-by ppr:1:numa
gives 12 '0-11 12-23' --per socket
gives 3 '0-2 3-5 6-8 9-11 12-14 15-17 18-20 21-23' --map-by ppr:2:numa
gives 6 '0-5 6-11 12-17' --per numa -n 3
gives 6 '0-5 12-17 6-11 18-23' --map-by socket -n 4
gives 3 '0-2 12-14 3-5 15-17' --map-by socket:pe=3 -n 4
gives 1 '0 1 2' --map-by slot -n 3
gives 1 '0 6 12 18 1' --map-by numa --bind-to core -n 5
gives 1 '0 1 12 13' --map-by socket --bind-to core --rank-by core -n 4
gives 6 '0-5 12-17 6-11 18-23' --per numa --rank-by socket
gives 6 '0-11 12-23 0-11 12-23' --bind-to socket -n 4
gives 6 '0-5 6-11 12-17 18-23' --map-by numa:pe=4 --bind-to numa -n 4
gives 6 '0-5 12-17 6-11 18-23' --map-by socket --bind-to numa -n 4
gives 6 '0-5 12-17' --map-by socket --bind-to numa -n 2
gives 3 '0-5 12-17 6-11 18-23 0-5' --map-by socket --bind-to numa -n 5
gives 12 'any any' --bind-to none -n 2
gives 6 '0-5 6-11 12-17 18-23' --map-by ppr:4:node
gives 12 '0-11 12-23' --map-by node -n 2
gives 12 '0-11 12-23' --map-by core:pe=12 -n 2
gives 4 '0-3 6-9' --cpu-set 0-3,6-9 --per numa
gives 1 '0-2 0-2 0-2 0-2' --cpu-set 0-2 -n 4
gives 3 '0-2' --cpu-set 0-2 -n 1 --bind-to none
gives 2 '0-1 2-3' --cpu-set 0-3 --map-by ppr:20:numa -n 2
gives 1 '0-3 0-3 0-3 0-3 0-3 6 7' --cpu-set 0-3,6,7 --map-by ppr:5:numa -n 7
refuses '5 ranks, but 1 on each numa makes 4' --per numa -n 5
refuses 'pe=4: 4 ranks on one socket want 16 cores, but there are 12' --cpu-set 0-11 --map-by socket:pe=4 -n 4
refuses '--cpu-set names CPUs that mprun may not use: it may use 0-23' --cpu-set 23-24

machine epyc # 128 cores with second threads 128 above, eight cores to a cache
first='0-7,128-135 8-15,136-143 16-23,144-151 24-31,152-159'
gives 16 "$first" --per l3 -n 4
gives 16 "$first" --bind-to l3cache -n 4
gives 2 '0,128 8,136 16,144' --map-by l3cache --bind-to core -n 3
gives 1 '0 128 1' --bind-to hwthread -n 3
gives 1 '0 128 1' --map-by hwthread -n 3
gives 4 '0-1,128-129 2-3,130-131' --map-by core:pe=2 -n 2
gives 128 '0-63,128-191 64-127,192-255' --bind-to socket -n 2
gives 256 0-255 -n 1
gives 64 '0-31,128-159 32-63,160-191 64-95,192-223 96-127,224-255' -n 4
gives 128 '0-63,128-191 64-127,192-255' --per socket
gives 128 '0-63,128-191 64-127,192-255' --per numa
gives 64 '0-31,128-159 32-63,160-191 64-95,192-223 96-127,224-255' --map-by ppr:2:numa
gives 8 '0-3,128-131 4-7,132-135 8-15,136-143' --map-by ppr:2:l3cache -n 3
gives 2 '0,128 64,192 1,129 65,193' --map-by socket --bind-to core -n 4
gives 2 '0,128 1,129 64,192 65,193' --map-by ppr:2:socket --bind-to core
gives 1 '0 64 128' --map-by socket --bind-to hwthread -n 3
gives 16 '0-7,128-135 64-71,192-199 8-15,136-143 72-79,200-207' --map-by socket --bind-to l3cache -n 4
gives 8 '0-7,128-135 8-15,136-143 0-7,128-135' --cpu-set 0-15,128-143 --map-by socket --bind-to l3cache -n 3
gives 4 '0-1,128-129 64-65,192-193 2-3,130-131' --map-by numa:pe=2 -n 3
gives 4 '0-1,128-129 8-9,136-137 16-17,144-145' --map-by l3cache:PE=2 -n 3
gives 16 '0-7,128-135 64-71,192-199 8-15,136-143 72-79,200-207' --map-by ppr:1:l3cache --cpu-set 0-15,64-79,128-143,192-207 --rank-by socket
gives 1 '0-3 0-3 0-3 0-3 0-3 0-3 0-3 0-3' --cpu-set 0-3 -n 8 --bind-to socket
gives 1 '0,128 0,128 0,128' --cpu-set 0,128 -n 3 --bind-to core
gives 128 'any any' -n 2 --bind-to none
[ "$(grep -c 'is not bound (as asked)' "$work/out")" -eq 2 ] || fail "$what: it is not said why"
refuses '33 ranks, but 2 on each l3cache makes 32' --map-by ppr:2:l3cache -n 33
refuses 'pe=9: 1 ranks on one l3cache want 9 cores, but there are 8' --map-by l3cache:pe=9 -n 1
for pair in socket=2 numa=2 l3=16 core=128 hwthread=256; do
    run "$MPRUN" --per "${pair%=*}" --dry-run true
    [ "$(grep -c ^rank "$work/out")" -eq "${pair#*=}" ] || fail "--per $pair: $(grep -c ^rank "$work/out") ranks"
done
left_nothing
finish
