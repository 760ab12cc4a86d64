// SPDX-License-Identifier: MIT
// What statuses, probes and requests say, in many situations whose result the standard fixes. Each
// rank collects its lines; rank 0 prints them all.
// ranks: 1 2 4
#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size;
static char lines[60000];
static size_t used;

static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    used += (size_t)vsnprintf(lines + used, sizeof(lines) - used, format, args);
    va_end(args);
}

static const char *source_name(int source)
{
    static char text[16];
    snprintf(text, sizeof(text), "%d", source);
    return source == MPI_PROC_NULL ? "proc_null" : source == MPI_ANY_SOURCE ? "any" : text;
}

static void say_status(const char *what, MPI_Status *s)
{
    int bytes, ints, elements, cancelled;
    MPI_Get_count(s, MPI_BYTE, &bytes);
    MPI_Get_count(s, MPI_INT, &ints);
    MPI_Get_elements(s, MPI_SHORT, &elements);
    MPI_Test_cancelled(s, &cancelled);
    say("%s: source %s tag %d bytes %d ints %d shorts %d cancelled %d\n", what,
        source_name(s->MPI_SOURCE), s->MPI_TAG == MPI_ANY_TAG ? -1 : s->MPI_TAG, bytes,
        ints == MPI_UNDEFINED ? -1 : ints, elements == MPI_UNDEFINED ? -1 : elements,
        cancelled != 0);
}

static void print_all(void)
{
    for (int r = 0; r < size; r++) {
        if (r == 0 && rank == 0) {
            fputs(lines, stdout);
        } else if (rank == 0) {
            MPI_Status s;
            int n;
            MPI_Probe(r, 999, MPI_COMM_WORLD, &s);
            MPI_Get_count(&s, MPI_CHAR, &n);
            MPI_Recv(lines, n, MPI_CHAR, r, 999, MPI_COMM_WORLD, &s);
            printf("---- rank %d\n%s", r, lines);
        } else if (rank == r) {
            MPI_Send(lines, (int)strlen(lines) + 1, MPI_CHAR, 0, 999, MPI_COMM_WORLD);
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int right = (rank + 1) % size, left = (rank + size - 1) % size, flag, index, count, indices[4];
    MPI_Status s, statuses[4];
    MPI_Request r[4], null = MPI_REQUEST_NULL;
    short out[100000], in[100000];
    for (int i = 0; i < 100000; i++) {
        out[i] = (short)(i + rank);
    }
    static const int counts[] = {0, 1, 2, 3, 24, 25, 2048, 2049, 100000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        int n = counts[i];
        MPI_Sendrecv(out, n, MPI_SHORT, right, (int)i, in, 100000, MPI_SHORT, left, MPI_ANY_TAG,
                     MPI_COMM_WORLD, &s);
        say_status("sendrecv", &s);
        if (n > 0) {
            say("last is %d\n", in[n - 1]);
        }
        MPI_Isend(out, n, MPI_SHORT, right, 50, MPI_COMM_WORLD, &r[0]);
        MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &s);
        say_status("probe", &s);
        MPI_Recv(in, n, MPI_SHORT, s.MPI_SOURCE, s.MPI_TAG, MPI_COMM_WORLD, &s);
        say_status("recv", &s);
        MPI_Wait(&r[0], MPI_STATUS_IGNORE);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Wait(&null, &s);
    say_status("null", &s);
    MPI_Recv(in, 5, MPI_SHORT, MPI_PROC_NULL, 3, MPI_COMM_WORLD, &s);
    say_status("recv from proc_null", &s);
    MPI_Probe(MPI_PROC_NULL, 3, MPI_COMM_WORLD, &s);
    say_status("probe of proc_null", &s);
    MPI_Iprobe(MPI_PROC_NULL, 3, MPI_COMM_WORLD, &flag, &s);
    say("iprobe of proc_null: %d\n", flag);
    MPI_Irecv(in, 5, MPI_SHORT, MPI_ANY_SOURCE, 60, MPI_COMM_WORLD, &r[0]);
    MPI_Cancel(&r[0]);
    MPI_Wait(&r[0], &s);
    MPI_Test_cancelled(&s, &flag);
    say("cancelled: %d, request is null: %d\n", flag, r[0] == MPI_REQUEST_NULL);
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &s);
    say("iprobe: %d\n", flag);

    // Any, some, all.
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < 4; i++) {
        MPI_Irecv(in + i, 1, MPI_SHORT, left, 70 + i, MPI_COMM_WORLD, &r[i]);
    }
    MPI_Testany(4, r, &index, &flag, &s);
    say("testany: %d, undefined %d\n", flag, index == MPI_UNDEFINED);
    MPI_Testsome(4, r, &count, indices, statuses);
    say("testsome: %d\n", count);
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 3; i >= 0; i--) {
        MPI_Ssend(out + i, 1, MPI_SHORT, right, 70 + i, MPI_COMM_WORLD);
    }
    MPI_Waitall(4, r, statuses);
    for (int i = 0; i < 4; i++) {
        say_status("waitall", &statuses[i]);
        say("%d\n", in[i]);
    }
    MPI_Waitany(4, r, &index, &s);
    say("waitany of null: %d\n", index == MPI_UNDEFINED);
    MPI_Waitsome(4, r, &count, indices, statuses);
    say("waitsome of null: %d\n", count == MPI_UNDEFINED);
    MPI_Testall(4, r, &flag, statuses);
    say("testall of null: %d\n", flag);
    // Persistent.
    MPI_Recv_init(in, 3, MPI_SHORT, left, 80, MPI_COMM_WORLD, &r[0]);
    MPI_Send_init(out, 3, MPI_SHORT, right, 80, MPI_COMM_WORLD, &r[1]);
    for (int i = 0; i < 3; i++) {
        MPI_Startall(2, r);
        MPI_Waitall(2, r, statuses);
        say_status("persistent", &statuses[0]);
        MPI_Test(&r[0], &flag, &s);
        say("inactive: %d\n", flag);
        say_status("inactive", &s);
    }
    MPI_Request_free(&r[0]);
    MPI_Request_free(&r[1]);
    // Truncation.
    int err, class;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Isend(out, 10, MPI_SHORT, right, 90, MPI_COMM_WORLD, &r[0]);
    err = MPI_Recv(in, 9, MPI_SHORT, left, 90, MPI_COMM_WORLD, &s);
    MPI_Error_class(err, &class);
    say("short receive: truncated %d\n", class == MPI_ERR_TRUNCATE);
    MPI_Wait(&r[0], MPI_STATUS_IGNORE);
    // Mprobe.
    MPI_Message message;
    MPI_Isend(out, 10, MPI_SHORT, right, 91, MPI_COMM_WORLD, &r[0]);
    MPI_Mprobe(left, 91, MPI_COMM_WORLD, &message, &s);
    say_status("mprobe", &s);
    MPI_Mrecv(in, 10, MPI_SHORT, &message, &s);
    say_status("mrecv", &s);
    say("message is null: %d\n", message == MPI_MESSAGE_NULL);
    MPI_Wait(&r[0], MPI_STATUS_IGNORE);
    MPI_Mprobe(MPI_PROC_NULL, 91, MPI_COMM_WORLD, &message, &s);
    say("no_proc: %d\n", message == MPI_MESSAGE_NO_PROC);
    MPI_Mrecv(in, 10, MPI_SHORT, &message, &s);
    say_status("mrecv", &s);
    print_all();
    MPI_Finalize();
    return 0;
}
