# SPDX-License-Identifier: MIT
# timeout: 100
# A program of another MPI is not run as so many worlds of one rank: one sentence names the library
# that it was built with. Programs that are not MPI, and what other launchers start, are left alone.
. "${srcdir:-.}/tests/launcher/lib.sh"
set -f

# Libraries with names of other MPIs, and programs that need them.
cat > "$work/library.c" <<'END'
int MPI_Init(void) { return 0; }
END
cat > "$work/program.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef NEEDS
int MPI_Init(void);
#endif
/* program [-load FILE | -read FILE] MILLISECONDS */
int main(int argc, char **argv)
{
#ifdef NEEDS
    MPI_Init();
#endif
    if (argc == 4 && !strcmp(argv[1], "-load") && !dlopen(argv[2], RTLD_NOW))
        return 40;
    if (argc == 4 && !strcmp(argv[1], "-read"))
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, open(argv[2], O_RDONLY), 0);
    usleep(1000 * atoi(argv[argc - 1]));
    puts("ran");
    return 0;
}
END
build() { # NAME SONAME: a program that needs this library
    mkdir -p "$work/lib"
    ${CC:-cc} -shared -fPIC -Wl,-soname,"$2" -o "$work/lib/$2" "$work/library.c" &&
        ${CC:-cc} -DNEEDS -o "$work/$1" "$work/program.c" "$work/lib/$2" -Wl,-rpath,"$work/lib" -ldl
}
build ompi libmpi.so.40 && build mpich libmpich.so.12 && build ours libmpi_abi.so.0 &&
    build profiler libmpiP.so.3 && ${CC:-cc} -o "$work/plain" "$work/program.c" -ldl || {
    echo 'no C compiler that makes shared libraries'
    exit 77
}
# A library that needs one of theirs.
${CC:-cc} -shared -fPIC -Wl,--no-as-needed -o "$work/lib/libsolver.so" "$work/library.c" \
    "$work/lib/libmpi.so.40" -Wl,-rpath,"$work/lib" &&
    ${CC:-cc} -Wl,--no-as-needed -o "$work/solver" "$work/program.c" "$work/lib/libsolver.so" \
        -Wl,-rpath,"$work/lib" -ldl || exit 1
long=60000 # far longer than until it is found

refused() { # LIBRARY
    warns "^mprun: .* another MPI, $1.* not know of each other; build .* with mprun's mpicc"
    warns_lines 1
    says ''
}
# By what its file says, before it starts.
expect 126 -n 2 "$work/ompi" 0
refused 'libmpi.so.40 (Open MPI)'
expect 126 -n 3 --channel socket "$work/mpich" 0
refused 'libmpich.so.12 (MPICH)'
expect 126 -n 1 "$RANK" barrier : -n 1 "$work/mpich" 0
refused libmpich.so.12
expect 126 -n 2 -wdir "$work" ./ompi 0
refused libmpi.so.40
expect 126 -n 2 -path "$work" ompi 0
refused libmpi.so.40
# By what it has loaded, however it came to that.
for command in "env $work/mpich $long" "sh -c $work/ompi<>$long;true" "$work/solver $long" \
    "$work/plain -load $work/lib/libmpi.so.40 $long" "sh -c ($work/plain<>-load<>$work/lib/libmpich.so.12<>$long);true"; do
    set --
    for word in $command; do set -- "$@" "$(echo "$word" | sed 's/<>/ /g')"; done
    for options in '' '-l' '--channel socket'; do
        expect 126 $options -n 2 "$@"
        refused 'libmpi'
    done
done
expect 126 -n 1 "$RANK" barrier : -n 1 env "$work/ompi" $long
refused libmpi.so.40
expect 126 -q -n 2 env "$work/ompi" $long
refused libmpi.so.40

# One rank is a world of one in any MPI.
expect 0 -n 1 "$work/ompi" 0
says ran
expect 0 -n 1 env "$work/mpich" 300
says ran
# Names that only look so; files that are only read; no MPI at all.
for command in "$work/ours 300" "$work/profiler 300" "$work/plain 300" \
    "$work/plain -read $work/lib/libmpi.so.40 300" "head -c 0 $work/ompi"; do
    expect 0 -n 2 $command
    [ -z "$(grep -v '^ran$' "$work/out" "$work/err")" ] || fail "$what: $(cat "$work/out" "$work/err")"
done
# What another launcher, or another mprun, starts in a rank.
for claim in OMPI_COMM_WORLD_SIZE=3 PMI_RANK=0 PMIX_RANK=0; do
    expect 0 -n 2 env $claim "$work/ompi" 300
    says 'ran
ran'
done
expect 0 -n 2 "$MPRUN" -n 1 "$work/mpich" 300
says 'ran
ran'
# The real ones, where they are.
for compiler in mpicc.openmpi mpicc.mpich; do
    command -v $compiler > /dev/null || continue
    printf '#include <mpi.h>\nint main(int c, char **v) { MPI_Init(&c, &v); return MPI_Finalize(); }\n' > "$work/real.c"
    $compiler -o "$work/real" "$work/real.c" 2> /dev/null || continue
    expect 126 -n 2 "$work/real"
    refused libmpi
done
finish
