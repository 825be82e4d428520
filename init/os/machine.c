#include "os/machine.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

/* The kernel's number for the initial PID namespace (include/linux/proc_ns.h, PROC_PID_INIT_INO): an inode that a container's never has. */
#define PROC_PID_INIT_INO 0xEFFFFFFCU

static bool has_capability(cap_value_t what)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t on = CAP_CLEAR;

	if (!caps)
		return false;
	(void)cap_get_flag(caps, what, CAP_EFFECTIVE, &on);
	(void)cap_free(caps);
	return on == CAP_SET;
}

bool machine_is_ours(void)
{
	struct stat st;

	if (getpid() != 1 || !has_capability(CAP_SYS_ADMIN) || !has_capability(CAP_SYS_BOOT))
		return false;
	int r = sys_stat("/proc/self/ns/pid", &st);
	if (r == -ENOENT) {
		(void)sys_mkdir("/proc", 0555);
		if (sys_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
			return false;
		r = sys_stat("/proc/self/ns/pid", &st);
	}
	return r == 0 && st.st_ino == PROC_PID_INIT_INO;
}

static const struct {
	const char *source, *at, *type, *options;
	unsigned long flags;
	mode_t mode;
} mounts[] = {
	{ "proc", "/proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555 },
	{ "sysfs", "/sys", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555 },
	{ "devtmpfs", "/dev", "devtmpfs", "mode=0755", MS_NOSUID, 0755 },
	{ "devpts", "/dev/pts", "devpts", "mode=0620,gid=5,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, 0755 },
	{ "tmpfs", "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, 01777 },
	{ "tmpfs", "/run", "tmpfs", "mode=0755", MS_NOSUID | MS_NODEV, 0755 },
	{ "tmpfs", "/tmp", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, 01777 },
	{ "cgroup2", "/sys/fs/cgroup", "cgroup2", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0755 },
};

/* A mount point is on another device than its parent. */
static bool is_mounted(const char *at)
{
	struct stat st, parent;
	char path[64];

	(void)text_format(path, sizeof(path), "%s/..", at);
	return sys_stat(at, &st) == 0 && sys_stat(path, &parent) == 0 && st.st_dev != parent.st_dev;
}

/* 0, 1 and 2 on the console: the kernel opens it before /dev was there, if at all. */
static void open_console(machine_say_fn say)
{
	struct stat st;

	if (sys_fstat(STDERR_FILENO, &st) == 0 && S_ISCHR(st.st_mode))
		return;
	int fd = sys_open("/dev/console", O_RDWR | O_NOCTTY, 0);
	if (fd < 0) {
		say("/dev/console", fd);
		return;
	}
	for (int i = 0; i <= 2; i++)
		(void)sys_dup3(fd, i, 0);
	if (fd > 2)
		close_fd(&fd);
}

void machine_mount_all(machine_say_fn say)
{
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		if (is_mounted(mounts[i].at))
			continue;
		(void)sys_mkdir(mounts[i].at, mounts[i].mode);
		int r = sys_mount(mounts[i].source, mounts[i].at, mounts[i].type, mounts[i].flags, mounts[i].options);
		if (r < 0 && r != -EBUSY)
			say(mounts[i].at, r);
	}
	open_console(say);
	/* From here on ctrl-alt-del is a SIGINT to us, and no reset without a sync. */
	int r = sys_reboot(RB_DISABLE_CAD);
	if (r < 0)
		say("ctrl-alt-del", r);
}

void machine_hostname(const char *name, machine_say_fn say)
{
	char buf[256];

	if (!name) {
		if (sys_slurp(AT_FDCWD, "/etc/hostname", buf, sizeof(buf)) <= 0)
			return;
		buf[strcspn(buf, " \t\r\n")] = 0;
		name = buf;
	}
	int r = name[0] ? sys_sethostname(name) : 0;
	if (r < 0)
		say("hostname", r);
}

void machine_loopback(machine_say_fn say)
{
	struct ifreq req = { .ifr_name = "lo" };
	cleanup_fd int fd = sys_socket(AF_INET, SOCK_DGRAM);

	if (fd < 0) {
		say("loopback", fd);
		return;
	}
	int r = sys_ioctl(fd, SIOCGIFFLAGS, &req);
	req.ifr_flags = (short)(req.ifr_flags | IFF_UP | IFF_RUNNING);
	if (r == 0)
		r = sys_ioctl(fd, SIOCSIFFLAGS, &req);
	if (r < 0)
		say("loopback", r);
}

char *const *machine_shell(void)
{
	static char *const shells[][3] = {
		{ (char *)"/bin/sh", NULL },
		{ (char *)"/bin/bash", NULL },
		{ (char *)"/bin/busybox", (char *)"sh", NULL },
	};
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (sys_stat(shells[i][0], &st) == 0 && (st.st_mode & 0111))
			return shells[i];
	return NULL;
}
