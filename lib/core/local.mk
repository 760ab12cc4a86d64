# SPDX-License-Identifier: MIT
# lib/core: the objects and the engine.

libmpi_abi_sources += \
    lib/core/attribute.c lib/core/attribute.h \
    lib/core/bsend.c lib/core/bsend.h \
    lib/core/channel.h \
    lib/core/child.c lib/core/child.h \
    lib/core/comm.c lib/core/comm.h \
    lib/core/datatype.c lib/core/datatype.h \
    lib/core/datatype_f90.c lib/core/datatype_f90.h \
    lib/core/datatype_form.c lib/core/datatype_form.h \
    lib/core/datatype_kernels.c lib/core/datatype_kernels.h \
    lib/core/datatype_layout.h \
    lib/core/datatype_make.c lib/core/datatype_make.h \
    lib/core/datatype_move.c \
    lib/core/datatype_predefined.c \
    lib/core/datatype_walk.c \
    lib/core/deliver.c lib/core/deliver.h \
    lib/core/dims.c \
    lib/core/errand.c lib/core/errand.h \
    lib/core/errhandler.c lib/core/errhandler.h \
    lib/core/error_strings.c \
    lib/core/group.c lib/core/group.h \
    lib/core/hardware.c lib/core/hardware.h \
    lib/core/info.c lib/core/info.h \
    lib/core/lock.c \
    lib/core/match.c lib/core/match.h \
    lib/core/match_queue.c lib/core/match_queue.h \
    lib/core/limbo.c lib/core/limbo.h \
    lib/core/message.c lib/core/message.h lib/core/message_short.h \
    lib/core/object.c lib/core/object.h \
    lib/core/op.c lib/core/op.h \
    lib/core/op_arithmetic.c \
    lib/core/op_avx2.c \
    lib/core/op_bits.c \
    lib/core/op_kernels.h \
    lib/core/op_location.c \
    lib/core/outgoing.c lib/core/outgoing.h \
    lib/core/partitioned.c lib/core/partitioned.h \
    lib/core/partitioned_end.h lib/core/partitioned_send.c \
    lib/core/probe.c lib/core/probe.h \
    lib/core/process.c lib/core/process.h \
    lib/core/progress.c lib/core/progress.h \
    lib/core/region.c lib/core/region.h \
    lib/core/remote.c lib/core/remote.h \
    lib/core/request.c lib/core/request.h \
    lib/core/session.c lib/core/session.h \
    lib/core/shm_channel.c \
    lib/core/spread.c lib/core/spread.h \
    lib/core/status.h \
    lib/core/taste.c lib/core/taste.h \
    lib/core/together.c lib/core/together.h \
    lib/core/topology.c lib/core/topology.h \
    lib/core/unexpected.c lib/core/unexpected.h
