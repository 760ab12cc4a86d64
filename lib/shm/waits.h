// SPDX-License-Identifier: MIT
// Wait records: what the threads of a rank sleep for, so that mprun can prove that none of them can
// ever go on. They lie in the segment, MP_WAIT_THREADS of them per rank: a page or so that is
// touched when the rank sleeps for the first time, and linear in the number of ranks, since an item
// names the ranks that could meet it as runs of world ranks and says when they are too many to be
// named. A rank writes its own; mprun reads all of them at any time, also after the rank was
// killed. Nothing is written unless a wait turns into a sleep.
//
// A record is valid from the moment when the wait first turns into a sleep until the wait is over,
// or something happens to the rank: a packet came or went, an operation moved (`events` counts
// that). A thread that wakes, looks, finds nothing, and sleeps again writes it anew, with the same
// content. `sleeps` is odd while the record is valid, and has grown by two each time that it was
// written. The thread fills the record in, then makes `sleeps` odd, with release; it makes it even
// before it fills it in anew, with a release fence after that. So whoever reads `sleeps` with
// acquire, copies the record, and after an acquire fence reads the same odd number, has a record
// that was whole.
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
    MP_WAIT_NAME = 64    // bytes of a communicator's name, with the 0
};

// What an item is, for the words. Who can meet it is said apart from that.
enum mp_wait_kind {
    MP_WAIT_OTHER, // nothing more is known
    MP_WAIT_RECV,
    MP_WAIT_SEND,
    MP_WAIT_PROBE,
    MP_WAIT_PARTS, // of its own message that are not ready
    MP_WAIT_COLLECTIVE,
    MP_WAIT_WINDOW // a call on a window: `operation`
};

// How close a message that was kept comes to the one that is waited for.
enum mp_kept {
    MP_KEPT_NONE,
    MP_KEPT_OTHER,         // on the same communicator
    MP_KEPT_OTHER_CONTEXT, // from the same source and with the same tag, on another one
    MP_KEPT_OTHER_SOURCE,  // on the same communicator, with the same tag
    MP_KEPT_OTHER_TAG      // on the same communicator, from the same source
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
    uint8_t kept;                  // a receive or probe: enum mp_kept
    uint8_t standard;              // a send: of the standard mode
    uint16_t operation;            // of a collective or window: enum mp_call
    int32_t kept_source, kept_tag; // of the message that is kept: a world rank, as `tag`
    uint32_t kept_context;
    // MPI_ANY_TAG's value for any. Of a window's lock: the world rank of its holder, -1: not known
    int32_t tag;
    int32_t root;     // world rank: of a collective, -1 for none; or whose lock it is
    uint32_t context; // of the communicator
    uint64_t bytes;   // of a send
    struct {
        int32_t first, last; // world ranks, both included,
        uint64_t world;      // of that world (`job` in its segment); 0: of the rank's own
    } runs[MP_WAIT_RUNS];
    char name[MP_WAIT_NAME]; // of the communicator, maybe cut: its own, or
    uint8_t derived;         // 1: it has none, and this says what it was made from
};

struct mp_wait_record {
    _Alignas(128) _Atomic uint64_t sleeps;
    uint64_t events; // that happened to the rank so far: mp_progress_events
    int64_t
        since_ns; // CLOCK_MONOTONIC when this wait slept for the first time: no two have the same
    uint64_t caller; // where the program was: the address that the call returns to; 0: not known
    uint32_t call;   // enum mp_call
    uint8_t any;     // one item suffices. 0: all are needed
    uint8_t more;    // there are more items than are here
    uint8_t nitems;
    uint8_t threaded; // other threads may be in calls: MPI_THREAD_MULTIPLE, or several users of MPI
    // This rank has begun operations that go on while its program waits for something else: it may
    // do a part of a collective for which it is not called again.
    uint8_t busy;
    uint8_t unsent; // the rank has packets that its streams have not taken yet
    struct mp_wait_item items[MP_WAIT_ITEMS];
};

// Of one rank.
struct mp_waits {
    // Threads that have a valid record, or would have one if there were more of them.
    _Alignas(128) _Atomic uint32_t waiting;
    // Of the calls that look and do not wait (MPI_Test ...), written by the rank: grows with every
    // so many looks in vain in a row; the call that looked last then; how often something happened
    // after so many; and the program's place after very many, 0 before.
    _Atomic uint32_t polls, polls_in, polls_met;
    _Atomic uint64_t polls_from;
    struct mp_wait_record records[MP_WAIT_THREADS];
};

#endif
