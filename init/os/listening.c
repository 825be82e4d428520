#include "os/listening.h"

#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "os/procfds.h"
#include "os/proctcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>

#define UNIX_LISTENS 0x10000 /* __SO_ACCEPTCON */

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* A socket bound to every address listens on that one too. */
static bool is_address(const struct listening_at *at, bool six, const uint8_t *there)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (at->family == 0 || (is_zero(there, six ? 16 : 4) && (six || at->family == AF_INET)))
		return true;
	if (at->family == AF_INET6)
		return six && memcmp(there, at->address, 16) == 0;
	return six ? memcmp(there, mapped, 12) == 0 && memcmp(there + 12, at->address, 4) == 0 :
		     memcmp(there, at->address, 4) == 0;
}

/* One line of tcp or tcp6: 1 it is listened on there, 0 not; -1: those that listen are over, which come first. */
static int match_tcp(const char *line, const struct listening_at *at, bool six, uint64_t *ret_inode)
{
	struct proctcp t;

	if (!proctcp_parse(line, six, &t))
		return 0; /* the heading */
	if (t.state != TCP_LISTEN)
		return -1;
	if (t.local_port != at->port || !is_address(at, six, t.local))
		return 0;
	*ret_inode = t.inode;
	return 1;
}

/* A path that was bound as a relative one is known by its end alone. */
static int match_unix(const char *line, const struct listening_at *at, uint64_t *ret_inode)
{
	unsigned int flags;
	unsigned long long inode;
	int n = 0;

	if (sscanf(line, " %*x: %*x %*x %x %*x %*x %llu %n", &flags, &inode, &n) != 2 || n == 0 || !(flags & UNIX_LISTENS))
		return 0;
	const char *path = line + n;
	size_t len = strlen(path), whole = strlen(at->path);
	bool same = strcmp(path, at->path) == 0;
	if (!same && *path && *path != '/' && *path != '@' && len < whole)
		same = strcmp(at->path + whole - len, path) == 0 && at->path[whole - len - 1] == '/';
	*ret_inode = inode;
	return same;
}

static ssize_t look_in(pid_t pid, const char *what, const struct listening_at *at, uint64_t *ret, size_t max)
{
	char path[64], line[512];
	size_t n = 0;

	if (pid > 0)
		(void)text_format(path, sizeof(path), "/proc/%d/net/%s", (int)pid, what);
	else
		(void)text_format(path, sizeof(path), "/proc/self/net/%s", what);
	cleanup_file FILE *f = NULL;
	int r = sys_fopen(path, &f);
	if (r < 0)
		return r;
	while (n < max && fgets(line, sizeof(line), f)) {
		uint64_t inode = 0;
		line[strcspn(line, "\n")] = 0;
		r = at->path ? match_unix(line, at, &inode) : match_tcp(line, at, what[3] == '6', &inode);
		if (r < 0)
			break;
		if (r > 0 && inode > 0)
			ret[n++] = inode;
	}
	return (ssize_t)n;
}

ssize_t listening_find(pid_t pid, const struct listening_at *at, uint64_t *ret)
{
	if (at->path)
		return look_in(pid, "unix", at, ret, LISTENING_MAX);
	ssize_t four = look_in(pid, "tcp", at, ret, LISTENING_MAX), done = four > 0 ? four : 0;
	ssize_t six = look_in(pid, "tcp6", at, ret + done, LISTENING_MAX - (size_t)done);

	if (four < 0 && six < 0)
		return four;
	return done + (six > 0 ? six : 0);
}

struct held {
	const uint64_t *inodes;
	size_t n;
	bool found;
};

static bool is_one_of(void *ctx, uint64_t inode)
{
	struct held *h = ctx;

	for (size_t i = 0; i < h->n; i++)
		h->found |= h->inodes[i] == inode;
	return !h->found;
}

int listening_held(pid_t pid, const uint64_t *inodes, size_t n)
{
	struct held h = { .inodes = inodes, .n = n };
	int r = procfds_sockets(pid, is_one_of, &h);

	return h.found ? 1 : r < 0 && r != -E2BIG ? r : 0;
}
