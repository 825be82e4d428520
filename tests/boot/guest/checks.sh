# Runs inside of the machine as a service, and says of each thing "CHECK name ok" or "CHECK name FAIL".
# shellcheck shell=sh

check() {
	name=$1
	shift
	n=0
	until "$@" >/tmp/check.out 2>&1; do
		n=$((n + 1))
		if [ "$n" -ge 600 ]; then
			echo "CHECK $name FAIL"
			cat /tmp/check.out
			return
		fi
		usleep 100000
	done
	echo "CHECK $name ok"
}

mounted() {
	for line in ' /proc proc ' ' /sys sysfs ' ' /dev devtmpfs ' ' /dev/pts devpts ' ' /dev/shm tmpfs ' ' /run tmpfs ' \
		' /tmp tmpfs ' ' /sys/fs/cgroup cgroup2 '; do
		grep -q "$line" /proc/mounts || return
	done
}

loopback() { ping -c 1 127.0.0.1; }
named() { [ "$(hostname)" = boxed ]; }
pid1() { pm1 ping | grep -q 'pid 1,'; }
in_cgroup() { # its path in the hierarchy ends in the service's name
	for p in /proc/[0-9]*; do
		! grep -q 'prog.trap' "$p/cmdline" || grep '^0::/' "$p/cgroup"
	done | grep -q web
}
hog_killed() { pm1 describe hog | grep -q 'memory_max'; }
hog_status() { pm1 status hog | grep -q '30M hard'; }
spared() { pm1 status spared | grep -q online && pm1 describe spared | grep -q 'OOM kills *[1-9]'; }
felled() { pm1 status felled | grep -q errored && pm1 describe felled | grep -q 'oom_policy = stop'; }
felled_whole() { ! grep -l child-hog /proc/[0-9]*/cmdline | xargs -n 1 dirname | sed 's/$/\/cgroup/' | xargs cat | grep -q felled; }
leak_restarted() { pm1 describe leak | grep -q 'max_memory_restart'; }
leak_status() { pm1 describe leak | grep -q 'cgroup v2'; }
stopped() { pm1 status "$1" | grep -q "$1.*stopped"; }
none_left() { ! grep -q setsid-daemon /proc/[0-9]*/cmdline; }
no_zombies() { # of pm1's; a service may have its own
	for p in /proc/[0-9]*/status; do
		! grep -q '^State:.*Z' "$p" || ! grep -q '^PPid:.1$' "$p" || return
	done
}

check mounted mounted
check hostname named
check loopback loopback
check pid1 pid1
check in-cgroup in_cgroup
check hog-killed hog_killed
check hog-status hog_status
check oom-continue spared
check oom-stop felled
check oom-stop-whole felled_whole
check leak-restarted leak_restarted
check leak-status leak_status
pm1 stop away
check stopped stopped away
check none-left none_left
check no-zombies no_zombies
# A jump of the clock over many nights runs what they made due once; a long way back counts from the new time.
clock() { busybox date -u -s "$1" >/dev/null; }
nightly_next() { pm1 describe nightly | grep -q "next run *$1 03:00:00"; }
nightly_ran_once() { [ "$(pm1 describe nightly | grep -c "(schedule '0 3")" = 1 ]; }
clock '2035-06-01 12:00:00'
check clock-forward nightly_next 2035-06-02
check clock-forward-once nightly_ran_once
clock '2035-05-01 12:00:00'
check clock-back nightly_next 2035-05-02
check clock-back-quiet nightly_ran_once
pm1 describe hog
pm1 status
echo kept >/root/kept
echo "CHECKS DONE"
