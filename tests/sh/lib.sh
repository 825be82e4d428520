# shellcheck shell=bash
# lib.sh - the harness of the shell suites. To be sourced by bash.
#
#   t_case "sentence" function     runs the function in a subshell with -e; prints ok or not ok
#   t_wait_until SECONDS CMD...    asks until CMD succeeds; a failure says what it waited for
#   t_need CMD...                  these commands must be there; in CI their lack is a failure
#   t_done SUITE                   prints "SUITE: N passed, N failed" and exits accordingly

t_passed=0
t_failed=0
T_LOG=$(mktemp)

t_say() { printf '# %s\n' "$*"; }

t_case() {
	local name=$1 status=0
	shift
	[ -z "${T_ONLY:-}" ] || [[ $name == *$T_ONLY* ]] || return 0
	# A condition would switch -e off inside: so it runs as a plain command, and its status is taken after.
	set +e
	(
		set -e
		"$@"
	) >"$T_LOG" 2>&1
	status=$?
	if [ "$status" = 0 ]; then
		t_passed=$((t_passed + 1))
		printf 'ok - %s\n' "$name"
	else
		t_failed=$((t_failed + 1))
		printf 'not ok - %s (status %s)\n' "$name" "$status"
		sed 's/^/#   /' "$T_LOG"
	fi
}

t_wait_until() {
	local seconds=$1 end
	shift
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "waited $seconds s in vain for: $*" >&2
			return 1
		fi
		read -r -t 0.1 <> <(:) || true # a tick without a process
	done
}

t_fail() {
	echo "$*" >&2
	return 1
}

t_not() { # "! CMD" alone never ends a case
	if "$@"; then
		t_fail "this should have failed: $*"
	fi
}

t_equal() {
	[ "$1" = "$2" ] || t_fail "wanted '$2', got '$1'${3:+ ($3)}"
}

t_match() {
	[[ $1 =~ $2 ]] || t_fail "wanted something like '$2', got '$1'"
}

t_need() {
	local c
	for c in "$@"; do
		command -v "$c" >/dev/null && continue
		if [ -n "${CI:-}" ]; then
			echo "not ok - '$c' is missing, and CI skips nothing (make deps installs it)"
			exit 1
		fi
		echo "SKIPPED: '$c' is missing; make deps installs it"
		exit 0
	done
}

t_done() {
	rm -f "$T_LOG"
	printf '%s: %s passed, %s failed\n' "$1" "$t_passed" "$t_failed"
	[ "$t_failed" = 0 ] && [ "$t_passed" -gt 0 ]
	exit
}
