# SPDX-License-Identifier: MIT
# tests: the kinds of test. To add one, name it in the local.mk of its folder; tests/runner
# knows from the folder how to run it, and HACKING.md says what its head may ask for.

# Each test is a program tests/KIND/NAME (from NAME.c) or a script.
unit_tests =
api_tests =
stress_tests =
conformance_tests =
script_tests = tests/layers.sh tests/format.sh

include tests/abi/local.mk
include tests/unit/local.mk
include tests/api/local.mk
include tests/stress/local.mk
include tests/conformance/local.mk
include tests/misuse/local.mk
include tests/launcher/local.mk
include tests/examples/local.mk
include tests/bench/local.mk

check_PROGRAMS += tests/limit $(api_tests) $(stress_tests)
tests_limit_LDADD =
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
conformance_programs = $(conformance_tests:.c=)
TESTS += $(script_tests) $(api_tests) $(stress_tests) $(conformance_programs)

# Ours are built as a user would; tests/runner builds Open MPI's.
$(conformance_programs): %: %.c tests/conformance/say.h lib/mpi.h libmpi_abi.la mpicc
	@$(MKDIR_P) tests/conformance
	$(AM_V_CC)$(builddir)/mpicc -std=gnu11 $(WARN_CFLAGS) $(WERROR) $(CFLAGS) $(LDFLAGS) -o $@ $< -lm
CLEANFILES += $(conformance_programs)

# A program or script may not have the name of another with a different suffix.
TEST_EXTENSIONS = .sh
LOG_DRIVER = $(SHELL) $(top_srcdir)/tests/runner
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
    builddir='$(abs_top_builddir)' top_builddir='$(abs_top_builddir)'; export builddir top_builddir; \
    CC='$(CC)' CXX='$(CXX)' CFLAGS='$(CFLAGS)'; export CC CXX CFLAGS; \
    CLANG_FORMAT='$(CLANG_FORMAT)'; export CLANG_FORMAT; \
    OPENMPI_CC='$(OPENMPI_CC)' OPENMPI_EXEC='$(OPENMPI_EXEC)'; export OPENMPI_CC OPENMPI_EXEC;

EXTRA_DIST += tests/runner tests/variant.sh $(script_tests) $(conformance_tests)

check-local:
if !HAVE_CMOCKA
	@echo 'tests/unit was left out: cmocka was not found (Debian: libcmocka-dev)'
endif

# ---- Those that take a sample in `make check`, whole: half an hour
long_tests = tests/launcher/live_programs_are_left_alone.sh tests/stress/hangs_match_a_model.sh \
    tests/examples/gallery.sh
check-long:
	@MPRUN_TEST_LONG=1 MPRUN_TEST_SLOW=20 $(MAKE) $(AM_MAKEFLAGS) check TESTS='$(long_tests)'

# ---- The same tests, built and run another way, in a folder of their own
check-asan check-ubsan check-tsan check-valgrind check-clang:
	@MAKE='$(MAKE)' $(SHELL) $(top_srcdir)/tests/variant.sh $(subst check-,,$@)

check-format: ; @srcdir=$(srcdir) CLANG_FORMAT='$(CLANG_FORMAT)' $(SHELL) $(srcdir)/tests/format.sh
check-layers: libmpi_abi.la mprun$(EXEEXT)
	@srcdir=$(srcdir) builddir=$(builddir) $(SHELL) $(srcdir)/tests/layers.sh
.PHONY: check-asan check-ubsan check-tsan check-valgrind check-clang check-long check-format \
    check-layers

# What variant.sh runs in there.
variant_tests = $(if $(filter yes,@have_cmocka@),$(unit_tests)) $(api_tests) $(stress_tests)
print-variant-tests: ; @echo $(variant_tests)

clean-local:
	rm -rf variant-* bench
