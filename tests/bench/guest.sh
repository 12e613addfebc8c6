# SPDX-License-Identifier: MIT
# The measuring guest; sourced after row.sh, by the row program guest and by profile.
mkimage=$top_builddir/captool/capos-mkimage
programs=$top_builddir/tests/bench/bin

# guest_image ROW...: makes $work/bench.iso, which measures these rows, or all if none is named.
guest_image() {
    need "$run" "$mkimage" "$programs/bench" "$programs/other"
    sed "s/^messageOfTheDay: .*/messageOfTheDay: \"$*\"/" "$bench/bench.yaml" >"$work/bench.yaml"
    "$mkimage" --kernel "$kernel" --bin "$top_builddir/servers/bin" --bin "$programs" -o "$work/bench.iso" \
        "$work/bench.yaml" >"$work/log" 2>&1 || fail 'the image was not made'
}

# guest_run ARGUMENT...: boots it, with further arguments of capos-run; what it measured is on standard output.
guest_run() {
    timeout -k 5 305 "$run" --headless --timeout 300 --direct "$@" "$work/bench.iso" >"$work/log" 2>&1 \
        </dev/null || fail 'the measuring system did not end well'
    tr -d '\r' <"$work/log" | grep '^bench ' || fail 'nothing was measured'
}
