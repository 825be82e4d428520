/* show - see the header. */
#include "model/show.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"

#include <errno.h>

struct unit {
	uint64_t size;
	const char *name;
};

/* In the greatest unit that loses nothing. */
static char *with_unit(uint64_t n, const struct unit *units, size_t count)
{
	char *text = NULL;

	for (size_t i = 0; i < count; i++)
		if (n > 0 && n % units[i].size == 0)
			return asprintf(&text, "%llu%s", (unsigned long long)(n / units[i].size), units[i].name) < 0 ? NULL : text;
	return strdup("0");
}

static char *show_size(uint64_t n)
{
	static const struct unit units[] = { { 1ULL << 30, "G" }, { 1ULL << 20, "M" }, { 1ULL << 10, "K" }, { 1, "" } };

	return with_unit(n, units, ARRAY_LEN(units));
}

static char *show_span(usec_t n)
{
	static const struct unit units[] = { { 24 * 60 * USEC_MIN, "d" }, { 60 * USEC_MIN, "h" }, { USEC_MIN, "m" },
					     { USEC_SEC, "s" },		  { USEC_MS, "ms" },	  { 1, "us" } };

	return with_unit(n, units, ARRAY_LEN(units));
}

static char *show_words(const struct strv *v)
{
	return v->n ? strv_join_quoted(v) : strdup("none");
}

static char *show_choice(const struct key *k, int value)
{
	const char *p = k->choices;

	for (; value > 0 && *p; value--) {
		p += strcspn(p, " ");
		p += *p == ' ';
	}
	return strndup(p, strcspn(p, " "));
}

static char *show_signals(uint64_t set)
{
	char buf[1024], name[16];
	struct text t = TEXT_INIT(buf);

	for (int i = 1; i < 64; i++)
		if (set & (UINT64_C(1) << i))
			(void)text_addf(&t, "%s%s", t.len ? " " : "", signal_text(i, name, sizeof(name)));
	return strdup(t.len ? buf : "none");
}

static char *show_codes(const uint8_t codes[256])
{
	char buf[1024];
	struct text t = TEXT_INIT(buf);

	for (unsigned int i = 0; i < 256; i++)
		if (codes[i])
			(void)text_addf(&t, "%s%u", t.len ? " " : "", i);
	return strdup(t.len ? buf : "none");
}

static char *show_text(const struct key *k, const char *s)
{
	if (!s)
		return strdup(*k->dflt ? k->dflt : "default");
	return strdup(*s ? s : "none");
}

/* The keys with rules of their own. */

static char *show_instances(const void *target)
{
	const struct spec *s = target;
	char *text = NULL;

	return asprintf(&text, "%u", s->instances) < 0 ? NULL : text;
}

static char *show_log_rotate(const void *target)
{
	static const char *const words[] = { "no", "hourly", "daily", "weekly" };
	const struct spec *s = target;

	return s->log_rotate == LOG_ROTATE_SPAN ? show_span(s->log_rotate_every) : strdup(words[s->log_rotate]);
}

static char *show_log_sink(const void *target)
{
	return show_words(&((const struct spec *)target)->log_sink);
}

static char *show_listen(const void *target)
{
	return show_words(&((const struct spec *)target)->listen);
}

static char *show_listen_env(const void *target)
{
	return show_words(&((const struct spec *)target)->listen_env);
}

static char *show_watch(const void *target)
{
	const struct spec *s = target;

	return !s->watch ? strdup("no") : s->watch_paths.n ? show_words(&s->watch_paths) : strdup("yes");
}

static char *show_cron_restart(const void *target)
{
	const char *s = ((const struct spec *)target)->cron_restart;

	return strdup(s && *s ? s : "none");
}

static char *show_ready(const void *target)
{
	const char *s = ((const struct spec *)target)->ready;

	return strdup(s && *s ? s : "exec");
}

static char *show_schedule(const void *target)
{
	const char *s = ((const struct spec *)target)->schedule;

	return strdup(s && *s ? s : "none");
}

static char *show_control(const void *target)
{
	const struct spec_pm1 *p = target;

	return strdup(p->control ? p->control : "default");
}

static char *show_log_console(const void *target)
{
	static const char *const words[] = { "none", "raw", "prefix", "json" };
	const struct spec_pm1 *p = target;

	return strdup(words[p->log_console]);
}

static char *show_include(const void *target)
{
	(void)target;
	return strdup("");
}

static const struct custom_show {
	const char *name;
	char *(*show)(const void *target);
} customs[] = {
	{ "instances", show_instances },     { "log_rotate", show_log_rotate }, { "log_sink", show_log_sink },
	{ "cron_restart", show_cron_restart }, { "schedule", show_schedule }, { "ready", show_ready }, { "watch", show_watch },	     { "control", show_control },	{ "log_console", show_log_console },
	{ "include", show_include },		{ "listen", show_listen },	  { "listen_env.", show_listen_env },
};

static const struct custom_show *find_custom(const struct key *k)
{
	for (size_t i = 0; i < ARRAY_LEN(customs); i++)
		if (strcmp(customs[i].name, k->name) == 0)
			return &customs[i];
	return NULL;
}

bool show_knows(const struct key *k)
{
	return k->type != KEY_CUSTOM || find_custom(k);
}

char *show_key(const struct key *k, const void *target)
{
	const void *p = (const char *)target + k->offset;
	const struct custom_show *custom;
	char mode[16];

	if (k->given && !*((const bool *)target + k->given - 1))
		return strdup("default");
	switch (k->type) {
	case KEY_STRING:
	case KEY_PATH:
	case KEY_LOG_PATH:
		return show_text(k, *(char *const *)p);
	case KEY_BOOL:
		return strdup(*(const bool *)p ? "yes" : "no");
	case KEY_COUNT:
		(void)text_format(mode, sizeof(mode), "%u", *(const unsigned int *)p);
		return strdup(mode);
	case KEY_SIZE:
		return show_size(*(const uint64_t *)p);
	case KEY_SPAN:
		return show_span(*(const usec_t *)p);
	case KEY_SIGNALS:
		return show_signals(*(const uint64_t *)p);
	case KEY_SIGNAL:
		return strdup(signal_text(*(const int *)p, mode, sizeof(mode)));
	case KEY_MODE:
		if (*(const int *)p < 0)
			return strdup("default");
		(void)text_format(mode, sizeof(mode), "%04o", (unsigned int)*(const int *)p);
		return strdup(mode);
	case KEY_CHOICE:
		return show_choice(k, *(const int *)p);
	case KEY_CODES:
		return show_codes(p);
	case KEY_WORDS:
		return show_words(p);
	case KEY_CUSTOM:
		custom = find_custom(k);
		return custom ? custom->show(target) : strdup("?");
	case KEY_TYPE_MAX:
		break;
	}
	return strdup("?");
}
