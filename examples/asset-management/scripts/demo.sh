#!/bin/sh
# The example from nothing to running; `make demo` calls this after it has built pm1.
set -eu
. "$(dirname "$0")/common.sh"

backend=http://127.0.0.1:${BACKEND_PORT:-5000}
frontend=http://127.0.0.1:${FRONTEND_PORT:-5173}
PATIENCE=60 # seconds; a first start of Vite on a small machine takes a few

answers() {
	node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$1"
}

wait_for() {
	left=$PATIENCE
	until answers "$1"; do
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			echo "$1 doesn't answer; this is how things stand:" >&2
			"$PM1" status >&2
			"$PM1" logs --nostream >&2
			exit 1
		fi
		sleep 1
	done
}

install_packages
"$PM1" start pm1.ini >/dev/null
wait_for "$backend/health"
wait_for "$frontend/"
"$PM1" status

here=$(pwd)
pm1=$(command -v "$PM1")
case $pm1 in /*) ;; *) pm1=$(cd "$(dirname "$pm1")" && pwd)/pm1 ;; esac
cat <<END

The example is up.
  page      $frontend
  backend   $backend/health
  logs      $here/logs/
            $here/frontend/logs/
            $pm1 logs
  break it  curl -X POST $backend/api/debug/crash
            curl -X POST '$backend/api/debug/leak?mb=600'
  look      $pm1 status
            $pm1 describe asset-backend
  stop      $here/scripts/stop.sh        (--all: and pm1 itself)
END
