// SPDX-License-Identifier: MIT
//
// Info objects: a growing list of pairs in the order of their first setting; they are short, so a
// search from the start is the right one. Also MPI_INFO_ENV, which tells what the program was
// started with (11.2.1). Callable by any thread at any time, as the standard asks.

#include "object/info.h"

#include "object/errhandler.h"
#include "process/process.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct pair {
    char *key, *value;
};

struct mp_info {
    struct mp_object object;
    int count, capacity;
    struct pair *pairs;
};

// ---- MPI_INFO_ENV

static struct mp_info env = {.object = {MP_KIND_INFO, 1, 0, 1}};

static pthread_mutex_t env_lock = PTHREAD_MUTEX_INITIALIZER;
static int env_state; // 0: not filled in yet, 1: before this process joined its job, 2: after

static void clear(struct mp_info *info)
{
    for (int i = 0; i < info->count; i++) {
        free(info->pairs[i].key);
        free(info->pairs[i].value);
    }
    free(info->pairs);
    info->pairs = NULL;
    info->count = info->capacity = 0;
}

// Puts what fits; a value that is too long is left out, since cut off it would be wrong.
static void put_if_short(struct mp_info *info, const char *key, const char *value)
{
    if (value[0] && strlen(value) < MPI_MAX_INFO_VAL)
        mp_info_put(info, key, value);
}

void mp_info_put_start(struct mp_info *info, int argc, char **argv)
{
    char text[MPI_MAX_INFO_VAL];
    if (argc > 0)
        put_if_short(info, "command", argv[0]);
    size_t used = 0;
    for (int i = 1; i < argc && used < sizeof text; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 1 ? " " : "", argv[i]);
    if (used > 0 && used < sizeof text)
        put_if_short(info, "argv", text);

    if (getcwd(text, sizeof text))
        put_if_short(info, "wdir", text);
    struct utsname machine;
    if (uname(&machine) == 0) {
        put_if_short(info, "arch", machine.machine);
        put_if_short(info, "host", machine.nodename);
    }
}

// What is known only from the first MPI_Init or MPI_Session_init on. The thread level is told where
// it was asked for before the program was started, and there is no way to do that.
static void put_job(struct mp_info *info)
{
    char text[16];
    // That run the same of the `:`-separated programs.
    snprintf(text, sizeof text, "%d", mp_process.board->appranks);
    mp_info_put(info, "maxprocs", text);
    mp_info_put(info, "soft", text);
}

// Reads the arguments of this process from the kernel, which ends each with a 0.
static void put_own_start(struct mp_info *info)
{
    enum { MOST = 256 };
    char text[8192];
    char *argv[MOST];
    int argc = 0;
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[length] = 0;
    for (char *at = text; at < text + length && argc < MOST; at += strlen(at) + 1)
        argv[argc++] = at;
    mp_info_put_start(info, argc, argv);
}

static struct mp_info *env_get(void)
{
    pthread_mutex_lock(&env_lock);
    int now = mp_process.segment ? 2 : 1;
    if (env_state < now) {
        clear(&env);
        put_own_start(&env);
        mp_info_put(&env, "mpi_initial_errhandler", "mpi_errors_are_fatal");
        if (now == 2)
            put_job(&env);
        env_state = now;
    }
    pthread_mutex_unlock(&env_lock);
    return &env;
}

// ---- All infos

struct mp_info *mp_info_get(MPI_Info handle)
{
    if (handle == MPI_INFO_ENV)
        return env_get();
    return mp_object_is(handle, MP_KIND_INFO) ? (struct mp_info *)(void *)handle : NULL;
}

MPI_Info mp_info_handle(struct mp_info *info)
{
    return info == &env ? MPI_INFO_ENV : (MPI_Info)(void *)info;
}

struct mp_info *mp_info_new(void)
{
    return mp_object_new(MP_KIND_INFO, sizeof(struct mp_info));
}

void mp_info_free(struct mp_info *info)
{
    if (!info || info->object.builtin)
        return;
    clear(info);
    mp_object_delete(info);
}

struct mp_info *mp_info_copy(const struct mp_info *info)
{
    struct mp_info *copy = mp_info_new();
    for (int i = 0; info && copy && i < info->count; i++) {
        if (mp_info_put(copy, info->pairs[i].key, info->pairs[i].value)) {
            mp_info_free(copy);
            copy = NULL;
        }
    }
    return copy;
}

static int find(const struct mp_info *info, const char *key)
{
    for (int i = 0; i < info->count; i++) {
        if (strcmp(info->pairs[i].key, key) == 0)
            return i;
    }
    return -1;
}

int mp_info_put(struct mp_info *info, const char *key, const char *value)
{
    int place = find(info, key);
    char *new_value = strdup(value);
    char *new_key = place < 0 ? strdup(key) : NULL;
    bool full = place < 0 && info->count == info->capacity;
    if (new_value && (place >= 0 || new_key) && full) {
        int capacity = info->capacity ? 2 * info->capacity : 4;
        struct pair *grown = realloc(info->pairs, (size_t)capacity * sizeof *grown);
        if (grown) {
            info->pairs = grown;
            info->capacity = capacity;
            full = false;
        }
    }
    if (!new_value || (place < 0 && !new_key) || full) {
        free(new_key);
        free(new_value);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the key \"%s\"", key);
    }
    if (place >= 0) {
        free(info->pairs[place].value);
        info->pairs[place].value = new_value;
    } else {
        info->pairs[info->count++] = (struct pair){new_key, new_value};
    }
    return 0;
}

const char *mp_info_find(const struct mp_info *info, const char *key)
{
    int place = find(info, key);
    return place < 0 ? NULL : info->pairs[place].value;
}

bool mp_info_remove(struct mp_info *info, const char *key)
{
    int place = find(info, key);
    if (place < 0)
        return false;
    free(info->pairs[place].key);
    free(info->pairs[place].value);
    info->count--;
    memmove(&info->pairs[place], &info->pairs[place + 1],
            (size_t)(info->count - place) * sizeof *info->pairs);
    return true;
}

int mp_info_count(const struct mp_info *info)
{
    return info->count;
}

const char *mp_info_key(const struct mp_info *info, int index)
{
    return info->pairs[index].key;
}
