/* keys_set - one value into one field.
 *
 * Every type has its way from text to field, and its words for what is wrong. */
#include "model/keys.h"

#include "base/parse.h"
#include "base/text.h"
#include "model/value.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

#define ALLOWED_MAX 256 /* bytes of what keys_allowed() says */

static int __attribute__((format(printf, 3, 4)))
fault(const struct key_input *in, const struct key *k, const char *fmt, ...)
{
	char allowed[ALLOWED_MAX];
	char what[ALLOWED_MAX];
	struct text t = TEXT_INIT(what);
	va_list ap;

	va_start(ap, fmt);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);
	(void)keys_allowed(k, allowed, sizeof(allowed));
	if (*allowed)
		diag_error(in->diag, in->at, in->name, in->value, "%s (allowed: %s)", what, allowed);
	else
		diag_error(in->diag, in->at, in->name, in->value, "%s", what);
	return -EINVAL;
}

static int set_string(char **field, char *taken)
{
	if (!taken)
		return -ENOMEM;
	free(*field);
	*field = taken;
	return 0;
}

/* An empty text is the default again: so a service undoes what [defaults] says. */
static int set_default(char **field, const struct key *k)
{
	if (*k->dflt)
		return set_string(field, strdup(k->dflt));
	free(*field);
	*field = NULL;
	return 0;
}

static int put_text(char **field, const struct key *k, const struct key_input *in)
{
	const char *complaint;

	if (*in->value == '\0')
		return set_default(field, k);
	if (k->max > 0 && strlen(in->value) > k->max)
		return fault(in, k, "longer than %llu bytes", (unsigned long long)k->max);
	complaint = k->check ? k->check(in->value) : NULL;
	if (complaint)
		return fault(in, k, "%s", complaint);
	return set_string(field, strdup(in->value));
}

static int put_path(char **field, const struct key *k, const struct key_input *in)
{
	const char *complaint;

	if (*in->value == '\0')
		return set_default(field, k);
	complaint = value_path_fault(in->value);
	if (complaint)
		return fault(in, k, "%s", complaint);
	return set_string(field, value_path(in->base_dir, in->value));
}

static int put_log_path(char **field, const struct key *k, const struct key_input *in)
{
	const char *v = in->value;

	if (*v == '\0')
		return fault(in, k, "the path is empty");
	if (strcasecmp(v, "none") == 0 || strcmp(v, "NULL") == 0 || strcmp(v, "null") == 0 || strcmp(v, "/dev/null") == 0)
		return set_string(field, strdup(""));
	if (v[strlen(v) - 1] == '/')
		return fault(in, k, "a folder, not a file");
	for (const char *p = strchr(v, '%'); p; p = strchr(p + 2, '%'))
		if (p[1] != 'n' && p[1] != 'i' && p[1] != '%')
			return fault(in, k, "%%%.1s stands for nothing", p + 1);
	return put_path(field, k, in);
}

static int put_count(unsigned int *field, const struct key *k, const struct key_input *in)
{
	uint64_t n = 0;
	int r = parse_uint(in->value, k->max > 0 ? k->max : UINT_MAX, &n);

	if (r == -ERANGE || (r == 0 && n < k->min))
		return fault(in, k, "out of range");
	if (r < 0)
		return fault(in, k, "not a whole number");
	*field = (unsigned int)n;
	return 0;
}

/* The first unit in the value that isn't of the blank-separated list: *ret_n bytes, or NULL. */
static const char *unknown_unit(const char *value, const char *units, size_t *ret_n)
{
	if (*value < '0' || *value > '9')
		return NULL;
	while (*value) {
		const char *unit = value + strspn(value, "0123456789.");
		size_t n = strcspn(unit, "0123456789.");
		bool known = n == 0;

		for (const char *u = units; *u && !known;) {
			size_t len = strcspn(u, " ");

			known = len == n && strncasecmp(u, unit, n) == 0;
			u += len + (u[len] == ' ');
		}
		if (!known) {
			*ret_n = n;
			return unit;
		}
		value = unit + n;
	}
	return NULL;
}

static int number_fault(const struct key_input *in, const struct key *k, int r, const char *units, const char *use,
			const char *what)
{
	size_t n;
	const char *unit = unknown_unit(in->value, units, &n);

	if (r == -ERANGE)
		return fault(in, k, "out of range");
	if (*in->value == '\0')
		return fault(in, k, "the value is missing");
	if (*in->value == '-')
		return fault(in, k, "less than nothing");
	if (unit) {
		diag_error(in->diag, in->at, in->name, in->value, "unknown unit '%.*s' (use %s)",
			   n > 16 ? 16 : (int)n, unit, use);
		return -EINVAL;
	}
	return fault(in, k, "%s", what);
}

static int put_size(uint64_t *field, const struct key *k, const struct key_input *in)
{
	uint64_t n = 0;
	int r = parse_size(in->value, &n);

	if (r == 0 && (n < k->min || (k->max > 0 && n > k->max)))
		r = -ERANGE;
	if (r < 0)
		return number_fault(in, k, r, "B K KB KiB M MB MiB G GB GiB T TB TiB", "K, M, G or T", "not a size");
	*field = n;
	return 0;
}

static int put_span(usec_t *field, const struct key *k, const struct key_input *in)
{
	usec_t span = 0;
	int r = parse_duration(in->value, &span);

	if (r == 0 && (span < k->min || (k->max > 0 && span > k->max)))
		r = -ERANGE;
	if (r < 0)
		return number_fault(in, k, r, "us ms s m h d", "us, ms, s, m, h or d", "not a time");
	*field = span;
	return 0;
}

static int put_signal(int *field, const struct key *k, const struct key_input *in)
{
	int sig = 0;

	if (parse_signal(in->value, &sig) < 0)
		return fault(in, k, "no such signal");
	*field = sig;
	return 0;
}

/* Those that pm1 acts on itself, that can't be caught, and that mean a crash of pm1. */
static bool is_forwardable(int sig)
{
	static const int own[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD, SIGKILL, SIGSTOP,
				   SIGSEGV, SIGBUS, SIGABRT, SIGFPE,  SIGILL,  SIGTRAP, SIGSYS };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (own[i] == sig)
			return false;
	return sig < 64; /* a bit each */
}

static int list_of(struct strv *ret, const struct key *k, const struct key_input *in)
{
	int r = value_list(ret, in->value);

	return r == -EINVAL ? fault(in, k, "a quote is not closed, or \\ stands at the end") : r;
}

static int put_signals(uint64_t *field, const struct key *k, const struct key_input *in)
{
	struct strv words = { 0 };
	uint64_t mask = 0;
	int r = list_of(&words, k, in);

	for (size_t i = 0; r == 0 && i < words.n; i++) {
		int sig = 0;

		if (parse_signal(words.v[i], &sig) < 0)
			r = fault(in, k, "no such signal: '%s'", words.v[i]);
		else if (!is_forwardable(sig))
			r = fault(in, k, "%s can't be forwarded", words.v[i]);
		else
			mask |= UINT64_C(1) << sig;
	}
	strv_done(&words);
	if (r == 0)
		*field = mask;
	return r;
}

static int put_codes(uint8_t *field, const struct key *k, const struct key_input *in)
{
	struct strv words = { 0 };
	uint8_t codes[256] = { 0 };
	int r = list_of(&words, k, in);

	for (size_t i = 0; r == 0 && i < words.n; i++) {
		uint64_t code = 0;

		if (parse_uint(words.v[i], 255, &code) < 0)
			r = fault(in, k, "'%s' is no exit code", words.v[i]);
		else
			codes[code] = 1;
	}
	strv_done(&words);
	if (r == 0)
		memcpy(field, codes, sizeof(codes));
	return r;
}

/* What the value means among the choices: itself, or what it is a synonym of, n bytes. */
static const char *choice_of(const struct key *k, const char *value, size_t *ret_n)
{
	size_t n = strlen(value);

	*ret_n = n;
	for (const char *s = k->synonyms; s && *s;) {
		size_t len = strcspn(s, " "), word = strcspn(s, "=");

		if (word == n && memcmp(s, value, n) == 0) {
			*ret_n = len - word - 1;
			return s + word + 1;
		}
		s += len + (s[len] == ' ');
	}
	return value;
}

static int put_choice(int *field, const struct key *k, const struct key_input *in)
{
	size_t n = 0;
	const char *value = choice_of(k, in->value, &n);
	int i = 0;

	for (const char *c = k->choices; *c; i++) {
		size_t len = strcspn(c, " ");

		if (len == n && memcmp(c, value, n) == 0) {
			*field = i;
			return 0;
		}
		c += len + (c[len] == ' ');
	}
	return fault(in, k, "unknown");
}

static int put_words(struct strv *field, const struct key *k, const struct key_input *in)
{
	struct strv words = { 0 };
	int r = list_of(&words, k, in);

	if (r < 0) {
		strv_done(&words);
		return r;
	}
	strv_done(field);
	*field = words;
	return 0;
}

static int put(void *target, const struct key *k, const struct key_input *in)
{
	void *field = (char *)target + k->offset;
	uint64_t n = 0;
	int r;

	switch (k->type) {
	case KEY_STRING:
		return put_text(field, k, in);
	case KEY_PATH:
		return put_path(field, k, in);
	case KEY_LOG_PATH:
		return put_log_path(field, k, in);
	case KEY_BOOL:
		return parse_bool(in->value, field) < 0 ? fault(in, k, "neither yes nor no") : 0;
	case KEY_COUNT:
		return put_count(field, k, in);
	case KEY_SIZE:
		return put_size(field, k, in);
	case KEY_SPAN:
		return put_span(field, k, in);
	case KEY_SIGNAL:
		return put_signal(field, k, in);
	case KEY_SIGNALS:
		return put_signals(field, k, in);
	case KEY_CODES:
		return put_codes(field, k, in);
	case KEY_MODE:
		r = parse_octal(in->value, 0777, &n);
		if (r < 0)
			return fault(in, k, r == -ERANGE ? "out of range" : "not an octal number");
		*(int *)field = (int)n;
		return 0;
	case KEY_CHOICE:
		return put_choice(field, k, in);
	case KEY_WORDS:
		return put_words(field, k, in);
	case KEY_CUSTOM:
		return k->set(target, in);
	case KEY_TYPE_MAX:
		break;
	}
	return -EINVAL;
}

/* No stamp is "", not NULL: who reads it needs no second case. */
static int no_stamp_is_empty(struct spec *s)
{
	return s->log_date_format ? 0 : set_string(&s->log_date_format, strdup(""));
}

/* As the people of this file call the key: an unknown one gets the nearest name, or a hint. */
static int unknown_key(const struct key_input *in, enum key_place place)
{
	enum key_place other = place == KEY_IN_PM1 ? KEY_IN_SERVICE : KEY_IN_PM1;
	const char *hint = keys_hint(in->name);
	const char *near = keys_nearest(in->name, place);

	if (keys_find(in->name, other, NULL))
		diag_error(in->diag, in->at, in->name, in->value, "the key belongs into %s",
			   other == KEY_IN_PM1 ? "[pm1]" : "[service:NAME] or [defaults]");
	else if (hint)
		diag_error(in->diag, in->at, in->name, in->value, "unknown key: %s", hint);
	else if (near)
		diag_error(in->diag, in->at, in->name, in->value, "unknown key (did you mean %s?)", near);
	else
		diag_error(in->diag, in->at, in->name, in->value, "unknown key (`pm1 help keys` lists them)");
	return -EINVAL;
}

int keys_set(void *target, enum key_place place, const struct where *at, const char *base_dir, const char *name,
	     const char *value, struct diag *diag)
{
	struct key_input in = { .at = at, .base_dir = base_dir, .name = name, .value = value, .diag = diag };
	size_t i = 0;
	const struct key *k = keys_find(name, place, &i);
	int r;

	if (!k)
		return unknown_key(&in, place);
	r = put(target, k, &in);
	if (r < 0)
		return r;
	if (k->given > 0)
		*(bool *)((char *)target + k->given - 1) = true;
	if (place == KEY_IN_PM1)
		return 0;
	((struct spec *)target)->key_line[i] = at->line;
	return no_stamp_is_empty(target);
}

int keys_defaults(void *target, enum key_place place)
{
	static const struct where nowhere = { 0 };

	for (size_t i = 0; i < keys_count(); i++) {
		const struct key *k = keys_at(i);
		/* The defaults are right (a test walks them), so nothing is ever added to the missing diag. */
		struct key_input in = { .at = &nowhere, .base_dir = "/", .name = k->name, .value = k->dflt };

		if (k->place != place || *k->dflt == '\0')
			continue;
		if (put(target, k, &in) < 0)
			return -ENOMEM;
	}
	return place == KEY_IN_SERVICE ? no_stamp_is_empty(target) : 0;
}
