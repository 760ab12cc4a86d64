// SPDX-License-Identifier: MIT
// Partitioned communication (MPI 5.0, chapter 4): one message that is sent in parts, each as soon
// as the program says that it is ready. The two ends meet once, when they are made; from then on
// they know each other's requests, and a round is
//
//     receiver starts  ->  CLEAR  ->  sender: each part that is ready  ->  DATA or OFFER
//
// so that nothing ever arrives unexpected and every byte goes straight to its place. The ends may
// be cut into different numbers of parts: what travels are ranges of the packed stream.
#ifndef MP_MESSAGE_PARTITIONED_H
#define MP_MESSAGE_PARTITIONED_H

#include "base/channel.h"
#include "message/request.h"

#include <stdbool.h>

// Make a persistent request of `partitions` (1 or more) times `count` elements; `dest` and `source`
// are ranks or MPI_PROC_NULL, wildcards are not allowed. Local.
int mp_psend_init(const void *buffer, int partitions, MPI_Count count, struct mp_datatype *type,
                  int dest, int tag, struct mp_comm *comm, struct mp_request **request);
int mp_precv_init(void *buffer, int partitions, MPI_Count count, struct mp_datatype *type,
                  int source, int tag, struct mp_comm *comm, struct mp_request **request);

static inline bool mp_is_partitioned(const struct mp_request *request)
{
    return request->kind == MP_REQUEST_PART_SEND || request->kind == MP_REQUEST_PART_RECV;
}

// How many partitions a partitioned request has.
int mp_partitions(const struct mp_request *request);

// Marks `length` partitions of an active send ready: list[0] and so on, or when `list` is NULL
// those from `first` on. All are in range. An error, and nothing done, if one is ready already.
int mp_pready(struct mp_request *request, int length, const int list[], int first);

// Has that partition of an active receive arrived? Makes progress if not.
bool mp_parrived(struct mp_request *request, int partition);

// For the packets MP_PACKET_PART_*.
void mp_partitioned_deliver(int peer, const struct mp_packet *packet, const void *payload);

// Sends what is ready and found no room before, of a peer's list. Returns how much it did.
int mp_partitioned_flush(struct mp_list *parts);

// Forgets the ends of a context that never met.
void mp_partitioned_drop(uint32_t context);

// Says which packets it takes (message/deliver.h).
void mp_partitioned_open(void);

#endif
