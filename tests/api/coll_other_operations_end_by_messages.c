// SPDX-License-Identifier: MIT
// The same where collectives are schedules of messages.
// ranks: 2 3
// channels: socket
// timeout: 120
#define BY_MESSAGES true
#include "coll_other_operations_end.c"
