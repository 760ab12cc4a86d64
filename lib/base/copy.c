// SPDX-License-Identifier: MIT
#include "base/copy.h"

#include "base/processor.h"

enum { LINE = 64, HALF = LINE / 2 };

// The last line's worth first, whatever it is aligned to, then line by line what is before it.
void mp_copy_in_general(void *to, const void *from, size_t bytes)
{
    char *target = to;
    const char *source = from;

    memcpy(target + bytes - LINE, source + bytes - LINE, LINE);
    for (size_t at = (bytes - 1) & ~(size_t)(LINE - 1); at > 0; at -= LINE) {
        memcpy(target + at - LINE, source + at - LINE, LINE);
    }
}

#if MP_HAVE_AVX2
// The same with fewer, wider stores: they are what a writer has to wait for.
typedef long long wide __attribute__((vector_size(HALF), aligned(1), may_alias));

__attribute__((target("avx2"))) static void line_avx2(char *to, const char *from)
{
    wide high = *(const wide *)(const void *)(from + HALF);
    wide low = *(const wide *)(const void *)from;
    *(wide *)(void *)(to + HALF) = high;
    *(wide *)(void *)to = low;
}

__attribute__((target("avx2"))) void mp_copy_with_avx2(void *to, const void *from, size_t bytes)
{
    char *target = to;
    const char *source = from;

    line_avx2(target + bytes - LINE, source + bytes - LINE);
    for (size_t at = (bytes - 1) & ~(size_t)(LINE - 1); at > 0; at -= LINE) {
        line_avx2(target + at - LINE, source + at - LINE);
    }
}
#endif

static void choose(void *to, const void *from, size_t bytes)
{
#if MP_HAVE_AVX2
    mp_copy_downwards = mp_processor_has_avx2() ? mp_copy_with_avx2 : mp_copy_in_general;
#else
    mp_copy_downwards = mp_copy_in_general;
#endif
    mp_copy_downwards(to, from, bytes);
}

void (*mp_copy_downwards)(void *to, const void *from, size_t bytes) = choose;
