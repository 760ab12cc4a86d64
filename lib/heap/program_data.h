// SPDX-License-Identifier: MIT
// The program's own variables, .data and .bss, in the shared heap: static arrays are what many
// programs compute on. They stay at their addresses, which differ from rank to rank, but their
// pages become pages of the heap's file: peers find them there (mp_heap_reach).
// Used by heap/heap.c only, which says when; heap/program_data.c says what and whether.
#ifndef MP_HEAP_PROGRAM_DATA_H
#define MP_HEAP_PROGRAM_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mp_program_data {
    char *address;      // whole pages
    size_t bytes;       // 0: none
    size_t initialized; // of them, those at the beginning that come from the program's file
};

// What may join. 0 bytes if that is not worth it, or not safe.
struct mp_program_data mp_program_data_find(void);

// Makes it a part of the file: the bytes from `offset` on, which are zero so far, and which this
// process has mapped at `alias`. False if that cannot be: some may lie there all the same.
bool mp_program_data_share(struct mp_program_data data, int fd, off_t offset, char *alias);

// Around a fork. `fd`: the file's descriptor, or -1 if the program has closed it. The child gets
// the data as it was when the parent made its image, private.
void mp_program_data_before_fork(int fd);
void mp_program_data_after_fork_in_parent(void);
void mp_program_data_after_fork_in_child(int fd);

#endif
