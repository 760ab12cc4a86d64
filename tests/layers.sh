#! /bin/sh
# SPDX-License-Identifier: MIT
# Calls and includes go downwards only. The rooms, from the bottom; those with a comma between them
# are side by side and know nothing of each other:
rooms='base shm boot socket,heap process wait object datatype op,message collectives window check api'
#
# First, every #include line: this fails on one that points upwards or sideways, on a name without
# its folder, on a header of ours in <>, and on a foreign library outside the launcher. The launcher
# reads boot/protocol.h and shm/layout.h, which say what it and a rank share, and base/. Tests see
# mpi.h and their own folder, and the headers of tests/api.
#
# No two files have one name, so that a name says which file is meant.
#
# Then the objects of the library, of a build that is complete: who wants a symbol that another
# room defines, a function or a variable, must lie above that. What upper rooms hand down to be
# called is listed in lib/process/handed.h.

cd "${builddir:-.}" && build=$(pwd) && cd - > /dev/null && cd "${srcdir:-.}" || exit 1

levels='function folder(path) {
    if (path !~ /\//)
        return path ~ /^mpi\.h$/ ? "lib" : ""
    sub(/\/[^\/]*$/, "", path)
    return path
}
BEGIN {
    floors = split(rooms, floor, " ")
    for (i = 1; i <= floors; i++) {
        n = split(floor[i], side, ",")
        for (j = 1; j <= n; j++)
            level[side[j] == "collectives" ? side[j] : "lib/" side[j]] = i
    }
}'

status=0
find lib collectives launcher examples tests/api tests/stress tests/conformance tests/bench \
    -name '*.[ch]' -exec awk -v rooms="$rooms" "$levels"'
function bad(why) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, why
    failures++
}
BEGIN { shared["boot/protocol.h"] = shared["shm/layout.h"] = 1 }
FNR == 1 {
    files++
    own = folder(FILENAME)
    outside = own !~ /^lib/ && own != "collectives" && own != "launcher"
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    match($0, /<[^>]*>/)
    what = substr($0, RSTART + 1, RLENGTH - 2)
    if (own != "launcher" && what ~ /^(uv|hwloc)(\/.*)?\.h$/)
        bad("only the launcher uses " what)
    target = folder(what)
    if (what ~ /^(\.\.?|launcher)\// || target in level || ("lib/" target) in level)
        bad("a header of ours stands in quotes")
    next
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    match($0, /"[^"]*"/)
    what = substr($0, RSTART + 1, RLENGTH - 2)
    if (what == "mpi.h" && own != "launcher")
        next
    if (what ~ /^(launcher|tests|examples)\//) {
        if (folder(what) != own)
            bad("belongs to another folder")
        next
    }
    if (outside) {
        if (what ~ /\// && !(own ~ "^tests/" && what ~ /^\.\.\/api\/[a-z_]*\.h$/))
            bad("programs see mpi.h, the C library and their own folder only")
        next
    }
    if (what == "config.h")
        next
    target = folder(what)
    if (target != "collectives")
        target = "lib/" target
    if (what !~ /\// || !(target in level)) {
        bad("write it as folder/name.h, from lib/ or the top")
    } else if (own == "launcher") {
        if (!(what in shared) && target != "lib/base")
            bad("the launcher may include boot/protocol.h, shm/layout.h and base/ only")
    } else if (target != own && level[target] >= level[own]) {
        bad("upwards or sideways: " own " -> " target)
    }
}
END {
    if (files < 5)
        bad("found no sources to read")
    exit failures > 0
}' {} + || status=1

twice=$(find lib collectives launcher -name '*.[ch]' | sed 's,.*/,,' | sort | uniq -d)
[ -z "$twice" ] || { echo "more than one file is named:" $twice; status=1; }

if ! command -v nm > /dev/null; then
    echo "nm not found (Debian: binutils): calls were not looked at"
    exit $((status ? 1 : 77))
fi

# One line "SOURCE OBJECT" for each, then its symbols. libtool leaves objects in the folder, in
# .libs or in both, as it builds an archive, a shared library or both. (lib/boot/plain.c is no part
# of the library.)
symbols() {
    for source in $(find lib collectives -name '*.c' ! -path lib/boot/plain.c); do
        name=libmpi_abi_la-$(basename "$source" .c).o
        object=$build/${source%/*}/$name
        [ -f "$object" ] || object=$build/${source%/*}/.libs/$name
        [ -f "$object" ] || object=none
        echo "object $source $object"
        [ "$object" = none ] || nm -g "$object"
    done
    for source in $(cd "$build" && find launcher lib collectives -name 'mprun-*.o' 2> /dev/null); do
        echo "object $source $build/$source"
        nm -g "$build/$source"
    done
}
symbols | awk -v rooms="$rooms" "$levels"'
function bad(why) {
    print why
    failures++
}
$1 == "object" {
    own = folder($2)
    file = $2
    sub(/.*\//, "", file)
    mprun = file ~ /^mprun-/
    if (mprun && own != "launcher" && own != "lib/base")
        bad("mprun is linked with " $2 ", and may be only with what is in base/")
    if ($3 == "none" && !missing++)
        bad($2 " has no object in the build folder: run make first")
    objects += !mprun
    next
}
NF == 2 && $1 == "U" {
    wants[++n] = $2
    wanted_by[n] = own "/" file
    wanted_in[n] = own
}
NF == 3 && $2 ~ /^[A-Z]$/ && !mprun { defined_in[$3] = own "/" file }
END {
    for (i = 1; i <= n; i++) {
        if (!(wants[i] in defined_in))
            continue
        target = folder(defined_in[wants[i]])
        calls++
        if (wanted_in[i] == "launcher") {
            if (target != "lib/base")
                bad(wanted_by[i] ": " wants[i] " is in " defined_in[wants[i]] \
                    ", and the launcher may use base/ only")
        } else if (target != wanted_in[i] && level[target] >= level[wanted_in[i]]) {
            bad(wanted_by[i] ": " wants[i] " is in " defined_in[wants[i]] \
                ": upwards or sideways: " wanted_in[i] " -> " target)
        }
    }
    if (!missing && calls < 100)
        bad("nm tells no calls between " objects " objects")
    exit failures > 0
}' || status=1

[ $status = 0 ] || echo "the layers do not hold"
exit $status
