# SPDX-License-Identifier: MIT
# Shared by the tests that boot a system with servers. Source it after boot.sh.

# system_archive MANIFEST NAME=FILE...: makes $boot_work/archive of a manifest in YAML and programs; those that the
# manifest does not name are added to it, after init.
system_archive() {
    cp "$1" "$boot_work/system.yaml" && mkdir -p "$boot_work/bin" || return 1
    shift
    for program; do
        name=${program%%=*}
        cp "${program#*=}" "$boot_work/bin/$name" || return 1
        grep -q "^  - name: $name\$" "$boot_work/system.yaml" ||
            sed -i "s/^  - name: init\$/&\\
  - name: $name/" "$boot_work/system.yaml" || return 1
    done
    "$top_builddir/captool/capos-mkimage" --archive-only --bin "$boot_work/bin" -o "$boot_work/archive" \
        "$boot_work/system.yaml"
}

# session SCRIPT ARGUMENT...: one test, a session with the debug kernel and the archive.
session() {
    session_script=$1
    shift
    session_name="$session_script $*"
    "$boot_run" --timeout 120 "$@" --expect "$top_srcdir/tests/boot/$session_script" --direct "$debug_kernel" \
        "$boot_work/archive" </dev/null >"$boot_work/said" 2>&1
    boot_ok $? "$session_name"
}
