#! /bin/bash
# SPDX-License-Identifier: MIT
# Packing and unpacking by this library, Open MPI and MPICH: builds pack.c with each of the three,
# runs them in turn, ROUNDS times, and prints for each figure our time, the ratio of the
# hand-written loop's time in the same run to ours, and that of the others' times to ours. Above 1
# means that ours is faster.
#     tests/bench/run-pack.sh [-r ROUNDS] [-n REPETITIONS] [-b BUILD] [FIGURE]
# BUILD is the folder where ours was built (default: the current one); FIGURE is one of column,
# small_column, face_z, face_y, indexed, structs.

set -u
rounds=5 repetitions=40 build=.
while getopts r:n:b: option; do
    case $option in
    r) rounds=$OPTARG ;;
    n) repetitions=$OPTARG ;;
    b) build=$OPTARG ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$build" && pwd) || exit
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

names=()
declare -A launcher
offer() { # name, compiler, launcher; what is not installed is left out
    if command -v "$2" > /dev/null; then
        "$2" -std=gnu11 -O2 -o "$folder/$1" "$here/pack.c" || exit
        names+=("$1") launcher[$1]=$3
    else
        echo "$1 is left out: no $2" >&2
    fi
}
offer ours "$build/mpicc" "$build/mprun"
offer openmpi "${OPENMPI_CC:-mpicc.openmpi}" "${OPENMPI_EXEC:-mpiexec.openmpi}"
offer mpich "${MPICH_MPICC:-mpicc.mpich}" "${MPICH_MPIEXEC:-mpiexec.mpich}"

for ((round = 0; round < rounds; round++)); do
    for name in "${names[@]}"; do
        "${launcher[$name]}" -n 1 "$folder/$name" "$repetitions" "$@" |
            sed "s/^/$name /" >> "$folder/figures" || exit
    done
done

# Of each figure the best time of all rounds; the medians: the middle one of the rounds.
sort -k1,2 "$folder/figures" | awk -v names="${names[*]}" '
    { key = $1 " " $2
      if (!(key in best) || $3 < best[key]) best[key] = $3
      if (!(key in loop) || $5 < loop[key]) loop[key] = $5
      ratio[key, ++n[key]] = $6 / $4
      middle[key, n[key]] = $4
      if ($1 == "ours") figures[$2] = 1 }
    function median(list, key, i, j, t, a) {
        for (i = 1; i <= n[key]; i++) a[i] = list[key, i]
        for (i = 1; i <= n[key]; i++)
            for (j = i + 1; j <= n[key]; j++)
                if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
        return a[int((n[key] + 1) / 2)]
    }
    END {
        count = split(names, name, " ")
        printf "%-20s %9s %12s", "figure (best/median)", "ours us", "loop/ours"
        for (i = 2; i <= count; i++) printf " %17s", name[i] "/ours"
        print ""
        for (figure in figures) {
            ours = "ours " figure
            line = sprintf("%-20s %9.1f  %5.2f %5.2f", figure, best[ours], loop[ours] / best[ours],
                           median(ratio, ours))
            for (i = 2; i <= count; i++) {
                other = name[i] " " figure
                line = line sprintf("       %5.2f %5.2f", best[other] / best[ours],
                                    median(middle, other) / median(middle, ours))
            }
            print line | "sort -t_ -k2"
        }
    }'
