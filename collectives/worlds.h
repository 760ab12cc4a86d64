// SPDX-License-Identifier: MIT
// Worlds that meet (MPI 5.0, 11.10): intercommunicators between groups of different worlds. One
// process of each, the root, finds the other. Arguments have been checked. Error classes with
// mp_fail.
#ifndef MP_COLLECTIVES_WORLDS_H
#define MP_COLLECTIVES_WORLDS_H

#include "object/comm.h"

// The roots' side: a port is a socket with a name, which is gone with this process.
int mp_port_open(char *name, size_t room);
int mp_port_close(const char *name);

// Collective over `comm`. `name` and `problem` (an error class that the root found in its
// arguments) matter at the root only.
int mp_comm_accept(const char *name, int root, struct mp_comm *comm, int problem,
                   struct mp_comm **made);
int mp_comm_connect(const char *name, int root, struct mp_comm *comm, int problem,
                    struct mp_comm **made);

// The same with a world that was asked for (offspring.c): `asked` is the socket by which that was
// done, and by which its end is told, if that comes first. Closes it.
int mp_comm_accept_world(const char *name, int asked, int root, struct mp_comm *comm, int problem,
                         struct mp_comm **made);

// With whoever is at the other end of that socket; *made is NULL if nobody of ours is.
int mp_comm_join(int fd, struct mp_comm **made);

// Names for ports, which processes of the same user find. An error if there is that name already,
// or none.
int mp_name_publish(const char *service, const char *port);
int mp_name_unpublish(const char *service);
int mp_name_look_up(const char *service, char *port, size_t room);

// What a port's names begin with, and how long they are at most.
#define MP_PORT_PREFIX "mprun-port-"
enum { MP_PORT_ROOM = 48 };

#endif
