# SPDX-License-Identifier: MIT
# Of headers that declare object types: a header that includes them and lists the types.
BEGIN {
    print "// Made of the headers of kernel/object by object_types.awk."
}
FNR == 1 {
    name = FILENAME
    sub(/^.*kernel\/object\//, "object/", name)
    print "#include \"" name "\""
}
/^extern const struct object_type / {
    declaring = 1
    sub(/^extern const struct object_type /, "")
}
declaring {
    declared = declared $0
    if (/;/) {
        sub(/;.*/, ",", declared)
        types = types declared
        declared = ""
        declaring = 0
    }
}
END {
    count = split(types, list, ",")
    print "static const struct object_type *const object_types[] = {"
    for (i = 1; i < count; i++) {
        gsub(/[ \t]/, "", list[i])
        print "    &" list[i] ","
    }
    print "    NULL,"
    print "};"
    print "enum { OBJECT_TYPES = " count - 1 " };"
}
