# SPDX-License-Identifier: MIT
# What the row programs in rows/ share; sourced by them. A row program prints one line, OPERATION VALUE UNIT,
# and exits 0; or says on standard output why it cannot measure yet and exits 77; or fails.
# The environment has top_srcdir and top_builddir.
set -eu
LC_ALL=C
export LC_ALL
: "${top_srcdir:?}" "${top_builddir:?}"
bench=$top_srcdir/tests/bench
run=$top_builddir/captool/capos-run
iso=$top_builddir/capos.iso
kernel=$top_builddir/kernel/capos.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Instructions as time: every run is the same run.
icount='--cpu qemu64 --qemu -icount --qemu shift=0,sleep=off --qemu -rtc --qemu base=2026-01-01,clock=vm
--qemu -seed --qemu 1'

later() { # REASON
    echo "$1"
    exit 77
}

need() { # FILE...
    for file; do
        [ -e "$file" ] || later "there is no ${file#"$top_builddir"/}"
    done
}

# guest SECONDS ARGUMENT...: boots to the prompt; false when it does not come in time.
guest() {
    limit=$1
    shift
    timeout -k 5 $((limit + 5)) "$run" --headless --timeout "$limit" --expect "$bench/prompt.expect" "$@" \
        >"$work/log" 2>&1 </dev/null
}

# bench_classes REPORTS CLASSES: how many instructions of each class one operation takes, NAME CLASS COUNT, of a
# guest's reports and what profile.c wrote meanwhile. Its rows come in the order of the reports.
bench_classes() {
    awk '
        FILENAME == ARGV[1] && $1 == "bench" { name[n++] = $2; operations[$2] = $5 }
        $1 == "row" { row = name[$2]; samples = $3 }
        $1 == "class" && $2 ~ /^(cr3|syscall|iret|wrmsr|locked|rep)$/ {
            count = $3 / samples / operations[row]
            places = count >= 100 || count - int(count) < 0.005 ? 0 : 2
            printf("%s %s %.*f\n", row, $2, places, count)
        }' "$@"
}

# speedup_row ROW REPORTS: the row speedup_Ncpu (processes) or speedup_Ncpu_threads of a guest's reports.
speedup_row() {
    awk -v row="$1" '
        BEGIN {
            split(row, part, /_|cpu/)
            kind = row ~ /_threads$/ ? "threads" : "processes"
        }
        $1 == "speedup" && $2 == kind { took[$3] = $4 }
        END { if (took[1] && took[part[2]]) printf "%s %.2f times\n", row, took[1] / took[part[2]] }' "$2"
}

# The last words of a boot that should have worked.
fail() { # MESSAGE
    echo "$1" >&2
    [ ! -e "$work/log" ] || tail -n 20 "$work/log" >&2
    exit 1
}
