// SPDX-License-Identifier: MIT
// Several programs in one job, each with a role: one reads, some filter, one writes.
//
//     seq 1000 | mprun -n 1 examples/multiple_processes 7 : -n 2 examples/multiple_processes :
//         -n 1 examples/multiple_processes                            (on one line)
//
// One idea: MPI_APPNUM tells a rank which of the programs between the colons it is. Here all three
// are this one, and the number is the role; they could as well be three programs. Lines are
// dealt to the filters in turn and collected in turn, so that they come out in order, and an empty
// message says that there are no more.

#include "gallery.h"

#include <stdint.h>

enum { READ, FILTER, WRITE, ROLES };
enum { LINE, DROPPED }; // tags
enum { LONGEST = 4096 };

static const char usage[] =
    "Usage: mprun -n 1 multiple_processes [WORD] : -n FILTERS multiple_processes : "
    "-n 1 multiple_processes\n"
    "The first reads standard input, the filters keep the lines with WORD (default 7), the last\n"
    "writes them in their order.\n";

static long read_lines(int filters)
{
    char line[LONGEST];
    long count = 0;
    while (fgets(line, sizeof line, stdin)) {
        int filter = 1 + (int)(count++ % filters);
        MPI_Send(line, (int)strlen(line), MPI_CHAR, filter, LINE, MPI_COMM_WORLD);
    }
    for (int filter = 1; filter <= filters; filter++)
        MPI_Send(line, 0, MPI_CHAR, filter, LINE, MPI_COMM_WORLD);
    return count;
}

static void filter_lines(const char *word, int writer)
{
    char line[LONGEST + 1];
    int length;
    do {
        MPI_Status status;
        MPI_Recv(line, LONGEST, MPI_CHAR, 0, LINE, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_CHAR, &length);
        line[length] = 0;
        int keep = length == 0 || strstr(line, word);
        MPI_Send(line, keep ? length : 0, MPI_CHAR, writer, keep ? LINE : DROPPED, MPI_COMM_WORLD);
    } while (length > 0);
}

static void write_lines(int filters, long *count, uint32_t *checksum)
{
    for (long turn = 0;; turn++) {
        char line[LONGEST];
        int length, filter = 1 + (int)(turn % filters);
        MPI_Status status;
        MPI_Recv(line, LONGEST, MPI_CHAR, filter, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_CHAR, &length);
        if (status.MPI_TAG == DROPPED)
            continue;
        if (length == 0) { // all filters are at their end: the others say so too
            for (int other = 1; other < filters; other++)
                MPI_Recv(line, 0, MPI_CHAR, 1 + (int)((turn + other) % filters), LINE,
                         MPI_COMM_WORLD, &status);
            return;
        }
        fwrite(line, 1, (size_t)length, stdout);
        for (int i = 0; i < length; i++)
            *checksum = *checksum * 31 + (unsigned char)line[i];
        ++*count;
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, *role, found, roles[ROLES] = {0}, all[ROLES];
    char word[64] = "7";
    const char *given = word;
    begin("multiple_processes", usage, argc, argv,
          (struct setting[]){{"WORD", NULL, 0, 0, NULL, &given}, {0}}, 1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &role, &found);
    if (found && *role >= 0 && *role < ROLES)
        roles[*role] = 1;
    MPI_Allreduce(roles, all, ROLES, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    int good = all[READ] == 1 && all[FILTER] >= 1 && all[WRITE] == 1 && size == all[FILTER] + 2;
    if (!good || strlen(given) >= sizeof word) {
        if (rank == 0)
            refuse("multiple_processes", good ? "WORD" : "programs", good ? given : "",
                   good ? "fewer letters" : "three, with : between them, the first and last once");
        MPI_Finalize();
        return status_of(BAD_INPUT);
    }
    if (rank == 0 && given != word)
        strcpy(word, given);
    MPI_Bcast(word, sizeof word, MPI_CHAR, 0, MPI_COMM_WORLD);

    long in = 0, out = 0;
    uint32_t checksum = 17;
    if (roles[READ])
        in = read_lines(size - 2);
    else if (roles[FILTER])
        filter_lines(word, size - 1);
    else
        write_lines(size - 2, &out, &checksum);

    MPI_Bcast(&in, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    if (rank == size - 1)
        printf("lines in %ld, out %ld, checksum %08x\n", in, out, (unsigned)checksum);
    MPI_Finalize();
    return 0;
}
