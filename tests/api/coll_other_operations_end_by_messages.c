// SPDX-License-Identifier: MIT
// The same where collectives are schedules of messages.
// (Operations that are never over keep their memory, so leaks are not looked for.)
// ranks: 2 3
// channels: socket
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 120
#define BY_MESSAGES true
#include "coll_other_operations_end.c"
