/* Any text as a number, a size, a duration, a signal (max_len=64): taken whole or refused, and what is taken reads back as the same. */
#include "base/parse.h"

#include "base/own.h"
#include "base/text.h"
#include "tests/fuzz/must.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>

#define TEN_YEARS (10ULL * 366 * 24 * 3600 * USEC_SEC)

static void check_result(int r)
{
	must(r == 0 || r == -EINVAL || r == -ERANGE);
}

static void check_numbers(const char *s, uint64_t max)
{
	uint64_t n = 1234567, again;
	char back[32];

	int r = parse_uint(s, max, &n);
	check_result(r);
	must(r == 0 ? n <= max : n == 1234567);
	if (r == 0) {
		must(text_format(back, sizeof(back), "%llu", (unsigned long long)n) == 0);
		must(parse_uint(back, max, &again) == 0 && again == n);
	}
	n = 7654321;
	r = parse_octal(s, max, &n);
	check_result(r);
	must(r == 0 ? n <= max : n == 7654321);
	bool b;
	r = parse_bool(s, &b);
	check_result(r);
}

static void check_size(const char *s)
{
	uint64_t n = 0, again = 0;
	char buf[64];
	struct text t = TEXT_INIT(buf);

	int r = parse_size(s, &n);
	check_result(r);
	if (r < 0)
		return;
	must(isdigit((unsigned char)s[0]) || s[0] == '.');
	must(text_add_size(&t, n) == 0);
	/* What is shown is exact, or cut after one decimal; P and E are shown, but not read. */
	if (!strpbrk(buf, "PE")) {
		must(parse_size(buf, &again) == 0);
		must(again <= n && (strchr(buf, '.') || again == n));
	}
}

static void check_duration(const char *s)
{
	usec_t d = 0;
	char buf[64];
	struct text t = TEXT_INIT(buf);

	int r = parse_duration(s, &d);
	check_result(r);
	if (r == 0)
		must(d <= TEN_YEARS && text_add_span(&t, d) == 0);
}

static void check_signal(const char *s)
{
	int sig = 0, again = 0;
	char buf[16];

	int r = parse_signal(s, &sig);
	check_result(r);
	if (r < 0)
		return;
	must(sig >= 1 && sig <= SIGRTMAX);
	const char *name = signal_text(sig, buf, sizeof(buf));
	must(name && (parse_signal(name, &again) < 0 || again == sig));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t max;

	if (size < sizeof(max))
		return 0;
	memcpy(&max, data, sizeof(max));
	cleanup_free char *s = strndup((const char *)data + sizeof(max), size - sizeof(max));
	must(s);
	check_numbers(s, max);
	check_size(s);
	check_duration(s);
	check_signal(s);
	return 0;
}
