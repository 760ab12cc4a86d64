# SPDX-License-Identifier: MIT
# timeout: 300
# Random programs (scripts.c), whose every way to go a model has followed: those that hang are told,
# by all of their ranks, and no others; those that cannot hang do not, those that must do. A sample
# here; 20,000 of them with MPRUN_TEST_LONG=1 (make check-long), or MPRUN_TEST_PROGRAMS of them from
# MPRUN_TEST_SEED on.
. "${srcdir:-.}/tests/launcher/lib.sh"
SCRIPTS=$(pwd)/tests/stress/scripts
RANKS=27 # 9 groups: mprun writes a line for each of up to 32 ranks
EACH=40  # programs of a group, at most
wanted=400
[ -z "${MPRUN_TEST_LONG:-}" ] || wanted=${MPRUN_TEST_PROGRAMS:-20000}
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to ask"
    exit 77
fi

# All ranks that are left are told, or the job has ended. A group that has done all its programs
# waits in MPI_Finalize for the others.
told_all() {
    ! kill -0 $front 2> /dev/null ||
        [ "$(sed -n 's/^mprun: rank \([0-9]*\) waits in .*/\1/p' "$work/err" | sort -u | wc -l)" -eq $RANKS ]
}
# What the last run came to: its programs, those that hung, those that did and had a choice.
judge() {
    cat "$work/err" "$work/out" | awk -v ranks=$RANKS '
        /^mprun: rank [0-9]+ waits in / { told[$3] = 1; if ($6 != "MPI_Finalize") dead[$3] = 1 }
        /^group .* seed/ {
            programs++; fate[$2] = $8; seed[$2] = $7; first[$2] = $4; last[$2] = $5; open[$2] = 1
        }
        /^group .* ends$/ {
            open[$2] = 0
            if (fate[$2] == "must") { print "seed " seed[$2] " ended, and could not"; bad++ }
        }
        END {
            for (g in fate) {
                for (r = first[g]; r <= last[g]; r++) {
                    if (open[g] && !dead[r]) { print "seed " seed[g] " hangs, rank " r " is not told"; bad++ }
                    if (!open[g] && dead[r]) { print "group " g " has ended, rank " r " is told"; bad++ }
                }
                if (open[g]) {
                    hung++; if (fate[g] == "may") chose++
                    if (fate[g] == "never") { print "seed " seed[g] " hangs, and could not"; bad++ }
                }
            }
            print "sums", programs + 0, hung + 0, chose + 0, bad + 0
        }'
}
programs=0 hung=0 chose=0 seed=${MPRUN_TEST_SEED:-1} jobs=0
while [ $programs -lt $wanted ] && [ $failures -lt 3 ]; do
    case $((jobs % 4)) in 2) way="--channel socket" ;; 3) way="--nodes 2" ;; *) way="--channel shm" ;; esac
    what="scripts from seed $seed, $way"
    : > "$work/err" # or the last one's is seen
    env "$mark" "$MPRUN" $way --on-deadlock=report --timeout 60 --grace 0 -n $RANKS \
        "$SCRIPTS" $seed $EACH < /dev/null > "$work/out" 2> "$work/err" &
    front=$!
    tries=0
    while ! told_all && [ $tries -lt 300 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -TERM $front 2> /dev/null
    wait $front 2> /dev/null
    judge > "$work/sums"
    read -r _ p h c bad << END
$(grep '^sums' "$work/sums")
END
    [ "$bad" -eq 0 ] && [ "$p" -gt 0 ] || fail "$what: $(cat "$work/sums" "$work/err")"
    programs=$((programs + p)) hung=$((hung + h)) chose=$((chose + c))
    seed=$((seed + 9 * EACH)) jobs=$((jobs + 1))
done
left_nothing
echo "$programs programs in $jobs jobs: $hung hung, $chose of them could have ended"
[ $hung -gt $((wanted / 20)) ] || fail "few of them hang"
finish
