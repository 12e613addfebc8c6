# SPDX-License-Identifier: MIT
# Boot tests whose init uses guest.h. Source it after boot.sh.
. "$top_srcdir/tests/boot/system.sh"

# guest_boot CPUS INIT PROGRAM...: boots a system of these files, INIT being its init, on the debug kernel and
# prints the TAP that the guest says; a program is called by its file's name. The status is the machine's.
# guest_timeout, in seconds, may be set (120); guest_arguments goes to capos-run, guest_parameters to the init,
# which reads them with guest_parameters().
guest_boot() {
    [ "${QEMU:-no}" != no ] || boot_plan 0
    guest_cpu_count=$1
    guest_programs="init=$2"
    shift 2
    for guest_file; do guest_programs="$guest_programs ${guest_file##*/}=$guest_file"; done
    {
        cat "$top_srcdir/tests/guest/guest.yaml"
        echo "messageOfTheDay: \"${guest_parameters-}\""
    } >"$boot_work/guest.yaml"
    # shellcheck disable=SC2086
    system_archive "$boot_work/guest.yaml" $guest_programs || {
        echo '1..1'
        echo 'not ok 1 - an archive of the programs'
        return 1
    }
    # shellcheck disable=SC2086
    "$boot_run" --headless --timeout "${guest_timeout:-120}" ${guest_arguments-} --direct \
        --smp "$guest_cpu_count" "$debug_kernel" "$boot_work/archive" </dev/null >"$boot_work/said" 2>&1
    guest_status=$?
    tr -d '\r' <"$boot_work/said" | sed '/^1\.\.[0-9]/b; /^ok /b; /^not ok /b; /^#/b; s/^/# /'
    return "$guest_status"
}
