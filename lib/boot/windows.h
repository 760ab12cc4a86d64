// SPDX-License-Identifier: MIT
// The segment beyond its head (shm/layout.h), mapped piece by piece as it is used.
#ifndef MP_BOOT_WINDOWS_H
#define MP_BOOT_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

struct mp_segment_header;

// The segment of this process, with its head mapped, and the descriptor of its file, which is kept
// from now on and closed on exec; -1: all of it is mapped. False, with errno, if it is no file.
bool mp_windows_open(struct mp_segment_header *segment, int fd);

// Unmaps the head and closes the file: this process has not joined that job.
void mp_windows_close(void);

// Maps these bytes of the segment, from the page on that `offset` is in, for reading and writing,
// for good. Returns the address of `offset`; or NULL, and mp_window_error says why in words.
void *mp_window_map(uint64_t offset, uint64_t bytes);
const char *mp_window_error(void);

// The segment's descriptor, which stays ours; -1: it has no file, or that is lost.
int mp_windows_file(void);

// The same of any file: NULL with errno. And its end, with the same bytes.
void *mp_window_map_of(int fd, uint64_t offset, uint64_t bytes);
void mp_window_unmap(void *at, uint64_t bytes);

#endif
