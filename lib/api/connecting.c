// SPDX-License-Identifier: MIT
// Chapter 11: worlds that were started apart and meet (11.9 and 11.10).
#include "api/api.h"
#include "collectives/comm_make.h"
#include "collectives/worlds.h"

#include <stdio.h>
#include <string.h>

// A name that only the root need give.
static int check_name(const char *name, const char *what, size_t most)
{
    int err = mp_check_pointer(name, what);
    if (!err && strnlen(name, most) == most) {
        err = mp_fail(MPI_ERR_ARG, "%s has %zu characters or more", what, most);
    }
    return err;
}

int PMPI_Open_port(MPI_Info info, char *port_name)
{
    struct mp_info *hints = NULL;
    int err = mp_enter(MP_CALL_Open_port);
    err = err ? err : mp_check_info(info, &hints);
    err = err ? err : mp_check_pointer(port_name, "port_name");
    err = err ? err : mp_port_open(port_name, MPI_MAX_PORT_NAME);
    return mp_leave(MP_CALL_Open_port, NULL, err);
}
MP_WEAK(Open_port);

int PMPI_Close_port(const char *port_name)
{
    int err = mp_enter(MP_CALL_Close_port);
    err = err ? err : mp_check_pointer(port_name, "port_name");
    err = err ? err : mp_port_close(port_name);
    return mp_leave(MP_CALL_Close_port, NULL, err);
}
MP_WEAK(Close_port);

static int service(int call, const char *service_name, MPI_Info info, const char *port_name)
{
    struct mp_info *hints = NULL;
    int err = mp_enter(call);
    err = err ? err : check_name(service_name, "service_name", MPI_MAX_PORT_NAME);
    err = err ? err : mp_check_info(info, &hints);
    err = err ? err : mp_check_pointer(port_name, "port_name");
    if (!err && call == MP_CALL_Publish_name) {
        err = mp_name_publish(service_name, port_name);
    } else if (!err) {
        err = mp_name_unpublish(service_name);
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Publish_name(const char *service_name, MPI_Info info, const char *port_name)
{
    return service(MP_CALL_Publish_name, service_name, info, port_name);
}
MP_WEAK(Publish_name);

int PMPI_Unpublish_name(const char *service_name, MPI_Info info, const char *port_name)
{
    return service(MP_CALL_Unpublish_name, service_name, info, port_name);
}
MP_WEAK(Unpublish_name);

int PMPI_Lookup_name(const char *service_name, MPI_Info info, char *port_name)
{
    struct mp_info *hints = NULL;
    int err = mp_enter(MP_CALL_Lookup_name);
    err = err ? err : check_name(service_name, "service_name", MPI_MAX_PORT_NAME);
    err = err ? err : mp_check_info(info, &hints);
    err = err ? err : mp_check_pointer(port_name, "port_name");
    err = err ? err : mp_name_look_up(service_name, port_name, MPI_MAX_PORT_NAME);
    return mp_leave(MP_CALL_Lookup_name, NULL, err);
}
MP_WEAK(Lookup_name);

// Of an intracommunicator, with a root.
static int check_group(struct mp_comm *comm, int root)
{
    if (comm->remote) {
        return mp_fail(MPI_ERR_COMM, "comm is an intercommunicator, must be an intracommunicator");
    }
    return mp_check_root(comm, root);
}

static int meet(int call, const char *port_name, MPI_Info info, int root, MPI_Comm comm,
                MPI_Comm *newcomm)
{
    struct mp_comm *c = NULL, *made = NULL;
    struct mp_info *hints = NULL;
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    err = err ? err : check_group(c, root);
    if (!err) {
        int problem = c->rank == root ? mp_check_info(info, &hints) : 0;
        problem = problem || c->rank != root
                      ? problem
                      : check_name(port_name, "port_name", MPI_MAX_PORT_NAME);
        err = (call == MP_CALL_Comm_accept ? mp_comm_accept : mp_comm_connect)(port_name, root, c,
                                                                               problem, &made);
    }
    return mp_leave_with_comm(call, c, err, made, newcomm);
}

int PMPI_Comm_accept(const char *port_name, MPI_Info info, int root, MPI_Comm comm,
                     MPI_Comm *newcomm)
{
    return meet(MP_CALL_Comm_accept, port_name, info, root, comm, newcomm);
}
MP_WEAK(Comm_accept);

int PMPI_Comm_connect(const char *port_name, MPI_Info info, int root, MPI_Comm comm,
                      MPI_Comm *newcomm)
{
    return meet(MP_CALL_Comm_connect, port_name, info, root, comm, newcomm);
}
MP_WEAK(Comm_connect);

int PMPI_Comm_join(int fd, MPI_Comm *intercomm)
{
    struct mp_comm *made = NULL;
    int err = mp_enter(MP_CALL_Comm_join);
    err = err ? err : mp_check_pointer(intercomm, "intercomm");
    err = err ? err : mp_comm_join(fd, &made);
    return mp_leave_with_comm(MP_CALL_Comm_join, NULL, err, made, intercomm);
}
MP_WEAK(Comm_join);
