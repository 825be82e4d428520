#!/usr/bin/env bash
# lint.sh FILE... - clang-tidy and cppcheck over the sources, shellcheck over the scripts.
set -euo pipefail
cd "$(dirname "$0")/../.."
flags=(-D_GNU_SOURCE '-DPM1_VERSION="0.0.0"' '-DPM1_DATE="2000-01-01"' -Iinit -I.)

mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
# SC2317: the cases of a suite are called by name, which shellcheck cannot see.
shellcheck -x -P SCRIPTDIR -e SC2317 "${scripts[@]}"
printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- -std=gnu11 "${flags[@]}"
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches "${flags[@]}" "$@"
