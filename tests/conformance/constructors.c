// SPDX-License-Identifier: MIT
// Datatypes (chapter 5): every constructor, what a type says of itself (size, extents, envelope,
// contents), and what it selects: packed, unpacked, in external32, and sent to another type with
// the same signature. The types cover zero counts, negative and zero strides, overlaps, padding and
// moved bounds. darray and f90 types are in datatypes_distributed.c.
// Left out, for Open MPI 4.1.4 being wrong: external32 of MPI_LONG, which it packs in 8 bytes; the
// standard, we and MPICH in 4.
// ranks: 1 2
#include "say.h"

static const char *combiner_name(int combiner)
{
    static const struct {
        int combiner;
        const char *name;
    } names[] = {
#define COMBINER(x) {MPI_COMBINER_##x, #x}
        COMBINER(NAMED),          COMBINER(DUP),     COMBINER(CONTIGUOUS), COMBINER(VECTOR),
        COMBINER(HVECTOR),        COMBINER(INDEXED), COMBINER(HINDEXED),   COMBINER(INDEXED_BLOCK),
        COMBINER(HINDEXED_BLOCK), COMBINER(STRUCT),  COMBINER(SUBARRAY),   COMBINER(DARRAY),
        COMBINER(RESIZED),
#undef COMBINER
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].combiner == combiner) {
            return names[i].name;
        }
    }
    return "?";
}

static void say_contents(MPI_Datatype type)
{
    int ni, na, nd, combiner, length;
    MPI_Type_get_envelope(type, &ni, &na, &nd, &combiner);
    if (combiner == MPI_COMBINER_NAMED) {
        char name[MPI_MAX_OBJECT_NAME];
        MPI_Type_get_name(type, name, &length);
        say("%s", name);
        return;
    }
    int ints[40];
    MPI_Aint addresses[20];
    MPI_Datatype types[20];
    MPI_Type_get_contents(type, ni, na, nd, ints, addresses, types);
    if (combiner == MPI_COMBINER_SUBARRAY) { // the value of the constant differs
        ints[ni - 1] = ints[ni - 1] == MPI_ORDER_C ? 'C' : 'F';
    }
    say("%s(", combiner_name(combiner));
    for (int i = 0; i < ni; i++) {
        say("%d,", ints[i]);
    }
    say(" ");
    for (int i = 0; i < na; i++) {
        say("%ld,", (long)addresses[i]);
    }
    for (int i = 0; i < nd; i++) {
        say(" ");
        say_contents(types[i]);
        int ii, aa, dd, c;
        MPI_Type_get_envelope(types[i], &ii, &aa, &dd, &c);
        if (c != MPI_COMBINER_NAMED) {
            MPI_Type_free(&types[i]); // handles from contents are ours to free
        }
    }
    say(")");
}

enum { ROOM = 1 << 12, AT = 1 << 11 };

// Where in memory the type's bytes are, in the order that they are packed.
static void show(const char *what, MPI_Datatype type, int count, int external)
{
    static unsigned char memory[ROOM], packed[ROOM], back[ROOM];
    int bytes, position = 0, need;
    MPI_Aint lb, extent, true_lb, true_extent, place = 0;
    MPI_Count large, large_lb, large_extent;
    MPI_Type_commit(&type);
    MPI_Type_size(type, &bytes);
    MPI_Type_get_extent(type, &lb, &extent);
    MPI_Type_get_true_extent(type, &true_lb, &true_extent);
    say("%s: size %d lb %ld extent %ld", what, bytes, (long)lb, (long)extent);
    if (bytes > 0) { // of an empty type there are no true bounds
        say(" true %ld %ld", (long)true_lb, (long)true_extent);
    }
    MPI_Type_size_x(type, &large);
    MPI_Type_get_extent_x(type, &large_lb, &large_extent);
    say(" agree %d%d%d ", large == bytes, large_lb == lb, large_extent == extent);
    say_contents(type);
    for (int i = 0; i < ROOM; i++) {
        memory[i] = (unsigned char)(i * 7 + i / 256);
    }
    MPI_Pack_size(count, type, MPI_COMM_SELF, &need);
    memset(packed, 0, sizeof packed);
    MPI_Pack(memory + AT, count, type, packed, ROOM, &position, MPI_COMM_SELF);
    say("\n  enough %d packed %d:", need >= bytes * count, position);
    for (int i = 0; i < position; i++) {
        say(" %02x", packed[i]);
    }
    memset(back, 0, sizeof back);
    int end = position;
    position = 0;
    MPI_Unpack(packed, end, &position, back + AT, count, type, MPI_COMM_SELF);
    unsigned sum = 0;
    for (int i = 0; i < ROOM; i++) {
        sum = sum * 31 + (unsigned)(back[i] != 0 ? i : 0) + back[i];
    }
    say("\n  unpacked %d: %08x", position, sum);
    if (external) {
        MPI_Aint size_there;
        MPI_Pack_external_size("external32", count, type, &size_there);
        memset(packed, 0, sizeof packed);
        MPI_Pack_external("external32", memory + AT, count, type, packed, ROOM, &place);
        say("\n  external %ld %ld:", (long)size_there, (long)place);
        for (int i = 0; i < place; i++) {
            say(" %02x", packed[i]);
        }
        memset(back, 0, sizeof back);
        MPI_Aint until = place;
        place = 0;
        MPI_Unpack_external("external32", packed, until, &place, back + AT, count, type);
        sum = 0;
        for (int i = 0; i < ROOM; i++) {
            sum = sum * 31 + back[i];
        }
        say(" back %ld: %08x", (long)place, sum);
    }
    // To the neighbour as the type, taken there as bytes; and the other way round.
    MPI_Status status;
    int got, elements, next = (rank + 1) % size, before = (rank + size - 1) % size;
    memset(back, 0, sizeof back);
    MPI_Sendrecv(memory + AT, count, type, next, 1, back, ROOM, MPI_PACKED, before, 1,
                 MPI_COMM_WORLD, &status);
    MPI_Get_count(&status, MPI_PACKED, &got);
    sum = 0;
    for (int i = 0; i < got; i++) {
        sum = sum * 31 + back[i];
    }
    say("\n  sent %d: %08x", got, sum);
    memset(back, 0, sizeof back);
    position = 0;
    MPI_Pack(memory + AT, count, type, packed, ROOM, &position, MPI_COMM_SELF);
    MPI_Sendrecv(packed, position, MPI_PACKED, next, 2, back + AT, count, type, before, 2,
                 MPI_COMM_WORLD, &status);
    MPI_Get_count(&status, type, &got);
    MPI_Get_elements(&status, type, &elements);
    sum = 0;
    for (int i = 0; i < ROOM; i++) {
        sum = sum * 31 + back[i];
    }
    say(" received %d of %d elements: %08x\n", got, elements, sum);
    MPI_Type_free(&type);
}

static MPI_Datatype padded(void) // an int, 4 bytes of hole, two shorts, a char
{
    MPI_Datatype made;
    MPI_Type_create_struct(3, (int[]){1, 2, 1}, (MPI_Aint[]){0, 8, 13},
                           (MPI_Datatype[]){MPI_INT, MPI_SHORT, MPI_CHAR}, &made);
    return made;
}

static void constructors(void)
{
    MPI_Datatype t, u;
    MPI_Type_dup(MPI_INT, &t);
    show("dup", t, 3, 1);
    MPI_Type_contiguous(3, MPI_SHORT, &t);
    show("contiguous", t, 4, 1);
    MPI_Type_contiguous(0, MPI_SHORT, &t);
    show("contiguous of none", t, 4, 1);
    MPI_Type_vector(3, 2, 4, MPI_INT, &t);
    show("vector", t, 2, 1);
    MPI_Type_vector(3, 2, -4, MPI_INT, &t);
    show("vector backwards", t, 2, 1);
    MPI_Type_vector(3, 4, 2, MPI_SHORT, &t);
    MPI_Type_commit(&t);
    MPI_Type_free(&t);
    MPI_Type_vector(3, 2, 2, MPI_SHORT, &t);
    show("vector without gaps", t, 2, 1);
    MPI_Type_vector(0, 2, 2, MPI_SHORT, &t);
    show("vector of none", t, 2, 1);
    MPI_Type_vector(3, 0, 2, MPI_SHORT, &t);
    show("vector of empty blocks", t, 2, 1);
    MPI_Type_create_hvector(3, 2, 13, MPI_SHORT, &t);
    show("hvector", t, 2, 1);
    MPI_Type_create_hvector(4, 1, -9, MPI_DOUBLE, &t);
    show("hvector backwards", t, 1, 1);
    MPI_Type_indexed(4, (int[]){2, 0, 1, 3}, (int[]){5, 1, 0, 9}, MPI_INT, &t);
    show("indexed", t, 2, 1);
    MPI_Type_indexed(3, (int[]){1, 1, 1}, (int[]){4, -2, 1}, MPI_SHORT, &t);
    show("indexed, before the start", t, 2, 1);
    MPI_Type_indexed(0, NULL, NULL, MPI_SHORT, &t);
    show("indexed of none", t, 2, 1);
    MPI_Type_create_hindexed(3, (int[]){2, 1, 1}, (MPI_Aint[]){30, 1, 11}, MPI_INT, &t);
    show("hindexed", t, 2, 1);
    MPI_Type_create_indexed_block(3, 2, (int[]){7, 0, 3}, MPI_SHORT, &t);
    show("indexed_block", t, 2, 1);
    MPI_Type_create_hindexed_block(3, 2, (MPI_Aint[]){17, 0, 9}, MPI_SHORT, &t);
    show("hindexed_block", t, 2, 1);
    show("struct", padded(), 3, 1);
    MPI_Type_create_struct(0, NULL, NULL, NULL, &t);
    show("struct of none", t, 3, 1);
    MPI_Type_create_struct(2, (int[]){0, 1}, (MPI_Aint[]){-100, 4},
                           (MPI_Datatype[]){MPI_DOUBLE, MPI_INT}, &t);
    show("struct with an empty part", t, 2, 1);
    MPI_Type_create_resized(MPI_INT, -3, 11, &t);
    show("resized", t, 3, 1);
    MPI_Type_create_resized(MPI_INT, 0, 2, &t);
    MPI_Type_create_resized(t, 0, 12, &u);
    MPI_Type_free(&t);
    show("resized twice", u, 3, 1);
    u = padded();
    MPI_Type_create_resized(u, 0, 32, &t);
    MPI_Type_free(&u);
    MPI_Type_vector(2, 2, 3, t, &u);
    MPI_Type_free(&t);
    show("vector of resized structs", u, 2, 1);
    u = padded();
    MPI_Type_create_hindexed(2, (int[]){1, 2}, (MPI_Aint[]){64, 0}, u, &t);
    MPI_Type_free(&u);
    MPI_Type_create_struct(2, (int[]){1, 3}, (MPI_Aint[]){200, 0},
                           (MPI_Datatype[]){t, MPI_UNSIGNED_CHAR}, &u);
    MPI_Type_free(&t);
    show("struct of hindexed structs", u, 1, 1);
    u = padded();
    MPI_Type_contiguous(2, u, &t);
    MPI_Type_free(&u);
    MPI_Type_dup(t, &u);
    MPI_Type_free(&t);
    show("dup of contiguous structs", u, 2, 1);
}

static void subarrays(void)
{
    static const int orders[] = {MPI_ORDER_C, MPI_ORDER_FORTRAN};
    MPI_Datatype t, row;
    for (int o = 0; o < 2; o++) {
        MPI_Type_create_subarray(1, (int[]){10}, (int[]){4}, (int[]){3}, orders[o], MPI_INT, &t);
        show("subarray of a line", t, 2, 1);
        MPI_Type_create_subarray(2, (int[]){4, 5}, (int[]){2, 3}, (int[]){1, 2}, orders[o],
                                 MPI_SHORT, &t);
        show("subarray of a plane", t, 2, 1);
        MPI_Type_create_subarray(3, (int[]){3, 4, 5}, (int[]){3, 1, 2}, (int[]){0, 3, 1}, orders[o],
                                 MPI_INT, &t);
        show("subarray of a cube", t, 1, 1);
        MPI_Type_create_subarray(2, (int[]){4, 5}, (int[]){4, 5}, (int[]){0, 0}, orders[o],
                                 MPI_SHORT, &t);
        show("subarray, all", t, 2, 1);
        row = padded();
        MPI_Type_create_subarray(2, (int[]){3, 2}, (int[]){2, 1}, (int[]){1, 1}, orders[o], row,
                                 &t);
        MPI_Type_free(&row);
        show("subarray of structs", t, 1, 1);
    }
}

// A count that does not fit in an int, of which nothing is touched.
static void large_counts(void)
{
    MPI_Datatype block, big;
    MPI_Count bytes, lb, extent, true_lb, true_extent;
    int word;
    MPI_Type_contiguous(1 << 30, MPI_DOUBLE, &block);
    MPI_Type_vector(4, 1, 3, block, &big);
    MPI_Type_commit(&big);
    MPI_Type_size_x(big, &bytes);
    MPI_Type_get_extent_x(big, &lb, &extent);
    MPI_Type_get_true_extent_x(big, &true_lb, &true_extent);
    MPI_Type_size(big, &word);
    say("large: %lld %lld %lld %lld %lld, as int undefined %d\n", (long long)bytes, (long long)lb,
        (long long)extent, (long long)true_lb, (long long)true_extent, word == MPI_UNDEFINED);
    MPI_Type_free(&big);
    MPI_Type_free(&block);
    MPI_Status status;
    MPI_Count many = 3000000000;
    memset(&status, 0, sizeof status);
    MPI_Status_set_elements_x(&status, MPI_SHORT, many);
    MPI_Get_elements_x(&status, MPI_SHORT, &many);
    MPI_Get_count(&status, MPI_SHORT, &word);
    say("status of many: %lld, as int undefined %d\n", (long long)many, word == MPI_UNDEFINED);
    // The constructors with large counts are MPI 4's: not in Open MPI 4.1.4.
    MPI_Count count = 5000000000, stride = 6000000000;
#if MPI_VERSION >= 4
    MPI_Count ni, na, nl, nd, numbers[2];
    int combiner;
    MPI_Datatype types[1];
    MPI_Type_contiguous_c(count, MPI_INT, &block);
    MPI_Type_get_envelope_c(block, &ni, &na, &nl, &nd, &combiner);
    MPI_Type_get_contents_c(block, ni, na, nl, nd, NULL, NULL, numbers, types);
    say("large contents: %s %d %d %d %d: %lld\n", combiner_name(combiner), (int)ni, (int)na,
        (int)nl, (int)nd, (long long)numbers[0]);
    MPI_Type_free(&block);
    MPI_Type_vector_c(3, count, stride, MPI_SHORT, &block);
    MPI_Type_get_extent_c(block, &lb, &extent);
    MPI_Type_size_c(block, &bytes);
    say("large vector: %lld %lld %lld\n", (long long)bytes, (long long)lb, (long long)extent);
    MPI_Type_free(&block);
    MPI_Type_create_hindexed_block_c(2, count, (MPI_Count[]){7 * stride, -stride}, MPI_CHAR,
                                     &block);
    MPI_Type_get_true_extent_c(block, &true_lb, &true_extent);
    MPI_Type_size_c(block, &bytes);
    say("large hindexed_block: %lld %lld %lld\n", (long long)bytes, (long long)true_lb,
        (long long)true_extent);
    MPI_Type_free(&block);
    MPI_Type_create_subarray_c(2, (MPI_Count[]){5, stride}, (MPI_Count[]){2, 3},
                               (MPI_Count[]){3, stride - 3}, MPI_ORDER_C, MPI_CHAR, &block);
    MPI_Type_get_true_extent_c(block, &true_lb, &true_extent);
    MPI_Type_get_extent_c(block, &lb, &extent);
    say("large subarray: extent %lld true %lld %lld\n", (long long)extent, (long long)true_lb,
        (long long)true_extent);
    MPI_Type_free(&block);
#else
    say("large contents: CONTIGUOUS 0 0 1 1: %lld\n", (long long)count);
    say("large vector: %lld 0 %lld\n", (long long)(3 * count * 2),
        (long long)(2 * (2 * stride + count)));
    say("large hindexed_block: %lld %lld %lld\n", (long long)(2 * count), (long long)-stride,
        (long long)(8 * stride + count));
    say("large subarray: extent %lld true %lld %lld\n", (long long)(5 * stride),
        (long long)(4 * stride - 3), (long long)(stride + 3));
#endif
}

static void addresses(void)
{
    struct {
        int a;
        double b[3];
        char c;
    } x = {1, {2, 3, 4}, 'c'}, y = {0, {0, 0, 0}, 0};
    MPI_Aint at[3], base;
    MPI_Datatype t;
    MPI_Status status;
    int n;
    MPI_Get_address(&x, &base);
    MPI_Get_address(&x.a, &at[0]);
    MPI_Get_address(&x.b, &at[1]);
    MPI_Get_address(&x.c, &at[2]);
    say("differences: %ld %ld %ld, back %d\n", (long)MPI_Aint_diff(at[0], base),
        (long)MPI_Aint_diff(at[1], base), (long)MPI_Aint_diff(at[2], base),
        MPI_Aint_add(base, MPI_Aint_diff(at[2], base)) == at[2]);
    // From absolute addresses to relative ones.
    MPI_Type_create_struct(3, (int[]){1, 3, 1}, at, (MPI_Datatype[]){MPI_INT, MPI_DOUBLE, MPI_CHAR},
                           &t);
    MPI_Type_commit(&t);
    MPI_Datatype relative;
    for (int i = 0; i < 3; i++) {
        at[i] = MPI_Aint_diff(at[i], base);
    }
    MPI_Type_create_struct(3, (int[]){1, 3, 1}, at, (MPI_Datatype[]){MPI_INT, MPI_DOUBLE, MPI_CHAR},
                           &relative);
    MPI_Type_commit(&relative);
    MPI_Sendrecv(MPI_BOTTOM, 1, t, rank, 3, &y, 1, relative, rank, 3, MPI_COMM_WORLD, &status);
    MPI_Get_elements(&status, relative, &n);
    say("from MPI_BOTTOM: %d %g %g %g %c, %d elements\n", y.a, y.b[0], y.b[1], y.b[2], y.c, n);
    y.a = 9;
    MPI_Sendrecv(&y, 1, relative, rank, 3, MPI_BOTTOM, 1, t, rank, 3, MPI_COMM_WORLD, &status);
    say("to MPI_BOTTOM: %d %g\n", x.a, x.b[2]);
    MPI_Type_free(&t);
    MPI_Type_free(&relative);
}

// How many elements a message has that ends within one.
static void partial(void)
{
    MPI_Datatype two, pair;
    MPI_Type_contiguous(2, MPI_INT, &two);
    MPI_Type_create_struct(2, (int[]){1, 1}, (MPI_Aint[]){0, 8},
                           (MPI_Datatype[]){MPI_SHORT, MPI_DOUBLE}, &pair);
    MPI_Type_commit(&two);
    MPI_Type_commit(&pair);
    char out[64] = {0}, in[64];
    for (int bytes = 0; bytes <= 24; bytes++) {
        MPI_Status status;
        int counts[3], elements[3];
        MPI_Datatype types[] = {MPI_INT, two, pair};
        MPI_Sendrecv(out, bytes, MPI_BYTE, rank, 4, in, 64, MPI_BYTE, rank, 4, MPI_COMM_WORLD,
                     &status);
        for (int i = 0; i < 3; i++) {
            MPI_Get_count(&status, types[i], &counts[i]);
            MPI_Get_elements(&status, types[i], &elements[i]);
            counts[i] = counts[i] == MPI_UNDEFINED ? -1 : counts[i];
            elements[i] = elements[i] == MPI_UNDEFINED ? -1 : elements[i];
        }
        say("%d bytes:", bytes);
        say_ints(counts, 3);
        say_ints(elements, 3);
        say("\n");
    }
    MPI_Type_free(&two);
    MPI_Type_free(&pair);
}

static void matching(void)
{
    MPI_Datatype t;
    MPI_Type_match_size(MPI_TYPECLASS_INTEGER, 4, &t);
    int bytes;
    MPI_Type_size(t, &bytes);
    say("matched integer %d", bytes);
    MPI_Type_match_size(MPI_TYPECLASS_REAL, 8, &t);
    MPI_Type_size(t, &bytes);
    say(" real %d", bytes);
    MPI_Type_match_size(MPI_TYPECLASS_COMPLEX, 16, &t);
    MPI_Type_size(t, &bytes);
    say(" complex %d\n", bytes);
    // MPI_Type_get_value_index is MPI 4.1's.
#if MPI_VERSION >= 4
    MPI_Datatype pair, none;
    MPI_Type_get_value_index(MPI_DOUBLE, MPI_INT, &pair);
    MPI_Type_get_value_index(MPI_CHAR, MPI_DOUBLE, &none);
    say("value_index: known %d, none %d\n", pair == MPI_DOUBLE_INT, none == MPI_DATATYPE_NULL);
#else
    say("value_index: known 1, none 1\n");
#endif
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    constructors();
    subarrays();
    large_counts();
    addresses();
    partial();
    matching();
    print_lines();
    MPI_Finalize();
    return 0;
}
