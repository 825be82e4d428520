#include "tools/logd/sinkformat.h"

#include "base/text.h"

#include <endian.h>
#include <stdint.h>

/* RFC 5424, 6.2.1. */
#define FACILITY_DAEMON 3
#define SEVERITY_ERR 3
#define SEVERITY_INFO 6
#define APP_NAME_MAX 48
#define HOSTNAME_MAX 255

static int severity(const struct line *l)
{
	return l->err ? SEVERITY_ERR : SEVERITY_INFO;
}

/* PRINTUSASCII: what else there is becomes a _. Nothing at all is told as "-". */
static void add_printable(struct text *t, const char *s, size_t max)
{
	if (!*s)
		(void)text_add(t, "-");
	for (size_t i = 0; i < max && s[i]; i++) {
		(void)text_addn(t, s[i] > ' ' && s[i] < 127 ? s + i : "_", 1);
	}
}

/* "web", "web-2". */
static void add_app_name(struct text *t, const struct line *l)
{
	char name[128];

	if (l->instance)
		(void)text_format(name, sizeof(name), "%.100s-%u", l->service, l->instance);
	else
		(void)text_format(name, sizeof(name), "%.120s", l->service);
	add_printable(t, name, APP_NAME_MAX);
}

static void add_syslog(struct text *t, const struct line *l, const char *host)
{
	char time[LINE_TIME_MAX];

	(void)text_addf(t, "<%d>1 %s ", FACILITY_DAEMON * 8 + severity(l), line_time(l->time, time));
	add_printable(t, host, HOSTNAME_MAX);
	(void)text_add(t, " ");
	add_app_name(t, l);
	if (l->pid > 0)
		(void)text_addf(t, " %d", (int)l->pid);
	else
		(void)text_add(t, " -");
	(void)text_addf(t, " %s - ", l->partial ? "partial" : "-");
	(void)text_addn(t, l->text, l->n);
}

static void add_journal(struct text *t, const struct line *l)
{
	uint64_t n = htole64(l->n);

	(void)text_addf(t, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=", severity(l), FACILITY_DAEMON);
	add_app_name(t, l);
	if (l->pid > 0)
		(void)text_addf(t, "\nSYSLOG_PID=%d", (int)l->pid);
	(void)text_addf(t, "\nPM1_SERVICE=%s\nPM1_INSTANCE=%u\nPM1_STREAM=%s\n", l->service, l->instance,
			l->err ? "stderr" : "stdout");
	if (l->partial)
		(void)text_add(t, "PM1_PARTIAL=1\n");
	(void)text_add(t, "MESSAGE\n");
	(void)text_addn(t, (const char *)&n, sizeof(n));
	(void)text_addn(t, l->text, l->n);
	(void)text_add(t, "\n");
}

static size_t format_json(const struct line *l, char *buf, size_t size, bool newline)
{
	size_t n = size > newline ? line_json(l, buf, size - newline) : 0;

	if (n && newline)
		buf[n++] = '\n';
	return n;
}

size_t sinkformat(enum sink_kind kind, const struct line *l, const char *host, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	switch (kind) {
	case SINK_SYSLOG:
		add_syslog(&t, l, host);
		break;
	case SINK_JOURNAL:
		add_journal(&t, l);
		break;
	case SINK_TCP:
	case SINK_UDP:
		return format_json(l, buf, size, kind == SINK_TCP);
	}
	return t.cut ? 0 : t.len;
}
