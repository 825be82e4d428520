#!/usr/bin/env bash
# arrows.sh - draws which folder includes which, and fails on an arrow that is not allowed, or on a file over 500 lines.
set -euo pipefail
cd "$(dirname "$0")/../.."

# FROM -> TO... ; all may include base. `role` is what stands at the top of init/: main.c and the roles it wires.
allowed() {
	case "$1" in
	base) echo "" ;;
	loop | wire | model | bare) echo "base" ;;
	os) echo "base model loop" ;; # loop: watch alone
	core) echo "base os model wire loop" ;;
	control) echo "base core os model wire loop" ;;
	cli | logd | peek | probe | web) echo "base wire loop" ;;
	role) echo "base bare loop wire model os core control role cli logd peek probe web" ;;
	esac
}

folder_of() {
	case "$1" in
	init/*/*) f=${1#init/} && echo "${f%%/*}" ;;
	tools/*/*) f=${1#tools/} && echo "${f%%/*}" ;;
	init/*) echo role ;;
	esac
}

status=0
edges=$(mktemp)
trap 'rm -f "$edges"' EXIT
while IFS= read -r file; do
	from=$(folder_of "$file")
	while IFS= read -r inc; do
		case "$inc" in
		tools/*/*) to=${inc#tools/} && to=${to%%/*} ;;
		*/*) to=${inc%%/*} ;;
		*) to=role ;;
		esac
		[ "$from" != "$to" ] || continue
		echo "$from -> $to" >>"$edges"
		case " $(allowed "$from") " in
		*" $to "*) ;;
		*)
			echo "$file includes \"$inc\": an arrow from $from to $to is not allowed"
			status=1
			;;
		esac
	done < <(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file")
done < <(find init tools -name '*.[ch]' | sort)
sort "$edges" | uniq -c | sort -k2 | awk '{ printf "%s -> %s (%s)\n", $2, $4, $1 }'

while read -r lines file; do
	[ "$file" = total ] || [ "$lines" -le 500 ] || { echo "$file has $lines lines: are there two nouns inside?"; status=1; }
done < <(find init tools -name '*.[ch]' -print0 | xargs -0 wc -l)

# Only base/sys.c, sys_disk.c, sys_net.c and sys_trace.c ask errno; the code between fork and exec, and plain ioctl, have no wrapper.
bad=$(grep -rnE '(^|[^_a-z])errno([^_.a-z]|$)' init tools --include='*.c' | grep -vE '#include|init/base/(sys|sys_disk|sys_net|sys_trace|own)\.c|init/os/spawn_child\.c|init/bare/bare\.c|/\*|ret_errno|exec_errno' || true)
[ -z "$bad" ] || { echo "errno outside of base/sys.c:"; echo "$bad"; status=1; }
exit $status
