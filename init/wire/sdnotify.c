#include "wire/sdnotify.h"

#include "base/parse.h"
#include "base/text.h"

/* Printable ASCII but for the colon, which parts names in LISTEN_FDNAMES. */
static bool is_fdname(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] >= 127 || s[i] == ':')
			return false;
	return n > 0 && n <= SDNOTIFY_FDNAME_MAX;
}

static void note_bad(struct sdnotify *m, const char *name)
{
	if (!m->bad)
		m->bad = name;
}

static void take_usec(struct sdnotify *m, const char *name, const char *value, uint64_t *field)
{
	/* UINT64_MAX / 4: sums with a clock stay far from an overflow. */
	if (parse_uint(value, UINT64_MAX / 4, field) < 0)
		note_bad(m, name);
}

static void take_flag(struct sdnotify *m, const char *name, const char *value, bool *field)
{
	if (strcmp(value, "1") == 0)
		*field = true;
	else
		note_bad(m, name);
}

static void take(struct sdnotify *m, const char *name, const char *value)
{
	const struct {
		const char *name;
		bool *field;
	} flags[] = { { "READY", &m->ready },	  { "RELOADING", &m->reloading },	{ "STOPPING", &m->stopping },
		      { "FDSTORE", &m->fdstore }, { "FDSTOREREMOVE", &m->fdstore_remove }, { "BARRIER", &m->barrier } };
	uint64_t pid = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (strcmp(name, flags[i].name) == 0) {
			take_flag(m, flags[i].name, value, flags[i].field);
			return;
		}
	}
	if (strcmp(name, "WATCHDOG") == 0) {
		if (strcmp(value, "trigger") == 0)
			m->watchdog_trigger = true;
		else
			take_flag(m, "WATCHDOG", value, &m->watchdog);
	} else if (strcmp(name, "WATCHDOG_USEC") == 0) {
		take_usec(m, "WATCHDOG_USEC", value, &m->watchdog_usec);
	} else if (strcmp(name, "EXTEND_TIMEOUT_USEC") == 0) {
		take_usec(m, "EXTEND_TIMEOUT_USEC", value, &m->extend_usec);
	} else if (strcmp(name, "MAINPID") == 0) {
		if (parse_uint(value, INT32_MAX, &pid) < 0 || pid < 2)
			note_bad(m, "MAINPID");
		else
			m->main_pid = (pid_t)pid;
	} else if (strcmp(name, "STATUS") == 0) {
		m->has_status = true;
		(void)text_format(m->status, sizeof(m->status), "%s", value);
	} else if (strcmp(name, "FDNAME") == 0) {
		if (is_fdname(value))
			(void)text_copy(m->fdname, sizeof(m->fdname), value);
		else
			note_bad(m, "FDNAME");
	}
}

void sdnotify_parse(const char *text, size_t n, struct sdnotify *ret)
{
	char line[SDNOTIFY_MAX + 1];
	const char *nul = memchr(text, 0, n), *end = nul ? nul : text + n;

	*ret = (struct sdnotify){ 0 };
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text)), *stop = nl ? nl : end;
		size_t len = (size_t)(stop - text);
		if (len < sizeof(line)) {
			memcpy(line, text, len);
			line[len] = 0;
			char *eq = strchr(line, '=');
			if (eq) {
				*eq = 0;
				take(ret, line, eq + 1);
			}
		}
		text = nl ? nl + 1 : end;
	}
}
