# shellcheck shell=bash
# shellcheck disable=SC2154 # top, LIMIT and c are run.sh's
# listen.sh - servers that know nothing of pm1, reloaded under load with sockets that pm1 holds. To be sourced by run.sh.

LISTEN_PORTS='node=8081 python=8082 nginx=8080 go=8083 plain=8084'

# listen_ini EXTRA: all five services, each with this line more. Python takes the family that the container's network has: 0.0.0.0 stands in
# for its [::], but [::] does not for its 0.0.0.0.
listen_ini() {
	cat <<-INI
		[defaults]
		listen_adopt = yes
		drain_timeout = 300ms
		$1
		[service:node]
		command = node /node-plain.js 8081
		listen = tcp:8081
		[service:python]
		command = python3 -m http.server 8082
		listen = tcp:0.0.0.0:8082
		cwd = /www
		[service:nginx]
		command = nginx -p /tmp -e stderr -c /nginx.conf
		listen = tcp:127.0.0.1:8080
		[service:go]
		command = /go-plain :8083
		listen = tcp:8083
		[service:plain]
		command = /plain 8084
		listen = tcp:127.0.0.1:8084
	INI
}

the_image_of_servers_is_built() {
	mkdir "$top/servers"
	cp build/load build/plain build/go-plain tests/reload/node-plain.js tests/reload/nginx.conf "$top/servers"
	cp -r tests/reload/www "$top/servers/www"
	listen_ini '' >"$top/servers/servers.ini"
	listen_ini 'user = 1000' >"$top/servers/servers-1000.ini"
	# Writes no file, so that it does in a read-only root: the load's process says its id, then what it counts.
	cat >"$top/servers/reload.sh" <<-'SH'
		#!/bin/sh
		# reload.sh SERVICE PORT: three reloads under fifty clients; prints what these have counted.
		sh -c 'echo $$; exec /load 127.0.0.1 "$1" --new 50 --max-seconds 100 --pause 1000' sh "$2" | {
			read -r pid
			read -r going
			for i in 1 2 3; do
				/pm1 reload "$1" >/dev/null || exit
				kill -USR2 "$pid"
				read -r going
			done
			kill "$pid"
			read -r report
			echo "$report"
		}
	SH
	chmod 755 "$top/servers/reload.sh"
	cat >"$top/servers/Dockerfile" <<-'FILE'
		FROM debian:12-slim
		# The package of nginx starts it, unless it is told not to.
		RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
		    && apt-get update && apt-get install -y --no-install-recommends nodejs nginx-light python3 \
		    && rm -rf /var/lib/apt/lists/*
		COPY --from=pm1 /pm1 /pm1
		COPY . /
		ENTRYPOINT ["/pm1", "run"]
	FILE
	docker_build servers "$top/servers/Dockerfile" "$top/servers"
}

adopted() { # SERVICE: whether pm1's socket is what it listens on, and whether it can be drained
	docker exec "$c" /pm1 describe "$1" >"$top/out"
	grep -q 'tcp:.*, held, the program listens$' "$top/out" && grep -q 'can be drained *yes$' "$top/out" && ! grep -q 'not adopted' "$top/out" && return
	cat "$top/out"
	return 1
}

no_request_failed() { # PROCESSES, then the report on stdin: with at least so many different answers
	node -e '
		const report = JSON.parse(require("fs").readFileSync(0)), wanted = Number(process.argv[1])
		const { ok, failed, stale } = report.new
		if (ok < 200 || failed || stale || Object.keys(report.bodies).length < wanted) {
			console.log(JSON.stringify(report))
			process.exit(1)
		}' "$1"
}

# servers_under INI OPTION...: each service in a container with these options.
servers_under() {
	local ini=$1 one name wanted
	shift
	run_new "$@" servers "/$ini"
	for one in $LISTEN_PORTS; do t_wait_until "$LIMIT" field_is "${one%=*}" pm2_env.status online; done
	for one in $LISTEN_PORTS; do
		name=${one%=*}
		echo "$name:"
		wanted=4 # processes: the first and three more
		[ "$name" != python ] || wanted=1
		docker exec "$c" /reload.sh "$name" "${one#*=}" >"$top/report"
		no_request_failed "$wanted" <"$top/report"
		adopted "$name"
	done
	docker stop -t 60 "$c"
	t_equal "$(code_of "$c")" 0
	docker rm "$c"
}

t_case "reloads under load: an image with servers of five kinds" the_image_of_servers_is_built
t_case "reloads under load fail no request" servers_under servers.ini
t_case "reloads under load: user = 1000" servers_under servers-1000.ini
t_case "reloads under load: --user 1000" servers_under servers.ini --user 1000
t_case "reloads under load: --read-only --tmpfs /tmp" servers_under servers.ini --read-only --tmpfs /tmp
t_case "reloads under load: no-new-privileges, no capability, user 1000" \
	servers_under servers.ini --security-opt no-new-privileges --cap-drop ALL --user 1000
