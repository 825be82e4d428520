#include "core/bindmatch.h"

#include "base/text.h"

#include <arpa/inet.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

bool bind_place_of(const struct peek_report *r, struct bind_place *ret)
{
	static const enum listen_kind kinds[] = { [PEEK_TCP] = LISTEN_TCP, [PEEK_UDP] = LISTEN_UDP, [PEEK_UNIX] = LISTEN_UNIX };

	if (r->kind < PEEK_TCP || r->kind > PEEK_UNIX || r->address_len > PEEK_ADDRESS_MAX)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->kind = kinds[r->kind];
	ret->v6only = r->v6only == PEEK_YES; /* where it can't be asked it is what it mostly is */
	ret->file = r->file;
	ret->len = r->address_len;
	memcpy(ret->a.bytes, r->address, r->address_len);
	switch (ret->a.any.sa_family) {
	case AF_INET:
		return ret->kind != LISTEN_UNIX && ret->len >= sizeof(ret->a.in);
	case AF_INET6:
		return ret->kind != LISTEN_UNIX && ret->len >= sizeof(ret->a.in6);
	case AF_UNIX:
		return ret->kind == LISTEN_UNIX && ret->len > PATH_AT && ret->len <= sizeof(ret->a.un);
	default:
		return false;
	}
}

static uint16_t port_of(const struct bind_place *p)
{
	return ntohs(p->a.any.sa_family == AF_INET ? p->a.in.sin_port : p->a.in6.sin6_port);
}

/* An address with what it covers, IPv4 as a part of IPv6. */
struct cover {
	struct in6_addr addr;
	bool four, six; /* reachable by these */
	bool wide;
};

static struct cover cover_of(const struct bind_place *p)
{
	struct cover c = { 0 };

	if (p->a.any.sa_family == AF_INET) {
		c.four = true;
		c.wide = p->a.in.sin_addr.s_addr == htonl(INADDR_ANY);
		c.addr.s6_addr[10] = c.addr.s6_addr[11] = 0xff;
		memcpy(c.addr.s6_addr + 12, &p->a.in.sin_addr, 4);
		return c;
	}
	c.addr = p->a.in6.sin6_addr;
	c.wide = IN6_IS_ADDR_UNSPECIFIED(&c.addr);
	c.six = !IN6_IS_ADDR_V4MAPPED(&c.addr);
	c.four = !c.six || (c.wide && !p->v6only);
	if (!c.six)
		c.wide = memcmp(c.addr.s6_addr + 12, "\0\0\0\0", 4) == 0;
	return c;
}

static enum bind_match match_inet(const struct bind_place *program, const struct bind_place *held)
{
	if (port_of(program) != port_of(held) || port_of(program) == 0)
		return BIND_ELSEWHERE;
	struct cover p = cover_of(program), h = cover_of(held);
	bool p_is_six = program->a.any.sa_family == AF_INET6, h_is_six = held->a.any.sa_family == AF_INET6;
	bool same = memcmp(&p.addr, &h.addr, sizeof(p.addr)) == 0, shared = (p.four && h.four) || (p.six && h.six);

	if (p_is_six == h_is_six && same && (!p_is_six || program->a.in6.sin6_scope_id == held->a.in6.sin6_scope_id))
		return BIND_SAME;
	if (!shared || (!same && !p.wide && !h.wide))
		return BIND_ELSEWHERE;
	/* The same connections, or for a program's [::] those that there are, by the other family. */
	if (p_is_six && !h_is_six && (same || (p.wide && h.wide)))
		/* accept() with room for an IPv6 address takes the shorter one; a datagram's answer to an IPv6 address would not go out. */
		return program->kind == LISTEN_TCP ? BIND_ALIKE : BIND_FOREIGN;
	if (!p_is_six && h_is_six && (same || (p.wide && h.wide)))
		return BIND_FOREIGN;
	return BIND_CLASH;
}

/* Bytes of the path, or of an abstract name with the NUL in front of it. */
static size_t name_length(const struct bind_place *p)
{
	size_t n = p->len - PATH_AT;

	return p->a.un.sun_path[0] ? strnlen(p->a.un.sun_path, n) : n;
}

static enum bind_match match_unix(const struct bind_place *program, const struct bind_place *held)
{
	size_t n = name_length(program);
	bool same = n == name_length(held) && memcmp(program->a.un.sun_path, held->a.un.sun_path, n) == 0;

	if (!held->a.un.sun_path[0])
		return same ? BIND_SAME : BIND_ELSEWHERE;
	if (held->file && program->file == held->file)
		return BIND_SAME;
	return same ? BIND_GONE : BIND_ELSEWHERE;
}

enum bind_match bind_match(const struct bind_place *program, const struct bind_place *held)
{
	if (program->kind != held->kind)
		return BIND_ELSEWHERE;
	return program->kind == LISTEN_UNIX ? match_unix(program, held) : match_inet(program, held);
}

const char *bind_place_text(const struct bind_place *p, char buf[LISTEN_TEXT_MAX])
{
	char name[INET6_ADDRSTRLEN] = "?";
	struct text t;

	text_init(&t, buf, LISTEN_TEXT_MAX);
	if (p->kind == LISTEN_UNIX) {
		char path[sizeof(p->a.un.sun_path) + 2] = "@";
		size_t n = name_length(p);
		bool abstract = !p->a.un.sun_path[0];
		memcpy(path + abstract, p->a.un.sun_path + abstract, n - abstract);
		(void)text_add(&t, "unix:");
		(void)text_add_safe(&t, path);
		return buf;
	}
	bool four = p->a.any.sa_family == AF_INET;
	(void)inet_ntop(p->a.any.sa_family, four ? (const void *)&p->a.in.sin_addr : (const void *)&p->a.in6.sin6_addr, name, sizeof(name));
	(void)text_addf(&t, four ? "%s:%s:%u" : "%s:[%s]:%u", p->kind == LISTEN_TCP ? "tcp" : "udp", name, port_of(p));
	return buf;
}
