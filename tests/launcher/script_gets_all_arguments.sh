# SPDX-License-Identifier: MIT
# timeout: 60
# A script gets all its arguments, as they are: with a "#!" line, and without one, where the shell
# runs it.
. "${srcdir:-.}/tests/launcher/lib.sh"

printf 'echo "$#<$1>" "$2"; for last; do :; done; echo "<$last>"\n' > "$work/plain"
{ echo '#!/bin/sh'; cat "$work/plain"; } > "$work/begun"
chmod +x "$work/plain" "$work/begun"
for script in plain begun; do
    expect 0 -n 1 "$work/$script"
    says '0<> 
<>'
    expect 0 -n 1 "$work/$script" 'a  b'
    says '1<a  b> 
<a  b>'
    for count in 4093 4094 5000 20000; do
        expect 0 -n 2 "$work/$script" '' '*' $(seq 3 $count)
        what="$script with $count arguments"
        says "$count<> *
$count<> *
<$count>
<$count>"
    done
done
finish
