#! /bin/bash
# SPDX-License-Identifier: MIT
# Compares this library with Open MPI and MPICH on this machine: builds basic.c and empty.c with
# each of the three, runs them in turn, ROUNDS times, and prints the medians and the ratio of ours
# to the better of the others. A ratio of at most 1 means that ours is at least as good, whether
# the figure is a time or a speed.
#     tests/bench/run-basic.sh [-r ROUNDS] [-b BUILD] [-s median|best] [-o FOLDER] [FIGURE]
# BUILD is the folder where ours was built (default: the current one); FIGURE limits the run to
# figures whose names begin with it (latency, bandwidth, rate, barrier, start ...); with -s best
# the best round counts, not the median, which helps on a machine that is not quiet.

set -u
rounds=5 build=. statistic=median folder=
while getopts r:b:s:o: option; do
    case $option in
    r) rounds=$OPTARG ;;
    b) build=$OPTARG ;;
    s) statistic=$OPTARG ;;
    o) folder=$OPTARG ;;
    *) sed -n '3,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
figure=${1-}
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$build" && pwd) || exit
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"

# name, compiler, launcher; what is not installed is left out.
declare -A compiler launcher
names=()
offer() {
    if [ -x "$2" ] || command -v "$2" > /dev/null; then
        names+=("$1") compiler[$1]=$2 launcher[$1]=$3
    else
        echo "$1 is left out: no $2" >&2
    fi
}
offer ours "$build/mpicc" "$build/mprun"
offer openmpi "${OPENMPI_CC:-mpicc.openmpi}" "${OPENMPI_EXEC:-mpiexec.openmpi}"
offer mpich "${MPICH_MPICC:-mpicc.mpich}" "${MPICH_MPIEXEC:-mpiexec.mpich}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

for name in "${names[@]}"; do
    for program in basic empty; do
        "${compiler[$name]}" -std=gnu11 -O2 -o "$folder/$program.$name" "$here/$program.c" || exit
    done
done
${CC:-cc} -std=gnu11 -O2 -o "$folder/line" "$here/line.c" || exit

cpus=$(nproc)
# start NAME RANKS PROGRAM [ARGS]
start() {
    local name=$1 ranks=$2 program=$3 options=
    shift 3
    [ "$name" = openmpi ] && [ "$ranks" -gt "$cpus" ] && options=--oversubscribe
    timeout 120 "${launcher[$name]}" $options -n "$ranks" "$folder/$program.$name" "$@" < /dev/null
}
wanted() { case $1 in "$figure"*) true ;; *) case $figure in "$1"*) true ;; *) false ;; esac ;; esac; }
# note NAME PREFIX: lines `figure value unit` of a run become lines of the results.
note() { sed "s/^/$1 $2/" >> "$folder/results"; }

: > "$folder/results"
"$folder/line" > "$folder/line.txt"
for ((round = 1; round <= rounds; round++)); do
    for name in "${names[@]}"; do
        printf '\rround %d of %d: %-8s' "$round" "$rounds" "$name" >&2
        case $figure in start*) ;; *) start "$name" 2 basic ${figure:+"$figure"} | note "$name" 2: ;; esac
        if wanted barrier; then
            for ranks in 4 8 16; do
                start "$name" $ranks basic barrier | note "$name" $ranks:
            done
        fi
        if wanted start; then
            for ranks in 2 64; do
                before=${EPOCHREALTIME/./}
                if start "$name" $ranks empty > "$folder/empty.txt" 2>&1; then
                    after=${EPOCHREALTIME/./}
                    echo "start $(((after - before))) us" | note "$name" $ranks:
                fi
            done
        fi
    done
done
printf '\r%40s\r' '' >&2

echo "$(uname -m), $cpus CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), load" \
    "$(cut -d ' ' -f 1 /proc/loadavg); $rounds rounds, $statistic of them"
sed 's/^/hardware: /' "$folder/line.txt"
awk -v statistic="$statistic" '
function insert(key, value,   i) { # keeps values[key, 1..n] sorted
    for (i = ++n[key]; i > 1 && values[key, i - 1] > value; i--)
        values[key, i] = values[key, i - 1]
    values[key, i] = value
}
function figure(name, what,   key) {
    key = name SUBSEP what
    if (!n[key]) return ""
    if (statistic == "best") return fast[what] ? values[key, n[key]] : values[key, 1]
    return values[key, int((n[key] + 1) / 2)]
}
{
    if (!($2 in unit)) { order[++count] = $2; unit[$2] = $4; fast[$2] = $4 ~ /\/s$/ }
    insert($1 SUBSEP $2, $3 + 0)
}
END {
    printf "%-22s %-5s %12s %12s %12s %8s\n", "ranks:figure", "unit", "ours", "openmpi", "mpich", "ratio"
    for (i = 1; i <= count; i++) {
        what = order[i]
        a = figure("ours", what); b = figure("openmpi", what); c = figure("mpich", what)
        if (b == "" || (c != "" && (fast[what] ? c > b : c < b))) better = c
        else better = b
        ratio = a == "" || better == "" ? "-" : \
            sprintf("%.2f%s", r = fast[what] ? better / a : a / better, r > 1 ? " <" : "  ")
        printf "%-22s %-5s %12s %12s %12s %8s\n", what, unit[what], a == "" ? "-" : sprintf("%.4g", a),
            b == "" ? "-" : sprintf("%.4g", b), c == "" ? "-" : sprintf("%.4g", c), ratio
    }
}' "$folder/results"
