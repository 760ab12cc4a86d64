// SPDX-License-Identifier: MIT
//
// The functions of the standard that are not built yet, one line each, by chapter. They are
// exported with their signatures, so that programs and tools link, and raise
// MPI_ERR_UNSUPPORTED_OPERATION in their own name: none returns success without having done its
// work. The last argument is the communicator whose error handler is called; MPI_COMM_SELF's where
// the function has none (9.3). Whoever builds a function deletes its line here. See tool.c for
// MPI_T, which never raises.

#include "api/api.h"
#include "base/calls.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define UNSUPPORTED(name, parameters, raise_on)          \
    int PMPI_##name parameters                           \
    {                                                    \
        return mp_unsupported(MP_CALL_##name, raise_on); \
    }                                                    \
    MP_WEAK(name)

// clang-format off

// Chapter 7: Groups, contexts, communicators and caching.
UNSUPPORTED(Win_delete_attr, (MPI_Win win, int win_keyval), MPI_COMM_SELF);
UNSUPPORTED(Win_get_attr, (MPI_Win win, int win_keyval, void *attribute_val, int *flag),
            MPI_COMM_SELF);
UNSUPPORTED(Win_set_attr, (MPI_Win win, int win_keyval, void *attribute_val), MPI_COMM_SELF);
UNSUPPORTED(Win_get_name, (MPI_Win win, char *win_name, int *resultlen), MPI_COMM_SELF);
UNSUPPORTED(Win_set_name, (MPI_Win win, const char *win_name), MPI_COMM_SELF);

// Chapter 9: Environmental management.
UNSUPPORTED(File_call_errhandler, (MPI_File fh, int errorcode), MPI_COMM_SELF);
UNSUPPORTED(File_get_errhandler, (MPI_File file, MPI_Errhandler *errhandler), MPI_COMM_SELF);
UNSUPPORTED(File_set_errhandler, (MPI_File file, MPI_Errhandler errhandler), MPI_COMM_SELF);
UNSUPPORTED(Win_call_errhandler, (MPI_Win win, int errorcode), MPI_COMM_SELF);
UNSUPPORTED(Win_get_errhandler, (MPI_Win win, MPI_Errhandler *errhandler), MPI_COMM_SELF);
UNSUPPORTED(Win_set_errhandler, (MPI_Win win, MPI_Errhandler errhandler), MPI_COMM_SELF);

// Chapter 11: Process initialization, creation and management.
UNSUPPORTED(Close_port, (const char *port_name), MPI_COMM_SELF);
UNSUPPORTED(Comm_accept, (const char *port_name, MPI_Info info, int root, MPI_Comm comm,
            MPI_Comm *newcomm), comm);
UNSUPPORTED(Comm_connect, (const char *port_name, MPI_Info info, int root, MPI_Comm comm,
            MPI_Comm *newcomm), comm);
UNSUPPORTED(Comm_join, (int fd, MPI_Comm *intercomm), MPI_COMM_SELF);
UNSUPPORTED(Comm_spawn, (const char *command, char *argv[], int maxprocs, MPI_Info info, int root,
            MPI_Comm comm, MPI_Comm *intercomm, int array_of_errcodes[]), comm);
UNSUPPORTED(Comm_spawn_multiple, (int count, char *array_of_commands[], char **array_of_argv[],
            const int array_of_maxprocs[], const MPI_Info array_of_info[], int root, MPI_Comm comm,
            MPI_Comm *intercomm, int array_of_errcodes[]), comm);
UNSUPPORTED(Lookup_name, (const char *service_name, MPI_Info info, char *port_name), MPI_COMM_SELF);
UNSUPPORTED(Open_port, (MPI_Info info, char *port_name), MPI_COMM_SELF);
UNSUPPORTED(Publish_name, (const char *service_name, MPI_Info info, const char *port_name),
            MPI_COMM_SELF);
UNSUPPORTED(Unpublish_name, (const char *service_name, MPI_Info info, const char *port_name),
            MPI_COMM_SELF);

// Chapter 12: One-sided communication.
UNSUPPORTED(Win_allocate, (MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm,
            void *baseptr, MPI_Win *win), comm);
UNSUPPORTED(Win_allocate_c, (MPI_Aint size, MPI_Aint disp_unit, MPI_Info info, MPI_Comm comm,
            void *baseptr, MPI_Win *win), comm);
UNSUPPORTED(Win_allocate_shared, (MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm,
            void *baseptr, MPI_Win *win), comm);
UNSUPPORTED(Win_allocate_shared_c, (MPI_Aint size, MPI_Aint disp_unit, MPI_Info info, MPI_Comm comm,
            void *baseptr, MPI_Win *win), comm);
UNSUPPORTED(Win_attach, (MPI_Win win, void *base, MPI_Aint size), MPI_COMM_SELF);
UNSUPPORTED(Win_create, (void *base, MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm,
            MPI_Win *win), comm);
UNSUPPORTED(Win_create_c, (void *base, MPI_Aint size, MPI_Aint disp_unit, MPI_Info info,
            MPI_Comm comm, MPI_Win *win), comm);
UNSUPPORTED(Win_create_dynamic, (MPI_Info info, MPI_Comm comm, MPI_Win *win), comm);
UNSUPPORTED(Win_detach, (MPI_Win win, const void *base), MPI_COMM_SELF);
UNSUPPORTED(Win_free, (MPI_Win *win), MPI_COMM_SELF);
UNSUPPORTED(Win_get_group, (MPI_Win win, MPI_Group *group), MPI_COMM_SELF);
UNSUPPORTED(Win_get_info, (MPI_Win win, MPI_Info *info_used), MPI_COMM_SELF);
UNSUPPORTED(Win_set_info, (MPI_Win win, MPI_Info info), MPI_COMM_SELF);
UNSUPPORTED(Win_shared_query, (MPI_Win win, int rank, MPI_Aint *size, int *disp_unit,
            void *baseptr), MPI_COMM_SELF);
UNSUPPORTED(Win_shared_query_c, (MPI_Win win, int rank, MPI_Aint *size, MPI_Aint *disp_unit,
            void *baseptr), MPI_COMM_SELF);
UNSUPPORTED(Accumulate, (const void *origin_addr, int origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype,
            MPI_Op op, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Accumulate_c, (const void *origin_addr, MPI_Count origin_count,
            MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp,
            MPI_Count target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win),
            MPI_COMM_SELF);
UNSUPPORTED(Compare_and_swap, (const void *origin_addr, const void *compare_addr, void *result_addr,
            MPI_Datatype datatype, int target_rank, MPI_Aint target_disp, MPI_Win win),
            MPI_COMM_SELF);
UNSUPPORTED(Fetch_and_op, (const void *origin_addr, void *result_addr, MPI_Datatype datatype,
            int target_rank, MPI_Aint target_disp, MPI_Op op, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Get, (void *origin_addr, int origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype,
            MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Get_c, (void *origin_addr, MPI_Count origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, MPI_Count target_count,
            MPI_Datatype target_datatype, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Get_accumulate, (const void *origin_addr, int origin_count,
            MPI_Datatype origin_datatype, void *result_addr, int result_count,
            MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp, int target_count,
            MPI_Datatype target_datatype, MPI_Op op, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Get_accumulate_c, (const void *origin_addr, MPI_Count origin_count,
            MPI_Datatype origin_datatype, void *result_addr, MPI_Count result_count,
            MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp,
            MPI_Count target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win),
            MPI_COMM_SELF);
UNSUPPORTED(Put, (const void *origin_addr, int origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype,
            MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Put_c, (const void *origin_addr, MPI_Count origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, MPI_Count target_count,
            MPI_Datatype target_datatype, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Raccumulate, (const void *origin_addr, int origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype,
            MPI_Op op, MPI_Win win, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(Raccumulate_c, (const void *origin_addr, MPI_Count origin_count,
            MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp,
            MPI_Count target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(Rget, (void *origin_addr, int origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype,
            MPI_Win win, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(Rget_c, (void *origin_addr, MPI_Count origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, MPI_Count target_count,
            MPI_Datatype target_datatype, MPI_Win win, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(Rget_accumulate, (const void *origin_addr, int origin_count,
            MPI_Datatype origin_datatype, void *result_addr, int result_count,
            MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp, int target_count,
            MPI_Datatype target_datatype, MPI_Op op, MPI_Win win, MPI_Request *request),
            MPI_COMM_SELF);
UNSUPPORTED(Rget_accumulate_c, (const void *origin_addr, MPI_Count origin_count,
            MPI_Datatype origin_datatype, void *result_addr, MPI_Count result_count,
            MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp,
            MPI_Count target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(Rput, (const void *origin_addr, int origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype,
            MPI_Win win, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(Rput_c, (const void *origin_addr, MPI_Count origin_count, MPI_Datatype origin_datatype,
            int target_rank, MPI_Aint target_disp, MPI_Count target_count,
            MPI_Datatype target_datatype, MPI_Win win, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(Win_complete, (MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_fence, (int assert, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_flush, (int rank, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_flush_all, (MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_flush_local, (int rank, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_flush_local_all, (MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_lock, (int lock_type, int rank, int assert, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_lock_all, (int assert, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_post, (MPI_Group group, int assert, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_start, (MPI_Group group, int assert, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_sync, (MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_test, (MPI_Win win, int *flag), MPI_COMM_SELF);
UNSUPPORTED(Win_unlock, (int rank, MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_unlock_all, (MPI_Win win), MPI_COMM_SELF);
UNSUPPORTED(Win_wait, (MPI_Win win), MPI_COMM_SELF);

// Chapter 14: I/O.
UNSUPPORTED(File_close, (MPI_File *fh), MPI_COMM_SELF);
UNSUPPORTED(File_delete, (const char *filename, MPI_Info info), MPI_COMM_SELF);
UNSUPPORTED(File_get_amode, (MPI_File fh, int *amode), MPI_COMM_SELF);
UNSUPPORTED(File_get_atomicity, (MPI_File fh, int *flag), MPI_COMM_SELF);
UNSUPPORTED(File_get_byte_offset, (MPI_File fh, MPI_Offset offset, MPI_Offset *disp),
            MPI_COMM_SELF);
UNSUPPORTED(File_get_group, (MPI_File fh, MPI_Group *group), MPI_COMM_SELF);
UNSUPPORTED(File_get_info, (MPI_File fh, MPI_Info *info_used), MPI_COMM_SELF);
UNSUPPORTED(File_get_position, (MPI_File fh, MPI_Offset *offset), MPI_COMM_SELF);
UNSUPPORTED(File_get_position_shared, (MPI_File fh, MPI_Offset *offset), MPI_COMM_SELF);
UNSUPPORTED(File_get_size, (MPI_File fh, MPI_Offset *size), MPI_COMM_SELF);
UNSUPPORTED(File_get_type_extent, (MPI_File fh, MPI_Datatype datatype, MPI_Aint *extent),
            MPI_COMM_SELF);
UNSUPPORTED(File_get_type_extent_c, (MPI_File fh, MPI_Datatype datatype, MPI_Count *extent),
            MPI_COMM_SELF);
UNSUPPORTED(File_get_view, (MPI_File fh, MPI_Offset *disp, MPI_Datatype *etype,
            MPI_Datatype *filetype, char *datarep), MPI_COMM_SELF);
UNSUPPORTED(File_open, (MPI_Comm comm, const char *filename, int amode, MPI_Info info,
            MPI_File *fh), comm);
UNSUPPORTED(File_preallocate, (MPI_File fh, MPI_Offset size), MPI_COMM_SELF);
UNSUPPORTED(File_seek, (MPI_File fh, MPI_Offset offset, int whence), MPI_COMM_SELF);
UNSUPPORTED(File_seek_shared, (MPI_File fh, MPI_Offset offset, int whence), MPI_COMM_SELF);
UNSUPPORTED(File_set_atomicity, (MPI_File fh, int flag), MPI_COMM_SELF);
UNSUPPORTED(File_set_info, (MPI_File fh, MPI_Info info), MPI_COMM_SELF);
UNSUPPORTED(File_set_size, (MPI_File fh, MPI_Offset size), MPI_COMM_SELF);
UNSUPPORTED(File_set_view, (MPI_File fh, MPI_Offset disp, MPI_Datatype etype, MPI_Datatype filetype,
            const char *datarep, MPI_Info info), MPI_COMM_SELF);
UNSUPPORTED(File_sync, (MPI_File fh), MPI_COMM_SELF);
UNSUPPORTED(File_iread_at, (MPI_File fh, MPI_Offset offset, void *buf, int count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iread_at_c, (MPI_File fh, MPI_Offset offset, void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iread_at_all, (MPI_File fh, MPI_Offset offset, void *buf, int count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iread_at_all_c, (MPI_File fh, MPI_Offset offset, void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_at, (MPI_File fh, MPI_Offset offset, const void *buf, int count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_at_c, (MPI_File fh, MPI_Offset offset, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_at_all, (MPI_File fh, MPI_Offset offset, const void *buf, int count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_at_all_c, (MPI_File fh, MPI_Offset offset, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_read_at, (MPI_File fh, MPI_Offset offset, void *buf, int count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_at_c, (MPI_File fh, MPI_Offset offset, void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_at_all, (MPI_File fh, MPI_Offset offset, void *buf, int count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_at_all_c, (MPI_File fh, MPI_Offset offset, void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_at_all_begin, (MPI_File fh, MPI_Offset offset, void *buf, int count,
            MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_read_at_all_begin_c, (MPI_File fh, MPI_Offset offset, void *buf, MPI_Count count,
            MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_read_at_all_end, (MPI_File fh, void *buf, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_at, (MPI_File fh, MPI_Offset offset, const void *buf, int count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_at_c, (MPI_File fh, MPI_Offset offset, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_at_all, (MPI_File fh, MPI_Offset offset, const void *buf, int count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_at_all_c, (MPI_File fh, MPI_Offset offset, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_at_all_begin, (MPI_File fh, MPI_Offset offset, const void *buf, int count,
            MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_write_at_all_begin_c, (MPI_File fh, MPI_Offset offset, const void *buf,
            MPI_Count count, MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_write_at_all_end, (MPI_File fh, const void *buf, MPI_Status *status),
            MPI_COMM_SELF);
UNSUPPORTED(File_iread_shared, (MPI_File fh, void *buf, int count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iread_shared_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_shared, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_shared_c, (MPI_File fh, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_read_ordered, (MPI_File fh, void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_ordered_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_ordered_begin, (MPI_File fh, void *buf, int count, MPI_Datatype datatype),
            MPI_COMM_SELF);
UNSUPPORTED(File_read_ordered_begin_c, (MPI_File fh, void *buf, MPI_Count count,
            MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_read_ordered_end, (MPI_File fh, void *buf, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_shared, (MPI_File fh, void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_shared_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_ordered, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_ordered_c, (MPI_File fh, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_ordered_begin, (MPI_File fh, const void *buf, int count,
            MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_write_ordered_begin_c, (MPI_File fh, const void *buf, MPI_Count count,
            MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_write_ordered_end, (MPI_File fh, const void *buf, MPI_Status *status),
            MPI_COMM_SELF);
UNSUPPORTED(File_write_shared, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_shared_c, (MPI_File fh, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_iread, (MPI_File fh, void *buf, int count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iread_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iread_all, (MPI_File fh, void *buf, int count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iread_all_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_c, (MPI_File fh, const void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_all, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype,
            MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_iwrite_all_c, (MPI_File fh, const void *buf, MPI_Count count,
            MPI_Datatype datatype, MPI_Request *request), MPI_COMM_SELF);
UNSUPPORTED(File_read, (MPI_File fh, void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_all, (MPI_File fh, void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_all_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_read_all_begin, (MPI_File fh, void *buf, int count, MPI_Datatype datatype),
            MPI_COMM_SELF);
UNSUPPORTED(File_read_all_begin_c, (MPI_File fh, void *buf, MPI_Count count, MPI_Datatype datatype),
            MPI_COMM_SELF);
UNSUPPORTED(File_read_all_end, (MPI_File fh, void *buf, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_c, (MPI_File fh, const void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_all, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_all_c, (MPI_File fh, const void *buf, MPI_Count count, MPI_Datatype datatype,
            MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(File_write_all_begin, (MPI_File fh, const void *buf, int count, MPI_Datatype datatype),
            MPI_COMM_SELF);
UNSUPPORTED(File_write_all_begin_c, (MPI_File fh, const void *buf, MPI_Count count,
            MPI_Datatype datatype), MPI_COMM_SELF);
UNSUPPORTED(File_write_all_end, (MPI_File fh, const void *buf, MPI_Status *status), MPI_COMM_SELF);
UNSUPPORTED(Register_datarep, (const char *datarep,
            MPI_Datarep_conversion_function *read_conversion_fn,
            MPI_Datarep_conversion_function *write_conversion_fn,
            MPI_Datarep_extent_function *dtype_file_extent_fn, void *extra_state), MPI_COMM_SELF);
UNSUPPORTED(Register_datarep_c, (const char *datarep,
            MPI_Datarep_conversion_function_c *read_conversion_fn,
            MPI_Datarep_conversion_function_c *write_conversion_fn,
            MPI_Datarep_extent_function *dtype_file_extent_fn, void *extra_state), MPI_COMM_SELF);

// clang-format on
