# SPDX-License-Identifier: MIT
# timeout: 60
# A program named without a slash is the one in PATH, else the one where the ranks start; with --path
# it is one of those folders or none.
. "${srcdir:-.}/tests/launcher/lib.sh"

for folder in here there path; do
    mkdir "$work/$folder"
    printf '#!/bin/sh\necho "%s, $(basename "$0")"\n' $folder > "$work/$folder/mprun-hello"
    chmod +x "$work/$folder/mprun-hello"
done
cd "$work/here" || exit 1

expect 0 -n 2 mprun-hello
says 'here, mprun-hello
here, mprun-hello'
expect 0 -n 1 mprun-hello : -n 1 -wdir "$work/there" mprun-hello : -n 1 -wdir ../there mprun-hello
says 'here, mprun-hello
there, mprun-hello
there, mprun-hello'
# PATH comes first, also where it names this folder itself.
PATH=$work/path:$PATH
expect 0 -n 1 mprun-hello
says 'path, mprun-hello'
expect 0 -n 1 -wdir "$work/there" mprun-hello
says 'path, mprun-hello'
rm "$work/path/mprun-hello"
expect 0 -n 1 mprun-hello
says 'here, mprun-hello'
# A folder or a file without mode +x in PATH is not the program.
mkdir "$work/path/mprun-hello"
expect 0 -n 1 mprun-hello
says 'here, mprun-hello'
rmdir "$work/path/mprun-hello"
: > "$work/path/mprun-hello"
expect 0 -n 1 mprun-hello
says 'here, mprun-hello'
# --path is all there is.
expect 0 -n 1 -path "$work/there" mprun-hello
says 'there, mprun-hello'
rm "$work/there/mprun-hello"
expect 127 -n 1 -path "$work/there" mprun-hello
warns "^mprun: mprun-hello: not found in $work/there; did you mean ./mprun-hello$"
# Nowhere, and here without mode +x.
rm "$work/path/mprun-hello"
expect 127 -n 1 -wdir "$work/there" mprun-hello
warns "^mprun: mprun-hello: not found in PATH, nor in $work/there$"
expect 127 -n 1 nonesuch
warns '^mprun: nonesuch: not found in PATH, nor in this folder$'
chmod -x mprun-hello
expect 126 -n 1 mprun-hello
warns '^mprun: ./mprun-hello: not executable'
# A folder in PATH that may not be searched hides nothing. (Root may search them all.)
mkdir -m 0 "$work/closed"
PATH=$work/closed:$PATH
expect 127 -n 1 nonesuch
finish
