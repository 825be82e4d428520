/* The kernel answers within the call that asks and within those that read, so the socket is never empty before the end of the answer. */
#include "os/sockdiag.h"

#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <linux/sock_diag.h>

#define REQUEST_MAX 256 /* bytes */
#define PIECE_MAX 32768 /* bytes of one reading; the kernel fills at most this much */
#define PIECES_MAX 4096 /* readings: some hundred thousand sockets */

/* 1: this was the end. */
static int read_piece(const char *buf, size_t n, sockdiag_fn fn, void *ctx)
{
	while (n >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;
		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > n)
			return -EPROTO;
		if (h->nlmsg_type == NLMSG_DONE) { /* a dump that failed says so here, not by an NLMSG_ERROR */
			int why = 0;
			if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(why)))
				memcpy(&why, NLMSG_DATA(h), sizeof(why));
			return why < 0 ? why : 1;
		}
		if (h->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *e = NLMSG_DATA(h);
			return h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? -EPROTO : e->error < 0 ? e->error : 1;
		}
		int r = h->nlmsg_type == SOCK_DIAG_BY_FAMILY ? fn(ctx, h) : 0;
		if (r < 0)
			return r;
		if (!(h->nlmsg_flags & NLM_F_MULTI))
			return 1;
		size_t step = NLMSG_ALIGN(h->nlmsg_len);
		buf += step < n ? step : n;
		n -= step < n ? step : n;
	}
	return 0;
}

int sockdiag_ask(uint16_t flags, const void *req, size_t n, sockdiag_fn fn, void *ctx)
{
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(n), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | flags };
	char out[REQUEST_MAX];
	cleanup_fd int fd = sys_socket_of(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return fd;
	if (h.nlmsg_len > sizeof(out))
		return -EMSGSIZE;
	memcpy(out, &h, sizeof(h));
	memcpy(out + NLMSG_HDRLEN, req, n);
	cleanup_free char *in = malloc(PIECE_MAX);
	if (!in)
		return -ENOMEM;
	/* Unconnected, a netlink socket sends to the kernel. */
	struct iovec v = { .iov_base = out, .iov_len = h.nlmsg_len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t r = sys_sendmsg(fd, &m, 0);
	v = (struct iovec){ .iov_base = in, .iov_len = PIECE_MAX };
	for (int i = 0; r >= 0 && i < PIECES_MAX; i++) {
		m = (struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 };
		r = sys_recvmsg(fd, &m, 0);
		if (r < 0)
			break;
		if (m.msg_flags & MSG_TRUNC)
			return -ENOBUFS;
		int end = read_piece(in, (size_t)r, fn, ctx);
		if (end != 0)
			return end < 0 ? end : 0;
	}
	return r < 0 ? (int)r : -EOVERFLOW;
}

const struct nlattr *sockdiag_attr(const struct nlmsghdr *h, size_t body, uint16_t type, size_t size)
{
	size_t at = NLMSG_LENGTH(NLMSG_ALIGN(body));

	while (at + NLA_HDRLEN <= h->nlmsg_len) {
		const struct nlattr *a = (const struct nlattr *)(const void *)((const char *)h + at);
		if (a->nla_len < NLA_HDRLEN || at + a->nla_len > h->nlmsg_len)
			return NULL;
		if (a->nla_type == type && a->nla_len >= NLA_HDRLEN + size)
			return a;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}
