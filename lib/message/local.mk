# SPDX-License-Identifier: MIT
# lib/message: send, receive, match, deliver.

libmpi_abi_sources += lib/message/bsend.c
libmpi_abi_sources += lib/message/bsend.h
libmpi_abi_sources += lib/message/deliver.c
libmpi_abi_sources += lib/message/deliver.h
libmpi_abi_sources += lib/message/message_waits.c
libmpi_abi_sources += lib/message/message_waits.h
libmpi_abi_sources += lib/message/errand.c
libmpi_abi_sources += lib/message/errand.h
libmpi_abi_sources += lib/message/match_queue.c
libmpi_abi_sources += lib/message/match_queue.h
libmpi_abi_sources += lib/message/match.c
libmpi_abi_sources += lib/message/match.h
libmpi_abi_sources += lib/message/message_short.h
libmpi_abi_sources += lib/message/message.c
libmpi_abi_sources += lib/message/message.h
libmpi_abi_sources += lib/message/near_and_far.c lib/message/opening.c
libmpi_abi_sources += lib/message/opening.h
libmpi_abi_sources += lib/message/outgoing.c
libmpi_abi_sources += lib/message/outgoing.h
libmpi_abi_sources += lib/message/partitioned_end.h
libmpi_abi_sources += lib/message/partitioned_send.c
libmpi_abi_sources += lib/message/partitioned.c
libmpi_abi_sources += lib/message/partitioned.h
libmpi_abi_sources += lib/message/probe.c
libmpi_abi_sources += lib/message/probe.h
libmpi_abi_sources += lib/message/rendezvous.c
libmpi_abi_sources += lib/message/rendezvous.h
libmpi_abi_sources += lib/message/request.c
libmpi_abi_sources += lib/message/request.h
libmpi_abi_sources += lib/message/shm_channel.c
libmpi_abi_sources += lib/message/together.c
libmpi_abi_sources += lib/message/together.h
libmpi_abi_sources += lib/message/unexpected.c
libmpi_abi_sources += lib/message/unexpected.h
