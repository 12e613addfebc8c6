# SPDX-License-Identifier: MIT
# Reads layers.rules, then every C file of a tree, and prints what breaks the rules, and include cycles.
# Variables: files = a file with the names of all of the tree's C files.

function add_list(set, key, text,    words, n, i) {
    n = split(text, words, " ")
    for (i = 1; i <= n; i++)
        set[key, words[i]] = 1
}

# The layer of a file: the longest rule that fits, then one folder per server.
function layer_of(name,    l, best, parts) {
    best = ""
    for (l in layers)
        if (index(name, l "/") == 1 && length(l) > length(best))
            best = l
    if (best == "servers") {
        split(name, parts, "/")
        if (parts[2] == "demo")
            return "servers/demo/" parts[3]
        return "servers/" parts[2]
    }
    return best
}

# The rule that a layer obeys.
function rule_of(layer) {
    return layer ~ /^servers\// ? "servers" : layer
}

function simplify(name) {
    sub(/^\.\//, "", name)
    while (name ~ /[^\/]+\/\.\.\//)
        sub(/[^\/]+\/\.\.\//, "", name)
    return name
}

# The tree's file that "name" means, or "" when there is none.
function resolve(from, name,    folder, i, candidate) {
    folder = from
    sub(/[^\/]*$/, "", folder)
    candidate = simplify(folder name)
    if (candidate in exists)
        return candidate
    for (i = 1; i <= searches; i++) {
        candidate = simplify(search[i] "/" name)
        if (candidate in exists)
            return candidate
    }
    return ""
}

function made_layer(name,    pattern) {
    for (pattern in made)
        if (name ~ pattern)
            return made[pattern]
    return ""
}

function say(message) {
    print FILENAME ":" FNR ": " message
}

function system_include(name) {
    if (name ~ /^capos\// && (("include/" name) in exists || made_layer(name) != ""))
        return
    if (("freestanding", rule_of(layer)) in allowed && !(("compiler-headers", name) in allowed))
        say("<" name "> in " layer ", which has no C library")
}

function own_include(name,    file, target) {
    file = resolve(FILENAME, name)
    target = file == "" ? made_layer(name) : layer_of(file)
    if (file == "" && target == "")
        say("\"" name "\" is no file of the tree and none that tests/lint/layers.rules says is made")
    else if (target != layer && !((rule_of(layer), target) in allowed))
        say(layer " must not include " (target == "" ? file : target) " (\"" name "\")")
    if (file != "")
        edge[FILENAME] = edge[FILENAME] " " file
}

function visit(name,    next_names, n, i) {
    state[name] = 1
    n = split(edge[name], next_names, " ")
    for (i = 1; i <= n; i++) {
        if (state[next_names[i]] == 1)
            print name ":1: includes " next_names[i] ", which includes it: a cycle"
        else if (state[next_names[i]] == 0)
            visit(next_names[i])
    }
    state[name] = 2
}

BEGIN {
    while ((getline line < files) > 0)
        exists[line] = 1
}

FILENAME ~ /layers\.rules$/ {
    if ($0 ~ /^#/ || $0 == "")
        next
    key = $0
    sub(/:.*/, "", key)
    text = $0
    sub(/^[^:]*:[ ]*/, "", text)
    if (key == "search") {
        searches = split(text, search, " ")
    } else if (key == "made") {
        n = split(text, words, " ")
        for (i = 1; i <= n; i++) {
            split(words[i], pair, "=")
            gsub(/\./, "\\.", pair[1])
            gsub(/\*/, ".*", pair[1])
            made["^" pair[1] "$"] = pair[2]
        }
    } else {
        add_list(allowed, key, text)
        if (key != "freestanding" && key != "compiler-headers")
            layers[key] = 1
    }
    next
}

FNR == 1 {
    layer = layer_of(FILENAME)
}

layer != "" && match($0, /^[ \t]*#[ \t]*include[ \t]*[<"][^>"]*/) {
    name = substr($0, RSTART, RLENGTH)
    angle = name ~ /</
    sub(/^[^<"]*[<"]/, "", name)
    if (angle)
        system_include(name)
    else
        own_include(name)
}

END {
    for (name in exists)
        if (state[name] == 0)
            visit(name)
}
