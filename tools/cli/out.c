/* out - what stdout is, and text made harmless. */
#include "tools/cli/out.h"

#include "base/banned.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"

#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_UNKNOWN 120 /* a terminal that doesn't say how wide it is */

static size_t terminal_width(void)
{
	struct winsize ws;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		return ws.ws_col;
	const char *columns = getenv("COLUMNS");
	uint64_t n;
	if (columns && parse_uint(columns, 10000, &n) == 0 && n > 0)
		return (size_t)n;
	return WIDTH_UNKNOWN;
}

void out_setup(struct cli *c, bool no_color)
{
	const char *term = getenv("TERM");
	const char *refused = getenv("NO_COLOR");
	bool dumb = term && strcmp(term, "dumb") == 0;
	c->box = isatty(STDOUT_FILENO) && !dumb;
	c->color = c->box && !no_color && !(refused && *refused);
	c->width = c->box ? terminal_width() : 0;
}

char *out_safe_dup(const char *s)
{
	size_t size = strlen(s) * 4 + 1; /* \xNN */
	char *buf = malloc(size);
	if (!buf)
		return NULL;
	struct text t;
	text_init(&t, buf, size);
	(void)text_add_safe(&t, s);
	return buf;
}

void out_safe(FILE *f, const char *s)
{
	cleanup_free char *safe = out_safe_dup(s);
	(void)fputs(safe ? safe : "(out of memory)", f);
}

void out_error(const char *fmt, ...)
{
	cleanup_free char *msg = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&msg, fmt, ap);
	va_end(ap);
	if (n < 0) {
		msg = NULL;
		(void)fputs("pm1: out of memory\n", stderr);
		return;
	}
	(void)fputs("pm1: ", stderr);
	out_safe(stderr, msg);
	(void)fputc('\n', stderr);
}

size_t out_width(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			n++;
	return n;
}

void out_json(const json_t *j, bool indented)
{
	(void)json_dumpf(j, stdout, JSON_ENCODE_ANY | (indented ? JSON_INDENT(2) : JSON_COMPACT));
	(void)fputc('\n', stdout);
}

int out_finish(int code)
{
	bool failed = fflush(stdout) != 0;
	failed |= ferror(stdout) != 0;
	if (!failed)
		return code;
	out_error("cannot write the output");
	return code != EXIT_DONE ? code : EXIT_NOT_DONE;
}
