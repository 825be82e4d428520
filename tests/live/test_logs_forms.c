/* The forms of lines for real: killed again and again under load, each byte is there once; and who said it. */
#include "tests/live/logd.h"
#include "tests/live/pattern.h"
#include "tests/logd/decode.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is left of a log when what stands in front of its lines is taken away. */
static struct decoded stripped(const char *text, size_t n, const char *head)
{
	struct decoded d = { 0 };
	size_t m = 0;

	d.bytes = malloc(n + 1);
	cr_assert_not_null(d.bytes);
	for (const char *p = text; p < text + n;) {
		const char *nl = memchr(p, '\n', (size_t)(text + n - p));
		size_t len = nl ? (size_t)(nl - p) + 1 : (size_t)(text + n - p);
		cr_assert(len >= strlen(head) && memcmp(p, head, strlen(head)) == 0, "%.*s", (int)len, p);
		memcpy(d.bytes + m, p + strlen(head), len - strlen(head));
		m += len - strlen(head);
		p += len;
	}
	d.n = m;
	return d;
}

/* The bytes of `prog pattern`, each once and in order. */
static void is_pattern(struct live *l, const char *count, uint32_t state, const struct decoded *d)
{
	size_t n = logd_count(l, count);

	for (size_t i = 0; i < n && i < d->n; i++) {
		unsigned char b = pattern_byte(&state);
		cr_assert_eq((unsigned char)d->bytes[i], b, "byte %zu of %zu is %02x, not %02x", i, n, (unsigned char)d->bytes[i], b);
	}
	cr_assert_eq(d->n, n, "%zu bytes of %zu", d->n, n);
}

Test(logs_forms, through_a_storm_of_kills_json_objects_hold_each_byte_once)
{
	struct live l;
	struct decoded d = { 0 };
	size_t n;

	live_start(&l, LIVE_PID1, QUIET "log_format = json\n[service:a]\ncommand = @PROG@ pattern 7 @DIR@/a.count\n"
					"out_file = @DIR@/a.log\nlog_file = @DIR@/all.log\n");
	logd_storm(&l, "all.log", 6);
	logd_end(&l);
	for (int i = 0; i < 2; i++) {
		char *text = live_file(live_path(&l, i ? "all.log" : "a.log"), &n);
		cr_assert(n > 0 && text[n - 1] == '\n');
		decode_lines(&d, text, n);
		is_pattern(&l, "a.count", 7, &d);
		cr_assert_gt(d.base64, 0);
		decoded_done(&d);
		free(text);
	}
	cr_assert_eq(live_end(&l), 0);
}

Test(logs_forms, through_a_storm_of_kills_prefixes_stand_before_each_line_once)
{
	struct live l;
	size_t n;

	live_start(&l, LIVE_PID1, QUIET "log_type = prefix\nlog_date_format = [at]\n[service:a]\ncommand = @PROG@ pattern 7 @DIR@/a.count\n"
					"out_file = @DIR@/a.log\nlog_file = @DIR@/all.log\n");
	logd_storm(&l, "all.log", 6);
	logd_end(&l);
	for (int i = 0; i < 2; i++) {
		char *text = live_file(live_path(&l, i ? "all.log" : "a.log"), &n);
		struct decoded d = stripped(text, n, "at a out: ");
		is_pattern(&l, "a.count", 7, &d);
		decoded_done(&d);
		free(text);
	}
	cr_assert_eq(live_end(&l), 0);
}

/* A reload takes another form without a restart: in one file stand lines of both, none of them begun in one form and ended in the other. */
Test(logs_forms, reloads_to_json_and_back_under_load_lose_and_repeat_no_line)
{
#define RELOADED(form) \
	QUIET "[service:a]\ncommand = @PROG@ pattern one @DIR@/a.count\nout_file = @DIR@/a.log\nlog_date_format = [at]\nlog_format = " form "\n"
	struct live l;
	unsigned long lines = 0, lives = 1;
	size_t n, objects = 0, stamped = 0;

	live_start(&l, LIVE_PID1, RELOADED("raw"));
	for (int i = 0; i < 6; i++) {
		live_number(&l, "a", "pm1.log.written", live_get(&l, "a", "pm1.log.written") + 100000);
		live_ini(&l, i % 2 ? RELOADED("raw") : RELOADED("json"));
		cr_assert_eq(call(&l, "reload-config").code, 0);
	}
	live_number(&l, "a", "pm1.log.written", live_get(&l, "a", "pm1.log.written") + 100000);
	logd_end(&l);
	char *text = live_file(live_path(&l, "a.log"), &n);
	for (char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		struct decoded d = { 0 };
		char line[PATTERN_LINE_MAX];
		if (*p == '{') {
			decode_object(&d, p, (size_t)(nl - p));
			objects++;
		} else {
			cr_assert_eq(strncmp(p, "at: ", 4), 0, "%.*s", (int)(nl - p), p);
			decoded_add(&d, p + 4, (size_t)(nl + 1 - p - 4));
			stamped++;
		}
		if (strncmp(d.bytes, "one 0 ", 6) == 0 && lines > 0) {
			lines = 0;
			lives++;
		}
		size_t len = pattern_line(line, "one", lines++);
		cr_assert(d.n == len && memcmp(d.bytes, line, len) == 0, "line %lu: %s", lines - 1, d.bytes);
		decoded_done(&d);
	}
	cr_assert_eq(lives, 1, "it was restarted");
	cr_assert_eq(logd_count(&l, "a.count"), lines);
	cr_assert_gt(objects, 0);
	cr_assert_gt(stamped, 0);
	free(text);
	cr_assert_eq(live_end(&l), 0);
}

/* Waits. */
static void times_in(const char *path, const char *part, size_t times)
{
	for (int i = 0;; i++) {
		size_t n, found = 0;
		char *text = live_file(path, &n);
		for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
			found++;
		cr_assert(found >= times || i < LIVE_WAIT * 100, "%zu times, not %zu: %s", found, times, text);
		free(text);
		if (found >= times)
			return;
		(void)poll(NULL, 0, 10);
	}
}

/* What is said at the end, and at the beginning of the next, waits in one pipe. */
Test(logs_forms, each_line_has_the_pid_of_the_process_that_said_it_over_restarts)
{
	struct live l;
	size_t n, lives = 0, last_words = 0;
	json_int_t pids[21];

	live_start(&l, LIVE_PID1, QUIET "[service:web]\nout_file = @DIR@/web.log\nlog_format = json\ncommand = @PROG@ trap \"last words\"\n");
	for (json_int_t i = 0; i < 21; i++) {
		if (i > 0)
			cr_assert_eq(call(&l, "restart", "web").code, 0);
		times_in(live_path(&l, "web.log"), "trapping", (size_t)i + 1);
		pids[i] = live_get(&l, "web", "pid");
		cr_assert_neq(pids[i], i > 0 ? pids[i - 1] : 0);
	}
	logd_end(&l);
	char *text = live_file(live_path(&l, "web.log"), &n);
	for (char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		struct decoded d = { 0 };
		decode_object(&d, p, (size_t)(nl - p));
		if (strcmp(d.bytes, "trapping\n") == 0)
			lives++;
		else
			last_words += strcmp(d.bytes, "last words 15\n") == 0; /* or 18: it is woken by CONT, if it had been stopped */
		cr_assert(lives > 0 && lives <= 21);
		cr_expect_eq(d.pid, pids[lives - 1], "%.*s", (int)(nl - p), p);
		decoded_done(&d);
	}
	cr_assert_eq(lives, 21);
	cr_assert_eq(last_words, 21);
	free(text);
	cr_assert_eq(live_end(&l), 0);
}

/* All of pm1's output after its end. */
static char *rest(struct live *l)
{
	size_t n = l->len;
	ssize_t got = 1;

	while (got > 0) {
		l->text = realloc(l->text, n + 65536);
		cr_assert_not_null(l->text);
		got = read(l->out, l->text + n, 65535);
		n += got > 0 ? (size_t)got : 0;
	}
	l->len = n;
	l->text[n] = 0;
	return l->text;
}

static void console(const char *word, const char *has, const char *has_not)
{
	struct live l;
	char ini[400];

	(void)snprintf(ini, sizeof(ini), "[pm1]\nlog_console = %s\n[service:web]\nshell = yes\nout_file = @DIR@/web.log\n"
					 "command = echo hello; exec @PROG@ wait\n", word);
	live_start(&l, LIVE_PID1, ini);
	live_file_has(live_path(&l, "web.log"), "hello\nup\n");
	logd_end(&l);
	char *text = rest(&l);
	if (has)
		cr_expect_not_null(strstr(text, has), "%s: %s", word, text);
	if (has_not)
		cr_expect_null(strstr(text, has_not), "%s: %s", word, text);
	if (strcmp(word, "json") == 0) {
		char *p = strstr(text, "{\"time\"");
		struct decoded d = { 0 };
		cr_assert_not_null(p);
		decode_object(&d, p, strcspn(p, "\n"));
		cr_expect_str_eq(d.bytes, "hello\n");
		decoded_done(&d);
	}
	cr_assert_eq(live_end(&l), 0);
}

Test(logs_forms, the_console_has_lines_with_a_name_or_as_they_are_or_as_json_or_none)
{
	console("prefix", "web | hello\n", NULL);
	console("yes", "web | hello\n", NULL);
	console("raw", "\nhello\n", "web | ");
	console("json", "\"service\":\"web\",\"instance\":0,\"stream\":\"stdout\",\"pid\":", "web | ");
	console("none", NULL, "hello");
	console("no", NULL, "hello");
}

Test(logs_forms, files_are_named_by_service_and_instance_and_have_their_owner_and_mode)
{
	struct live l;
	struct stat st;

	live_start(&l, LIVE_PID1, "[pm1]\nlog_console = no\n[service:web]\ncommand = @PROG@ wait\ninstances = 2\n"
				  "out_file = @DIR@/logs/%n/%i-100%%.log\nerror_file = none\nlog_owner = 4242:4343\nlog_mode = 0604\n");
	live_file_has(live_path(&l, "logs/web/0-100%.log"), "up\n");
	live_file_has(live_path(&l, "logs/web/1-100%.log"), "up\n");
	cr_assert_eq(stat(live_path(&l, "logs/web/1-100%.log"), &st), 0);
	cr_expect_eq(st.st_uid, 4242);
	cr_expect_eq(st.st_gid, 4343);
	cr_expect_eq(st.st_mode & 07777, 0604, "%o", st.st_mode);
	/* Made anew it is theirs again. */
	cr_assert_eq(unlink(live_path(&l, "logs/web/1-100%.log")), 0);
	cr_assert_eq(call(&l, "reload-logs").code, 0);
	live_file_there(live_path(&l, "logs/web/1-100%.log"));
	json_decref(live_call(&l, "Restart", "{\"targets\":[\"web\"]}")); /* answered when the logs are written */
	live_file_has(live_path(&l, "logs/web/1-100%.log"), "up\n");
	cr_assert_eq(stat(live_path(&l, "logs/web/1-100%.log"), &st), 0);
	cr_expect_eq(st.st_uid, 4242);
	cr_expect_eq(st.st_mode & 07777, 0604, "%o", st.st_mode);
	cr_assert_eq(live_stop(&l), 0);
}
