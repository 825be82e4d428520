#!/usr/bin/env bash
# lint.sh CPPFLAGS FILE... - clang-tidy and cppcheck over the sources, shellcheck over the scripts.
set -euo pipefail
cd "$(dirname "$0")/../.."
flags=$1
shift

mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
shellcheck -x "${scripts[@]}"
eval "set_flags=($flags)"
# shellcheck disable=SC2154 # set by eval
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- -std=gnu11 "${set_flags[@]}"
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -DPM1_VERSION='"x"' -D_GNU_SOURCE -Iinit -I. "$@"
