#include "os/notice.h"

#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64 /* x32 has numbers of its own and so goes on */
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* By hand: it is asked between fork and exec. */
static unsigned int read_number(const char **p)
{
	unsigned int n = 0;

	for (; **p >= '0' && **p <= '9' && n < 10000; (*p)++)
		n = n * 10 + (unsigned int)(**p - '0');
	return n;
}

bool notice_kernel_does(const char *release)
{
	unsigned int major = read_number(&release);

	if (*release)
		release++;
	return major > 5 || (major == 5 && read_number(&release) >= 9);
}

#ifdef NATIVE
static const struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_listen, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

int notice_install(bool no_new_privs)
{
	const struct sock_fprog prog = { ARRAY_LEN(filter), (struct sock_filter *)filter };
	/* Nothing is confined here: the program keeps the CPU's speculation, which a filter turns off on older kernels. */
	const unsigned int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	struct utsname name;

	if (uname(&name) < 0 || !notice_kernel_does(name.release))
		return -ENOSYS;
	int r = no_new_privs ? sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
	if (r < 0)
		return r;
	/* From 5.19 on a call that we have heard of is interrupted by deadly signals alone. Before, a program with handlers and without
	 * SA_RESTART may see EINTR; one that calls again is heard of again. */
	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	return r == -EINVAL ? sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog) : r;
}
#else
int notice_install(bool no_new_privs)
{
	(void)no_new_privs;
	return -ENOSYS;
}
#endif

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

void notice_hand_over(int channel, int listener)
{
	int why = listener < 0 ? listener : 0;
	union control control = { .room = { 0 } };
	struct iovec part = { &why, sizeof(why) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	char c;

	if (listener >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &listener, sizeof(int));
	}
	ssize_t n = sys_sendmsg(channel, &m, 0);
	if (n == sizeof(why) && why != 0)
		(void)sys_read(channel, &c, 1); /* its end */
}

int notice_receive(int channel, int *ret_listener)
{
	union control control = { .room = { 0 } };
	int why = 0, got = -EMFILE; /* sent, and there was no room for it here */
	struct iovec part = { &why, sizeof(why) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room) };
	ssize_t n = sys_recvmsg(channel, &m, 0);

	if (n < 0)
		return (int)n;
	if (n == 0)
		return -ENODATA;
	const struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&got, CMSG_DATA(h), sizeof(int));
	else if (n == sizeof(why) && why < 0)
		got = why;
	*ret_listener = got;
	return 0;
}

int notice_take(int listener, struct notice *ret)
{
	union {
		struct seccomp_notif n;
		char room[512]; /* a later kernel's may be longer */
	} u = { .room = { 0 } };
	int r = sys_notif_recv(listener, &u.n);

	if (r < 0)
		return r;
	*ret = (struct notice){ .id = u.n.id,
				.tid = (pid_t)u.n.pid,
				.call = u.n.data.nr == SYS_bind ? NOTICE_BIND : NOTICE_LISTEN,
				.fd = (int)u.n.data.args[0],
				.address = u.n.data.args[1],
				.len = (uint32_t)u.n.data.args[2] };
	return 0;
}

bool notice_is_waiting(int listener, uint64_t id)
{
	return sys_notif_valid(listener, id) == 0;
}

int notice_give(int listener, uint64_t id, int fd, int at, bool cloexec)
{
	const struct seccomp_notif_addfd add = { .id = id,
						 .flags = SECCOMP_ADDFD_FLAG_SETFD,
						 .srcfd = (uint32_t)fd,
						 .newfd = (uint32_t)at,
						 .newfd_flags = cloexec ? O_CLOEXEC : 0 };
	int r = sys_notif_addfd(listener, &add);

	return r < 0 ? r : 0;
}

static int answer(int listener, uint64_t id, uint32_t flags)
{
	union {
		struct seccomp_notif_resp a;
		char room[512];
	} u = { .room = { 0 } };

	u.a.id = id;
	u.a.flags = flags;
	return sys_notif_send(listener, &u.a);
}

int notice_answer(int listener, uint64_t id)
{
	return answer(listener, id, 0);
}

int notice_go_on(int listener, uint64_t id)
{
	return answer(listener, id, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}
