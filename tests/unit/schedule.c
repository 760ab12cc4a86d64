// SPDX-License-Identifier: MIT
// Schedules without other ranks: steps run in order, waits hold them up, a call may start them
// again, temporaries do not overlap, a persistent one runs as often as it is started; slices cover
// everything once; the table of algorithms obeys its variables.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "collectives/choose.h"
#include "collectives/collectives.h"
#include "collectives/comm_agree.h"
#include "collectives/schedule.h"
#include "message/message.h"
#include "mpi.h"

#include <stdlib.h>
#include <string.h>

static struct mp_schedule *new_schedule(struct mp_op *op)
{
    struct mp_schedule *s = mp_schedule_new(&mp_comm_self, mp_schedule_tag(&mp_comm_self, 0), op);
    assert_non_null(s);
    return s;
}

static void steps_run_in_order(void **state)
{
    struct mp_datatype *type = mp_datatype_get(MPI_INT);
    int a[3] = {1, 2, 3}, b[3] = {10, 20, 30}, c[3] = {0, 0, 0};
    struct mp_schedule *s = new_schedule(mp_op_get(MPI_SUM));
    (void)state;
    mp_schedule_copy(s, b, 3, type, c, 3, type);
    mp_schedule_reduce(s, a, c, c, 3, type);
    mp_schedule_wait(s);
    mp_schedule_reduce(s, a, c, c, 2, type);
    assert_int_equal(mp_schedule_run(s), 0);
    assert_int_equal(c[0], 12);
    assert_int_equal(c[1], 24);
    assert_int_equal(c[2], 33);
}

static int passes;

static int thrice(void *argument)
{
    int *sum = argument;
    *sum += 1;
    return ++passes < 3 ? MP_STEP_AGAIN : 0;
}

static void a_call_may_start_them_again(void **state)
{
    struct mp_datatype *type = mp_datatype_get(MPI_INT);
    int one = 1, total = 0, calls = 0;
    struct mp_schedule *s = new_schedule(mp_op_get(MPI_SUM));
    (void)state;
    passes = 0;
    mp_schedule_reduce(s, &one, &total, &total, 1, type);
    mp_schedule_call(s, thrice, &calls);
    mp_schedule_reduce(s, &one, &total, &total, 1, type);
    assert_int_equal(mp_schedule_run(s), 0);
    assert_int_equal(calls, 3);
    assert_int_equal(total, 4);
}

static int go_wrong(void *argument)
{
    (void)argument;
    return MPI_ERR_INTERN;
}

static void the_first_error_is_returned(void **state)
{
    struct mp_schedule *s = new_schedule(NULL);
    int calls = 0;
    (void)state;
    passes = 3;
    s->stop_on_error = false; // as with MPI_ERRORS_RETURN: goes on to the end
    mp_schedule_call(s, go_wrong, NULL);
    mp_schedule_call(s, thrice, &calls);
    assert_int_equal(mp_schedule_run(s), MPI_ERR_INTERN);
    assert_int_equal(calls, 1);
}

// The receive is only posted by the second schedule; both are under way at once.
static void messages_hold_a_wait_up(void **state)
{
    struct mp_datatype *type = mp_datatype_get(MPI_INT);
    int in = 0, after = 0, out = 42;
    struct mp_request *first, *second;
    struct mp_schedule *s = mp_schedule_new(&mp_comm_self, 77, NULL);
    struct mp_schedule *t = mp_schedule_new(&mp_comm_self, 77, NULL);
    (void)state;
    size_t step = mp_schedule_recv_exact(s, &in, 1, type, 0);
    mp_schedule_wait_for(s, step);
    mp_schedule_copy(s, &in, 1, type, &after, 1, type);
    assert_int_equal(mp_schedule_launch(s, &first), 0);
    assert_false(first->complete);
    assert_int_equal(after, 0);
    mp_schedule_send(t, &out, 1, type, 0);
    assert_int_equal(mp_schedule_launch(t, &second), 0);
    mp_request_wait(second);
    mp_request_wait(first);
    assert_int_equal(first->error, 0);
    assert_int_equal(after, 42);
    mp_request_release(first);
    mp_request_release(second);
}

static void a_message_of_the_wrong_length_is_an_error(void **state)
{
    struct mp_datatype *type = mp_datatype_get(MPI_INT);
    int in[2] = {0, 0}, out = 42;
    struct mp_request *request;
    struct mp_schedule *s = mp_schedule_new(&mp_comm_self, 78, NULL);
    (void)state;
    s->stop_on_error = false;
    mp_schedule_recv_exact(s, in, 2, type, 0);
    mp_schedule_send(s, &out, 1, type, 0);
    assert_int_equal(mp_schedule_launch(s, &request), 0);
    mp_request_wait(request);
    assert_int_equal(request->error, MPI_ERR_COUNT);
    mp_request_release(request);
}

static void temporaries_do_not_overlap(void **state)
{
    enum { MANY = 200 };
    struct mp_schedule *s = new_schedule(NULL);
    unsigned char *blocks[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        size_t bytes = (size_t)i * 37 % 500 + (i % 50 == 0 ? 100000 : 0);
        blocks[i] = mp_schedule_bytes(s, (MPI_Count)bytes);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], i, bytes);
    }
    for (int i = 0; i < MANY; i++) {
        size_t bytes = (size_t)i * 37 % 500 + (i % 50 == 0 ? 100000 : 0);
        for (size_t j = 0; j < bytes; j++) {
            assert_int_equal(blocks[i][j], i);
        }
    }
    mp_schedule_free(s);
}

static void a_persistent_one_runs_at_each_start(void **state)
{
    struct mp_datatype *type = mp_datatype_get(MPI_INT);
    int one = 1, total = 0;
    struct mp_request *request;
    struct mp_schedule *s = new_schedule(mp_op_get(MPI_SUM));
    (void)state;
    mp_schedule_reduce(s, &one, &total, &total, 1, type);
    assert_int_equal(mp_schedule_prepare(s, &request), 0);
    assert_true(request->persistent && !request->active && request->complete);
    assert_int_equal(total, 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(mp_request_start(request), 0);
        mp_request_wait(request);
        assert_int_equal(total, i);
    }
    mp_request_release(request);
}

static void slices_cover_all_once(void **state)
{
    (void)state;
    for (int size = 1; size < 20; size++) {
        for (MPI_Count count = 0; count < 100; count++) {
            MPI_Count at = 0, start;
            for (int rank = 0; rank < size; rank++) {
                MPI_Count length = mp_slice(count, size, rank, &start);
                assert_int_equal(start, at);
                assert_true(length >= count / size && length <= count / size + 1);
                at += length;
            }
            assert_int_equal(at, count);
        }
    }
}

static void counts_know_their_width(void **state)
{
    int narrow[2] = {3, 4};
    MPI_Count wide[2] = {5, (MPI_Count)1 << 40};
    struct mp_counts a = mp_counts_int(narrow), b = mp_counts_wide(wide), c = mp_counts_each(9);
    (void)state;
    assert_int_equal(mp_counts_at(&a, 1), 4);
    assert_true(mp_counts_at(&b, 1) == (MPI_Count)1 << 40);
    assert_int_equal(mp_counts_at(&c, 1), 9);
}

static mp_build_fn *choice(MPI_Count count)
{
    struct mp_collective bcast = {.kind = MP_BCAST, .comm = &mp_comm_self};
    bcast.recv.counts = mp_counts_each(count);
    bcast.recv.type = mp_datatype_get(MPI_CHAR);
    const struct mp_algorithm *algorithm = mp_choose(&bcast, false);
    return algorithm ? algorithm->build : NULL;
}

static void the_table_obeys_its_variables(void **state)
{
    (void)state;
    mp_choose_reset();
    assert_non_null(choice(1));
    assert_non_null(choice((MPI_Count)1 << 40));
    setenv("MPRUN_COLL_BCAST", "binomial", 1);
    mp_choose_reset();
    assert_ptr_equal(choice(1), mp_bcast_binomial);
    assert_ptr_equal(choice((MPI_Count)1 << 40), mp_bcast_binomial);
    setenv("MPRUN_COLL_BCAST", "telepathy", 1);
    mp_choose_reset();
    assert_null(choice(1));
    assert_non_null(strstr(mp_fail_text(MPI_ERR_OTHER), "telepathy"));
    unsetenv("MPRUN_COLL_BCAST");
    mp_choose_reset();
    assert_non_null(choice(1));
}

static void agreements_give_different_pairs(void **state)
{
    struct mp_agreement a, b;
    (void)state;
    mp_agreement_of(&a, &mp_comm_self, 2);
    mp_agreement_of(&b, &mp_comm_self, 1);
    assert_int_equal(mp_agreement_run(&a), 0);
    assert_int_equal(mp_agreement_run(&b), 0);
    assert_int_not_equal(a.pairs[0], a.pairs[1]);
    assert_int_not_equal(a.pairs[0], b.pairs[0]);
    assert_int_not_equal(a.pairs[1], b.pairs[0]);
    mp_context_give(a.pairs[0]);
    mp_agreement_of(&b, &mp_comm_self, 1);
    assert_int_equal(mp_agreement_run(&b), 0);
    assert_int_equal(a.pairs[0], b.pairs[0]); // the lowest that is free
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_run_in_order),
        cmocka_unit_test(a_call_may_start_them_again),
        cmocka_unit_test(the_first_error_is_returned),
        cmocka_unit_test(messages_hold_a_wait_up),
        cmocka_unit_test(a_message_of_the_wrong_length_is_an_error),
        cmocka_unit_test(temporaries_do_not_overlap),
        cmocka_unit_test(a_persistent_one_runs_at_each_start),
        cmocka_unit_test(slices_cover_all_once),
        cmocka_unit_test(counts_know_their_width),
        cmocka_unit_test(the_table_obeys_its_variables),
        cmocka_unit_test(agreements_give_different_pairs),
    };
    MPI_Init(NULL, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
