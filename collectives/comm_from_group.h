// SPDX-License-Identifier: MIT
// Making communicators from groups alone, without a parent (MPI 5.0, 7.4.2 and 7.6.2). Collective
// over the members of the groups. Arguments have been checked. Return an error class.
// Read next: collectives/comm_make.h.
#ifndef MP_COLLECTIVES_COMM_FROM_GROUP_H
#define MP_COLLECTIVES_COMM_FROM_GROUP_H

#include "object/comm.h"

// `group` has this rank in it.
int mp_comm_create_from_group(struct mp_group *group, const char *stringtag, struct mp_comm **made);

// Neither group is empty; this rank is in `local`. `remote`, `remote_leader` and `problem` (an
// error class that the leader found in them) matter at the local leader only.
int mp_intercomm_create_from_groups(struct mp_group *local, int local_leader,
                                    const struct mp_group *remote, int remote_leader, int problem,
                                    const char *stringtag, struct mp_comm **made);

#endif
