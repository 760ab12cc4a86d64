// SPDX-License-Identifier: MIT
//
// Chapter 12: windows as objects. They are made and freed, and have memory, a group, a name and
// attributes (7.7.3). Their hints are in one_sided_hints.c.

#include "api/one_sided.h"

#include "base/calls.h"
#include "object/attribute.h"
#include "object/info.h"

#include <stdlib.h>
#include <string.h>

int mp_check_window(MPI_Win win, struct mp_window **out)
{
    struct mp_window *w = mp_window_get(win);
    if (likely(w && w->exists)) {
        *out = w;
        return 0;
    }
    if (win == MPI_WIN_NULL) {
        return mp_fail(MPI_ERR_WIN, "win is MPI_WIN_NULL");
    }
    return mp_fail(MPI_ERR_WIN, "win is %p, which is no window, or one that was freed",
                   (void *)win);
}

int mp_leave_window_with_error(int call, struct mp_window *window, int err)
{
    return window ? mp_raise_window(call, mp_window_handle(window), window->name,
                                    window->errhandler, err)
                  : mp_raise(call, NULL, err);
}

int mp_check_target(const struct mp_window *window, int rank, const char *name)
{
    if (likely((unsigned)rank < (unsigned)window->size) || rank == MPI_PROC_NULL) {
        return 0;
    }
    return mp_fail(MPI_ERR_RANK, "%s is %d, must be 0 to %d or MPI_PROC_NULL", name, rank,
                   window->size - 1);
}

// ---- Making

static int check_intra(const struct mp_comm *comm)
{
    return comm->remote ? mp_fail(MPI_ERR_COMM, "comm is an intercommunicator, must be an "
                                                "intracommunicator")
                        : 0;
}

// What only this rank knows to be wrong; the others are told while the window is made.
static int check_memory(const struct mp_window_wish *wish)
{
    if (wish->bytes < 0) {
        return mp_fail(MPI_ERR_SIZE, "size is %lld, must be 0 or more", (long long)wish->bytes);
    }
    if (wish->unit <= 0) {
        return mp_fail(MPI_ERR_DISP, "disp_unit is %lld, must be more than 0",
                       (long long)wish->unit);
    }
    if (wish->flavor == MPI_WIN_FLAVOR_CREATE && wish->bytes > 0 && !wish->base) {
        return mp_fail(MPI_ERR_BASE, "base is a null pointer, and size is %lld",
                       (long long)wish->bytes);
    }
    return 0;
}

static bool hint_is_true(const struct mp_info *hints, const char *key)
{
    const char *value = hints ? mp_info_find(hints, key) : NULL;
    return value && strcmp(value, "true") == 0;
}

static size_t hinted_alignment(const struct mp_info *hints)
{
    const char *value = hints ? mp_info_find(hints, "mpi_minimum_memory_alignment") : NULL;
    size_t wanted = value ? strtoull(value, NULL, 10) : 0, alignment = 1;
    while (alignment < wanted && alignment < (size_t)1 << 30) {
        alignment *= 2;
    }
    return alignment;
}

// `baseptr`: where to put the address of memory that is made; NULL: none is.
static int create(int call, int flavor, void *base, MPI_Aint bytes, MPI_Aint unit, MPI_Info info,
                  MPI_Comm comm, void *baseptr, MPI_Win *win)
{
    struct mp_comm *c = NULL;
    struct mp_info *given = NULL;
    struct mp_window *made = NULL;
    struct mp_window_wish wish = {.flavor = flavor, .base = base, .bytes = bytes, .unit = unit};
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : check_intra(c);
    err = err ? err : mp_check_pointer(win, "win");
    err = err ? err : mp_check_info(info, &given);
    if (!err && (flavor == MPI_WIN_FLAVOR_ALLOCATE || flavor == MPI_WIN_FLAVOR_SHARED)) {
        err = mp_check_pointer(baseptr, "baseptr");
    }
    err = err ? err : mp_window_hints_take(given, &wish.info);
    if (!err) {
        wish.problem = check_memory(&wish);
        wish.apart = hint_is_true(wish.info, "alloc_shared_noncontig");
        wish.alignment = hinted_alignment(wish.info);
        err = mp_window_create(c, &wish, &made);
    }
    if (win) {
        *win = made ? mp_window_handle(made) : MPI_WIN_NULL;
        mp_owned_made(MP_OWNED_WIN, *win, call);
    }
    if (made && baseptr) {
        *(void **)baseptr = made->base;
    }
    return mp_leave(call, c, err);
}

int PMPI_Win_create(void *base, MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm,
                    MPI_Win *win)
{
    return create(MP_CALL_Win_create, MPI_WIN_FLAVOR_CREATE, base, size, disp_unit, info, comm,
                  NULL, win);
}
MP_WEAK(Win_create);

int PMPI_Win_create_c(void *base, MPI_Aint size, MPI_Aint disp_unit, MPI_Info info, MPI_Comm comm,
                      MPI_Win *win)
{
    return create(MP_CALL_Win_create_c, MPI_WIN_FLAVOR_CREATE, base, size, disp_unit, info, comm,
                  NULL, win);
}
MP_WEAK(Win_create_c);

int PMPI_Win_allocate(MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm, void *baseptr,
                      MPI_Win *win)
{
    return create(MP_CALL_Win_allocate, MPI_WIN_FLAVOR_ALLOCATE, NULL, size, disp_unit, info, comm,
                  baseptr, win);
}
MP_WEAK(Win_allocate);

int PMPI_Win_allocate_c(MPI_Aint size, MPI_Aint disp_unit, MPI_Info info, MPI_Comm comm,
                        void *baseptr, MPI_Win *win)
{
    return create(MP_CALL_Win_allocate_c, MPI_WIN_FLAVOR_ALLOCATE, NULL, size, disp_unit, info,
                  comm, baseptr, win);
}
MP_WEAK(Win_allocate_c);

int PMPI_Win_allocate_shared(MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm,
                             void *baseptr, MPI_Win *win)
{
    return create(MP_CALL_Win_allocate_shared, MPI_WIN_FLAVOR_SHARED, NULL, size, disp_unit, info,
                  comm, baseptr, win);
}
MP_WEAK(Win_allocate_shared);

int PMPI_Win_allocate_shared_c(MPI_Aint size, MPI_Aint disp_unit, MPI_Info info, MPI_Comm comm,
                               void *baseptr, MPI_Win *win)
{
    return create(MP_CALL_Win_allocate_shared_c, MPI_WIN_FLAVOR_SHARED, NULL, size, disp_unit, info,
                  comm, baseptr, win);
}
MP_WEAK(Win_allocate_shared_c);

int PMPI_Win_create_dynamic(MPI_Info info, MPI_Comm comm, MPI_Win *win)
{
    return create(MP_CALL_Win_create_dynamic, MPI_WIN_FLAVOR_DYNAMIC, MPI_BOTTOM, 0, 1, info, comm,
                  NULL, win);
}
MP_WEAK(Win_create_dynamic);

int PMPI_Win_free(MPI_Win *win)
{
    struct mp_window *w = NULL;
    int err = mp_enter(MP_CALL_Win_free);
    err = err ? err : mp_check_pointer(win, "win");
    err = err ? err : mp_check_window(*win, &w);
    if (!err && mp_window_is_left(w, __builtin_frame_address(0))) {
        mp_window_say_left(w);
    }
    err = err ? err : mp_window_free(w);
    if (!err) {
        mp_owned_freed(MP_OWNED_WIN, *win);
        *win = MPI_WIN_NULL;
    }
    return mp_leave_window(MP_CALL_Win_free, w, err);
}
MP_WEAK(Win_free);

// ---- Memory

static int check_dynamic(const struct mp_window *window)
{
    return window->flavor == MPI_WIN_FLAVOR_DYNAMIC
               ? 0
               : mp_fail(MPI_ERR_RMA_FLAVOR,
                         "win is no dynamic window: its memory was given when it was made");
}

int PMPI_Win_attach(MPI_Win win, void *base, MPI_Aint size)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_attach, win, &w);
    err = err ? err : check_dynamic(w);
    if (!err && size < 0) {
        err = mp_fail(MPI_ERR_SIZE, "size is %lld, must be 0 or more", (long long)size);
    }
    if (!err && size > 0) {
        err = mp_check_pointer(base, "base");
    }
    err = err ? err : mp_window_attach(w, base, size);
    return mp_leave_window(MP_CALL_Win_attach, w, err);
}
MP_WEAK(Win_attach);

int PMPI_Win_detach(MPI_Win win, const void *base)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_detach, win, &w);
    err = err ? err : check_dynamic(w);
    err = err ? err : mp_window_detach(w, base);
    return mp_leave_window(MP_CALL_Win_detach, w, err);
}
MP_WEAK(Win_detach);

// Of memory that this rank cannot reach with loads and stores: none (12.2.3).
static int shared_query(int call, MPI_Win win, int rank, MPI_Aint *size, MPI_Aint *unit,
                        void *baseptr)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(call, win, &w);
    err = err ? err : mp_check_pointer(size, "size");
    err = err ? err : mp_check_pointer(unit, "disp_unit");
    err = err ? err : mp_check_pointer(baseptr, "baseptr");
    err = err ? err : mp_check_target(w, rank, "rank");
    if (!err && w->flavor == MPI_WIN_FLAVOR_DYNAMIC) {
        err =
            mp_fail(MPI_ERR_RMA_FLAVOR, "win is a dynamic window, which has no memory of its own");
    }
    if (err) {
        return mp_leave_window(call, w, err);
    }
    *size = 0;
    *unit = 1;
    *(void **)baseptr = NULL;
    // MPI_PROC_NULL: the first one that has any.
    for (int i = rank == MPI_PROC_NULL ? 0 : rank; i < w->size; i++) {
        const struct mp_window_side *side = &w->sides[i];
        bool reached = side->base || w->flavor == MPI_WIN_FLAVOR_SHARED;
        if (reached && (rank != MPI_PROC_NULL || side->size > 0)) {
            *size = (MPI_Aint)side->size;
            *unit = side->unit;
            *(void **)baseptr = side->base;
        }
        if (rank != MPI_PROC_NULL || *size > 0) {
            break;
        }
    }
    return mp_leave_window(call, w, 0);
}

int PMPI_Win_shared_query(MPI_Win win, int rank, MPI_Aint *size, int *disp_unit, void *baseptr)
{
    MPI_Aint unit = 1;
    int err =
        shared_query(MP_CALL_Win_shared_query, win, rank, size, disp_unit ? &unit : NULL, baseptr);
    if (!err) {
        *disp_unit = mp_narrow(unit);
    }
    return err;
}
MP_WEAK(Win_shared_query);

int PMPI_Win_shared_query_c(MPI_Win win, int rank, MPI_Aint *size, MPI_Aint *disp_unit,
                            void *baseptr)
{
    return shared_query(MP_CALL_Win_shared_query_c, win, rank, size, disp_unit, baseptr);
}
MP_WEAK(Win_shared_query_c);

// ---- Group, name, attributes

int PMPI_Win_get_group(MPI_Win win, MPI_Group *group)
{
    struct mp_window *w = NULL;
    struct mp_group *copy = NULL;
    int err = mp_enter_window(MP_CALL_Win_get_group, win, &w);
    err = err ? err : mp_check_pointer(group, "group");
    if (!err && !(copy = mp_group_copy(w->comm->group))) {
        err = mp_fail(MPI_ERR_NO_MEM, "no memory for a group");
    }
    if (!err) {
        *group = mp_group_handle(copy);
        mp_owned_made(MP_OWNED_GROUP, *group, MP_CALL_Win_get_group);
    }
    return mp_leave_window(MP_CALL_Win_get_group, w, err);
}
MP_WEAK(Win_get_group);

int PMPI_Win_set_name(MPI_Win win, const char *win_name)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_set_name, win, &w);
    err = err ? err : mp_check_pointer(win_name, "win_name");
    if (!err) {
        size_t length = strnlen(win_name, MPI_MAX_OBJECT_NAME - 1); // longer ones are cut (7.8)
        memmove(w->name, win_name, length);
        w->name[length] = 0;
    }
    return mp_leave_window(MP_CALL_Win_set_name, w, err);
}
MP_WEAK(Win_set_name);

int PMPI_Win_get_name(MPI_Win win, char *win_name, int *resultlen)
{
    struct mp_window *w = NULL;
    int err = mp_enter(MP_CALL_Win_get_name);
    if (!err && win != MPI_WIN_NULL) { // a valid argument, with this name (7.8)
        err = mp_check_window(win, &w);
    }
    err = err ? err : mp_check_pointer(win_name, "win_name");
    err = err ? err : mp_check_pointer(resultlen, "resultlen");
    if (!err) {
        const char *name = w ? w->name : "MPI_WIN_NULL";
        strcpy(win_name, name);
        *resultlen = (int)strlen(name);
    }
    return mp_leave_window(MP_CALL_Win_get_name, w, err);
}
MP_WEAK(Win_get_name);

int PMPI_Win_set_attr(MPI_Win win, int win_keyval, void *attribute_val)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_set_attr, win, &w);
    err =
        err ? err : mp_attribute_set(MP_OWNER_WIN, win, &w->attributes, win_keyval, attribute_val);
    return mp_leave_window(MP_CALL_Win_set_attr, w, err);
}
MP_WEAK(Win_set_attr);

// The attributes that every window has: the base itself, and pointers to the others (12.2.6).
static void *predefined(struct mp_window *window, int keyval)
{
    switch (keyval) {
    case MPI_WIN_BASE:
        return window->base;
    case MPI_WIN_SIZE:
        return &window->bytes;
    case MPI_WIN_DISP_UNIT:
        return &window->unit_int;
    case MPI_WIN_CREATE_FLAVOR:
        return &window->flavor;
    default:
        return &window->model;
    }
}

int PMPI_Win_get_attr(MPI_Win win, int win_keyval, void *attribute_val, int *flag)
{
    struct mp_window *w = NULL;
    bool found = true;
    int err = mp_enter_window(MP_CALL_Win_get_attr, win, &w);
    err = err ? err : mp_check_pointer(attribute_val, "attribute_val");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err && win_keyval >= MPI_WIN_BASE && win_keyval <= MPI_WIN_MODEL) {
        *(void **)attribute_val = predefined(w, win_keyval);
    } else if (!err) {
        err = mp_attribute_get(MP_OWNER_WIN, w->attributes, win_keyval, attribute_val, &found);
    }
    if (!err) {
        *flag = found;
    }
    return mp_leave_window(MP_CALL_Win_get_attr, w, err);
}
MP_WEAK(Win_get_attr);

int PMPI_Win_delete_attr(MPI_Win win, int win_keyval)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_delete_attr, win, &w);
    err = err ? err : mp_attribute_delete(MP_OWNER_WIN, win, &w->attributes, win_keyval);
    return mp_leave_window(MP_CALL_Win_delete_attr, w, err);
}
MP_WEAK(Win_delete_attr);
