// SPDX-License-Identifier: MIT
// The same where collectives are schedules of messages. Not of 5 ranks and more: there an
// all-reduce begins with a gather at rank 0, as a reduction does, and beside a broadcast from there
// nobody has sent anything that another could find. Then it is mprun that tells, and ends the job:
// see tests/launcher/deadlocks_are_told.sh. (Operations that are never over keep their memory, so
// leaks are not looked for.)
// ranks: 2 3
// channels: socket
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 120
#define BY_MESSAGES true
#include "coll_other_operations_end.c"
