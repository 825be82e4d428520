#!/usr/bin/env bash
# logs.sh PM1 - from a service to its log file, beside cat, s6-log, svlogd, supervisord and PM2: speed, CPU, peak memory, and whether
# each byte came once. ROUNDS (3) interleaved rounds, medians. The files lie in a folder of $TMPDIR; it is the page cache that is
# written to. What is timed, and that it is the same for all, is said in logs.c.
#
# With other work on the machine the figures tell little: now and then the scheduler puts a service and its writer on one core, where
# bytes stay in its cache, and others' slices of milliseconds fall in between. As root, `chrt -f 10 tests/bench/logs.sh PM1` keeps
# those away.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-3}
MIB=512     # of cat and pm1, which need a quarter of a second for it
MIB_SLOW=64 # of the others, some of which need one for that
for t in feed logs; do b_tool "$t"; done

raw=(cat pm1)
prefix=(pm1)
json=(pm1)
b_has s6-log && raw+=(s6-log) && prefix+=(s6-log)
b_has svlogd && raw+=(svlogd) && prefix+=(svlogd)
b_has supervisord && raw+=(supervisord)
b_pm2 && raw+=(PM2) && prefix+=(PM2) && json+=(PM2)

# make_WHO FORM: sets the command that runs feed with its output going to $file. FORM is "raw", "prefix" (each line with a time stamp,
# and what the writer has to add to it) or "json".

piped() { # the feed, then this command
	# shellcheck disable=SC2016 # for that sh
	command=(sh -c 'feed=$1 line=$2 mib=$3; shift 3; "$feed" "$line" "$mib" | "$@"' sh "$BIN/feed" "$line" "$mib" "$@")
}

make_cat() {
	# shellcheck disable=SC2016
	piped sh -c 'exec cat >"$1"' sh "$dir/log"
	file=$dir/log
}

make_pm1() {
	printf '%s\n' '[pm1]' 'log_console = no' '[service:feed]' "command = $BIN/feed $line $mib" "out_file = $dir/log" \
		"error_file = none" "log_format = $1" >"$dir/pm1.ini"
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
		"user = $(id -un)" '[program:feed]' "command = $BIN/feed $line $mib" "stdout_logfile = $dir/log" \
		'stdout_logfile_maxbytes = 0' >"$dir/supervisord.ini"
	command=(supervisord -c "$dir/supervisord.ini")
	file=$dir/log
}

make_PM2() {
	local option=()
	[ "$1" != prefix ] || option=(--time)
	[ "$1" != json ] || option=(--log-type json)
	export PM2_HOME=$dir/pm2
	command=("$PM2" start "$BIN/feed" --interpreter none --name feed --output "$dir/log" --error /dev/null
		"${option[@]}" -- "$line" "$mib")
	file=$dir/log
}

round() { # WHO LINE FORM
	local who=$1 line=$2 form=$3 mib=$MIB_SLOW dir command file values speed cpu peak exact
	case $who in cat | pm1) mib=$MIB ;; esac
	dir=$(mktemp -d "$TOP/$who-XXXXXX")
	mkfifo "$dir/fifo"
	export BENCH_FIFO=$dir/fifo
	"make_$who" "$form"
	if values=$("$BIN/logs" "$file" "$mib" "$line" -- "${command[@]}" 2>"$dir/said"); then
		read -r speed cpu peak exact <<<"$values"
		b_take "speed-$line-$form" "$who" "$speed"
		b_take "cpu-$line-$form" "$who" "$cpu"
		b_take "peak-$line-$form" "$who" "$peak"
		# Its objects are of pieces as they were read, not of lines.
		[ "$who-$form" != PM2-json ] || exact=-
		[ "$exact" = exact ] && exact=yes
		printf '%s\n' "$exact" >>"$TOP/values/exact-$line-$form.$who"
		if [ "$who" = pm1 ] && [ "$exact" != yes ]; then
			printf 'pm1 with lines of %s bytes, %s: the file differs at %s\n' "$line" "$form" "$exact" >&2
			failed=yes
		fi
	else
		printf '%s with lines of %s bytes, %s, failed:\n' "$who" "$line" "$form" >&2
		tail -n 5 "$dir/said" >&2
		[ "$who" != pm1 ] || failed=yes
	fi
	rm -rf "$dir"
}

failed=
for _ in $(seq "$ROUNDS"); do
	for line in 64 4096; do
		for p in "${raw[@]}"; do round "$p" "$line" raw; done
		for p in "${prefix[@]}"; do round "$p" "$line" prefix; done
		for p in "${json[@]}"; do round "$p" "$line" json; done
	done
done

exact() { # LINE FORM WHO: yes when all rounds said so
	sort -u "$TOP/values/exact-$1-$2.$3" 2>/dev/null | sed 's/^line-.*/no/' | head -n 1 | grep . || echo -
}

table() { # LINE FORM
	local p speed=() cpu=() peak=() to_cat=() to=() exact=()
	for p in "${raw[@]}"; do
		speed+=("$(b_median "speed-$1-$2" "$p")")
		cpu+=("$(b_median "cpu-$1-$2" "$p")")
		peak+=("$(b_median "peak-$1-$2" "$p")")
		to_cat+=("$(b_over "$(b_median "speed-$1-$2" "$p")" "$(b_median "speed-$1-raw" cat)")")
		to+=("$(b_ratio "speed-$1-$2" pm1 "$p")")
		exact+=("$(exact "$1" "$2" "$p")")
	done
	b_row "lines of $1, $2, MiB/s" "${speed[@]}"
	b_row '    to cat (raw)' "${to_cat[@]}"
	b_row '    pm1 to it' "${to[@]}"
	b_row '    CPU s per GiB' "${cpu[@]}"
	b_row '    peak memory, MiB' "${peak[@]}"
	b_row '    each line once, in order' "${exact[@]}"
}

printf '\nFrom a service to its log file, medians of %s rounds of %s MiB (cat, pm1) or %s\n\n' "$ROUNDS" "$MIB" "$MIB_SLOW"
b_row '' "${raw[@]}"
for line in 64 4096; do
	for form in raw prefix json; do table "$line" "$form"; done
done
[ -z "$failed" ]
