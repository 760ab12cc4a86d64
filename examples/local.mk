# SPDX-License-Identifier: MIT
# examples: one idea each. They are built as a user would, by ./mpicc, and not installed.
# Add a program here and its source is found by its name: examples/NAME.c.

example_programs += examples/hello examples/monte_carlo examples/mapreduce \
    examples/stencil examples/conjugate_gradient examples/deadlock
examples_headers = examples/usage.h
mapreduce_headers = examples/word_table.h examples/map_tasks.h examples/word_exchange.h

EXTRA_DIST += $(example_programs:=.c) $(examples_headers) $(mapreduce_headers)
CLEANFILES += $(example_programs)

$(example_programs): %: %.c $(examples_headers) lib/mpi.h libmpi_abi.la mpicc
	@$(MKDIR_P) examples
	$(AM_V_CC)$(builddir)/mpicc -std=gnu11 $(WARN_CFLAGS) $(WERROR) $(CFLAGS) $(LDFLAGS) -o $@ $< -lm
examples/mapreduce: $(mapreduce_headers)

all_local += $(example_programs)
