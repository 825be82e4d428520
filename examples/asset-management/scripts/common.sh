# common.sh - what the scripts of this example share. To be sourced.
# shellcheck shell=sh

cd "$(dirname "$0")/.." || exit 1

# The pm1 that was built beside this example, else the installed one; PM1 overrides both.
if [ -z "${PM1:-}" ]; then
	PM1=../../build/pm1
	[ -x "$PM1" ] || PM1=pm1
fi
if ! command -v "$PM1" >/dev/null; then
	echo "pm1 is neither built (run make at the top of the source) nor installed" >&2
	exit 1
fi

# Installs the npm packages of both parts, when they are missing or older than the lock.
install_packages() {
	for part in backend frontend; do
		mark=$part/node_modules/.package-lock.json
		if [ -e "$mark" ] && [ -z "$(find "$part/package-lock.json" -newer "$mark")" ]; then
			continue
		fi
		echo "installing the npm packages of $part"
		# No package's own install script has to run, so none may.
		npm ci --ignore-scripts --no-audit --no-fund --prefix "$part" || return
		touch "$mark"
	done
}
