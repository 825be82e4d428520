#include "model/listen.h"

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>

/* NAME= in front of an address; what follows is stored in *ret_rest. A path may have a = too, but only behind its "unix:". */
static const char *parse_name(const char *word, struct listen_at *at, const char **ret_rest)
{
	const char *eq = strpbrk(word, "=:");

	*ret_rest = word;
	if (!eq || *eq != '=')
		return NULL;
	size_t n = (size_t)(eq - word);
	if (n == 0)
		return "the name before the = is empty";
	if (n > LISTEN_NAME_MAX)
		return "the name is longer than 64 bytes";
	for (size_t i = 0; i < n; i++) {
		char c = word[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
			    c == '@' || c == '-';
		if (!good)
			return "a name is made of A-Z a-z 0-9 _ . @ -";
	}
	(void)text_format(at->name, sizeof(at->name), "%.*s", (int)n, word); /* it fits */
	*ret_rest = eq + 1;
	return NULL;
}

static const char *parse_path(const char *path, struct listen_at *at)
{
	struct sockaddr_un *un = &at->to.un;
	size_t n = strlen(path);
	bool abstract = *path == '@';

	if (n == 0)
		return "the path is missing";
	if (!abstract && *path != '/')
		return "a socket's path begins with /, an abstract name with @";
	if (abstract && n == 1)
		return "the name of the abstract socket is empty";
	/* Without the @, and without a NUL at its end: as long as a path, all told. */
	if (n >= sizeof(un->sun_path))
		return "a socket's path is at most 107 bytes";
	if (!abstract && path[n - 1] == '/')
		return "a folder, not a socket";
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return "a control byte in it";
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, n);
	if (abstract)
		un->sun_path[0] = 0;
	at->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
	(void)text_format(at->text, sizeof(at->text), "unix:%s", path); /* it fits */
	return NULL;
}

static const char *parse_four(const char *host, uint16_t port, struct listen_at *at)
{
	struct sockaddr_in *in = &at->to.in;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return "neither a numeric address nor localhost: other names are not looked up here";
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	at->len = sizeof(*in);
	return NULL;
}

static const char *parse_six(const char *host, uint16_t port, struct listen_at *at)
{
	struct sockaddr_in6 *in6 = &at->to.in6;

	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return "not a numeric IPv6 address";
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	at->len = sizeof(*in6);
	return NULL;
}

/* The address as inet_ntop() writes it: two ways to write one are one text. */
static void write_inet(struct listen_at *at)
{
	const char *kind = at->kind == LISTEN_TCP ? "tcp" : "udp";
	char host[INET6_ADDRSTRLEN] = "";

	if (at->any) {
		(void)text_format(at->text, sizeof(at->text), "%s:%u", kind, listen_port(at));
		return;
	}
	bool six = at->to.any.sa_family == AF_INET6;
	(void)inet_ntop(at->to.any.sa_family, six ? (void *)&at->to.in6.sin6_addr : &at->to.in.sin_addr, host, sizeof(host));
	(void)text_format(at->text, sizeof(at->text), six ? "%s:[%s]:%u" : "%s:%s:%u", kind, host, listen_port(at));
}

static const char *parse_inet(const char *rest, struct listen_at *at)
{
	char host[INET6_ADDRSTRLEN] = "";
	bool six = *rest == '[';
	const char *begin = rest + six, *end = six ? strchr(rest, ']') : strchr(rest, ':');
	const char *colon = end && six ? end + 1 : end;
	uint64_t port = 0;

	if (six && !end)
		return "the ] after the address is missing";
	if (!six && end && strchr(end + 1, ':'))
		return "an IPv6 address stands in brackets, as [::1]:5000";
	if (six && *colon != ':')
		return "the port is missing";
	if (parse_uint(colon ? colon + 1 : rest, UINT16_MAX, &port) < 0 || port == 0)
		return colon || (*rest >= '0' && *rest <= '9') || !*rest ? "the port is a number from 1 to 65535" : "the port is missing";
	const char *fault;
	at->any = !colon;
	if (at->any) {
		fault = parse_six("::", (uint16_t)port, at);
	} else if (end == begin) {
		fault = "the address is missing";
	} else if (text_format(host, sizeof(host), "%.*s", (int)(end - begin), begin) < 0) {
		fault = "the address is too long";
	} else {
		fault = six ? parse_six(host, (uint16_t)port, at) : parse_four(host, (uint16_t)port, at);
	}
	if (!fault)
		write_inet(at);
	return fault;
}

/* What follows "tcp:" and the like, or NULL. */
static const char *after(const char *word, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(word, prefix, n) == 0 ? word + n : NULL;
}

static const char *parse(const char *word, struct listen_at *at)
{
	const char *rest, *fault = parse_name(word, at, &word);

	if (fault)
		return fault;
	at->kind = LISTEN_TCP;
	if ((rest = after(word, "tcp:")))
		return parse_inet(rest, at);
	at->kind = LISTEN_UDP;
	if ((rest = after(word, "udp:")))
		return parse_inet(rest, at);
	at->kind = LISTEN_UNIX;
	if ((rest = after(word, "unix:")))
		return parse_path(rest, at);
	return "an address begins with tcp:, udp: or unix:";
}

const char *listen_parse(const char *word, struct listen_at *ret)
{
	struct listen_at at;

	memset(&at, 0, sizeof(at)); /* addresses are compared whole, what lies between their members too */
	const char *fault = parse(word, &at);
	if (!fault)
		*ret = at;
	return fault;
}

/* An address as its place among others. */
struct place {
	bool four, six; /* it takes something of that family */
	bool wide; /* and all of it */
	uint8_t bytes[16]; /* of the one address, that of IPv4 mapped */
};

static struct place place_of(const struct listen_at *at)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nowhere[16] = { 0 };
	struct place p = { 0 };

	if (at->to.any.sa_family == AF_INET) {
		memcpy(p.bytes, mapped, sizeof(mapped));
		memcpy(p.bytes + 12, &at->to.in.sin_addr, 4);
	} else {
		memcpy(p.bytes, &at->to.in6.sin6_addr, sizeof(p.bytes));
	}
	p.four = memcmp(p.bytes, mapped, sizeof(mapped)) == 0;
	p.six = !p.four;
	p.wide = memcmp(p.bytes + 12 * p.four, nowhere, p.four ? 4 : 16) == 0;
	p.four = p.four || (p.wide && !at->v6only);
	return p;
}

bool listen_same(const struct listen_at *a, const struct listen_at *b)
{
	return a->kind == b->kind && a->any == b->any && a->len == b->len && memcmp(&a->to, &b->to, a->len) == 0;
}

bool listen_clash(const struct listen_at *a, const struct listen_at *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == LISTEN_UNIX)
		return listen_same(a, b);
	if (listen_port(a) != listen_port(b))
		return false;
	struct place x = place_of(a), y = place_of(b);
	if (x.wide || y.wide)
		return (x.four && y.four) || (x.six && y.six);
	return memcmp(x.bytes, y.bytes, sizeof(x.bytes)) == 0;
}

bool listen_is_wide(const struct listen_at *at)
{
	return at->kind != LISTEN_UNIX && place_of(at).wide;
}

int listen_order(const struct listen_at *a, const struct listen_at *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == LISTEN_UNIX) {
		int r = (a->len > b->len) - (a->len < b->len);
		return r != 0 ? r : memcmp(&a->to, &b->to, a->len);
	}
	if (listen_port(a) != listen_port(b))
		return listen_port(a) < listen_port(b) ? -1 : 1;
	struct place x = place_of(a), y = place_of(b);
	return x.wide != y.wide ? y.wide - x.wide : memcmp(x.bytes, y.bytes, sizeof(x.bytes));
}

int listen_find(const struct strv *words, const char *which)
{
	struct listen_at at, wanted;
	bool is_address = !listen_parse(which, &wanted) && !wanted.name[0];
	int found = -ENOENT;

	for (size_t i = 0; *which && i < words->n; i++) {
		if (listen_parse(words->v[i], &at))
			continue;
		if (is_address ? !listen_same(&at, &wanted) : strcmp(at.name, which) != 0)
			continue;
		if (found >= 0)
			return -ENOTUNIQ;
		found = (int)i;
	}
	return found;
}

uint16_t listen_port(const struct listen_at *at)
{
	if (at->kind == LISTEN_UNIX)
		return 0;
	return ntohs(at->to.any.sa_family == AF_INET6 ? at->to.in6.sin6_port : at->to.in.sin_port);
}
