#!/usr/bin/env bash
# services.sh PM1 - start, status, restart and stop of many services, memory and idling, beside s6, runit, supervisord and a bare
# C loop that only forks, execs and waits (floor.c). ROUNDS (3) interleaved rounds, medians; the peers with 1000 once.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-3}
for t in floor service services; do b_tool "$t"; done

all=(floor pm1)
b_has s6-svscan && all+=(s6)
b_has runsvdir && all+=(runit)
b_has supervisord && all+=(supervisord)

# make_WHO N: all that WHO needs to run N services, in a folder of its own ($dir); sets its command line, the signal that
# stops it with all its services (by number) and the command that shows their state.
make_floor() {
	start=("$BIN/floor" keep "$1" "$BIN/service")
	end=15
	status=("$BIN/floor" lines "$1")
}

make_pm1() {
	local i
	{
		printf '[pm1]\nlog_console = no\nlog_dir = %s/logs\n' "$dir"
		for ((i = 0; i < $1; i++)); do printf '[service:s%d]\ncommand = %s\n' "$i" "$BIN/service"; done
	} >"$dir/pm1.ini"
	export PM1_HOME=$dir/home
	start=("$PM1" run "$dir/pm1.ini")
	end=15
	status=("$PM1" status)
}

run_folders() {
	local i
	for ((i = 0; i < $1; i++)); do
		mkdir -p "$dir/run/s$i"
		ln -s "$BIN/service" "$dir/run/s$i/run"
	done
}

make_s6() {
	run_folders "$1"
	start=(s6-svscan -c 1100 "$dir/run")
	end=15
	# shellcheck disable=SC2016 # for that sh, which asks one after another, as s6-svstat takes one
	status=(sh -c 'for s; do s6-svstat "$s" || exit; done' sh "$dir/run"/*)
}

make_runit() {
	run_folders "$1"
	start=(runsvdir "$dir/run")
	end=1
	status=(sv status "$dir/run"/*)
}

make_supervisord() {
	local i
	{
		printf '[supervisord]\nnodaemon = true\nlogfile = /dev/null\nlogfile_maxbytes = 0\n'
		printf 'pidfile = %s/pid\nchildlogdir = %s/logs\nminfds = %d\nuser = %s\n' "$dir" "$dir" $((64 + 6 * $1)) "$(id -un)"
		printf '[unix_http_server]\nfile = %s/sock\n[supervisorctl]\nserverurl = unix://%s/sock\n' "$dir" "$dir"
		printf '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = '
		printf 'supervisor.rpcinterface:make_main_rpcinterface\n'
		for ((i = 0; i < $1; i++)); do printf '[program:s%d]\ncommand = %s\nautorestart = true\n' "$i" "$BIN/service"; done
	} >"$dir/supervisord.ini"
	start=(supervisord -c "$dir/supervisord.ini")
	end=15
	status=(supervisorctl -c "$dir/supervisord.ini" status)
}

prepare() { # WHO N
	dir=$(mktemp -d "$TOP/$1-XXXXXX")
	mkdir "$dir/logs"
	mkfifo "$dir/fifo"
	export BENCH_FIFO=$dir/fifo
	"make_$1" "$2"
}

round() { # WHO N KILLS: notes what one round gave, as start.N, status.N and so on
	local who=$1 n=$2 kills=$3 dir start end status values v i=0
	local -a names=(start status restart young stop pss anon)
	prepare "$who" "$n"
	if ! values=$("$BIN/services" round "$n" "$kills" "$end" "${status[@]}" -- "${start[@]}" 2>"$dir/said"); then
		printf '%s with %s services failed:\n' "$who" "$n" >&2
		tail -n 5 "$dir/said" >&2
		return
	fi
	for v in $values; do
		[ "$v" = 0.00 ] || b_take "${names[i]}-$n" "$who" "$v"
		i=$((i + 1))
	done
	rm -rf "$dir"
}

idle() { # WHO: side by side, since they only sleep
	local who=$1 dir start end status values
	prepare "$who" 100
	values=$("$BIN/services" idle 100 20 "$end" -- "${start[@]}" 2>"$dir/said") || { cat "$dir/said" >&2; return; }
	b_take switches "$who" "${values% *}"
	b_take idlecpu "$who" "${values#* }"
}

for _ in $(seq "$ROUNDS"); do
	for p in "${all[@]}"; do
		round "$p" 2 0
		round "$p" 100 20
		case $p in floor | pm1) round "$p" 1000 0 ;; esac
	done
done
for p in "${all[@]}"; do
	case $p in floor | pm1) ;; *) round "$p" 1000 0 ;; esac
done
for p in "${all[@]}"; do idle "$p" & done
wait

for p in "${all[@]}"; do
	more=$(awk -v a="$(b_median pss-100 "$p")" -v b="$(b_median pss-2 "$p")" 'BEGIN { printf "%.2f", (a > b) ? (a - b) / 98 : 0 }')
	b_take pss-more "$p" "$more"
done

table() { # WHAT TITLE UNIT
	local p cells=() over=() to=()
	for p in "${all[@]}"; do
		cells+=("$(b_median "$1" "$p")")
		over+=("$(b_ratio "$1" "$p" floor)")
		to+=("$(b_ratio "$1" pm1 "$p")")
	done
	b_row "$2, $3" "${cells[@]}"
	b_row '    to floor' "${over[@]}"
	b_row '    pm1 to it' "${to[@]}"
}

printf '\nServices, medians of %s rounds\n\n' "$ROUNDS"
b_row '' "${all[@]}"
table start-100 'start of 100' ms
table start-1000 'start of 1000' ms
table status-100 'status of 100' ms
table status-1000 'status of 1000' ms
table restart-100 'kill -9 to successor' ms
table young-100 'the same, 50 ms old' ms
table stop-100 'stop of 100' ms
table stop-1000 'stop of 1000' ms
table pss-2 'PSS with 2 services' kB
table anon-2 'of it no page of a file' kB
table pss-more 'PSS per further service' kB
table switches 'context switches in 20 idle s' 'N = 100'
table idlecpu 'CPU in 20 idle s' us
