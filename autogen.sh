#! /bin/sh
# SPDX-License-Identifier: MIT
# The first command of a fresh clone.
#   ./autogen.sh         only makes configure
#   ./autogen.sh run     installs the packages that are missing, builds, runs the main example
#   ./autogen.sh check   installs more packages, builds, runs every test
# run and check may be repeated; what is already done is not done again. The last line of
# check is `N passed, N failed`.

set -eu
cd -- "$(dirname -- "$0")"

say() {
    printf '\n== %s\n' "$*"
}

# package, how to see that what it brings is there, and why it is needed
packages_to_build='
autoconf      command autoconf           makes configure
automake      command automake           makes the makefile
libtool       command libtoolize         builds the shared and the static library
pkg-config    command pkg-config         finds libuv
make          command make               builds
gcc           command gcc                the compiler
libc6-dev     file /usr/include/stdio.h  the headers of the C library
libuv1-dev    module libuv               the event loop of mprun
'
packages_to_check='
g++             command g++              checks that mpi.h is good C++, and mpicxx
clang           command clang            the second compiler that must be content
clang-format    command clang-format     checks the layout of the sources
libcmocka-dev   module cmocka            the unit tests
openmpi-bin     command mpiexec.openmpi  the MPI that the conformance tests compare with
libopenmpi-dev  command mpicc.openmpi    builds them for it
cmake           command cmake            checks that CMake finds mpicc
valgrind        command valgrind         for make check-valgrind
procps          command ps               the launcher tests look for leftover processes
'

# Names what is missing from the list on stdin: the packages, one a line, with the reason.
missing() {
    while read -r package kind what why; do
        case $kind in
        command) command -v "$what" > /dev/null && continue ;;
        file) [ -e "$what" ] && continue ;;
        module) pkg-config --exists "$what" 2> /dev/null && continue ;;
        *) continue ;;
        esac
        printf '%-14s  %s\n' "$package" "$why"
    done
}

install_missing() {
    wanted=$(printf '%s\n' "$1" | missing)
    [ -n "$wanted" ] || return 0
    say "Packages that are missing:"
    printf '%s\n' "$wanted"
    names=$(printf '%s\n' "$wanted" | sed 's/ .*//' | tr '\n' ' ')
    command='apt-get install -y --no-install-recommends'
    if ! command -v apt-get > /dev/null; then
        echo "This is no Debian system: please install what corresponds to these, and try again." >&2
        exit 1
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root='sudo -n'
        [ ! -t 0 ] || as_root=sudo
        if ! command -v sudo > /dev/null || ! $as_root true; then
            echo "I may not install them. As root, please: $command $names" >&2
            exit 1
        fi
    fi
    say "Installing them: $command $names"
    # Old package lists may still do, so a failed update is no reason to give up.
    $as_root apt-get update -qq < /dev/null || echo "apt-get update failed; going on with what it knows"
    $as_root env DEBIAN_FRONTEND=noninteractive \
        $command -qq -o Dpkg::Use-Pty=0 $names < /dev/null > apt.log 2>&1 || {
        cat apt.log
        echo "apt-get could not install: $names" >&2
        exit 1
    }
    rm -f apt.log
}

make_configure() {
    mkdir -p m4
    autoreconf --install
}

build() {
    if [ ! -x configure ] || [ ! -f Makefile.in ] || [ ! -f config.h.in ] || [ ! -x build-aux/missing ]; then
        say "Making configure"
        make_configure
    fi
    if [ ! -f Makefile ] || [ ! -x config.status ] || [ ! -x libtool ]; then
        say "Configuring"
        ./configure -q
    fi
    # cmocka, Open MPI or clang-format may have been installed after configure looked for them.
    if [ "$1" = check ] && ! ready_to_check; then
        say "Configuring again, for the tests"
        ./configure -q
    fi
    say "Building"
    make --no-print-directory -j"$jobs" ${2:-} all
}

ready_to_check() {
    for line in "have_cmocka='yes'" "OPENMPI_CC='/" "OPENMPI_EXEC='/" "CLANG_FORMAT='/"; do
        grep -q "^$line" config.log || return 1
    done
}

# The counts that Automake left in test-suite.log.
count() {
    sed -n "s/^# $1: *//p" test-suite.log 2> /dev/null | head -n 1 | grep . || echo 0
}

jobs=$(nproc 2> /dev/null || echo 2)
export LC_ALL=C
case ${1:-} in
'')
    make_configure
    ;;
run)
    install_missing "$packages_to_build"
    build run
    say "./mprun examples/monte_carlo"
    exec ./mprun examples/monte_carlo
    ;;
check)
    install_missing "$packages_to_build"
    install_missing "$packages_to_check"
    rm -f test-suite.log
    if ! build check WERROR=-Werror; then
        say "The build failed"
        echo "0 passed, 1 failed"
        exit 1
    fi
    say "Building once more with clang, warnings as errors"
    if make --no-print-directory -j"$jobs" check-clang; then
        clang_passed=1 clang_failed=0
    else
        clang_passed=0 clang_failed=1
    fi
    say "Testing"
    status=0
    make --no-print-directory -j"$jobs" WERROR=-Werror check || status=1
    passed=$(($(count PASS) + $(count XFAIL) + clang_passed))
    failed=$(($(count FAIL) + $(count ERROR) + $(count XPASS) + clang_failed))
    # A check that failed before it came to the tests counts as one failure.
    [ $status -eq 0 ] || [ $failed -gt 0 ] || failed=1
    say "Result; the log of each test lies beside it as tests/.../NAME.log"
    [ "$(count SKIP)" -eq 0 ] || echo "$(count SKIP) skipped"
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
    ;;
*)
    echo "usage: ./autogen.sh [run|check]" >&2
    exit 2
    ;;
esac
