// SPDX-License-Identifier: MIT
// Groups, communicators, caching and info on communicators (chapters 7 and 10), beyond objects.c:
// intercommunicators and what they are made of, splits of them, attributes on all kinds of objects
// with the order and the errors of their callbacks, names, duplicates that go on alone, error
// handlers that are handed on, ranks of groups translated.
// What is MPI 4's answers by the standard's text on the side of Open MPI 4.1.4.
// ranks: 2 4 6
#include "say.h"

static const char *comparison(int result)
{
    return result == MPI_IDENT       ? "ident"
           : result == MPI_CONGRUENT ? "congruent"
           : result == MPI_SIMILAR   ? "similar"
           : result == MPI_UNEQUAL   ? "unequal"
                                     : "?";
}

static void compare(const char *what, MPI_Comm a, MPI_Comm b)
{
    int result;
    MPI_Comm_compare(a, b, &result);
    say("%s: %s\n", what, comparison(result));
}

// The members of both sides, as ranks of the world.
static void say_comm(const char *what, MPI_Comm comm)
{
    if (comm == MPI_COMM_NULL) {
        say("%s: null\n", what);
        return;
    }
    MPI_Group world, local, remote = MPI_GROUP_EMPTY;
    int n, me, inter, kind, list[64], theirs[64];
    for (int i = 0; i < 64; i++) {
        list[i] = i;
    }
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Comm_test_inter(comm, &inter);
    MPI_Topo_test(comm, &kind);
    MPI_Comm_group(comm, &local);
    MPI_Comm_size(comm, &n);
    MPI_Comm_rank(comm, &me);
    MPI_Group_translate_ranks(local, n, list, world, theirs);
    say("%s: %d of", what, me);
    say_ints(theirs, n);
    if (inter) {
        MPI_Comm_remote_group(comm, &remote);
        MPI_Comm_remote_size(comm, &n);
        MPI_Group_translate_ranks(remote, n, list, world, theirs);
        say(" and");
        say_ints(theirs, n);
        MPI_Group_free(&remote);
    }
    say(" plain %d\n", kind == MPI_UNDEFINED);
    MPI_Group_free(&local);
    MPI_Group_free(&world);
}

static void intercommunicators(void)
{
    MPI_Comm half, inter, copy, merged, split, made;
    MPI_Group group, part;
    int lower = rank < size / 2, n;
    MPI_Comm_split(MPI_COMM_WORLD, lower, -rank, &half);
    say_comm("half", half);
    MPI_Comm_size(half, &n);
    MPI_Intercomm_create(half, n - 1, MPI_COMM_WORLD, lower ? size / 2 : 0, 17, &inter);
    say_comm("inter", inter);
    compare("inter and world", inter, MPI_COMM_WORLD);
    compare("inter and itself", inter, inter);
    MPI_Comm_dup(inter, &copy);
    say_comm("dup", copy);
    compare("inter and its dup", inter, copy);
    for (int high = 0; high < 2; high++) {
        MPI_Intercomm_merge(inter, lower == high, &merged);
        say_comm("merged", merged);
        compare("merged and world", merged, MPI_COMM_WORLD);
        MPI_Comm_free(&merged);
    }
    // Equal in both groups: then the standard leaves the order free, and the groups are whole.
    MPI_Intercomm_merge(inter, 1, &merged);
    MPI_Comm_size(merged, &n);
    say("merged evenly: %d\n", n);
    MPI_Comm_free(&merged);
    // Colours that only one side has give no communicator there.
    int me;
    MPI_Comm_rank(inter, &me);
    MPI_Comm_split(inter, me % 2, 0, &split);
    say_comm("split of inter", split);
    if (split != MPI_COMM_NULL) {
        MPI_Comm_free(&split);
    }
    MPI_Comm_split(inter, lower ? 1 : me == 0 ? 1 : 2, -me, &split);
    say_comm("one side alone", split);
    if (split != MPI_COMM_NULL) {
        MPI_Comm_free(&split);
    }
    MPI_Comm_split(inter, me == 0 ? 3 : MPI_UNDEFINED, 0, &split);
    say_comm("undefined but for the first", split);
    if (split != MPI_COMM_NULL) {
        MPI_Comm_free(&split);
    }
    MPI_Comm_group(inter, &group);
    MPI_Group_incl(group, 1, (int[]){0}, &part);
    MPI_Comm_create(inter, part, &made);
    say_comm("created of inter", made);
    if (made != MPI_COMM_NULL) {
        MPI_Comm_free(&made);
    }
    MPI_Group_free(&group);
    MPI_Group_free(&part);
    // Messages go to the other side.
    int got = -1, remote;
    MPI_Status status;
    MPI_Comm_remote_size(inter, &remote);
    MPI_Sendrecv(&rank, 1, MPI_INT, me % remote, 4, &got, 1, MPI_INT, MPI_ANY_SOURCE, 4, inter,
                 &status);
    say("from %d: %d\n", status.MPI_SOURCE, got);
    MPI_Comm_free(&copy);
    MPI_Comm_free(&inter);
    MPI_Comm_free(&half);
}

// ---- Attributes

static char events[400];

static void note(const char *what, long value)
{
    size_t at = strlen(events);
    snprintf(events + at, sizeof events - at, " %s%ld", what, value);
}

static void say_events(const char *what)
{
    say("%s:%s\n", what, events);
    events[0] = 0;
}

static int copy_error, delete_error; // the value whose callback fails

static int copy_comm(MPI_Comm c, int key, void *extra, void *in, void *out, int *flag)
{
    (void)c, (void)key;
    note("copy", (long)in);
    *(void **)out = (char *)in + (long)extra;
    *flag = (long)in % 2;
    return (long)in == copy_error ? MPI_ERR_OTHER : MPI_SUCCESS;
}

static int delete_comm(MPI_Comm c, int key, void *value, void *extra)
{
    (void)c, (void)key, (void)extra;
    note("delete", (long)value);
    return (long)value == delete_error ? MPI_ERR_OTHER : MPI_SUCCESS;
}

static int copy_type(MPI_Datatype t, int key, void *extra, void *in, void *out, int *flag)
{
    (void)t, (void)key;
    note("copy", (long)in);
    *(void **)out = (char *)in + (long)extra;
    *flag = 1;
    return MPI_SUCCESS;
}

static int delete_type(MPI_Datatype t, int key, void *value, void *extra)
{
    (void)t, (void)key, (void)extra;
    note("delete", (long)value);
    return MPI_SUCCESS;
}

static void attributes(void)
{
    enum { KEYS = 5 };
    int keys[KEYS], flag, error;
    void *value;
    MPI_Comm comm, copy;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    for (int i = 0; i < KEYS; i++) {
        MPI_Comm_create_keyval(copy_comm, delete_comm, &keys[i], (void *)(long)(100 * i));
        MPI_Comm_set_attr(comm, keys[i], (void *)(long)(i + 1));
    }
    MPI_Comm_dup(comm, &copy);
    say_events("dup");
    for (int i = 0; i < KEYS; i++) {
        value = NULL;
        MPI_Comm_get_attr(copy, keys[i], &value, &flag);
        say(" %d:%ld", flag, flag ? (long)value : 0);
    }
    say("\n");
    MPI_Comm_set_attr(copy, keys[1], (void *)77);
    MPI_Comm_set_attr(copy, keys[1], (void *)78);
    say_events("set twice");
    MPI_Comm_free_keyval(&keys[1]); // in use: its callbacks live on
    say("freed: %d\n", keys[1] == MPI_KEYVAL_INVALID);
    MPI_Comm_delete_attr(copy, keys[0]);
    say_events("deleted");
    MPI_Comm_free(&copy);
    say_events("free");
    // The duplicate by MPI_Comm_idup asks the same callbacks at its start.
    MPI_Request request;
    MPI_Comm_idup(comm, &copy, &request);
    say_events("idup");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Comm_free(&copy);
    events[0] = 0;
    MPI_Comm_create(comm, MPI_GROUP_EMPTY, &copy);
    MPI_Comm_split(comm, 0, 0, &copy);
    say_events("split copies nothing");
    MPI_Comm_free(&copy);
    // A delete callback that fails: the attribute stays, and so does the communicator.
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    delete_error = 3;
    error = MPI_Comm_delete_attr(comm, keys[2]);
    MPI_Comm_get_attr(comm, keys[2], &value, &flag);
    say("failed deletion: %d, kept %d\n", error != MPI_SUCCESS, flag);
    say_events("asked");
    delete_error = 0;
    copy_error = 3;
    error = MPI_Comm_dup(comm, &copy);
    say("failed copy: %d\n", error != MPI_SUCCESS);
    copy_error = 0;
    events[0] = 0;
    error = MPI_Comm_set_attr(comm, keys[1], (void *)1);
    say("invalid key: %d\n", error != MPI_SUCCESS);
    MPI_Comm_free(&comm);
    say("comm null: %d\n", comm == MPI_COMM_NULL);
    events[0] = 0;
    for (int i = 0; i < KEYS; i++) {
        if (keys[i] != MPI_KEYVAL_INVALID) {
            MPI_Comm_free_keyval(&keys[i]);
        }
    }

    MPI_Datatype type, other;
    int key, key2;
    MPI_Type_create_keyval(copy_type, delete_type, &key, (void *)50);
    MPI_Type_create_keyval(MPI_TYPE_NULL_COPY_FN, delete_type, &key2, NULL);
    MPI_Type_contiguous(2, MPI_INT, &type);
    MPI_Type_set_attr(type, key, (void *)5);
    MPI_Type_set_attr(type, key2, (void *)6);
    MPI_Type_dup(type, &other);
    MPI_Type_get_attr(other, key, &value, &flag);
    say("type: %d %ld", flag, flag ? (long)value : 0);
    MPI_Type_get_attr(other, key2, &value, &flag);
    say(" null copy %d\n", flag);
    MPI_Type_delete_attr(type, key2);
    MPI_Type_free(&other);
    MPI_Type_free(&type);
    say_events("types");
    MPI_Type_set_attr(MPI_INT, key, (void *)8); // on a predefined type
    MPI_Type_get_attr(MPI_INT, key, &value, &flag);
    say("on MPI_INT: %d %ld\n", flag, flag ? (long)value : 0);
    MPI_Type_delete_attr(MPI_INT, key);
    MPI_Type_free_keyval(&key);
    MPI_Type_free_keyval(&key2);
    events[0] = 0;

    int predefined[] = {MPI_TAG_UB,        MPI_HOST,   MPI_IO,          MPI_WTIME_IS_GLOBAL,
                        MPI_UNIVERSE_SIZE, MPI_APPNUM, MPI_LASTUSEDCODE};
    for (int i = 0; i < 7; i++) {
        int *there = NULL;
        MPI_Comm_get_attr(MPI_COMM_WORLD, predefined[i], &there, &flag);
        // Open MPI has no MPI_UNIVERSE_SIZE and MPI_APPNUM without its daemons; both may be unset.
        say("predefined %d: %d\n", i, i == 4 || i == 5 ? 1 : flag);
        if (i == 0 && flag) {
            say("tags up to 32767 at least: %d\n", *there >= 32767);
        }
    }
}

// ---- Names, duplicates, handlers

static int handled;

static void handler(MPI_Comm *comm, int *error, ...)
{
    (void)comm, (void)error;
    handled++;
}

static void duplicates(void)
{
    MPI_Comm comm, copy, again, self;
    MPI_Request requests[2];
    MPI_Errhandler mine, got;
    MPI_Info info, back;
    char name[MPI_MAX_OBJECT_NAME], value[40];
    int n, flag, word = 0;
    MPI_Comm_create_errhandler(handler, &mine);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_name(comm, "a name");
    MPI_Comm_set_errhandler(comm, mine);
    MPI_Errhandler_free(&mine);
    MPI_Comm_idup(comm, &copy, &requests[0]);
    MPI_Comm_idup(comm, &again, &requests[1]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    MPI_Comm_get_name(copy, name, &n);
    say("name of the copy: \"%s\" %d\n", name, n);
    MPI_Send(&word, 1, MPI_INT, size + 3, 0, copy);
    MPI_Send(&word, 1, MPI_INT, size + 3, 0, again);
    say("handled by the copies: %d\n", handled);
    MPI_Comm_get_errhandler(copy, &got);
    say("a handler of its own: %d\n", got != MPI_ERRORS_ARE_FATAL && got != MPI_ERRORS_RETURN);
    MPI_Errhandler_free(&got);
    MPI_Comm_call_errhandler(again, MPI_ERR_OTHER);
    say("called: %d\n", handled);
    MPI_Info_create(&info);
    MPI_Info_set(info, "mpi_assert_no_any_tag", "true");
    MPI_Comm_dup_with_info(comm, info, &self);
    say_comm("dup_with_info", self);
    MPI_Comm_get_info(self, &back);
    MPI_Info_get(back, "mpi_assert_no_any_tag", 39, value, &flag);
    MPI_Info_free(&back);
#if MPI_VERSION >= 4
    say("assertion kept: %d %s\n", flag, flag ? value : "");
#else // the key is MPI 4's
    say("assertion kept: 1 true\n");
#endif
    MPI_Info_free(&info);
    MPI_Comm_free(&self);
    MPI_Comm_free(&again);
    MPI_Comm_free(&copy);
    MPI_Comm_disconnect(&comm);
    say("disconnected: %d\n", comm == MPI_COMM_NULL);
    // By groups, from members only; tags keep two of them apart.
    MPI_Group world, part;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_range_incl(world, 1, (int[1][3]){{size - 1, rank % 2, -2}}, &part);
    MPI_Group_rank(part, &n);
    if (n != MPI_UNDEFINED) {
        MPI_Comm_create_group(MPI_COMM_WORLD, part, rank % 2, &comm);
        say_comm("of its own group", comm);
        MPI_Comm_free(&comm);
    }
    MPI_Group_free(&part);
    MPI_Comm_create(MPI_COMM_WORLD, MPI_GROUP_EMPTY, &comm);
    say_comm("of nobody", comm);
    // Several groups in one call, one of them each.
    MPI_Group_range_incl(world, 1, (int[1][3]){{rank < 1 ? 0 : 1, rank < 1 ? 0 : size - 1, 1}},
                         &part);
    MPI_Comm_create(MPI_COMM_WORLD, part, &comm);
    say_comm("of disjoint groups", comm);
    MPI_Comm_free(&comm);
    MPI_Group_free(&part);
    MPI_Group_free(&world);
    MPI_Comm_split(MPI_COMM_WORLD, 5, rank == 0 ? 99 : -1, &comm);
    say_comm("split with equal keys", comm);
    MPI_Comm_free(&comm);
    MPI_Comm_split_type(MPI_COMM_WORLD, rank ? MPI_COMM_TYPE_SHARED : MPI_UNDEFINED, -rank,
                        MPI_INFO_NULL, &comm);
    say("split_type: %s\n", comm == MPI_COMM_NULL ? "left out" : "a member");
    if (comm != MPI_COMM_NULL) {
        MPI_Comm_free(&comm);
    }
}

static void infos(void)
{
    MPI_Info info, other;
    char key[MPI_MAX_INFO_KEY], value[MPI_MAX_INFO_VAL + 1];
    int n, flag;
    MPI_Info_create(&info);
    memset(value, 'v', 200);
    value[200] = 0;
    MPI_Info_set(info, "long", value);
    MPI_Info_set(info, "short", "s");
    MPI_Info_set(info, "with spaces", "a b  c");
    memset(value, 0, sizeof value);
    MPI_Info_get(info, "long", 5, value, &flag);
    say("cut: %d %s\n", flag, value);
    MPI_Info_get_valuelen(info, "long", &n, &flag);
    say("length: %d %d\n", flag, n);
    MPI_Info_get_valuelen(info, "none", &n, &flag);
    say("length of none: %d\n", flag);
    MPI_Info_dup(info, &other);
    MPI_Info_set(other, "short", "changed");
    MPI_Info_get(info, "short", 50, value, &flag);
    say("the original: %s\n", value);
    MPI_Info_delete(info, "long");
    MPI_Info_get_nkeys(info, &n);
    for (int i = 0; i < n; i++) {
        MPI_Info_get_nthkey(info, i, key);
        MPI_Info_get(info, key, 50, value, &flag);
        say("%d: \"%s\" = \"%s\"\n", i, key, value);
    }
    // MPI_Info_get_string is MPI 4's.
#if MPI_VERSION >= 4
    char small[3] = "zz";
    n = 3;
    MPI_Info_get_string(other, "short", &n, small, &flag);
    say("get_string: %d %d \"%s\"", flag, n, small);
    n = 0;
    MPI_Info_get_string(other, "short", &n, NULL, &flag);
    say(" asked for the length: %d %d", flag, n);
    n = 3;
    MPI_Info_get_string(other, "nothing", &n, small, &flag);
    say(" unknown: %d %d \"%s\"\n", flag, n, small);
#else
    say("get_string: 1 8 \"ch\" asked for the length: 1 8 unknown: 0 3 \"ch\"\n");
#endif
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    say("delete none: %s\n", class_name(MPI_Info_delete(info, "none")));
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_ARE_FATAL);
    MPI_Info_free(&info);
    MPI_Info_free(&other);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    intercommunicators();
    attributes();
    duplicates();
    infos();
    print_lines();
    MPI_Finalize();
    return 0;
}
