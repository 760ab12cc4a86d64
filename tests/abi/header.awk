# SPDX-License-Identifier: MIT
# Turns the tables of the ABI into a program that does not compile, or fails when run, unless mpi.h
# says the same. Run by check-header.sh:
#   awk -v part=constants -f header.awk functions.tsv constants.tsv callbacks.tsv
#   awk -v part=functions -f header.awk ...
# The first is to be compiled and run, the second only to be compiled: it takes the address of every
# function.

BEGIN {
    FS = "\t"
    print "#include \"mpi.h\""
    print "#include <stddef.h>"
    print "#include <stdint.h>"
    print "#include <stdio.h>"
    # SAME(value, type): whether an expression has exactly this type.
    print "#ifdef __cplusplus"
    print "template <class A, class B> struct same { enum { value = 0 }; };"
    print "template <class A> struct same<A, A> { enum { value = 1 }; };"
    print "#define SAME(v, ...) same<__typeof__(v), __VA_ARGS__>::value"
    print "extern \"C\" {"
    print "#else"
    print "#define SAME(v, ...) __builtin_types_compatible_p(__typeof__(v), __VA_ARGS__)"
    print "#endif"
    # An assertion that C99 and C++98 know too.
    print "#define ASSERT(name, what) struct assert_##name { char holds[(what) ? 1 : -1]; }"
    print "int main(void);"
    print "int checked, wrong;"
    print "void check(const char *name, intptr_t is, intptr_t must);"
    print "void check(const char *name, intptr_t is, intptr_t must) {"
    print "    checked++;"
    print "    if (is == must) return;"
    print "    printf(\"%s is %ld, must be %ld\\n\", name, (long)is, (long)must);"
    print "    wrong++;"
    print "}"
}

FNR == 1 { table++; next } # the heading

# Functions: the header's is of the table's type, under both names.
table == 1 {
    functions++
    if (part != "functions") next
    for (p = 0; p < 2; p++) {
        name = (p ? "P" : "") $1
        printf "%s (*address_of_%s)(%s) = %s;\n", $2, name, $3, name
        printf "%s %s(%s);\n", $2, name, $3
    }
}

# Constants. Those of type int are usable where C wants a constant expression, and are macros, so
# that #ifdef finds them, but for those of the two enum types. Handles and addresses may start a
# static variable.
table == 2 {
    constants++
    if (part != "constants") next
    name = $1; type = $2; value = $3
    enumerated = name ~ /^MPI_T_(CB_REQUIRE_.*|SOURCE_(UN)?ORDERED)$/
    if (!enumerated) {
        printf "#ifndef %s\n#error \"%s is not a macro\"\n#endif\n", name, name
    }
    if (type == "alias") {
        printf "ASSERT(%s, SAME(%s, __typeof__(%s)));\n", name, name, value
        body[constants] = "check(\"" name "\", (intptr_t)" name ", (intptr_t)" value ");"
        next
    }
    if (type == "int") {
        printf "ASSERT(%s, (%s) == (%s));\n", name, name, value
        if (!enumerated) printf "ASSERT(type_%s, SAME(%s, int));\n", name, name
    } else {
        printf "ASSERT(%s, SAME(%s, %s));\n", name, name, type
        printf "static %s const start_%s = %s;\n", type, name, name
        body[constants] = "check(\"start_" name "\", (intptr_t)start_" name ", " value ");"
    }
    body[constants] = body[constants] " check(\"" name "\", (intptr_t)(" name "), " value ");"
}

table == 3 {
    callbacks++
    if (part != "functions") next
    printf "typedef %s check_%s(%s);\n", $2, $1, $3
    printf "check_%s *same_%s(%s *p);\n", $1, $1, $1
    printf "check_%s *same_%s(%s *p) { return p; }\n", $1, $1, $1
}

END {
    # The whole of each table was read.
    printf "ASSERT(functions, %d == 664);\n", functions
    printf "ASSERT(constants, %d == 365);\n", constants
    printf "ASSERT(callbacks, %d == 23);\n", callbacks

    # What the tables do not say: the types of chapter 20.
    print "ASSERT(aint, sizeof(MPI_Aint) == sizeof(void *) && (MPI_Aint)-1 < 0);"
    print "ASSERT(count, sizeof(MPI_Count) == 8 && (MPI_Count)-1 < 0);"
    print "ASSERT(offset, sizeof(MPI_Offset) == 8 && (MPI_Offset)-1 < 0);"
    print "ASSERT(fint, sizeof(MPI_Fint) == sizeof(int));"
    print "ASSERT(status, sizeof(MPI_Status) == 8 * sizeof(int));"
    print "ASSERT(status_source, offsetof(MPI_Status, MPI_SOURCE) == 0);"
    print "ASSERT(status_tag, offsetof(MPI_Status, MPI_TAG) == sizeof(int));"
    print "ASSERT(status_error, offsetof(MPI_Status, MPI_ERROR) == 2 * sizeof(int));"
    print "ASSERT(status_internal, offsetof(MPI_Status, MPI_internal) == 3 * sizeof(int));"
    print "ASSERT(cb_safety, sizeof(MPI_T_cb_safety) == sizeof(int));"
    print "ASSERT(source_order, sizeof(MPI_T_source_order) == sizeof(int));"
    n = split("Comm Datatype Errhandler File Group Info Message Op Request Session Win", handles, " ")
    for (i = 1; i <= n; i++)
        printf "ASSERT(%s, SAME(MPI_%s, struct MPI_ABI_%s *));\n", handles[i], handles[i], handles[i]

    print "int main(void) {"
    for (i = 1; i <= constants; i++) if (i in body) print "    " body[i]
    print "    printf(\"%d values checked, %d wrong\\n\", checked, wrong);"
    print "    return wrong != 0;"
    print "}"
    print "#ifdef __cplusplus\n}\n#endif"
}
