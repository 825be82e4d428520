#!/bin/sh
# deps.sh PACKAGE... - installs the Debian packages that are missing; does nothing, and quickly, when none is.
set -eu

missing=
for p in "$@"; do
	state=$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true)
	[ "$state" = "install ok installed" ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: these packages are missing, and only root can install them:$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
echo "deps: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# No service is to start on the machine of whoever builds: docker's daemon is started by the tests, in a folder of theirs.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
	made=yes
fi
status=0
# shellcheck disable=SC2086 # the list is words
$as_root apt-get install -y -q --no-install-recommends $missing || status=$?
[ -z "$made" ] || $as_root rm -f "$policy"
exit $status
