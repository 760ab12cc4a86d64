# SPDX-License-Identifier: MIT
# tests/conformance: programs (with .c) built by us and by Open MPI, outputs compared.

conformance_tests += \
    tests/conformance/collective_forms.c \
    tests/conformance/collectives.c \
    tests/conformance/communicators.c \
    tests/conformance/constructors.c \
    tests/conformance/datatypes_distributed.c \
    tests/conformance/environment.c \
    tests/conformance/modes.c \
    tests/conformance/objects.c \
    tests/conformance/partitioned.c \
    tests/conformance/point_to_point.c \
    tests/conformance/topologies.c
EXTRA_DIST += tests/conformance/say.h
