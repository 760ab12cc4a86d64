#! /bin/sh
# SPDX-License-Identifier: MIT
# A few rounds of the kill test over each channel and with two nodes; see tests/stress/killer.c, which takes --rounds.
# timeout: 120
status=0
for channel in shm socket nodes2; do
    tests/stress/killer --rounds "${KILLS_ROUNDS:-20}" --channel $channel --mprun ./mprun \
        --victim tests/stress/victim || status=1
done
exit $status
