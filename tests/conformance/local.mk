# SPDX-License-Identifier: MIT
# tests/conformance: programs (with .c) built by us and by Open MPI, outputs compared.

conformance_tests += \
    tests/conformance/collectives.c \
    tests/conformance/datatypes_distributed.c \
    tests/conformance/objects.c \
    tests/conformance/partitioned.c \
    tests/conformance/point_to_point.c \
    tests/conformance/topologies.c
