// SPDX-License-Identifier: MIT
// The variables that differ from rank to rank, besides those of lib/boot/protocol.h. See
// rank_variables.c.
#ifndef MPRUN_RANK_VARIABLES_H
#define MPRUN_RANK_VARIABLES_H

#include "launcher/options.h"

enum { RANK_VARIABLES_MOST = 32, RANK_VARIABLES_ROOM = 20000 };

struct rank_variable {
    char *text;    // NAME=VALUE
    size_t length; // of the name
    bool is_mask;  // of devices
    bool by_user;  // who has set it, by an option: leave it so
};

// For one rank at a time: the same names for all.
struct rank_variables {
    int count;
    struct rank_variable list[RANK_VARIABLES_MOST];
    char texts[RANK_VARIABLES_ROOM];
    size_t used;
    int port; // --torch; 0: not chosen yet
};

// Where a rank is within its node.
struct node_place {
    int node;
    int rank;
    int size;
};

// Makes the variables of a rank, where those of another were.
void rank_variables_fill(struct rank_variables *variables, const struct options *options, int rank,
                         struct node_place place);

// Puts them, whoever's they are in the end, into an environment's slots. Returns the next slot.
char **rank_variables_place(const struct rank_variables *variables, char **slots);

#endif
