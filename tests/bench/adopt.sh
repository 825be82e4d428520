#!/usr/bin/env bash
# adopt.sh PM1 - what the seccomp filter of listen_adopt costs a program's other system calls. ROUNDS (7) interleaved rounds, medians.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-7}
b_tool syscalls

run() {
	cat >"$TOP/$1.ini" <<-INI
	[pm1]
	log_dir = $TOP/logs
	log_console = raw
	[service:calls]
	command = $BIN/syscalls
	autorestart = no
	ready = exec
	listen = unix:$TOP/$1.sock
	listen_adopt = $1
	INI
	"$PM1" run "$TOP/$1.ini" 2>"$TOP/said" | while read -r what ns; do b_take "$what" "$1" "$ns"; done
}

for _ in $(seq "$ROUNDS"); do
	run no
	run yes
done

printf '\nThe filter of listen_adopt, medians of %s rounds\n\n' "$ROUNDS"
b_row 'one call, ns' without with ratio
for what in getppid read; do
	b_row "$what" "$(b_median "$what" no)" "$(b_median "$what" yes)" "$(b_ratio "$what" yes no)"
done
