// SPDX-License-Identifier: MIT
// Waitany, Waitsome, Waitall, Testany, Testsome, Testall over many receives: each completes exactly
// once, with its own status and data, whatever the order in which messages come.
// ranks: 2 4
#include "check.h"

enum { N = 40 };

static int bytes_of(int i)
{
    return sizes[(size_t)(i * 7) % (COUNT_OF(sizes) - 1)];
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    char *out[N], *in[N];
    for (int i = 0; i < N; i++) {
        out[i] = room((size_t)bytes_of(i));
        in[i] = room((size_t)bytes_of(i));
    }
    for (int form = 0; form < 8; form++) {
        MPI_Request sends[N], recvs[N];
        MPI_Status statuses[N], status;
        int indices[N], done[N] = {0}, total = 0;
        for (int i = 0; i < N; i++) {
            memset(in[i], 0, (size_t)bytes_of(i));
            OK(MPI_Irecv(in[i], bytes_of(i), MPI_BYTE, left, i, MPI_COMM_WORLD, &recvs[i]));
        }
        for (int k = 0; k < N; k++) {
            int i = (k * 17 + form) % N;
            fill(out[i], (size_t)bytes_of(i), (unsigned)(rank * 1000 + form * 100 + i));
            OK(MPI_Isend(out[i], bytes_of(i), MPI_BYTE, right, i, MPI_COMM_WORLD, &sends[i]));
        }
        while (total < N) {
            int count = 0, flag = 0;
            switch (form) {
            case 0:
                OK(MPI_Waitany(N, recvs, &indices[0], &statuses[0]));
                count = 1;
                break;
            case 1:
                OK(MPI_Testany(N, recvs, &indices[0], &flag, &statuses[0]));
                count = flag;
                break;
            case 2:
                OK(MPI_Waitsome(N, recvs, &count, indices, statuses));
                break;
            case 3:
                OK(MPI_Testsome(N, recvs, &count, indices, statuses));
                break;
            case 4:
            case 5:
                flag = form == 4;
                if (form == 4) {
                    OK(MPI_Waitall(N, recvs, statuses));
                } else {
                    OK(MPI_Testall(N, recvs, &flag, statuses));
                }
                for (int i = 0; flag && i < N; i++) {
                    indices[count++] = i;
                }
                break;
            case 6: // one by one, from the end
                OK(MPI_Wait(&recvs[N - 1 - total], &statuses[0]));
                indices[count++] = N - 1 - total;
                break;
            default:
                for (int i = 0; i < N && !count; i++) {
                    if (!done[i]) {
                        OK(MPI_Test(&recvs[i], &flag, &statuses[0]));
                        if (flag) {
                            indices[count++] = i;
                        }
                    }
                }
            }
            CHECK(count >= 0 && count <= N - total, "form %d: %d of %d completed", form, count,
                  N - total);
            for (int k = 0; k < count; k++) {
                int i = indices[k];
                CHECK(i >= 0 && i < N && !done[i], "form %d: request %d completed again", form, i);
                CHECK(recvs[i] == MPI_REQUEST_NULL, "form %d: request %d is not null", form, i);
                done[i] = 1;
                STATUS_IS(statuses[k], left, i, bytes_of(i));
                HOLDS(in[i], bytes_of(i), (unsigned)(left * 1000 + form * 100 + i));
            }
            total += count;
        }
        OK(MPI_Waitall(N, sends, MPI_STATUSES_IGNORE));
        int index;
        OK(MPI_Waitany(N, recvs, &index, &status));
        CHECK(index == MPI_UNDEFINED, "index %d after all completed", index);
    }
    for (int i = 0; i < N; i++) {
        free(out[i]);
        free(in[i]);
    }
    return finish();
}
