// SPDX-License-Identifier: MIT
// malloc and its kin keep their promises at every size, large blocks and small: alignment, zeroes,
// contents across realloc, usable size, errno, refusals; also when several threads allocate and
// free, each also what another one allocated.
// ranks: 2
// channels: shm
// not under: asan tsan valgrind
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>

enum { THREADS = 4, SLOTS = 64, ROUNDS = 1500 };

static struct slot {
    pthread_mutex_t lock;
    unsigned char *block;
    size_t bytes;
    unsigned seed;
} slots[SLOTS];

// Enough to notice when two blocks overlap: the ends, and some bytes in between.
static void mark(unsigned char *block, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i += 509)
        block[i] = byte_of(seed, i);
    block[bytes - 1] = byte_of(seed, bytes);
}

static int is_marked(const unsigned char *block, size_t bytes, size_t whole, unsigned seed)
{
    for (size_t i = 0; i < bytes; i += 509)
        if (i != whole - 1 && block[i] != byte_of(seed, i))
            return 0;
    return bytes < whole || block[whole - 1] == byte_of(seed, whole);
}

static size_t random_bytes(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    unsigned magnitude = *state >> 28;
    *state = *state * 1664525u + 1013904223u;
    return 1 + (*state >> 8) % (64u << magnitude); // up to 2 MiB
}

static unsigned char *allocate(unsigned how, size_t bytes)
{
    void *block = NULL;
    size_t alignment = (size_t)16 << (how / 8 % 14);
    switch (how % 4) {
    case 0:
        return malloc(bytes);
    case 1:
        block = calloc(bytes, 1);
        for (size_t i = 0; i < bytes; i++)
            CHECK(!((char *)block)[i], "byte %zu of %zu is not zero", i, bytes);
        return block;
    case 2:
        CHECK(posix_memalign(&block, alignment, bytes) == 0, "%zu bytes", bytes);
        break;
    default: // a multiple, which C11 and the sanitizers ask for
        block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    }
    CHECK(block && (uintptr_t)block % alignment == 0, "%p is not a multiple of %zu", block,
          alignment);
    return block;
}

static void *work(void *argument)
{
    unsigned state = (unsigned)(uintptr_t)argument * 7919u + 1;
    for (int round = 0; round < ROUNDS; round++) {
        size_t bytes = random_bytes(&state);
        unsigned choice = state >> 3;
        struct slot *slot = &slots[(state >> 16) % SLOTS];
        pthread_mutex_lock(&slot->lock);
        if (!slot->block) {
            slot->block = allocate(choice, bytes);
            CHECK(slot->block, "%zu bytes", bytes);
            slot->bytes = bytes;
            slot->seed = state >> 4;
            mark(slot->block, bytes, slot->seed);
        } else {
            CHECK(is_marked(slot->block, slot->bytes, slot->bytes, slot->seed),
                  "%zu bytes were changed", slot->bytes);
            CHECK(malloc_usable_size(slot->block) >= slot->bytes, "usable size");
            if (choice % 3 == 0) {
                unsigned char *moved = realloc(slot->block, bytes);
                CHECK(moved, "%zu bytes", bytes);
                size_t kept = bytes < slot->bytes ? bytes : slot->bytes;
                CHECK(is_marked(moved, kept, slot->bytes, slot->seed),
                      "realloc from %zu to %zu lost something", slot->bytes, bytes);
                slot->block = moved;
                slot->bytes = bytes;
                mark(moved, bytes, slot->seed);
            } else {
                errno = 123;
                free(slot->block);
                CHECK(errno == 123, "free set errno");
                slot->block = NULL;
            }
        }
        pthread_mutex_unlock(&slot->lock);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int i = 0; i < SLOTS; i++)
        pthread_mutex_init(&slots[i].lock, NULL);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)(i + 1 + (uintptr_t)rank * 100)) == 0,
              "no thread");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < SLOTS; i++)
        free(slots[i].block);

    static volatile size_t huge = SIZE_MAX / 2 + 2, half = SIZE_MAX / 2;
    void *block = malloc(100000);
    errno = 0;
    CHECK(!malloc(huge) && errno == ENOMEM, "errno %d", errno);
    CHECK(!calloc(huge, 2), "overflow");
    // Through pointers: the compiler would take the block for gone.
    void *(*volatile array)(void *, size_t, size_t) = reallocarray;
    void *(*volatile again)(void *, size_t) = realloc;
    CHECK(!array(block, huge, 2), "overflow");
    CHECK(!again(block, half), "too much");
    void *place = &place;
    CHECK(posix_memalign(&place, 24, 100000) == EINVAL && place == &place, "alignment 24");
    CHECK(posix_memalign(&place, 4, 100000) == EINVAL && place == &place, "alignment 4");
    CHECK(posix_memalign(&place, 4096, half) == ENOMEM && place == &place, "too much");
    block = realloc(block, 50000);
    CHECK(block, "shrinking");
    CHECK((uintptr_t)(place = valloc(70000)) % 4096 == 0, "valloc");
    free(place);
    CHECK(malloc_usable_size(place = pvalloc(70000)) >= 73728, "pvalloc");
    free(place);
    CHECK((uintptr_t)(place = memalign((size_t)4 << 20, 70000)) % (4 << 20) == 0, "memalign");
    free(place);
    CHECK(malloc_usable_size(NULL) == 0, "of NULL");
    free(block);
    free(NULL);
    return finish();
}
