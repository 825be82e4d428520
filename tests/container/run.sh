#!/usr/bin/env bash
# container/run.sh - pm1 as PID 1 of real containers, from the images of docker/.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/sh/lib.sh
. tests/sh/lib.sh
# shellcheck source=tests/container/dockerd.sh
. tests/container/dockerd.sh

t_need dockerd docker debootstrap curl node
if [ "$(id -u)" != 0 ]; then
	[ -z "${CI:-}" ] || { echo "not ok - dockerd needs root, and CI skips nothing"; exit 1; }
	echo "SKIPPED: dockerd needs root"
	exit 0
fi

top=$(mktemp -d /tmp/pm1-container-XXXXXX)
LIMIT=120 # seconds to wait for anything

end() {
	dockerd_stop
	rm -rf "$top"
}
trap end EXIT

make_base && dockerd_start "$top" || exit 1

# run_new OPTION... -- IMAGE ARGS: a container in the background; its id is in $c.
run_new() {
	c=$(docker run --pull never -d "$@")
}

code_of() {
	docker inspect -f '{{.State.ExitCode}}' "$1"
}

# Not grep -q, here and below: it ends with the first match, and who still writes then dies of PIPE, which pipefail takes for a failure.
says() { # CONTAINER REGEX: whether its output has it
	docker logs "$1" 2>&1 | grep -E "$2" >/dev/null
}

status_has() { # CONTAINER REGEX
	docker exec "$1" /pm1 status | grep -E "$2" >/dev/null
}

# One value of `pm1 jlist` in a container: NAME PATH
field() {
	docker exec "$c" /pm1 jlist | node -e '
		const [name, path] = process.argv.slice(1);
		const s = JSON.parse(require("fs").readFileSync(0)).find((x) => x.name === name);
		console.log(path.split(".").reduce((o, k) => o?.[k], s))' "$1" "$2"
}

field_is() {
	[ "$(field "$1" "$2")" = "$3" ]
}

the_image_is_one_file() {
	docker_build pm1 docker/Dockerfile .
	docker create --name one pm1 -- x
	# What Docker itself puts there (/dev, /etc, .dockerenv and such) is empty.
	t_equal "$(docker export one | tar -tv | awk '$3 > 0 && $1 !~ /^[dl]/ {print $NF}')" pm1
	docker rm one
}

the_test_image_is_built() {
	mkdir "$top/image"
	cp build/prog "$top/image/prog"
	cat >"$top/image/two.ini" <<-'INI'
		[service:web]
		command = /prog trap got
		[service:api]
		command = /prog trap got
	INI
	cat >"$top/image/fail.ini" <<-'INI'
		[service:web]
		command = /prog wait
		[service:once]
		command = /prog exit 7
		autorestart = no
		critical = yes
	INI
	cat >"$top/image/deaf.ini" <<-'INI'
		[service:deaf]
		command = /prog ignore 15
		kill_timeout = 300ms
	INI
	cat >"$top/image/hog.ini" <<-'INI'
		[service:hog]
		command = /prog hog 200
		max_memory_restart = 50M
		restart_delay = 10m
	INI
	printf '[service:web]\ncommand = /prog wait\nrestart_dely = 3\n' >"$top/image/broken.ini"
	cat >"$top/image/Dockerfile" <<-'FILE'
		FROM pm1
		COPY prog *.ini /
		ENTRYPOINT ["/pm1", "run"]
	FILE
	docker_build t "$top/image/Dockerfile" "$top/image"
}

a_bare_init_hands_on_code_and_signal() {
	local code=0
	docker run --pull never --rm pm1 -- /pm1 help >/dev/null
	docker run --pull never --rm --entrypoint /pm1 t -- /prog exit 7 || code=$?
	t_equal "$code" 7
	code=0
	docker run --pull never --rm --entrypoint /pm1 t -- /prog kill-self 9 || code=$?
	t_equal "$code" 137
	code=0
	docker run --pull never --rm pm1 -- /no/such || code=$?
	t_equal "$code" 127
	run_new --entrypoint /pm1 t -- /prog trap got
	t_wait_until "$LIMIT" says "$c" trapping
	docker kill -s USR1 "$c"
	t_wait_until "$LIMIT" says "$c" '^got 10$'
	docker stop -t 60 "$c"
	t_equal "$(code_of "$c")" 0
}

stop_is_clean() {
	run_new t /two.ini
	t_wait_until "$LIMIT" status_has "$c" 'web .*online'
	t_wait_until "$LIMIT" status_has "$c" 'api .*online'
	docker stop -t 60 "$c"
	t_equal "$(code_of "$c")" 0
	says "$c" '^web \| got 15$'
	says "$c" '^api \| got 15$'
	says "$c" 'all services are down'
}

stop_ends_a_deaf_service_within_its_kill_timeout() {
	run_new t /deaf.ini
	t_wait_until "$LIMIT" status_has "$c" 'deaf .*online'
	docker stop -t 60 "$c"
	# 137 would be Docker's own KILL after its 60 s.
	says "$c" 'all services are down'
	t_equal "$(code_of "$c")" 0
	says "$c" 'deaf.*SIGKILL'
}

a_critical_end_is_the_containers_end() {
	local code=0
	docker run --pull never --rm t /fail.ini >"$top/out" 2>&1 || code=$?
	t_equal "$code" 7
	grep -q 'critical service once ended' "$top/out"
}

a_broken_file_is_code_2() {
	local code=0
	docker run --pull never --rm t /broken.ini >"$top/out" 2>&1 || code=$?
	t_equal "$code" 2
	grep -q 'broken.ini:3: \[service:web\] restart_dely = 3: unknown key (did you mean restart_delay?)' "$top/out"
}

exec_finds_pid_1_with_no_option() {
	run_new t /two.ini
	t_wait_until "$LIMIT" status_has "$c" 'web .*online'
	docker exec "$c" /pm1 stop web
	field_is web pm2_env.status stopped
	docker exec "$c" /pm1 start web
	field_is web pm2_env.status online
	docker exec "$c" /pm1 restart web
	field_is web pm2_env.status online
	docker exec "$c" /pm1 logs --nostream --lines 50 | grep -q 'trapping'
	docker rm -f "$c"
}

# Each of Docker's restrictions: services run, `docker exec C /pm1 status` answers, the stop is clean.
under() {
	run_new "$@" t /two.ini
	t_wait_until "$LIMIT" status_has "$c" 'web .*online'
	t_wait_until "$LIMIT" says "$c" 'web \| trapping'
	docker exec "$c" /pm1 restart api
	t_wait_until "$LIMIT" status_has "$c" 'api .*online'
	docker stop -t 60 "$c"
	t_equal "$(code_of "$c")" 0
	says "$c" 'all services are down'
	docker rm "$c"
}

a_read_only_root_says_that_there_are_no_log_files() {
	run_new --read-only t /two.ini
	t_wait_until "$LIMIT" says "$c" 'no log files: /var/log/pm1: Read-only file system'
	t_wait_until "$LIMIT" says "$c" 'web \| trapping'
	docker exec "$c" /pm1 describe web >"$top/out"
	t_not grep -q 'No such file\|dropped' "$top/out"
	docker rm -f "$c"
}

a_cap_is_kept_by_sampling() {
	run_new t /hog.ini
	t_wait_until "$LIMIT" says "$c" 'hog: .*max_memory_restart'
	field_is hog pm1.cap.by sampling
	docker exec "$c" /pm1 describe hog | grep -q 'max_memory_restart'
	docker rm -f "$c"
}

t_case "docker/Dockerfile gives an image of one file" the_image_is_one_file
t_case "an image with services is built on it" the_test_image_is_built
t_case "a bare init hands on the code, the signal and 127" a_bare_init_hands_on_code_and_signal
t_case "docker stop: every service gets TERM, the code is 0" stop_is_clean
t_case "docker stop: a deaf service is killed after kill_timeout" stop_ends_a_deaf_service_within_its_kill_timeout
t_case "the end of a critical service is the container's, with its code" a_critical_end_is_the_containers_end
t_case "a fault in the file: its place is told, code 2" a_broken_file_is_code_2
t_case "docker exec C /pm1 VERB needs no option" exec_finds_pid_1_with_no_option
t_case "--read-only" under --read-only
t_case "--read-only says that there are no log files" a_read_only_root_says_that_there_are_no_log_files
t_case "--read-only --tmpfs /run" under --read-only --tmpfs /run
t_case "--user 1000" under --user 1000
t_case "--cap-drop ALL" under --cap-drop ALL
t_case "no-new-privileges" under --security-opt no-new-privileges
t_case "--init: not PID 1, the same behaviour" under --init
t_case "all of them at once" under --read-only --tmpfs /run --user 1000 --cap-drop ALL --security-opt no-new-privileges --init
t_case "a cap on memory is kept by sampling, and told" a_cap_is_kept_by_sampling
# shellcheck source=tests/container/listen.sh
. tests/container/listen.sh
# shellcheck source=tests/container/example.sh
. tests/container/example.sh
t_done container
