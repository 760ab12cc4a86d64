// SPDX-License-Identifier: MIT
//
// Chapter 15: tool support. MPI_Pcontrol is for the tool that replaces it. The tool information
// interface (MPI_T) has no variables yet, so it cannot be started, and everything else in it is
// called before its start. MPI_T reports by return value and never calls an error handler (15.3.2).

#include "api/api.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

int PMPI_Pcontrol(const int level, ...)
{
    return MPI_SUCCESS;
}
MP_WEAK(Pcontrol);

int PMPI_T_init_thread(int required, int *provided)
{
    return MPI_T_ERR_CANNOT_INIT;
}
MP_WEAK(T_init_thread);

#define NOT_INITIALIZED(name, parameters) \
    int PMPI_T_##name parameters          \
    {                                     \
        return MPI_T_ERR_NOT_INITIALIZED; \
    }                                     \
    MP_WEAK(T_##name)

// clang-format off

NOT_INITIALIZED(finalize, (void));
NOT_INITIALIZED(enum_get_info, (MPI_T_enum enumtype, int *num, char *name, int *name_len));
NOT_INITIALIZED(enum_get_item, (MPI_T_enum enumtype, int indx, int *value, char *name,
                int *name_len));
NOT_INITIALIZED(cvar_get_index, (const char *name, int *cvar_index));
NOT_INITIALIZED(cvar_get_info, (int cvar_index, char *name, int *name_len, int *verbosity,
                MPI_Datatype *datatype, MPI_T_enum *enumtype, char *desc, int *desc_len, int *bind,
                int *scope));
NOT_INITIALIZED(cvar_get_num, (int *num_cvar));
NOT_INITIALIZED(cvar_handle_alloc, (int cvar_index, void *obj_handle, MPI_T_cvar_handle *handle,
                int *count));
NOT_INITIALIZED(cvar_handle_free, (MPI_T_cvar_handle *handle));
NOT_INITIALIZED(cvar_read, (MPI_T_cvar_handle handle, void *buf));
NOT_INITIALIZED(cvar_write, (MPI_T_cvar_handle handle, const void *buf));
NOT_INITIALIZED(pvar_get_index, (const char *name, int var_class, int *pvar_index));
NOT_INITIALIZED(pvar_get_info, (int pvar_index, char *name, int *name_len, int *verbosity,
                int *var_class, MPI_Datatype *datatype, MPI_T_enum *enumtype, char *desc,
                int *desc_len, int *bind, int *readonly, int *continuous, int *atomic));
NOT_INITIALIZED(pvar_get_num, (int *num_pvar));
NOT_INITIALIZED(pvar_handle_alloc, (MPI_T_pvar_session session, int pvar_index, void *obj_handle,
                MPI_T_pvar_handle *handle, int *count));
NOT_INITIALIZED(pvar_handle_free, (MPI_T_pvar_session session, MPI_T_pvar_handle *handle));
NOT_INITIALIZED(pvar_read, (MPI_T_pvar_session session, MPI_T_pvar_handle handle, void *buf));
NOT_INITIALIZED(pvar_readreset, (MPI_T_pvar_session session, MPI_T_pvar_handle handle, void *buf));
NOT_INITIALIZED(pvar_reset, (MPI_T_pvar_session session, MPI_T_pvar_handle handle));
NOT_INITIALIZED(pvar_session_create, (MPI_T_pvar_session *session));
NOT_INITIALIZED(pvar_session_free, (MPI_T_pvar_session *session));
NOT_INITIALIZED(pvar_start, (MPI_T_pvar_session session, MPI_T_pvar_handle handle));
NOT_INITIALIZED(pvar_stop, (MPI_T_pvar_session session, MPI_T_pvar_handle handle));
NOT_INITIALIZED(pvar_write, (MPI_T_pvar_session session, MPI_T_pvar_handle handle,
                const void *buf));
NOT_INITIALIZED(event_callback_get_info, (MPI_T_event_registration event_registration,
                MPI_T_cb_safety cb_safety, MPI_Info *info_used));
NOT_INITIALIZED(event_callback_set_info, (MPI_T_event_registration event_registration,
                MPI_T_cb_safety cb_safety, MPI_Info info));
NOT_INITIALIZED(event_copy, (MPI_T_event_instance event_instance, void *buffer));
NOT_INITIALIZED(event_get_index, (const char *name, int *event_index));
NOT_INITIALIZED(event_get_info, (int event_index, char *name, int *name_len, int *verbosity,
                MPI_Datatype array_of_datatypes[], MPI_Aint array_of_displacements[],
                int *num_elements, MPI_T_enum *enumtype, MPI_Info *info, char *desc, int *desc_len,
                int *bind));
NOT_INITIALIZED(event_get_num, (int *num_events));
NOT_INITIALIZED(event_get_source, (MPI_T_event_instance event_instance, int *source_index));
NOT_INITIALIZED(event_get_timestamp, (MPI_T_event_instance event_instance,
                MPI_Count *event_timestamp));
NOT_INITIALIZED(event_handle_alloc, (int event_index, void *obj_handle, MPI_Info info,
                MPI_T_event_registration *event_registration));
NOT_INITIALIZED(event_handle_free, (MPI_T_event_registration event_registration, void *user_data,
                MPI_T_event_free_cb_function free_cb_function));
NOT_INITIALIZED(event_handle_get_info, (MPI_T_event_registration event_registration,
                MPI_Info *info_used));
NOT_INITIALIZED(event_handle_set_info, (MPI_T_event_registration event_registration,
                MPI_Info info));
NOT_INITIALIZED(event_read, (MPI_T_event_instance event_instance, int element_index, void *buffer));
NOT_INITIALIZED(event_register_callback, (MPI_T_event_registration event_registration,
                MPI_T_cb_safety cb_safety, MPI_Info info, void *user_data,
                MPI_T_event_cb_function event_cb_function));
NOT_INITIALIZED(event_set_dropped_handler, (MPI_T_event_registration event_registration,
                MPI_T_event_dropped_cb_function dropped_cb_function));
NOT_INITIALIZED(source_get_info, (int source_index, char *name, int *name_len, char *desc,
                int *desc_len, MPI_T_source_order *ordering, MPI_Count *ticks_per_second,
                MPI_Count *max_ticks, MPI_Info *info));
NOT_INITIALIZED(source_get_num, (int *num_sources));
NOT_INITIALIZED(source_get_timestamp, (int source_index, MPI_Count *timestamp));
NOT_INITIALIZED(category_changed, (int *update_number));
NOT_INITIALIZED(category_get_categories, (int cat_index, int len, int indices[]));
NOT_INITIALIZED(category_get_cvars, (int cat_index, int len, int indices[]));
NOT_INITIALIZED(category_get_events, (int cat_index, int len, int indices[]));
NOT_INITIALIZED(category_get_index, (const char *name, int *cat_index));
NOT_INITIALIZED(category_get_info, (int cat_index, char *name, int *name_len, char *desc,
                int *desc_len, int *num_cvars, int *num_pvars, int *num_categories));
NOT_INITIALIZED(category_get_num, (int *num_cat));
NOT_INITIALIZED(category_get_num_events, (int cat_index, int *num_events));
NOT_INITIALIZED(category_get_pvars, (int cat_index, int len, int indices[]));
// clang-format on
