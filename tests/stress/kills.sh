#! /bin/sh
# SPDX-License-Identifier: MIT
# A few rounds of the kill test over each channel and with two and three nodes, all with `make check
# TESTS=tests/stress/kills.sh KILLS_ROUNDS=200`; see tests/stress/killer.c.
# timeout: 120
status=0
for channel in shm socket nodes2 nodes3; do
    tests/stress/killer --rounds "${KILLS_ROUNDS:-20}" --channel $channel --mprun ./mprun \
        --victim tests/stress/victim || status=1
done
exit $status
