#!/usr/bin/env bash
# install/run.sh - `make install` puts the binary and its man page where they belong, and README.md speaks of what is there.
# shellcheck disable=SC2016 # the backquotes are Markdown's
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/sh/lib.sh
. tests/sh/lib.sh

t_need mandoc

top=$(mktemp -d /tmp/pm1-install-XXXXXX)
trap 'rm -rf "$top"' EXIT
bin=$top/usr/bin/pm1
page=$top/usr/share/man/man1/pm1.1

installs() {
	# A closed umask is the installer's own affair: what it installs is for all.
	(umask 077 && make -s install DESTDIR="$top" PREFIX=/usr)
	t_equal "$(cd "$top" && find . -type f | sort | tr '\n' ' ')" "./usr/bin/pm1 ./usr/share/man/man1/pm1.1 "
	t_equal "$(stat -c %a "$bin")" 755
	t_equal "$(stat -c %a "$page")" 644
}

binary_runs() {
	t_match "$("$bin" version)" '^pm1 [0-9]'
	t_equal "$("$bin" -- sh -c 'echo it runs')" "it runs"
	# It needs no library of the machine it is put on.
	t_equal "$(readelf -lW "$bin" | grep INTERP)" ""
}

page_has_no_faults() {
	t_equal "$(mandoc -T lint "$page" 2>&1)" ""
}

page_is_of_this_binary() {
	t_equal "$("$bin" help --man | md5sum)" "$(md5sum <"$page")"
	t_match "$(mandoc -T ascii "$page")" 'process manager that can be PID 1'
}

# What a new user takes from README.md.
readme_file() {
	# Each block of INI in a file of its own; the first is whole, the others are parts of one.
	awk -v to="$top/readme" '/^```ini$/ { n++; on = 1; next } /^```$/ { on = 0 } on { print >(to n ".ini") }' README.md
	t_match "$("$bin" check "$top/readme1.ini")" '2 services, no faults'
	for part in "$top"/readme[2-9].ini; do
		printf '[service:x]\ncommand = true\n' >>"$part"
		t_match "$("$bin" check "$part")" ', no faults'
	done
}

readme_words_are_known() {
	local key verb
	# The third column of the table of keys, and every verb that is shown.
	while read -r key; do
		"$bin" help "$key" >/dev/null || t_fail "no key or verb $key"
	done < <(sed -n 's/^| .* | .* | `\([a-z_.]*\)`.*/\1/p' README.md)
	# Commands, not prose: in backquotes, behind a prompt, or indented.
	while read -r verb; do
		"$bin" help "$verb" >/dev/null || t_fail "no verb $verb"
	done < <(sed -nE 's/.*(`|^\$ |^    )pm1 ([a-z][a-z-]*).*/\2/p' README.md | sort -u)
}

t_case "make install puts one binary and one page below DESTDIR and PREFIX" installs
t_case "the installed binary runs, and is static" binary_runs
t_case "mandoc finds no fault in the page" page_has_no_faults
t_case "the page is the one that the binary prints" page_is_of_this_binary
t_case "the INI files of README.md have no faults" readme_file
t_case "README.md speaks of verbs and keys that are there" readme_words_are_known
t_done install
