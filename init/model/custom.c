/* custom - see the header. */
#include "model/custom.h"

#include "base/parse.h"
#include "base/probeaddr.h"
#include "base/sinkaddr.h"
#include "base/stamp.h"
#include "base/text.h"
#include "model/cron.h"
#include "model/envfile.h"
#include "model/ready.h"
#include "model/value.h"

#include <errno.h>
#include <sched.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

static int __attribute__((format(printf, 2, 3))) fault(const struct key_input *in, const char *fmt, ...)
{
	char what[384];
	struct text t = TEXT_INIT(what);
	va_list ap;

	va_start(ap, fmt);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);
	diag_error(in->diag, in->at, in->name, in->value, "%s", what);
	return -EINVAL;
}

int custom_env(void *target, const struct key_input *in)
{
	struct spec *s = target;
	const char *name = in->name + strlen("env.");

	if (!value_is_env_name(name, strlen(name)))
		return fault(in, "a variable's name is made of letters, digits and _, and doesn't begin with a digit");
	return strv_addf(&s->env, "%s=%s", name, in->value);
}

int custom_env_file(void *target, const struct key_input *in)
{
	struct spec *s = target;
	struct strv files = { 0 };
	int r = value_list(&files, in->value);

	if (r == -EINVAL)
		r = fault(in, "a quote is not closed, or \\ stands at the end");
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		bool optional = files.v[i][0] == '-';
		const char *word = files.v[i] + optional;
		const char *complaint = value_path_fault(word);
		char *path;

		if (complaint) {
			r = fault(in, "%s", complaint);
			break;
		}
		path = value_path(in->base_dir, word);
		r = path ? envfile_load(path, optional, in, &s->env) : -ENOMEM;
		free(path);
	}
	strv_done(&files);
	return r;
}

/* The CPUs this process may run on, as `nproc` counts them. */
static unsigned int cpus(void)
{
	cpu_set_t set;
	long n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	if (n < 1)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > SPEC_INSTANCES_MAX ? SPEC_INSTANCES_MAX : (unsigned int)n;
}

int custom_instances(void *target, const struct key_input *in)
{
	struct spec *s = target;
	bool less = in->value[0] == '-';
	uint64_t n = 0;
	int r = strcmp(in->value, "max") == 0 ? 0 : parse_uint(in->value + less, SPEC_INSTANCES_MAX, &n);

	if (r < 0)
		return fault(in, "%s (allowed: 1 to %d; 0 or max: one a CPU; -1: all CPUs but one)",
			     r == -ERANGE ? "out of range" : "not a whole number", SPEC_INSTANCES_MAX);
	if (less)
		s->instances = cpus() > n ? cpus() - (unsigned int)n : 1;
	else
		s->instances = n > 0 ? (unsigned int)n : cpus();
	return 0;
}

static bool is_off(const char *value)
{
	bool on = true;

	return *value == 0 || strcasecmp(value, "none") == 0 || (parse_bool(value, &on) == 0 && !on);
}

static int set_cron(char **field, const struct key_input *in)
{
	char what[CRON_TEXT_MAX];
	struct zone *utc = NULL;
	char *text = NULL;
	struct cron c;

	if (!is_off(in->value)) {
		if (strlen(in->value) >= CRON_TEXT_MAX)
			return fault(in, "longer than %d bytes", CRON_TEXT_MAX - 1);
		if (cron_parse(in->value, &c, what, sizeof(what)) < 0)
			return fault(in, "%s", what);
		int r = zone_load("UTC", &utc);
		if (r < 0)
			return r;
		bool never = cron_next(&c, utc, 0) == USEC_NEVER;
		zone_free(utc);
		if (never)
			return fault(in, "there is no such day in any year");
		text = strdup(in->value);
		if (!text)
			return -ENOMEM;
	}
	free(*field);
	*field = text;
	return 0;
}

int custom_cron_restart(void *target, const struct key_input *in)
{
	return set_cron(&((struct spec *)target)->cron_restart, in);
}

int custom_schedule(void *target, const struct key_input *in)
{
	return set_cron(&((struct spec *)target)->schedule, in);
}

int custom_watch(void *target, const struct key_input *in)
{
	struct spec *s = target;
	struct strv words = { 0 };
	struct strv paths = { 0 };
	bool on = true;
	int r;

	if (parse_bool(in->value, &on) == 0) {
		strv_done(&s->watch_paths);
		s->watch = on;
		return 0;
	}
	r = value_list(&words, in->value);
	if (r == -EINVAL)
		r = fault(in, "a quote is not closed, or \\ stands at the end");
	else if (r == 0 && words.n == 0)
		r = fault(in, "the value is missing (allowed: yes, no, or paths)");
	for (size_t i = 0; r == 0 && i < words.n; i++) {
		const char *complaint = value_path_fault(words.v[i]);
		char *path = complaint ? NULL : value_path(in->base_dir, words.v[i]);

		r = complaint ? fault(in, "%s", complaint) : path ? strv_take(&paths, path) : -ENOMEM;
	}
	strv_done(&words);
	if (r < 0) {
		strv_done(&paths);
		return r;
	}
	strv_done(&s->watch_paths);
	s->watch_paths = paths;
	s->watch = true;
	return 0;
}

int custom_control(void *target, const struct key_input *in)
{
	struct spec_pm1 *p = target;
	const char *v = in->value;
	const char *complaint = value_path_fault(v);
	char *path;

	if (complaint || strcmp(v, "@") == 0)
		return fault(in, "%s", complaint ? complaint : "the name of the abstract socket is empty");
	path = *v == '@' ? strdup(v) : value_path(in->base_dir, v);
	if (!path)
		return -ENOMEM;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		free(path);
		return fault(in, "a socket's path is at most 107 bytes");
	}
	free(p->control);
	p->control = path;
	return 0;
}

static int one_of(const char *value, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(value, words[i]) == 0)
			return (int)i;
	return -1;
}

int custom_log_rotate(void *target, const struct key_input *in)
{
	static const char *const words[] = { "no", "hourly", "daily", "weekly" }; /* in the enum's order */
	struct spec *s = target;
	int word = one_of(in->value, words, sizeof(words) / sizeof(*words));
	usec_t span = 0;

	if (word < 0 && (parse_duration(in->value, &span) < 0 || span < USEC_SEC || span > 366 * 86400 * USEC_SEC))
		return fault(in, "not a time of rotation (allowed: no, hourly, daily, weekly, or a time of 1s to 366d such as 6h)");
	s->log_rotate = word < 0 ? LOG_ROTATE_SPAN : (enum log_rotate)word;
	s->log_rotate_every = span;
	return 0;
}

/* What is wrong with the ith word, or NULL. */
static const char *sink_fault(const struct strv *words, size_t i)
{
	struct sinkaddr a, b;
	const char *complaint = strpbrk(words->v[i], " \t") ? "a blank in it" : sinkaddr_parse(words->v[i], &a);

	for (size_t k = 0; !complaint && k < i; k++)
		if (!sinkaddr_parse(words->v[k], &b) && sinkaddr_equal(&a, &b))
			complaint = "the same place is named twice";
	return complaint;
}

int custom_log_sink(void *target, const struct key_input *in)
{
	struct spec *s = target;
	struct strv words = { 0 };
	int r = value_list(&words, in->value);

	if (r == -EINVAL)
		r = fault(in, "a quote is not closed, or \\ stands at the end");
	if (r == 0 && words.n == 1 && strcasecmp(words.v[0], "none") == 0)
		strv_done(&words);
	if (r == 0 && words.n > SPEC_SINKS_MAX)
		r = fault(in, "more than %d sinks", SPEC_SINKS_MAX);
	for (size_t i = 0; r == 0 && i < words.n; i++) {
		const char *complaint = sink_fault(&words, i);
		if (complaint)
			r = fault(in, "'%.60s': %s (allowed: " SINKADDR_ALLOWED ")", words.v[i], complaint);
	}
	if (r < 0) {
		strv_done(&words);
		return r;
	}
	strv_done(&s->log_sink);
	s->log_sink = words;
	return 0;
}

int custom_log_console(void *target, const struct key_input *in)
{
	static const char *const words[] = { "none", "raw", "prefix", "json" }; /* in the enum's order */
	struct spec_pm1 *p = target;
	int word = one_of(in->value, words, sizeof(words) / sizeof(*words));
	bool on = false;

	if (word < 0 && parse_bool(in->value, &on) < 0)
		return fault(in, "no form of a console (allowed: none, raw, prefix or json; no is none, yes is prefix)");
	p->log_console = word >= 0 ? (enum log_console)word : on ? LOG_CONSOLE_PREFIX : LOG_CONSOLE_NONE;
	return 0;
}

/* Paths become absolute here, as those of other keys do. */
int custom_ready(void *target, const struct key_input *in)
{
	static const char *const with_path[] = { "unix:", "file:" };
	struct spec *s = target;
	char *text = NULL;
	struct ready r;

	for (size_t i = 0; i < sizeof(with_path) / sizeof(*with_path) && !text; i++) {
		const char *path = in->value + strlen(with_path[i]);
		if (strncmp(in->value, with_path[i], strlen(with_path[i])) != 0 || *path == '@' || value_path_fault(path))
			continue;
		char *whole = value_path(in->base_dir, path);
		if (!whole || asprintf(&text, "%s%s", with_path[i], whole) < 0)
			text = NULL;
		free(whole);
		if (!text)
			return -ENOMEM;
	}
	if (!text)
		text = strdup(*in->value ? in->value : "exec");
	if (!text)
		return -ENOMEM;
	const char *complaint = ready_parse(text, &r);
	if (complaint) {
		free(text);
		return fault(in, "%s (allowed: " READY_ALLOWED ")", complaint);
	}
	free(s->ready);
	s->ready = text;
	return 0;
}

int custom_include(void *target, const struct key_input *in)
{
	(void)target;
	(void)in;
	return 0;
}

const char *check_name(const char *value)
{
	return spec_name_fault(value);
}

const char *check_env_name(const char *value)
{
	return value_is_env_name(value, strlen(value)) ?
		       NULL :
		       "a variable's name is made of letters, digits and _, and doesn't begin with a digit";
}

const char *check_account(const char *value)
{
	if (*value == '-')
		return "a name or number doesn't begin with -";
	return strpbrk(value, ": \t/") ? "not a name or a number" : NULL;
}

const char *check_owner(const char *value)
{
	const char *colon = strchr(value, ':');

	if (*value == '-' || *value == ':' || (colon && (colon[1] == 0 || colon[1] == '-')))
		return "not USER or USER:GROUP";
	return strpbrk(value, " \t/") || (colon && strchr(colon + 1, ':')) ? "not USER or USER:GROUP" : NULL;
}

const char *check_probe(const char *value)
{
	struct probeaddr p;

	return probeaddr_parse(value, &p);
}

const char *check_hostname(const char *value)
{
	if (*value == '-' || *value == '.')
		return "a host's name begins with a letter or a digit";
	for (const char *p = value; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') && *p != '-' &&
		    *p != '.')
			return "a host's name is made of letters, digits, - and .";
	return NULL;
}

const char *check_stamp(const char *value)
{
	char compiled[STAMP_MAX];

	return stamp_compile(value, compiled, sizeof(compiled)) < 0 ? "not a format of time" : NULL;
}

const char *check_zone(const char *value)
{
	struct zone *z = NULL;
	int r = zone_load(value, &z);

	zone_free(z);
	return r < 0 ? zone_fault(r) : NULL;
}

const char *check_pattern(const char *value)
{
	return ready_pattern_fault(value);
}
