// SPDX-License-Identifier: MIT
// For the tests with threads: start N of them, wait for all. Read next:
// threads_own_communicators.c.
#ifndef TESTS_API_THREADS_H
#define TESTS_API_THREADS_H

#include "check.h"
#include <pthread.h>

static inline void start_threads(int *argc, char ***argv)
{
    int provided;
    MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    CHECK(provided == MPI_THREAD_MULTIPLE, "the library provides only thread level %d", provided);
}

// Runs function(0) .. function(n - 1), each in a thread of its own.
static inline void in_threads(int n, void *(*function)(void *))
{
    pthread_t threads[64];
    for (int i = 0; i < n; i++) {
        int err = pthread_create(&threads[i], NULL, function, (void *)(intptr_t)i);
        CHECK(!err, "pthread_create: %s", strerror(err));
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
}

#endif
