# SPDX-License-Identifier: MIT
# tests/conformance: programs (with .c) built by us and by Open MPI, outputs compared.

conformance_tests +=
