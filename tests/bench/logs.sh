#!/usr/bin/env bash
# logs.sh PM1 - from a service to its log file, beside cat, s6-log, svlogd and supervisord: speed, CPU and peak memory.
# ROUNDS (4) interleaved rounds, medians. The files lie in a folder of $TMPDIR; it is the page cache that is written to.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-4}
MIB=128
for t in feed logs; do b_tool "$t"; done

all=(cat pm1)
stamping=(pm1)
b_has s6-log && all+=(s6-log) && stamping+=(s6-log)
b_has svlogd && all+=(svlogd) && stamping+=(svlogd)
b_has supervisord && all+=(supervisord)

# make_WHO LINE STAMP: sets the command that runs feed with its output going to $file. STAMP is "stamped" or "raw".

piped() { # the feed, then this command
	# shellcheck disable=SC2016 # for that sh
	command=(sh -c 'feed=$1 line=$2 mib=$3; shift 3; "$feed" "$line" "$mib" | "$@"' sh "$BIN/feed" "$line" "$MIB" "$@")
}

make_cat() {
	# shellcheck disable=SC2016
	piped sh -c 'exec cat >"$1"' sh "$dir/log"
	file=$dir/log
}

make_pm1() {
	local option=()
	[ "$1" = raw ] || option=('log_date_format = %F %T')
	printf '%s\n' '[pm1]' 'log_console = no' '[service:feed]' "command = $BIN/feed $line $MIB" "out_file = $dir/log" \
		"error_file = none" "${option[@]}" >"$dir/pm1.ini"
	export PM1_HOME=$dir/home
	command=("$PM1" run "$dir/pm1.ini")
	file=$dir/log
}

make_s6-log() {
	local option=()
	[ "$1" = raw ] || option=(T)
	piped s6-log "${option[@]}" s268435455 "$dir/log"
	file=$dir/log/current
}

make_svlogd() {
	local option=()
	[ "$1" = raw ] || option=(-tt)
	mkdir "$dir/log"
	printf 's0\n' >"$dir/log/config"
	piped svlogd "${option[@]}" -b 65536 "$dir/log"
	file=$dir/log/current
}

make_supervisord() {
	printf '%s\n' '[supervisord]' 'nodaemon = true' 'logfile = /dev/null' 'logfile_maxbytes = 0' "pidfile = $dir/pid" \
		"user = $(id -un)" '[program:feed]' "command = $BIN/feed $line $MIB" "stdout_logfile = $dir/log" \
		'stdout_logfile_maxbytes = 0' >"$dir/supervisord.ini"
	command=(supervisord -c "$dir/supervisord.ini")
	file=$dir/log
}

round() { # WHO LINE STAMP
	local who=$1 line=$2 stamp=$3 dir command file values speed cpu peak
	dir=$(mktemp -d "$TOP/$who-XXXXXX")
	mkfifo "$dir/fifo"
	export BENCH_FIFO=$dir/fifo
	"make_$who" "$stamp"
	if values=$("$BIN/logs" "$file" "$MIB" -- "${command[@]}" 2>"$dir/said"); then
		read -r speed cpu peak <<<"$values"
		b_take "speed-$line-$stamp" "$who" "$speed"
		b_take "cpu-$line-$stamp" "$who" "$cpu"
		b_take "peak-$line-$stamp" "$who" "$peak"
	else
		printf '%s with lines of %s bytes, %s, failed:\n' "$who" "$line" "$stamp" >&2
		tail -n 5 "$dir/said" >&2
	fi
	rm -rf "$dir"
}

for _ in $(seq "$ROUNDS"); do
	for line in 64 4096; do
		for p in "${all[@]}"; do round "$p" "$line" raw; done
		for p in "${stamping[@]}"; do round "$p" "$line" stamped; done
	done
done

table() { # LINE STAMP
	local p speed=() cpu=() peak=() to_cat=() to=()
	for p in "${all[@]}"; do
		speed+=("$(b_median "speed-$1-$2" "$p")")
		cpu+=("$(b_median "cpu-$1-$2" "$p")")
		peak+=("$(b_median "peak-$1-$2" "$p")")
		to_cat+=("$(b_over "$(b_median "speed-$1-$2" "$p")" "$(b_median "speed-$1-raw" cat)")")
		to+=("$(b_ratio "speed-$1-$2" pm1 "$p")")
	done
	b_row "lines of $1, $2, MiB/s" "${speed[@]}"
	b_row '    to cat (raw)' "${to_cat[@]}"
	b_row '    pm1 to it' "${to[@]}"
	b_row '    CPU s per GiB' "${cpu[@]}"
	b_row '    peak memory, MiB' "${peak[@]}"
}

printf '\nFrom a service to its log file, medians of %s rounds of %s MiB\n\n' "$ROUNDS" "$MIB"
b_row '' "${all[@]}"
for line in 64 4096; do
	table "$line" raw
	table "$line" stamped
done
