# SPDX-License-Identifier: MIT
# examples: one idea each. They are built as a user would, by ./mpicc, and not installed.
# Add a program here and its source is found by its name: examples/NAME.c.

example_programs += examples/hello examples/monte_carlo examples/mapreduce \
    examples/stencil examples/conjugate_gradient examples/deadlock \
    examples/shared_value examples/shared_array
gallery = examples/basic_process examples/multiple_processes examples/process_pool \
    examples/queue_communication examples/pipe_communication examples/manager \
    examples/process_lock examples/process_semaphore examples/readers_writers \
    examples/process_barrier examples/orphan examples/zombie examples/work_stealing \
    examples/two_choices examples/train examples/pipeline examples/farm examples/image_filter \
    examples/tiles examples/supervisor
example_programs += $(gallery)
examples_headers = examples/usage.h
gallery_headers = examples/gallery.h examples/pgm.h
mapreduce_headers = examples/word_table.h examples/map_tasks.h examples/word_exchange.h

EXTRA_DIST += examples/README.md $(example_programs:=.c) $(examples_headers) $(gallery_headers) $(mapreduce_headers)
CLEANFILES += $(example_programs)

$(example_programs): %: %.c $(examples_headers) lib/mpi.h libmpi_abi.la mpicc
	@$(MKDIR_P) examples
	$(AM_V_CC)$(builddir)/mpicc -std=gnu11 $(WARN_CFLAGS) $(WERROR) $(CFLAGS) $(LDFLAGS) -o $@ $< -lm
examples/mapreduce: $(mapreduce_headers)
$(gallery): $(gallery_headers)

all_local += $(example_programs)
