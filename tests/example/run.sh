#!/usr/bin/env bash
# example/run.sh - the asset-management example on this host, end to end, as `make demo` and its scripts run it.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/sh/lib.sh
. tests/sh/lib.sh

t_need node npm curl

top=$(mktemp -d /tmp/pm1-example-XXXXXX)
export PM1=$PWD/build/pm1
export PM1_HOME=$top/home
app=$top/app
LIMIT=120 # seconds to wait for anything; all takes a few on a free machine

free_port() {
	node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

end() {
	"$PM1" kill >/dev/null 2>&1
	rm -rf "$top"
}
trap end EXIT

# A copy, so that the checkout stays as it is.
mkdir -p "$app"
git ls-files -z examples/asset-management | xargs -0 cp --parents -t "$top"
mv "$top/examples/asset-management"/* "$app"

BACKEND_PORT=$(free_port)
FRONTEND_PORT=$(free_port)
export BACKEND_PORT FRONTEND_PORT
backend=http://127.0.0.1:$BACKEND_PORT
frontend=http://127.0.0.1:$FRONTEND_PORT

# field NAME EXPR: a value of the report of one service, by PM2's own way to it.
field() {
	"$PM1" jlist | node -e '
		const [name, path] = process.argv.slice(1);
		const s = JSON.parse(require("fs").readFileSync(0)).find((x) => x.name === name);
		const v = path.split(".").reduce((o, k) => o?.[k], s);
		console.log(typeof v === "object" ? JSON.stringify(v) : v)' "$1" "$2"
}

field_is() {
	[ "$(field "$1" "$2")" = "$3" ]
}

healthy() {
	curl -fsS -m 5 "$backend/health"
}

healthy_with_another_pid() {
	local pid
	pid=$(healthy | node -p 'JSON.parse(require("fs").readFileSync(0)).pid') && [ "$pid" != "$1" ]
}

# Every process that stands in the example's folder or was started from there.
left_over() {
	local p
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/cwd" 2>/dev/null | grep -c "^$app")" = 0 ] || tr '\0' ' ' <"$p/cmdline"
	done
}

demo_brings_both_up() {
	"$app/scripts/demo.sh" >"$top/demo.out" 2>&1 || { cat "$top/demo.out"; return 1; }
	t_match "$(cat "$top/demo.out")" "asset-backend .*online"
	t_match "$(cat "$top/demo.out")" "asset-frontend-dev .*online"
	t_match "$(cat "$top/demo.out")" "stop .*scripts/stop.sh"
	t_match "$(cat "$top/demo.out")" "logs .*$app/logs/"
	healthy
}

the_page_reaches_the_backend() {
	curl -fsS -m 20 "$frontend/" | grep -q '<script type="module"'
	curl -fsS -m 20 "$frontend/api/assets" | grep -q '"name"'
	curl -fsS -m 20 -X POST -H 'content-type: application/json' -d '{"name":"a new chair"}' "$frontend/api/assets"
	curl -fsS -m 20 "$backend/api/assets" | grep -q 'a new chair'
}

the_configuration_is_pm2s() {
	t_equal "$(field asset-backend pm2_env.namespace)" assets
	t_equal "$(field asset-backend pm2_env.exec_mode)" fork_mode
	t_equal "$(field asset-backend pm1.cap.max_memory_restart)" $((500 << 20))
	t_equal "$(field asset-frontend-dev pm1.cap.max_memory_restart)" $((300 << 20))
	t_equal "$(field asset-backend pm2_env.pm_out_log_path)" "$app/logs/backend-out-0.log"
	t_equal "$(field asset-backend pm2_env.pm_err_log_path)" "$app/logs/backend-error-0.log"
}

a_killed_backend_is_back_after_restart_delay() {
	local pid ended started
	pid=$(field asset-backend pid)
	kill -KILL "$pid"
	t_wait_until "$LIMIT" field_is asset-backend pm2_env.status "waiting restart"
	t_wait_until "$LIMIT" field_is asset-backend pm2_env.restart_time 1
	t_wait_until "$LIMIT" healthy_with_another_pid "$pid"
	# The end and the new start, by pm1's own clock: restart_delay lies between them.
	ended=$("$PM1" jlist | node -e '
		const s = JSON.parse(require("fs").readFileSync(0)).find((x) => x.name === "asset-backend");
		const h = s.pm1.history.filter((e) => e.to === "backoff").pop();
		console.log(h.time)')
	started=$(field asset-backend pm2_env.pm_uptime)
	[ $((started - ended)) -ge 4000 ] || t_fail "ended at $ended, was started again at $started: sooner than 4 s"
	"$PM1" describe asset-backend | grep -q 'signal.*9\|SIGKILL'
}

a_crash_is_restarted_and_told() {
	local pid
	pid=$(field asset-backend pid)
	curl -fsS -m 20 -X POST "$backend/api/debug/crash"
	t_wait_until "$LIMIT" healthy_with_another_pid "$pid"
	field_is asset-backend pm2_env.restart_time 2
	grep -q 'crash asked for' "$app/logs/backend-error-0.log"
}

a_leak_past_the_cap_is_restarted_and_told() {
	local pid
	pid=$(field asset-backend pid)
	curl -sS -m 60 -X POST "$backend/api/debug/leak?mb=600" || true # the answer may die with the server
	t_wait_until "$LIMIT" healthy_with_another_pid "$pid"
	field_is asset-backend pm2_env.restart_time 3
	"$PM1" describe asset-backend | grep -q 'max_memory_restart'
	grep -q 'max_memory_restart' "$PM1_HOME/logs/pm1.log"
}

logs_are_where_the_file_says() {
	local f
	for f in logs/backend-out-0.log logs/backend-error-0.log logs/backend-combined-0.log frontend/logs/frontend-out-1.log; do
		[ -s "$app/$f" ] || t_fail "$f is missing or empty"
	done
	[ -e "$app/frontend/logs/frontend-error-1.log" ] || t_fail "no frontend-error-1.log"
	# Each line has its stamp, as log_date_format says.
	t_not grep -vE '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} [+-][0-9:]+: ' "$app/logs/backend-out-0.log"
	"$PM1" logs asset-backend --nostream --lines 5 | grep -q .
}

restart_script_restarts() {
	local pid
	pid=$(field asset-backend pid)
	"$app/scripts/restart.sh" asset-backend
	t_wait_until "$LIMIT" healthy_with_another_pid "$pid"
	field_is asset-backend pm2_env.status online
}

# Asks without a pause until the file is there; what failed is a line of its standard output.
ask_until() {
	local asked=0
	until [ -e "$1" ]; do
		curl -fsS -m "$LIMIT" -o /dev/null "$backend/api/assets" 2>&1
		asked=$((asked + 1))
		[ "$asked" -lt 20 ] || : >"$1.going"
	done
}

a_reload_of_the_backend_fails_no_request() {
	local pid asker
	pid=$(field asset-backend pid)
	ask_until "$top/enough" >"$top/failed" &
	asker=$!
	t_wait_until "$LIMIT" test -e "$top/enough.going"
	"$PM1" reload asset-backend
	t_wait_until "$LIMIT" healthy_with_another_pid "$pid"
	: >"$top/enough"
	wait "$asker"
	t_equal "$(cat "$top/failed")" "" "requests that failed"
	"$PM1" describe asset-backend | grep -q 'socket .*, held, the program listens'
}

monitor_script_shows_state_and_follows() {
	local out=$top/monitor.out monitor
	"$app/scripts/monitor.sh" >"$out" 2>&1 &
	monitor=$!
	t_wait_until "$LIMIT" grep -q 'asset-frontend-dev .*online' "$out"
	curl -fsS -m 20 -X DELETE "$backend/api/assets/999999" >/dev/null || true
	curl -fsS -m 20 -X POST "$backend/api/debug/leak?mb=1" >/dev/null
	t_wait_until "$LIMIT" grep -q 'leaked 1 MB' "$out"
	kill "$monitor"
	wait "$monitor" || true
}

stop_script_leaves_nothing() {
	"$app/scripts/stop.sh"
	field_is asset-backend pm2_env.status stopped
	field_is asset-frontend-dev pm2_env.status stopped
	t_equal "$(left_over)" "" "processes in the example's folder"
	t_not curl -fsS -m 5 "$backend/health" 2>/dev/null
}

start_script_starts_again_and_kill_ends_all() {
	local daemon
	daemon=$("$PM1" ping | sed -n 's/.*pid \([0-9]*\).*/\1/p')
	"$app/scripts/start.sh"
	t_wait_until "$LIMIT" healthy
	"$app/scripts/stop.sh" --all
	t_equal "$(left_over)" "" "processes in the example's folder"
	# It ends orphaned: whether its zombie is collected is the affair of this machine's own init.
	t_not grep -qs '^State:[[:space:]]*[A-Y]' "/proc/$daemon/status"
	[ ! -e "$PM1_HOME/pm1.sock" ] || t_fail "the socket stayed"
}

t_case "make demo's script brings both services up and says where all is" demo_brings_both_up
t_case "the page under Vite reaches the backend and its database" the_page_reaches_the_backend
t_case "the services have the configuration of the file" the_configuration_is_pm2s
t_case "a killed backend is back after its restart_delay of 4 s" a_killed_backend_is_back_after_restart_delay
t_case "a crashed backend is restarted, its last words are logged" a_crash_is_restarted_and_told
t_case "a leak past the cap is restarted, and reported" a_leak_past_the_cap_is_restarted_and_told
t_case "the logs are at the paths of the file, stamped" logs_are_where_the_file_says
t_case "restart.sh restarts what is named" restart_script_restarts
t_case "a reload of the backend fails no request" a_reload_of_the_backend_fails_no_request
t_case "monitor.sh shows the state and follows the logs" monitor_script_shows_state_and_follows
t_case "stop.sh leaves no process of the example" stop_script_leaves_nothing
t_case "start.sh starts again, stop.sh --all ends pm1 too" start_script_starts_again_and_kill_ends_all
t_done example
