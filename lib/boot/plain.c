// SPDX-License-Identifier: MIT
// A library of its own, a few pages, that mprun preloads into programs which are not linked with
// libmpi_abi: their lines shall be seen and kept as those of MPI programs are. What such a
// program starts itself is none of our business, so it does not inherit the preload.
// Read next: lines.c, launcher/preload.c (which programs get it).
#define _GNU_SOURCE
#include "boot/lines.h"

#include <stdlib.h>
#include <string.h>

// mprun has put it behind those that the user asked for.
static void leave_environment(void)
{
    char *list = getenv("LD_PRELOAD");
    char *colon = list ? strrchr(list, ':') : NULL;

    if (colon)
        *colon = 0;
    else
        unsetenv("LD_PRELOAD");
}

__attribute__((constructor)) static void begin(void)
{
    leave_environment();
    mp_lines_begin();
}
