# SPDX-License-Identifier: MIT
# tests/bench: figures, not tests; `make check` runs none of them.

EXTRA_DIST += \
    tests/bench/basic.c tests/bench/collectives.c tests/bench/empty.c tests/bench/idle.c tests/bench/line.c \
    tests/bench/run-basic.sh tests/bench/run-collectives.sh
