// SPDX-License-Identifier: MIT
// MPI_Dims_create (MPI 5.0, 8.5.2): the most balanced factors of a number. An exact search over its
// divisors, smallest factor first and each as large as can be; bounds keep it short: what is left
// must still be a product of numbers that are neither below the factor before nor so large that the
// result would be no better than the best one known. The first of the best found so has the largest
// small factors. Träff and Lübbe, "Specification Guideline Violations by MPI_Dims_create" (EuroMPI
// 2015), is where minimal difference is argued for.
#include "object/topology.h"

#include <string.h>

// An int has at most 30 prime factors, and 1600 divisors (2095133040 has).
enum { PRIMES = 30, DIVISORS = 1600 };

struct search {
    int divisors[DIVISORS]; // of the number, ascending
    int count;
    int primes[PRIMES]; // its prime factors, ascending, repeated as they occur
    int nprimes;
    int length;       // factors wanted that may be above 1
    int spread;       // largest - smallest of the best result
    int best[PRIMES]; // ascending
    int now[PRIMES];
};

static void factor(struct search *s, int number)
{
    s->nprimes = 0;
    for (int p = 2; p <= number / p; p++) {
        for (; number % p == 0; number /= p) {
            s->primes[s->nprimes++] = p;
        }
    }
    if (number > 1) {
        s->primes[s->nprimes++] = number;
    }
}

static void list_divisors(struct search *s, int number)
{
    int large = 0;
    s->count = 0;
    for (int d = 1; d <= number / d; d++) {
        if (number % d == 0) {
            s->divisors[s->count++] = d;
        }
    }
    // Those above the root, from the ones below it.
    for (int i = s->count - 1; i >= 0; i--) {
        if (number / s->divisors[i] > s->divisors[s->count - 1]) {
            s->divisors[s->count + large++] = number / s->divisors[i];
        }
    }
    s->count += large;
}

// Whether base to the power of n is above `limit`.
static bool exceeds(int base, int n, int limit)
{
    MPI_Count result = 1;
    for (int i = 0; i < n && result <= limit; i++) {
        result *= base;
    }
    return result > limit;
}

// The largest prime that divides `rest`, and in *count how many of them there are in all.
static int largest_prime(const struct search *s, int rest, int *count)
{
    int largest = 1;
    *count = 0;
    for (int i = 0; i < s->nprimes && rest > 1; i++) {
        if (rest % s->primes[i] == 0) {
            rest /= s->primes[i];
            largest = s->primes[i];
            ++*count;
        }
    }
    return largest;
}

// Splits `rest` into the factors from `at` on.
static void descend(struct search *s, int at, int rest)
{
    int left = s->length - at;
    int before = at > 0 ? s->now[at - 1] : 1;
    if (left == 1) {
        s->now[at] = rest;
        if (rest - s->now[0] < s->spread) {
            s->spread = rest - s->now[0];
            memcpy(s->best, s->now, sizeof s->best);
        }
        return;
    }
    int nprimes;
    int prime = largest_prime(s, rest, &nprimes);
    if (before > 1 && left > nprimes) {
        return;
    }
    for (int i = s->count - 1; i >= 0 && s->divisors[i] >= before; i--) {
        int d = s->divisors[i];
        if (rest % d != 0 || exceeds(d, left, rest)) {
            continue;
        }
        // The largest may be at most this to be better than the best, and one of those that are
        // left is a multiple of the largest prime. Smaller ones of d only make it worse.
        MPI_Count high = (at > 0 ? s->now[0] : d) + (MPI_Count)s->spread - 1;
        if (high < rest / d && (prime > high || !exceeds((int)high, left - 1, rest / d - 1))) {
            break;
        }
        s->now[at] = d;
        descend(s, at + 1, rest / d);
    }
}

void mp_dims_balance(int nodes, int count, int *dims)
{
    struct search s;

    for (int i = 0; i < count; i++) {
        dims[i] = 1;
    }
    factor(&s, nodes);
    // Room for all the primes: no product of two of them helps. The largest cannot be less than the
    // largest prime, and the smallest is 1 if there is room left over, as it would be after any
    // multiplication.
    if (count >= s.nprimes) {
        for (int i = 0; i < s.nprimes; i++) {
            dims[i] = s.primes[s.nprimes - 1 - i];
        }
        return;
    }
    list_divisors(&s, nodes);
    s.length = count;
    s.spread = nodes; // more than any is
    descend(&s, 0, nodes);
    for (int i = 0; i < count; i++) {
        dims[i] = s.best[count - 1 - i];
    }
}
