/* A socket that comes from accept() has the name of the one that listened; the client's end has none, or one of its own. */
#include "os/unixconns.h"

#include "base/own.h"
#include "base/sys.h"
#include "os/sockdiag.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>

#define LINES_MAX 1048576
#define PROC_CONNECTED 3 /* SS_CONNECTED; one that waits to be accepted is SS_CONNECTING */

struct search {
	const struct listen_at *const *at; /* borrowed */
	size_t n;
	unixconns_fn fn;
	void *ctx;
};

static size_t name_of(const struct listen_at *at)
{
	size_t n = at->len - offsetof(struct sockaddr_un, sun_path);

	return at->to.un.sun_path[0] ? strnlen(at->to.un.sun_path, n) : n;
}

static bool is_ours(const struct search *s, const char *name, size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i]->kind == LISTEN_UNIX && name_of(s->at[i]) == n && memcmp(s->at[i]->to.un.sun_path, name, n) == 0)
			return true;
	return false;
}

static int on_answer(void *ctx, const struct nlmsghdr *h)
{
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	const struct nlattr *a = sockdiag_attr(h, sizeof(*m), UNIX_DIAG_NAME, 1);
	struct search *s = ctx;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EPROTO;
	if (!a || m->udiag_type != SOCK_STREAM || m->udiag_state != TCP_ESTABLISHED)
		return 0;
	const char *name = (const char *)a + NLA_HDRLEN;
	size_t n = a->nla_len - NLA_HDRLEN;
	if (!is_ours(s, name, name[0] ? strnlen(name, n) : n))
		return 0;
	return s->fn(s->ctx, &(struct unixconn){ .id = (uint64_t)m->udiag_cookie[1] << 32 | m->udiag_cookie[0], .inode = m->udiag_ino });
}

int unixconns_ask(const struct listen_at *const *at, size_t n, unixconns_fn fn, void *ctx)
{
	const struct unix_diag_req req = {
		.sdiag_family = AF_UNIX, .udiag_states = 1u << TCP_ESTABLISHED, .udiag_show = UDIAG_SHOW_NAME, .udiag_cookie = { ~0u, ~0u },
	};

	return sockdiag_ask(NLM_F_DUMP, &req, sizeof(req), on_answer, &(struct search){ .at = at, .n = n, .fn = fn, .ctx = ctx });
}

/* The NULs of an abstract name are written as '@'. */
static bool is_written(const struct search *s, const char *text)
{
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	size_t len = strlen(text);

	for (size_t i = 0; i < s->n; i++) {
		size_t n = s->at[i]->kind == LISTEN_UNIX ? name_of(s->at[i]) : 0;
		if (n == 0 || n != len || n > sizeof(name))
			continue;
		memcpy(name, s->at[i]->to.un.sun_path, n);
		for (size_t k = 0; !s->at[i]->to.un.sun_path[0] && k < n; k++)
			if (!name[k])
				name[k] = '@';
		if (memcmp(name, text, n) == 0)
			return true;
	}
	return false;
}

int unixconns_read(const struct listen_at *const *at, size_t n, unixconns_fn fn, void *ctx)
{
	const struct search s = { .at = at, .n = n };
	char line[512];
	cleanup_file FILE *f = NULL;
	int r = sys_fopen("/proc/self/net/unix", &f);

	if (r < 0)
		return r;
	for (size_t i = 0; fgets(line, sizeof(line), f); i++) {
		unsigned int type, state;
		unsigned long long inode;
		int k = 0;
		if (i == LINES_MAX)
			return -EOVERFLOW;
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%*x: %*x %*x %*x %x %x %llu %n", &type, &state, &inode, &k) != 3 || k == 0 || type != SOCK_STREAM ||
		    state != PROC_CONNECTED || !is_written(&s, line + k))
			continue;
		r = fn(ctx, &(struct unixconn){ .id = inode, .inode = inode });
		if (r < 0)
			return r;
	}
	return ferror(f) ? -EIO : 0;
}
