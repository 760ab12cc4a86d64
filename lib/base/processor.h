// SPDX-License-Identifier: MIT
// What the processor can do beyond what every one of its kind can, for code that is compiled for
// several instruction sets.
#ifndef MP_BASE_PROCESSOR_H
#define MP_BASE_PROCESSOR_H

#include <stdbool.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define MP_HAVE_AVX2 1
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif

// What the dynamic linker found out when the program started. The compiler's own check would run a
// dozen cpuid instructions at the start of every program, used or not, and a virtual machine is
// left for microseconds by each.
static inline bool mp_processor_has_avx2(void)
{
#ifdef CPU_FEATURE_ACTIVE
    return CPU_FEATURE_ACTIVE(AVX2) != 0;
#else
    return __builtin_cpu_supports("avx2") != 0;
#endif
}
#else
#define MP_HAVE_AVX2 0
#endif

#endif
