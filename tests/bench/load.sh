# SPDX-License-Identifier: MIT
# How much else the machine does while something is measured by the clock; sourced after row.sh by those who do. A
# figure that was taken beside other work is printed, but nobody is to judge by it.

# In hundredths of a second since the machine was started, of all its CPUs; stolen ones, too.
load_busy() {
    awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat 2>"$work/null"
}

# What this shell and its children have used, in the same unit. In the shell itself: another one has times of its own.
load_own() {
    times >"$work/times"
    own=$(awk '{ for (i = 1; i <= 2; i++) { split($i, part, /[ms]/); sum += part[1] * 60 + part[2] } }
        END { printf "%.0f", sum * 100 }' "$work/times")
}

load_begin() {
    load_own
    load_own_first=$own load_busy_first=$(load_busy) load_since=$(date +%s%N)
}

# load_end CPUS NAME...: says in $BENCH_RESULTS/unjudged why nobody can judge these, when other work took more than a
# tenth of a CPU since load_begin, or when there are less than CPUS.
load_end() {
    load_own
    reason=$(awk -v own=$((own - load_own_first)) -v first="$load_busy_first" -v last="$(load_busy)" \
        -v elapsed=$(($(date +%s%N) - load_since)) -v wanted="$1" -v there="$(getconf _NPROCESSORS_ONLN)" '
        BEGIN {
            if (wanted + 0 > there + 0)
                printf "wants %d CPUs, and there are %d", wanted, there
            else if (first == "" || last == "")
                print "nothing says how busy the machine is"
            else if ((others = (last - first - own) / (elapsed / 1e7)) > 0.1)
                printf "other work took %.2f of %d CPUs meanwhile", others, there
        }')
    shift
    [ -n "$reason" ] && [ -n "${BENCH_RESULTS:-}" ] || return 0
    for name; do
        echo "$name $reason" >>"$BENCH_RESULTS/unjudged"
    done
}
