# SPDX-License-Identifier: MIT
# What the lints share; sourced by the .tap scripts here. A lint defines `check ROOT`, which prints one
# line per finding (FILE:LINE: what is wrong) about the tree in ROOT and nothing when all is well. It
# first shows on planted trees that it can fail (lint_plant, lint_finds, lint_accepts), then looks at
# the real tree (lint_tree).
set -u
LC_ALL=C
export LC_ALL
# Run by hand a lint needs nothing from configure.
: "${top_builddir:=$top_srcdir/build}" "${AWK:=awk}" "${CLANG_FORMAT:=clang-format}" "${MANDOC:=mandoc}"
lint_dir=$(mktemp -d)
trap 'rm -rf "$lint_dir"' EXIT
trap 'exit 1' HUP INT TERM
lint_count=0
planted=$lint_dir/tree
mkdir "$planted"

# lint_files ROOT [PATTERN...]: the tree's own files, one per line, relative to ROOT: what git knows and
# what it would add, or (in an unpacked archive) all that no build made. Patterns are those of find -path.
lint_files() {
    (
        cd "$1" || exit 1
        shift
        if [ -e .git ]; then
            git ls-files -co --exclude-standard | while IFS= read -r file; do
                if [ -f "$file" ]; then printf './%s\n' "$file"; fi
            done
        else
            find . \( -name 'build*' -o -name '_*' -o -name autom4te.cache -o -name .git \) \
                -type d -prune -o -type f ! -name configure ! -name Makefile.in ! -name aclocal.m4 \
                ! -name '*.capos.[ch]' ! -name '*~' -print
        fi | sed 's|^\./||' | sort | {
            if [ $# = 0 ]; then cat; else lint_select "$@"; fi
        }
    )
}

# lint_select PATTERN...: of the names on standard input those that match one of the patterns.
lint_select() {
    while IFS= read -r lint_name; do
        for lint_pattern; do
            # shellcheck disable=SC2254
            case "$lint_name" in
            $lint_pattern)
                printf '%s\n' "$lint_name"
                break
                ;;
            esac
        done
    done
}

# lint_scripts ROOT: the tree's files that begin with #!.
lint_scripts() {
    lint_files "$1" | (cd "$1" && xargs -r "$AWK" 'FNR == 1 && /^#!/ { print FILENAME } FNR == 1 { nextfile }')
}

# lint_plant FILE: standard input becomes FILE of the planted tree.
lint_plant() {
    mkdir -p "$planted/$(dirname "$1")"
    cat >"$planted/$1"
}

lint_clear() {
    rm -rf "$planted"
    mkdir "$planted"
}

lint_result() { # STATUS DESCRIPTION
    lint_count=$((lint_count + 1))
    if [ "$1" = 0 ]; then echo "ok $lint_count - $2"; else echo "not ok $lint_count - $2"; fi
}

# lint_finds REGEX DESCRIPTION: the check must find this (an extended regular expression) in the planted
# tree, which is cleared afterwards.
lint_finds() {
    check "$planted" >"$lint_dir/out" 2>&1
    grep -Eq -- "$1" "$lint_dir/out"
    lint_status=$?
    if [ "$lint_status" != 0 ]; then
        echo "# wanted: $1"
        sed 's/^/# got: /' "$lint_dir/out"
    fi
    lint_result "$lint_status" "finds $2"
    lint_clear
}

# lint_accepts DESCRIPTION: the check must find nothing in the planted tree, which is cleared afterwards.
lint_accepts() {
    check "$planted" >"$lint_dir/out" 2>&1
    sed 's/^/# got: /' "$lint_dir/out"
    test ! -s "$lint_dir/out"
    lint_result $? "accepts $1"
    lint_clear
}

# lint_tree DESCRIPTION: the check of the real tree, and the plan.
lint_tree() {
    {
        # A list of files that lacks the best known one would make every check pass.
        lint_files "$top_srcdir" configure.ac | grep -q . || echo "cannot list the files of $top_srcdir"
        check "$top_srcdir"
    } >"$lint_dir/out" 2>&1
    sed 's/^/# /' "$lint_dir/out"
    test ! -s "$lint_dir/out"
    lint_result $? "$1"
    echo "1..$lint_count"
}

# lint_skip REASON: for a lint that cannot run here.
lint_skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
