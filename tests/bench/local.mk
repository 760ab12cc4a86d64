# SPDX-License-Identifier: MIT
# tests/bench: figures, not tests. `make bench` measures, with the MPIs that are installed (see
# compare.py); `make check` only builds what it measures with.
#     make bench BENCH="--help"

bench_programs =
bench_programs += tests/bench/beside
bench_programs += tests/bench/calls
bench_programs += tests/bench/collectives
bench_programs += tests/bench/duplicates
bench_programs += tests/bench/empty
bench_programs += tests/bench/flood
bench_programs += tests/bench/footprint
bench_programs += tests/bench/generations
bench_programs += tests/bench/idle
bench_programs += tests/bench/line
bench_programs += tests/bench/neighbour
bench_programs += tests/bench/pack
bench_programs += tests/bench/point_to_point
bench_programs += tests/bench/spawn
bench_programs += tests/bench/strided
bench_programs += tests/bench/threads
bench_programs += tests/bench/windows
check_DATA = $(bench_programs)
CLEANFILES += $(bench_programs)
EXTRA_DIST += $(bench_programs:=.c) tests/bench/bench.h tests/bench/compare.py tests/bench/charts.py

$(bench_programs): %: %.c tests/bench/bench.h lib/mpi.h libmpi_abi.la mpicc
	@$(MKDIR_P) tests/bench
	$(AM_V_CC)$(builddir)/mpicc -std=gnu11 $(WARN_CFLAGS) $(WERROR) $(CFLAGS) $(LDFLAGS) -o $@ $<

bench: all
	CC='$(CC)' PYTHONDONTWRITEBYTECODE=1 python3 $(srcdir)/tests/bench/compare.py --build . $(BENCH)
.PHONY: bench
