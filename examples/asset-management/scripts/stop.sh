#!/bin/sh
# Stops both services. `stop.sh --all` ends pm1 as well, with everything it runs.
set -eu
. "$(dirname "$0")/common.sh"

if [ "${1:-}" = --all ]; then
	"$PM1" kill
else
	"$PM1" stop asset-backend asset-frontend-dev
fi
