#! /bin/sh
# SPDX-License-Identifier: MIT
# Holds lib/mpi.h to the tables of the MPI 5.0 ABI that lie beside this script: every function under
# both names, constant and callback type is there, of the right type and value, in each language that
# a program may be written in; and nothing else is. header.awk makes the programs.
# Uses: srcdir (the top of the source), CC, CXX.
set -eu
export LC_ALL=C
srcdir=${srcdir:-$(dirname "$0")/../..}
CC=${CC:-cc}
CXX=${CXX:-c++}
tables=$srcdir/tests/abi
set -- "$tables/functions.tsv" "$tables/constants.tsv" "$tables/callbacks.tsv"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tests-abi.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

fail() {
    echo "FAIL: $*" >&2
    failed=1
}

for part in constants functions; do
    awk -v part=$part -f "$tables/header.awk" "$@" >"$tmp/$part.c"
    cp "$tmp/$part.c" "$tmp/$part.cc"
done
# What a user would write, in what all dialects have in common.
cat >"$tmp/user.c" <<'PROGRAM'
#include "mpi.h"
static MPI_Comm const comm = MPI_COMM_SELF;
int main(int argc, char **argv)
{
    MPI_Status status;
    MPI_Fint numbers[MPI_F_STATUS_SIZE];
    MPI_Init(&argc, &argv);
    MPI_Recv(MPI_BOTTOM, 0, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &status);
    MPI_Status_c2f(&status, numbers);
    MPI_Status_f2c(numbers, &status);
    return MPI_Comm_f2c(MPI_Comm_c2f(comm)) != comm || MPI_Finalize();
}
PROGRAM
cp "$tmp/user.c" "$tmp/user.cc"
: >"$tmp/empty.c"
: >"$tmp/empty.cc"

# plain SUFFIX COMPILER OPTION...: a plain program compiles without a word, for the strictest user.
# No option of the sanitizers or of the build may soften that, so the compilers come bare.
plain() {
    suffix=$1
    shift
    "$@" -E "$tmp/empty.$suffix" >"$tmp/out" 2>&1 || return 0 # an older compiler
    dialects=$((dialects + 1))
    "$@" -pedantic-errors -Wall -Wextra -Wlong-long -Wundef -Wshadow -Wcast-qual \
        -Wstrict-aliasing -Wredundant-decls -Werror -I"$srcdir/lib" -c "$tmp/user.$suffix" \
        -o "$tmp/user.o" || fail "a plain program does not compile cleanly with $*"
}
dialects=0
for compiler in gcc clang; do
    command -v $compiler >"$tmp/out" || continue
    for option in -ansi -std=c89 -std=gnu89 -std=c90 -std=c99 -std=gnu99 -std=c11 -std=gnu11 -std=c17 \
        -std=c2x; do
        plain c $compiler $option -Wdeclaration-after-statement -Wstrict-prototypes -Wc++-compat
    done
done
for compiler in g++ clang++; do
    command -v $compiler >"$tmp/out" || continue
    for option in -ansi -std=c++98 -std=gnu++98 -std=c++11 -std=c++14 -std=c++17 -std=c++20; do
        plain cc $compiler $option
    done
done
echo "$dialects dialects compile a plain program"

# build WHAT COMPILER STANDARD SUFFIX: the checks repeat declarations and look into their types, so
# they are spared the strictest warnings.
build() {
    checks="-Wall -Wextra -Wno-redundant-decls -Wno-ignored-qualifiers -Wno-variadic-macros -Werror"
    $2 -std=$3 $checks -I"$srcdir/lib" -c "$tmp/functions.$4" -o "$tmp/functions.o" ||
        fail "$1: functions or callbacks differ from the table"
    if $2 -std=$3 $checks -I"$srcdir/lib" "$tmp/constants.$4" -o "$tmp/constants"; then
        "$tmp/constants" >"$tmp/out" || fail "$1: constants differ from the table"
        echo "$1: $(tail -n 1 "$tmp/out")"
        [ "$failed" = 0 ] || cat "$tmp/out" >&2
    else
        fail "$1: constants differ from the table"
    fi
}

build C89 "$CC" c89 c
build C99 "$CC" c99 c
build C11 "$CC" c11 c
build C17 "$CC" c17 c
build C++98 "$CXX" c++98 cc
build C++11 "$CXX" c++11 cc
build C++17 "$CXX" c++17 cc

# No other name. What the header may say beyond the tables: its types, the members of a status, the
# handle conversions, its guard.
{
    cut -f 1 "$@"
    cut -f 1 "$tables/functions.tsv" | sed 's/^/P/'
    for type in Aint Offset Count Fint Status SOURCE TAG ERROR internal Status_c2f Status_f2c \
        T_cb_safety T_source_order H_INCLUDED Datatype ABI_Datatype Type_c2f Type_f2c \
        Comm_errhandler_fn File_errhandler_fn Session_errhandler_fn Win_errhandler_fn; do
        echo "MPI_$type"
    done
    for type in Comm Errhandler File Group Info Message Op Request Session Win; do
        printf 'MPI_%s\n' "$type" "ABI_$type" "${type}_c2f" "${type}_f2c"
    done
    for type in enum cvar_handle pvar_handle pvar_session event_registration event_instance; do
        printf 'MPI_%s\n' "T_$type" "ABI_T_$type"
    done
} | sort -u >"$tmp/known"
echo '#include "mpi.h"' >"$tmp/include.c"
{
    $CC -I"$srcdir/lib" -E -P "$tmp/include.c"
    $CC -I"$srcdir/lib" -E -dM "$tmp/include.c" | awk '{ sub(/\(.*/, "", $2); print $2 }'
} | grep -oE '\<P?MPIX?_[A-Za-z0-9_]+' | sort -u >"$tmp/said"
comm -13 "$tmp/known" "$tmp/said" >"$tmp/extra"
[ ! -s "$tmp/extra" ] || fail "mpi.h has names that are not in the tables: $(tr '\n' ' ' <"$tmp/extra")"

[ "$failed" = 0 ] && echo "mpi.h agrees with the tables"
exit "$failed"
