#! /bin/sh
# SPDX-License-Identifier: MIT
# Calls and includes go downwards only:
#   api -> collectives -> { message, op, wait, datatype, object, process } -> { shm, socket, heap } -> boot -> base
# and boot/protocol.h and shm/layout.h, which say what the launcher and a rank share, may be
# read from any of them. This reads every #include line and fails on an arrow that points upwards or
# sideways, on a name without its folder, and on a foreign library outside the launcher. Tests see
# mpi.h and their own folder, and the headers of tests/api.

cd "${srcdir:-.}" || exit 1
find lib collectives launcher examples tests/api tests/stress tests/conformance tests/bench \
    -name '*.[ch]' -exec awk '
function folder(path) {
    if (path !~ /\//)
        return path ~ /^mpi\.h$/ ? "lib" : ""
    sub(/\/[^\/]*$/, "", path)
    return path
}
function bad(why) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, why
    failures++
}
BEGIN {
    level["lib/base"] = 1
    level["lib/boot"] = 2
    level["lib/shm"] = level["lib/socket"] = level["lib/heap"] = 3
    level["lib/process"] = level["lib/object"] = level["lib/datatype"] = 4
    level["lib/op"] = level["lib/wait"] = level["lib/message"] = 4
    level["collectives"] = 5
    level["lib/api"] = 6
    shared["boot/protocol.h"] = shared["shm/layout.h"] = 1
}
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
    } else if (what in shared) {
        next
    } else if (target != own && level[target] >= level[own] && level[own] != 4) {
        bad("upwards or sideways: " own " -> " target)
    }
}
END {
    if (files < 5)
        bad("found no sources to read")
    exit failures > 0
}' {} + || { echo "the layers do not hold"; exit 1; }
