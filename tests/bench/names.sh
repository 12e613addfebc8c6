# SPDX-License-Identifier: MIT
# Names for addresses of code; sourced after guest.sh by profile and trace. The bench's programs lie at addresses of
# their own each, so an address says whose it is.
names_binaries="$kernel $programs/bench $programs/minimal $programs/other $programs/parker"

# names_linked FIELD: the lines of standard input with the address in this field as it was linked. The kernel lies at
# a random multiple of 2 MiB, and is smaller.
names_linked() {
    awk -v field="$1" -v linked="$(nm "$kernel" | sed -n 's/ . image_start$//p')" '
        function digit(address) { return index("0123456789abcdef", substr(address, 11, 1)) - 1 }
        BEGIN { first = digit(linked) - digit(linked) % 2 }
        $field ~ /^ffffffff/ {
            which = first + digit($field) % 2
            $field = substr(linked, 1, 10) substr("0123456789abcdef", which + 1, 1) substr($field, 12)
        }
        { print }'
}

# names_of FILE: for each line of FILE, ADDRESS b, prints ADDRESS BINARY FUNCTION, where FUNCTION is a symbol, and after
# it, with ">" between them, the functions that are inlined there, the innermost last.
names_of() {
    for binary in $names_binaries; do
        nm -C "$binary" | awk -v binary="${binary##*/}" '$2 ~ /^[tTwW]$/ { print $1, "a", binary, $3 }'
    done | cat - "$1" | sort | awk '$2 == "a" { place = $3 " " $4; next } { print $1, place }' >"$work/places"
    for binary in $names_binaries; do
        awk -v binary="${binary##*/}" '$2 == binary { print $1 }' "$work/places" |
            addr2line -a -f -i -C -e "$binary" | awk '
                function out() { if (address != "") print address, chain }
                /^0x/ { out(); address = substr($0, 3); chain = last = ""; next }
                # Of pairs of lines, function and place, the innermost comes first; the outermost is the symbol.
                { if (last != "") chain = ">" last chain; last = $0; getline }
                END { out() }'
    done >"$work/inlined"
    awk 'FILENAME == ARGV[1] { chain[$1] = $2; next } { print $0 chain[$1] }' "$work/inlined" "$work/places"
}
