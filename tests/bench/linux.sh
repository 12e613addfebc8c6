# SPDX-License-Identifier: MIT
# The Linux guest; sourced after row.sh by those who measure peers.
linux_guest=$top_builddir/tests/bench/linux

# linux_need FLAVOUR: finds the kernel linux or linux-cloud in the tools cache, as $linux_kernel, and builds the
# guest's programs. When that cannot be done, what is measured is left out.
linux_need() {
    linux_cache=$("$bench/fetch" --path)/$1
    linux_kernel=$(echo "$linux_cache"/boot/vmlinuz-*)
    [ -e "$linux_kernel" ] || later "Linux is not in the tools cache (make fetch)"
    "$bench/linux/build" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        later 'the Linux guest cannot be built'
    }
    [ -e "$linux_guest/initrd.cpio" ] || fail 'the Linux guest was not built'
    cat "$work/log" >&2
}

# The same; false when it cannot be done.
linux_there() {
    (linux_need "$1") >"$work/null" 2>&1 && linux_need "$1"
}

# Says which Linux it is.
linux_name() {
    name=${linux_kernel##*/vmlinuz-}
    echo "$name $(tr '\n' ' ' <"$linux_cache/version")" | sed 's/ pinned $//; s/ offered $/, not the one that is pinned/'
}

# linux_run MODE SECONDS ARGUMENT...: boots it with bench=MODE and further arguments of QEMU; what it said is on
# standard output. False when it did not come to its end.
linux_run() {
    mode=$1 limit=$2
    shift 2
    timeout -k 5 "$limit" "${QEMU:-qemu-system-x86_64}" -accel tcg -cpu qemu64 -nodefaults -display none -serial stdio \
        -no-reboot "$@" </dev/null >"$work/linux" 2>&1 || return
    tr -d '\r' <"$work/linux" | grep -aE '^(init|bench|speedup|failed|done)'
    grep -aq '^done' "$work/linux"
}

# The same from the kernel's file, which is exact with $linux_icount.
linux_direct() { # MODE SECONDS ARGUMENT...
    mode=$1 limit=$2
    shift 2
    initrd=initrd
    [ "$mode" = rows ] || initrd=boot
    linux_run "$mode" "$limit" -kernel "$linux_kernel" -initrd "$linux_guest/$initrd.cpio" \
        -append "console=ttyS0 quiet nokaslr panic=-1 bench=$mode" "$@"
}

# linux_iso FILE: an image that boots it by GRUB, with bench=boot. False when none can be made.
linux_iso() {
    mkdir -p "$work/iso/boot/grub"
    cp "$linux_kernel" "$work/iso/boot/vmlinuz"
    cp "$linux_guest/boot.cpio" "$work/iso/boot"
    cat >"$work/iso/boot/grub/grub.cfg" <<END
set timeout=0
linux /boot/vmlinuz console=ttyS0 quiet nokaslr bench=boot
initrd /boot/boot.cpio
boot
END
    grub-mkrescue -o "$1" "$work/iso" >"$work/log" 2>&1
}
linux_icount='-icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm -seed 1 -smp 1 -m 256'
