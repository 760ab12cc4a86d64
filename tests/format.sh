#! /bin/sh
# SPDX-License-Identifier: MIT
# Every C file is as clang-format 14 with .clang-format would write it. Other versions
# lay out differently, so with another one this is skipped.

cd "${srcdir:-.}" || exit 1
format=${CLANG_FORMAT:-clang-format}
case $("$format" --version 2>&1) in
*"version 14."*) ;;
*)
    echo "clang-format 14 not found (Debian: clang-format)"
    exit 77
    ;;
esac
ill=$(find lib collectives launcher examples tests -name '*.[ch]' -exec "$format" --dry-run -Werror {} + 2>&1 |
    sed -n 's/^\([^: ]*\):[0-9].*/\1/p' | sort -u)
[ -z "$ill" ] || { printf 'to mend: clang-format -i\n%s\n' "$ill"; exit 1; }
