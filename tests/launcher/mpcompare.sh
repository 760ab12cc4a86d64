#! /bin/sh
# SPDX-License-Identifier: MIT
# mpcompare tells agreement from disagreement: within the tolerance and beyond it, in another order,
# with ignored lines; says what it cannot do; and compares a real program with the other MPI where
# there is one.
# timeout: 120
set -u
srcdir=${srcdir:-.} builddir=${builddir:-.}
work=$(mktemp -d "${TMPDIR:-/tmp}/tests-mpcompare.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
# gives STATUS TEXT OPTIONS...: exit status, and a text that the output has
gives() {
    status=$1 text=$2
    shift 2
    "$srcdir/launcher/mpcompare" "$@" > "$work/out" 2>&1
    got=$?
    if [ $got -ne "$status" ] || ! grep -q -e "$text" "$work/out"; then
        echo "FAILED: mpcompare $*: exit $got, expected $status and \"$text\":"
        cat "$work/out"
        failed=1
    fi
}
say() { echo "printf '$1'"; }

gives 0 'agreement: all 1 lines' -r 2 --commands "$(say 'x = 1.0\n')" "$(say 'x = 1.00\n')"
gives 0 'difference 1e-10' -r 1 --commands "$(say 'x 1.0000000001\n')" "$(say 'x 1\n')"
gives 1 'ours: *x 1.0001' -r 1 --commands "$(say 'x 1.0001\n')" "$(say 'x 1\n')"
gives 0 agreement: -r 1 -t 1e-3 --commands "$(say 'x 1.0001\n')" "$(say 'x 1\n')"
gives 0 agreement: -r 1 -a 0.01 --commands "$(say 'x 0.001\n')" "$(say 'x 0\n')"
gives 1 NO -r 1 --commands "$(say 'x one\n')" "$(say 'x two\n')"
gives 1 'the other has 2' -r 1 --commands "$(say 'x\n')" "$(say 'x\ny\n')"
gives 0 'in another order' -r 1 --commands "$(say 'rank 1\nrank 0\n')" "$(say 'rank 0\nrank 1\n')"
gives 0 'all 1 lines' -r 1 --ignore '^time' --commands "$(say 'a 1\ntime 3\n')" "$(say 'a 1\ntime 4\n')"
gives 2 'ended with status 3' -r 1 --commands 'exit 3' true
gives 2 'rounds\|-r is "0"\|-r is 0' -r 0 --commands true true
gives 2 '-t is "much"' -t much --commands true true
gives 2 'cannot read' "$work/nothing.c"
gives 2 'no option of mine' --fast
gives 2 'must be openmpi' --with lam "$srcdir/examples/hello.c"
gives 0 Usage --help
if command -v "${OPENMPI_CC:-mpicc.openmpi}" > /dev/null; then
    cd "$builddir" || exit 1
    case $srcdir in /*) ;; *) srcdir=$PWD/$srcdir ;; esac
    cat > "$work/sum.c" << 'END'
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    int rank;
    double mine, sum;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    mine = 1.0 / (rank + 3);
    MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    printf("rank %d sum %.17g\n", rank, sum);
    MPI_Finalize();
    return 0;
}
END
    gives 0 'times as fast' -n 3 -r 2 \
        --with "${OPENMPI_CC:-mpicc.openmpi},${OPENMPI_EXEC:-mpiexec.openmpi}" "$work/sum.c"
fi
exit $failed
