// SPDX-License-Identifier: MIT
// Uses MPI wrongly, in one of many ways, named by the argument. Each must end the job with one
// clear message that names the function, the argument and its value, and with a status other than
// 0.
//     mprun -n 3 tests/misuse/cases negative-count
//     tests/misuse/cases --list     one line per case: its name, then the words that must be said
// Read next: misuse.sh, which runs them all.
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size, word[64], other[64];
static MPI_Comm world;
static MPI_Request request;
static MPI_Status status;

static void negative_count(void)
{
    MPI_Send(word, -1, MPI_INT, 0, 0, world);
}

static void negative_count_recv(void)
{
    MPI_Recv(word, -3, MPI_INT, 0, 0, world, &status);
}

static void negative_count_bcast(void)
{
    MPI_Bcast(word, -2, MPI_INT, 0, world);
}

static void negative_count_waitall(void)
{
    MPI_Waitall(-4, &request, MPI_STATUSES_IGNORE);
}

static void negative_count_in_array(void)
{
    int *counts = calloc((size_t)size, sizeof(int)), *displs = calloc((size_t)size, sizeof(int));
    counts[size - 1] = -5;
    MPI_Allgatherv(word, counts[rank], MPI_INT, other, counts, displs, MPI_INT, world);
}

static void freed_comm(void)
{
    MPI_Comm comm, copy;
    MPI_Comm_dup(world, &comm);
    copy = comm;
    MPI_Comm_free(&comm);
    MPI_Send(word, 1, MPI_INT, 0, 0, copy);
}

static void freed_comm_collective(void)
{
    MPI_Comm comm, copy;
    MPI_Comm_dup(world, &comm);
    copy = comm;
    MPI_Comm_free(&comm);
    MPI_Barrier(copy);
}

static void null_comm(void)
{
    MPI_Send(word, 1, MPI_INT, 0, 0, MPI_COMM_NULL);
}

static void free_world(void)
{
    MPI_Comm comm = world;
    MPI_Comm_free(&comm);
}

static void wild_comm(void)
{
    MPI_Send(word, 1, MPI_INT, 0, 0, (MPI_Comm)(uintptr_t)0xdeadbeef);
}

static void wild_comm_odd(void)
{
    MPI_Barrier((MPI_Comm)(uintptr_t)0x7f0012345679);
}

static void wild_comm_small(void)
{
    MPI_Barrier((MPI_Comm)(uintptr_t)0x3ff);
}

static void wild_comm_high(void)
{
    MPI_Barrier((MPI_Comm)(uintptr_t)0xfffffffffffff000);
}

static void wild_comm_stack(void)
{
    char bytes[512];
    memset(bytes, 0x5a, sizeof(bytes));
    MPI_Barrier((MPI_Comm)(uintptr_t)&bytes[64]);
}

static void wild_type(void)
{
    MPI_Send(word, 1, (MPI_Datatype)(uintptr_t)0xdeadbeef, 0, 0, world);
}

static void wild_op(void)
{
    MPI_Allreduce(word, other, 1, MPI_INT, (MPI_Op)(uintptr_t)0xdeadbeef, world);
}

static void wild_request(void)
{
    request = (MPI_Request)(uintptr_t)0xdeadbeef;
    MPI_Wait(&request, &status);
}

static void wild_group(void)
{
    int n;
    MPI_Group_size((MPI_Group)(uintptr_t)0xdeadbeef, &n);
}

static void wild_errhandler(void)
{
    MPI_Comm_set_errhandler(world, (MPI_Errhandler)(uintptr_t)0xdeadbeef);
}

static void wild_info(void)
{
    MPI_Info_set((MPI_Info)(uintptr_t)0xdeadbeef, "key", "value");
}

static void type_as_comm(void)
{
    MPI_Datatype type;
    MPI_Type_contiguous(3, MPI_INT, &type);
    MPI_Barrier((MPI_Comm)(uintptr_t)type);
}

static void freed_request(void)
{
    MPI_Request copy;
    MPI_Recv_init(word, 1, MPI_INT, 0, 0, world, &request);
    copy = request;
    MPI_Request_free(&request);
    MPI_Start(&copy);
}

static void bad_rank(void)
{
    MPI_Send(word, 1, MPI_INT, 1000, 0, world);
}

static void bad_rank_negative(void)
{
    MPI_Isend(word, 1, MPI_INT, -77, 0, world, &request);
}

static void any_source_send(void)
{
    MPI_Send(word, 1, MPI_INT, MPI_ANY_SOURCE, 0, world);
}

static void bad_source(void)
{
    MPI_Recv(word, 1, MPI_INT, size, 0, world, &status);
}

static void bad_tag(void)
{
    MPI_Send(word, 1, MPI_INT, 0, -9, world);
}

static void any_tag_send(void)
{
    MPI_Send(word, 1, MPI_INT, 0, MPI_ANY_TAG, world);
}

static void bad_tag_recv(void)
{
    MPI_Recv(word, 1, MPI_INT, 0, -12, world, &status);
}

static void bad_root(void)
{
    MPI_Bcast(word, 1, MPI_INT, 500, world);
}

static void bad_root_negative(void)
{
    MPI_Reduce(word, other, 1, MPI_INT, MPI_SUM, -1, world);
}

static void null_buffer(void)
{
    MPI_Send(NULL, 3, MPI_INT, 0, 0, world);
}

static void null_buffer_recv(void)
{
    MPI_Recv(NULL, 3, MPI_INT, 0, 0, world, &status);
}

static void null_buffer_bcast(void)
{
    MPI_Bcast(NULL, 3, MPI_INT, 0, world);
}

static void same_buffers(void)
{
    MPI_Allreduce(word, word, 4, MPI_INT, MPI_SUM, world);
}

static void in_place_send(void)
{
    MPI_Send(MPI_IN_PLACE, 1, MPI_INT, 0, 0, world);
}

static void wrong_op(void)
{
    double a = 1, b;
    MPI_Allreduce(&a, &b, 1, MPI_DOUBLE, MPI_BAND, world);
}

static void wrong_op_pair(void)
{
    MPI_Reduce(word, other, 1, MPI_2INT, MPI_SUM, 0, world);
}

static void wrong_op_maxloc(void)
{
    MPI_Allreduce(word, other, 1, MPI_INT, MPI_MAXLOC, world);
}

static void null_op(void)
{
    MPI_Allreduce(word, other, 1, MPI_INT, MPI_OP_NULL, world);
}

static void uncommitted(void)
{
    MPI_Datatype type;
    MPI_Type_contiguous(3, MPI_INT, &type);
    MPI_Send(word, 1, type, 0, 0, world);
}

static void null_type(void)
{
    MPI_Send(word, 1, MPI_DATATYPE_NULL, 0, 0, world);
}

static void free_predefined(void)
{
    MPI_Datatype type = MPI_INT;
    MPI_Type_free(&type);
}

static void too_short(void)
{
    MPI_Isend(word, 10, MPI_INT, rank, 7, world, &request);
    MPI_Recv(other, 9, MPI_INT, rank, 7, world, &status);
}

static void too_short_wait(void)
{
    MPI_Irecv(other, 1, MPI_INT, rank, 7, world, &request);
    MPI_Send(word, 50, MPI_INT, rank, 7, world);
    MPI_Wait(&request, &status);
}

static void too_short_large(void)
{
    char *large = calloc(2, 1 << 20);
    MPI_Isend(large, 1 << 20, MPI_BYTE, rank, 7, world, &request);
    MPI_Recv(large + (1 << 20), 1000, MPI_BYTE, rank, 7, world, &status);
}

static void no_bsend_buffer(void)
{
    MPI_Bsend(word, 10, MPI_INT, 0, 0, world);
}

static void attach_twice(void)
{
    static char buffer[2][10000];
    MPI_Buffer_attach(buffer[0], 10000);
    MPI_Buffer_attach(buffer[1], 10000);
}

static void start_active(void)
{
    MPI_Recv_init(word, 1, MPI_INT, rank, 0, world, &request);
    MPI_Start(&request);
    MPI_Start(&request);
}

static void start_ordinary(void)
{
    MPI_Irecv(word, 1, MPI_INT, rank, 0, world, &request);
    MPI_Start(&request);
}

static void null_output(void)
{
    MPI_Comm_rank(world, NULL);
}

static void bad_split_color(void)
{
    MPI_Comm comm;
    MPI_Comm_split(world, -44, 0, &comm);
}

static void init_twice(void)
{
    MPI_Init(NULL, NULL);
}

// Outside of MPI's time.
static void send_before_init(void)
{
    MPI_Send(word, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
}

static void rank_before_init(void)
{
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
}

static void finalize_before_init(void)
{
    MPI_Finalize();
}

static void send_after_finalize(void)
{
    MPI_Send(word, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
}

static void barrier_after_finalize(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

static void finalize_twice(void)
{
    MPI_Finalize();
}

static void init_after_finalize(void)
{
    MPI_Init(NULL, NULL);
}

enum when { DURING, BEFORE, AFTER };

static const struct {
    const char *name;
    void (*run)(void);
    enum when when;
    const char *words; // separated by |
} cases[] = {
    {"negative-count", negative_count, DURING, "MPI_Send|count|-1"},
    {"negative-count-recv", negative_count_recv, DURING, "MPI_Recv|count|-3"},
    {"negative-count-bcast", negative_count_bcast, DURING, "MPI_Bcast|count|-2"},
    {"negative-count-waitall", negative_count_waitall, DURING, "MPI_Waitall|count|-4"},
    {"negative-count-in-array", negative_count_in_array, DURING, "MPI_Allgatherv|count|-5"},
    {"freed-comm", freed_comm, DURING, "MPI_Send|comm|0x|freed"},
    {"freed-comm-collective", freed_comm_collective, DURING, "MPI_Barrier|comm|0x|freed"},
    {"null-comm", null_comm, DURING, "MPI_Send|comm|MPI_COMM_NULL"},
    {"free-world", free_world, DURING, "MPI_Comm_free|comm|MPI_COMM_WORLD"},
    {"wild-comm", wild_comm, DURING, "MPI_Send|comm|0xdeadbeef"},
    {"wild-comm-odd", wild_comm_odd, DURING, "MPI_Barrier|comm|0x7f0012345679"},
    {"wild-comm-small", wild_comm_small, DURING, "MPI_Barrier|comm|0x3ff"},
    {"wild-comm-high", wild_comm_high, DURING, "MPI_Barrier|comm|0xfffffffffffff000"},
    {"wild-comm-stack", wild_comm_stack, DURING, "MPI_Barrier|comm|0x7f"},
    {"wild-type", wild_type, DURING, "MPI_Send|datatype|0xdeadbeef"},
    {"wild-op", wild_op, DURING, "MPI_Allreduce|op|0xdeadbeef"},
    {"wild-request", wild_request, DURING, "MPI_Wait|request|0xdeadbeef"},
    {"wild-group", wild_group, DURING, "MPI_Group_size|group|0xdeadbeef"},
    {"wild-errhandler", wild_errhandler, DURING, "MPI_Comm_set_errhandler|errhandler|0xdeadbeef"},
    {"wild-info", wild_info, DURING, "MPI_Info_set|info|0xdeadbeef"},
    {"type-as-comm", type_as_comm, DURING, "MPI_Barrier|comm|0x"},
    {"freed-request", freed_request, DURING, "MPI_Start|request|0x"},
    {"bad-rank", bad_rank, DURING, "MPI_Send|dest|1000"},
    {"bad-rank-negative", bad_rank_negative, DURING, "MPI_Isend|dest|-77"},
    {"any-source-send", any_source_send, DURING, "MPI_Send|dest|-1"},
    {"bad-source", bad_source, DURING, "MPI_Recv|source|MPI_ANY_SOURCE"},
    {"bad-tag", bad_tag, DURING, "MPI_Send|tag|-9"},
    {"any-tag-send", any_tag_send, DURING, "MPI_Send|tag|MPI_ANY_TAG"},
    {"bad-tag-recv", bad_tag_recv, DURING, "MPI_Recv|tag|-12"},
    {"bad-root", bad_root, DURING, "MPI_Bcast|root|500"},
    {"bad-root-negative", bad_root_negative, DURING, "MPI_Reduce|root|-1"},
    {"null-buffer", null_buffer, DURING, "MPI_Send|buf|null"},
    {"null-buffer-recv", null_buffer_recv, DURING, "MPI_Recv|buf|null"},
    {"null-buffer-bcast", null_buffer_bcast, DURING, "MPI_Bcast|buffer|null"},
    {"same-buffers", same_buffers, DURING, "MPI_Allreduce|sendbuf|recvbuf"},
    {"in-place-send", in_place_send, DURING, "MPI_Send|buf|MPI_IN_PLACE"},
    {"wrong-op", wrong_op, DURING, "MPI_Allreduce|MPI_BAND|MPI_DOUBLE"},
    {"wrong-op-pair", wrong_op_pair, DURING, "MPI_Reduce|MPI_SUM|MPI_2INT"},
    {"wrong-op-maxloc", wrong_op_maxloc, DURING, "MPI_Allreduce|MPI_MAXLOC|MPI_INT"},
    {"null-op", null_op, DURING, "MPI_Allreduce|op|MPI_OP_NULL"},
    {"uncommitted", uncommitted, DURING, "MPI_Send|datatype|MPI_Type_commit"},
    {"null-type", null_type, DURING, "MPI_Send|datatype|MPI_DATATYPE_NULL"},
    {"free-predefined", free_predefined, DURING, "MPI_Type_free|datatype|MPI_INT"},
    {"too-short", too_short, DURING, "MPI_Recv|36|MPI_ERR_TRUNCATE"},
    {"too-short-wait", too_short_wait, DURING, "MPI_Wait|bytes|MPI_ERR_TRUNCATE"},
    {"too-short-large", too_short_large, DURING, "MPI_Recv|1000|MPI_ERR_TRUNCATE"},
    {"no-bsend-buffer", no_bsend_buffer, DURING, "MPI_Bsend|buffer|40|MPI_ERR_BUFFER"},
    {"attach-twice", attach_twice, DURING, "MPI_Buffer_attach|buffer"},
    {"start-active", start_active, DURING, "MPI_Start|request|active"},
    {"start-ordinary", start_ordinary, DURING, "MPI_Start|request|persistent"},
    {"null-output", null_output, DURING, "MPI_Comm_rank|rank|null"},
    {"bad-split-color", bad_split_color, DURING, "MPI_Comm_split|color|-44"},
    {"init-twice", init_twice, DURING, "MPI_Init|MPI_Init"},
    {"send-before-init", send_before_init, BEFORE, "MPI_Send|MPI_Init"},
    {"rank-before-init", rank_before_init, BEFORE, "MPI_Comm_rank|MPI_Init"},
    {"finalize-before-init", finalize_before_init, BEFORE, "MPI_Finalize|MPI_Init"},
    {"send-after-finalize", send_after_finalize, AFTER, "MPI_Send|MPI_Finalize"},
    {"barrier-after-finalize", barrier_after_finalize, AFTER, "MPI_Barrier|MPI_Finalize"},
    {"finalize-twice", finalize_twice, AFTER, "MPI_Finalize"},
    {"init-after-finalize", init_after_finalize, AFTER, "MPI_Init|MPI_Finalize"},
};

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    size_t n = sizeof(cases) / sizeof(*cases), i = 0;
    if (strcmp(name, "--list") == 0) {
        for (; i < n; i++) {
            printf("%s|%s\n", cases[i].name, cases[i].words);
        }
        return 0;
    }
    while (i < n && strcmp(cases[i].name, name) != 0) {
        i++;
    }
    if (i == n) {
        fprintf(stderr, "usage: cases --list | CASE\n");
        return 64;
    }
    if (cases[i].when == BEFORE) {
        cases[i].run();
    }
    MPI_Init(&argc, &argv);
    world = MPI_COMM_WORLD;
    MPI_Comm_rank(world, &rank);
    MPI_Comm_size(world, &size);
    if (cases[i].when == DURING) {
        cases[i].run();
    }
    MPI_Finalize();
    if (cases[i].when == AFTER) {
        cases[i].run();
    }
    fprintf(stderr, "cases: %s went unnoticed\n", name);
    return 0;
}
