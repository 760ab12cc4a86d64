// SPDX-License-Identifier: MIT
// What the launcher and a rank say to each other. At birth: five environment variables and three
// inherited file descriptors. Later, over the control socket (a SOCK_SEQPACKET pair, one per rank):
// requests for a connection to a peer, answered by one end of a fresh socket pair at both peers.
// Everything else goes through the rank's board in the control segment (shm/layout.h).
#ifndef MP_BOOT_PROTOCOL_H
#define MP_BOOT_PROTOCOL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define MP_ENV_RANK    "MPRUN_RANK"       // world rank, decimal
#define MP_ENV_SIZE    "MPRUN_SIZE"       // world size, decimal
#define MP_ENV_SEGMENT "MPRUN_SEGMENT_FD" // descriptor of the control segment
#define MP_ENV_CONTROL "MPRUN_CONTROL_FD" // descriptor of the control socket

#define MP_ENV_HEAP "MPRUN_HEAP" // the shared heap, if there is one, as MP_HEAP_FORMAT

#define MP_ENV_ALL MP_ENV_RANK, MP_ENV_SIZE, MP_ENV_SEGMENT, MP_ENV_CONTROL, MP_ENV_HEAP

// The sizes of the job and of the node, as "%d,%d". It stays when MPI_Init takes the above away,
// beside the variables of other launchers that mprun sets too: so they are known to be no claim.
#define MP_ENV_SIZES "MPRUN_SIZES"

// Its descriptor, the shift of an area, and the address that all map it at (shm/layout.h); then the
// node, this rank's place there, and the number of places.
#define MP_HEAP_FORMAT "%d,%u,%llx,%d,%d,%d"

// Descriptors that a rank finds its heap, its segment and its control socket at. High, so that
// shell scripts which use 3 to 9 between mprun and the program do no harm; below 64, so that the
// kernel need not enlarge the table of descriptors.
enum { MP_HEAP_FD = 61, MP_SEGMENT_FD = 62, MP_CONTROL_FD = 63 };

// Where the keeper has the segment and the heap of a node: the first one's like a rank, those of
// others above.
static inline int mp_node_segment_fd(int node)
{
    return node == 0 ? MP_SEGMENT_FD : MP_CONTROL_FD - 1 + 2 * node;
}

static inline int mp_node_heap_fd(int node)
{
    return node == 0 ? MP_HEAP_FD : MP_CONTROL_FD + 2 * node;
}

// The name, as /proc/PID/stat has it, of the launcher's process that starts the ranks and has these
// descriptors open for as long as the job lives.
#define MP_KEEPER_NAME "keeper"

// Worlds that come later. mprun's warden listens on a socket whose name, in no file system, stands
// in the segment's header. A rank that wants a world started connects to it, and says so: a head,
// and strings, each with its 0: the rank's own folder, and then for each program the number of
// ranks, of arguments, the folder, the path, and the hosts ("" where none was given), the initial
// error handler, and the arguments, with the program's name first. The answers are of one size. The
// world connects to `port` when it begins.
enum { MP_WARDEN_NAME = 48, MP_SPAWN_BYTES = 16 << 20 };

enum mp_spawn_kind {
    MP_SPAWN_START = 1, // rank -> warden
    MP_SPAWN_FORGIVE,   // rank -> warden: the world `job` has died, and this one goes on without it
    MP_SPAWN_STARTED,   // warden -> rank
    MP_SPAWN_REFUSED,   // `text` says why
    MP_SPAWN_ENDED      // the world has, with `status`
};

// Receives that many bytes from a socket that waits for them. A signal, or a stop, ends no wait:
// where the socket has a time limit, recv(2) ends with EINTR then. False if they do not come.
static inline bool mp_receive_all(int fd, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = recv(fd, (char *)to + done, bytes - done, MSG_WAITALL);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

struct mp_spawn_head {
    uint64_t magic;
    uint64_t job;
    uint32_t kind;
    uint32_t bytes; // of the strings
    uint32_t programs;
    uint32_t version;
    char port[MP_WARDEN_NAME];
};

struct mp_spawn_answer {
    uint64_t job;
    uint32_t kind;
    int32_t status;
    char text[500];
};

// One datagram on the control socket.
enum mp_control_kind {
    MP_CONTROL_CONNECT = 1, // rank -> launcher: I want to talk to `peer`
    MP_CONTROL_PEER = 2, // launcher -> both ranks: here is your end to `peer` (SCM_RIGHTS, one fd)
    MP_CONTROL_NUDGE = 3 // launcher -> rank: if you sleep, look again
};

struct mp_control {
    uint32_t kind;
    int32_t peer;
};

#endif
