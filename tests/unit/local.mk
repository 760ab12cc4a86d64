# SPDX-License-Identifier: MIT
# tests/unit: cmocka programs for the parts. Two lines each:
#   unit_tests += tests/unit/NAME
#   tests_unit_NAME_LDADD = $(unit_libs)


unit_tests += tests/unit/socket
tests_unit_socket_SOURCES = tests/unit/socket.c tests/unit/socket_job.c tests/unit/socket_job.h
tests_unit_socket_LDADD = $(unit_libs)
unit_tests += tests/unit/socket_ends
tests_unit_socket_ends_SOURCES = tests/unit/socket_ends.c tests/unit/socket_job.c tests/unit/socket_job.h
tests_unit_socket_ends_LDADD = $(unit_libs)
unit_tests += tests/unit/socket_guests
tests_unit_socket_guests_SOURCES = tests/unit/socket_guests.c tests/unit/socket_job.c tests/unit/socket_job.h
tests_unit_socket_guests_LDADD = $(unit_libs)

# The launcher is no library: this test compiles the files that it is about for itself.
unit_tests += tests/unit/options
tests_unit_options_SOURCES = tests/unit/options.c launcher/options.c \
    launcher/option_limit.c launcher/option_place.c launcher/hosts.c lib/base/cpus.c lib/base/file.c
tests_unit_options_CFLAGS = $(AM_CFLAGS)
tests_unit_options_LDADD = $(CMOCKA_LIBS)

unit_tests += tests/unit/placement
tests_unit_placement_SOURCES = tests/unit/placement.c launcher/mapping.c launcher/cpu_order.c \
    lib/base/cpus.c lib/base/file.c
tests_unit_placement_CFLAGS = $(AM_CFLAGS)
tests_unit_placement_LDADD = $(CMOCKA_LIBS)
unit_tests += tests/unit/library
tests_unit_library_SOURCES = tests/unit/library.c launcher/library.c launcher/executable.c
tests_unit_library_CFLAGS = $(AM_CFLAGS)
tests_unit_library_LDADD = $(CMOCKA_LIBS)

unit_tests += tests/unit/attribute
tests_unit_attribute_LDADD = $(unit_libs)
unit_tests += tests/unit/datatype
tests_unit_datatype_LDADD = $(unit_libs)
unit_tests += tests/unit/signature
tests_unit_signature_LDADD = $(unit_libs)
unit_tests += tests/unit/errhandler
tests_unit_errhandler_LDADD = $(unit_libs)
unit_tests += tests/unit/group
tests_unit_group_LDADD = $(unit_libs)
unit_tests += tests/unit/info
tests_unit_info_LDADD = $(unit_libs)
unit_tests += tests/unit/match
tests_unit_match_LDADD = $(unit_libs)
unit_tests += tests/unit/object
tests_unit_object_LDADD = $(unit_libs)
unit_tests += tests/unit/op
tests_unit_op_LDADD = $(unit_libs) -lm
unit_tests += tests/unit/schedule
tests_unit_schedule_LDADD = $(unit_libs)
unit_tests += tests/unit/extents
tests_unit_extents_LDADD = $(unit_libs)
unit_tests += tests/unit/copy
tests_unit_copy_LDADD = $(unit_libs)
unit_tests += tests/unit/kernel_files
tests_unit_kernel_files_LDADD = $(unit_libs)
unit_tests += tests/unit/ring
tests_unit_ring_LDADD = $(unit_libs)
unit_tests += tests/unit/region
tests_unit_region_LDADD = $(unit_libs)

unit_tests += tests/unit/calls_outside
tests_unit_calls_outside_LDADD = $(unit_libs)
unit_tests += tests/unit/deadlock
tests_unit_deadlock_SOURCES = tests/unit/deadlock.c launcher/deadlock.c launcher/deadlock_text.c launcher/text.c \
    lib/base/calls.c
tests_unit_deadlock_CFLAGS = $(AM_CFLAGS)
tests_unit_deadlock_LDADD = $(CMOCKA_LIBS)
