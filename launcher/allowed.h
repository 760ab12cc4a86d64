// SPDX-License-Identifier: MIT
// What the system allows mprun to do: limits (ulimit) and filters of system calls. See allowed.c.
#ifndef MPRUN_ALLOWED_H
#define MPRUN_ALLOWED_H

#include <stdbool.h>
#include <sys/resource.h>

// Raises this process's limit on `resource` to `needed` at least, or as far as it may. Returns
// whether that is enough. *before becomes the limit that was found, for setrlimit; it is enough too
// if the system does not tell.
bool allowed_raise(int resource, rlim_t needed, struct rlimit *before);

// What may be the reason for an errno that comes from a limit or a filter, with the remedy, in
// parentheses with a blank before; "" for all others. To follow strerror.
const char *allowed_hint(int error);

// Whether the system calls that no job can do without are allowed. If not, names the
// first that is not.
bool allowed_calls(void);

#endif
