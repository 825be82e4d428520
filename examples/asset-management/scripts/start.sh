#!/bin/sh
# Starts the backend and the front end; pm1 too, when it isn't running yet.
set -eu
. "$(dirname "$0")/common.sh"

install_packages
"$PM1" start pm1.ini
