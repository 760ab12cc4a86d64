// SPDX-License-Identifier: MIT
// A message goes to the first posted receive that it fits, a receive takes the first message that
// fits it; wild and specific receives stand in one queue. Every order of the receives is tried,
// posted before the messages come and after.
// ranks: 2 3
#include "check.h"

enum { N = 5 };
// Chosen such that any assignment that MPI makes is complete: the last pattern takes what is left.
static const int patterns[N][2] = {
    // source: 0 specific, 1 any; tag: -1 any
    {0, 5},
    {1, 5},
    {0, -1},
    {1, -1},
    {1, -1}};
static const int tags[N] = {5, 7, 5, 9, 5};

static void permutation(int number, int order[N])
{
    int left[N];
    for (int i = 0; i < N; i++) {
        left[i] = i;
    }
    for (int i = 0; i < N; i++) {
        int k = number % (N - i);
        number /= N - i;
        order[i] = left[k];
        memmove(&left[k], &left[k + 1], (size_t)(N - i - 1 - k) * sizeof(int));
    }
}

static int fits(int pattern, int tag)
{
    return patterns[pattern][1] < 0 || patterns[pattern][1] == tag;
}

// taken[i] is the message that the i-th receive gets, or -1.
static void model(const int order[N], int early, int taken[N])
{
    int used[N] = {0};
    for (int i = 0; i < N; i++) {
        taken[i] = -1;
    }
    for (int outer = 0; outer < N; outer++) {
        for (int inner = 0; inner < N; inner++) {
            int r = early ? inner : outer, m = early ? outer : inner;
            if (taken[r] < 0 && !used[m] && fits(order[r], tags[m])) {
                taken[r] = m;
                used[m] = 1;
                break;
            }
        }
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int number = 0; number < 120 * 4; number++) {
        int early = number / 120 % 2, large = number / 240;
        int order[N], taken[N], count = large ? 30000 : 1;
        permutation(number % 120, order);
        model(order, early, taken);
        if (rank == 0) {
            MPI_Request requests[N];
            int *words[N];
            if (early) {
                OK(MPI_Recv(NULL, 0, MPI_INT, 1, 100, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            }
            for (int m = 0; m < N; m++) {
                words[m] = room((size_t)count * sizeof(int));
                for (int i = 0; i < count; i++) {
                    words[m][i] = m;
                }
                OK(MPI_Isend(words[m], count, MPI_INT, 1, tags[m], MPI_COMM_WORLD, &requests[m]));
            }
            if (!early) {
                OK(MPI_Send(NULL, 0, MPI_INT, 1, 101, MPI_COMM_WORLD));
            }
            // Unfitting receives are served at the end, so that every one completes.
            int last = -1;
            for (int i = 0; i < N; i++) {
                if (taken[i] < 0) {
                    OK(MPI_Send(&last, 1, MPI_INT, 1, patterns[order[i]][1] < 0 ? 6 : 5,
                                MPI_COMM_WORLD));
                }
            }
            OK(MPI_Recv(NULL, 0, MPI_INT, 1, 102, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
            for (int m = 0; m < N; m++) {
                free(words[m]);
            }
        } else if (rank == 1) {
            MPI_Request requests[N];
            MPI_Status status;
            int *words[N], left = 0;
            if (!early) {
                OK(MPI_Recv(NULL, 0, MPI_INT, 0, 101, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            }
            for (int i = 0; i < N; i++) {
                words[i] = room((size_t)count * sizeof(int));
                int any_source = patterns[order[i]][0], tag = patterns[order[i]][1];
                OK(MPI_Irecv(words[i], count, MPI_INT, any_source ? MPI_ANY_SOURCE : 0,
                             tag < 0 ? MPI_ANY_TAG : tag, MPI_COMM_WORLD, &requests[i]));
            }
            if (early) {
                OK(MPI_Send(NULL, 0, MPI_INT, 0, 100, MPI_COMM_WORLD));
            }
            for (int i = N - 1; i >= 0; i--) {
                OK(MPI_Wait(&requests[i], &status));
                CHECK(words[i][0] == taken[i],
                      "case %d: receive %d (pattern %d) got message %d with tag %d, not %d", number,
                      i, order[i], words[i][0], status.MPI_TAG, taken[i]);
                left += taken[i] < 0;
            }
            // Messages that no receive fitted.
            for (int m = 0; m < left; m++) {
                OK(MPI_Recv(words[0], count, MPI_INT, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status));
            }
            for (int i = 0; i < N; i++) {
                free(words[i]);
            }
            OK(MPI_Send(NULL, 0, MPI_INT, 0, 102, MPI_COMM_WORLD));
        }
    }
    return finish();
}
