#include "model/ready.h"

#include "base/parse.h"
#include "model/spec.h"

#include <arpa/inet.h>
#include <regex.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

const char *ready_pattern_fault(const char *pattern)
{
	regex_t re;

	if (!*pattern)
		return "the pattern is empty";
	if (strlen(pattern) > READY_PATTERN_MAX)
		return "the pattern is longer than 255 bytes";
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return "no regular expression (as grep -E has them)";
	regfree(&re);
	return NULL;
}

/* PORT, ADDRESS:PORT or [ADDRESS]:PORT. */
static const char *parse_tcp(const char *text, struct ready *ret)
{
	const char *colon = strrchr(text, ':');
	char address[INET6_ADDRSTRLEN + 2] = "";
	uint64_t port = 0;

	if (parse_uint(colon ? colon + 1 : text, UINT16_MAX, &port) < 0 || port == 0)
		return "a port is a number from 1 to 65535";
	ret->port = (uint16_t)port;
	ret->family = 0;
	if (!colon)
		return NULL;
	if (text_format(address, sizeof(address), "%.*s", (int)(colon - text), text) < 0)
		return "no numeric address";
	size_t n = strlen(address);
	bool six = address[0] == '[' && address[n - 1] == ']';
	if (six)
		address[n - 1] = 0;
	ret->family = six ? AF_INET6 : AF_INET;
	return inet_pton(ret->family, address + six, ret->address) == 1 ? NULL : "no numeric address (an IPv6 one stands in [])";
}

static const char *parse_path(enum ready_kind kind, const char *path)
{
	bool name = kind == READY_UNIX && path[0] == '@' && path[1];

	if (!*path)
		return "the path is missing";
	if (*path != '/' && !name)
		return "the path is not absolute";
	if (kind == READY_UNIX && strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "a socket's path is at most 107 bytes";
	return NULL;
}

const char *ready_parse(const char *text, struct ready *ret)
{
	static const struct {
		const char *word;
		enum ready_kind kind;
	} forms[] = { { "exec", READY_EXEC }, { "notify", READY_NOTIFY }, { "ipc", READY_IPC },	  { "listen", READY_LISTEN }, { "fd:", READY_FD },
		      { "tcp:", READY_TCP },  { "unix:", READY_UNIX },	  { "file:", READY_FILE }, { "log:", READY_LOG } };
	struct ready r = { .kind = READY_EXEC };
	uint64_t fd = 0;
	size_t i = 0;

	*ret = r;
	if (!text)
		return NULL;
	for (; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t n = strlen(forms[i].word);
		bool has_arg = forms[i].word[n - 1] == ':';
		if (has_arg ? strncmp(text, forms[i].word, n) == 0 : strcmp(text, forms[i].word) == 0) {
			r.kind = forms[i].kind;
			r.arg = text + n;
			break;
		}
	}
	if (i == sizeof(forms) / sizeof(*forms))
		return "unknown";
	const char *fault = NULL;
	switch (r.kind) {
	case READY_FD:
		if (parse_uint(r.arg, READY_FD_LAST, &fd) < 0 || fd < 3)
			fault = "a descriptor is a number from 3 to 255";
		r.fd = (int)fd;
		break;
	case READY_TCP:
		fault = parse_tcp(r.arg, &r);
		break;
	case READY_UNIX:
	case READY_FILE:
		fault = parse_path(r.kind, r.arg);
		break;
	case READY_LOG:
		fault = ready_pattern_fault(r.arg);
		break;
	case READY_EXEC:
	case READY_NOTIFY:
	case READY_IPC:
	case READY_LISTEN:
		break;
	}
	if (!fault)
		*ret = r;
	return fault;
}

void ready_text(const struct ready *r, struct text *t)
{
	switch (r->kind) {
	case READY_EXEC:
		(void)text_add(t, "when it runs");
		break;
	case READY_NOTIFY:
		(void)text_add(t, "when it says READY=1");
		break;
	case READY_FD:
		(void)text_addf(t, "when it writes a newline to descriptor %d", r->fd);
		break;
	case READY_IPC:
		(void)text_add(t, "when it says process.send('ready')");
		break;
	case READY_TCP:
		(void)text_addf(t, "when it listens on port %u", r->port);
		break;
	case READY_UNIX:
		(void)text_addf(t, "when it listens on %s", r->arg);
		break;
	case READY_FILE:
		(void)text_addf(t, "when %s is there anew", r->arg);
		break;
	case READY_LOG:
		(void)text_addf(t, "when it writes a line with %s", r->arg);
		break;
	case READY_LISTEN:
		(void)text_add(t, "when it listens");
		break;
	}
}

void ready_missing(const struct ready *r, struct text *t)
{
	switch (r->kind) {
	case READY_EXEC:
		break;
	case READY_NOTIFY:
		(void)text_add(t, "no READY=1");
		break;
	case READY_FD:
		(void)text_addf(t, "no newline on descriptor %d", r->fd);
		break;
	case READY_IPC:
		(void)text_add(t, "no process.send('ready')");
		break;
	case READY_TCP:
		(void)text_addf(t, "it doesn't listen on port %u", r->port);
		break;
	case READY_UNIX:
		(void)text_addf(t, "it doesn't listen on %s", r->arg);
		break;
	case READY_FILE:
		(void)text_addf(t, "no new %s", r->arg);
		break;
	case READY_LOG:
		(void)text_addf(t, "no line with %s", r->arg);
		break;
	case READY_LISTEN:
		(void)text_add(t, "it has not listened on what is held for it");
		break;
	}
}

bool ready_has_socket(const struct spec *s)
{
	struct ready r;

	if (s->notify_access != NOTIFY_AUTO)
		return s->notify_access != NOTIFY_NONE;
	return s->type == TYPE_NOTIFY || s->watchdog > 0 || s->fdstore_max > 0 ||
	       (!ready_parse(s->ready, &r) && r.kind == READY_NOTIFY);
}
