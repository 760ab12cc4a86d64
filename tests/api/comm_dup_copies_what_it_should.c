// SPDX-License-Identifier: MIT
// MPI_Comm_dup: same group in the same order, messages apart; the error handler and the
// attributes come along as their callbacks say, the name and the hints do not; with_info takes
// hints. MPI_Comm_free deletes the attributes, and operations under way outlive it.
// ranks: 1 2 4
#include "check.h"

static int copied, deleted;

static int copy(MPI_Comm comm, int key, void *extra, void *in, void *out, int *flag)
{
    (void)comm, (void)key, (void)extra;
    *(void **)out = (char *)in + 1;
    *flag = 1;
    copied++;
    return MPI_SUCCESS;
}

static int drop(MPI_Comm comm, int key, void *value, void *extra)
{
    (void)comm, (void)key, (void)value, (void)extra;
    deleted++;
    return MPI_SUCCESS;
}

static void attributes(void)
{
    MPI_Comm one, two;
    int key, flag;
    char *value = NULL;
    MPI_Comm_create_keyval(copy, drop, &key, NULL);
    MPI_Comm_dup(MPI_COMM_WORLD, &one);
    MPI_Comm_set_attr(one, key, (char *)100);
    OK(MPI_Comm_dup(one, &two));
    CHECK(copied == 1, "%d copies", copied);
    MPI_Comm_get_attr(two, key, &value, &flag);
    CHECK(flag && value == (char *)101, "flag %d value %p", flag, (void *)value);
    MPI_Comm_free(&one);
    CHECK(deleted == 1, "%d deletes", deleted);
    MPI_Comm_split(two, 0, 0, &one); // does not copy
    MPI_Comm_get_attr(one, key, &value, &flag);
    CHECK(!flag && copied == 1, "split copied an attribute");
    MPI_Comm_free(&one);
    MPI_Comm_free(&two);
    CHECK(deleted == 2, "%d deletes", deleted);
    MPI_Comm_free_keyval(&key);
}

static void hints(void)
{
    MPI_Comm one, two;
    MPI_Info info;
    char value[16];
    int flag;
    MPI_Info_create(&info);
    MPI_Info_set(info, "mpi_assert_no_any_tag", "true");
    MPI_Info_set(info, "color_of_the_sky", "blue");
    OK(MPI_Comm_dup_with_info(MPI_COMM_WORLD, info, &one));
    MPI_Info_free(&info);
#ifndef OPEN_MPI
    OK(MPI_Comm_get_info(one, &info));
    MPI_Info_get(info, "mpi_assert_no_any_tag", 15, value, &flag);
    CHECK(flag && strcmp(value, "true") == 0, "flag %d value %s", flag, value);
    MPI_Info_free(&info);
    OK(MPI_Comm_dup(one, &two)); // hints stay behind
    OK(MPI_Comm_get_info(two, &info));
    MPI_Info_get(info, "mpi_assert_no_any_tag", 15, value, &flag);
    CHECK(!flag || strcmp(value, "false") == 0, "value is %s", value);
    MPI_Info_free(&info);
    MPI_Comm_free(&two);
#else
    (void)value, (void)flag, (void)two;
#endif
    MPI_Comm_free(&one);
}

static void names(void)
{
    MPI_Comm one;
    char name[MPI_MAX_OBJECT_NAME], longer[2 * MPI_MAX_OBJECT_NAME];
    int length;
    MPI_Comm_get_name(MPI_COMM_WORLD, name, &length);
    CHECK(strcmp(name, "MPI_COMM_WORLD") == 0 && length == 14, "name is %s", name);
    MPI_Comm_dup(MPI_COMM_WORLD, &one);
    MPI_Comm_get_name(one, name, &length);
    CHECK(length == 0 && name[0] == 0, "a copy is called %s", name);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    OK(MPI_Comm_set_name(one, longer));
    MPI_Comm_get_name(one, name, &length);
    CHECK(length == MPI_MAX_OBJECT_NAME - 1 && (int)strlen(name) == length, "length %d", length);
    MPI_Comm_free(&one);
}

static void apart(void)
{
    MPI_Comm one;
    MPI_Request requests[2];
    int result, a = -1, b = -1, next = (rank + 1) % size, before = (rank + size - 1) % size;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_dup(MPI_COMM_WORLD, &one);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    FAILS(MPI_ERR_COUNT, MPI_Bcast(&a, -1, MPI_INT, 0, one)); // inherited: it returns
    MPI_Comm_compare(MPI_COMM_WORLD, one, &result);
    CHECK(result == MPI_CONGRUENT, "compare gives %d", result);
    MPI_Comm_compare(one, one, &result);
    CHECK(result == MPI_IDENT, "compare gives %d", result);
    MPI_Irecv(&a, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&b, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, one, &requests[1]);
    MPI_Send(&(int){1000 + rank}, 1, MPI_INT, next, 3, one);
    MPI_Send(&(int){2000 + rank}, 1, MPI_INT, next, 3, MPI_COMM_WORLD);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    CHECK(a == 2000 + before && b == 1000 + before, "got %d and %d", a, b);
    // Freed while a receive is posted on it.
    MPI_Irecv(&b, 1, MPI_INT, before, 4, one, &requests[0]);
    MPI_Isend(&(int){3000 + rank}, 1, MPI_INT, next, 4, one, &requests[1]);
    OK(MPI_Comm_free(&one));
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    CHECK(b == 3000 + before, "got %d", b);
}

int main(int argc, char **argv)
{
    MPI_Comm parent, handle;
    start(&argc, &argv);
    apart();
    attributes();
    hints();
    names();
    MPI_Comm_get_parent(&parent);
    CHECK(parent == MPI_COMM_NULL, "a parent");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    handle = MPI_COMM_WORLD;
    FAILS(MPI_ERR_COMM, MPI_Comm_free(&handle));
    handle = MPI_COMM_NULL;
    FAILS(MPI_ERR_COMM, MPI_Comm_free(&handle));
    return finish();
}
