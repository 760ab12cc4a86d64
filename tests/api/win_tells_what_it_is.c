// SPDX-License-Identifier: MIT
// A window's attributes, name, group, hints and handle say what it was made of.
// ranks: 1 2
#include "check.h"

static void attributes(MPI_Win win, int flavor, void *base, MPI_Aint bytes, int unit)
{
    void *value;
    int flag;
    OK(MPI_Win_get_attr(win, MPI_WIN_BASE, &value, &flag));
    CHECK(flag && value == base, "base is %p, not %p", value, base);
    OK(MPI_Win_get_attr(win, MPI_WIN_SIZE, &value, &flag));
    CHECK(flag && *(MPI_Aint *)value == bytes, "size is %ld", (long)*(MPI_Aint *)value);
    OK(MPI_Win_get_attr(win, MPI_WIN_DISP_UNIT, &value, &flag));
    CHECK(flag && *(int *)value == unit, "unit is %d", *(int *)value);
    OK(MPI_Win_get_attr(win, MPI_WIN_CREATE_FLAVOR, &value, &flag));
    CHECK(flag && *(int *)value == flavor, "flavor is %d", *(int *)value);
    OK(MPI_Win_get_attr(win, MPI_WIN_MODEL, &value, &flag));
    CHECK(flag && *(int *)value == MPI_WIN_UNIFIED, "model is %d", *(int *)value);
}

static void hint(MPI_Win win, const char *key, const char *expected)
{
    MPI_Info info;
    char value[64] = "";
    int length = sizeof value, flag;
    OK(MPI_Win_get_info(win, &info));
    OK(MPI_Info_get_string(info, key, &length, value, &flag));
    CHECK(flag == (expected != NULL) && (!flag || strcmp(value, expected) == 0), "%s is %s", key,
          flag ? value : "not there");
    MPI_Info_free(&info);
}

static int deleted;
static int on_delete(MPI_Win win, int keyval, void *value, void *extra)
{
    (void)win;
    (void)keyval;
    (void)extra;
    deleted += *(int *)value;
    return MPI_SUCCESS;
}

int main(int argc, char **argv)
{
    int memory[10], *base, keyval, flag, length, one = 1, *found, result;
    char name[MPI_MAX_OBJECT_NAME];
    MPI_Win win;
    MPI_Group group, world;
    MPI_Info info;
    start(&argc, &argv);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Info_create(&info);
    MPI_Info_set(info, "no_locks", "true");
    MPI_Info_set(info, "accumulate_ordering", "rar,waw");
    MPI_Info_set(info, "accumulate_ops", "nonsense");
    MPI_Info_set(info, "unheard_of", "true");
    MPI_Info_set(info, "mpi_minimum_memory_alignment", "16384");

    OK(MPI_Win_create(memory, sizeof memory, 4, info, MPI_COMM_WORLD, &win));
    attributes(win, MPI_WIN_FLAVOR_CREATE, memory, sizeof memory, 4);
    hint(win, "no_locks", "true");
    hint(win, "accumulate_ordering", "rar,waw");
    hint(win, "accumulate_ops", "same_op_no_op");
    hint(win, "same_size", "false");
    hint(win, "same_disp_unit", "false");
    hint(win, "mpi_accumulate_granularity", "0");
    hint(win, "unheard_of", NULL);
    hint(win, "alloc_shared_noncontig", NULL);
    hint(win, "mpi_minimum_memory_alignment", NULL);
    OK(MPI_Win_get_group(win, &group));
    MPI_Group_compare(group, world, &result);
    CHECK(result == MPI_IDENT, "the groups compare as %d", result);
    MPI_Group_free(&group);
    CHECK(MPI_Win_fromint(MPI_Win_toint(win)) == win, "the handle does not come back");
    OK(MPI_Win_get_name(win, name, &length));
    CHECK(length == 0 && name[0] == 0, "the name is %s", name);
    OK(MPI_Win_set_name(win, "halo"));
    OK(MPI_Win_get_name(win, name, &length));
    CHECK(length == 4 && strcmp(name, "halo") == 0, "the name is %s", name);
    OK(MPI_Win_create_keyval(MPI_WIN_NULL_COPY_FN, on_delete, &keyval, NULL));
    OK(MPI_Win_get_attr(win, keyval, &found, &flag));
    CHECK(!flag, "there is an attribute");
    OK(MPI_Win_set_attr(win, keyval, &one));
    OK(MPI_Win_get_attr(win, keyval, &found, &flag));
    CHECK(flag && found == &one, "the attribute is another one");
    OK(MPI_Win_delete_attr(win, keyval));
    CHECK(deleted == 1, "deleted %d times", deleted);
    OK(MPI_Win_set_attr(win, keyval, &one));
    OK(MPI_Win_free(&win));
    CHECK(deleted == 2, "deleted %d times", deleted);
    OK(MPI_Win_free_keyval(&keyval));

    OK(MPI_Win_allocate(100, 1, info, MPI_COMM_WORLD, &base, &win));
    attributes(win, MPI_WIN_FLAVOR_ALLOCATE, base, 100, 1);
    CHECK((uintptr_t)base % 16384 == 0, "base is %p", (void *)base);
    hint(win, "mpi_minimum_memory_alignment", "16384");
    OK(MPI_Win_free(&win));
    OK(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    attributes(win, MPI_WIN_FLAVOR_DYNAMIC, MPI_BOTTOM, 0, 1);
    hint(win, "accumulate_ordering", "rar,raw,war,waw");
    hint(win, "no_locks", "false");
    OK(MPI_Win_free(&win));
    MPI_Info_free(&info);
    MPI_Group_free(&world);
    return finish();
}
