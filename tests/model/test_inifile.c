#include "model/inifile.h"
#include "model/reader.h"
#include "tests/model/load.h"

#include <ini.h>

/* What inih alone makes of such files is in the story of each test's name; these hold for what is in front of it. */

Test(inifile, every_byte_of_a_value_arrives)
{
	struct strv none = { 0 };
	char text[2048];
	char value[300];
	size_t n = 0;

	for (int c = 0x20; c < 0x7f; c++)
		if (c != '\'')
			value[n++] = (char)c;
	value[n] = '\0';
	snprintf(text, sizeof(text), "[service:a]\ncommand=x\nenv.A='%s'\n", value);
	struct loaded l = load_env(text, none.v);

	/* "${" isn't in the row: $ is followed by %. */
	cr_assert_eq(l.r, 0, "%s", diag_count(l.diag) ? diag_text(l.diag, 0) : "");
	cr_expect_str_eq(l.c.specs[0]->env.v[0] + 2, value);
	unload(&l);
}

static char *filled(size_t n)
{
	static const char some[] = "a b;c #d [e] = f: \\g \xc3\xa4  \t.";
	char *s = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		s[i] = some[i % (sizeof(some) - 1)];
	/* Never in the midst of the two bytes of an umlaut, nor with a blank last. */
	for (size_t i = n < 4 ? 0 : n - 4; i < n; i++)
		s[i] = 'z';
	if (n > 5 && (unsigned char)s[n - 5] == 0xc3)
		s[n - 5] = 'z';
	s[n] = '\0';
	return s;
}

/* inih tears lines at 199 bytes and drops blanks at the edges of what it joins: every length around its buffers. */
Test(inifile, long_values_arrive_byte_for_byte)
{
	for (size_t n = 1; n <= CONFIG_VALUE_MAX - 2; n = n < 700 ? n + 1 : n * 2 > CONFIG_VALUE_MAX && n < CONFIG_VALUE_MAX - 2 ? CONFIG_VALUE_MAX - 2 : n * 2) {
		char *value = filled(n);
		char *text = malloc(n + 100);

		snprintf(text, n + 100, "[service:a]\ncommand=x\nenv.A='%s' # c\nenv.B=b\n", value);
		struct loaded l = load(text);

		cr_assert_eq(l.r, 0, "%zu", n);
		cr_assert_eq(l.c.specs[0]->env.n, 2, "%zu", n);
		cr_assert_str_eq(l.c.specs[0]->env.v[0] + 2, value, "%zu", n);
		unload(&l);
		free(value);
		free(text);
	}
}

Test(inifile, a_value_over_the_limit_is_refused_with_line_and_column)
{
	size_t n = CONFIG_VALUE_MAX + 1;
	char *text = malloc(n + 100);
	size_t at = (size_t)snprintf(text, 100, "[service:a]\ncommand=x\nenv.A=");

	memset(text + at, 'a', n);
	snprintf(text + at + n, 20, "\nenv.B=1\n");
	refuses(text, "pm1.ini:3: [service:a] env.A = aaaa");
	refuses(text, "the value is 65537 bytes long (allowed: up to 65536, which end at column 65542)");
	text[at + n - 1] = '\n';
	struct loaded l = load(text);

	cr_expect_eq(l.r, 0);
	unload(&l);
	free(text);
}

Test(inifile, names_that_inih_would_cut_are_whole)
{
	char text[600];
	char name[201];
	char service[SPEC_NAME_MAX + 1];

	memset(name, 'N', sizeof(name));
	name[200] = '\0';
	memset(service, 's', sizeof(service));
	service[SPEC_NAME_MAX] = '\0';
	for (size_t n = 40; n <= 200; n++) {
		snprintf(text, sizeof(text), "[service:%s]\ncommand=x\nenv.%.*s=v\nenv.%.*sX=w\n", service, (int)n, name, (int)n, name);
		struct loaded l = load(text);

		cr_assert_eq(l.r, 0, "%zu", n);
		cr_expect_str_eq(l.c.specs[0]->name, service);
		cr_expect_eq(strlen(l.c.specs[0]->env.v[0]), n + 2);
		cr_expect_eq(strlen(l.c.specs[0]->env.v[1]), n + 3);
		unload(&l);
	}
	memset(text, 'k', 400);
	memcpy(text, "[service:a]\n", 12);
	snprintf(text + 400, 100, "=v\n");
	refuses(text, "the key before the '=' is too long");
	text[0] = '[';
	memset(text, 'k', 400);
	text[0] = '[';
	snprintf(text + 400, 100, "]\n");
	refuses(text, "the section's name is too long");
}

Test(inifile, an_indented_line_is_a_key_of_its_own)
{
	struct loaded l = load_good("[service:a]\n  command = x\n\tenv.A = 1\n    env.B = 2\n");

	cr_expect_eq(l.c.specs[0]->env.n, 2);
	cr_expect_str_eq(l.c.specs[0]->env.v[1], "B=2");
	unload(&l);
}

Test(inifile, byte_order_mark_crlf_and_a_missing_last_newline)
{
	struct loaded l = load_good("\xef\xbb\xbf[service:a]\r\ncommand = x \\\r\n  y\r\n\r\nenv.A=1\r\nenv.B=2");

	cr_expect_eq(l.c.specs[0]->argv.n, 2);
	cr_expect_str_eq(l.c.specs[0]->env.v[1], "B=2");
	unload(&l);
}

Test(inifile, a_backslash_joins_lines_and_line_numbers_stay_right)
{
	struct loaded l = load("[service:a]\ncommand = a \\\n   b\\\n\tc\\\n\nenv.A = x\\\\\nbogus = 1\n# not this \\\nbogus = 2\\");

	cr_expect(says(&l, "pm1.ini:7: [service:a] bogus = 1: unknown key"));
	cr_expect(says(&l, "pm1.ini:9: [service:a] bogus = 2: unknown key"));
	unload(&l);
	l = load_good("[service:a]\ncommand = a \\\n   b\\\n\tc\\\n\nenv.A = x\\\\\n");
	cr_expect_eq(l.c.specs[0]->argv.n, 3);
	cr_expect_str_eq(l.c.specs[0]->env.v[0], "A=x\\\\");
	unload(&l);
}

static void refuses_n(const char *text, size_t n, const char *part)
{
	struct loaded l = load_n(text, n, NULL);

	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, part), "'%s', but: %s", part, diag_count(l.diag) ? diag_text(l.diag, 0) : "nothing");
	unload(&l);
}

Test(inifile, what_is_no_text_is_refused_with_line_and_column)
{
	refuses_n("[service:a]\ncommand=x\0y\n", 24, "pm1.ini:2: [service:a]: a NUL byte at column 10");
	refuses("[service:a]\ncommand=\xff\n", ":2: [service:a]: broken UTF-8 at column 9");
	refuses("[service:a]\ncommand=a\\\n\x1b\n", ":3: [service:a]: a control character at column 1");
	refuses("[service:a]\ncommand=\xc0\xaf\n", "broken UTF-8");
	refuses("[service:a]\ncommand=\xed\xa0\x80\n", "broken UTF-8");
	refuses("[service:a]\ncommand=\xf4\x90\x80\x80\n", "broken UTF-8");
	refuses("[service:a]\ncommand=\xe2\x82", "broken UTF-8 at column 9");
	refuses("a\rb=c\n", ":1: a control character at column 2");
}

Test(inifile, an_empty_file_is_no_fault)
{
	struct loaded l = load_good("");

	cr_expect_eq(l.c.n, 0);
	unload(&l);
	l = load_good("\xef\xbb\xbf");
	unload(&l);
	l = load_good("\n\n  \n; x\n# y\n");
	unload(&l);
}

Test(inifile, sections_without_keys_are_seen)
{
	refuses("[service:a]\n[service:b]\ncommand=x\n", ":1: [service:a] command: missing");
}

static int drop(void *ctx, const char *section, const char *name, const char *value)
{
	size_t *pieces = ctx;

	(void)section;
	(void)name;
	(void)value;
	(*pieces)++;
	return 1;
}

Test(inifile, the_reader_hands_out_nothing_that_inih_refuses)
{
	static const char text[] = "[a ; b]\n= ; x\nk = ; [\n'k' = [x\n[[[\n]=]\n;\n  # \n k : v\n";
	struct diag *d = diag_new();
	struct reader r;
	size_t pieces = 0;

	reader_init(&r, "x.ini", text, sizeof(text) - 1, d);
	cr_expect_eq(ini_parse_stream(reader_gets, &r, drop, &pieces), 0);
	cr_expect_gt(pieces, 0);
	reader_done(&r);
	diag_free(d);
}
