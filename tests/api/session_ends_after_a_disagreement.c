// SPDX-License-Identifier: MIT
// MPI_Session_finalize returns where a nonblocking operation of the session has ended with an
// error, since the ranks disagree about which one it is: what this rank has begun to send for it
// has no receiver, and nobody waits for that.
// (Operations that are never over keep their memory, so leaks are not looked for.)
// ranks: 2 3
// env: LSAN_OPTIONS=detect_leaks=0
#include "check.h"

enum { LONG = 100000 };

int main(void)
{
    static double data[LONG], result[LONG];
    MPI_Session session;
    MPI_Request request;
    MPI_Group group;
    MPI_Comm comm;

    OK(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_RETURN, &session));
    OK(MPI_Group_from_session_pset(session, "mpi://WORLD", &group));
    OK(MPI_Comm_create_from_group(group, "test", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
    OK(MPI_Group_free(&group));
    OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0) {
        OK(MPI_Ibcast(data, LONG, MPI_DOUBLE, 0, comm, &request));
    } else {
        OK(MPI_Ireduce(data, result, LONG, MPI_DOUBLE, MPI_SUM, 0, comm, &request));
    }
    FAILS(MPI_ERR_OTHER, MPI_Wait(&request, MPI_STATUS_IGNORE));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Session_finalize(&session));
    return 0;
}
