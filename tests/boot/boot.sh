# SPDX-License-Identifier: MIT
# Shared by the tests that boot: TAP, and running one machine. Source it; call boot_plan first.

top_builddir=$(cd "$top_builddir" && pwd)
kernel=$top_builddir/kernel/capos.elf
debug_kernel=$top_builddir/kernel/capos-debug.elf
boot_run=$top_builddir/captool/capos-run
boot_number=0
# The numbers of processors that most of them run on; smp.tap has others, as many.
boot_cpus=${boot_cpus:-1 4}
boot_work=$(mktemp -d "${TMPDIR:-/tmp}/capos-boot.XXXXXX") || exit 99
trap 'rm -rf "$boot_work"' EXIT
trap 'exit 99' HUP INT TERM

# boot_plan N: or skip everything where nothing can be booted.
boot_plan() {
    if [ "${QEMU:-no}" = no ]; then
        echo '1..0 # SKIP qemu-system-x86_64 is not installed'
        exit 0
    fi
    echo "1..$1"
}

# boot_ok STATUS NAME: one test; what the last machine said follows one that failed.
boot_ok() {
    boot_number=$((boot_number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $boot_number - $2"
    else
        echo "not ok $boot_number - $2"
        [ ! -f "$boot_work/said" ] || sed 's/^/# /' "$boot_work/said"
    fi
}

# boot STATUS ARGUMENT...: runs a machine to its end, within 60 s; true when it ends with STATUS.
boot() {
    boot_status=$1
    shift
    "$boot_run" --headless --timeout 60 "$@" </dev/null >"$boot_work/said" 2>&1
    boot_got=$?
    [ "$boot_got" = "$boot_status" ] || echo "ended with status $boot_got" >>"$boot_work/said"
    [ "$boot_got" = "$boot_status" ]
}

# said REGEX: the last machine said a line that matches.
said() {
    tr -d '\r' <"$boot_work/said" | grep -Eq "$1"
}
