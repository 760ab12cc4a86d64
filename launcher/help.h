// SPDX-License-Identifier: MIT
// --help, --version and --info. See help.c.
#ifndef MPRUN_HELP_H
#define MPRUN_HELP_H

void help_print(void);
void help_print_version(void);
void help_print_info(void);

#endif
