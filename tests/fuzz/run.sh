#!/usr/bin/env bash
# run.sh SECONDS BUILDDIR SOURCE... - builds every tests/fuzz/fuzz_NAME.c and runs it for SECONDS on tests/fuzz/corpus/NAME.
#
# What a run finds beyond the corpus is kept in BUILDDIR/corpus/NAME, where the next run begins. Prints one line a fuzzer; a fault is
# shown with its stack and the file that causes it: `BUILDDIR/fuzz_NAME FILE` shows it again. FUZZ_ONLY=NAME runs one alone.
#
# A fuzzer says in its opening comment how long its inputs may be (max_len=N); tests/fuzz/NAME.dict has words to try, if it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=$1
build=$2
shift 2
flags=(-std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined -D_GNU_SOURCE '-DPM1_VERSION="0.0.0"' '-DPM1_DATE="2000-01-01"' -Iinit -I.)
jobs=$(nproc)

# The sources become one library, from which the linker takes what a fuzzer needs.
build_library() {
	local f
	rm -rf "$build/obj"
	for f in "$@"; do
		mkdir -p "$build/obj/$(dirname "$f")"
		printf '%s\0' "$f"
	done | xargs -0 -P "$jobs" -I{} clang "${flags[@]}" -fsanitize=fuzzer-no-link,address,undefined -c -o "$build/obj/{}.o" {}
	rm -f "$build/libpm1.a"
	find "$build/obj" -name '*.o' -print0 | sort -z | xargs -0 ar rcs "$build/libpm1.a"
}

mkdir -p "$build/corpus" "$build/crash" "$build/tmp"
if [ ! -f "$build/libpm1.a" ] || [ -n "$(find init tools tests/fuzz/run.sh -newer "$build/libpm1.a" -type f)" ]; then
	build_library "$@"
fi

names=()
for f in tests/fuzz/fuzz_*.c; do
	name=$(basename "$f" .c)
	name=${name#fuzz_}
	[ -z "${FUZZ_ONLY:-}" ] || [ "$FUZZ_ONLY" = "$name" ] || continue
	names+=("$name")
done
[ ${#names[@]} -gt 0 ] || { echo "no fuzzer is called '$FUZZ_ONLY'"; exit 1; }

printf '%s\0' "${names[@]}" | xargs -0 -P "$jobs" -I{} clang "${flags[@]}" -fsanitize=fuzzer,address,undefined \
	-o "$build/fuzz_{}" "tests/fuzz/fuzz_{}.c" "$build/libpm1.a" -linih -ljansson -lcap -lz

run_one() {
	local name=$1 log=$build/$1.log crash=$build/crash/$1- args=() r=0 max
	max=$(sed -n '1,12s/.*max_len=\([0-9]*\).*/\1/p' "tests/fuzz/fuzz_$name.c")
	mkdir -p "$build/corpus/$name"
	args=("-max_total_time=$seconds" "-max_len=${max:-4096}" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 "-artifact_prefix=$crash")
	[ ! -f "tests/fuzz/$name.dict" ] || args+=("-dict=tests/fuzz/$name.dict")
	args+=("$build/corpus/$name")
	[ ! -d "tests/fuzz/corpus/$name" ] || args+=("tests/fuzz/corpus/$name")
	# What a fuzzer itself leaves behind would be in there.
	TMPDIR=$build/tmp "$build/fuzz_$name" "${args[@]}" >"$log" 2>&1 </dev/null || r=$?
	if [ "$r" != 0 ]; then
		printf '%-14s FAULT, input in %s\n' "$name" "$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
		sed -n '/==\(ERROR\|[0-9]*== *ERROR\)\|runtime error\|SUMMARY/,$p' "$log" | head -n 60
		return 1
	fi
	printf '%-14s %9s executions, coverage %s\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
		"$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)"
}
export -f run_one
export build seconds
status=0
printf '%s\0' "${names[@]}" | xargs -0 -P "$jobs" -I{} bash -c 'run_one {}' || status=1
exit $status
