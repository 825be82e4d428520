#!/usr/bin/env bash
# boot/run.sh - a real kernel boots with pm1 as its init.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/sh/lib.sh
. tests/sh/lib.sh
# shellcheck source=tests/boot/machine.sh
. tests/boot/machine.sh

export PATH=$PATH:/usr/sbin:/sbin
t_need qemu-system-x86_64 busybox mkfs.ext4 e2fsck dumpe2fs debugfs socat apt-get

top=$(mktemp -d /tmp/pm1-boot-XXXXXX)
LIMIT=300 # seconds; a boot takes three under TCG, and a minute when the machine is busy
machine=

end() {
	machine_cut
	rm -rf "$top"
}
trap end EXIT

get_kernel || exit 1

# The first machine runs through all of its checks before the cases look at what it said.
main_machine() {
	disk_new "$top/main" main.ini
	machine_on "$top/main"
	console_wait 'CHECKS DONE'
	ctrl_alt_del
	machine_off
}

says_ok() {
	console=$top/main.console
	console_has "CHECK $1 ok" || { tail -60 "$console"; t_fail "no 'CHECK $1 ok'"; }
}

ctrl_alt_del_reboots() {
	console=$top/main.console
	console_has 'shutting down: reboot'
	console_has 'web \| got 15'
	console_has 'all services are down'
	console_has 'reboot: Restarting system'
	disk_is_clean "$top/main"
	t_equal "$(debugfs -R 'cat /root/kept' "$top/main" 2>/dev/null)" kept
}

# VERB and what the kernel says at its end.
verb_ends_machine() {
	disk_new "$top/$1" poweroff.ini
	machine_on "$top/$1" "END=$1"
	console_wait "ASKING $1"
	if [ "$1" = halt ]; then # a halted machine stays on
		console_wait "$2"
		machine_cut
	else
		machine_off
	fi
	console=$top/$1.console
	console_has "shutting down: $1"
	console_has 'web \| got 15'
	console_has 'deaf.*kill_timeout 500ms: SIGKILL'
	console_has "$2"
	t_not console_has 'Kernel panic'
	disk_is_clean "$top/$1"
}

a_broken_file_gives_a_shell() {
	disk_new "$top/broken" broken.ini
	machine_on "$top/broken"
	console_wait 'pm1.ini:3: \[service:web\] restart_dely = 3: unknown key \(did you mean restart_delay\?\)'
	console_wait 'a shell on the console follows'
	# shellcheck disable=SC2016 # the guest's shell is to work it out
	echo 'echo shell-$((40 + 2))' >&9
	console_wait '^shell-42'
	echo 'cp /etc/plain.ini /etc/pm1.ini; exit' >&9
	console_wait 'web \| trapping'
	ctrl_alt_del
	machine_off
	disk_is_clean "$top/broken"
}

a_missing_file_gives_a_shell_and_poweroff_works_there() {
	disk_new "$top/missing" ""
	machine_on "$top/missing"
	console_wait '/etc/pm1.ini.*No such file'
	console_wait 'a shell on the console follows'
	echo 'pm1 poweroff' >&9
	machine_off
	console_has 'reboot: Power down'
	disk_is_clean "$top/missing"
}

the_kernels_command_line_names_the_file() {
	disk_new "$top/named" broken.ini
	machine_on "$top/named" PM1_INI=/etc/plain.ini single nonsense
	console_wait 'web \| trapping'
	ctrl_alt_del
	machine_off
	t_not console_has 'Kernel panic'
}

t_case "a machine boots, runs its services and reboots" main_machine
t_case "the file systems are mounted" says_ok mounted
t_case "the hostname is set" says_ok hostname
t_case "the loopback is up" says_ok loopback
t_case "the verbs find PID 1" says_ok pid1
t_case "each service is in a cgroup of its own" says_ok in-cgroup
t_case "memory_max: the kernel kills the hog, and describe says so" says_ok hog-killed
t_case "memory_max: status says that the cap is hard" says_ok hog-status
t_case "oom_policy = continue: a child is killed and counted, the service lives" says_ok oom-continue
t_case "oom_policy = stop: it is errored, with the cause" says_ok oom-stop
t_case "oom_policy = stop: nothing of it is left" says_ok oom-stop-whole
t_case "max_memory_restart: restarted by the kernel's event" says_ok leak-restarted
t_case "max_memory_restart: describe says by what" says_ok leak-status
t_case "stop of a service that left its session" says_ok stopped
t_case "and nothing of it is left" says_ok none-left
t_case "no zombie is left" says_ok no-zombies
t_case "the clock jumps over many nights: a schedule's next run is counted anew" says_ok clock-forward
t_case "and what was due has run once" says_ok clock-forward-once
t_case "the clock goes back: the next run is counted from the new time" says_ok clock-back
t_case "and nothing has run for that" says_ok clock-back-quiet
t_case "ctrl-alt-del stops the services, unmounts and reboots" ctrl_alt_del_reboots
t_case "pm1 poweroff" verb_ends_machine poweroff 'reboot: Power down'
t_case "pm1 reboot" verb_ends_machine reboot 'reboot: Restarting system'
t_case "pm1 halt" verb_ends_machine halt 'reboot: System halted'
t_case "a broken file: its fault, a shell, and after it is mended the services" a_broken_file_gives_a_shell
t_case "a missing file: a shell, in which pm1 poweroff works" a_missing_file_gives_a_shell_and_poweroff_works_there
t_case "PM1_INI on the kernel's command line; other words do no harm" the_kernels_command_line_names_the_file
t_done boot
