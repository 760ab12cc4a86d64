// SPDX-License-Identifier: MIT
// Chapters 9 and 11: starting and ending MPI, and what the environment is.
#define _GNU_SOURCE
#include "api/api.h"
#include "api/life.h"
#include "collectives/board.h"
#include "collectives/collectives.h"
#include "collectives/offspring.h"
#include "config.h"
#include "heap/heap.h"
#include "message/bsend.h"
#include "message/meeting.h"
#include "object/attribute.h"
#include "object/info.h"
#include "process/child.h"
#include "process/hardware.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

// ---- The World Model, from beginning to end

static int start_world(int required)
{
    if (mp_process.state != MP_BEFORE_INIT) {
        return mp_fail(MPI_ERR_OTHER, "called %s",
                       mp_process.state == MP_RUNNING
                           ? "a second time"
                           : "after MPI_Finalize; the World Model cannot be started again");
    }
    if (required != MPI_THREAD_SINGLE && required != MPI_THREAD_FUNNELED &&
        required != MPI_THREAD_SERIALIZED && required != MPI_THREAD_MULTIPLE) {
        return mp_fail(MPI_ERR_ARG,
                       "required is %d, must be one of MPI_THREAD_SINGLE, "
                       "FUNNELED, SERIALIZED, MULTIPLE",
                       required);
    }
    int err = mp_life_open(required);
    err = err ? err : mp_comm_init();
    if (!err) {
        mp_board_world();
        mp_process.thread_level = required;
        mp_process.main_thread = (uint64_t)pthread_self();
        mp_process.state = MP_RUNNING;
        err = mp_offspring_begin();
    }
    return err;
}

// MPI_Init and MPI_Init_thread. Errors go to the initial error handler, which is fatal.
static int init(int call, int required, int *provided)
{
    if (mp_child_is()) {
        return mp_raise(call, NULL, mp_child_refuse());
    }
    mp_life_enter(call);
    int err = start_world(required);
    mp_life_exit();
    if (err) {
        return mp_raise(call, NULL, err);
    }
    if (provided) {
        *provided = required;
    }
    return MPI_SUCCESS;
}

int PMPI_Init(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return init(MP_CALL_Init, MPI_THREAD_SINGLE, NULL);
}
MP_WEAK(Init);

int PMPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    (void)argc;
    (void)argv;
    return init(MP_CALL_Init_thread, required, provided);
}
MP_WEAK(Init_thread);

static int end_world(void)
{
    void *memory;
    MPI_Count size;

    if (mp_process.state != MP_RUNNING) {
        return mp_fail(MPI_ERR_OTHER, "called %s",
                       mp_process.state == MP_BEFORE_INIT ? "before MPI_Init" : "a second time");
    }
    // Attributes of MPI_COMM_SELF go first of all: their delete callbacks may still call MPI
    // (11.2.4).
    int err = mp_attributes_delete(MP_OWNER_COMM, MPI_COMM_SELF, &mp_comm_self.attributes);
    if (err) {
        return err;
    }
    mp_bsend_flush_world();
    if (mp_process.users == 1 && mp_bsend_process_buffer) {
        err = mp_bsend_detach(&mp_bsend_process_buffer, &memory, &size);
    }
    err =
        err ? err : mp_attributes_delete(MP_OWNER_COMM, MPI_COMM_WORLD, &mp_comm_world.attributes);
    // A normal end is a barrier, then an orderly exit.
    if (!err) {
        mp_life_await_all();
        err = mp_coll_barrier(&mp_comm_world);
    }
    if (!err) {
        mp_guests_farewell();
        mp_life_close(mp_process.thread_level);
        mp_comm_finish();
        mp_process.state = MP_FINALIZED;
    }
    return err;
}

int PMPI_Finalize(void)
{
    if (mp_child_is()) {
        return MPI_SUCCESS; // an atexit handler of the parent's: there is nothing to end here
    }
    mp_life_enter(MP_CALL_Finalize);
    int err = end_world();
    mp_life_exit();
    return err ? mp_raise(MP_CALL_Finalize, NULL, err) : MPI_SUCCESS;
}
MP_WEAK(Finalize);

int PMPI_Initialized(int *flag)
{
    int err = mp_check_pointer(flag, "flag");
    if (!err) {
        *flag = mp_process.state != MP_BEFORE_INIT;
    }
    return mp_leave_any_time(MP_CALL_Initialized, err);
}
MP_WEAK(Initialized);

int PMPI_Finalized(int *flag)
{
    int err = mp_check_pointer(flag, "flag");
    if (!err) {
        *flag = mp_process.state == MP_FINALIZED;
    }
    return mp_leave_any_time(MP_CALL_Finalized, err);
}
MP_WEAK(Finalized);

int PMPI_Query_thread(int *provided)
{
    int err = mp_enter(MP_CALL_Query_thread);
    err = err ? err : mp_check_pointer(provided, "provided");
    if (!err) {
        *provided = mp_process_thread_level();
    }
    return mp_leave(MP_CALL_Query_thread, NULL, err);
}
MP_WEAK(Query_thread);

int PMPI_Is_thread_main(int *flag)
{
    int err = mp_enter(MP_CALL_Is_thread_main);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        *flag = mp_process.main_thread == (uint64_t)pthread_self();
    }
    return mp_leave(MP_CALL_Is_thread_main, NULL, err);
}
MP_WEAK(Is_thread_main);

int PMPI_Abort(MPI_Comm comm, int errorcode)
{
    const struct mp_comm *c = mp_process.users > 0 ? mp_comm_get(comm) : NULL;
    char message[256];
    c = c && !c->freed ? c : NULL;
    snprintf(message, sizeof message, "MPI_Abort was called with code %d%s%s", errorcode,
             c ? " on " : "", c ? (c->name[0] ? c->name : "a communicator") : "");
    if (mp_child_is()) {
        mp_child_abort(errorcode, message);
    }
    mp_process_abort(errorcode, message);
}
MP_WEAK(Abort);

int PMPI_Get_version(int *version, int *subversion)
{
    int err = mp_check_pointer(version, "version");
    err = err ? err : mp_check_pointer(subversion, "subversion");
    if (!err) {
        *version = MPI_VERSION;
        *subversion = MPI_SUBVERSION;
    }
    return mp_leave_any_time(MP_CALL_Get_version, err);
}
MP_WEAK(Get_version);

int PMPI_Get_library_version(char *version, int *resultlen)
{
    int err = mp_check_pointer(version, "version");
    err = err ? err : mp_check_pointer(resultlen, "resultlen");
    if (!err) {
        *resultlen = snprintf(version, MPI_MAX_LIBRARY_VERSION_STRING,
                              PACKAGE_STRING ", MPI standard %d.%d, ABI %d.%d", MPI_VERSION,
                              MPI_SUBVERSION, MPI_ABI_VERSION, MPI_ABI_SUBVERSION);
    }
    return mp_leave_any_time(MP_CALL_Get_library_version, err);
}
MP_WEAK(Get_library_version);

int PMPI_Get_processor_name(char *name, int *resultlen)
{
    struct utsname system;
    int err = mp_enter(MP_CALL_Get_processor_name);
    err = err ? err : mp_check_pointer(name, "name");
    err = err ? err : mp_check_pointer(resultlen, "resultlen");
    if (!err) {
        const char *from = mp_process.segment->processor;
        if (!from[0]) {
            from = uname(&system) == 0 && system.nodename[0] ? system.nodename : "localhost";
        }
        *resultlen = snprintf(name, MPI_MAX_PROCESSOR_NAME, "%s", from);
    }
    return mp_leave(MP_CALL_Get_processor_name, NULL, err);
}
MP_WEAK(Get_processor_name);

// "true" for the types of which the process may use one instance only.
static int tell_hardware(struct mp_info **info)
{
    int instances[MP_HARDWARE_TYPES];
    int err = 0;

    mp_hardware_instances(instances);
    *info = mp_info_new();
    for (int i = 0; *info && i < MP_HARDWARE_TYPES && !err; i++) {
        if (instances[i] != MP_HARDWARE_NONE) {
            err = mp_info_put(*info, mp_hardware_name(i), instances[i] >= 0 ? "true" : "false");
        }
    }
    if (err) {
        mp_info_free(*info);
    }
    return *info && !err ? 0 : mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
}

int PMPI_Get_hw_resource_info(MPI_Info *hw_info)
{
    struct mp_info *info = NULL;
    int err = mp_enter(MP_CALL_Get_hw_resource_info);
    err = err ? err : mp_check_pointer(hw_info, "hw_info");
    err = err ? err : tell_hardware(&info);
    if (!err) {
        *hw_info = mp_info_handle(info);
        mp_owned_made(MP_OWNED_INFO, *hw_info, MP_CALL_Get_hw_resource_info);
    }
    return mp_leave(MP_CALL_Get_hw_resource_info, NULL, err);
}
MP_WEAK(Get_hw_resource_info);

// Time and addresses need no check, no state and no lock. The clock is the machine's, so it is the
// same for all ranks (MPI_WTIME_IS_GLOBAL).
double PMPI_Wtime(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
MP_WEAK(Wtime);

double PMPI_Wtick(void)
{
    struct timespec tick;
    clock_getres(CLOCK_MONOTONIC, &tick);
    return (double)tick.tv_sec + 1e-9 * (double)tick.tv_nsec;
}
MP_WEAK(Wtick);

MPI_Aint PMPI_Aint_add(MPI_Aint base, MPI_Aint disp)
{
    return base + disp;
}
MP_WEAK(Aint_add);

MPI_Aint PMPI_Aint_diff(MPI_Aint addr1, MPI_Aint addr2)
{
    return addr1 - addr2;
}
MP_WEAK(Aint_diff);

// Cache lines are 64 bytes. The hint may ask for more (9.2).
static size_t alignment_of(const struct mp_info *info)
{
    const char *value = info ? mp_info_find(info, "mpi_minimum_memory_alignment") : NULL;
    unsigned long long asked = value ? strtoull(value, NULL, 10) : 0;
    size_t alignment = 64;
    while (alignment < asked && alignment < (size_t)1 << 30) {
        alignment *= 2;
    }
    return alignment;
}

int PMPI_Alloc_mem(MPI_Aint size, MPI_Info info, void *baseptr)
{
    struct mp_info *hints = NULL;
    int err = mp_enter(MP_CALL_Alloc_mem);
    err = err ? err : mp_check_pointer(baseptr, "baseptr");
    err = err ? err : mp_check_info(info, &hints);
    if (!err && size < 0) {
        err = mp_fail(MPI_ERR_ARG, "size is %lld, must be 0 or more", (long long)size);
    }
    if (!err) {
        // From the heap, whoever's malloc it is: this memory is to be sent.
        void *memory =
            size < 4096 ? NULL : mp_heap_allocate((size_t)size, alignment_of(hints), false);
        if (!memory &&
            posix_memalign(&memory, alignment_of(hints), size > 0 ? (size_t)size : 1) != 0) {
            err = mp_fail(MPI_ERR_NO_MEM, "%lld bytes are not to be had", (long long)size);
        }
        memcpy(baseptr, &memory, sizeof memory);
    }
    return mp_leave(MP_CALL_Alloc_mem, NULL, err);
}
MP_WEAK(Alloc_mem);

int PMPI_Free_mem(void *base)
{
    int err = mp_enter(MP_CALL_Free_mem);
    if (!err && mp_heap_made(base)) {
        mp_heap_free(base);
    } else if (!err) {
        free(base);
    }
    return mp_leave(MP_CALL_Free_mem, NULL, err);
}
MP_WEAK(Free_mem);
