// SPDX-License-Identifier: MIT
// The marks that other launchers leave in the environment. A program built with our library and
// started by Open MPI's mpirun would otherwise become N worlds of one, which looks like success.
// Only a claim of more than one rank counts: a batch job's plain shell, or `mpirun -n 1`, is fine.
#include "boot/foreign.h"

#include "base/bits.h"

#include <stdio.h>
#include <stdlib.h>

// `size` is the variable that holds the number of ranks. It counts only if `also`, when not NULL,
// is set too: a batch system sets some variables in the job's plain shell as well.
static const struct launcher {
    const char *size;
    const char *also;
    const char *name;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", NULL, "Open MPI's mpirun"},
    {"PMI_SIZE", NULL, "an MPICH-style mpiexec (PMI)"},
    {"MPI_LOCALNRANKS", NULL, "an MPICH-style mpiexec (Hydra)"},
    {"MV2_COMM_WORLD_SIZE", NULL, "MVAPICH's launcher"},
    {"SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "Slurm's srun"},
    {"FLUX_JOB_SIZE", "FLUX_TASK_RANK", "Flux's launcher"},
    {"JSM_NAMESPACE_SIZE", NULL, "IBM's jsrun"},
    {"PALS_NRANKS", NULL, "PALS (HPE's mpiexec)"},
};

// Launchers that tell a process its number but not how many there are.
static const struct launcher unsized[] = {
    {"PMIX_RANK", "PMIX_NAMESPACE", "a PMIx launcher (prterun, or srun --mpi=pmix)"},
    {"PALS_RANKID", "PALS_APID", "PALS (HPE's mpiexec)"},
    {"ALPS_APP_PE", NULL, "ALPS (Cray's aprun)"},
};

bool mp_foreign_launcher(char *error, size_t room)
{
    bool one = false; // some launcher says that there is but one rank

    for (size_t i = 0; i < mp_array_length(launchers); i++) {
        const struct launcher *l = &launchers[i];
        const char *text = getenv(l->size);
        if (!text || (l->also && !getenv(l->also)))
            continue;
        long size = strtol(text, NULL, 10);
        if (size > 1) {
            snprintf(error, room,
                     "this program was started by %s as one of %ld ranks (%s=%s), but its MPI "
                     "library is mprun's: start it with mprun -n %ld",
                     l->name, size, l->size, text, size);
            return true;
        }
        one = one || size == 1;
    }
    for (size_t i = 0; !one && i < mp_array_length(unsized); i++) {
        const struct launcher *l = &unsized[i];
        const char *text = getenv(l->size);
        if (!text || (l->also && !getenv(l->also)))
            continue;
        snprintf(error, room,
                 "this program was started by %s as rank %s of a job (%s), but its MPI library is "
                 "mprun's: start it with mprun",
                 l->name, text, l->size);
        return true;
    }
    return false;
}
