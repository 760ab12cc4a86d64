# SPDX-License-Identifier: MIT
# What the scripts of this folder share: where things are, how a program is started, by us and by
# Open MPI, and how one of its ranks is killed in the middle. Sourced, not run.
#
# MPRUN     the launcher (default: the build tree's); may be several words
# CHANNELS  run over each of these (default "shm socket"; empty: pass no --channel)
# EXAMPLES  the folder of the built examples
# OPENMPI_CC, OPENMPI_EXEC  Open MPI's, to compare with; empty: leave that out

set -u
top_builddir=$(cd "${top_builddir:-.}" && pwd)
srcdir=$(cd "${srcdir:-.}" && pwd)
: "${MPRUN:=$top_builddir/mprun}" "${CHANNELS=shm socket}" "${EXAMPLES:=$top_builddir/examples}"
: "${OPENMPI_CC=}" "${OPENMPI_EXEC=}"
# Open MPI's wrapper takes a variable OPENMPI_CC for the name of the compiler to call: were it
# exported, the wrapper would call itself for ever.
their_mpicc=$OPENMPI_CC their_mpiexec=$OPENMPI_EXEC
unset OPENMPI_CC OPENMPI_EXEC
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_plm=isolated OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_mpi_yield_when_idle=1
export LC_ALL=C

# Where the results go. Open MPI wants a short TMPDIR for its sockets, so that stays as it is.
folder=$(mktemp -d "${TMPDIR:-/tmp}/examples.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder" || exit 1

fail() {
    echo "FAILED: $*"
    [ ! -s errors ] || sed 's/^/  stderr: /' errors
    exit 1
}

# expect STATUS COMMAND...: runs it, its output to the files output and errors.
expect() {
    wanted=$1
    shift
    "$@" < /dev/null > output 2> errors
    status=$?
    [ $status -eq "$wanted" ] || fail "exit $status instead of $wanted: $*"
}
# says WORDS: the last command's stderr has them, once.
says() {
    [ "$(grep -cF -e "$1" errors)" -eq 1 ] || fail "did not say once: $1"
}

# run_ours RANKS PROGRAM ARGS...
run_ours() {
    ranks=$1 program=$2
    shift 2
    exec_ours=${channel:+--channel $channel}
    $MPRUN -n "$ranks" $exec_ours "$EXAMPLES/$program" "$@"
}

# Builds PROGRAM with Open MPI's compiler; false if there is none.
build_theirs() {
    [ -n "$their_mpicc" ] && [ -n "$their_mpiexec" ] || return 1
    "$their_mpicc" -std=gnu11 -O2 -o "theirs_$1" "$srcdir/examples/$1.c" -lm ||
        fail "Open MPI's mpicc does not build $1"
}
run_theirs() {
    ranks=$1 program=$2
    shift 2
    "$their_mpiexec" -n "$ranks" "./theirs_$program" "$@"
}

# random N: a number from 0 to N - 1.
random() {
    echo $(($(od -An -N2 -tu2 /dev/urandom) % $1))
}

# ranks_of PID NAME: the processes called NAME that descend from PID.
ranks_of() {
    cat /proc/[0-9]*/stat 2> /dev/null | awk -v top="$1" -v wanted="$2" '
        {
            name = rest = $0
            sub(/^[0-9]+ \(/, "", name); sub(/\) [A-Z] .*/, "", name)
            sub(/.*\) [A-Z] /, "", rest); split(rest, field, " ")
            parent[$1] = field[1]; called[$1] = name
        }
        END {
            for (pid in called) {
                if (called[pid] != wanted)
                    continue
                for (up = pid; up > 1 && up != top; )
                    up = parent[up]
                if (up == top)
                    print pid
            }
        }'
}

# kill_one PID NAME: kill -9 of a random rank of the job that PID launched.
kill_one() {
    victims=$(ranks_of "$1" "$2")
    [ -n "$victims" ] || return 1
    set -- $victims
    shift "$(random $#)"
    kill -9 "$1" 2> /dev/null
}
