// SPDX-License-Identifier: MIT
// Wait records: what the threads of a rank sleep for, so that mprun can prove that none of them can
// ever go on. They lie in the segment, MP_WAIT_THREADS of them per rank: a page or so that is
// touched when the rank sleeps for the first time, and linear in the number of ranks, since an item
// names the ranks that could meet it as runs of world ranks and says when they are too many to be
// named. A rank writes its own; mprun reads all of them at any time, also after the rank was
// killed. Nothing is written unless a wait turns into a sleep.
//
// A record is valid while `sleeps` is odd. The thread fills it in, then makes `sleeps` odd, with
// release, and sleeps; when it is awake it makes it even again, before it does anything else, and
// before it fills it in anew there is a release fence. So whoever reads `sleeps` with acquire,
// copies the record, and after an acquire fence reads the same odd number, has a record that was
// whole, of a thread that has not come back from that sleep in between.
//
// What is in a record errs on one side: a wait that may be met by more than it names must say so
// (MP_MET_BY_ANYBODY, MP_MET_OUTSIDE). Read next: wait/record.h (how it is written),
// launcher/deadlock.h (what is concluded).
#ifndef MP_SHM_WAITS_H
#define MP_SHM_WAITS_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    MP_WAIT_THREADS = 4, // records of a rank; where more threads sleep, nothing is concluded
    MP_WAIT_ITEMS = 6,   // of a record
    MP_WAIT_RUNS = 4,    // of an item
    MP_WAIT_NAME = 36    // bytes of a communicator's name, with the 0
};

// What an item is, for the words. Who can meet it is said apart from that.
enum mp_wait_kind {
    MP_WAIT_OTHER, // nothing more is known
    MP_WAIT_RECV,
    MP_WAIT_SEND,
    MP_WAIT_PROBE,
    MP_WAIT_COLLECTIVE
};

enum mp_met {
    MP_MET_OUTSIDE,    // what no rank needs to do: a generalized request; data on their way
    MP_MET_BY_ANYBODY, // by some rank of the job, it is not known which
    MP_MET_BY_RANKS    // by those of `runs` only
};

struct mp_wait_item {
    uint8_t kind; // enum mp_wait_kind
    uint8_t met;  // enum mp_met
    uint8_t all;  // of the ranks: each must do its part. 0: one of them suffices
    // A rank can do its part also while its program is in another call: it has begun it before. 0:
    // it takes a call of the program's.
    uint8_t inside;
    uint8_t nruns;
    uint8_t kept;       // a receive or probe: a message is kept that does not match. It is:
    uint16_t operation; // of a collective: enum mp_call
    int32_t kept_source, kept_tag; // as `tag` and a world rank
    int32_t tag;                   // MPI_ANY_TAG's value for any
    int32_t root;                  // of a collective, world rank; -1: none
    uint32_t context;              // of the communicator
    uint32_t parent, made_in;      // the context that it was made from, enum mp_call that did
    uint64_t bytes;                // of a send
    struct {
        int32_t first, last; // world ranks, both included
    } runs[MP_WAIT_RUNS];
    char name[MP_WAIT_NAME]; // of the communicator, maybe cut, maybe empty
};

struct mp_wait_record {
    _Alignas(128) _Atomic uint64_t sleeps; // odd while the thread sleeps
    uint64_t round;   // of the rank's sleeps when it fell asleep: see mp_waits.round
    int64_t since_ns; // CLOCK_MONOTONIC when this wait slept for the first time
    uint32_t call;    // enum mp_call
    uint8_t any;      // one item suffices. 0: all are needed
    uint8_t more;     // there are more items than are here
    uint8_t nitems;
    uint8_t threaded; // other threads may be in calls: MPI_THREAD_MULTIPLE, or several users of MPI
    // This rank has begun operations that go on while its program waits for something else: it may
    // do a part of a collective for which it is not called again.
    uint8_t busy;
    struct mp_wait_item items[MP_WAIT_ITEMS];
};

// Of one rank.
struct mp_waits {
    // Threads that sleep now. More than there are records: some are not told of.
    _Alignas(128) _Atomic uint32_t asleep;
    // Threads share one futex word. Whoever wakes them clears the word, and then wakes all; between
    // the two another thread may announce a sleep of its own, and the word is set again although
    // those before it are as good as awake. So an announcement that finds the word clear begins a
    // new round, and only records of the present round are of threads that nobody has woken.
    _Atomic uint64_t round;
    struct mp_wait_record records[MP_WAIT_THREADS];
};

#endif
