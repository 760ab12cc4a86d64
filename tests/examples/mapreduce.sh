#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# examples/mapreduce: equal to grep | sort | uniq -c on 20 MB of generated text and on awkward
# files; killed and started again, with damaged parts and changed inputs; files that cannot be
# read are named and left out; bad input.

. "${srcdir:-.}/tests/examples/common.sh"

# What the program promises to equal.
reference() {
    grep -rahoE '[A-Za-z]+' "$@" | sort | uniq -c
}
# check LABEL: counts is what it should be, and nothing else was left behind.
check() {
    cmp -s counts expected || fail "$1: differs: $(diff counts expected | head -n 4)"
    rm -f counts
    [ -z "$(ls -d counts* 2> /dev/null)" ] || fail "$1: left behind: $(ls -d counts*)"
}

# ---- Text: words as frequent as one over their rank, in a vocabulary of 30,000
mkdir text
awk 'BEGIN {
    srand(5)
    split("ka ro mi ten sul po vi da Ne gra lo Xe quu st a el on ir", syllable, " ")
    for (i = 0; i < 30000; i++)
        for (j = i + 1; j > 0; j = int(j / 18))
            word[i] = word[i] syllable[j % 18 + 1]
    for (bytes = 0; bytes < 20e6; bytes += length(line)) {
        line = ""
        for (i = 0; i < 12; i++)
            line = line word[int(exp(rand() * 10.3)) - 1] (rand() < 0.1 ? ", " : " ")
        print line (rand() < 0.3 ? "- 1984." : "")
    }
}' > text/zipf || fail "awk"
[ "$(wc -c < text/zipf)" -gt 20000000 ] || fail "the text is too short"
reference text > expected
for channel in ${CHANNELS:-""}; do
    for n in 1 2 4; do
        expect 0 run_ours $n mapreduce --chunk 1M -o counts text
        check "$n ranks over $channel"
    done
done
channel=
if build_theirs mapreduce; then
    expect 0 run_theirs 3 mapreduce --chunk 1M -o counts text
    check "Open MPI"
fi

# ---- Killed and started again: ten names for the text, so that it takes a while
names=
for i in 0 1 2 3 4 5 6 7 8 9; do
    ln -s text/zipf name$i
    names="$names name$i"
done
awk '{ printf "%7d %s\n", $1 * 10, $2 }' expected > tenfold && mv tenfold expected
for n in 2 4; do
    for try in 1 2 3 4 5 6 7 8 9 last; do
        rm -rf counts*
        run_ours $n mapreduce --chunk 256K -o counts $names < /dev/null > output 2> errors &
        job=$!
        wanted=$((20 + $(random 200)))
        until [ "$(ls counts.work 2> /dev/null | wc -l)" -gt $wanted ] ||
            ! kill -0 $job 2> /dev/null; do
            :
        done
        kill_one $job mapreduce
        wait $job
        [ $? -eq 0 ] || break
        [ $try != last ] || fail "could not kill a run in the middle"
    done
    [ ! -e counts ] || fail "a killed run left an output"
    parts=$(ls counts.work | grep -c 'part$')
    [ $parts -gt 2 ] || fail "no parts after a kill"
    # Two parts are damaged, one of them cut short.
    set -- counts.work/*.part
    head -c 1000 "$1" > short && mv short "$1"
    tr a b < "$2" > flipped && mv flipped "$2"
    : > counts.work/0123456789abcdef.part.77.tmp
    expect 0 run_ours $((n + 1)) mapreduce --chunk 256K -o counts $names
    says "$((parts - 2)) of "
    check "after a kill with $n ranks"
done

# ---- Awkward files
mkdir -p 'tree/a b/deep' tree/empty
: > tree/nothing
printf 'no newline at the end' > tree/first
printf 'Goes on here?\n' > tree/second
printf 'two\nlines' > "tree/a b/new
line"
head -c 300000 /dev/urandom > tree/binary
head -c 3000000 /dev/zero | tr '\000' x > 'tree/a b/deep/long' # one word of 3 MB
{ printf 'before '; head -c 70000 /dev/zero | tr '\000' y; printf ' after'; } > tree/medium
ln -s ../first tree/empty/link
ln -s nowhere tree/dangling
for i in 1 2 3 4 5 6 7 8 9; do
    printf 'file %s zebra\n' $i > "tree/a b/$i"
done
reference tree > expected
for n in 1 3 8; do
    for chunk in 10000 64K 8M; do
        expect 0 run_ours $n mapreduce --chunk $chunk -o counts tree
        check "awkward files, $n ranks, chunk $chunk"
    done
done
head -c 300 text/zipf > tree/short
reference tree/short 'tree/a b/1' tree/first > expected
for chunk in 1 2 3 17; do
    expect 0 run_ours 2 mapreduce --chunk $chunk -o counts tree/short 'tree/a b/1' tree/first
    check "chunk $chunk"
done
grep -rahoE '[A-Za-z]+' tree tree/first | tr A-Z a-z | sort | uniq -c > expected
expect 0 run_ours 2 mapreduce --lower -o counts tree tree/first
check "lower case, a file twice"
: > expected
expect 0 run_ours 3 mapreduce -o counts tree/nothing tree/empty
check "nothing at all"
printf 'x' > tree/one
printf '      1 x\n' > expected
expect 0 run_ours 8 mapreduce -o counts tree/one
check "more ranks than words"

# ---- Changed inputs: what no longer fits is done again, the rest is not
mkdir changing
for i in 1 2 3 4; do
    head -c 200000 text/zipf | tail -c $((i * 40000)) > changing/$i
done
expect 0 run_ours 2 mapreduce --chunk 32K --keep -o counts changing
echo 'a new line' >> changing/3
reference changing > expected
expect 0 run_ours 2 mapreduce --chunk 32K -o counts changing
says 'finished tasks do not fit the inputs any more'
says ' tasks had been done before'
check "changed inputs"

# ---- What cannot be read is named, the rest is counted, and the status says so
reference tree > expected
for n in 1 3; do
    expect 3 run_ours $n mapreduce -o counts no-such-file tree '' tree/dangling
    says 'cannot read no-such-file: No such file or directory'
    says 'cannot read a file without a name'
    says 'cannot read tree/dangling: a symbolic link to nowhere'
    says 'without 3 that could not be read'
    check "three inputs that cannot be read, $n ranks"
done
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed
    echo closed > closed/file
    echo secret > tree/secret
    chmod 000 closed tree/secret
    expect 3 run_ours 2 mapreduce -o counts tree closed
    says 'cannot read tree/secret: Permission denied'
    says 'cannot read closed: Permission denied'
    check "no permission"
    chmod 700 closed
    rm -rf closed tree/secret
fi
expect 1 run_ours 3 mapreduce --strict -o counts tree no-such-file
says 'cannot read no-such-file: No such file or directory'
[ -z "$(ls -d counts* 2> /dev/null)" ] || fail "--strict left behind: $(ls -d counts*)"
echo 'an earlier result' > counts
expect 1 run_ours 3 mapreduce -o counts no-such-file
says 'cannot read no-such-file: No such file or directory'
[ "$(cat counts)" = 'an earlier result' ] || fail "there was nothing to count, and the output is gone"
rm -rf counts*

# ---- So is what vanishes, shrinks or grows after it was listed. A library that stands in front of
# open does that, so that it comes at the same moment always. What is left is complete: the large
# files are in many tasks, which other ranks do, and the small ones share a task with others.
cat > meddle.c << 'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
int open(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    int fd, other;
    if (strncmp(name, "vanishes", 8) == 0)
        unlink(path);
    fd = next(path, flags, 0666);
    if (strncmp(name, "shrinks", 7) == 0 && truncate(path, 3) != 0)
        return -1;
    if (strncmp(name, "grows", 5) == 0 && (other = next(path, O_WRONLY | O_APPEND)) >= 0) {
        (void)!write(other, "more", 4);
        close(other);
    }
    return fd;
}
END
if ${CC:-cc} -shared -fPIC -o meddle.so meddle.c -ldl > output 2>&1; then
    for n in 1 3; do
        for strict in '' --strict; do
            mkdir moving
            for i in 1 2 3 4 5 6 7 8 9; do
                head -c $((i * 1000)) text/zipf > moving/a$i
            done
            head -c 900000 text/zipf > moving/stays
            reference moving > expected
            for what in vanishes shrinks grows; do
                head -c 800000 text/zipf > moving/$what.large
                head -c 3000 text/zipf > moving/$what.small
            done
            if [ -n "$strict" ]; then
                expect 1 env LD_PRELOAD="$folder/meddle.so" $MPRUN -n $n "$EXAMPLES/mapreduce" \
                    --strict --chunk 64K -o counts moving
                grep -q 'was changed while\|cannot read' errors || fail "--strict does not say why"
                [ ! -e counts ] || fail "--strict leaves an output"
                rm -rf counts.work
            else
                expect 3 env LD_PRELOAD="$folder/meddle.so" $MPRUN -n $n "$EXAMPLES/mapreduce" \
                    --chunk 64K -o counts moving
                for size in large small; do
                    says "cannot read moving/vanishes.$size: No such file or directory"
                    says "moving/shrinks.$size was changed while it was read"
                    says "moving/grows.$size was changed while it was read"
                done
                says 'without 6 that could not be read'
                check "files that change, $n ranks"
            fi
            rm -r moving
        done
    done
else
    cat output
    echo "not tested: files that change (no library for LD_PRELOAD)"
fi
rm -f meddle*

# ---- Bad input
expect 2 run_ours 3 mapreduce
says 'which files?'
expect 2 run_ours 3 mapreduce --no-such-option tree
says 'try --help'
expect 2 run_ours 3 mapreduce --chunk 0 tree
says '--chunk 0: expected a size'
expect 2 run_ours 2 mapreduce -o tree tree
says 'the output tree is there and is no file'
expect 2 run_ours 2 mapreduce -o no/such/folder/counts tree
says 'cannot write no/such/folder/counts'
expect 2 run_ours 2 mapreduce -o counts --work changing tree
says 'changing is there and is not a work folder'
[ "$(ls changing | wc -l)" -eq 4 ] || fail "a foreign folder was touched"
expect 0 run_ours 3 mapreduce --help
[ "$(grep -c '^Usage:' output)" -eq 1 ] || fail "--help was not printed once"
rm -rf text tree changing name? expected output errors theirs_mapreduce
[ -z "$(ls)" ] || fail "left behind: $(ls)"
