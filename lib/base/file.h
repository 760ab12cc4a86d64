// SPDX-License-Identifier: MIT
// The small files in which the kernel tells about processes and the machine (/proc, /sys).
#ifndef MP_BASE_FILE_H
#define MP_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

// Reads the file of that name as a string, as much as there is room for. Returns its length; 0 if
// it is empty, or cannot be read.
size_t mp_file_read(char *text, size_t room, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

// What /proc/PID/stat says of a process, or /proc/PID/task/TID/stat of a thread.
struct mp_stat {
    pid_t pid;
    char name[32];
    char state; // as proc(5) has it: R runs, S sleeps, T is stopped, Z has ended ...
    pid_t parent;
    unsigned long user, system; // CPU time, in ticks of sysconf(_SC_CLK_TCK)
    long threads;
};

// Reads the file of that name. False if it is not there, or says something else.
bool mp_stat_read(struct mp_stat *stat, const char *name);

#endif
