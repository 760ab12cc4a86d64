// SPDX-License-Identifier: MIT
// Standard output line by line, wherever it leads. See lines.c.
#ifndef MP_BOOT_LINES_H
#define MP_BOOT_LINES_H

// Lets each line of stdout leave at its end, in one write, unless stdout was used or set up before.
// A later setvbuf(3) of the program has the last word.
void mp_lines_begin(void);

#endif
