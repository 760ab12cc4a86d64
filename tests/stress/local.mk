# SPDX-License-Identifier: MIT
# tests/stress: randomized traffic against a model, run as tests/api are; and the kill test, a
# script with a driver and a victim.

stress_tests += tests/stress/traffic tests/stress/types tests/stress/collectives \
    tests/stress/objects tests/stress/windows
script_tests += tests/stress/kills.sh tests/stress/hangs_match_a_model.sh
check_PROGRAMS += tests/stress/killer tests/stress/victim tests/stress/scripts
tests_stress_killer_LDADD =
EXTRA_DIST += tests/stress/traffic_plan.h tests/stress/traffic_receive.h tests/stress/kills.h \
    tests/stress/types_model.h tests/stress/types_match.h \
    tests/stress/collectives_data.h tests/stress/collectives_model.h \
    tests/stress/collectives_call.h tests/stress/collectives_comms.h \
    tests/stress/objects_kinds.h tests/stress/scripts_model.h
