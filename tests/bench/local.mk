# SPDX-License-Identifier: MIT
# tests/bench: figures, not tests. `make bench` measures, with the MPIs that are installed (see
# compare.py); `make check` only builds what it measures with.
#     make bench BENCH="--help"

bench_programs = \
    tests/bench/beside tests/bench/collectives tests/bench/empty tests/bench/footprint \
    tests/bench/idle tests/bench/line tests/bench/neighbour tests/bench/pack \
    tests/bench/point_to_point tests/bench/spawn tests/bench/strided \
    tests/bench/threads
    tests/bench/calls tests/bench/collectives tests/bench/empty tests/bench/footprint \
    tests/bench/idle tests/bench/line tests/bench/pack tests/bench/point_to_point tests/bench/spawn tests/bench/strided
check_DATA = $(bench_programs)
CLEANFILES += $(bench_programs)
EXTRA_DIST += $(bench_programs:=.c) tests/bench/bench.h tests/bench/compare.py tests/bench/charts.py

$(bench_programs): %: %.c tests/bench/bench.h lib/mpi.h libmpi_abi.la mpicc
	@$(MKDIR_P) tests/bench
	$(AM_V_CC)$(builddir)/mpicc -std=gnu11 $(WARN_CFLAGS) $(WERROR) $(CFLAGS) $(LDFLAGS) -o $@ $<

bench: all
	CC='$(CC)' PYTHONDONTWRITEBYTECODE=1 python3 $(srcdir)/tests/bench/compare.py --build . $(BENCH)
.PHONY: bench
