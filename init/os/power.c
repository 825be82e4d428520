/* power - the end of a machine: the last processes, the disks, the switch. */
#include "os/machine.h"

#include "base/clock.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#define TERM_WAIT (2 * USEC_SEC) /* for what no service owns any more */
#define KILL_WAIT (2 * USEC_SEC)
#define DISK_WAIT (10 * USEC_SEC) /* a dead disk must not keep the machine from going down */
#define MOUNTS_MAX (256 * 1024)
#define TRIES 3 /* to unmount what is busy at first */

/* Reaps until no child is left, or the time is over. True: none is left. Nothing else runs in pm1 any more, so it may wait. */
static bool wait_for_all(usec_t within)
{
	usec_t end = clock_mono() + within;

	while (clock_mono() < end) {
		siginfo_t info;
		int r = sys_waitid(P_ALL, 0, &info, 0);
		if (r == -ECHILD)
			return true;
		if (r == 0)
			(void)poll(NULL, 0, 10);
	}
	return false;
}

static bool wait_for(pid_t pid, usec_t within)
{
	usec_t end = clock_mono() + within;
	siginfo_t info;

	while (clock_mono() < end) {
		int r = sys_waitid(P_PID, (id_t)pid, &info, 0);
		if (r != 0)
			return true;
		(void)poll(NULL, 0, 10);
	}
	return false;
}

static bool is_kernels(const char *at)
{
	static const char *const keep[] = { "/proc", "/sys", "/dev", "/run" };

	for (size_t i = 0; i < ARRAY_LEN(keep); i++) {
		size_t n = strlen(keep[i]);
		if (strncmp(at, keep[i], n) == 0 && (at[n] == 0 || at[n] == '/'))
			return true;
	}
	return strcmp(at, "/") == 0;
}

/* Unmounts from the last mounted to the first. How many were left busy. */
static size_t unmount_once(void)
{
	cleanup_free char *buf = malloc(MOUNTS_MAX);
	size_t left = 0;
	ssize_t n = buf ? sys_slurp(AT_FDCWD, "/proc/self/mounts", buf, MOUNTS_MAX) : -ENOMEM;

	while (n > 0) {
		/* The last line first. */
		if (buf[n - 1] == '\n')
			buf[--n] = 0;
		char *line = memrchr(buf, '\n', (size_t)n);
		line = line ? line + 1 : buf;
		char *at = strchr(line, ' ');
		char *end = at ? strchr(at + 1, ' ') : NULL;
		if (end) {
			*end = 0;
			if (!is_kernels(at + 1) && sys_umount(at + 1, 0) < 0)
				left++;
		}
		n = line - buf;
		buf[n] = 0;
	}
	return left;
}

static _Noreturn void disks(void)
{
	sync();
	for (int i = 0; i < TRIES && unmount_once() > 0; i++)
		(void)poll(NULL, 0, 100);
	(void)sys_mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	_exit(0);
}

int machine_end(enum machine_end how, machine_say_fn say)
{
	static const int commands[] = { [MACHINE_POWEROFF] = RB_POWER_OFF,
					[MACHINE_REBOOT] = RB_AUTOBOOT,
					[MACHINE_HALT] = RB_HALT_SYSTEM };

	(void)sys_kill(-1, SIGTERM);
	(void)sys_kill(-1, SIGCONT);
	if (!wait_for_all(TERM_WAIT)) {
		(void)sys_kill(-1, SIGKILL);
		if (!wait_for_all(KILL_WAIT))
			say("some processes do not die; going on without them", 0);
	}
	/* In a child: an unmount that hangs hangs there. */
	pid_t pid = sys_fork();
	if (pid == 0)
		disks();
	if (pid < 0)
		sync();
	else if (!wait_for(pid, DISK_WAIT))
		say("the disks do not answer; going down without them", 0);
	int r = sys_reboot(commands[how]);
	say("reboot", r);
	return r;
}
