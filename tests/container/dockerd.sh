# shellcheck shell=bash
# dockerd.sh - a dockerd of the tests' own, with the base image that the Dockerfiles name. To be sourced after tests/sh/lib.sh.
#
# No image can be pulled on a machine without a registry, so debian:12-slim is made by debootstrap, kept in build/cache and
# imported under that name: the Dockerfiles are built as a user gets them.

BASE_TAR=build/cache/debian-12-slim.tar

make_base() {
	[ -s "$BASE_TAR" ] && return
	local tree
	tree=$(mktemp -d) || return
	mkdir -p "$(dirname "$BASE_TAR")"
	t_say "making debian:12-slim with debootstrap"
	if ! debootstrap --variant=minbase bookworm "$tree" >"$tree.log" 2>&1; then
		tail -20 "$tree.log"
		rm -rf "$tree" "$tree.log"
		return 1
	fi
	# How this machine reaches Debian's packages and npm's is how the image does, at build time and never after.
	cp -a /etc/apt/sources.list* /etc/apt/apt.conf.d "$tree/etc/apt/"
	cp -a /usr/share/keyrings/. "$tree/usr/share/keyrings/"
	cp -a /usr/local/share/ca-certificates "$tree/usr/local/share/" 2>/dev/null
	rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/usr/share/{doc,man,locale}/*
	tar -C "$tree" -cf "$BASE_TAR.new" . && mv "$BASE_TAR.new" "$BASE_TAR"
	rm -rf "$tree" "$tree.log"
}

# Starts it in the folder $1 and sets DOCKER_HOST.
dockerd_start() {
	docker_dir=$1
	export DOCKER_HOST=unix://$docker_dir/docker.sock
	# The builder that needs no plugin; its notice of being the old one is no news.
	export DOCKER_BUILDKIT=0
	setsid dockerd --data-root "$docker_dir/data" --exec-root "$docker_dir/exec" -H "$DOCKER_HOST" \
		-p "$docker_dir/docker.pid" >"$docker_dir/dockerd.log" 2>&1 </dev/null &
	if ! t_wait_until 120 docker version; then
		tail -20 "$docker_dir/dockerd.log"
		return 1
	fi
	docker import "$BASE_TAR" debian:12-slim >/dev/null
}

dockerd_stop() {
	local pid
	pid=$(cat "$docker_dir/docker.pid" 2>/dev/null) || return 0
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
	kill "$pid"
	t_wait_until 60 dockerd_is_gone "$pid"
	umount "$docker_dir"/exec/netns/* 2>/dev/null # what the host's own network left mounted
	true
}

dockerd_is_gone() {
	! grep -qs '^State:[[:space:]]*[A-Y]' "/proc/$1/status"
}

# docker_build TAG DOCKERFILE CONTEXT: by the host's network, since a bridge may lead nowhere here.
docker_build() {
	docker build --network host -q -t "$1" -f "$2" "$3" 2>&1 | grep -v -e DEPRECATED -e 'BuildKit is' -e 'environment-variable' -e '^$'
	return "${PIPESTATUS[0]}"
}
