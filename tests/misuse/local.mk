# SPDX-License-Identifier: MIT
# tests/misuse: wrong use of the library and of mprun; one program with many cases, one script.

script_tests += tests/misuse/misuse.sh
check_PROGRAMS += tests/misuse/cases
