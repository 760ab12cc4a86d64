#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# The shared heap where programs are not alike: switched off by option and variable, refused by a
# limit on the size of files, under one on address space, built statically, with another allocator,
# in a plug-in, in a library that Python loads, under valgrind, after other programs of the same
# rank. The same program each time: it says where malloc's and MPI_Alloc_mem's large blocks lie, and
# its variables, and exchanges them with its peer.
. "${srcdir:-.}/tests/launcher/lib.sh"
unset MPRUN_SHARED_HEAP
builddir=${builddir:-$top_builddir}

cat > "$work/probe.c" << 'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BYTES = 500000 };

static char variables[BYTES], values[BYTES] = "values";

static const char *place_of(const void *block)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long from, to, at = (unsigned long)block;
    const char *place = "nowhere";
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && at >= from && at < to)
            place = strstr(line, "mprun-heap") ? "heap" : "own";
    if (maps)
        fclose(maps);
    return place;
}

static void exchange(char *out, char *in, int rank)
{
    memset(out, 'a' + rank, BYTES);
    memset(in, 0, BYTES);
    MPI_Sendrecv(out, BYTES, MPI_BYTE, 1 - rank, 0, in, BYTES, MPI_BYTE, 1 - rank, 0,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (int i = 0; i < BYTES; i++)
        if (in[i] != 'a' + 1 - rank || out[i] != 'a' + rank)
            MPI_Abort(MPI_COMM_WORLD, 99);
}

int run(void);
int run(void)
{
    char *before = malloc(BYTES), *asked, *after;
    int rank, kept = strcmp(values, "values") == 0 && !values[BYTES - 1] && !variables[BYTES - 1];
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    after = malloc(BYTES);
    MPI_Alloc_mem(BYTES, MPI_INFO_NULL, &asked);
    exchange(before, after, rank);
    exchange(asked, before, rank);
    after = realloc(after, 2 * BYTES);
    exchange(after, asked, rank);
    exchange(variables, after, rank);
    exchange(values, variables, rank);
    printf("%s %s %s %s\n", place_of(before), place_of(after), place_of(asked),
           kept ? place_of(variables) : "lost");
    fflush(stdout);
    free(before);
    free(after);
    MPI_Free_mem(asked);
    MPI_Finalize();
    return 0;
}
END
cat > "$work/main.c" << 'END'
int run(void);
int main(int argc, char **argv) { return (void)argv, argc > 1 ? 0 : run(); }
END
# A plug-in frees what its host allocated, and the other way round.
cat > "$work/host.c" << 'END'
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
int run(void);
int main(int argc, char **argv)
{
    (void)argc;
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    char *(*pass)(char *) = 0;
    if (!library)
        return 1;
    *(void **)&pass = dlsym(library, "pass");
    for (int i = 0; i < 100; i++) {
        char *back = pass(memset(malloc(200000), i, 200000));
        if (back[0] != i || back[99999] != i)
            return 2;
        free(back);
    }
    dlclose(library);
    return run();
}
END
cat > "$work/plugin.c" << 'END'
#include <stdlib.h>
#include <string.h>
char *pass(char *block);
char *pass(char *block)
{
    char *mine = memcpy(malloc(100000), block, 100000);
    free(block);
    return mine;
}
END
cd "$work" || exit 1
"$builddir/mpicc" -O1 -g -o probe probe.c main.c || fail "does not build"
"$builddir/mpicc" -O1 -o host host.c probe.c -ldl || fail "host.c does not build"
"$builddir/mpicc" -O1 -fPIC -shared -o libprobe.so probe.c || fail "libprobe.so does not build"
${CC:-cc} -O1 -fPIC -shared -o plugin.so plugin.c || fail "plugin.so does not build"

ours='heap heap heap heap
heap heap heap heap'
none='own own own own
own own own own'
mine='own own heap heap
own own heap heap'
only_blocks='heap heap heap own
heap heap heap own'
only_asked='own own heap own
own own heap own'
expect 0 -n 2 ./probe
if [ "$(sed -n 1p "$work/out")" = 'own own own own' ] && ! "$MPRUN" -n 2 sh -c '[ "$MPRUN_HEAP" ]'; then
    echo "this machine gives out no shared heap"
    exit 77
fi
says "$ours"
expect 0 --no-shared-heap -n 2 ./probe
says "$none"
MPRUN_SHARED_HEAP=0
export MPRUN_SHARED_HEAP
expect 0 -n 2 ./probe
says "$none"
unset MPRUN_SHARED_HEAP
expect 0 -x MPRUN_SHARED_HEAP=0 -n 1 ./probe : -n 1 ./probe # one has it and the other has not
says 'heap heap heap heap
own own own own'
expect 0 --channel socket -n 2 ./probe
says "$none"
expect 0 -n 2 sh -c 'ulimit -v 2000000; exec ./probe'
says "$ours"
expect 0 -n 2 sh -c 'ulimit -n 40; exec ./probe'
says "$ours"
run sh -c 'ulimit -f 8000000; exec "$@"' sh "$MPRUN" -n 2 ./probe
[ $status -eq 0 ] || fail "under ulimit -f: exit $status"
says "$none"

# Several programs under one rank: those before, one beside, the same again by exec.
expect 0 -n 2 sh -c './probe nothing; ./probe nothing; exec ./probe'
says "$ours"
expect 0 -n 2 sh -c './probe nothing & ./probe; wait'
expect 0 -n 2 ./host ./plugin.so
says "$ours"

# Programs of all layouts. No page is lost at either end of the variables.
for layout in -no-pie -pie -Wl,-z,now -Wl,-z,norelro -Wl,-z,lazy,-z,relro -fuse-ld=gold -fuse-ld=lld; do
    "$builddir/mpicc" -O1 -o layout $layout probe.c main.c 2> /dev/null || continue
    expect 0 -n 2 ./layout
    says "$ours"
done
expect 0 -n 2 setarch -R ./probe # without random addresses nothing lies between .bss and brk
says "$ours"

# Variables stay private where they are few, in a library, beside one that is linked statically, where a thread runs already, and
# where the kernel does not map them; .bss joins without a .data that is too large to be copied.
"$builddir/mpicc" -O1 -o user main.c ./libprobe.so && expect 0 -n 2 ./user &&
    [ "$(grep -c ' own$' "$work/out")" -eq 2 ] || fail "of a library: $(cat "$work/out")"
if "$builddir/mpicc" -O1 -c probe.c main.c &&
    ${CC:-cc} -o archive probe.o main.o "$builddir/.libs/libmpi_abi.a" -lm -lpthread 2> /dev/null; then
    expect 0 -n 2 ./archive
    says "$only_asked"
fi
cat > thread.c << 'END'
#include <pthread.h>
#include <unistd.h>
static void *wait(void *unused) { return pause(), unused; }
__attribute__((constructor)) static void begin(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, wait, 0);
}
END
${CC:-cc} -O1 -fPIC -shared -Wl,-z,initfirst -o thread.so thread.c -lpthread || fail "thread.so does not build"
expect 0 -x LD_PRELOAD="$work/thread.so" -n 2 ./probe
says "$only_blocks"
cat > refuse.c << 'END'
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
int ioctl(int fd, unsigned long what, ...) { return (void)fd, (void)what, errno = ENOTTY, -1; }
void *mmap(void *place, size_t bytes, int access, int how, int fd, off_t offset)
{
    if ((how & MAP_FIXED) && (how & MAP_SHARED) && !getenv("OLD")) {
        if (getenv("UNMAP"))
            munmap(place, bytes);
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, place, bytes, access, how, fd, offset);
}
END
${CC:-cc} -O1 -fPIC -shared -o refuse.so refuse.c || fail "refuse.so does not build"
expect 0 -x LD_PRELOAD="$work/refuse.so" -n 2 ./probe
says "$only_blocks"
expect 0 -x LD_PRELOAD="$work/refuse.so" -x UNMAP=1 -n 2 ./probe
says "$only_blocks"
expect 0 -x LD_PRELOAD="$work/refuse.so" -x OLD=1 -n 2 ./probe # a kernel before Linux 6.7
says "$ours"
# What constructors wrote before ours, here and there in .bss, stays.
cat > early.c << 'END'
extern char spread[] __attribute__((weak));
static const int places[] = {0, 4095, 4096, 12293, 2052095, 4186112, 4194303};
__attribute__((constructor)) static void early(void)
{
    for (int i = 0; i < 7 && spread; i++)
        spread[places[i]] = (char)(i + 1);
}
END
cat > spread.c << 'END'
#include <mpi.h>
char spread[4 << 20];
int main(void)
{
    static const int places[] = {0, 4095, 4096, 12293, 2052095, 4186112, 4194303};
    int wrong = 0;
    MPI_Init(0, 0);
    for (int i = 0; i < 7; wrong += spread[places[i]] != i + 1, i++)
        ;
    for (int i = 0; i < 4 << 20; i++)
        wrong += spread[i] != 0;
    MPI_Finalize();
    return wrong - 7;
}
END
${CC:-cc} -O1 -fPIC -shared -Wl,-z,initfirst -o early.so early.c &&
    "$builddir/mpicc" -O1 -rdynamic -o spread spread.c || fail "spread.c does not build"
expect 0 -x LD_PRELOAD="$work/early.so" -n 2 ./spread
expect 0 -x LD_PRELOAD="$work/early.so:$work/refuse.so" -x OLD=1 -n 2 ./spread
expect 0 -x LD_PRELOAD="$work/early.so:$work/refuse.so" -x UNMAP=1 -n 2 ./spread
echo 'char filler[5000000] = "x"; int run(void); int main(void) { return filler[0] - 120 + run(); }' > fill.c
"$builddir/mpicc" -O1 -w -o filled probe.c fill.c && expect 0 -n 2 ./filled && says "$ours"

if "$builddir/mpicc" -O1 -static -o static probe.c main.c 2> /dev/null; then
    expect 0 -n 2 ./static
    says "$only_asked"
fi
for allocator in /usr/lib/*/libjemalloc.so.2 /usr/lib/*/libtcmalloc.so.4 /usr/lib/*/libmimalloc.so.2; do
    [ -f "$allocator" ] || continue
    expect 0 -x LD_PRELOAD="$allocator" -n 2 ./probe
    says "$mine"
done
# An allocator that comes first and takes its memory from the C library's next malloc, ours, as
# tracers do; and one that has its own.
cat > own.c << 'END'
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
static size_t *block(size_t bytes)
{
    size_t *b = mmap(NULL, bytes + 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    b[0] = bytes;
    return b + 2;
}
void *malloc(size_t n) { return block(n); }
void *calloc(size_t n, size_t m) { return block(n * m); }
void free(void *p)
{
    if (p)
        munmap((size_t *)p - 2, ((size_t *)p)[-2] + 16);
}
void *realloc(void *p, size_t n)
{
    void *q = block(n);
    if (p) {
        size_t old = ((size_t *)p)[-2];
        memcpy(q, p, old < n ? old : n);
        free(p);
    }
    return q;
}
int posix_memalign(void **p, size_t a, size_t n)
{
    *p = a <= 16 ? block(n) : NULL;
    return *p ? 0 : 12;
}
END
if ${CC:-cc} -O1 -fPIC -shared -fno-builtin -w -o own.so own.c; then
    expect 0 -x LD_PRELOAD="$work/own.so" -n 2 ./probe
    says "$mine"
fi
# Python: libmpi_abi comes late and locally, so malloc is the C library's.
if command -v python3 > /dev/null; then
    expect 0 -n 2 python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL("./libprobe.so").run())'
    says "$only_asked"
fi
if command -v valgrind > /dev/null; then
    expect 0 -n 2 valgrind -q --error-exitcode=9 ./probe
    says "$none"
fi
for sanitizer in address thread; do
    if "$builddir/mpicc" -O1 -g -fsanitize=$sanitizer -o sanitized probe.c main.c 2> /dev/null; then
        ASAN_OPTIONS=detect_leaks=0 expect 0 -n 2 ./sanitized
        says "$none"
    fi
done
# What becomes of a wrong free is told.
cat > wrong.c << 'END'
#include <mpi.h>
#include <stdlib.h>
int main(void)
{
    char *volatile block = malloc(1000000);
    free(block + 500000);
    return 0;
}
END
"$builddir/mpicc" -w -o wrong wrong.c && expect 134 -n 2 sh -c 'ulimit -c 0; exec ./wrong' &&
    warns 'not the address of a block'
# So is a fork on a stack that parent and child would share.
cat > forks.c << 'END'
#include <mpi.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
static char stack[1 << 20] __attribute__((aligned(4096)));
static void *run(void *nothing)
{
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    return nothing;
}
int main(int argc, char **argv)
{
    pthread_attr_t there;
    pthread_t thread;
    MPI_Init(&argc, &argv);
    pthread_attr_init(&there);
    pthread_attr_setstack(&there, stack, sizeof stack);
    pthread_create(&thread, &there, run, NULL);
    pthread_join(thread, NULL);
    MPI_Finalize();
    return 0;
}
END
"$builddir/mpicc" -o forks forks.c -pthread && expect 1 -n 2 ./forks &&
    warns 'fork on a stack that is a static variable'
expect 0 --no-shared-heap -n 2 ./forks
finish
