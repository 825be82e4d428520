/* The keys of how lines are written, whose the files are and where they lie: what each may be, and what is said of the rest. */
#include "tests/model/load.h"

#define HEAD "[service:a]\ncommand = x\n"

static struct loaded with(const char *line)
{
	char text[400];

	(void)snprintf(text, sizeof(text), HEAD "%s\n", line);
	return load_good(text);
}

static void refused(const char *line, const char *part)
{
	char text[400], at[400];

	(void)snprintf(text, sizeof(text), HEAD "%s\n", line);
	(void)snprintf(at, sizeof(at), "pm1.ini:3: [service:a] %.*s", (int)strcspn(line, "="), line);
	refuses(text, part);
	refuses(text, at);
}

static void refused_by_pm1(const char *line, const char *part)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "[pm1]\n%s\n" HEAD, line);
	refuses(text, part);
}

Test(logkeys, without_any_a_log_is_raw_drops_and_knows_no_rate_owner_or_mode)
{
	struct loaded l = with("");
	const struct spec *s = l.c.specs[0];

	cr_expect_eq(s->log_format, LOG_FORMAT_RAW);
	cr_expect_eq(s->log_overflow, LOG_OVERFLOW_DROP);
	cr_expect_eq(s->log_rate_limit, 0);
	cr_expect(!s->log_owner || !*s->log_owner);
	cr_expect_eq(s->log_mode, -1);
	cr_expect_eq(s->log_rotate, LOG_ROTATE_NO);
	cr_expect_eq(l.c.pm1.log_console, LOG_CONSOLE_NONE);
	cr_expect_not(l.c.pm1.log_console_given);
	cr_expect_eq(l.c.pm1.log_ring, 256 * 1024);
	unload(&l);
}

Test(logkeys, log_format_is_raw_prefix_or_json_and_pm2s_log_type_means_the_same)
{
	static const char *const words[] = { "raw", "prefix", "json" };
	static const char *const keys[] = { "log_format", "log_type", "logType" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			char line[64];
			(void)snprintf(line, sizeof(line), "%s = %s", keys[k], words[i]);
			struct loaded l = with(line);
			cr_expect_eq(l.c.specs[0]->log_format, (enum log_format)i, "%s", line);
			unload(&l);
		}
	}
	refused("log_format=xml", "unknown (allowed: raw, prefix or json)");
	refused("log_format=JSON", "unknown");
	refused("log_type=1", "unknown (allowed: raw, prefix or json)");
	refused("log_format=", "log_format");
	refuses(HEAD "log_format = raw\nlog_type = json\n", "given twice");
}

Test(logkeys, log_overflow_is_drop_or_block)
{
	struct loaded l = with("log_overflow = block");

	cr_expect_eq(l.c.specs[0]->log_overflow, LOG_OVERFLOW_BLOCK);
	unload(&l);
	l = with("log_overflow = drop");
	cr_expect_eq(l.c.specs[0]->log_overflow, LOG_OVERFLOW_DROP);
	unload(&l);
	refused("log_overflow=wait", "unknown (allowed: drop or block)");
	refused("log_overflow=yes", "unknown (allowed: drop or block)");
}

Test(logkeys, log_rate_limit_is_a_size)
{
	struct loaded l = with("log_rate_limit = 64K");

	cr_expect_eq(l.c.specs[0]->log_rate_limit, 65536);
	unload(&l);
	l = with("log_rate_limit = 0");
	cr_expect_eq(l.c.specs[0]->log_rate_limit, 0);
	unload(&l);
	refused("log_rate_limit=-1", "less than nothing");
	refused("log_rate_limit=1M/s", "log_rate_limit");
	refused("log_rate_limit=12Q", "unknown unit 'Q' (use K, M, G or T)");
	refused("log_rate_limit=99999999999T", "out of range");
}

Test(logkeys, log_owner_is_a_user_with_or_without_a_group)
{
	static const char *const good[] = { "www-data", "1000", "www-data:adm", "1000:1000", "root" };
	static const char *const bad[] = { "-a", ":adm", "a:", "a:-b", "a:b:c", "a b", "a/b" };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char line[64];
		(void)snprintf(line, sizeof(line), "log_owner = %s", good[i]);
		struct loaded l = with(line);
		cr_expect_str_eq(l.c.specs[0]->log_owner, good[i]);
		unload(&l);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char line[64];
		(void)snprintf(line, sizeof(line), "log_owner=%s", bad[i]);
		refused(line, "not USER or USER:GROUP (allowed: USER or USER:GROUP, by name or number)");
	}
}

Test(logkeys, log_mode_is_octal)
{
	struct loaded l = with("log_mode = 0604");

	cr_expect_eq(l.c.specs[0]->log_mode, 0604);
	unload(&l);
	l = with("log_mode = 0");
	cr_expect_eq(l.c.specs[0]->log_mode, 0);
	unload(&l);
	refused("log_mode=rw-r-----", "not an octal number");
	refused("log_mode=0688", "not an octal number");
	refused("log_mode=04755", "out of range");
}

Test(logkeys, log_rotate_is_a_word_or_a_time)
{
	static const struct {
		const char *value;
		enum log_rotate rotate;
		usec_t every;
	} cases[] = {
		{ "no", LOG_ROTATE_NO, 0 },		  { "hourly", LOG_ROTATE_HOURLY, 0 },
		{ "daily", LOG_ROTATE_DAILY, 0 },	  { "weekly", LOG_ROTATE_WEEKLY, 0 },
		{ "6h", LOG_ROTATE_SPAN, 21600 * USEC_SEC }, { "1s", LOG_ROTATE_SPAN, USEC_SEC },
		{ "366d", LOG_ROTATE_SPAN, 366 * 86400 * USEC_SEC },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char line[64];
		(void)snprintf(line, sizeof(line), "log_rotate = %s", cases[i].value);
		struct loaded l = with(line);
		cr_expect_eq(l.c.specs[0]->log_rotate, cases[i].rotate, "%s", cases[i].value);
		cr_expect_eq(l.c.specs[0]->log_rotate_every, cases[i].every, "%s", cases[i].value);
		unload(&l);
	}
	refused("log_rotate=monthly", "not a time of rotation (allowed: no, hourly, daily, weekly, or a time of 1s to 366d such as 6h)");
	refused("log_rotate=999ms", "not a time of rotation");
	refused("log_rotate=367d", "not a time of rotation");
	refused("log_rotate=0", "not a time of rotation");
}

Test(logkeys, log_console_is_a_form_or_yes_or_no)
{
	static const struct {
		const char *value;
		enum log_console console;
	} cases[] = {
		{ "none", LOG_CONSOLE_NONE }, { "raw", LOG_CONSOLE_RAW }, { "prefix", LOG_CONSOLE_PREFIX }, { "json", LOG_CONSOLE_JSON },
		{ "no", LOG_CONSOLE_NONE },   { "yes", LOG_CONSOLE_PREFIX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[100];
		(void)snprintf(text, sizeof(text), "[pm1]\nlog_console = %s\n" HEAD, cases[i].value);
		struct loaded l = load_good(text);
		cr_expect_eq(l.c.pm1.log_console, cases[i].console, "%s", cases[i].value);
		cr_expect(l.c.pm1.log_console_given);
		unload(&l);
	}
	refused_by_pm1("log_console = xml", "no form of a console (allowed: none, raw, prefix or json; no is none, yes is prefix)");
	refused("log_console=json", "the key belongs into [pm1]");
}

Test(logkeys, log_ring_is_a_size_of_up_to_a_gibibyte)
{
	struct loaded l = load_good("[pm1]\nlog_ring = 64K\n" HEAD);

	cr_expect_eq(l.c.pm1.log_ring, 65536);
	unload(&l);
	l = load_good("[pm1]\nlog_ring = 1G\n" HEAD);
	cr_expect_eq(l.c.pm1.log_ring, (uint64_t)1 << 30);
	unload(&l);
	refused_by_pm1("log_ring = 1025M", "out of range");
	refused_by_pm1("log_ring = some", "not a size");
	refused("log_ring=1M", "the key belongs into [pm1]");
}

Test(logkeys, in_a_path_only_n_i_and_two_percent_signs_mean_something)
{
	struct loaded l = with("out_file = /log/%n/%i.log\nerror_file = 100%%.log\nlog_file = %n");

	cr_expect_str_eq(l.c.specs[0]->out_file, "/log/%n/%i.log", "as written: each instance has its own");
	cr_expect_str_eq(l.c.specs[0]->error_file, "/srv/app/100%%.log");
	unload(&l);
	refused("out_file=a%x.log", "%x stands for nothing");
	refused("out_file=a%", "% stands for nothing");
	refused("out_file=%%%", "% stands for nothing");
	refused("error_file=%n-%d.log", "%d stands for nothing");
	refused("log_file=a%", "% stands for nothing");
}

Test(logkeys, n_is_the_name_and_i_the_instance_which_then_is_not_appended)
{
	static const struct {
		const char *path, *expected;
	} cases[] = {
		{ "/log/%n.log", "/log/web-2.log" }, { "/log/%n-%i.log", "/log/web-2.log" }, { "/log/%i/%n.log", "/log/2/web.log" },
		{ "/log/%i%i", "/log/22" },	     { "/log/%%i.log", "/log/%i-2.log" },    { "/log/%%%n", "/log/%web-2" },
	};
	struct spec s = { .name = (char *)"web", .instances = 3 };
	char buf[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_assert_eq(spec_log_path(&s, 2, cases[i].path, "out", "/log", buf, sizeof(buf)), 0);
		cr_expect_str_eq(buf, cases[i].expected, "%s", cases[i].path);
	}
	s.instances = 1;
	cr_assert_eq(spec_log_path(&s, 0, "/log/%n-%i.log", "out", "/log", buf, sizeof(buf)), 0);
	cr_expect_str_eq(buf, "/log/web-0.log");
	for (size_t size = 1; size < sizeof("/log/web-0.log"); size++)
		cr_expect_eq(spec_log_path(&s, 0, "/log/%n-%i.log", "out", "/log", buf, size), -ENOSPC, "%zu", size);
}

Test(logkeys, each_alone_is_another_spec)
{
	static const char *const lines[] = { "log_format = json", "log_overflow = block", "log_rate_limit = 1M", "log_owner = root",
					     "log_mode = 0644",	  "log_rotate = 6h",	  "log_rotate = daily",	 "log_total_max = 1G" };
	struct loaded plain = with("");

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct loaded a = with(lines[i]), b = with(lines[i]);
		cr_expect_not(spec_equal(plain.c.specs[0], a.c.specs[0]), "%s", lines[i]);
		cr_expect(spec_equal(a.c.specs[0], b.c.specs[0]), "%s", lines[i]);
		unload(&a);
		unload(&b);
	}
	struct loaded six = with("log_rotate = 6h"), seven = with("log_rotate = 7h");
	cr_expect_not(spec_equal(six.c.specs[0], seven.c.specs[0]));
	unload(&six);
	unload(&seven);
	unload(&plain);
}
