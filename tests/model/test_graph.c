#include "model/graph.h"
#include "tests/model/load.h"

#include "base/text.h"

#include <stdlib.h>

#define S(name, keys) "[service:" name "]\ncommand = x\n" keys "\n"

Test(graph, each_relation_is_read_and_kept)
{
	struct loaded l = load_good(S("web", "requires = db:healthy, cache\nwants = mail\nafter = late\nbefore = last\nconflicts = old")
					    S("db", "") S("cache", "") S("mail", "") S("late", "") S("last", "") S("old", ""));
	static const char *const first[] = { "db:healthy", "mail", "late", "last", "old" };

	for (int r = 0; r < RELATION_MAX; r++)
		cr_expect_str_eq(graph_words(l.c.specs[0], (enum relation)r)->v[0], first[r], "%s", graph_key((enum relation)r));
	cr_expect_eq(l.c.specs[0]->requires.n, 2);
	unload(&l);
}

Test(graph, a_word_has_a_name_and_perhaps_a_level)
{
	char name[GRAPH_WORD_MAX], word[GRAPH_WORD_MAX + 8];
	enum level level;

	cr_assert_eq(graph_part("db", name, &level), 0);
	cr_expect(strcmp(name, "db") == 0 && level == LEVEL_DEFAULT);
	for (int i = LEVEL_STARTED; i < LEVEL_MAX; i++) {
		cr_assert_eq(text_format(word, sizeof(word), "db:%s", level_name((enum level)i)), 0);
		cr_assert_eq(graph_part(word, name, &level), 0);
		cr_expect(strcmp(name, "db") == 0 && (int)level == i, "%s", word);
	}
	cr_expect_eq(graph_part("db:", name, &level), -EINVAL);
	cr_expect_eq(graph_part("db:redy", name, &level), -EINVAL);
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	cr_expect_eq(graph_part(word, name, &level), -EINVAL);
}

Test(graph, a_name_that_nobody_has_is_told_with_its_place_and_the_nearest)
{
	refuses(S("web", "requires = databse") S("database", ""),
		"pm1.ini:3: [service:web] requires = databse: no service has that name (did you mean database?)");
	refuses(S("web", "after = zzz"), "[service:web] after = zzz: no service has that name");
	refuses(S("web", "before = web"), "before = web: a service can't name itself");
}

Test(graph, a_level_is_one_of_four_and_for_requires_alone)
{
	refuses(S("web", "requires = db:up") S("db", ""), "requires = db:up: no such level (allowed: NAME, or NAME with :started");
	refuses(S("web", "wants = db:ready") S("db", ""), "wants = db:ready: only requires takes a level");
}

Test(graph, what_is_required_can_not_be_in_conflict)
{
	refuses(S("web", "requires = db\nconflicts = db") S("db", ""), "conflicts = db: it is required or wanted as well");
	refuses(S("web", "requires = db") S("db", "conflicts = web"), "[service:db] conflicts = web: it requires or wants this one");
	refuses(S("db", "conflicts = web") S("web", "wants = db"), "[service:db] conflicts = web: it requires or wants this one");
}

Test(graph, a_cycle_is_named_in_full)
{
	refuses(S("a", "requires = b") S("b", "after = c") S("c", "wants = a"),
		"pm1.ini:3: [service:a]: each waits for the next: a -> b -> c -> a");
	refuses(S("a", "before = b") S("b", "before = a"), "each waits for the next: a -> b -> a");
	/* Only those in it, and from the one that stands first. */
	refuses(S("in", "requires = y") S("x", "requires = y") S("y", "requires = x"), "each waits for the next: x -> y -> x");
}

Test(graph, two_ways_to_one_are_no_cycle_and_neither_is_a_conflict)
{
	struct loaded l = load_good(S("a", "requires = b c") S("b", "requires = d\nconflicts = c") S("c", "requires = d\nconflicts = b") S("d", ""));

	unload(&l);
}

/* Ten thousand in one row: no recursion, no square of anything. */
Test(graph, a_long_row_is_walked)
{
	enum { N = 10000 };
	static char text[N * 64];
	size_t n = 0;

	for (int i = 0; i < N; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[service:s%dx]\ncommand = x\n", i);
		if (i + 1 < N)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "requires = s%dx\n", i + 1);
	}
	struct loaded l = load_good(text);
	cr_expect_eq(l.c.n, N);
	unload(&l);
	(void)snprintf(text + n, sizeof(text) - n, "requires = s0x\n");
	l = load(text);
	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, "each waits for the next: s0x -> s1x -> s2x"));
	unload(&l);
}

/* What a faulty section would have been is known: nobody is blamed for naming it. */
Test(graph, a_service_whose_section_is_faulty_is_still_there)
{
	struct loaded l = load("[service:db]\ncommand = x\nkill_timeout = never\n" S("web", "requires = db"));

	cr_expect_eq(l.r, -EINVAL);
	cr_expect_eq(diag_errors(l.diag), 1);
	unload(&l);
}

Test(graph, hooks_are_commands_and_their_faults_are_told)
{
	struct loaded l = load_good(S("a", "exec_start_pre = -mkdir 'a b'\nexec_stop = kill $$MAINPID"));

	cr_expect_str_eq(l.c.specs[0]->hook_argv[HOOK_START_PRE].v[0], "mkdir");
	cr_expect_str_eq(l.c.specs[0]->hook_argv[HOOK_START_PRE].v[1], "a b");
	cr_expect_str_eq(l.c.specs[0]->hook_argv[HOOK_STOP].v[1], "$MAINPID");
	unload(&l);
	refuses(S("a", "exec_stop = 'open"), "[service:a] exec_stop = 'open: a quote is not closed");
	l = load_good("[service:a]\nshell = yes\ncommand = x\nexec_stop_post = echo $EXIT_CODE | cat\n");
	cr_expect_str_eq(l.c.specs[0]->hook_argv[HOOK_STOP_POST].v[2], "echo $EXIT_CODE | cat");
	unload(&l);
}

Test(graph, a_oneshot_is_not_restarted_unless_asked)
{
	struct loaded l = load_good(S("a", "type = oneshot") S("b", "type = oneshot\nautorestart = yes") S("c", ""));

	cr_expect(!l.c.specs[0]->autorestart && l.c.specs[1]->autorestart && l.c.specs[2]->autorestart);
	unload(&l);
	l = load_good("[defaults]\nautorestart = yes\n" S("a", "type = oneshot\npid_file = /run/a.pid"));
	cr_expect(l.c.specs[0]->autorestart);
	cr_expect(says(&l, "only type = forking reads a pid_file; ignoring"));
	unload(&l);
}
