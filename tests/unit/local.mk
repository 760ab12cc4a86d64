# SPDX-License-Identifier: MIT
# tests/unit: cmocka programs for the parts. Two lines each:
#   unit_tests += tests/unit/NAME
#   tests_unit_NAME_LDADD = $(unit_libs)


unit_tests += tests/unit/socket
tests_unit_socket_LDADD = $(unit_libs)
