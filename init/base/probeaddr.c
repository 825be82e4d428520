#include "base/probeaddr.h"

#include "base/parse.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdbool.h>

static const char *add_path(struct probeaddr *p, const char *path)
{
	struct sockaddr_un *un = &p->to[0].a.un;

	if (path[0] != '/')
		return "a socket's path begins with /";
	if (text_copy(un->sun_path, sizeof(un->sun_path), path) < 0)
		return "a socket's path is at most 107 bytes";
	un->sun_family = AF_UNIX;
	p->to[0].len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	p->n = 1;
	return NULL;
}

static bool add_inet(struct probeaddr *p, const char *host, uint64_t port)
{
	struct sockaddr_in *in = &p->to[p->n].a.in;

	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return false;
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	p->to[p->n++].len = sizeof(*in);
	return true;
}

static bool add_inet6(struct probeaddr *p, const char *host, uint64_t port)
{
	struct sockaddr_in6 *in6 = &p->to[p->n].a.in6;

	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return false;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	p->to[p->n++].len = sizeof(*in6);
	return true;
}

/* n bytes of "ADDRESS:PORT", the port left out where `port` isn't 0. */
static const char *add_place(struct probeaddr *p, const char *place, size_t n, uint64_t port)
{
	char text[PROBEADDR_HOST_MAX], *host = text, *end;

	if (text_format(text, sizeof(text), "%.*s", (int)n, place) < 0)
		return "the address is too long";
	if (text[0] == '[') {
		host = text + 1;
		end = strchr(host, ']');
		if (!end)
			return "the ] after the address is missing";
		*end++ = '\0';
	} else {
		end = text + strcspn(text, ":");
		if (*end && strchr(end + 1, ':'))
			return "an IPv6 address stands in brackets, as [::1]:5000";
	}
	if (*end && *end != ':')
		return "a port, or nothing, follows the address";
	if (!*end && port == 0)
		return "the port is missing";
	if (*end) {
		*end++ = '\0';
		if (parse_uint(end, 65535, &port) < 0 || port == 0)
			return "the port is a number from 1 to 65535";
	}
	if (text[0] == '[')
		return add_inet6(p, host, port) ? NULL : "not a numeric IPv6 address";
	if (strcmp(host, "localhost") == 0)
		return add_inet(p, "127.0.0.1", port) && add_inet6(p, "::1", port) ? NULL : "";
	return add_inet(p, host, port) ? NULL : "neither a numeric address nor localhost: other names are not looked up here";
}

static const char *add_http(struct probeaddr *p, const char *url)
{
	size_t n = strcspn(url, "/?#");

	if (n == 0)
		return "the address is missing";
	const char *fault = add_place(p, url, n, 80);
	if (fault)
		return fault;
	(void)text_format(p->host, sizeof(p->host), "%.*s", (int)n, url); /* it fitted a moment ago */
	p->rest = url + n;
	if (*p->rest && *p->rest != '/')
		return "a path begins with /";
	for (const char *c = p->rest; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			return "blanks and bytes beyond ASCII are written as %XX in a path";
	return NULL;
}

/* What follows "tcp:" and the like, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static const char *parse(const char *text, struct probeaddr *p)
{
	const char *rest;

	if (strcmp(text, "none") == 0)
		return NULL;
	if ((rest = after(text, "exec:"))) {
		p->kind = PROBE_EXEC;
		p->rest = rest + strspn(rest, " \t");
		return *p->rest ? NULL : "the command is missing";
	}
	if ((rest = after(text, "http://"))) {
		p->kind = PROBE_HTTP;
		return add_http(p, rest);
	}
	if ((rest = after(text, "tcp:"))) {
		p->kind = PROBE_TCP;
		rest += strncmp(rest, "//", 2) == 0 ? 2 : 0;
		return add_place(p, rest, strlen(rest), 0);
	}
	if ((rest = after(text, "unix:"))) {
		p->kind = PROBE_UNIX;
		return add_path(p, rest);
	}
	if (after(text, "https:"))
		return "there is no TLS here: write exec: and a program that speaks it, such as curl -fsS";
	return "unknown kind of check";
}

const char *probeaddr_parse(const char *text, struct probeaddr *ret)
{
	struct probeaddr p = { .kind = PROBE_NONE, .rest = "" };
	const char *fault = parse(text, &p);

	if (!fault)
		*ret = p;
	return fault;
}
