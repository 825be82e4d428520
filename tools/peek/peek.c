#include "tools/peek/peek.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/sys.h"
#include "base/text.h"
#include "wire/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct peek {
	pid_t tid;
	int fd;
	struct peek_report report;
};

static const char *path_of(const struct peek *p, char *buf, size_t size, const char *what, const char *rest)
{
	(void)text_format(buf, size, "/proc/%d/%s%s", (int)p->tid, what, rest);
	return buf;
}

/* 0 and the socket's inode, 0 when it is no socket; -errno. */
static int socket_at(const struct peek *p, const char *fd, uint64_t *ret)
{
	char path[64], link[64];
	uint64_t inode = 0;
	ssize_t n = sys_readlink(path_of(p, path, sizeof(path), "fd/", fd), link, sizeof(link));

	if (n == -ENAMETOOLONG)
		n = 0; /* a file, then */
	if (n < 0)
		return (int)n;
	if (n > 9 && strncmp(link, "socket:[", 8) == 0) {
		link[n - 1] = 0;
		(void)parse_uint(link + 8, UINT64_MAX, &inode);
	}
	*ret = inode;
	return 0;
}

/* A number behind a word of a file of /proc, as "flags:\t02"; def when it isn't there. */
static uint64_t field_of(const char *text, const char *word, unsigned int base, uint64_t def)
{
	const char *at = strstr(text, word);

	return at ? strtoull(at + strlen(word), NULL, (int)base) : def;
}

static void read_flags(struct peek *p, const char *fd)
{
	char path[64], text[512];

	if (sys_slurp(AT_FDCWD, path_of(p, path, sizeof(path), "fdinfo/", fd), text, sizeof(text)) <= 0)
		return;
	uint64_t flags = field_of(text, "flags:", 8, 0);
	p->report.nonblocking = (flags & O_NONBLOCK) != 0;
	p->report.cloexec = (flags & O_CLOEXEC) != 0;
}

static int option_of(int fd, int level, int name, int def)
{
	int value = def;

	(void)sys_sockopt_get(fd, level, name, &value);
	return value;
}

static enum peek_kind kind_of(int domain, int type, int protocol)
{
	bool inet = domain == AF_INET || domain == AF_INET6;

	/* A program that asks for MPTCP, as Go's do, takes TCP where it can't be had. */
	if (inet && type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
		return PEEK_TCP;
	if (inet && type == SOCK_DGRAM && protocol == IPPROTO_UDP)
		return PEEK_UDP;
	return domain == AF_UNIX && type == SOCK_STREAM ? PEEK_UNIX : PEEK_OTHER;
}

/* What was set is what differs from a new socket of that kind. */
static void read_options(struct peek *p, int fd, int domain, int type, int protocol)
{
	cleanup_fd int fresh = socket(domain, type | SOCK_CLOEXEC, protocol);
	const struct peek_option *o;

	if (fresh < 0)
		return;
	for (size_t i = 0; (o = peek_option(i)) != NULL; i++) {
		int now = option_of(fd, o->level, o->name, INT_MIN), born = option_of(fresh, o->level, o->name, INT_MIN);
		if (now == born || now == INT_MIN)
			continue;
		p->report.options_set |= UINT32_C(1) << i;
		p->report.options[i] = o->doubled ? now / 2 : now;
	}
	p->report.optioned = true;
}

/* By a copy of it: all can be asked. False where that isn't allowed, as in a container without CAP_SYS_PTRACE. */
static bool look_through_copy(struct peek *p)
{
	char path[64], text[4096];
	struct stat st;

	if (sys_slurp(AT_FDCWD, path_of(p, path, sizeof(path), "status", ""), text, sizeof(text)) <= 0)
		return false;
	cleanup_fd int process = sys_pidfd_open((pid_t)field_of(text, "\nTgid:", 10, 0));
	if (process < 0)
		return false;
	cleanup_fd int copy = sys_pidfd_getfd(process, p->fd);
	/* A thread may have descriptors of its own: then this is another's. */
	if (copy < 0 || sys_fstat(copy, &st) < 0 || st.st_ino != p->report.inode)
		return false;
	int domain = option_of(copy, SOL_SOCKET, SO_DOMAIN, -1), type = option_of(copy, SOL_SOCKET, SO_TYPE, -1),
	    protocol = option_of(copy, SOL_SOCKET, SO_PROTOCOL, -1);
	p->report.kind = (uint8_t)kind_of(domain, type, protocol);
	if (p->report.kind == PEEK_OTHER)
		return true;
	if (domain == AF_INET6)
		p->report.v6only = option_of(copy, IPPROTO_IPV6, IPV6_V6ONLY, 0) ? PEEK_YES : PEEK_NO;
	read_options(p, copy, domain, type, protocol);
	return true;
}

/* By the name of its protocol, which the kernel tells of any socket that may be seen. */
static void look_at_name(struct peek *p, const char *fd)
{
	static const struct {
		const char *name;
		enum peek_kind kind;
	} names[] = {
		{ "TCP", PEEK_TCP }, { "TCPv6", PEEK_TCP }, { "MPTCP", PEEK_TCP }, { "MPTCPv6", PEEK_TCP },
		{ "UDP", PEEK_UDP }, { "UDPv6", PEEK_UDP }, { "UNIX-STREAM", PEEK_UNIX }, /* before 5.15 each is "UNIX", of any type */
	};
	char path[64], name[32];
	ssize_t n = sys_getxattr(path_of(p, path, sizeof(path), "fd/", fd), "system.sockprotoname", name, sizeof(name) - 1);

	name[n > 0 ? n : 0] = 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i].name) == 0)
			p->report.kind = (uint8_t)names[i].kind;
}

/* "tfd:  5 events: 19 data: 5  pos:0 ino:8f sdev:8", a line for each member; inodes since 4.14, hexadecimal. */
static bool is_in_epoll(const struct peek *p, const char *set)
{
	char path[64], line[256];
	cleanup_file FILE *f = fopen(path_of(p, path, sizeof(path), "fdinfo/", set), "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "tfd:", 4) == 0 && field_of(line, "ino:", 16, 0) == p->report.inode)
			return true;
	return false;
}

static void walk(struct peek *p)
{
	char path[64], link[64];
	uint64_t inode, number;
	DIR *dir;

	if (sys_opendir(path_of(p, path, sizeof(path), "fd", ""), &dir) < 0)
		return;
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (parse_uint(e->d_name, INT_MAX, &number) < 0)
			continue;
		(void)path_of(p, path, sizeof(path), "fd/", e->d_name);
		ssize_t n = sys_readlink(path, link, sizeof(link));
		if (n > 0 && strcmp(link, "anon_inode:[eventpoll]") == 0)
			p->report.in_epoll |= is_in_epoll(p, e->d_name);
		else if (n > 0 && number != (uint64_t)p->fd && socket_at(p, e->d_name, &inode) == 0 && inode == p->report.inode)
			p->report.duped = true;
	}
	(void)closedir(dir);
}

/* 0; -EACCES and the like: its memory may not be looked at. An address that isn't there is the kernel's to complain of. */
static int read_address(struct peek *p, uint64_t at, uint64_t len)
{
	char path[64];

	if (len < sizeof(sa_family_t) || len > PEEK_ADDRESS_MAX || at > INT64_MAX)
		return 0;
	cleanup_fd int fd = sys_open(path_of(p, path, sizeof(path), "mem", ""), O_RDONLY, 0);
	if (fd < 0)
		return fd;
	if (sys_pread(fd, p->report.address, len, (off_t)at) == (ssize_t)len)
		p->report.address_len = (uint32_t)len;
	return 0;
}

/* In place of a relative path that from / on, when there is room for it. */
static void make_absolute(struct peek *p, const char *name)
{
	const size_t skip = offsetof(struct sockaddr_un, sun_path), room = sizeof(((struct sockaddr_un *)NULL)->sun_path);
	char path[64], cwd[PEEK_ADDRESS_MAX], whole[PEEK_ADDRESS_MAX * 2];

	while (strncmp(name, "./", 2) == 0)
		name += 2;
	if (sys_readlink(path_of(p, path, sizeof(path), "cwd", ""), cwd, sizeof(cwd)) <= 0 ||
	    text_format(whole, sizeof(whole), "%s%s%s", cwd, cwd[1] ? "/" : "", name) < 0 || strlen(whole) > room)
		return;
	memcpy(p->report.address + skip, whole, strlen(whole));
	p->report.address_len = (uint32_t)(skip + strlen(whole));
}

/* The file at the path that will be bound, as that process sees it. */
static void look_at_file(struct peek *p)
{
	char name[PEEK_ADDRESS_MAX + 1] = "", path[PEEK_ADDRESS_MAX + 64];
	const size_t skip = offsetof(struct sockaddr_un, sun_path);
	struct stat st;

	if (p->report.address_len <= skip || !p->report.address[skip])
		return;
	memcpy(name, p->report.address + skip, p->report.address_len - skip);
	if (name[0] != '/')
		make_absolute(p, name);
	if (sys_stat(path_of(p, path, sizeof(path), name[0] == '/' ? "root" : "cwd/", name), &st) == 0 && S_ISSOCK(st.st_mode))
		p->report.file = st.st_ino;
}

static int look(struct peek *p, bool listen, uint64_t at, uint64_t len)
{
	char fd[16];

	(void)text_format(fd, sizeof(fd), "%d", p->fd);
	int r = socket_at(p, fd, &p->report.inode);
	if (r < 0 || listen || p->report.inode == 0)
		return r;
	if (!look_through_copy(p))
		look_at_name(p, fd);
	if (p->report.kind == PEEK_OTHER)
		return 0;
	if ((r = read_address(p, at, len)) < 0)
		return r;
	read_flags(p, fd);
	walk(p);
	if (p->report.kind == PEEK_UNIX)
		look_at_file(p);
	return 0;
}

int peek_main(int argc, char **argv)
{
	struct peek p;
	uint64_t v[4] = { 0 };
	int n = argc - 2;
	bool good = n == 2 || n == 4;

	memset(&p, 0, sizeof(p));
	for (int i = 0; good && i < n; i++)
		good = parse_uint(argv[i + 2], i < 2 ? INT_MAX : UINT64_MAX, &v[i]) == 0;
	if (!good) {
		(void)fprintf(stderr, "pm1: peek: usage: pm1 peek TID FD [ADDRESS LEN], all of them decimal numbers\n");
		return 2;
	}
	p.tid = (pid_t)v[0];
	p.fd = (int)v[1];
	p.report.version = PEEK_VERSION;
	p.report.error = -look(&p, n == 2, v[2], v[3]);
	return sys_write_all(STDOUT_FILENO, &p.report, sizeof(p.report)) == 0 ? 0 : 1;
}
