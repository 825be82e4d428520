/* The kernel's answers are filtered by port there and by address here: a socket of every address has its connections at each of them, and
 * one of both families has those of IPv4 as mapped addresses of IPv6. */
#include "os/conns.h"

#include "base/own.h"
#include "base/sys.h"
#include "os/procfds.h"
#include "os/proctcp.h"
#include "os/sockdiag.h"
#include "os/unixconns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#define CONNS_MAX 131072 /* of one list */
#define LOOK_MAX 32768 /* sockets of all processes together, to see which are held: about 4 us each, while PID 1 does nothing else */
#define LINES_MAX 1048576 /* of tcp and of tcp6 */
#define FIRST_ROOM 64
#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

#define STATE(s) (1u << (s))
#define CLOSED_BY_US (STATE(TCP_FIN_WAIT1) | STATE(TCP_FIN_WAIT2) | STATE(TCP_LAST_ACK) | STATE(TCP_CLOSING))
#define STATES (STATE(TCP_ESTABLISHED) | STATE(TCP_SYN_RECV) | STATE(TCP_CLOSE_WAIT) | CLOSED_BY_US)

struct search {
	const struct listen_at *const *at; /* borrowed */
	size_t n;
	bool no_six; /* the kernel has no IPv6: a bare port is one of IPv4 */
	struct conns got; /* owned */
	size_t room;
};

static bool is_zero(const void *p, size_t n)
{
	static const uint8_t zero[16];

	return memcmp(p, zero, n) == 0;
}

static bool is_at(const struct search *s, const struct listen_at *at, int family, const void *address, uint16_t port)
{
	if (at->kind != LISTEN_TCP || listen_port(at) != port)
		return false;
	if (at->any && family == AF_INET)
		return s->no_six;
	if (at->to.any.sa_family != family)
		return false;
	if (family == AF_INET)
		return is_zero(&at->to.in.sin_addr, 4) || memcmp(address, &at->to.in.sin_addr, 4) == 0;
	return is_zero(&at->to.in6.sin6_addr, 16) || memcmp(address, &at->to.in6.sin6_addr, 16) == 0;
}

static int keep(struct search *s, const struct conn *c)
{
	if (s->got.n == CONNS_MAX)
		return -EOVERFLOW;
	if (s->got.n == s->room) {
		size_t room = s->room ? 2 * s->room : FIRST_ROOM;
		struct conn *v = reallocarray(s->got.v, room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->got.v = v;
		s->room = room;
	}
	s->got.v[s->got.n++] = *c;
	return 0;
}

static int add(struct search *s, int family, const void *address, uint16_t port, unsigned int state, const struct conn *c)
{
	bool ours = false;

	/* Nobody's after we closed it; while it is open, nobody's yet. */
	if (state > TCP_CLOSING || !(STATES & STATE(state)) || (c->inode == 0 && (CLOSED_BY_US & STATE(state))))
		return 0;
	for (size_t i = 0; !ours && i < s->n; i++)
		ours = is_at(s, s->at[i], family, address, port);
	return ours ? keep(s, &(struct conn){ .id = c->id, .inode = c->inode, .half = state == TCP_SYN_RECV }) : 0;
}

static int on_unix(void *ctx, const struct unixconn *c)
{
	return keep(ctx, &(struct conn){ .id = c->id, .inode = c->inode });
}

static int on_answer(void *ctx, const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	struct conn c;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EPROTO;
	c = (struct conn){ .id = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0], .inode = m->idiag_inode };
	return add(ctx, m->idiag_family, m->id.idiag_src, ntohs(m->id.idiag_sport), m->idiag_state, &c);
}

/* The filter is a program: at least the lowest port, at most the highest; a jump behind its end by 4 bytes says no. */
static int ask_kernel(struct search *s, int family)
{
	struct {
		struct inet_diag_req_v2 r;
		struct nlattr head;
		struct inet_diag_bc_op op[4];
	} req = {
		.r = { .sdiag_family = (uint8_t)family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = STATES },
		.head = { .nla_len = NLA_HDRLEN + sizeof(req.op), .nla_type = INET_DIAG_REQ_BYTECODE },
		.op = {
			{ .code = INET_DIAG_BC_S_GE, .yes = 2 * sizeof(req.op[0]), .no = sizeof(req.op) + 4 },
			{ .no = UINT16_MAX },
			{ .code = INET_DIAG_BC_S_LE, .yes = 2 * sizeof(req.op[0]), .no = sizeof(req.op) / 2 + 4 },
			{ .no = 0 },
		},
	};

	_Static_assert(sizeof(req) == sizeof(req.r) + NLA_HDRLEN + sizeof(req.op), "no holes");
	for (size_t i = 0; i < s->n; i++) {
		uint16_t port = listen_port(s->at[i]);
		if (s->at[i]->kind != LISTEN_TCP)
			continue;
		req.op[1].no = port < req.op[1].no ? port : req.op[1].no;
		req.op[3].no = port > req.op[3].no ? port : req.op[3].no;
	}
	return sockdiag_ask(NLM_F_DUMP, &req, sizeof(req), on_answer, s);
}

static uint64_t hash(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * FNV_PRIME;
	return h;
}

static int read_proc(struct search *s, bool six)
{
	char line[512];
	struct proctcp t;
	cleanup_file FILE *f = NULL;
	int r = sys_fopen(six ? "/proc/self/net/tcp6" : "/proc/self/net/tcp", &f);

	if (r < 0)
		return r;
	for (size_t i = 0; fgets(line, sizeof(line), f); i++) {
		if (i == LINES_MAX)
			return -EOVERFLOW;
		if (!proctcp_parse(line, six, &t))
			continue;
		struct conn c = { .inode = t.inode, .id = hash(FNV_BASIS, t.local, sizeof(t.local)) };
		c.id = hash(c.id, t.remote, sizeof(t.remote));
		c.id = hash(c.id, &t.local_port, sizeof(t.local_port));
		c.id = hash(c.id, &t.remote_port, sizeof(t.remote_port));
		r = add(s, six ? AF_INET6 : AF_INET, t.local, t.local_port, t.state, &c);
		if (r < 0)
			return r;
	}
	return ferror(f) ? -EIO : 0;
}

/* Not those that may pass: the next list would have other ids than the one before. */
static bool is_refused(int r)
{
	return r == -ENOENT || r == -EPERM || r == -EACCES || r == -EAFNOSUPPORT || r == -EPROTONOSUPPORT || r == -EOPNOTSUPP || r == -EINVAL;
}

static bool has_kind(const struct search *s, enum listen_kind kind)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i]->kind == kind)
			return true;
	return false;
}

static int ask_all(struct search *s)
{
	bool tcp = has_kind(s, LISTEN_TCP);
	int r = tcp ? ask_kernel(s, AF_INET) : 0;

	if (r == 0 && tcp)
		r = ask_kernel(s, AF_INET6);
	return r == 0 && has_kind(s, LISTEN_UNIX) ? unixconns_ask(s->at, s->n, on_unix, s) : r;
}

static int read_all(struct search *s)
{
	bool tcp = has_kind(s, LISTEN_TCP);
	int r = tcp ? read_proc(s, false) : 0;

	if (r == 0 && tcp && !s->no_six)
		r = read_proc(s, true);
	return r == 0 && has_kind(s, LISTEN_UNIX) ? unixconns_read(s->at, s->n, on_unix, s) : r;
}

int conns_list(const struct listen_at *const *at, size_t n, struct conns *ret)
{
	struct search s = { .at = at, .n = n, .no_six = sys_access("/proc/self/net/tcp6", F_OK) == -ENOENT };
	int r = -ENOBUFS;

	for (int i = 0; i < 2 && (r == -ENOBUFS || r == -EAGAIN); i++) {
		s.got.n = 0;
		r = ask_all(&s);
	}
	if (is_refused(r)) {
		s.got.n = 0;
		r = read_all(&s);
	}
	if (r < 0) {
		conns_done(&s.got);
		return r;
	}
	*ret = s.got;
	return 0;
}

void conns_done(struct conns *c)
{
	free(c->v);
	*c = (struct conns){ 0 };
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct held {
	uint64_t *inodes; /* sorted */
	bool *found;
	size_t n;
	size_t n_found;
	size_t looked_at;
	bool hidden;
};

static bool on_socket(void *ctx, uint64_t inode)
{
	struct held *h = ctx;
	const uint64_t *p = bsearch(&inode, h->inodes, h->n, sizeof(inode), compare);

	if (p && !h->found[p - h->inodes]) {
		h->found[p - h->inodes] = true;
		h->n_found++;
	}
	h->hidden |= ++h->looked_at == LOOK_MAX;
	return h->n_found < h->n && h->looked_at < LOOK_MAX;
}

size_t conns_held(const struct conns *c, const pid_t *pids, size_t n, bool *ret_hidden)
{
	cleanup_free uint64_t *inodes = c->n ? calloc(c->n, sizeof(*inodes)) : NULL;
	cleanup_free bool *found = c->n ? calloc(c->n, sizeof(*found)) : NULL;
	struct held h = { .inodes = inodes, .found = found, .hidden = c->n && (!inodes || !found) };

	for (size_t i = 0; !h.hidden && i < c->n; i++)
		if (c->v[i].inode)
			inodes[h.n++] = c->v[i].inode;
	if (h.n)
		qsort(inodes, h.n, sizeof(*inodes), compare);
	for (size_t i = 0; i < n && h.n_found < h.n && h.looked_at < LOOK_MAX; i++) {
		int r = procfds_sockets(pids[i], on_socket, &h);
		h.hidden |= r < 0 && r != -ENOENT && r != -ESRCH;
	}
	if (ret_hidden)
		*ret_hidden = h.hidden;
	return h.n_found;
}

size_t conns_left(const struct conns *before, const struct conns *now)
{
	cleanup_free uint64_t *ids = now->n ? calloc(now->n, sizeof(*ids)) : NULL;
	size_t left = 0;

	if (now->n == 0)
		return 0;
	if (!ids)
		return before->n; /* as good as none gone: who waits for them waits on */
	for (size_t i = 0; i < now->n; i++)
		ids[i] = now->v[i].id;
	qsort(ids, now->n, sizeof(*ids), compare);
	for (size_t i = 0; i < before->n; i++)
		left += bsearch(&before->v[i].id, ids, now->n, sizeof(*ids), compare) != NULL;
	return left;
}
