# SPDX-License-Identifier: MIT
# launcher: mprun, and the compiler wrapper that stands in the build tree as ./mpicc.
# mprun compiles the few lib/boot and lib/base files that it shares with the library
# for itself (list them in mprun_sources): it must not link the library.

mprun_sources += \
    launcher/allowed.c launcher/allowed.h \
    launcher/connect.c launcher/connect.h \
    launcher/cpu_order.c launcher/cpu_order.h \
    launcher/deadlock.c launcher/deadlock.h launcher/deadlock_text.c \
    launcher/deadlock_watch.c launcher/deadlock_watch.h \
    launcher/device_amd.c launcher/device_intel.c launcher/device_nvidia.c \
    launcher/devices.c launcher/devices.h \
    launcher/executable.c launcher/executable.h \
    launcher/family.c launcher/family.h \
    launcher/front.c launcher/front.h \
    launcher/functions.c launcher/functions.h \
    launcher/help.c launcher/help.h \
    launcher/glimpse.c launcher/glimpse.h \
    launcher/hosts.c launcher/hosts.h \
    launcher/huge.c launcher/huge.h \
    launcher/input.c launcher/input.h \
    launcher/job.c launcher/job.h \
    launcher/keeper.c launcher/keeper.h \
    launcher/library.c launcher/library.h \
    launcher/livelock.c launcher/livelock.h \
    launcher/limit.c launcher/limit.h \
    launcher/look.c launcher/look.h \
    launcher/machine.c launcher/machine.h \
    launcher/main.c \
    launcher/mapping.c launcher/mapping.h \
    launcher/option_limit.c launcher/option_place.c \
    launcher/options.c launcher/options.h \
    launcher/other_worlds.c launcher/other_worlds.h \
    launcher/output.c launcher/output.h \
    launcher/placement.c launcher/placement.h \
    launcher/preload.c launcher/preload.h \
    launcher/private.c launcher/private.h \
    launcher/program.c launcher/program.h \
    launcher/rank_variables.c launcher/rank_variables.h \
    launcher/report.c launcher/report.h \
    launcher/segment.c launcher/segment.h \
    launcher/show.c launcher/show.h \
    launcher/spawning.c launcher/spawning.h \
    launcher/sink.c launcher/sink.h \
    launcher/source.c launcher/source.h \
    launcher/spawn.c launcher/spawn.h \
    launcher/spool.c launcher/spool.h \
    launcher/stranger.c launcher/stranger.h \
    launcher/text.c launcher/text.h \
    launcher/variables.c \
    launcher/warden.c launcher/warden.h \
    launcher/watch.c launcher/watch.h \
    lib/base/calls.c lib/base/cpus.c lib/base/file.c lib/base/say.c

bin_PROGRAMS += mprun
mprun_SOURCES = $(mprun_sources)
mprun_CPPFLAGS = $(AM_CPPFLAGS) $(LIBUV_CFLAGS) \
    -DPREFIX='"$(prefix)"' -DBINDIR='"$(bindir)"' -DPKGLIBDIR='"$(pkglibdir)"'
mprun_CFLAGS = $(AM_CFLAGS)
mprun_LDFLAGS = -pthread
mprun_LDADD = $(LIBUV_LIBS)

dist_bin_SCRIPTS += launcher/mpcompare
dist_man_MANS += launcher/mprun-cc.1 launcher/mprun.1 launcher/mpcompare.1
EXTRA_DIST += launcher/mpicc.in launcher/mprun.pc.in
