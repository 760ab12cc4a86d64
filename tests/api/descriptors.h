// SPDX-License-Identifier: MIT
// How many descriptors this process has open: whether something is left behind.
#ifndef TESTS_API_DESCRIPTORS_H
#define TESTS_API_DESCRIPTORS_H

#include <dirent.h>

static inline int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (folder && readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

#endif
