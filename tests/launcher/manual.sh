#! /bin/sh
# SPDX-License-Identifier: MIT
# mprun(1) knows every option that mprun --help lists.

set -u
clean() {
    tr -c 'A-Za-z-' '\n' | grep -E '^--?[a-zA-Z][a-z-]*$' | grep -vxE -e '-(np?|-np)' | sort -u
}
help=$(./mprun --help | grep '^  -' | cut -c1-32 | clean)
page=$(sed -n '/^\.SH OPTIONS/,/^\.SH "EXIT/p' "$srcdir/launcher/mprun.1" | sed 's/\\-/-/g; s/\\f[BIR]/ /g' |
    grep '^\.[BT]\|^ *-' | clean)
[ -n "$help" ] || { echo "mprun --help lists no options"; exit 1; }
failed=0
for option in $help; do
    case "
$page
" in
    *"
$option
"*) ;;
    *) echo "mprun.1 does not have $option"; failed=1 ;;
    esac
done
exit $failed
