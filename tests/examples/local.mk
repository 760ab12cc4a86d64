# SPDX-License-Identifier: MIT
# tests/examples: the example programs as a user runs them; scripts.

example_tests = tests/examples/monte_carlo.sh tests/examples/mapreduce.sh \
    tests/examples/solvers.sh tests/examples/deadlock.sh tests/examples/gallery.sh \
    tests/examples/course.sh tests/examples/shared_memory.sh \
    tests/examples/supervisor.sh
TESTS += $(example_tests)
EXTRA_DIST += $(example_tests) tests/examples/common.sh
