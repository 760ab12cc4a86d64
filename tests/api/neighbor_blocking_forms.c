// SPDX-License-Identifier: MIT
// Every blocking neighbourhood collective, int and large, moves each block to where the standard
// says, and touches nothing else, on random grids, graphs and distributed graphs, with repeated
// edges and edges to oneself.
//
// ranks: 1 2 3 4 8
// timeout: 180
#include "neighbor_model.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    net_setup();
    for (int round = 0; round < 40; round++) {
        struct net net;
        net_any(&net);
        for (int i = 0; i < 12; i++) {
            struct exchange e = exchange_any(&net, BLOCKING);
            if (net.comm != MPI_COMM_NULL) {
                exchange_begin(&e);
                OK(exchange_call(&e));
                exchange_verify(&e);
                exchange_end(&e);
            }
        }
        net_free(&net);
    }
    net_teardown();
    return finish();
}
