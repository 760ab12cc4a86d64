// SPDX-License-Identifier: MIT
// A rank's side of the conversation with the launcher: find out who we are, map the control
// segment, claim our board, and ask for connections to peers. A program that was started without
// mprun becomes a world of one here.
// Read next: boot/protocol.h (what is said), shm/layout.h (the segment).
#ifndef MP_BOOT_H
#define MP_BOOT_H

#include <stdbool.h>
#include <stddef.h>

struct mp_segment_header;

struct mp_boot {
    int rank;                          // in the world
    int size;                          // of the world
    bool launched;                     // by mprun; false: a world of one
    struct mp_segment_header *segment; // mapped shared, for reading and writing, never unmapped
    int control_fd;                    // SOCK_SEQPACKET to the launcher, close-on-exec; -1: none
};

// Joins the job that the environment names, or that this process descends from, and claims its
// rank's board (board->pid becomes ours); or makes a world of one when no launcher is to be seen.
// Removes the MPRUN_* variables from the environment and sets close-on-exec on what was inherited,
// so that programs which this process starts are worlds of their own. Returns 0 or MPI_ERR_OTHER;
// then `error`, of `room` bytes, holds one sentence that says why. Call once, from one thread.
int mp_boot_join(struct mp_boot *boot, char *error, size_t room);

// Asks the launcher for a connection to `peer`, another rank. The answer comes by mp_boot_receive,
// at both ends. When both ends ask, one connection is made. Returns 0 or MPI_ERR_OTHER (the
// launcher is gone, or there is no control socket).
int mp_boot_connect(struct mp_boot *boot, int peer);

// Takes one answer from the control socket without waiting: a connected SOCK_STREAM socket to
// *peer, blocking, close-on-exec, which the caller owns. Returns it, or -1 when there is none now
// (errno EAGAIN) or never again (errno ECONNRESET: the launcher is gone).
int mp_boot_receive(struct mp_boot *boot, int *peer);

#endif
