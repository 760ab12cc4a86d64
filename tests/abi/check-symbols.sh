#! /bin/sh
# SPDX-License-Identifier: MIT
# Holds the exported symbols of both forms of the library to the table of the MPI 5.0 ABI. The shared
# library exports the functions, PMPI_ strong and MPI_ weak, and, where it replaces them, malloc and
# its kin and madvise (lib/heap/malloc.c: all of them or none), and nothing else. The static one has
# the MPI functions and otherwise only global names that begin with mp_, each defined once, since a
# program that links it shares one name space with us.
# Uses: srcdir (the top of the source), top_builddir; LIBMPI_SO, LIBMPI_A, NM.
set -eu
export LC_ALL=C
srcdir=${srcdir:-$(dirname "$0")/../..}
top_builddir=${top_builddir:-${builddir:-.}}
so=${LIBMPI_SO:-$top_builddir/.libs/libmpi_abi.so}
archive=${LIBMPI_A:-$top_builddir/.libs/libmpi_abi.a}
NM=${NM:-nm}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tests-abi.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# same WHAT: are the lines of $tmp/must and $tmp/is, both sorted, the same?
same() {
    comm -23 "$tmp/must" "$tmp/is" >"$tmp/missing"
    comm -13 "$tmp/must" "$tmp/is" >"$tmp/extra"
    [ ! -s "$tmp/missing" ] || { failed=1; sed "s/^/FAIL: $1 lacks: /" "$tmp/missing" >&2; }
    [ ! -s "$tmp/extra" ] || { failed=1; sed "s/^/FAIL: $1 has besides: /" "$tmp/extra" >&2; }
}

sed 1d "$srcdir/tests/abi/functions.tsv" | cut -f 1 >"$tmp/names"
{
    sed 's/^/weak /' "$tmp/names"
    sed 's/^/strong P/' "$tmp/names"
} | sort >"$tmp/must"
count=$(wc -l <"$tmp/must")
[ "$count" -eq 1328 ] || { echo "FAIL: the table has $count names, not 2 * 664" >&2; exit 1; }

# symbols NM-ARGUMENTS: "weak NAME", "strong NAME", or "TYPE NAME" for what is not code.
symbols() {
    $NM -P --defined-only "$@" | awk '
        /^[^ ]*:$/ { next } # a member of the archive
        $2 == "T" { print "strong", $1; next }
        $2 == "W" || $2 == "V" { print "weak", $1; next }
        NF >= 2 { print $2, $1 }'
}

# The sanitizers leave globals of their own in what they instrument.
symbols -D "$so" | grep -Ev ' _*(asan|odr_asan|ubsan|tsan|sancov|llvm|gcov)_' | sort >"$tmp/is" || :
for name in aligned_alloc calloc free madvise malloc malloc_usable_size memalign posix_memalign pvalloc \
    realloc reallocarray valloc; do
    echo "strong $name"
done >"$tmp/malloc"
cp "$tmp/must" "$tmp/table"
! grep -qx 'strong malloc' "$tmp/is" || sort -o "$tmp/must" "$tmp/must" "$tmp/malloc"
same "the shared library"
cp "$tmp/table" "$tmp/must"

symbols -g "$archive" >"$tmp/all"
grep -E ' P?MPI_' "$tmp/all" | sort >"$tmp/is" || :
same "the static library"
grep -Ev ' P?MPI_| mp_| _*(asan|odr_asan|ubsan|tsan|sancov|llvm|gcov)_' "$tmp/all" >"$tmp/extra" || :
[ ! -s "$tmp/extra" ] || {
    failed=1
    sed 's/^/FAIL: the static library has a global name that does not begin with mp_: /' "$tmp/extra" >&2
}
cut -d ' ' -f 2 "$tmp/all" | sort | uniq -d >"$tmp/twice"
[ ! -s "$tmp/twice" ] || {
    failed=1
    sed 's/^/FAIL: the static library defines twice: /' "$tmp/twice" >&2
}

[ "$failed" = 0 ] && echo "both libraries export the $count names of the table and nothing else"
exit "$failed"
