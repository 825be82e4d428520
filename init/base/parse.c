#include "base/parse.h"

#include "base/own.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <strings.h>

/* Ten years: far beyond any use, and sums of a few can't overflow. */
#define SPAN_MAX (UINT64_C(3650) * 24 * 3600 * USEC_SEC)
#define SIZE_LIMIT ((uint64_t)INT64_MAX) /* off_t and cgroup files go no further */

/* Digits of a base at *s: moves on. -EINVAL: none there; -ERANGE: over max (all digits are still passed over). */
static int digits(const char **s, unsigned int base, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	int r = -EINVAL;

	for (; **s >= '0' && **s < (char)('0' + base); (*s)++) {
		uint64_t d = (uint64_t)(**s - '0');
		if (r == -EINVAL)
			r = 0;
		if (v > (max - d) / base || d > max)
			r = -ERANGE;
		else
			v = v * base + d;
	}
	if (r == 0)
		*ret = v;
	return r;
}

int parse_uint(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	int r = digits(&s, 10, max, &v);

	if (*s)
		return -EINVAL;
	if (r == 0)
		*ret = v;
	return r;
}

int parse_octal(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (s[0] == '0' && (s[1] == 'o' || s[1] == 'O'))
		s += 2;
	int r = digits(&s, 8, max, &v);
	if (*s)
		return -EINVAL;
	if (r == 0)
		*ret = v;
	return r;
}

int parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcasecmp(s, yes[i]) == 0 || strcasecmp(s, no[i]) == 0) {
			*ret = strcasecmp(s, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

/* "12" or "1.5" at *s times unit, once the unit is known: kept as a whole and nine decimals. */
struct decimal {
	uint64_t whole;
	uint64_t nano;
};

static int decimal(const char **s, struct decimal *ret)
{
	struct decimal d = { 0 };
	int r = digits(s, 10, UINT64_MAX, &d.whole);

	if (r == -EINVAL || **s != '.') {
		if (r == 0)
			*ret = d;
		return r;
	}
	(*s)++;
	if (!isdigit((unsigned char)**s))
		return -EINVAL;
	uint64_t place = 100000000;
	for (; isdigit((unsigned char)**s); (*s)++, place /= 10)
		d.nano += place * (uint64_t)(**s - '0');
	if (r == 0)
		*ret = d;
	return r;
}

static int scale(const struct decimal *d, uint64_t unit, uint64_t max, uint64_t *ret)
{
	uint64_t v, part;

	if (__builtin_mul_overflow(d->whole, unit, &v))
		return -ERANGE;
	/* unit < 2^50 here, nano < 2^30: in two steps, so that nothing overflows. */
	part = unit / 1000000000 * d->nano + unit % 1000000000 * d->nano / 1000000000;
	if (__builtin_add_overflow(v, part, &v) || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_size(const char *s, uint64_t *ret)
{
	static const char units[] = "KMGT";
	struct decimal d;
	uint64_t unit = 1;
	int r = decimal(&s, &d);

	if (r == -EINVAL)
		return r;
	const char *u = *s ? strchr(units, toupper((unsigned char)*s)) : NULL;
	if (u) {
		unit = UINT64_C(1) << (10 * (unsigned int)(u - units + 1));
		s++;
		if ((*s == 'i' || *s == 'I') && (s[1] == 'b' || s[1] == 'B'))
			s++;
	}
	if (*s == 'b' || *s == 'B')
		s++;
	if (*s)
		return -EINVAL;
	return r < 0 ? r : scale(&d, unit, SIZE_LIMIT, ret);
}

int parse_duration(const char *s, usec_t *ret)
{
	static const struct {
		const char *name;
		usec_t unit;
	} units[] = { { "us", 1 }, { "ms", USEC_MS }, { "s", USEC_SEC }, { "m", USEC_MIN }, { "h", 60 * USEC_MIN },
		      { "d", 24 * 60 * USEC_MIN } };
	usec_t total = 0;
	bool first = true;

	if (!*s)
		return -EINVAL;
	int worst = 0;
	while (*s) {
		struct decimal d;
		int r = decimal(&s, &d);
		if (r == -EINVAL)
			return r;
		size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
		usec_t unit = 0, part = 0;
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (strlen(units[i].name) == n && strncmp(units[i].name, s, n) == 0)
				unit = units[i].unit;
		if (n == 0 && first && !*s)
			unit = USEC_MS;
		if (unit == 0)
			return -EINVAL;
		s += n;
		first = false;
		if (r == 0)
			r = scale(&d, unit, SPAN_MAX, &part);
		if (r < 0 || total + part > SPAN_MAX)
			worst = -ERANGE;
		else
			total += part;
	}
	if (worst == 0)
		*ret = total;
	return worst;
}

static const char *const signals[] = {
	[SIGHUP] = "SIGHUP",	 [SIGINT] = "SIGINT",	    [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP",	 [SIGABRT] = "SIGABRT",	    [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL",	 [SIGUSR1] = "SIGUSR1",	    [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",	 [SIGALRM] = "SIGALRM",	    [SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT",
	[SIGCHLD] = "SIGCHLD",	 [SIGCONT] = "SIGCONT",	    [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
	[SIGTTIN] = "SIGTTIN",	 [SIGTTOU] = "SIGTTOU",	    [SIGURG] = "SIGURG",   [SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ",	 [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
	[SIGIO] = "SIGIO",	 [SIGPWR] = "SIGPWR",	    [SIGSYS] = "SIGSYS",
};

/* RTMIN+n and RTMAX-n, as kill(1) has them. */
static int parse_realtime(const char *s, int *ret)
{
	bool from_min = strncasecmp(s, "RTMIN", 5) == 0;
	uint64_t n = 0;

	if (!from_min && strncasecmp(s, "RTMAX", 5) != 0)
		return -EINVAL;
	s += 5;
	if (*s && *s++ != (from_min ? '+' : '-'))
		return -EINVAL;
	if (s[-1] == '+' || s[-1] == '-') {
		int r = parse_uint(s, (uint64_t)(SIGRTMAX - SIGRTMIN), &n);
		if (r < 0)
			return r;
	}
	*ret = from_min ? SIGRTMIN + (int)n : SIGRTMAX - (int)n;
	return 0;
}

int parse_signal(const char *s, int *ret)
{
	uint64_t n;
	int r = parse_uint(s, (uint64_t)SIGRTMAX, &n);

	if (r == 0 && n == 0)
		return -ERANGE;
	if (r == 0 || r == -ERANGE) {
		if (r == 0)
			*ret = (int)n;
		return r;
	}
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (size_t i = 1; i < ARRAY_LEN(signals); i++) {
		if (signals[i] && strcasecmp(signals[i] + 3, s) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	if (strcasecmp(s, "POLL") == 0 || strcasecmp(s, "IOT") == 0 || strcasecmp(s, "CLD") == 0) {
		*ret = strcasecmp(s, "POLL") == 0 ? SIGPOLL : strcasecmp(s, "IOT") == 0 ? SIGABRT : SIGCHLD;
		return 0;
	}
	return parse_realtime(s, ret);
}

const char *signal_text(int sig, char *buf, size_t size)
{
	if (sig > 0 && (size_t)sig < ARRAY_LEN(signals) && signals[sig])
		return signals[sig];
	if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		(void)text_format(buf, size, "SIGRTMIN+%d", sig - SIGRTMIN);
	else
		(void)text_format(buf, size, "SIG%d", sig);
	return buf;
}
