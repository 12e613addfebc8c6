#!/bin/sh
# SPDX-License-Identifier: MIT
# methods.sh ABI-LOCK: writes figures_methods (figures.h), every method of every interface of the schemas that is
# not a demonstration's, as C.
exec awk -F '\t' '
    BEGIN {
        print "// Made by tests/stress/methods.sh. Do not edit."
        print "#include \"tests/stress/figures.h\"\n"
        print "#include <stddef.h>\n"
        print "const struct figures_method figures_methods[] = {"
    }
    $2 ~ /^interface / {
        id = $1
        name = $2
        sub(/^interface /, "", name)
        wanted = id ~ /^0x/ && name !~ /^demo\//
        sub(/.*[:.]/, "", name)
        next
    }
    wanted && $1 ~ ("^" id " method [0-9]+$") {
        split($1, word, " ")
        printf "    {UINT64_C(%s), %d, \"%s.%s\"},\n", id, word[3], name, $2
    }
    END { print "    {0, 0, NULL},\n};" }
' "$1"
