#! /bin/sh
# SPDX-License-Identifier: MIT
# mpicc and mpicxx, in the build tree and installed: the questions they answer, the compiler
# they choose, static programs, paths with spaces, a prefix that was moved, --disable-mpi-names, and
# the two callers that matter most: CMake's FindMPI and a configure script.
# timeout: 300

set -eu
work=$(mktemp -d "${TMPDIR:-/tmp}/tests-wrapper.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

fail() {
    echo "FAIL: $*"
    failed=1
}
# same WHAT ACTUAL EXPECTED
same() {
    [ "$2" = "$3" ] || fail "$1: \"$2\", expected \"$3\""
}
unset MPRUN_CC MPICC_CC OMPI_CC MPICH_CC MPRUN_CXX MPICXX_CXX OMPI_CXX MPICH_CXX
cc=${CC:-gcc} cxx=${CXX:-g++}
mpicc=$builddir/mpicc

cat > "$work/one.c" << 'END'
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    int size;
    MPI_Init(&argc, &argv);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    printf("size %d\n", size);
    return MPI_Finalize();
}
END
cp "$work/one.c" "$work/one.cc"

# ---- Questions
lib=$(cd "$srcdir/lib" && pwd -P)
link="-L$builddir/.libs -Wl,-rpath,$builddir/.libs -Wl,--enable-new-dtags -lmpi_abi"
same compile "$("$mpicc" -showme:compile)" "-I$lib"
same link "$("$mpicc" -showme:link)" "$link"
same --showme:link "$("$mpicc" --showme:link)" "$link"
same -show "$("$mpicc" -show -O2 one.c -o one)" "$cc -I$lib -O2 one.c -o one $link"
same "-show -c" "$("$mpicc" -show -c one.c)" "$cc -I$lib -c one.c"
same compile_info "$("$mpicc" -compile_info)" "$cc -I$lib -c"
same link_info "$("$mpicc" -link_info)" "$cc -I$lib $link"
same incdirs "$("$mpicc" -showme:incdirs)" "$lib"
same libdirs "$("$mpicc" -showme:libdirs)" "$builddir/.libs"
same libs "$("$mpicc" -showme:libs)" mpi_abi
same command "$("${mpicc%cc}cxx" -showme:command)" "$cxx"
case $("$mpicc" -showme:version) in
"mpicc: mprun "*" (Language: C)") ;;
*) fail "-showme:version says $("$mpicc" -showme:version)" ;;
esac
same "--version, first line" "$("$mpicc" --version | head -n 1)" "$($cc --version | head -n 1)"
"$mpicc" --version | grep -q '^mprun ' || fail "--version does not name mprun"
"$mpicc" -v > /dev/null 2>&1 || fail "-v alone does not pass to the compiler"
same quoting "$("$mpicc" -show -c -D"S=\"a b\"" one.c)" "$cc -I$lib -c '-DS=\"a b\"' one.c"
same newline "$("$mpicc" -show -c 'a
b.c')" "$cc -I$lib -c 'a
b.c'"
! "$mpicc" -showme:nonsense > /dev/null 2>&1 || fail "-showme:nonsense is accepted"
! "$mpicc" > "$work/out" 2>&1 || fail "no arguments are accepted"
grep -q 'no input files' "$work/out" || fail "no arguments: $(cat "$work/out")"

# ---- Compilers
same -cc= "$("$mpicc" -cc=tcc -showme:command)" tcc
same MPICH_CC "$(MPICH_CC=a "$mpicc" -showme:command)" a
same OMPI_CC "$(OMPI_CC="ccache b" MPICH_CC=a "$mpicc" -show -c x.c)" "ccache b -I$lib -c x.c"
same MPICC_CC "$(MPICC_CC=c OMPI_CC=b "$mpicc" -showme:command)" c
same OMPI_CXX "$(OMPI_CC=a OMPI_CXX=b "${mpicc%cc}cxx" -showme:command)" b

# ---- Building, in the build tree
"$mpicc" -o "$work/one" "$work/one.c" || fail "mpicc does not build"
same shared "$("$builddir/mprun" -n 2 "$work/one" | sort -u)" "size 2"
"$mpicc" -static-mpi -o "$work/one" "$work/one.c" || fail "-static-mpi does not build"
! readelf -d "$work/one" | grep -q libmpi_abi || fail "-static-mpi links the shared library"
same static "$("$builddir/mprun" -n 2 "$work/one" | sort -u)" "size 2"
# ---- All spellings of a static program, where the compiler can make one
# runs_static COMPILER-WORD... builds the program, which must need no library, and runs it.
runs_static() {
    "$mpicc" "$@" -o "$work/one" "$work/one.c" > "$work/out" 2>&1 ||
        { cat "$work/out"; fail "$* does not build"; }
    ! readelf -l "$work/one" | grep -q INTERP || fail "$* makes a program that is not static"
    same "$*" "$("$builddir/mprun" -n 2 "$work/one" 2>&1 | sort -u)" "size 2"
}
echo 'int main(void) { return 0; }' > "$work/empty.c"
for way in -static -static-pie; do
    if $cc $way -o "$work/empty" "$work/empty.c" > "$work/out" 2>&1 && "$work/empty"; then
        echo "-O1 \"-DX=a b\" $way" > "$work/words"
        runs_static $way
        runs_static -$way
        runs_static $way -static-mpi
        runs_static -static-mpi $way
        runs_static "@$work/words"
        runs_static "-cc=$cc $way"
        runs_static -x c $way
    else
        echo "the machine's own compiler makes no $way program"
    fi
done
"$mpicc" -static-libgcc -Wl,-Bstatic -Wl,-Bdynamic -o "$work/one" "$work/one.c" || fail "-static-libgcc does not build"
readelf -d "$work/one" | grep -q libmpi_abi || fail "-static-libgcc is taken for -static"
echo "-c" > "$work/words"
same "-c in a file" "$("$mpicc" -show "@$work/words" one.c)" "$cc -I$lib @$work/words one.c"

"${mpicc%cc}cxx" -o "$work/one" "$work/one.cc" || fail "mpicxx does not build"
same C++ "$("$builddir/mprun" -n 2 "$work/one" | sort -u)" "size 2"
(cd "$work" && "$mpicc" -c one.c && "$mpicc" -o one one.o && ./one) > "$work/out" ||
    fail "compiling and linking apart does not work"
same "apart, and alone" "$(cat "$work/out")" "size 1"

# ---- Installed, then moved to a path with a space
make -s --no-print-directory -C "$builddir" install DESTDIR="$work/dest" > "$work/out" 2>&1 ||
    { cat "$work/out"; fail "make install DESTDIR fails"; }
prefix=$(sed -n "s/^prefix='\(.*\)'/\1/p" "$mpicc")
mv "$work/dest$prefix" "$work/a b"
bin="$work/a b/bin"
for name in mpicc mpicxx mpic++ mprun-cc mprun-c++ mpiexec mpirun mprun; do
    [ -x "$bin/$name" ] || fail "$name is not installed"
done
"$bin/mpicc" -o "$work/one" "$work/one.c" || fail "the installed mpicc does not build"
same installed "$("$bin/mpirun" -np 2 "$work/one" | sort -u)" "size 2"
case $(readelf -d "$work/one") in
*"(RUNPATH)"*"[$work/a b/lib]"*) ;;
*) fail "the program does not say where the moved library is: $(readelf -d "$work/one")" ;;
esac
ln -s "$bin/mpicxx" "$work/another-cxx"
same "through a link" "$("$work/another-cxx" -showme:incdirs)" "'$work/a b/include'"
mv "$work/a b" "$work/ab"
bin=$work/ab/bin

# ---- A configure script, as an autoconf user would write it
mkdir "$work/ac"
cat > "$work/ac/configure.ac" << 'END'
AC_INIT([one], [1])
AC_PROG_CC([mpicc])
AC_CHECK_FUNC([MPI_Init], [], [AC_MSG_ERROR([no MPI_Init])])
AC_CHECK_HEADER([mpi.h], [], [AC_MSG_ERROR([no mpi.h])])
AC_RUN_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>]], [[MPI_Init(0, 0); MPI_Finalize();]])],
    [], [AC_MSG_ERROR([MPI does not run])])
AC_OUTPUT
END
if command -v autoconf > /dev/null; then
    (cd "$work/ac" && autoconf && PATH="$bin:$PATH" CC= CFLAGS= ./configure) > "$work/out" 2>&1 ||
        { cat "$work/out" "$work/ac/config.log"; fail "a configure script does not find MPI"; }
fi

# ---- CMake
mkdir "$work/cm"
cp "$work/one.c" "$work/one.cc" "$work/cm"
cat > "$work/cm/CMakeLists.txt" << 'END'
cmake_minimum_required(VERSION 3.13)
project(one C CXX)
find_package(MPI 4.0 REQUIRED)
add_executable(one one.c)
target_link_libraries(one MPI::MPI_C)
add_executable(two one.cc)
target_link_libraries(two MPI::MPI_CXX)
message(STATUS "mpiexec: ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG}")
END
if command -v cmake > /dev/null; then
    (cd "$work/cm" && unset CC CXX CFLAGS && PATH="$bin:$PATH" cmake . && make) > "$work/out" 2>&1 ||
        { cat "$work/out"; fail "CMake does not find or use MPI"; }
    grep -q "mpiexec: $bin/mpiexec -n" "$work/out" || fail "CMake found another mpiexec: $(grep mpiexec: "$work/out")"
    for program in one two; do
        same "CMake's $program" "$("$bin/mpiexec" -n 2 "$work/cm/$program" | sort -u)" "size 2"
    done
fi

# ---- pkg-config
if command -v pkg-config > /dev/null; then
    flags=$(PKG_CONFIG_PATH="$bin/../lib/pkgconfig" pkg-config --define-variable=prefix="$work/ab" \
        --cflags --libs mprun)
    case $flags in
    *"-I$work/ab/include"*"-L$work/ab/lib"*"-lmpi_abi"*) ;;
    *) fail "pkg-config says $flags" ;;
    esac
fi
[ $failed -eq 0 ]
