# SPDX-License-Identifier: MIT
# tests/stress: randomized traffic against a model; run as tests/api are.

stress_tests +=
