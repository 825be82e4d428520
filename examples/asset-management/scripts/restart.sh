#!/bin/sh
# Restarts both services, or those that are named: restart.sh asset-backend
set -eu
. "$(dirname "$0")/common.sh"

[ $# -gt 0 ] || set -- asset-backend asset-frontend-dev
"$PM1" restart "$@"
