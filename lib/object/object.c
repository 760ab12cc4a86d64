// SPDX-License-Identifier: MIT
//
// The range of addresses where objects live, and its free lists. The range is reserved at the first
// allocation without any memory behind it, and opened from its start in steps; objects are cut from
// the opened part one after the other, and a deleted one goes to the free list of its size, from
// where the next object of that size takes it. Nothing ever moves or goes back to the system, so an
// address in the opened part can always be read.

#include "object/object.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#define RANGE_LARGEST  ((size_t)64 << 30) // offsets / 64 + 4096 must fit in an int
#define RANGE_SMALLEST ((size_t)1 << 20)
#define STEP           ((size_t)256 << 10) // the range is opened in steps of this
#define PIECE          ((size_t)16 << 10)  // and handed to the pools in pieces of this
#define SIZES          (MP_OBJECT_MAX / MP_OBJECT_UNIT + 1)
#define FIRST_INTEGER  4096

char *mp_object_base;
_Atomic size_t mp_object_end;

// A deleted object. The head stays in front, so that a stale handle reads a magic word of 0.
struct free_object {
    struct mp_object head;
    struct free_object *next;
};

// Free lists by size in units, and the piece that new objects are cut from.
struct pool {
    struct free_object **free;
    char *at, *end;
};

// Requests, communicators, types: made and deleted by one thread at a time, so no lock is taken.
// The others may come from any thread at any time (MPI 5.0, 11.4.1) and share a pool with a lock.
static struct free_object *engine_free_lists[SIZES];
static struct free_object *shared_free_lists[SIZES];
static struct pool engine = {.free = engine_free_lists}, shared = {.free = shared_free_lists};

// Guards `shared` and the range.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t range_bytes, opened;

static bool any_time(uint32_t kind)
{
    return kind == MP_KIND_INFO || kind == MP_KIND_ERRHANDLER || kind == MP_KIND_SESSION;
}

static bool range_reserve(void)
{
    for (size_t bytes = RANGE_LARGEST; bytes >= RANGE_SMALLEST; bytes /= 2) {
        void *base =
            mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base != MAP_FAILED) {
            mp_object_base = base;
            range_bytes = bytes;
            return true;
        }
    }
    return false;
}

// Gives the pool a new piece; what is left of its old one is lost, less than the size asked for.
static bool pool_refill(struct pool *pool)
{
    size_t end = atomic_load_explicit(&mp_object_end, memory_order_relaxed);
    if (!mp_object_base && !range_reserve())
        return false;
    if (end + PIECE > range_bytes)
        return false;
    if (end + PIECE > opened) {
        if (mprotect(mp_object_base + opened, STEP, PROT_READ | PROT_WRITE))
            return false;
        opened += STEP;
    }
    pool->at = mp_object_base + end;
    pool->end = pool->at + PIECE;
    // Pairs with the acquire in mp_object_is: whoever sees the new end may read up to it.
    atomic_store_explicit(&mp_object_end, end + PIECE, memory_order_release);
    return true;
}

// `locked`: the caller holds the lock.
static void *pool_take(struct pool *pool, uint32_t units, bool locked)
{
    size_t bytes = (size_t)units * MP_OBJECT_UNIT;
    struct free_object *object = pool->free[units];
    if (likely(object != NULL)) {
        pool->free[units] = object->next;
        return memset(object, 0, bytes);
    }
    if (pool->at + bytes > pool->end) {
        if (!locked)
            pthread_mutex_lock(&lock);
        bool refilled = pool_refill(pool);
        if (!locked)
            pthread_mutex_unlock(&lock);
        if (!refilled)
            return NULL;
    }
    object = (struct free_object *)(void *)pool->at;
    pool->at += bytes;
    return object;
}

void *mp_object_new(enum mp_kind kind, size_t size)
{
    uint32_t units = (uint32_t)((size + MP_OBJECT_UNIT - 1) / MP_OBJECT_UNIT);
    struct mp_object *object;
    if (unlikely(size > MP_OBJECT_MAX))
        return NULL;
    if (unlikely(any_time(kind))) {
        pthread_mutex_lock(&lock);
        object = pool_take(&shared, units, true);
        pthread_mutex_unlock(&lock);
    } else {
        object = pool_take(&engine, units, false);
    }
    if (likely(object != NULL)) {
        object->magic = kind;
        object->refs = 1;
        object->units = units;
    }
    return object;
}

static void pool_give(struct pool *pool, struct free_object *object)
{
    object->next = pool->free[object->head.units];
    pool->free[object->head.units] = object;
}

void mp_object_delete(void *object)
{
    struct free_object *freed = object;
    uint32_t kind = freed->head.magic;
    freed->head.magic = 0;
    if (unlikely(any_time(kind))) {
        pthread_mutex_lock(&lock);
        pool_give(&shared, freed);
        pthread_mutex_unlock(&lock);
    } else {
        pool_give(&engine, freed);
    }
}

int mp_object_to_int(const void *handle)
{
    uintptr_t value = (uintptr_t)handle;
    if (value < FIRST_INTEGER)
        return (int)value;
    return (int)((value - (uintptr_t)mp_object_base) / MP_OBJECT_UNIT + FIRST_INTEGER);
}

void *mp_object_from_int(int value)
{
    if (value < FIRST_INTEGER)
        return (void *)(uintptr_t)(unsigned)value;
    return (void *)((uintptr_t)mp_object_base +
                    (uintptr_t)(unsigned)(value - FIRST_INTEGER) * MP_OBJECT_UNIT);
}
