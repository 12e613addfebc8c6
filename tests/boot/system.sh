# SPDX-License-Identifier: MIT
# Shared by the tests that boot a system with servers. Source it after boot.sh.

# system_archive MANIFEST NAME=FILE...: makes $boot_work/archive of a manifest in YAML and programs.
system_archive() {
    system_manifest=$1
    shift
    system_programs=
    for program; do
        system_programs="$system_programs --program $program"
    done
    "$top_builddir/captool/captool" convert --to flat "$system_manifest" "$boot_work/manifest" &&
        "$top_builddir/captool/capos-mkimage" --archive-only --manifest "$boot_work/manifest" \
            $system_programs -o "$boot_work/archive"
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
