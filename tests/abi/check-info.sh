#! /bin/sh
# SPDX-License-Identifier: MIT
# What `mprun --info` says of the standard is true: counted anew from the ABI's table and from the
# list of what is not built, chapter by chapter; that list has only functions of windows, files and
# dynamic processes; each of them raises, and nothing else in the library can raise
# MPI_ERR_UNSUPPORTED_OPERATION; MPI_T, counted as not built, cannot be started.
# Uses: srcdir (the top of the source), top_builddir; LIBMPI_A, NM, MPICC, MPRUN.
set -eu
export LC_ALL=C
srcdir=${srcdir:-$(dirname "$0")/../..}
top_builddir=${top_builddir:-${builddir:-.}}
archive=${LIBMPI_A:-$top_builddir/.libs/libmpi_abi.a}
mpicc=${MPICC:-$top_builddir/mpicc}
mprun=${MPRUN:-$top_builddir/mprun}
NM=${NM:-nm}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tests-info.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
failed=0
fail() {
    echo "FAIL: $1" >&2
    failed=1
}
# none FILE WHAT: the file must be empty.
none() {
    [ ! -s "$1" ] || fail "$2: $(tr '\n' ' ' < "$1")"
}

# ---- The lists
sed -n 's/^UNSUPPORTED[_ON]*(\([A-Za-z_0-9]*\),.*/MPI_\1/p' "$srcdir/lib/base/unsupported.def" |
    sort > "$tmp/unsupported"
[ -s "$tmp/unsupported" ] || fail "lib/base/unsupported.def lists nothing"
sed 1d "$srcdir/tests/abi/functions.tsv" | cut -f 1 | sort > "$tmp/table"
sed -n 's/^MP_CALL(\([A-Za-z_0-9]*\), \([0-9]*\))$/MPI_\1 \2/p' "$srcdir/lib/base/calls.def" |
    sort > "$tmp/chapters"
cut -d ' ' -f 1 "$tmp/chapters" | comm -3 - "$tmp/table" > "$tmp/odd"
none "$tmp/odd" "lib/base/calls.def and the ABI's table differ in"
comm -23 "$tmp/unsupported" "$tmp/table" > "$tmp/odd"
none "$tmp/odd" "listed as not built, but no function of the ABI"

# Only these may be missing.
files='Register_datarep(_c)?|File_[a-z_]*'
grep -Evi "^MPI_($files)\$" "$tmp/unsupported" > "$tmp/odd" || :
none "$tmp/odd" "not built, yet no file"

# ---- What --info says
{ cat "$tmp/unsupported"; grep '^MPI_T_' "$tmp/table"; } | sort > "$tmp/missing"
awk 'NR == FNR { missing[$1] = 1; next }
     { all[$2]++; if (!missing[$1]) built[$2]++ }
     END { for (c in all) print c, built[c] + 0, all[c] }' "$tmp/missing" "$tmp/chapters" |
    sort > "$tmp/must"
"$mprun" --info > "$tmp/info"
sed -n '/^functions of MPI/,$s/^ *\([0-9][0-9]*\) .* \([0-9][0-9]*\) of *\([0-9][0-9]*\).*/\1 \2 \3/p' "$tmp/info" |
    sort > "$tmp/is"
diff "$tmp/must" "$tmp/is" >&2 || fail "--info counts otherwise (<: from the lists)"
# Named are the missing ones, and no others.
grep -o 'MPI_[A-Z][A-Za-z_]*' "$tmp/info" | grep -v '^MPI_ERR_\|^MPI_T_\|^MPI_T$' | sort > "$tmp/named" || :
comm -23 "$tmp/named" "$tmp/missing" > "$tmp/odd"
none "$tmp/odd" "--info names as missing"
[ -s "$tmp/named" ] || fail "--info names no missing function"

# ---- Who can raise the class
grep -rw MPI_ERR_UNSUPPORTED_OPERATION "$srcdir/lib" "$srcdir/collectives" --include='*.c' |
    sed "s,^$srcdir/,," | grep -v '^lib/object/errhandler.c:\|^lib/object/error_strings.c:\|^[^:]*://' \
    > "$tmp/odd" || :
none "$tmp/odd" "MPI_ERR_UNSUPPORTED_OPERATION in"
[ "$(grep -cw MPI_ERR_UNSUPPORTED_OPERATION "$srcdir/lib/object/errhandler.c")" = 1 ] ||
    fail "MPI_ERR_UNSUPPORTED_OPERATION in more than mp_unsupported"
$NM -A -g "$archive" 2> /dev/null | sed -n 's/.*[:/]\([^:/]*\.o\): *U mp_unsupported$/\1/p' |
    sort -u > "$tmp/users"
[ "$(wc -l < "$tmp/users")" = 1 ] && grep -q 'unsupported\.o$' "$tmp/users" ||
    fail "mp_unsupported is called by: $(tr '\n' ' ' < "$tmp/users")"
$NM -A -g --defined-only "$archive" 2> /dev/null |
    sed -n 's/.*unsupported\.o:.* T P\(MPI_[A-Za-z_]*\)$/\1/p' | sort > "$tmp/defined"
comm -3 "$tmp/defined" "$tmp/unsupported" > "$tmp/odd"
none "$tmp/odd" "the list and the functions made of it differ in"

# ---- They do raise it, and MPI_T cannot be started
cat > "$tmp/ask.c" << 'END'
#include <mpi.h>
int main(int argc, char **argv)
{
    int provided, class;
    MPI_File file;
    MPI_Init(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    int errors[] = {
        MPI_File_open(MPI_COMM_WORLD, "x", MPI_MODE_RDONLY, MPI_INFO_NULL, &file),
    };
    for (int i = 0; i < 1; i++) {
        MPI_Error_class(errors[i], &class);
        if (class != MPI_ERR_UNSUPPORTED_OPERATION)
            return 1 + i;
    }
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_T_ERR_CANNOT_INIT)
        return 3;
    MPI_Finalize();
    return 0;
}
END
"$mpicc" -o "$tmp/ask" "$tmp/ask.c" && "$mprun" -n 1 "$tmp/ask" ||
    fail "what is not built does not say so (exit $?)"

[ "$failed" = 0 ] && echo "--info agrees with the library: $(wc -l < "$tmp/missing") functions are missing"
exit "$failed"
