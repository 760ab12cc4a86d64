// SPDX-License-Identifier: MIT
// Small tools that need nothing else: branch hints, rounding, the pause instruction.
#ifndef MP_BASE_BITS_H
#define MP_BASE_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

// For the few functions that are on the path of every message.
#define MP_ALWAYS_INLINE static inline __attribute__((always_inline))

// The structure that holds `member` at address `ptr`.
#define mp_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define mp_array_length(a) (sizeof(a) / sizeof((a)[0]))

// `value` rounded up to a multiple of `unit`, a power of two.
static inline size_t mp_round_up(size_t value, size_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

static inline size_t mp_round_down(size_t value, size_t unit)
{
    return value & ~(unit - 1);
}

// Tells the core that we are polling, so that it saves power and leaves a spin loop cleanly.
static inline void mp_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Keeps the core from doing, on the off chance, what comes after this before it is through with
// what comes before it.
static inline void mp_cpu_settle(void)
{
#if defined(__x86_64__)
    __asm__ volatile("lfence" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

// `known`, which a branch has found to be equal to a value that is still on its way from another
// core. The compiler might take either of the two; this makes it take the one that is here, so that
// the processor, which has guessed the branch, need not wait to go on.
static inline size_t mp_known(size_t known)
{
    __asm__ volatile("" : "+r"(known)); // volatile: on this branch only, so that it stays one
    return known;
}

// Copies a payload that is short more often than not; the common sizes without a call.
static inline void mp_copy_short(void *to, const void *from, size_t bytes)
{
    if (bytes == 8) {
        memcpy(to, from, 8);
    } else if (bytes == 4) {
        memcpy(to, from, 4);
    } else if (bytes) { // from may be NULL for an empty message
        memcpy(to, from, bytes);
    }
}

#endif
