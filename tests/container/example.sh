# shellcheck shell=bash
# shellcheck disable=SC2154 # top, LIMIT and c are run.sh's
# example.sh - the example's image, run as docker/compose.yaml says. To be sourced by run.sh.

the_example_image_is_built() {
	docker_build pm1-assets docker/Dockerfile.example .
}

in_example() { # JAVASCRIPT: an expression awaited inside of the container, printed
	docker exec assets node -e "(async () => { console.log(await ($1)) })()"
}

fetches() { # URL REGEX
	in_example "fetch('$1').then((r) => r.text())" | grep -qE "$2"
}

example_pid() {
	in_example "fetch('http://127.0.0.1:5000/health').then((r) => r.json()).then((j) => j.pid)"
}

has_another_pid() {
	local pid
	pid=$(example_pid) && [ "$pid" != "$1" ]
}

# The options of compose.yaml, read from it: what is tested is what a user runs.
compose_options() {
	docker-compose -f docker/compose.yaml config --quiet
	# shellcheck disable=SC2016 # JavaScript
	docker-compose -f docker/compose.yaml config | node -e '
		const text = require("fs").readFileSync(0, "utf8");
		for (const wanted of ["read_only: true", "no-new-privileges", "- ALL", "mem_limit", "pids_limit"])
			if (!text.includes(wanted)) throw new Error(`compose.yaml has no ${wanted}`);'
}

the_example_is_up() {
	compose_options
	# The same file with other ports of the host: 5000 and 5173 may be in use.
	sed -e 's/127.0.0.1:5000:5000/127.0.0.1::5000/' -e 's/127.0.0.1:5173:5173/127.0.0.1::5173/' \
		-e "s|context: ..|context: $PWD|" -e 's/^  assets:$/  assets:\n    container_name: assets/' docker/compose.yaml >"$top/compose.yaml"
	docker-compose -p pm1test -f "$top/compose.yaml" up -d --no-build
	t_wait_until "$LIMIT" fetches http://127.0.0.1:5000/health '"status":"ok"'
	t_wait_until "$LIMIT" fetches http://127.0.0.1:5173/ '<script type="module"'
	t_wait_until "$LIMIT" fetches http://127.0.0.1:5173/api/assets '"name"'
	docker exec assets pm1 status | grep -q 'asset-backend .*online'
	t_equal "$(docker exec assets id -u)" 1000
}

the_example_answers_on_the_hosts_port() {
	local at
	at=$(docker port assets 5000/tcp | head -1)
	curl -fsS -m 20 "http://$at/health" | grep -q '"status":"ok"'
}

a_leak_in_the_container_is_restarted() {
	local pid
	pid=$(example_pid)
	in_example "fetch('http://127.0.0.1:5000/api/debug/leak?mb=600', { method: 'POST' }).then((r) => r.status, (e) => e.code)"
	t_wait_until "$LIMIT" has_another_pid "$pid"
	docker exec assets pm1 describe asset-backend | grep -q max_memory_restart
}

the_example_stops_cleanly() {
	docker stop -t 60 assets
	t_equal "$(docker inspect -f '{{.State.ExitCode}}' assets)" 0
	docker logs assets 2>&1 | grep -q 'all services are down'
	docker-compose -p pm1test -f "$top/compose.yaml" down -v
}

t_case "docker/Dockerfile.example is built" the_example_image_is_built
t_case "compose.yaml brings the example up, read-only and unprivileged" the_example_is_up
t_case "the backend answers on the host's port" the_example_answers_on_the_hosts_port
t_case "a leak in the container is restarted, and told" a_leak_in_the_container_is_restarted
t_case "docker stop of the example: code 0" the_example_stops_cleanly
