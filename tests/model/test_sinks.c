/* log_sink: which words a service may name, and what is said of the others. */
#include "tests/model/load.h"

#define HEAD "[service:web]\ncommand = true\n"

static const struct strv *sinks_of(const struct loaded *l, size_t i)
{
	return &l->c.specs[i]->log_sink;
}

Test(log_sink, several_words_are_several_sinks_and_none_is_none)
{
	struct loaded l = load_good("[defaults]\nlog_sink = syslog:unix, tcp:[::1]:5140 journal\n" HEAD
				    "[service:own]\ncommand = true\nlog_sink = udp:127.0.0.1:514\n"
				    "[service:quiet]\ncommand = true\nlog_sink = none\n");
	static const char *const expected[] = { "syslog:unix", "tcp:[::1]:5140", "journal" };

	cr_assert_eq(sinks_of(&l, 0)->n, 3);
	for (size_t i = 0; i < 3; i++)
		cr_expect_str_eq(sinks_of(&l, 0)->v[i], expected[i]);
	cr_assert_eq(sinks_of(&l, 1)->n, 1);
	cr_expect_str_eq(sinks_of(&l, 1)->v[0], "udp:127.0.0.1:514");
	cr_expect_eq(sinks_of(&l, 2)->n, 0);
	unload(&l);
}

Test(log_sink, another_sink_is_another_spec)
{
	struct loaded a = load_good(HEAD "log_sink = journal\n"), b = load_good(HEAD "log_sink = syslog:unix\n"),
		      c = load_good(HEAD "log_sink = journal\n");

	cr_expect_not(spec_equal(a.c.specs[0], b.c.specs[0]));
	cr_expect(spec_equal(a.c.specs[0], c.c.specs[0]));
	unload(&a);
	unload(&b);
	unload(&c);
}

Test(log_sink, what_is_wrong_is_told_with_file_and_line)
{
	static const struct {
		const char *value, *message;
	} cases[] = {
		{ "tcp:localhost:80", "'tcp:localhost:80': not a numeric address: names are not looked up here (allowed: syslog:unix" },
		{ "journal none", "'none': unknown kind of sink" },
		{ "syslog:unix syslog:unix:/dev/log", "'syslog:unix:/dev/log': the same place is named twice" },
		{ "\"journal:/a b\"", "a blank in it" },
		{ "journal:/1 journal:/2 journal:/3 journal:/4 journal:/5", "more than 4 sinks" },
		{ "\"journal", "a quote is not closed" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		(void)snprintf(text, sizeof(text), HEAD "log_sink = %s\n", cases[i].value);
		struct loaded l = load(text);
		cr_expect_lt(l.r, 0, "%s", cases[i].value);
		cr_expect(says(&l, cases[i].message), "%s: %s", cases[i].value, diag_count(l.diag) ? diag_text(l.diag, 0) : "");
		cr_expect(says(&l, "/srv/app/pm1.ini:3: "), "%s", diag_text(l.diag, 0));
		unload(&l);
	}
}
