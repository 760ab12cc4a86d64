// SPDX-License-Identifier: MIT
//
// Chapter 10: the info object. All of it may be called before MPI_Init and after MPI_Finalize, and
// by any thread at any time (11.4.1), so no function opens a call with mp_enter.

#include "object/info.h"

#include "api/api.h"
#include "base/calls.h"

#include <string.h>

static int check_info(MPI_Info handle, struct mp_info **out)
{
    if (handle == MPI_INFO_NULL)
        return mp_fail(MPI_ERR_INFO, "info is MPI_INFO_NULL");
    return mp_check_info(handle, out);
}

// For what changes the info.
static int check_own_info(MPI_Info handle, struct mp_info **out)
{
    if (handle == MPI_INFO_ENV)
        return mp_fail(MPI_ERR_INFO, "info is MPI_INFO_ENV, which is read-only");
    return check_info(handle, out);
}

static int check_key(const char *key)
{
    if (!key)
        return mp_fail(MPI_ERR_INFO_KEY, "key is a null pointer");
    if (!key[0])
        return mp_fail(MPI_ERR_INFO_KEY, "key is empty");
    if (strlen(key) >= MPI_MAX_INFO_KEY)
        return mp_fail(MPI_ERR_INFO_KEY, "key has %zu characters, must have less than %d",
                       strlen(key), MPI_MAX_INFO_KEY);
    return 0;
}

// Gives the new info to the program.
static int give(int call, struct mp_info *created, MPI_Info *info)
{
    if (!created)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
    *info = mp_info_handle(created);
    mp_owned_made(MP_OWNED_INFO, *info, call);
    return 0;
}

// ---- Life

int PMPI_Info_create(MPI_Info *info)
{
    int err = mp_check_pointer(info, "info");
    err = err ? err : give(MP_CALL_Info_create, mp_info_new(), info);
    return mp_leave_any_time(MP_CALL_Info_create, err);
}
MP_WEAK(Info_create);

int PMPI_Info_create_env(int argc, char *argv[], MPI_Info *info)
{
    int err = mp_check_pointer(info, "info");
    if (!err && argc < 0)
        err = mp_fail(MPI_ERR_ARG, "argc is %d, must be 0 or more", argc);
    if (!err && argc > 0)
        err = mp_check_pointer((const void *)argv, "argv");
    if (!err) {
        // Without arguments, as good as what the system knows about this process.
        struct mp_info *created =
            argc > 0 ? mp_info_new() : mp_info_copy(mp_info_get(MPI_INFO_ENV));
        if (created && argc > 0)
            mp_info_put_start(created, argc, argv);
        err = give(MP_CALL_Info_create_env, created, info);
    }
    return mp_leave_any_time(MP_CALL_Info_create_env, err);
}
MP_WEAK(Info_create_env);

int PMPI_Info_dup(MPI_Info info, MPI_Info *newinfo)
{
    struct mp_info *old;
    int err = check_info(info, &old);
    err = err ? err : mp_check_pointer(newinfo, "newinfo");
    err = err ? err : give(MP_CALL_Info_dup, mp_info_copy(old), newinfo);
    return mp_leave_any_time(MP_CALL_Info_dup, err);
}
MP_WEAK(Info_dup);

int PMPI_Info_free(MPI_Info *info)
{
    struct mp_info *old;
    int err = mp_check_pointer(info, "info");
    err = err ? err : check_own_info(*info, &old);
    if (!err) {
        mp_owned_freed(MP_OWNED_INFO, *info);
        mp_info_free(old);
        *info = MPI_INFO_NULL;
    }
    return mp_leave_any_time(MP_CALL_Info_free, err);
}
MP_WEAK(Info_free);

// ---- Changing

int PMPI_Info_set(MPI_Info info, const char *key, const char *value)
{
    struct mp_info *i;
    int err = check_own_info(info, &i);
    err = err ? err : check_key(key);
    if (!err && !value)
        err = mp_fail(MPI_ERR_INFO_VALUE, "value is a null pointer");
    if (!err && strlen(value) >= MPI_MAX_INFO_VAL)
        err = mp_fail(MPI_ERR_INFO_VALUE, "value has %zu characters, must have less than %d",
                      strlen(value), MPI_MAX_INFO_VAL);
    err = err ? err : mp_info_put(i, key, value);
    return mp_leave_any_time(MP_CALL_Info_set, err);
}
MP_WEAK(Info_set);

int PMPI_Info_delete(MPI_Info info, const char *key)
{
    struct mp_info *i;
    int err = check_own_info(info, &i);
    err = err ? err : check_key(key);
    if (!err && !mp_info_remove(i, key))
        err = mp_fail(MPI_ERR_INFO_NOKEY, "key is \"%s\", which is not in the info", key);
    return mp_leave_any_time(MP_CALL_Info_delete, err);
}
MP_WEAK(Info_delete);

// ---- Asking

int PMPI_Info_get_nkeys(MPI_Info info, int *nkeys)
{
    struct mp_info *i;
    int err = check_info(info, &i);
    err = err ? err : mp_check_pointer(nkeys, "nkeys");
    if (!err)
        *nkeys = mp_info_count(i);
    return mp_leave_any_time(MP_CALL_Info_get_nkeys, err);
}
MP_WEAK(Info_get_nkeys);

int PMPI_Info_get_nthkey(MPI_Info info, int n, char *key)
{
    struct mp_info *i;
    int err = check_info(info, &i);
    err = err ? err : mp_check_pointer(key, "key");
    if (!err && (n < 0 || n >= mp_info_count(i)))
        err = mp_fail(MPI_ERR_ARG, "n is %d, must be less than the number of keys, %d", n,
                      mp_info_count(i));
    if (!err)
        strcpy(key, mp_info_key(i, n));
    return mp_leave_any_time(MP_CALL_Info_get_nthkey, err);
}
MP_WEAK(Info_get_nthkey);

// What the three questions for a value begin with: *found is the value, or NULL.
static int look_up(MPI_Info info, const char *key, int *flag, const char **found)
{
    struct mp_info *i;
    int err = check_info(info, &i);
    *found = NULL;
    err = err ? err : check_key(key);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        *found = mp_info_find(i, key);
        *flag = *found != NULL;
    }
    return err;
}

// Copies as much of the value as fits into `room` characters with the final zero.
static void copy_value(char *to, const char *value, int room)
{
    size_t length = strlen(value);
    if (length >= (size_t)room)
        length = (size_t)room - 1;
    memcpy(to, value, length);
    to[length] = 0;
}

int PMPI_Info_get(MPI_Info info, const char *key, int valuelen, char *value, int *flag)
{
    const char *found;
    int err = look_up(info, key, flag, &found);
    if (!err && valuelen < 0)
        err = mp_fail(MPI_ERR_ARG, "valuelen is %d, must be 0 or more", valuelen);
    err = err ? err : mp_check_pointer(value, "value");
    if (!err && found)
        copy_value(value, found, valuelen < MPI_MAX_INFO_VAL ? valuelen + 1 : MPI_MAX_INFO_VAL);
    return mp_leave_any_time(MP_CALL_Info_get, err);
}
MP_WEAK(Info_get);

int PMPI_Info_get_valuelen(MPI_Info info, const char *key, int *valuelen, int *flag)
{
    const char *found;
    int err = look_up(info, key, flag, &found);
    err = err ? err : mp_check_pointer(valuelen, "valuelen");
    if (!err && found)
        *valuelen = (int)strlen(found);
    return mp_leave_any_time(MP_CALL_Info_get_valuelen, err);
}
MP_WEAK(Info_get_valuelen);

int PMPI_Info_get_string(MPI_Info info, const char *key, int *buflen, char *value, int *flag)
{
    const char *found;
    int err = look_up(info, key, flag, &found);
    err = err ? err : mp_check_pointer(buflen, "buflen");
    if (!err && *buflen < 0)
        err = mp_fail(MPI_ERR_ARG, "buflen is %d, must be 0 or more", *buflen);
    if (!err && *buflen > 0)
        err = mp_check_pointer(value, "value");
    if (!err && found) {
        if (*buflen > 0)
            copy_value(value, found, *buflen);
        *buflen = (int)strlen(found) + 1; // what the whole value needs
    }
    return mp_leave_any_time(MP_CALL_Info_get_string, err);
}
MP_WEAK(Info_get_string);
