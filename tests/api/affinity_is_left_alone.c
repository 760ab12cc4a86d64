// SPDX-License-Identifier: MIT
// Ranks that find themselves on one CPU move apart, and may be anywhere afterwards that they might
// be before: the set of CPUs is the program's. With one CPU allowed they all go on there.
// ranks: 2 4 7
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // CPU_SET, sched_setaffinity
#endif
#include "check.h"

#include <sched.h>

enum { ROUNDS = 2000, TIMES = 5 };

// To the first CPU that is allowed; and with `stay` not from there again.
static void crowd(const cpu_set_t *allowed, int stay)
{
    cpu_set_t one;
    int first = 0;
    while (!CPU_ISSET(first, allowed)) {
        first++;
    }
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "cannot go to CPU %d", first);
    if (!stay) {
        CHECK(sched_setaffinity(0, sizeof *allowed, allowed) == 0, "cannot have the others back");
    }
}

static void talk(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        int sum = 0, round = i;
        OK(MPI_Allreduce(&round, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
        CHECK(sum == i * size, "round %d: %d", i, sum);
    }
}

int main(int argc, char **argv)
{
    cpu_set_t allowed, now;
    start(&argc, &argv);
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "more CPUs than this test knows");
    for (int i = 0; i < TIMES; i++) {
        crowd(&allowed, 0);
        talk();
        CHECK(sched_getaffinity(0, sizeof now, &now) == 0, "no affinity");
        CHECK(CPU_EQUAL(&now, &allowed), "the set of CPUs has changed: %d of %d are left",
              CPU_COUNT(&now), CPU_COUNT(&allowed));
    }
    crowd(&allowed, 1);
    talk();
    CHECK(sched_getaffinity(0, sizeof now, &now) == 0, "no affinity");
    CHECK(CPU_COUNT(&now) == 1, "bound to one CPU, now %d", CPU_COUNT(&now));
    return finish();
}
