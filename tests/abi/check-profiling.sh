#! /bin/sh
# SPDX-License-Identifier: MIT
# The profiling interface (MPI 5.0, 15.2): a tool that defines MPI_Send is called in place of the
# library's and reaches it by PMPI_Send, whether it is linked with the shared library, with the
# static one, or preloaded under a program that knows nothing of it.
# Uses: srcdir (the top of the source), top_builddir; MPICC, MPRUN, CFLAGS.
set -eu
export LC_ALL=C
srcdir=${srcdir:-$(dirname "$0")/../..}
top_builddir=${top_builddir:-${builddir:-.}}
MPICC=${MPICC:-$top_builddir/mpicc}
MPRUN=${MPRUN:-$top_builddir/mprun}
CFLAGS=${CFLAGS--O1 -g}
# A preloaded tool comes before the sanitizer's run-time library; that is meant.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
export ASAN_OPTIONS
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tests-abi.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

build() {
    $MPICC $CFLAGS "$@" || { echo "FAIL: cannot build: $*" >&2; exit 1; }
}
build -c "$srcdir/tests/abi/profiling_app.c" -o "$tmp/app.o"
build -c -fPIC "$srcdir/tests/abi/profiling_tool.c" -o "$tmp/tool.o"
ar rcs "$tmp/libtool.a" "$tmp/tool.o"
build "$tmp/app.o" -o "$tmp/plain"
build "$tmp/app.o" "$tmp/tool.o" -o "$tmp/linked_shared"
build "$tmp/app.o" "$tmp/libtool.a" -static-mpi -o "$tmp/linked_static"
build -shared "$tmp/tool.o" -o "$tmp/tool.so"

# The static program must not depend on the shared library, nor the others do without it.
for program in plain linked_shared linked_static; do
    needs=no
    ! readelf -d "$tmp/$program" | grep -q 'NEEDED.*libmpi_abi' || needs=yes
    case $program:$needs in
    linked_static:yes | plain:no | linked_shared:no)
        echo "FAIL: $program is linked the wrong way" >&2
        failed=1
        ;;
    esac
done

# expect WHAT LINES COMMAND...: the command succeeds and prints the tool's line LINES times.
expect() {
    what=$1 lines=$2
    shift 2
    status=0
    timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
    seen=$(grep -c '^tool: 3 sends, 2 sends started$' "$tmp/out") || :
    if [ "$status" -ne 0 ] || [ "$seen" -ne "$lines" ] || [ "$(wc -l <"$tmp/out")" -ne "$lines" ]; then
        echo "FAIL: $what: status $status, the tool's line $seen times, expected $lines:" >&2
        cat "$tmp/out" "$tmp/err" >&2
        failed=1
    else
        echo "ok: $what"
    fi
}

expect "no tool" 0 "$tmp/plain"
expect "tool linked, shared library" 1 "$tmp/linked_shared"
expect "tool linked, static library" 1 "$tmp/linked_static"
expect "tool preloaded" 1 env LD_PRELOAD="$tmp/tool.so" "$tmp/plain"
expect "tool linked, shared library, 2 ranks" 2 "$MPRUN" -n 2 "$tmp/linked_shared"
expect "tool linked, static library, 2 ranks" 2 "$MPRUN" -n 2 "$tmp/linked_static"
expect "tool preloaded, 2 ranks" 2 "$MPRUN" -n 2 env LD_PRELOAD="$tmp/tool.so" "$tmp/plain"
exit "$failed"
