# SPDX-License-Identifier: MIT
# Reads what `capnp compile -ocapnp` prints of the schemas and writes what of it must not change: one fact
# per line, KEY, a tab and VALUE. Keys begin with the id of the node that the fact is about. Sizes and
# maxLength are the only facts that may grow.

function fact(key, value) {
    gsub(/import "\/?/, "", value)
    gsub(/\.capnp"\./, ".capnp:", value)
    print key "\t" value
}

# Splits a line at the first `mark` outside of quotes and parentheses. The rest is left in `after`.
function split_at(text, mark,    i, c, depth, quoted) {
    depth = quoted = 0
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (quoted) {
            if (c == "\\")
                i++
            else if (c == "\"")
                quoted = 0
        } else if (c == "\"") {
            quoted = 1
        } else if (depth == 0 && substr(text, i, length(mark)) == mark) {
            after = substr(text, i + length(mark))
            return substr(text, 1, i - 1)
        } else if (c == "(" || c == "[") {
            depth++
        } else if (c == ")" || c == "]") {
            depth--
        }
    }
    after = ""
    return text
}

# Takes the annotations off a declaration; those that callers notice become facts about `key`.
function bare(key, text,    declaration, annotation) {
    declaration = split_at(text, " $")
    while (after != "") {
        annotation = split_at(after, " $")
        if (match(annotation, /(^|\.)(maxLength|name)\(/)) {
            sub(/^.*"\./, "", annotation)
            sub(/\)$/, "", annotation)
            split(annotation, pair, "(")
            fact(key " " pair[1], pair[2])
        }
    }
    return declaration
}

# A list of parameters or results: (a :T, b :U), or the name of a struct.
function parameters(key, text,    i, item, rest) {
    if (text !~ /^\(/) {
        fact(key, text)
        return
    }
    rest = substr(text, 2, length(text) - 2)
    for (i = 0; rest != ""; i++) {
        item = split_at(rest, ", ")
        rest = after
        fact(key " " i, bare(key " " i, item))
    }
}

function method(key, name, text,    params, results) {
    text = bare(key, text)
    params = split_at(text, " -> ")
    results = after
    fact(key, name)
    parameters(key " param", params)
    parameters(key " result", results)
}

function push(new_kind, new_id, new_path) {
    depth++
    kind[depth] = new_kind
    id[depth] = new_id
    path[depth] = new_path
}

function node(word, rest,    name, number) {
    name = rest
    sub(/ .*/, "", name)
    number = rest
    sub(/^[^ ]* @/, "", number)
    sub(/[ ;].*/, "", number)
    rest = substr(rest, length(name) + length(number) + 4)
    name = (path[depth] == "" ? "" : path[depth] ".") name
    fact(number, word " " file ":" name)
    if (word == "const")
        fact(number " value", bare(number, rest))
    if (word == "struct" && match(comment, /[0-9]+ bytes, [0-9]+ ptrs/))
        fact(number " size", substr(comment, RSTART, RLENGTH))
    if (match(rest, /superclasses\([^)]*\)/)) {
        n = split(substr(rest, RSTART + 13, RLENGTH - 14), supers, ", ")
        for (i = 1; i <= n; i++)
            fact(number " extends " supers[i], "")
    }
    if (word ~ /^(struct|enum|interface)$/)
        push(word, number, name)
}

# `group` holds the names of the groups around a field.
function member(name, ordinal, rest,    key) {
    if (kind[depth] == "interface") {
        method(id[depth] " method " ordinal, name, rest)
    } else if (kind[depth] == "enum") {
        bare(id[depth] " enumerant " ordinal, rest)
        fact(id[depth] " enumerant " ordinal, name)
    } else {
        key = id[depth] " field " ordinal
        fact(key, group[depth] name " " bare(key, rest) " " comment)
    }
}

{
    sub(/^ +/, "")
}

/^# .*\.capnp$/ {
    file = substr($0, 3)
    depth = 0
    path[0] = ""
    next
}

/^@0x/ {
    number = substr($0, 2, length($0) - 2)
    fact(number, "file " file)
    next
}

/^\$.*\.prefix\("/ {
    sub(/^.*\.prefix\("/, "")
    sub(/"\);$/, "")
    fact(number " prefix", $0)
    next
}

/^\$/ {
    next
}

/^}/ {
    depth--
    next
}

{
    line = split_at($0, "  # ")
    comment = after
    sub(/;$/, "", line)
    opens = line ~ / \{$/
    sub(/ \{$/, "", line)
}

line ~ /^(struct|enum|interface|const|annotation) / {
    word = line
    sub(/ .*/, "", word)
    node(word, substr(line, length(word) + 2))
    if (word != "const" && word != "annotation")
        group[depth] = ""
    next
}

line == "union" {
    fact(id[depth] " union " group[depth], comment)
    push(kind[depth], id[depth], path[depth])
    group[depth] = group[depth - 1]
    next
}

opens && line ~ /^[A-Za-z0-9]+ :group/ {
    name = line
    sub(/ .*/, "", name)
    fact(id[depth] " group " group[depth] name, comment)
    push(kind[depth], id[depth], path[depth])
    group[depth] = group[depth - 1] name "."
    next
}

line ~ /^[A-Za-z0-9]+ @[0-9]+/ {
    name = line
    sub(/ .*/, "", name)
    ordinal = line
    sub(/^[^@]*@/, "", ordinal)
    sub(/[^0-9].*/, "", ordinal)
    rest = substr(line, length(name) + length(ordinal) + 3)
    if (rest !~ /^ \$/) # what follows, without the blank before it, unless that marks an annotation
        sub(/^ /, "", rest)
    member(name, ordinal, rest)
    next
}

{
    print "line " FNR " is not understood: " $0 >"/dev/stderr"
    exit 1
}
