// SPDX-License-Identifier: MIT
// Attributes: the order in which they are copied and deleted, what failing callbacks stop, freed
// keyvals, the predefined attributes, and the names of chapter 16.
#include "object/attribute.h"

#include "base/bits.h"
#include "mpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// What was called: "c3" for a copy of value 3, "d3" for its deletion.
static char calls[100];
static int refuse; // the value whose deletion or copy fails

static void note(char what, void *value)
{
    size_t length = strlen(calls);
    calls[length] = what;
    calls[length + 1] = (char)('0' + (intptr_t)value);
}

static int copy(MPI_Comm comm, int keyval, void *extra, void *in, void *out, int *flag)
{
    (void)comm, (void)keyval;
    note('c', in);
    if (refuse == (intptr_t)in)
        return MPI_ERR_OTHER;
    *(void **)out = (char *)in + (intptr_t)extra;
    *flag = 1;
    return MPI_SUCCESS;
}

static int copy_type(MPI_Datatype type, int keyval, void *extra, void *in, void *out, int *flag)
{
    (void)type;
    return copy(MPI_COMM_NULL, keyval, extra, in, out, flag);
}

static int forget(MPI_Comm comm, int keyval, void *value, void *extra)
{
    (void)comm, (void)keyval, (void)extra;
    note('d', value);
    return refuse == (intptr_t)value ? MPI_ERR_OTHER : MPI_SUCCESS;
}

static int forget_type(MPI_Datatype type, int keyval, void *value, void *extra)
{
    (void)type;
    return forget(MPI_COMM_NULL, keyval, value, extra);
}

static void expect(const char *expected)
{
    assert_string_equal(calls, expected);
    memset(calls, 0, sizeof calls);
}

static void *value_of(MPI_Datatype type, int keyval)
{
    void *value = NULL;
    int flag = -1;
    MPI_Type_get_attr(type, keyval, &value, &flag);
    return flag ? value : (void *)(intptr_t)-1;
}

#define V(n) ((void *)(intptr_t)(n))

static void order_of_copies_and_deletions(void **state)
{
    (void)state;
    int keys[4];
    MPI_Datatype type, twin;
    MPI_Type_contiguous(2, MPI_INT, &type);
    for (int i = 0; i < 4; i++)
        MPI_Type_create_keyval(copy_type, forget_type, &keys[i], V(4));
    MPI_Type_set_attr(type, keys[2], V(1));
    MPI_Type_set_attr(type, keys[0], V(2));
    MPI_Type_set_attr(type, keys[3], V(3));
    expect("");
    MPI_Type_dup(type, &twin);
    expect("c1c2c3");
    assert_ptr_equal(value_of(twin, keys[0]), V(6));
    assert_ptr_equal(value_of(twin, keys[1]), V(-1));
    MPI_Type_free(&twin);
    expect("d7d6d5");
    MPI_Type_set_attr(type, keys[2], V(8)); // the old value goes, and it is now the latest
    expect("d1");
    MPI_Type_delete_attr(type, keys[0]);
    expect("d2");
    MPI_Type_free(&type);
    expect("d8d3");
    for (int i = 0; i < 4; i++) {
        MPI_Type_free_keyval(&keys[i]);
        assert_int_equal(keys[i], MPI_KEYVAL_INVALID);
    }
}

static void a_failing_callback_stops_it(void **state)
{
    (void)state;
    int keys[3];
    MPI_Datatype type, twin = MPI_DATATYPE_NULL;
    MPI_Type_contiguous(2, MPI_INT, &type);
    for (int i = 0; i < 3; i++) {
        MPI_Type_create_keyval(copy_type, forget_type, &keys[i], V(0));
        MPI_Type_set_attr(type, keys[i], V(i + 1));
    }
    refuse = 3;
    assert_int_equal(MPI_Type_dup(type, &twin), MPI_ERR_OTHER);
    assert_ptr_equal(twin, MPI_DATATYPE_NULL);
    expect("c1c2c3d2d1"); // what had been copied is deleted again
    refuse = 2;
    assert_int_equal(MPI_Type_free(&type), MPI_ERR_OTHER);
    expect("d3d2");
    assert_ptr_not_equal(type, MPI_DATATYPE_NULL);
    assert_ptr_equal(value_of(type, keys[1]), V(2));
    assert_int_equal(MPI_Type_set_attr(type, keys[1], V(5)), MPI_ERR_OTHER);
    expect("d2");
    refuse = 0;
    assert_int_equal(MPI_Type_free(&type), MPI_SUCCESS);
    expect("d2d1");
    for (int i = 0; i < 3; i++)
        MPI_Type_free_keyval(&keys[i]);
}

static void a_freed_keyval_lives_with_its_attributes(void **state)
{
    (void)state;
    int key, number;
    MPI_Datatype type, twin;
    MPI_Type_contiguous(2, MPI_INT, &type);
    MPI_Type_create_keyval(MPI_TYPE_DUP_FN, forget_type, &key, NULL);
    MPI_Type_set_attr(type, key, V(1));
    number = key;
    MPI_Type_free_keyval(&key);
    MPI_Type_dup(type, &twin);
    assert_ptr_equal(value_of(twin, number), V(1));
    MPI_Type_free(&type);
    MPI_Type_delete_attr(twin, number); // the last one
    expect("d1d1");
    int flag;
    void *value;
    assert_int_equal(MPI_Type_get_attr(twin, number, &value, &flag), MPI_ERR_KEYVAL);
    MPI_Type_free(&twin);
}

static void predefined_functions(void **state)
{
    (void)state;
    int not_copied, copied;
    MPI_Datatype type, twin;
    MPI_Type_dup(MPI_INT, &type);
    MPI_Type_create_keyval(MPI_TYPE_NULL_COPY_FN, MPI_TYPE_NULL_DELETE_FN, &not_copied, NULL);
    MPI_Type_create_keyval(MPI_TYPE_DUP_FN, MPI_TYPE_NULL_DELETE_FN, &copied, NULL);
    MPI_Type_set_attr(type, not_copied, V(1));
    MPI_Type_set_attr(type, copied, V(2));
    MPI_Type_dup(type, &twin);
    assert_ptr_equal(value_of(twin, not_copied), V(-1));
    assert_ptr_equal(value_of(twin, copied), V(2));
    MPI_Type_free(&type);
    MPI_Type_free(&twin);
    MPI_Type_free_keyval(&not_copied);
    MPI_Type_free_keyval(&copied);
}

static void the_standards_own_attributes(void **state)
{
    (void)state;
    int *value, flag, code;
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &flag);
    assert_true(flag && *value >= 32767);
    MPI_Attr_get(MPI_COMM_WORLD, MPI_WTIME_IS_GLOBAL, &value, &flag);
    assert_true(flag && (*value == 0 || *value == 1));
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &value, &flag);
    assert_true(flag);
    assert_int_equal(*value, MPI_ERR_LASTCODE);
    MPI_Add_error_class(&code);
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &value, &flag);
    assert_int_equal(*value, code);
    MPI_Remove_error_class(code);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_WORLD, MPI_TAG_UB, V(1)), MPI_ERR_KEYVAL);
    assert_int_equal(MPI_Comm_delete_attr(MPI_COMM_WORLD, MPI_IO), MPI_ERR_KEYVAL);
}

static void keyvals_belong_to_their_kind(void **state)
{
    (void)state;
    int of_types, of_comms, of_windows, flag;
    void *value;
    MPI_Type_create_keyval(MPI_TYPE_DUP_FN, MPI_TYPE_NULL_DELETE_FN, &of_types, NULL);
    MPI_Keyval_create(MPI_DUP_FN, MPI_NULL_DELETE_FN, &of_comms, NULL);
    MPI_Win_create_keyval(MPI_WIN_DUP_FN, MPI_WIN_NULL_DELETE_FN, &of_windows, NULL);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_SELF, of_types, V(1)), MPI_ERR_KEYVAL);
    assert_int_equal(MPI_Type_set_attr(MPI_INT, of_comms, V(1)), MPI_ERR_KEYVAL);
    assert_int_equal(MPI_Comm_free_keyval(&of_windows), MPI_ERR_KEYVAL);
    assert_int_equal(MPI_Attr_put(MPI_COMM_SELF, of_comms, V(7)), MPI_SUCCESS);
    MPI_Comm_get_attr(MPI_COMM_SELF, of_comms, &value, &flag);
    assert_true(flag && value == V(7));
    assert_int_equal(MPI_Attr_delete(MPI_COMM_SELF, of_comms), MPI_SUCCESS);
    MPI_Attr_get(MPI_COMM_SELF, of_comms, &value, &flag);
    assert_false(flag);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_SELF, MPI_KEYVAL_INVALID, V(1)), MPI_ERR_KEYVAL);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_SELF, 99999, V(1)), MPI_ERR_KEYVAL);
    MPI_Type_free_keyval(&of_types);
    MPI_Keyval_free(&of_comms);
    MPI_Win_free_keyval(&of_windows);
}

// The attributes of MPI_COMM_SELF go first in MPI_Finalize, the latest before the earlier (11.2.3).
static void set_attributes_of_self(void)
{
    int keys[3];
    for (int i = 0; i < 3; i++) {
        MPI_Comm_create_keyval(copy, forget, &keys[i], NULL);
        MPI_Comm_set_attr(MPI_COMM_SELF, keys[i], V(i + 1));
        MPI_Comm_free_keyval(&keys[i]);
    }
}

static void finalize_deletes_those_of_self(void **state)
{
    (void)state;
    expect("d3d2d1");
}

int main(void)
{
    const struct CMUnitTest running[] = {
        cmocka_unit_test(order_of_copies_and_deletions),
        cmocka_unit_test(a_failing_callback_stops_it),
        cmocka_unit_test(a_freed_keyval_lives_with_its_attributes),
        cmocka_unit_test(predefined_functions),
        cmocka_unit_test(the_standards_own_attributes),
        cmocka_unit_test(keyvals_belong_to_their_kind),
    };
    const struct CMUnitTest after[] = {cmocka_unit_test(finalize_deletes_those_of_self)};
    MPI_Init(NULL, NULL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int failed = cmocka_run_group_tests(running, NULL, NULL);
    set_attributes_of_self();
    MPI_Finalize();
    return failed + cmocka_run_group_tests(after, NULL, NULL);
}
