# SPDX-License-Identifier: MIT
# timeout: 120
# One process of a job, any, or two of mprun's, are killed at a random moment: the job ends at once,
# and nothing is left.
# For many more: tests/launcher/killer ./mprun 500
. "${srcdir:-.}/tests/launcher/lib.sh"

KILLER=${KILLER:-$top_builddir/tests/launcher/killer}
"$KILLER" "$MPRUN" 72 || fail 'see above'
finish
