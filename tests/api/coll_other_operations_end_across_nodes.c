// SPDX-License-Identifier: MIT
// The same where some ranks meet on a board, and others in messages.
// (Operations that are never over keep their memory, so leaks are not looked for.)
// ranks: 3 4
// channels: nodes2
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 120
#define BY_MESSAGES true
#include "coll_other_operations_end.c"
