# SPDX-License-Identifier: MIT
# timeout: 100
# Ranks find their number within the node where programs look for it. Those variables are other
# launchers' too: what a rank starts, of whatever MPI, starts as if they were not there.
. "${srcdir:-.}/tests/launcher/lib.sh"
builddir=${builddir:-$top_builddir}
mpicc=$(cd "$builddir" && pwd)/mpicc

show='echo $LOCAL_RANK $MPI_LOCALRANKID/$MPI_LOCALNRANKS $OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE $OMPI_COMM_WORLD_LOCAL_RANK/$OMPI_COMM_WORLD_LOCAL_SIZE $MV2_COMM_WORLD_LOCAL_RANK/$MV2_COMM_WORLD_LOCAL_SIZE'
expect 0 -n 3 sh -c "$show"
says '0 0/3 0/3 0/3 0/3
1 1/3 1/3 1/3 1/3
2 2/3 2/3 2/3 2/3'
expect 0 --nodes 2 -n 3 sh -c "$show"
says '0 0/1 0/3 0/1 0/1
0 0/2 1/3 0/2 0/2
1 1/2 2/3 1/2 1/2'
# A surrounding job's are replaced, and what the user sets holds.
LOCAL_RANK=7 OMPI_COMM_WORLD_SIZE=9 run "$MPRUN" -x MPI_LOCALRANKID=5 -n 1 sh -c "$show; env | grep -c LOCALRANKID"
what='variables that are set'
says '0 5/1 0/1 0/1 0/1
1'
expect 0 -n 2 sh -c "exec $MPRUN -n 1 sh -c 'echo \$OMPI_COMM_WORLD_SIZE \$MPRUN_SIZES'"
says '1 1,1
1 1,1'

# ---- What a rank starts
cat > "$work/starts.c" << 'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 1 && rank > 0 && system(argv[1]) != 0)
        return 1;
    if (argc == 1)
        printf("%d of %d\n", rank, size);
    MPI_Finalize();
    return 0;
}
END
"$mpicc" -o "$work/starts" "$work/starts.c" || exit 1
pair='0 of 2
1 of 2'
expect 0 -n 2 "$work/starts" "$work/starts"
says '0 of 1'
expect 0 -n 2 "$work/starts" "$MPRUN -n 2 $work/starts"
says "$pair"
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm=isolated
OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_plm OMPI_MCA_rmaps_base_oversubscribe
if command -v mpicc.openmpi > /dev/null && mpicc.openmpi -o "$work/ompi" "$work/starts.c"; then
    expect 0 -n 2 "$work/starts" "$work/ompi"
    says '0 of 1'
    expect 0 -n 2 "$work/starts" "mpirun.openmpi -n 2 $work/ompi"
    says "$pair"
    # But what their launcher starts as one of two does not know of the other.
    run "$MPRUN" -n 2 "$work/starts" "mpirun.openmpi -n 2 $work/starts"
    what="a program of ours under Open MPI's mpirun under mprun"
    [ $status -ne 0 ] || fail "$what: exit 0"
    warns 'this program was started by .* start it with mprun'
fi
if command -v mpicc.mpich > /dev/null && mpicc.mpich -o "$work/mpich" "$work/starts.c"; then
    expect 0 -n 2 "$work/starts" "$work/mpich"
    says '0 of 1'
    expect 0 -n 2 "$work/starts" "mpiexec.mpich -n 2 $work/mpich"
    says "$pair"
fi
for claim in OMPI_COMM_WORLD_SIZE=3 MPI_LOCALNRANKS=3 PMI_SIZE=4; do
    run env MPRUN_SIZES=4,2 $claim "$RANK" where
    what="a claim that is not ours: $claim"
    [ $status -eq 45 ] || fail "$what: exit $status"
done
run env MPRUN_SIZES=4,2 OMPI_COMM_WORLD_SIZE=4 MPI_LOCALNRANKS=2 MV2_COMM_WORLD_SIZE=4 "$RANK" where
what='our own claims'
says '0 of 1, alone'

# ---- What PyTorch does: the others find rank 0 at an address.
cat > "$work/torch.c" << 'END'
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
    int rank = atoi(getenv("RANK")), size = atoi(getenv("WORLD_SIZE")), sum = 0, one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("MASTER_PORT")))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, getenv("MASTER_ADDR"), &at.sin_addr);
    if (rank > 0) {
        while (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
            close(fd);
            usleep(1000);
            fd = socket(AF_INET, SOCK_STREAM, 0);
        }
        if (write(fd, &one, sizeof one) != sizeof one || read(fd, &sum, sizeof sum) != sizeof sum)
            return 1;
    } else {
        int peers[64];
        if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0)
            return 2;
        sum = 1;
        for (int i = 1; i < size; i++) {
            peers[i] = accept(fd, NULL, NULL);
            if (read(peers[i], &one, sizeof one) != sizeof one)
                return 3;
            sum += one;
        }
        for (int i = 1; i < size; i++)
            if (write(peers[i], &sum, sizeof sum) != sizeof sum)
                return 4;
    }
    printf("%s/%s %d\n", getenv("LOCAL_RANK"), getenv("LOCAL_WORLD_SIZE"), sum);
    return 0;
}
END
${CC:-cc} -o "$work/torch" "$work/torch.c" || exit 1
expect 0 --torch -n 4 "$work/torch"
says '0/4 4
1/4 4
2/4 4
3/4 4'
MASTER_PORT=4711 MASTER_ADDR=here run "$MPRUN" --torch -n 1 sh -c 'echo $MASTER_ADDR:$MASTER_PORT'
what='--torch with an address'
says here:4711
expect 0 -n 1 sh -c 'echo ${RANK-unset} ${MASTER_PORT-unset}'
says 'unset unset'
finish
