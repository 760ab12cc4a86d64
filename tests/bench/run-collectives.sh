#! /bin/bash
# SPDX-License-Identifier: MIT
# Compares the collectives of this library with those of Open MPI and MPICH on this machine: builds
# collectives.c with each of the three, runs them in turn, ROUNDS times, and prints for each figure
# the time of each, and the ratio of ours to the better of the others: at most 1 is at least as good.
#     tests/bench/run-collectives.sh [-r ROUNDS] [-b BUILD] [-n RANKS] [-s best|median] [FIGURE [MOST [LEAST]]]
# BUILD is the folder where ours was built (default: the current one). A round reports the best and
# the median of its batches; -s says which is looked at, and the middle one of the rounds is printed.
# With more ranks than CPUs MPICH is left out, since it spins.

set -u
rounds=5 build=. ranks=2 statistic=median
while getopts r:b:n:s: option; do
    case $option in
    r) rounds=$OPTARG ;;
    b) build=$OPTARG ;;
    n) ranks=$OPTARG ;;
    s) statistic=$OPTARG ;;
    *) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
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
        "$2" -std=gnu11 -O2 -o "$folder/$1" "$here/collectives.c" || exit
        names+=("$1") launcher[$1]=$3
    else
        echo "$1 is left out: no $2" >&2
    fi
}
crowded=
[ "$ranks" -gt "$(nproc)" ] && crowded=yes
offer ours "$build/mpicc" "$build/mprun"
offer openmpi "${OPENMPI_CC:-mpicc.openmpi}" "${OPENMPI_EXEC:-mpiexec.openmpi} ${crowded:+--oversubscribe}"
[ "$crowded" ] || offer mpich "${MPICH_MPICC:-mpicc.mpich}" "${MPICH_MPIEXEC:-mpiexec.mpich}"

for ((round = 0; round < rounds; round++)); do
    for name in "${names[@]}"; do
        timeout 300 ${launcher[$name]} -n "$ranks" "$folder/$name" "$@" < /dev/null |
            sed "s/^/$name /" >> "$folder/figures" || exit
    done
done

awk -v names="${names[*]}" -v column="$([ "$statistic" = best ] && echo 3 || echo 4)" '
    { value[$1, $2, ++n[$1, $2]] = $column
      if (!($2 in seen)) { seen[$2] = 1; order[++figures] = $2 } }
    function middle(name, figure, a, i, j, t, count) {
        count = n[name, figure]
        for (i = 1; i <= count; i++) a[i] = value[name, figure, i]
        for (i = 1; i <= count; i++)
            for (j = i + 1; j <= count; j++)
                if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
        return a[int((count + 1) / 2)]
    }
    END {
        count = split(names, name, " ")
        printf "%-24s", "figure (us)"
        for (i = 1; i <= count; i++) printf " %11s", name[i]
        print "      ratio"
        for (f = 1; f <= figures; f++) {
            printf "%-24s", order[f]
            better = 0
            for (i = 1; i <= count; i++) {
                time = middle(name[i], order[f])
                printf " %11.3f", time
                if (name[i] == "ours") ours = time
                else if (!better || (time && time < better)) better = time
            }
            if (better) printf " %10.2f", ours / better
            print ""
        }
    }' "$folder/figures"
