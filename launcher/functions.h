// SPDX-License-Identifier: MIT
// The functions of the standard, for --info. See functions.c.
#ifndef MPRUN_FUNCTIONS_H
#define MPRUN_FUNCTIONS_H

// Prints for each chapter how many of its functions are built, and the names of those that are not
// where they are few.
void functions_print(void);

#endif
