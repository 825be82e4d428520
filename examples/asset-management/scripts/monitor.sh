#!/bin/sh
# Shows how both services are, then follows their logs until ctrl-C.
set -eu
. "$(dirname "$0")/common.sh"

"$PM1" status asset-backend asset-frontend-dev
exec "$PM1" logs asset-backend asset-frontend-dev
