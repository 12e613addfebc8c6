# SPDX-License-Identifier: MIT
# Compares two lists of facts about the schemas (abi.awk), the locked one first, and prints each difference
# with its class: `addition` keeps every old program working, `incompatible` does not. man capos-abi(7).

# Has every number of a text grown or stayed, with the same number of them?
function grows(old, new,    a, b, i, n) {
    gsub(/[^0-9]+/, " ", old)
    gsub(/[^0-9]+/, " ", new)
    n = split(old, a, " ")
    if (split(new, b, " ") != n)
        return 0
    for (i = 1; i <= n; i++)
        if (b[i] + 0 < a[i] + 0)
            return 0
    return 1
}

function may_grow(key) {
    return key ~ / (size|maxLength)$/
}

# Is the fact one that restricts, or names, something that the other list has too? Then having it and not
# having it are both changes to what exists.
function about(key, facts,    thing) {
    thing = key
    return sub(/ (maxLength|name)$/, "", thing) && thing in facts
}

# The node's name, for people.
function named(key,    node) {
    node = key
    sub(/ .*/, "", node)
    return key " (" (node in now ? now[node] : locked[node]) ")"
}

BEGIN {
    FS = "\t"
    count = additions = 0
}

/^#/ || $0 == "" {
    next
}

FILENAME == ARGV[1] {
    locked[$1] = $2
    order[++count] = $1
    next
}

{
    now[$1] = $2
    if (!($1 in locked))
        added[++additions] = $1
}

END {
    for (i = 1; i <= count; i++) {
        key = order[i]
        if (!(key in now))
            print (key ~ / maxLength$/ && about(key, now) ? "addition: " : "incompatible: ") \
                named(key) ": '" locked[key] "' is gone"
        else if (now[key] != locked[key])
            print (may_grow(key) && grows(locked[key], now[key]) ? "addition: " : "incompatible: ") \
                named(key) ": was '" locked[key] "', is '" now[key] "'"
    }
    for (i = 1; i <= additions; i++)
        print (about(added[i], locked) ? "incompatible: " : "addition: ") \
            named(added[i]) ": '" now[added[i]] "'"
}
