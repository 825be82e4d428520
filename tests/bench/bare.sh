#!/usr/bin/env bash
# bare.sh PM1 - what a bare init costs beside tini, dumb-init, catatonit and none. ROUNDS (11) interleaved rounds, medians.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-11}
b_tool bare
b_tool floor

all=(none pm1)
for p in tini dumb-init catatonit; do
	b_has "$p" && all+=("$p")
done

# The command line of each, in `init`. -s where one isn't PID 1, for those that would complain.
line() {
	init=()
	case $1 in
	none) ;;
	floor) init=("$BIN/floor" init) ;;
	pm1) init=("$PM1" ${2:+"$2"} --) ;;
	tini) init=(tini ${2:+"$2"} --) ;;
	*) init=("$1" --) ;;
	esac
}

for _ in $(seq "$ROUNDS"); do
	for p in "${all[@]}"; do
		line "$p" -s
		b_take wall "$p" "$("$BIN/bare" wall 100 -- "${init[@]}" /bin/true)"
		line "$p"
		b_take signal "$p" "$("$BIN/bare" signal 120 -- "${init[@]}" "$BIN/bare")"
	done
	for p in "${all[@]/none/floor}"; do
		line "$p"
		b_take reap "$p" "$("$BIN/bare" reap 500 -- "${init[@]}" "$BIN/bare")"
	done
done

table() {
	local what=$1 none=$2 p own
	for p in "${all[@]/none/$none}"; do
		own=$(b_less "$(b_median "$what" "$p")" "$(b_median "$what" "$none")")
		b_row "$p" "$(b_median "$what" "$p")" "$own" "$(b_ratio "$what" "$p" "$none")" "$(b_ratio "$what" pm1 "$p")"
	done
}

printf '\nA bare init, medians of %s rounds\n\n' "$ROUNDS"
b_row 'init -- true, wall time' us 'over none' 'to none' 'pm1 to it'
table wall none
printf '\n'
b_row 'kill -TERM to handler, one CPU' us 'over none' 'to none' 'pm1 to it'
table signal none
printf '\n'
b_row 'CPU of PID 1 per orphan, one CPU' us 'over floor' 'to floor' 'pm1 to it'
table reap floor
