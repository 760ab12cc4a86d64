// SPDX-License-Identifier: MIT
// Finding what to execute, and the environment to execute it in. See program.c, variables.c.
#ifndef MPRUN_PROGRAM_H
#define MPRUN_PROGRAM_H

#include "launcher/options.h"
#include "launcher/rank_variables.h"

// Finds the file of program->argv[0] and sets program->file, as it is seen from the directory where
// the ranks will start. Returns 0, EXIT_NOT_FOUND or EXIT_NOT_EXECUTABLE; then `error`
// holds a sentence.
int program_find(struct program *program, char *error, size_t room);

// The value that a variable of the ranks will have if mprun does not set it: what the options say
// for all programs or the first, or what mprun has. NULL: none.
const char *environment_value(const struct options *options, const char *name);

// The environment of a program's ranks: mprun's own with the changes that the options ask for and
// without what a surrounding mprun left there. `threads`: how many a rank has CPUs for. It ends
// with slots that the caller fills, *slots: for the variables of `own`, which tells for each
// whether the user has set it by an option, and for `extra` others; and a NULL. Never freed. NULL
// if memory ran out.
char **environment_build(const struct options *options, const struct program *program, int threads,
                         struct rank_variables *own, int extra, char ***slots);

// The arguments of the shell that runs the program's file, with the same arguments, if that is a
// script which no "#!" line begins. Never freed. NULL if memory ran out.
char **program_shell_argv(const struct program *program);
#endif
