# SPDX-License-Identifier: MIT
# Makes the table and bench.json. Each file follows stage=NAME; in the order of the stages below.
function quote(text) {
    gsub(/["\\]/, "\\\\&", text)
    return "\"" text "\""
}

function object(operation, value, peer, peer_value) {
    return sprintf("{\"operation\": %s, \"capos\": %s, \"peer\": %s, \"peer_value\": %s, \"ratio\": %.4g}",
        quote(operation), value, quote(peer), peer_value, value / peer_value)
}

# The least of operation and of its peer, where they are known: "2/4", "2".
function classes_of(operation, key,    i, text, cell) {
    for (i = 1; i <= class_count; i++) {
        cell = (operation, i) in class ? class[operation, i] : ""
        if ((key, i) in peer_class && cell != "")
            cell = cell "/" peer_class[key, i]
        text = text sprintf(" %10s", cell)
    }
    return text
}

function class_index(name) {
    if (!(name in class_number)) {
        class_number[name] = ++class_count
        class_name[class_count] = name
    }
    return class_number[name]
}

function meets(ratio, wanted) {
    return wanted ~ /^>/ ? ratio >= substr(wanted, 2) + 0 : ratio <= wanted + 0
}

# What the ratio to the first peer says of the operation.
function verdict(operation, ratio) {
    if (operation in unjudged)
        return "not judged"
    return meets(ratio, target[operation]) ? "met" : "missed"
}

function print_heading(    i) {
    if (linux != "")
        print "Linux: " linux
    printf "%-24s %12s %14s %9s %8s %-10s %8s", "operation", "capOS", "peer", "ratio", "target", "", "wall"
    for (i = 1; i <= class_count; i++)
        printf " %10s", class_name[i]
    print "   unit, peer"
}

/^#/ { next }

# OPERATION PROGRAM UNIT TARGET
stage == "operations" {
    unit[$1] = $3
    target[$1] = $4
    next
}

# KEY VALUE, of this run
stage == "measured" {
    measured[$1] = $2
    next
}

# Which Linux was measured
stage == "linux" {
    linux = $0
    next
}

# OPERATION VALUE UNIT KEY PEER; - for a value that is only good in the same run
stage == "peers" && $2 == "-" && !($4 in measured) {
    alone[$1]
    next
}
stage == "peers" {
    peer = $0
    sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", peer)
    n = ++peers[$1]
    key[$1, n] = $4
    figure[$1, n] = $4 in measured ? measured[$4] : $2
    name[$1, n] = peer ($4 in measured ? "" : " (not measured in this run)")
    peer_unit[$1, n] = $3
    next
}

# OPERATION CLASS COUNT-OF-ONE-OPERATION
stage == "classes" {
    class[$1, class_index($2)] = $3
    next
}

# KEY CLASS COUNT-OF-ONE-OPERATION
stage == "peer_classes" {
    peer_class[$1, class_index($2)] = $3
    next
}

# OPERATION RATIO
stage == "wall" {
    wall[$1] = $2
    next
}

# OPERATION REASON, or of the wall column
stage == "unjudged" {
    unjudged[$1] = substr($0, length($1) + 2)
    next
}

# values: OPERATION VALUE UNIT
{
    if (!heading++)
        print_heading()
    if (!($1 in peers) && $1 in alone) {
        printf "%-24s %12s %14s   %s, and no peer was measured beside it\n", $1, $2, "", $3
        next
    }
    if (!($1 in peers) || $3 != unit[$1] || $3 != peer_unit[$1, 1]) {
        print $1 ": no peer in " $3 >"/dev/stderr"
        bad = 1
        next
    }
    printed[$1]
    for (i = 1; i <= peers[$1]; i++) {
        ratio = $2 / figure[$1, i]
        printf "%-24s %12s %14s %9.4g %8s %-10s %8s%s   %s, %s\n", i == 1 ? $1 : "", i == 1 ? $2 : "",
            figure[$1, i], ratio, i == 1 ? target[$1] : "", i == 1 ? verdict($1, ratio) : "",
            i == 1 ? wall[$1] : "", classes_of(i == 1 ? $1 : "", key[$1, i]), $3, name[$1, i]
        if (i == 1)
            rows = rows (rows == "" ? "" : ",\n  ") object($1, $2, name[$1, i], figure[$1, i])
        else
            others = others (others == "" ? "" : ",\n  ") object($1, $2, name[$1, i], figure[$1, i])
    }
}

END {
    for (operation in unjudged)
        if (operation in printed || operation == "wall")
            print "not judged: " operation ": " unjudged[operation]
    printf "{\"rows\": [\n  %s],\n \"others\": [\n  %s]}\n", rows, others >json
    exit bad
}
