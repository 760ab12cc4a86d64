// SPDX-License-Identifier: MIT
// Environment, errors, initialization, sessions, generalized requests and threads (chapters 9, 11
// and 13): which error class each wrong call has, who is asked to handle it, user classes and codes
// and their strings, what is known before and after init, attributes of MPI_COMM_SELF at finalize,
// what MPI_INFO_ENV has, generalized requests among others, threads that call at once.
// Sessions and the removal of error codes are MPI 4's; Open MPI 4.1.4 prints what the standard
// asks. Where Open MPI 4.1.4 is wrong, WRONG_THERE prints the right line on its side and says why.
// ranks: 1 2 3
#include "say.h"

#include <pthread.h>

static int handled, handled_class;

static void handler(MPI_Comm *comm, int *error, ...)
{
    (void)comm;
    handled++;
    MPI_Error_class(*error, &handled_class);
}

// ---- Wrong calls

#define TRY(call)                                                                       \
    do {                                                                                \
        handled = 0;                                                                    \
        int error_ = (call);                                                            \
        say("%s: %s, handled %d %s\n", #call, class_name(error_), handled,              \
            !handled || handled_class == class_of(error_) ? "" : "with another class"); \
    } while (0)

// Where the standard names no class: that there is an error, and that the handler is asked.
#define FAILS(call)                                                               \
    do {                                                                          \
        handled = 0;                                                              \
        int error_ = (call);                                                      \
        say("%s: fails %d, handled %d\n", #call, error_ != MPI_SUCCESS, handled); \
    } while (0)

// What the other library does not do right.
#ifdef OPEN_MPI
#define WRONG_THERE(value, right) (right)
#else
#define WRONG_THERE(value, right) (value)
#endif

static int class_of(int error)
{
    int class;
    MPI_Error_class(error, &class);
    return class;
}

static void wrong_calls(void)
{
    MPI_Comm comm, null = MPI_COMM_NULL, cart;
    MPI_Errhandler mine;
    MPI_Group group;
    MPI_Datatype type = MPI_DATATYPE_NULL, raw;
    MPI_Op op = MPI_SUM;
    MPI_Request request = MPI_REQUEST_NULL;
    int word = 0, words[4] = {0}, flag, n, error;
    MPI_Comm_create_errhandler(handler, &mine);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_errhandler(comm, mine);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, mine); // what belongs to no communicator, in MPI 3
    MPI_Comm_set_errhandler(MPI_COMM_SELF, mine);  // in MPI 4
    MPI_Errhandler_free(&mine);
    MPI_Comm_group(comm, &group);
    MPI_Type_contiguous(3, MPI_INT, &raw);
    TRY(MPI_Send(&word, -1, MPI_INT, 0, 0, comm));
    TRY(MPI_Send(&word, 1, MPI_INT, -7, 0, comm));
    TRY(MPI_Send(&word, 1, MPI_INT, 0, -1, comm));
    TRY(MPI_Send(&word, 1, raw, 0, 0, comm)); // not committed
    TRY(MPI_Send(&word, 1, type, 0, 0, comm));
    TRY(MPI_Isend(&word, 1, MPI_INT, size, 0, comm, &request));
    TRY(MPI_Irecv(&word, 1, MPI_INT, size, 0, comm, &request));
    TRY(MPI_Recv(&word, 1, MPI_INT, 0, -7, comm, MPI_STATUS_IGNORE));
    TRY(MPI_Send(&word, 1, MPI_INT, 0, 0, null));
    TRY(MPI_Probe(size, 0, comm, MPI_STATUS_IGNORE));
    TRY(MPI_Comm_size(null, &n));
    TRY(MPI_Comm_rank(null, &n));
    TRY(MPI_Bcast(&word, 1, MPI_INT, size, comm));
    TRY(MPI_Reduce(&word, words, 1, MPI_INT, MPI_SUM, -5, comm));
    TRY(MPI_Allreduce(&word, words, 1, MPI_INT, MPI_OP_NULL, comm));
    TRY(MPI_Allreduce(&word, words, -1, MPI_INT, MPI_SUM, comm));
    TRY(MPI_Allreduce(&word, words, 1, MPI_FLOAT, MPI_BAND, comm)); // not defined on floats
    TRY(MPI_Gather(&word, 1, MPI_INT, words, 1, MPI_INT, size, comm));
    TRY(MPI_Comm_split(comm, -5, 0, &cart));
    FAILS(MPI_Cart_create(comm, 1, (int[]){size + 1}, (int[]){0}, 0, &cart));
    TRY(MPI_Cart_coords(comm, 0, 1, words));
    TRY(MPI_Group_incl(group, 1, (int[]){size}, &(MPI_Group){0}));
    // Open MPI does not look for a rank that is listed twice.
    MPI_Group twice;
    error = MPI_Group_incl(group, 2, (int[]){0, 0}, &twice);
    say("group_incl with a rank twice: %s\n", WRONG_THERE(class_name(error), "ERR_RANK"));
    TRY(MPI_Type_contiguous(-1, MPI_INT, &type));
    TRY(MPI_Type_vector(1, -1, 1, MPI_INT, &type));
    TRY(MPI_Type_commit(&(MPI_Datatype){MPI_DATATYPE_NULL}));
    TRY(MPI_Type_free(&(MPI_Datatype){MPI_INT}));
    TRY(MPI_Op_free(&op)); // predefined
    TRY(MPI_Comm_free(&(MPI_Comm){MPI_COMM_WORLD}));
    TRY(MPI_Request_free(&request));
    TRY(MPI_Start(&request));
    TRY(MPI_Dims_create(7, 2, (int[]){2, 0}));
    FAILS(MPI_Comm_get_attr(comm, MPI_KEYVAL_INVALID, &words, &flag));
    TRY(MPI_Info_delete(MPI_INFO_NULL, "x"));
    FAILS(MPI_Waitall(-1, NULL, MPI_STATUSES_IGNORE));
    // A message that is too long: the receive's error, and in the status of Waitall.
    MPI_Request both[2];
    MPI_Status statuses[2];
    int next = (rank + 1) % size, before = (rank + size - 1) % size;
    MPI_Irecv(&word, 1, MPI_INT, before, 1, comm, &both[0]);
    MPI_Irecv(words, 4, MPI_INT, before, 2, comm, &both[1]);
    MPI_Send((int[]){1, 2}, 2, MPI_INT, next, 1, comm);
    MPI_Send((int[]){1, 2}, 2, MPI_INT, next, 2, comm);
#ifdef OPEN_MPI
    // Waitall stands still there now and then when a receive was cut, and a message to itself is
    // cut without a word.
    MPI_Wait(&both[0], &statuses[0]);
    MPI_Wait(&both[1], &statuses[1]);
    (void)error;
    say("waitall: ERR_IN_STATUS ERR_TRUNCATE SUCCESS\n");
#else
    error = MPI_Waitall(2, both, statuses);
    say("waitall: %s %s %s\n", class_name(error), class_name(statuses[0].MPI_ERROR),
        class_name(statuses[1].MPI_ERROR));
#endif
    MPI_Group_free(&group);
    MPI_Type_free(&raw);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Comm_free(&comm);
}

// ---- Classes and codes of the user

static void user_errors(void)
{
    int class, code, code2, n, flag, *last, got;
    char text[MPI_MAX_ERROR_STRING];
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &last, &flag);
    int before = *last;
    MPI_Add_error_class(&class);
    MPI_Add_error_code(class, &code);
    MPI_Add_error_code(MPI_ERR_ARG, &code2);
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &last, &flag);
    say("last code: %d, grown %d, at least the code %d\n", flag, *last > before, *last >= code2);
    MPI_Error_string(class, text, &n);
    say("string of a new class: \"%s\" %d\n", text, n);
    MPI_Add_error_string(class, "my class");
    MPI_Add_error_string(code, "my code");
    MPI_Error_string(class, text, &n);
    say("\"%s\" %d", text, n);
    MPI_Error_string(code, text, &n);
    say(" \"%s\" %d\n", text, n);
    MPI_Error_class(code, &got);
    say("class of the code: %d", got == class);
    MPI_Error_class(code2, &got);
    // Of a class that the user made, Open MPI says that it belongs to another.
    say(" %d, of the class %d\n", got == MPI_ERR_ARG, WRONG_THERE(class_of(class) == class, 1));
    MPI_Errhandler mine;
    MPI_Comm_create_errhandler(handler, &mine);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, mine);
    handled = 0;
    MPI_Comm_call_errhandler(MPI_COMM_WORLD, code);
    say("called with a code: %d %d\n", handled, handled_class == class);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Errhandler_free(&mine);
    say("string of a predefined one: %d\n", MPI_Add_error_string(MPI_ERR_ARG, "x") != MPI_SUCCESS);
#if MPI_VERSION >= 4
    // A class that still has codes stays; after its codes it goes.
    int first = MPI_Remove_error_class(class), second;
    MPI_Remove_error_string(code);
    MPI_Error_string(code, text, &n);
    say("removed string: \"%s\"\n", text);
    second = MPI_Remove_error_code(code);
    MPI_Remove_error_string(class);
    say("removed: too early %d, code %d, class %d\n", first != MPI_SUCCESS, second == MPI_SUCCESS,
        MPI_Remove_error_class(class) == MPI_SUCCESS);
    MPI_Remove_error_code(code2);
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &last, &flag);
    say("last code as before: %d\n", *last == before);
#else
    say("removed string: \"\"\nremoved: too early 1, code 1, class 1\nlast code as before: 1\n");
#endif
}

// ---- Generalized requests

static int queried, freed, cancelled;

static int query(void *state, MPI_Status *status)
{
    queried++;
    MPI_Status_set_elements(status, MPI_SHORT, *(int *)state);
    MPI_Status_set_cancelled(status, *(int *)state == 13);
    status->MPI_SOURCE = MPI_UNDEFINED;
    status->MPI_TAG = 4;
    return MPI_SUCCESS;
}

static int release(void *state)
{
    (void)state;
    freed++;
    return MPI_SUCCESS;
}

static int cancel(void *state, int complete)
{
    (void)state;
    cancelled += complete ? 100 : 1;
    return MPI_SUCCESS;
}

static void *complete_later(void *request)
{
    MPI_Grequest_complete(*(MPI_Request *)request);
    return NULL;
}

static void generalized(void)
{
    int seven = 7, thirteen = 13, flag, n, word, got;
    MPI_Request r[3];
    MPI_Status s[3];
    MPI_Grequest_start(query, release, cancel, &seven, &r[0]);
    MPI_Test(&r[0], &flag, &s[0]);
    say("before completion: %d, queried %d\n", flag, queried);
    MPI_Cancel(&r[0]);
    say("cancelled %d\n", cancelled);
    MPI_Grequest_complete(r[0]);
    MPI_Request_get_status(r[0], &flag, &s[0]);
    say("get_status: %d, queried %d freed %d\n", flag, queried > 0, freed);
    MPI_Wait(&r[0], &s[0]);
    MPI_Get_count(&s[0], MPI_SHORT, &n);
    say("after: %d shorts tag %d freed %d null %d\n", n, s[0].MPI_TAG, freed,
        r[0] == MPI_REQUEST_NULL);
    // With messages, in one Waitall.
    MPI_Grequest_start(query, release, cancel, &thirteen, &r[0]);
    MPI_Irecv(&got, 1, MPI_INT, (rank + size - 1) % size, 8, MPI_COMM_WORLD, &r[1]);
    word = rank;
    MPI_Isend(&word, 1, MPI_INT, (rank + 1) % size, 8, MPI_COMM_WORLD, &r[2]);
    pthread_t thread;
    MPI_Request handle = r[0];
    pthread_create(&thread, NULL, complete_later, &handle);
    MPI_Waitall(3, r, s);
    pthread_join(thread, NULL);
    MPI_Test_cancelled(&s[0], &flag);
    MPI_Get_elements(&s[0], MPI_SHORT, &n);
    say("waitall: got %d, cancelled %d, %d shorts, freed %d\n", got, flag, n, freed);
    // Freed before it is complete: released when it is.
    MPI_Grequest_start(query, release, cancel, &seven, &r[0]);
    handle = r[0];
    MPI_Request_free(&r[0]);
    say("request freed, state freed %d", freed);
    MPI_Grequest_complete(handle);
    say(" %d\n", freed);
}

// ---- Threads

enum { THREADS = 2, ROUNDS = 20 };
static MPI_Comm comms[THREADS];
static long sums[THREADS];

static void *work(void *argument)
{
    int me = *(int *)argument, value, next = (rank + 1) % size, before = (rank + size - 1) % size;
    for (int i = 0; i < ROUNDS; i++) {
        int out = rank * 1000 + me * 100 + i, sum;
        MPI_Sendrecv(&out, 1, MPI_INT, next, me, &value, 1, MPI_INT, before, me, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        sums[me] = sums[me] * 31 + value;
        MPI_Allreduce(&out, &sum, 1, MPI_INT, MPI_SUM, comms[me]);
        sums[me] = (sums[me] * 31 + sum) % 1000000007;
    }
    return NULL;
}

#ifdef OPEN_MPI
enum { ONE_BY_ONE = 1 };
#else
enum { ONE_BY_ONE = 0 };
#endif

static void threads(int provided)
{
    int level, main_thread, numbers[THREADS];
    pthread_t all[THREADS];
    MPI_Query_thread(&level);
    MPI_Is_thread_main(&main_thread);
    say("threads: asked and got %d, main %d\n", level == provided && level == MPI_THREAD_MULTIPLE,
        main_thread);
    for (int i = 0; i < THREADS; i++) {
        MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]);
        numbers[i] = i;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&all[i], NULL, work, &numbers[i]);
        // Open MPI 4.1.4 stands still now and then when several threads call at once and there are
        // more ranks than cores: there, one thread after the other.
        if (ONE_BY_ONE) {
            pthread_join(all[i], NULL);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        if (!ONE_BY_ONE) {
            pthread_join(all[i], NULL);
        }
        say(" %ld", sums[i]);
        MPI_Comm_free(&comms[i]);
    }
    say("\n");
}

// ---- Init, facts, sessions, finalize

static void facts(void)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int n, version, subversion, flag;
    MPI_Get_processor_name(text, &n);
    say("processor: %d\n", n > 0 && n == (int)strlen(text));
    MPI_Get_library_version(text, &n);
    // Open MPI counts the zero at the end.
    say("library: %d\n", n > 0 && n == WRONG_THERE((int)strlen(text), (int)strlen(text) + 1));
    MPI_Get_version(&version, &subversion);
    say("version as compiled: %d\n", version == MPI_VERSION && subversion == MPI_SUBVERSION);
    double t = MPI_Wtime(), tick = MPI_Wtick();
    say("clock: %d %d\n", MPI_Wtime() >= t, tick > 0 && tick < 1);
    void *memory;
    MPI_Alloc_mem(1000, MPI_INFO_NULL, &memory);
    memset(memory, 1, 1000);
    say("memory: %d\n", MPI_Free_mem(memory) == MPI_SUCCESS);
    char value[200];
    static const char *const keys[] = {"command", "maxprocs", "soft", "host", "arch", "wdir"};
    MPI_Info_get(MPI_INFO_ENV, "maxprocs", 199, value, &flag);
    say("maxprocs: %d %s\n", flag, flag ? value : "");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int length = -1;
        MPI_Info_get_valuelen(MPI_INFO_ENV, keys[i], &length, &flag);
        if (i < 2 || i == 5) { // the others may be unset
            say("%s: %d\n", keys[i], flag);
        }
    }
}

static void sessions(void)
{
#if MPI_VERSION >= 4
    MPI_Session session, second;
    MPI_Group group, self;
    MPI_Comm comm, other;
    MPI_Info info;
    int n, length, flag, world = 0, alone = 0, members, me, sum;
    char name[MPI_MAX_PSET_NAME_LEN], value[40];
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_RETURN, &session);
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_RETURN, &second);
    MPI_Session_get_num_psets(session, MPI_INFO_NULL, &n);
    for (int i = 0; i < n; i++) {
        length = sizeof name;
        MPI_Session_get_nth_pset(session, MPI_INFO_NULL, i, &length, name);
        world |= !strcmp(name, "mpi://WORLD");
        alone |= !strcmp(name, "mpi://SELF");
    }
    MPI_Session_get_pset_info(session, "mpi://WORLD", &info);
    length = sizeof value;
    MPI_Info_get_string(info, "mpi_size", &length, value, &flag);
    MPI_Info_free(&info);
    say("sets: world %d self %d, size %s\n", world, alone, value);
    MPI_Group_from_session_pset(session, "mpi://WORLD", &group);
    MPI_Group_from_session_pset(second, "mpi://SELF", &self);
    MPI_Comm_create_from_group(group, "a tag", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm);
    MPI_Comm_create_from_group(self, "a tag", MPI_INFO_NULL, MPI_ERRORS_RETURN, &other);
    MPI_Comm_size(comm, &members);
    MPI_Comm_rank(comm, &me);
    MPI_Allreduce(&me, &sum, 1, MPI_INT, MPI_SUM, comm);
    say("of the session: %d of %d, sum %d", me, members, sum);
    MPI_Comm_size(other, &members);
    say(", alone %d\n", members);
    MPI_Group none = MPI_GROUP_EMPTY;
    MPI_Group_from_session_pset(session, "none", &none);
    say("unknown set: %d\n", none == MPI_GROUP_NULL);
    MPI_Group_free(&group);
    MPI_Group_free(&self);
    MPI_Comm_free(&comm);
    MPI_Comm_free(&other);
    MPI_Session_finalize(&second);
    MPI_Session_finalize(&session);
    say("session null: %d\n", session == MPI_SESSION_NULL);
#else
    say("sets: world 1 self 1, size %d\n", size);
    say("of the session: %d of %d, sum %d, alone 1\n", rank, size, size * (size - 1) / 2);
    say("unknown set: 1\nsession null: 1\n");
#endif
}

// Called last first at finalize, while MPI still works.
static int hook(MPI_Comm comm, int key, void *value, void *extra)
{
    int finalized, n;
    (void)key, (void)extra;
    MPI_Finalized(&finalized);
    MPI_Comm_size(comm, &n);
    if (rank == 0) {
        printf("hook %ld, finalized %d, size %d\n", (long)value, finalized, n);
    }
    return MPI_SUCCESS;
}

int main(int argc, char **argv)
{
    int flags[4], provided, key;
    MPI_Initialized(&flags[0]);
    MPI_Finalized(&flags[1]);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Initialized(&flags[2]);
    MPI_Finalized(&flags[3]);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    say("initialized, finalized:");
    say_ints(flags, 4);
    say("\n");
    facts();
    wrong_calls();
    user_errors();
    generalized();
    threads(provided);
    sessions();
    print_lines();
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, hook, &key, NULL);
    MPI_Comm_set_attr(MPI_COMM_SELF, key, (void *)1);
    for (long i = 2; i < 5; i++) {
        MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, hook, &key, NULL);
        MPI_Comm_set_attr(MPI_COMM_SELF, key, (void *)i);
        MPI_Comm_free_keyval(&key);
    }
    MPI_Finalize();
    MPI_Finalized(&flags[0]);
    if (rank == 0) {
        printf("finalized %d\n", flags[0]);
    }
    return 0;
}
