# SPDX-License-Identifier: MIT
# timeout: 300
# Programs in which a rank keeps all others waiting for a while are not told to be dead, whatever it
# does meanwhile, whatever they wait in, and whatever happens to them: stopped, stopped again and
# again, traced, or 64 on a few cores. A sample here; all of them, over each channel and for longer,
# with MPRUN_TEST_LONG=1 (make check-long).
. "${srcdir:-.}/tests/launcher/lib.sh"
LIVES=$(pwd)/tests/launcher/lives
if [ "$(readlink /proc/self)" = "" ]; then
    echo "there is no /proc to ask"
    exit 77
fi
long=${MPRUN_TEST_LONG:-}
pause=1
[ -z "$long" ] || pause=5

# live [mprun's arguments]: ends well, and nothing is said.
live() {
    expect 0 --timeout 100 --deadlock-suspect 0.5 "$@"
    ! grep -q 'mprun:' "$work/err" || fail "$what: $(cat "$work/err")"
}
# outside COMMAND: runs while the job that start began is under way; then that ends well.
outside() {
    what="lives with: $*"
    "$@"
    ended 0
    ! grep -q 'mprun:' "$work/err" || fail "$what: $(cat "$work/err")"
}
kinds='computes sleeps reads-a-pipe waits-for-a-child runs-a-program wants-a-lock
    polls-a-descriptor waits-for-a-signal is-in-a-handler spins-in-test spins-in-probe
    polls-now-and-then waits-for-a-thread joins-a-thread sends-to-itself is-in-a-copy-function
    is-in-an-error-handler in-allreduce in-long-bcast in-gather in-alltoall in-dup in-split
    in-create-group in-idup in-ibarriers in-ssend-ring in-long-ring in-waitall in-waitsome in-probe in-chain
    in-partitions in-persistent in-intercomm in-fence in-slow-sum in-bsend in-finalize in-barrier
    thread-tokens thread-many-tokens'
if [ -n "$long" ]; then
    for kind in $kinds; do
        for way in "--channel shm" "--channel socket" "--nodes 2"; do
            live $way -n 4 "$LIVES" $kind
        done
    done
    live -n 4 "$LIVES" computes 20
    live -n 4 "$LIVES" sleeps 20
    for kind in computes in-chain in-alltoall in-waitall; do
        live -n 64 "$LIVES" $kind 2
    done
    live -n 64 "$LIVES" thread-tokens 0.2 # hundreds of steps, one after the other
else
    for kind in wants-a-lock is-in-a-handler spins-in-probe waits-for-a-thread in-long-bcast \
        in-idup in-ibarriers in-waitsome in-partitions in-slow-sum in-bsend in-finalize thread-many-tokens; do
        live -n 4 "$LIVES" $kind
    done
    live --channel socket -n 4 "$LIVES" in-waitall
    live --nodes 2 -n 4 "$LIVES" in-chain
    live -n 64 "$LIVES" in-allreduce
fi

# Processes of the job, as `marked` finds them, without mprun's own and timeout.
ranks() {
    for p in $(marked); do
        case $(tr '\0' ' ' 2> /dev/null < "/proc/$p/cmdline") in *mprun*) ;; *lives*) echo "$p" ;; esac
    done
}
stop_one() {
    set -- $(ranks)
    kill -STOP "$1"
    sleep $pause
    kill -CONT "$1"
}
stop_all() {
    kill -STOP $(ranks)
    sleep $pause
    kill -CONT $(ranks)
}
# A tenth of a core.
duty_cycle() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        stopped=$(ranks)
        kill -STOP $stopped 2> /dev/null
        sleep 0.09
        kill -CONT $stopped 2> /dev/null
        sleep 0.01
    done
}
trace_one() {
    set -- $(ranks)
    gdb -q -batch -p "$1" -ex 'shell sleep 1' > /dev/null 2>&1
}
# run_with COMMAND KIND SECONDS [mprun's options]
run_with() {
    command=$1 kind=$2 seconds=$3
    shift 3
    variable="MPRUN_DEADLOCK_SUSPECT=0.5"
    env "$mark" "$variable" "$MPRUN" -n 4 "$@" "$LIVES" "$kind" "$seconds" < /dev/null \
        > "$work/out" 2> "$work/err" &
    front=$!
    n=0
    while [ -z "$(ranks)" ] && [ $n -lt 500 ]; do # where much else runs they take their time
        sleep 0.02
        n=$((n + 1))
    done
    sleep 0.3
    outside "$command"
}
for kind in in-allreduce ${long:+in-chain in-long-ring in-partitions}; do
    run_with stop_one $kind 1
    run_with stop_all $kind 1
    run_with duty_cycle $kind 1
    run_with duty_cycle $kind 1 --channel socket
    ! command -v gdb > /dev/null || run_with trace_one $kind 1
done

# OpenMP: one thread at a time calls, or any.
if "${builddir:-.}/mpicc" -fopenmp -o "$work/hybrid" -x c - << 'END' 2> "$work/err"; then
#include <mpi.h>
#include <omp.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    int provided, rank, size, multiple = argc > 1, value = 0;
    MPI_Init_thread(&argc, &argv, multiple ? MPI_THREAD_MULTIPLE : MPI_THREAD_SERIALIZED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int round = 0; round < 4; round++) {
#pragma omp parallel num_threads(3)
        {
            struct timespec moment = {0, 100000000L * (rank + 1) / (1 + omp_get_thread_num())};
            nanosleep(&moment, NULL);
            int tag = omp_get_thread_num(), in;
            if (multiple) {
                MPI_Sendrecv(&tag, 1, MPI_INT, (rank + 1) % size, tag, &in, 1, MPI_INT,
                             (rank + size - 1) % size, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            }
#pragma omp single
            MPI_Allreduce(&rank, &value, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        }
    }
    MPI_Finalize();
    return value != size * (size - 1) / 2;
}
END
    live -n 3 "$work/hybrid"
    live -n 3 "$work/hybrid" multiple
    [ -z "$long" ] || live --channel socket -n 3 "$work/hybrid" multiple
fi
finish
