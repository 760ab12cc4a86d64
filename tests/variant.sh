#! /bin/sh
# SPDX-License-Identifier: MIT
# variant.sh asan|ubsan|tsan|valgrind|clang, run in the build folder by `make check-asan` and
# so on: copies the sources as `make dist` would, configures a second build of them in
# variant-NAME with other flags, and runs the unit, api and stress tests there. clang builds
# everything with warnings as errors and runs nothing. A second time only changes are built.
# The library is built once only, as an archive.

set -eu
name=$1
make=${MAKE:-make}
flags= cc=${CC:-gcc} cxx=${CXX:-g++} options=--disable-shared
export MPRUN_TEST_KIND="$name"
case $name in
asan)
    flags='-O1 -g -fsanitize=address -fno-omit-frame-pointer'
    export ASAN_OPTIONS='abort_on_error=1 detect_stack_use_after_return=0'
    ;;
ubsan) flags='-O1 -g -fsanitize=undefined -fno-sanitize-recover=all' ;;
tsan)
    flags='-O1 -g -fsanitize=thread'
    export TSAN_OPTIONS='halt_on_error=1 abort_on_error=1'
    export MPRUN_TEST_SLOW=3
    ;;
valgrind)
    flags='-O1 -g'
    export MPRUN_TEST_WRAP='valgrind -q --error-exitcode=99 --leak-check=no --child-silent-after-fork=yes --max-stackframe=8388608'
    export MPRUN_TEST_SLOW=10
    ;;
clang) flags='-O2 -g' cc=clang cxx=clang++ options='--disable-shared --enable-werror' ;;
*)
    echo "variant.sh: unknown variant '$name'" >&2
    exit 1
    ;;
esac

mkdir -p "variant-$name"
rm -rf "variant-$name/source"
# The copy keeps the files' times, so what did not change is not built again.
$make --no-print-directory -s distdir distdir="variant-$name/source" \
    > "variant-$name/distdir.log" 2>&1 || { cat "variant-$name/distdir.log"; exit 1; }
cd "variant-$name"
chmod -R u+w source
mkdir -p build
cd build
[ -f Makefile ] ||
    ../source/configure -q CC="$cc" CXX="$cxx" CFLAGS="$flags" $options
$make --no-print-directory all
if [ "$name" = clang ]; then
    $make --no-print-directory check TESTS= > /dev/null
    exit
fi
exec $make --no-print-directory check TESTS="$($make -s --no-print-directory print-variant-tests)"
