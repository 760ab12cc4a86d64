# SPDX-License-Identifier: MIT
# tests/launcher: mprun and mpicc as a user sees them. Scripts run in the build folder
# with srcdir and builddir set; exit 77 skips, the last line of output says why.

script_tests += tests/launcher/closed_descriptors_are_found.sh
script_tests += tests/launcher/connect.sh
script_tests += tests/launcher/deadlocks_across_worlds.sh
script_tests += tests/launcher/deadlocks_are_told.sh
script_tests += tests/launcher/deadlocks_of_all_kinds.sh
script_tests += tests/launcher/devices.sh
script_tests += tests/launcher/environment.sh
script_tests += tests/launcher/environment_lost_is_no_second_world.sh
script_tests += tests/launcher/exit_status.sh
script_tests += tests/launcher/faults_are_told.sh
script_tests += tests/launcher/finalized_ranks_are_independent.sh
script_tests += tests/launcher/foreign_mpi_is_refused.sh
script_tests += tests/launcher/grace_lets_ranks_save.sh
script_tests += tests/launcher/heap.sh
script_tests += tests/launcher/huge.sh
script_tests += tests/launcher/huge_pages_without_sys.sh
script_tests += tests/launcher/kills.sh
script_tests += tests/launcher/left_processes_are_counted.sh
script_tests += tests/launcher/jobs_meet.sh
script_tests += tests/launcher/leftovers.sh
script_tests += tests/launcher/limits.sh
script_tests += tests/launcher/limits_are_named.sh
script_tests += tests/launcher/live_programs_are_left_alone.sh
script_tests += tests/launcher/local_rank.sh
script_tests += tests/launcher/manual.sh
script_tests += tests/launcher/mapping.sh
script_tests += tests/launcher/mpcompare.sh
script_tests += tests/launcher/no_proc_no_hang.sh
script_tests += tests/launcher/nodes.sh
script_tests += tests/launcher/openmp.sh
script_tests += tests/launcher/options.sh
script_tests += tests/launcher/output_is_seen_at_once.sh
script_tests += tests/launcher/output_lines_are_whole.sh
script_tests += tests/launcher/output_memory_is_bounded.sh
script_tests += tests/launcher/output_survives_the_end.sh
script_tests += tests/launcher/output_that_cannot_be_written_is_told.sh
script_tests += tests/launcher/placement.sh
script_tests += tests/launcher/program_here_is_found.sh
script_tests += tests/launcher/prompt_is_shown.sh
script_tests += tests/launcher/refused_calls_are_named.sh
script_tests += tests/launcher/report.sh
script_tests += tests/launcher/report_says_what_ranks_do.sh
script_tests += tests/launcher/restart.sh
script_tests += tests/launcher/rights_given_up.sh
script_tests += tests/launcher/script_gets_all_arguments.sh
script_tests += tests/launcher/second_ctrl_c_ends_at_once.sh
script_tests += tests/launcher/shared_descriptors_keep_their_mode.sh
script_tests += tests/launcher/signals.sh
script_tests += tests/launcher/signals_stay_in_the_job.sh
script_tests += tests/launcher/stdin_all_waits_for_nobody.sh
script_tests += tests/launcher/stdio.sh
script_tests += tests/launcher/stop_and_continue_reach_ranks.sh
script_tests += tests/launcher/thousand_ranks.sh
script_tests += tests/launcher/tmpdir.sh
script_tests += tests/launcher/window_deadlocks_are_told.sh
script_tests += tests/launcher/window_locks_are_reported.sh
script_tests += tests/launcher/worlds_end.sh
script_tests += tests/launcher/wrapper.sh

# Programs that they run. rank joins a job without the rest of the library; under starts another
# program under an unusual condition; prints writes lines, with the library and without; terminal is
# one that a script can look at.
check_PROGRAMS += tests/launcher/asks_slowly
tests_launcher_asks_slowly_LDADD =
check_PROGRAMS += tests/launcher/dying
check_PROGRAMS += tests/launcher/faults
check_PROGRAMS += tests/launcher/killer
check_PROGRAMS += tests/launcher/meets
check_PROGRAMS += tests/launcher/rank
tests_launcher_rank_SOURCES = tests/launcher/rank.c lib/boot/ancestry.c lib/boot/boot.c \
    lib/boot/foreign.c lib/boot/lines.c lib/boot/windows.c lib/base/calls.c lib/base/cpus.c lib/base/file.c
tests_launcher_rank_CFLAGS = $(AM_CFLAGS)
tests_launcher_rank_LDADD =
check_PROGRAMS += tests/launcher/rights
check_PROGRAMS += tests/launcher/prints
tests_launcher_prints_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_MPI
check_PROGRAMS += tests/launcher/prints_plain
tests_launcher_prints_plain_SOURCES = tests/launcher/prints.c
tests_launcher_prints_plain_LDADD =
check_PROGRAMS += tests/launcher/spawns
check_PROGRAMS += tests/launcher/terminal
tests_launcher_terminal_LDADD =
check_PROGRAMS += tests/launcher/under
tests_launcher_under_LDADD =

check_PROGRAMS += tests/launcher/waits tests/launcher/waits_for_worlds
check_PROGRAMS += tests/launcher/window_waits
check_PROGRAMS += tests/launcher/deadlocks
check_PROGRAMS += tests/launcher/lives

EXTRA_DIST += tests/launcher/lib.sh
EXTRA_DIST += tests/launcher/trees
