// SPDX-License-Identifier: MIT
// The marks that other launchers leave in the environment. A program built with our library and
// started by Open MPI's mpirun would otherwise become N worlds of one, which looks like success.
// Only a claim of more than one rank counts: a batch job's plain shell, or `mpirun -n 1`, is fine.
#include "boot/foreign.h"

#include "base/bits.h"
#include "boot/protocol.h"

#include <stdio.h>
#include <stdlib.h>

// `variable` holds the number of ranks; or, where a launcher does not tell that (`unsized`), the
// process's own. Those come last. It counts only if `also`, when not NULL, is set too: a batch
// system sets some variables in the job's plain shell as well.
static const struct launcher {
    const char *variable;
    const char *also;
    const char *name;
    bool unsized;
    bool set_by_us;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", NULL, "Open MPI's mpirun", false, true},
    {"PMI_SIZE", NULL, "an MPICH-style mpiexec (PMI)", false, false},
    {"MPI_LOCALNRANKS", NULL, "an MPICH-style mpiexec (Hydra)", false, true},
    {"MV2_COMM_WORLD_SIZE", NULL, "MVAPICH's launcher", false, true},
    {"SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "Slurm's srun", false, false},
    {"FLUX_JOB_SIZE", "FLUX_TASK_RANK", "Flux's launcher", false, false},
    {"JSM_NAMESPACE_SIZE", NULL, "IBM's jsrun", false, false},
    {"PALS_NRANKS", NULL, "PALS (HPE's mpiexec)", false, false},
    {"PMIX_RANK", "PMIX_NAMESPACE", "a PMIx launcher (prterun, or srun --mpi=pmix)", true, false},
    {"PALS_RANKID", "PALS_APID", "PALS (HPE's mpiexec)", true, false},
    {"ALPS_APP_PE", NULL, "ALPS (Cray's aprun)", true, false},
};

// Programs ask other launchers' variables for their rank, so mprun sets some of them as well. What
// a rank starts inherits them, and they claim nothing of it.
static bool is_ours(long size)
{
    const char *sizes = getenv(MP_ENV_SIZES);
    int world, node;

    return sizes && sscanf(sizes, "%d,%d", &world, &node) == 2 && (size == world || size == node);
}

bool mp_foreign_launcher(char *error, size_t room)
{
    bool one = false; // some launcher says that there is but one rank

    for (size_t i = 0; i < mp_array_length(launchers); i++) {
        const struct launcher *l = &launchers[i];
        const char *text = getenv(l->variable);
        long size = text && !l->unsized ? strtol(text, NULL, 10) : 0;
        if (!text || (l->also && !getenv(l->also)) || (l->set_by_us && is_ours(size)))
            continue;
        one = one || size == 1;
        if (size > 1) {
            snprintf(error, room,
                     "this program was started by %s as one of %ld ranks (%s=%s), but its MPI "
                     "library is mprun's: start it with mprun -n %ld",
                     l->name, size, l->variable, text, size);
            return true;
        }
        if (l->unsized && !one) {
            snprintf(error, room,
                     "this program was started by %s as rank %s of a job (%s), but its MPI library "
                     "is mprun's: start it with mprun",
                     l->name, text, l->variable);
            return true;
        }
    }
    return false;
}
