# SPDX-License-Identifier: MIT
# tests/abi: the header and the libraries against the tables of the MPI 5.0 ABI, and the profiling
# interface. Scripts, run with srcdir and top_builddir set.

abi_tests = tests/abi/check-header.sh tests/abi/check-symbols.sh tests/abi/check-profiling.sh \
    tests/abi/check-info.sh
TESTS += $(abi_tests)
EXTRA_DIST += $(abi_tests) tests/abi/header.awk tests/abi/profiling_app.c \
    tests/abi/profiling_tool.c tests/abi/functions.tsv tests/abi/constants.tsv \
    tests/abi/callbacks.tsv
