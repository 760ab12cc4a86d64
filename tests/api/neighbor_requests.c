// SPDX-License-Identifier: MIT
// Nonblocking and persistent neighbourhood collectives, many of them outstanding on several
// communicators at once, completed in an order of each rank's own, restarted with new contents,
// with blocking ones in between: each gives what the model says.
//
// ranks: 1 2 3 4 8
// timeout: 180
#include "neighbor_model.h"

enum { OUTSTANDING = 16, ROUNDS = 20, NETS = 3 };

static unsigned own_state;
static unsigned own(unsigned below) // of this rank
{
    own_state = own_state * 1664525u + 1013904223u;
    return (own_state >> 8) % below;
}

// Completes the requests that are active, in any order.
static void complete(struct exchange *all, const int *active)
{
    MPI_Request requests[OUTSTANDING];
    int left = 0;
    for (int i = 0; i < OUTSTANDING; i++) {
        requests[i] = active[i] ? all[i].request : MPI_REQUEST_NULL;
        left += active[i];
    }
    while (left > 0) {
        int i = MPI_UNDEFINED, flag = 1;
        if (own(2)) {
            OK(MPI_Waitany(OUTSTANDING, requests, &i, MPI_STATUS_IGNORE));
        } else {
            OK(MPI_Testany(OUTSTANDING, requests, &i, &flag, MPI_STATUS_IGNORE));
        }
        if (flag) {
            CHECK(i != MPI_UNDEFINED, "%d requests are left and none is", left);
            exchange_verify(&all[i]);
            left--;
        }
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    net_setup();
    own_state = 17u + (unsigned)rank;
    for (int round = 0; round < ROUNDS; round++) {
        struct net nets[NETS];
        struct exchange all[OUTSTANDING];
        int active[OUTSTANDING] = {0};
        for (int i = 0; i < NETS; i++) {
            net_any(&nets[i]);
        }
        for (int i = 0; i < OUTSTANDING; i++) {
            all[i] =
                exchange_any(&nets[net_random(NETS)], net_random(2) ? PERSISTENT : NONBLOCKING);
            struct exchange between = exchange_any(&nets[net_random(NETS)], BLOCKING);
            if (all[i].net->comm != MPI_COMM_NULL) {
                exchange_begin(&all[i]);
                OK(exchange_call(&all[i]));
                active[i] = 1;
                if (all[i].form == PERSISTENT) {
                    OK(MPI_Start(&all[i].request));
                }
            }
            if (i % 5 == 0 && between.net->comm != MPI_COMM_NULL) {
                exchange_begin(&between);
                OK(exchange_call(&between));
                exchange_verify(&between);
                exchange_end(&between);
            }
        }
        complete(all, active);
        for (unsigned again = 1; again < 4; again++) {
            for (int i = 0; i < OUTSTANDING; i++) {
                active[i] = all[i].form == PERSISTENT && all[i].net->comm != MPI_COMM_NULL;
                if (active[i]) {
                    exchange_fill(&all[i], all[i].seed + again);
                    OK(MPI_Start(&all[i].request));
                }
            }
            complete(all, active);
        }
        for (int i = 0; i < OUTSTANDING; i++) {
            if (all[i].net->comm != MPI_COMM_NULL) {
                if (all[i].form == PERSISTENT) {
                    OK(MPI_Request_free(&all[i].request));
                }
                exchange_end(&all[i]);
            }
        }
        for (int i = 0; i < NETS; i++) {
            net_free(&nets[i]);
        }
    }
    net_teardown();
    return finish();
}
