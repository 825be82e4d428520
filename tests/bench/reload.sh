#!/usr/bin/env bash
# reload.sh PM1 - reloads of a Node program of two instances under fifty clients, beside PM2's cluster mode: requests that fail, how long
# the clients wait, how long a reload takes and what memory all of it has. RELOADS (5) in each of ROUNDS (3) interleaved rounds: sums
# of the failures, medians of the rest. Two programs, a plain one and one that drains at its stop signal; two kinds of clients, with a new
# connection for each request and with one that they keep. Keys and options are the defaults, save that listen_adopt is asked for, and that
# pm1 leaves the draining to the program that does it (drain_timeout = 0).
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${ROUNDS:-3}
RELOADS=${RELOADS:-5}
PORT=${PORT:-18391}
LOAD=$(dirname "$PM1")/load
SERVERS=$(realpath "$BENCH/../reload")
[ -x "$LOAD" ] || { echo "$LOAD is missing: make $LOAD"; exit 1; }
b_has node || exit 0

all=(pm1)
b_pm2 && all+=(PM2)

# Proportional memory of a process and all below it, in kB.
tree_pss() {
	local p sum=0 kb
	for p in $(tree_of "$1"); do
		kb=$(awk '$1 == "Pss:" { print $2 }' "/proc/$p/smaps_rollup" 2>/dev/null) || continue
		sum=$((sum + ${kb:-0}))
	done
	echo "$sum"
}

tree_of() {
	local children child
	echo "$1"
	read -r -d '' -a children < <(cat "/proc/$1/task"/*/children 2>/dev/null) || true
	for child in "${children[@]}"; do tree_of "$child"; done
}

# up_WHO PROGRAM: runs two instances; sets $root, the process above them all. reload_WHO, down_WHO.
up_pm1() {
	printf '%s\n' '[pm1]' 'log_console = none' "pid_file = $dir/pid" '[service:web]' "command = node $SERVERS/$1.js $PORT 127.0.0.1" 'instances = 2' \
		"listen = tcp:127.0.0.1:$PORT" 'listen_adopt = yes' >"$dir/pm1.ini"
	[ "$1" != node-drain ] || echo 'drain_timeout = 0' >>"$dir/pm1.ini"
	export PM1_HOME=$dir/home
	"$PM1" start "$dir/pm1.ini" >"$dir/said" 2>&1
	root=$(cat "$dir/pid")
}
reload_pm1() { "$PM1" reload web; }
down_pm1() { "$PM1" kill; }

up_PM2() {
	export PM2_HOME=$dir/pm2
	"$PM2" start "$SERVERS/$1.js" --name web -i 2 -- "$PORT" 127.0.0.1 >"$dir/said" 2>&1
	root=$(cat "$dir/pm2/pm2.pid")
}
reload_PM2() { "$PM2" reload web; }
down_PM2() { "$PM2" kill; }

ms() { echo $(($(date +%s%N) / 1000000)); }

round() { # WHO PROGRAM KIND
	local who=$1 program=$2 kind=$3 dir root load going begun _
	dir=$(mktemp -d "$TOP/$who-XXXXXX")
	"up_$who" "$program"
	mkfifo "$dir/fifo"
	"$LOAD" 127.0.0.1 "$PORT" "--$kind" 50 --pause 1000 --max-seconds 600 >"$dir/fifo" &
	load=$!
	exec 3<"$dir/fifo"
	read -r going <&3
	b_take "pss-$program-$kind" "$who" "$(tree_pss "$root")"
	kill -USR1 "$load"
	read -r going <&3 # what was before the first reload
	for _ in $(seq "$RELOADS"); do
		begun=$(ms)
		"reload_$who" >>"$dir/said" 2>&1 || { echo "$who: the reload failed:" && tail -n 5 "$dir/said" && exit 1; }
		b_take "took-$program-$kind" "$who" $(($(ms) - begun))
		kill -USR2 "$load"
		read -r going <&3
	done
	kill "$load"
	read -r going <&3
	printf '%s\n' "$going" >>"$TOP/values/reports-$program-$kind.$who"
	b_take "p99-$program-$kind" "$who" "$(node -p 'JSON.parse(process.argv[1])[process.argv[2]].p99 / 1000' "$going" "$kind")"
	exec 3<&-
	wait "$load"
	"down_$who" >>"$dir/said" 2>&1
	rm -rf "$dir"
}

kinds='ok refused reset_connect reset_before reset_mid closed_before closed_mid timeout_connect timeout_answer bad stale'
sum() { # PROGRAM KIND WHO OUTCOME
	node -p 'require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n")
		.map((line) => JSON.parse(line)[process.argv[2]][process.argv[3]]).reduce((a, b) => a + b)' "$TOP/values/reports-$1-$2.$3" "$2" "$4"
}

for _ in $(seq "$ROUNDS"); do
	for program in node-plain node-drain; do
		for kind in new keep; do
			for who in "${all[@]}"; do round "$who" "$program" "$kind"; done
		done
	done
done

row() { # WHAT TITLE: medians, and how many times as much PM2's is
	local who cells=()
	for who in "${all[@]}"; do cells+=("$(b_median "$1-$program-$kind" "$who")"); done
	b_row "$2" "${cells[@]}" "$(b_ratio "$1-$program-$kind" PM2 pm1)"
}

printf '\n%s reloads of two instances in each of %s rounds, 50 clients\n' "$RELOADS" "$ROUNDS"
for program in node-plain node-drain; do
	for kind in new keep; do
		printf '\n%s, %s\n' "$program" "$([ "$kind" = new ] && echo 'a connection for each request' || echo 'connections are kept')"
		b_row '' "${all[@]}" 'PM2 to pm1'
		for outcome in $kinds; do
			cells=()
			for who in "${all[@]}"; do cells+=("$(sum "$program" "$kind" "$who" "$outcome")"); done
			if printf '%s\n' "${cells[@]}" | grep -qvx 0; then b_row "requests $outcome" "${cells[@]}"; fi
		done
		row p99 'p99 of an answer, ms'
		row took 'a reload, ms'
		row pss 'memory of the whole (PSS), kB'
	done
done
