# SPDX-License-Identifier: MIT
# lib/base: what needs nothing else. Headers are listed too, so that `make dist` has them.

libmpi_abi_sources += lib/base/bits.h lib/base/caller.c lib/base/caller.h lib/base/calls.c lib/base/calls.def lib/base/calls.h \
    lib/base/channel.h lib/base/clock.h lib/base/copy.c lib/base/copy.h \
    lib/base/cpus.c lib/base/cpus.h lib/base/fail.c lib/base/fail.h lib/base/file.c lib/base/file.h lib/base/list.h lib/base/processor.h \
    lib/base/region.c lib/base/region.h \
    lib/base/say.c lib/base/say.h lib/base/stream.h lib/base/unsupported.def
