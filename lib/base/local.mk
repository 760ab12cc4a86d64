# SPDX-License-Identifier: MIT
# lib/base: what needs nothing else. Headers are listed too, so that `make dist` has them.

libmpi_abi_sources += lib/base/calls.c lib/base/calls.def lib/base/calls.h
