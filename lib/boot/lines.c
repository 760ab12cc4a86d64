// SPDX-License-Identifier: MIT
// A rank's standard output. The C library keeps what goes into a pipe or a file until 4096 bytes
// are together: so lines come late, are torn where ranks share the pipe, and are lost with a rank
// that is killed. Here each line leaves at its end, as it does on a terminal. That costs a write(2)
// for each call that ends a line, or several; a program with millions of lines to print asks
// for a full buffer by setvbuf(3), as it would on a terminal.
//
// The C library writes up to the last newline of what it is given, in one piece if that fits the
// buffer behind the line that has begun. So the buffer is larger than the longest line that is
// promised to stay whole (PIPE_BUF, beyond which a pipe may divide any write): otherwise a long
// string of short lines would be divided wherever the buffer is full.
// Read next: boot.c and plain.c, which call this before main.
#define _GNU_SOURCE
#include "boot/lines.h"

#include <stdio.h>
#include <stdio_ext.h>
#include <sys/mman.h>

enum { ROOM = 16 << 10 };

void mp_lines_begin(void)
{
    if (__fbufsize(stdout) != 0 || __flbf(stdout))
        return;
    // For good: stdout uses it until after the last destructor, also when this library is unloaded.
    char *room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    setvbuf(stdout, room == MAP_FAILED ? NULL : room, _IOLBF, ROOM);
}
