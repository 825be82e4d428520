#include "base/sinkaddr.h"

#include "base/parse.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stddef.h>

static const char *parse_path(const char *path, struct sinkaddr *a)
{
	if (path[0] != '/')
		return "a socket's path begins with /";
	if (text_copy(a->to.un.sun_path, sizeof(a->to.un.sun_path), path) < 0)
		return "a socket's path is at most 107 bytes";
	a->to.un.sun_family = AF_UNIX;
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	return NULL;
}

static const char *parse_inet(const char *rest, struct sinkaddr *a)
{
	char host[INET6_ADDRSTRLEN];
	bool six = rest[0] == '[';
	const char *begin = rest + six, *end = six ? strchr(rest, ']') : strchr(rest, ':');
	const char *colon = end && six ? end + 1 : end;
	uint64_t port = 0;

	if (six && !end)
		return "the ] after the address is missing";
	if (!six && end && strchr(end + 1, ':'))
		return "an IPv6 address stands in brackets: tcp:[::1]:5140";
	if (!colon || *colon != ':')
		return "the port is missing";
	if (parse_uint(colon + 1, 65535, &port) < 0 || port == 0)
		return "the port is a number from 1 to 65535";
	a->to.any.sa_family = six ? AF_INET6 : AF_INET;
	a->len = six ? sizeof(a->to.in6) : sizeof(a->to.in);
	bool good = text_format(host, sizeof(host), "%.*s", (int)(end - begin), begin) == 0 &&
		    inet_pton(a->to.any.sa_family, host, six ? (void *)&a->to.in6.sin6_addr : &a->to.in.sin_addr) == 1;
	if (!good)
		return "not a numeric address: names are not looked up here";
	if (six)
		a->to.in6.sin6_port = htons((uint16_t)port);
	else
		a->to.in.sin_port = htons((uint16_t)port);
	return NULL;
}

/* What follows "tcp:" and the like, or NULL. */
static const char *after(const char *word, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(word, prefix, n) == 0 ? word + n : NULL;
}

static const char *parse(const char *word, struct sinkaddr *a)
{
	const char *rest;

	a->kind = SINK_SYSLOG;
	if (strcmp(word, "syslog:unix") == 0)
		return parse_path("/dev/log", a);
	if ((rest = after(word, "syslog:unix:")))
		return parse_path(rest, a);
	if (strcmp(word, "syslog") == 0 || after(word, "syslog:"))
		return "syslog is spoken on this machine alone: syslog:unix, or syslog:unix:/PATH";
	a->kind = SINK_JOURNAL;
	if (strcmp(word, "journal") == 0)
		return parse_path("/run/systemd/journal/socket", a);
	if ((rest = after(word, "journal:")))
		return parse_path(rest, a);
	a->kind = SINK_TCP;
	if ((rest = after(word, "tcp:")))
		return parse_inet(rest, a);
	a->kind = SINK_UDP;
	if ((rest = after(word, "udp:")))
		return parse_inet(rest, a);
	return "unknown kind of sink";
}

const char *sinkaddr_parse(const char *word, struct sinkaddr *ret)
{
	struct sinkaddr a;

	memset(&a, 0, sizeof(a)); /* compared whole, what lies between its members too */
	const char *fault = parse(word, &a);
	if (!fault)
		*ret = a;
	return fault;
}

bool sinkaddr_equal(const struct sinkaddr *a, const struct sinkaddr *b)
{
	return a->kind == b->kind && a->len == b->len && memcmp(&a->to, &b->to, a->len) == 0;
}
