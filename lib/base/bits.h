// SPDX-License-Identifier: MIT
// Small tools that need nothing else: branch hints, rounding, the pause instruction.
#ifndef MP_BASE_BITS_H
#define MP_BASE_BITS_H

#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

// The structure that holds `member` at address `ptr`.
#define mp_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define mp_array_length(a) (sizeof(a) / sizeof((a)[0]))

// `value` rounded up to a multiple of `unit`, a power of two.
static inline size_t mp_round_up(size_t value, size_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
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

#endif
