#include "wire/logsocket.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <stdbool.h>

union control {
	struct cmsghdr header; /* for its alignment */
	char space[CMSG_SPACE(LOGWIRE_FDS_MAX * sizeof(int))];
};

int logsocket_send(int sock, const struct logwire_packet *p, const int *fds, size_t n_fds)
{
	struct iovec iov = { .iov_base = (void *)p, .iov_len = sizeof(*p) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control c = { .space = { 0 } };

	if (n_fds > LOGWIRE_FDS_MAX)
		return -EINVAL;
	if (n_fds) {
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n_fds * sizeof(int));
	}
	ssize_t n = sys_sendmsg(sock, &m, MSG_DONTWAIT);
	return n < 0 ? (int)n : 0;
}

int logsocket_recv(int sock, struct logwire_packet *ret, int *ret_fds, size_t *ret_n_fds)
{
	struct logwire_packet p;
	struct iovec iov = { .iov_base = &p, .iov_len = sizeof(p) };
	union control c;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	int fds[LOGWIRE_FDS_MAX];
	size_t n_fds = 0;

	ssize_t n = sys_recvmsg(sock, &m, MSG_DONTWAIT);
	if (n <= 0)
		return (int)n;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n_fds = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(h), n_fds * sizeof(int));
	}
	bool good = n == sizeof(p) && p.version == LOGWIRE_VERSION && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
	if (!good || !ret_fds)
		for (size_t i = 0; i < n_fds; i++)
			close_fd(&fds[i]);
	if (!good)
		return -EBADMSG;
	/* Strings come ended from a peer of ours; a broken one must not run off all the same. */
	p.name[sizeof(p.name) - 1] = p.path[sizeof(p.path) - 1] = 0;
	p.combined[sizeof(p.combined) - 1] = p.format[sizeof(p.format) - 1] = 0;
	p.service[sizeof(p.service) - 1] = p.sink[sizeof(p.sink) - 1] = 0;
	*ret = p;
	if (ret_fds) {
		memcpy(ret_fds, fds, n_fds * sizeof(int));
		*ret_n_fds = n_fds;
	}
	return 1;
}

const char *logsocket_trouble_text(int error)
{
	if (error == ELOOP)
		return "it is a symbolic link, which is not followed";
	if (error == ENXIO)
		return "it is no regular file";
	if (error == EBADFD)
		return "it belongs to another user than pm1, root, the service's user and log_owner";
	return err_text(error);
}
