// SPDX-License-Identifier: MIT
// Groups, communicators, attributes, info, datatypes, error classes: what they answer.
// ranks: 1 2 4 6
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

static const char *comparison(int result)
{
    return result == MPI_IDENT       ? "ident"
           : result == MPI_CONGRUENT ? "congruent"
           : result == MPI_SIMILAR   ? "similar"
           : result == MPI_UNEQUAL   ? "unequal"
                                     : "?";
}

static void say_group(const char *what, MPI_Group group)
{
    MPI_Group world;
    int n, me, ranks[64], theirs[64];
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_size(group, &n);
    MPI_Group_rank(group, &me);
    say("%s: %d members, I am %d:", what, n, me == MPI_UNDEFINED ? -1 : me);
    for (int i = 0; i < n; i++) {
        ranks[i] = i;
    }
    MPI_Group_translate_ranks(group, n, ranks, world, theirs);
    for (int i = 0; i < n; i++) {
        say(" %d", theirs[i]);
    }
    say("\n");
    MPI_Group_free(&world);
}

static void groups(void)
{
    MPI_Group world, odd, low, g, empty = MPI_GROUP_EMPTY;
    int list[64], n = 0, result;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    say_group("world", world);
    for (int i = size - 1; i >= 0; i--) {
        if (i % 2) {
            list[n++] = i;
        }
    }
    MPI_Group_incl(world, n, list, &odd);
    say_group("odd, reversed", odd);
    MPI_Group_excl(world, n, list, &g);
    say_group("even", g);
    MPI_Group_free(&g);
    int half[1][3] = {{0, (size - 1) / 2, 1}}, back[1][3] = {{size - 1, 0, -2}};
    MPI_Group_range_incl(world, 1, half, &low);
    say_group("low half", low);
    MPI_Group_range_excl(world, 1, half, &g);
    say_group("not the low half", g);
    MPI_Group_free(&g);
    MPI_Group_range_incl(world, 1, back, &g);
    say_group("backwards by two", g);
    MPI_Group_compare(g, world, &result);
    say("compare: %s\n", comparison(result));
    MPI_Group_free(&g);
    MPI_Group_union(odd, low, &g);
    say_group("union", g);
    MPI_Group_free(&g);
    MPI_Group_intersection(odd, low, &g);
    say_group("intersection", g);
    MPI_Group_free(&g);
    MPI_Group_difference(low, odd, &g);
    say_group("difference", g);
    MPI_Group_free(&g);
    MPI_Group_compare(odd, low, &result);
    say("odd and low: %s\n", comparison(result));
    MPI_Group_compare(world, world, &result);
    say("world and world: %s\n", comparison(result));
    MPI_Group_compare(empty, world, &result);
    say("empty and world: %s\n", comparison(result));
    int ask[3] = {0, MPI_PROC_NULL, size - 1}, told[3];
    MPI_Group_translate_ranks(world, 3, ask, low, told);
    say("translated: %d %d %d\n", told[0] == MPI_UNDEFINED ? -99 : told[0],
        told[1] == MPI_PROC_NULL, told[2] == MPI_UNDEFINED ? -99 : told[2]);
    MPI_Group_free(&world);
    MPI_Group_free(&odd);
    MPI_Group_free(&low);
}

static int copied, deleted;

static int copy(MPI_Comm comm, int key, void *extra, void *in, void *out, int *flag)
{
    (void)comm;
    (void)key;
    copied++;
    *(long *)out = (long)in + (long)extra;
    *flag = (long)in != 13;
    return MPI_SUCCESS;
}

static int forget(MPI_Comm comm, int key, void *value, void *extra)
{
    (void)comm;
    (void)key;
    (void)extra;
    deleted += (int)(long)value;
    return MPI_SUCCESS;
}

static void communicators(void)
{
    MPI_Comm dup, split, shared, made, none, reversed;
    MPI_Group world, part;
    int result, n, me, flag, key, key13;
    long value = -1;
    char name[MPI_MAX_OBJECT_NAME];
    MPI_Comm_dup(MPI_COMM_WORLD, &dup);
    MPI_Comm_compare(MPI_COMM_WORLD, dup, &result);
    say("world and its dup: %s\n", comparison(result));
    MPI_Comm_compare(MPI_COMM_WORLD, MPI_COMM_WORLD, &result);
    say("world and world: %s\n", comparison(result));
    MPI_Comm_compare(MPI_COMM_WORLD, MPI_COMM_SELF, &result);
    say("world and self: %s\n", comparison(result));
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &split);
    MPI_Comm_size(split, &n);
    MPI_Comm_rank(split, &me);
    say("split: %d of %d\n", me, n);
    MPI_Comm_split(MPI_COMM_WORLD, rank ? 0 : MPI_UNDEFINED, 0, &none);
    say("left out: %d\n", none == MPI_COMM_NULL);
    MPI_Comm_split(MPI_COMM_WORLD, 0, size - rank, &reversed);
    MPI_Comm_compare(MPI_COMM_WORLD, reversed, &result);
    say("world and reversed: %s\n", comparison(result));
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &shared);
    MPI_Comm_size(shared, &n);
    say("on this machine: %s\n", n > 0 && n <= size ? "some" : "none");
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    int first[1][3] = {{0, size / 2, 1}};
    MPI_Group_range_incl(world, 1, first, &part);
    MPI_Comm_create(MPI_COMM_WORLD, part, &made);
    if (made != MPI_COMM_NULL) {
        MPI_Comm_size(made, &n);
        MPI_Comm_rank(made, &me);
        say("created: %d of %d\n", me, n);
        MPI_Comm_free(&made);
    } else {
        say("created: not for me\n");
    }
    if (rank <= size / 2) {
        MPI_Comm_create_group(MPI_COMM_WORLD, part, 5, &made);
        MPI_Comm_size(made, &n);
        say("created by group: %d\n", n);
        MPI_Comm_free(&made);
    }
    MPI_Comm_get_name(MPI_COMM_WORLD, name, &n);
    say("name: %s, %d\n", name, n);
    MPI_Comm_get_name(MPI_COMM_SELF, name, &n);
    say("name: %s, %d\n", name, n);
    MPI_Comm_set_name(dup, "second");
    MPI_Comm_get_name(dup, name, &n);
    say("name: %s, %d\n", name, n);
    MPI_Comm_test_inter(dup, &flag);
    say("inter: %d\n", flag);

    MPI_Comm_create_keyval(copy, forget, &key, (void *)100);
    MPI_Comm_create_keyval(copy, forget, &key13, (void *)0);
    MPI_Comm_set_attr(dup, key, (void *)5);
    MPI_Comm_set_attr(dup, key13, (void *)13);
    MPI_Comm_get_attr(dup, key, &value, &flag);
    say("attribute: %d %ld\n", flag, value);
    MPI_Comm_dup(dup, &made);
    MPI_Comm_get_attr(made, key, &value, &flag);
    say("of the dup: %d %ld\n", flag, value);
    MPI_Comm_get_attr(made, key13, &value, &flag);
    say("not copied: %d\n", flag);
    say("copied %d deleted %d\n", copied, deleted);
    MPI_Comm_set_attr(made, key, (void *)6);
    say("after overwriting: deleted %d\n", deleted);
    MPI_Comm_delete_attr(made, key);
    say("after deletion: deleted %d\n", deleted);
    MPI_Comm_get_attr(made, key, &value, &flag);
    say("gone: %d\n", flag);
    MPI_Comm_free(&made);
    MPI_Comm_free(&dup);
    say("after free: deleted %d\n", deleted);
    MPI_Comm_free_keyval(&key);
    MPI_Comm_free_keyval(&key13);
    say("keyval invalid: %d\n", key == MPI_KEYVAL_INVALID);
    MPI_Group_free(&world);
    MPI_Group_free(&part);
    MPI_Comm_free(&split);
    MPI_Comm_free(&reversed);
    MPI_Comm_free(&shared);
    if (none != MPI_COMM_NULL) {
        MPI_Comm_free(&none);
    }
}

static void infos(void)
{
    MPI_Info info, other;
    char key[MPI_MAX_INFO_KEY], value[40];
    int n, flag, length;
    MPI_Info_create(&info);
    MPI_Info_set(info, "colour", "red");
    MPI_Info_set(info, "size", "7");
    MPI_Info_set(info, "colour", "green");
    MPI_Info_get_nkeys(info, &n);
    say("info: %d keys\n", n);
    for (int i = 0; i < n; i++) {
        MPI_Info_get_nthkey(info, i, key);
        MPI_Info_get(info, key, 39, value, &flag);
        MPI_Info_get_valuelen(info, key, &length, &flag);
        say("%s = %s, %d\n", key, value, length);
    }
    MPI_Info_get(info, "none", 39, value, &flag);
    say("none: %d\n", flag);
    MPI_Info_dup(info, &other);
    MPI_Info_delete(info, "colour");
    MPI_Info_get_nkeys(info, &n);
    MPI_Info_get_nkeys(other, &length);
    say("after deletion: %d, in the copy %d\n", n, length);
    MPI_Info_free(&info);
    MPI_Info_free(&other);
    say("null: %d\n", info == MPI_INFO_NULL);
}

static void types(void)
{
    MPI_Datatype list[] = {MPI_CHAR,
                           MPI_SIGNED_CHAR,
                           MPI_UNSIGNED_CHAR,
                           MPI_BYTE,
                           MPI_SHORT,
                           MPI_UNSIGNED_SHORT,
                           MPI_INT,
                           MPI_UNSIGNED,
                           MPI_LONG,
                           MPI_UNSIGNED_LONG,
                           MPI_LONG_LONG,
                           MPI_UNSIGNED_LONG_LONG,
                           MPI_FLOAT,
                           MPI_DOUBLE,
                           MPI_LONG_DOUBLE,
                           MPI_WCHAR,
                           MPI_C_BOOL,
                           MPI_INT8_T,
                           MPI_INT16_T,
                           MPI_INT32_T,
                           MPI_INT64_T,
                           MPI_UINT8_T,
                           MPI_UINT16_T,
                           MPI_UINT32_T,
                           MPI_UINT64_T,
                           MPI_C_FLOAT_COMPLEX,
                           MPI_C_DOUBLE_COMPLEX,
                           MPI_AINT,
                           MPI_OFFSET,
                           MPI_COUNT,
                           MPI_PACKED,
                           MPI_FLOAT_INT,
                           MPI_DOUBLE_INT,
                           MPI_LONG_INT,
                           MPI_2INT,
                           MPI_SHORT_INT,
                           MPI_LONG_DOUBLE_INT};
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
        MPI_Aint lb, extent, true_lb, true_extent;
        int bytes, length, ints, aints, datatypes, combiner;
        char name[MPI_MAX_OBJECT_NAME];
        MPI_Type_size(list[i], &bytes);
        MPI_Type_get_extent(list[i], &lb, &extent);
        MPI_Type_get_true_extent(list[i], &true_lb, &true_extent);
        MPI_Type_get_name(list[i], name, &length);
        MPI_Type_get_envelope(list[i], &ints, &aints, &datatypes, &combiner);
        say("%s: size %d lb %ld extent %ld true %ld %ld named %d\n", name, bytes, (long)lb,
            (long)extent, (long)true_lb, (long)true_extent, combiner == MPI_COMBINER_NAMED);
    }
    MPI_Datatype a, b;
    MPI_Aint lb, extent;
    int bytes;
    MPI_Type_contiguous(5, MPI_DOUBLE_INT, &a);
    MPI_Type_contiguous(3, a, &b);
    MPI_Type_commit(&b);
    MPI_Type_size(b, &bytes);
    MPI_Type_get_extent(b, &lb, &extent);
    say("contiguous: size %d lb %ld extent %ld\n", bytes, (long)lb, (long)extent);
    MPI_Type_free(&a);
    MPI_Type_free(&b);
    say("null: %d\n", a == MPI_DATATYPE_NULL);
}

// The classes of errors, by name, since their numbers differ.
static const char *class_of(int err)
{
    int class;
    MPI_Error_class(err, &class);
#define NAME(x) class == x ? #x:
    return NAME(MPI_SUCCESS) NAME(MPI_ERR_BUFFER) NAME(MPI_ERR_COUNT) NAME(MPI_ERR_TYPE)
        NAME(MPI_ERR_TAG) NAME(MPI_ERR_COMM) NAME(MPI_ERR_RANK) NAME(MPI_ERR_REQUEST)
            NAME(MPI_ERR_ROOT) NAME(MPI_ERR_GROUP) NAME(MPI_ERR_OP) NAME(MPI_ERR_TOPOLOGY)
                NAME(MPI_ERR_DIMS) NAME(MPI_ERR_ARG) NAME(MPI_ERR_TRUNCATE) NAME(MPI_ERR_INFO_KEY)
                    NAME(MPI_ERR_INFO_NOKEY) NAME(MPI_ERR_INFO_VALUE) NAME(MPI_ERR_KEYVAL) "other";
}

static void errors(void)
{
    int word = 0;
    MPI_Comm dup;
    MPI_Comm_dup(MPI_COMM_WORLD, &dup);
    MPI_Comm_set_errhandler(dup, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
#define TRY(call) say("%s: %s\n", #call, class_of(call))
    TRY(MPI_Send(&word, -1, MPI_INT, 0, 0, dup));
    TRY(MPI_Send(&word, 1, MPI_INT, size, 0, dup));
    TRY(MPI_Send(&word, 1, MPI_INT, 0, -5, dup));
    TRY(MPI_Send(&word, 1, MPI_DATATYPE_NULL, 0, 0, dup));
    TRY(MPI_Send(&word, 1, MPI_INT, 0, 0, MPI_COMM_NULL));
    TRY(MPI_Recv(&word, -1, MPI_INT, 0, 0, dup, MPI_STATUS_IGNORE));
    TRY(MPI_Recv(&word, 1, MPI_INT, size + 5, 0, dup, MPI_STATUS_IGNORE));
    TRY(MPI_Bcast(&word, 1, MPI_INT, -3, dup));
    TRY(MPI_Bcast(&word, 1, MPI_INT, size, dup));
    TRY(MPI_Bcast(&word, 1, MPI_DATATYPE_NULL, 0, dup));
    TRY(MPI_Allreduce(&word, &word, 1, MPI_INT, MPI_OP_NULL, dup));
    MPI_Comm_free(&dup);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    groups();
    communicators();
    infos();
    types();
    errors();
    for (int r = 0; r < size; r++) {
        if (rank == 0) {
            if (r > 0) {
                MPI_Recv(lines, sizeof(lines), MPI_CHAR, r, 9, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            }
            printf("---- rank %d\n%s", r, lines);
        } else if (rank == r) {
            MPI_Send(lines, (int)used + 1, MPI_CHAR, 0, 9, MPI_COMM_WORLD);
        }
    }
    MPI_Finalize();
    return 0;
}
