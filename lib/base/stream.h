// SPDX-License-Identifier: MIT
// Copying past the caches: for results that would not stay there anyway. An ordinary store first
// fetches the line that it is going to overwrite; where memory is the limit, that is a third of the
// traffic.
#ifndef MP_BASE_STREAM_H
#define MP_BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline void mp_stream_copy(void *to, const void *from, size_t bytes)
{
#if defined(__SSE2__)
    char *at = to;
    const char *source = from;
    size_t head = -(uintptr_t)at & 63; // whole lines: parts of one would go to memory apart

    head = head < bytes ? head : bytes;
    memcpy(at, source, head);
    at += head;
    source += head;
    bytes -= head;
    for (; bytes >= 64; at += 64, source += 64, bytes -= 64) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)source);
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(source + 16));
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(source + 32));
        __m128i d = _mm_loadu_si128((const __m128i *)(const void *)(source + 48));
        _mm_stream_si128((__m128i *)(void *)at, a);
        _mm_stream_si128((__m128i *)(void *)(at + 16), b);
        _mm_stream_si128((__m128i *)(void *)(at + 32), c);
        _mm_stream_si128((__m128i *)(void *)(at + 48), d);
    }
    _mm_sfence(); // such stores are not ordered with the release that tells others of them
    memcpy(at, source, bytes);
#else
    memcpy(to, from, bytes);
#endif
}

#endif
