#include "tests/fakes/sys_fake.h"
#include "tests/model/load.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void in_a_folder(void)
{
	snprintf(dir, sizeof(dir), "/tmp/pm1-test-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void out_of_it(void)
{
	char command[128];

	cr_assert_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(include, .init = in_a_folder, .fini = out_of_it);

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

static struct loaded load_path(const char *path)
{
	struct loaded l = { .diag = diag_new() };

	l.r = config_load(path, NULL, l.diag, &l.c);
	return l;
}

Test(include, a_pattern_loads_its_files_in_order_beside_the_file)
{
	cr_assert_eq(mkdir("d", 0755), 0);
	cr_assert_eq(mkdir("d/logs", 0755), 0);
	put("d/20.ini", "[service:b]\ncommand=x\nout_file=logs/b.log\n");
	put("d/10.ini", "[service:a]\ncommand=x\n");
	put("d/.hidden.ini", "broken");
	put("d/30.txt", "broken");
	put("top.ini", "include = d/*.ini\n[service:top]\ncommand=x\n[defaults]\nrestart_delay=4s\n");
	struct loaded l = load_path("top.ini");
	char expected[128];

	cr_assert_eq(l.r, 0, "%s", diag_count(l.diag) ? diag_text(l.diag, 0) : "");
	cr_assert_eq(l.c.n, 3);
	cr_expect_str_eq(l.c.specs[0]->name, "top");
	cr_expect_str_eq(l.c.specs[1]->name, "a");
	cr_expect_str_eq(l.c.specs[2]->name, "b");
	cr_expect_eq(l.c.specs[0]->restart_delay, 0, "it stands above [defaults]");
	cr_expect_eq(l.c.specs[1]->restart_delay, 4 * USEC_SEC, "defaults of the including file hold");
	snprintf(expected, sizeof(expected), "%s/d/logs/b.log", dir);
	cr_expect_str_eq(l.c.specs[2]->out_file, expected);
	snprintf(expected, sizeof(expected), "%s/top.ini", dir);
	cr_expect_str_eq(l.c.path, expected);
	unload(&l);
}

Test(include, defaults_of_an_included_file_are_its_own)
{
	put("a.ini", "[defaults]\nmin_uptime=7s\n[service:a]\ncommand=x\n");
	put("b.ini", "[service:b]\ncommand=x\n");
	put("top.ini", "[pm1]\ninclude = a.ini b.ini\n[defaults]\nmin_uptime=3s\nrestart_delay=1s\n");
	struct loaded l = load_path("top.ini");

	cr_assert_eq(l.r, 0);
	cr_expect_eq(l.c.specs[0]->min_uptime, 7 * USEC_SEC);
	cr_expect_eq(l.c.specs[0]->restart_delay, USEC_SEC);
	cr_expect_eq(l.c.specs[1]->min_uptime, 3 * USEC_SEC);
	unload(&l);
}

Test(include, faults_name_the_included_file)
{
	cr_assert_eq(mkdir("d", 0755), 0);
	put("d/a.ini", "\n[service:a]\ncommand=x\nbogus=1\n");
	put("top.ini", "include = d/a.ini\n");
	struct loaded l = load_path("./top.ini");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect_str_eq(diag_text(l.diag, 0), "./d/a.ini:4: [service:a] bogus = 1: unknown key (`pm1 help keys` lists them)");
	unload(&l);
}

Test(include, a_service_in_two_files_is_a_fault_that_names_both)
{
	put("a.ini", "[service:s]\ncommand=x\n");
	put("top.ini", "include = a.ini\n\n[service:s]\ncommand=x\n");
	struct loaded l = load_path("top.ini");

	cr_expect(says(&l, "a.ini:1: [service:s]: given twice (first in top.ini:3)"));
	unload(&l);
}

Test(include, loops_are_refused)
{
	put("a.ini", "include = b.ini\n");
	put("b.ini", "include = a.ini\n");
	struct loaded l = load_path("a.ini");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, "b.ini:1: include = a.ini: a.ini: the file includes itself"));
	cr_expect_eq(diag_count(l.diag), 1);
	unload(&l);
}

Test(include, depth_is_bounded)
{
	for (int i = 0; i < 12; i++) {
		char name[16];
		char text[64];

		snprintf(name, sizeof(name), "%d.ini", i);
		snprintf(text, sizeof(text), "include = %d.ini\n", i + 1);
		put(name, text);
	}
	struct loaded l = load_path("0.ini");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, "8.ini:1: include = 9.ini: 9.ini: files include files more than 8 deep"));
	unload(&l);
}

/* Each of 12 files includes all: were a file read twice, it would be 12 to the power of 8 reads. */
Test(include, a_bomb_of_includes_is_bounded, .timeout = 30)
{
	for (int i = 0; i < 12; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d.ini", i);
		put(name, "include = *.ini\n");
	}
	struct loaded l = load_path("0.ini");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, "the file has been included already"));
	cr_expect_leq(diag_errors(l.diag), 12 * 12);
	unload(&l);
}

Test(include, no_match_is_a_warning_and_a_missing_file_a_fault)
{
	put("a.ini", "include = none/*.ini\n[service:a]\ncommand=x\n");
	put("b.ini", "include = none.ini\n");
	struct loaded l = load_path("a.ini");

	cr_expect_eq(l.r, 0);
	cr_expect(says(&l, "a.ini:1: warning: include = none/*.ini: no file matches 'none/*.ini'; going on without"));
	unload(&l);
	l = load_path("b.ini");
	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, "b.ini:1: include = none.ini: none.ini: No such file or directory"));
	unload(&l);
}

Test(include, a_fifo_in_a_files_place_does_not_hang_us, .timeout = 10)
{
	cr_assert_eq(mkfifo("f.ini", 0600), 0);
	struct loaded l = load_path("f.ini");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, "f.ini: not a regular file"));
	unload(&l);
	l = load_path(".");
	cr_expect_eq(l.r, -EISDIR);
	unload(&l);
	l = load_path("missing.ini");
	cr_expect_eq(l.r, -ENOENT);
	cr_expect(says(&l, "missing.ini: No such file or directory"));
	unload(&l);
}

Test(include, variables_come_from_files_and_from_keys_which_win)
{
	put(".env", "# comment\n\nexport A=1 # one\nB = \"two\\n\\\"x\\\"\"\r\nC='$x # y'\nD=\nE=a#b\n");
	put("a.ini", "[service:a]\ncommand=x\nenv.A=9\nenv_file = .env, -missing.env\n");
	struct loaded l = load_path("a.ini");
	static const char *const env[] = { "A=9", "B=two\n\"x\"", "C=$x # y", "D=", "E=a#b" };

	cr_assert_eq(l.r, 0, "%s", diag_count(l.diag) ? diag_text(l.diag, 0) : "");
	cr_assert_eq(l.c.specs[0]->env.n, 5);
	for (size_t i = 0; i < 5; i++)
		cr_expect_str_eq(l.c.specs[0]->env.v[i], env[i]);
	unload(&l);
}

Test(include, faults_of_a_file_of_variables_have_their_place)
{
	put(".env", "A=1\n1B=2\nnothing\nC='x\nD=\"a\" b\nE=\x01\n");
	put("a.ini", "[service:a]\ncommand=x\nenv_file = .env\n");
	struct loaded l = load_path("a.ini");
	char place[128];

	cr_expect_eq(l.r, -EINVAL);
	snprintf(place, sizeof(place), "%s/.env:2:", dir);
	cr_expect(says(&l, place));
	cr_expect(says(&l, ".env:3: no '=' in the line"));
	cr_expect(says(&l, "a quote is not closed"));
	cr_expect(says(&l, "text behind the closing quote"));
	cr_expect(says(&l, ".env:6: a control character at column 3"));
	cr_expect_eq(diag_errors(l.diag), 5);
	unload(&l);
}

/* One call of each kind fails at each of its places in turn: a word is said and no descriptor stays open. */
Test(include, whatever_call_fails_is_told_and_leaves_nothing_open)
{
	static const char *const calls[] = { "open", "fstat", "read" };

	cr_assert_eq(mkdir("d", 0755), 0);
	put("d/a.ini", "[service:a]\ncommand=x\nenv_file=v.env\n");
	put("d/v.env", "A=1\n");
	put("top.ini", "include = d/*.ini\n");
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned int failed = 0;

		for (unsigned int nth = 1;; nth++) {
			size_t fds = sys_fake_open_fds();

			sys_fake_reset();
			sys_fake_fail(calls[i], nth, EIO);
			struct loaded l = load_path("top.ini");

			cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
			if (l.r == 0) {
				unload(&l);
				break;
			}
			failed++;
			cr_expect(says(&l, "Input/output error"), "%s %u", calls[i], nth);
			unload(&l);
			cr_assert_lt(nth, 100);
		}
		cr_expect_geq(failed, 3, "%s", calls[i]);
	}
	sys_fake_reset();
}
