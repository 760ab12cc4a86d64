#! /bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# examples/README.md, tried as a learner would, from the first line to the last: each command of a
# ```console block is run, and prints the lines that stand below it, in which ... stands for
# anything. Every example has its place in the page.

. "${srcdir:-.}/tests/examples/common.sh"

page=$srcdir/examples/README.md
ln -s "$EXAMPLES" examples
set -- $MPRUN
PATH=$(dirname "$1"):$PATH
export PATH

# step.N.command and step.N.lines
awk '
    /^```/ { inside = /^```console/; next }
    inside && /^\$ / { n++; print substr($0, 3) > ("step." n ".command"); next }
    inside { print > ("step." n ".lines") }' "$page"
steps=$(ls step.*.command | wc -l)
[ "$steps" -gt 50 ] || fail "only $steps commands were found in $page"

# Spaces do not count.
squeeze() {
    sed 's/  */ /g; s/^ //; s/ $//'
}
status=0 step=0
while [ $step -lt "$steps" ]; do
    step=$((step + 1))
    command=$(cat step.$step.command)
    (exit $status)
    eval "$command" > output 2>&1 < /dev/null
    status=$?
    squeeze < output > found
    if [ ! -e step.$step.lines ]; then
        [ $status -eq 0 ] || fail "$command: exit $status: $(cat output)"
        continue
    fi
    squeeze < step.$step.lines |
        sed 's/[][\\.^$*+?(){}|]/\\&/g; s/\\\.\\\.\\\./.*/g' > patterns
    while IFS= read -r pattern; do
        grep -Exq -e "$pattern" found || fail "$command: no line '$pattern': $(cat output)"
    done < patterns
done

# ---- Nothing is left out
for source in "$srcdir"/examples/*.c; do
    name=$(basename "$source")
    grep -qF "($name)" "$page" || fail "$name is not in the page"
done
