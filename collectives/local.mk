# SPDX-License-Identifier: MIT
# collectives: schedules, the choice of algorithm, one file per operation.

libmpi_abi_sources += \
    collectives/async.c \
    collectives/async.h \
    collectives/async_data.c \
    collectives/barrier.c \
    collectives/bcast.c \
    collectives/board.c \
    collectives/board.h \
    collectives/choose.c \
    collectives/choose.h \
    collectives/collective_waits.c \
    collectives/collective_waits.h \
    collectives/collectives.h \
    collectives/combine.c \
    collectives/combine.h \
    collectives/comm_agree.c \
    collectives/comm_agree.h \
    collectives/comm_from_group.c \
    collectives/comm_from_group.h \
    collectives/comm_make.c \
    collectives/comm_make.h \
    collectives/disagree.c \
    collectives/disagree.h \
    collectives/dist_graph.c \
    collectives/exchange.c \
    collectives/execute.c \
    collectives/inter.c \
    collectives/levels.c \
    collectives/levels.h \
    collectives/reduce.c \
    collectives/scan.c \
    collectives/schedule.c \
    collectives/schedule.h \
    collectives/shm.h \
    collectives/shm_alltoall.c \
    collectives/shm_barrier.c \
    collectives/shm_bcast.c \
    collectives/shm_combine.c \
    collectives/shm_combine.h \
    collectives/shm_gather.c \
    collectives/shm_give.c \
    collectives/shm_memory.c \
    collectives/shm_memory.h \
    collectives/shm_parts.h \
    collectives/shm_reduce.c \
    collectives/shm_reduce_scatter.c \
    collectives/shm_scan.c \
    collectives/shm_scatter.c \
    collectives/short.c \
    collectives/short.h \
    collectives/short_blocks.h \
    collectives/short_post.h \
    collectives/slots.h \
    collectives/topology_make.c \
    collectives/topology_make.h
