# SPDX-License-Identifier: MIT
# Makes the table and bench.json. Each file follows stage=operations, peers, classes or values, in this order.
function quote(text) {
    gsub(/["\\]/, "\\\\&", text)
    return "\"" text "\""
}

function object(operation, value, peer, peer_value) {
    return sprintf("{\"operation\": %s, \"capos\": %s, \"peer\": %s, \"peer_value\": %s, \"ratio\": %.4g}",
        quote(operation), value, quote(peer), peer_value, value / peer_value)
}

function classes_of(operation,    i, text) {
    for (i = 1; i <= class_count; i++)
        text = text sprintf(" %7s", (operation, i) in class ? class[operation, i] : "")
    return text
}

/^#/ { next }

# operations: OPERATION PROGRAM UNIT TARGET
stage == "operations" {
    unit[$1] = $3
    target[$1] = $4
    next
}

# peers: OPERATION VALUE UNIT PEER
stage == "peers" {
    peer = $0
    sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", peer)
    n = ++peers[$1]
    name[$1, n] = peer
    figure[$1, n] = $2
    peer_unit[$1, n] = $3
    next
}

# classes: OPERATION CLASS COUNT-OF-ONE-OPERATION
stage == "classes" {
    if (!($2 in class_number)) {
        class_number[$2] = ++class_count
        class_name[class_count] = $2
    }
    class[$1, class_number[$2]] = $3
    next
}

# values: OPERATION VALUE UNIT
{
    if (!heading++) {
        printf "%-22s %12s %14s %9s %8s  ", "operation", "capOS", "peer", "ratio", "target"
        for (i = 1; i <= class_count; i++)
            printf " %7s", class_name[i]
        print "   unit, peer"
    }
    if (!($1 in peers) || $3 != unit[$1] || $3 != peer_unit[$1, 1]) {
        print $1 ": no peer in " $3 >"/dev/stderr"
        bad = 1
        next
    }
    for (i = 1; i <= peers[$1]; i++) {
        ratio = $2 / figure[$1, i]
        met = i > 1 ? "" : ratio <= target[$1] ? target[$1] "  " : target[$1] " !"
        printf "%-22s %12s %14s %9.4g %8s  %s   %s, %s\n", i == 1 ? $1 : "", i == 1 ? $2 : "", figure[$1, i],
            ratio, met, classes_of(i == 1 ? $1 : ""), $3, name[$1, i]
        if (i == 1)
            rows = rows (rows == "" ? "" : ",\n  ") object($1, $2, name[$1, i], figure[$1, i])
        else
            others = others (others == "" ? "" : ",\n  ") object($1, $2, name[$1, i], figure[$1, i])
    }
}

END {
    printf "{\"rows\": [\n  %s],\n \"others\": [\n  %s]}\n", rows, others >json
    exit bad
}
