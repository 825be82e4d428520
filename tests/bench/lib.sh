# shellcheck shell=bash
# lib.sh - what the benchmarks share. To be sourced by bash, with the path of pm1 in $1.
#
#   b_tool NAME                    compiles NAME.c of this folder to $BIN/NAME
#   b_pm2                          installs PM2 and sets $PM2 to its command; whether that could be done
#   b_take WHAT WHO VALUE          notes one round's value
#   b_median WHAT WHO              the median of what was noted; - when nothing was
#   b_ratio WHAT WHO TO            the one over the other, as 1.23x; - when one is missing
#   b_row FORMAT CELLS...          a row of a table: first cell to the left, the others to the right

PM1=$(realpath "$1")
BENCH=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
BIN=$(dirname "$PM1")/bench
TOP=$(mktemp -d "${TMPDIR:-/tmp}/pm1-bench-XXXXXX")
export PM1_HOME=$TOP/home
export LC_ALL=C
mkdir -p "$BIN" "$TOP/values"
trap 'rm -rf "$TOP"' EXIT

b_tool() {
	local to=$BIN/$1
	[ "$to" -nt "$BENCH/$1.c" ] && [ -z "$(find "$BENCH" -name "*.h" -newer "$to")" ] && return
	"${CC:-gcc}" -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -O2 -static -o "$to" "$BENCH/$1.c"
}

b_has() {
	command -v "$1" >/dev/null && return
	printf 'without %s, which is not installed (make bench installs it)\n' "$1"
	return 1
}

# PM2 comes by npm alone, and only for this run.
b_pm2() {
	b_has npm || return
	mkdir -p "$TOP/npm"
	export PM2=$TOP/npm/node_modules/.bin/pm2
	timeout 180 npm install --prefix "$TOP/npm" --no-audit --no-fund --loglevel=error pm2 >"$TOP/npm/said" 2>&1 && return
	printf 'without PM2, which npm cannot install: %s\n' "$(tail -n 1 "$TOP/npm/said")"
	return 1
}

b_take() { printf '%s\n' "$3" >>"$TOP/values/$1.$2"; }

b_median() {
	[ -s "$TOP/values/$1.$2" ] || { echo -; return; }
	sort -g "$TOP/values/$1.$2" | awk '{ v[NR] = $1 }
		END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		      printf (m >= 100 ? "%.0f\n" : m >= 10 ? "%.1f\n" : "%.2f\n"), m }'
}

b_ratio() { b_over "$(b_median "$1" "$2")" "$(b_median "$1" "$3")"; }

b_over() { awk -v a="$1" -v b="$2" 'BEGIN { if (a == "-" || b == "-" || b + 0 == 0) print "-"; else printf "%.2fx\n", a / b }'; }

b_less() { awk -v a="$1" -v b="$2" 'BEGIN { if (a == "-" || b == "-") print "-"; else printf (a - b > 100 || b - a > 100 ? "%.0f\n" : "%.2f\n"), a - b }'; }

b_row() {
	printf '  %-34s' "$1"
	shift
	[ $# = 0 ] || printf '%12s' "$@"
	printf '\n'
}
