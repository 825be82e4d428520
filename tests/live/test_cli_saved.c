/* The list in a file: saved whole, for nobody else's eyes, and brought back as it was. */
#include "tests/live/call.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void ends(struct live *l)
{
	(void)call(l, "kill");
	call_left_is(0);
	call_end(l);
}

#define FILES                                                                                                                              \
	"[service:web]\ncommand = @PROG@ wait\nenv.PORT = 1\n[service:web:production]\nenv.PORT = 2\n"                                      \
	"[service:db]\ncommand = @PROG@ wait\n[service:tool]\ncommand = @PROG@ wait\nautostart = no\n"

static void put(struct live *l, const char *name, const char *text)
{
	FILE *f = fopen(live_path(l, name), "we");
	cr_assert_not_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
}

Test(cli_saved, files_overlays_command_lines_numbers_and_who_is_stopped_come_back)
{
	struct live l;
	call_home(&l, FILES);
	(void)setenv("COLOUR", "red", 1);
	cr_assert_eq(call(&l, "start", "pm1.ini", "--env", "production").code, 0);
	cr_assert_eq(call(&l, "start", "-n", "cl", "-i", "2", "--set", "kill_timeout=123ms", "--", live_env("PROG"), "wait", "a b").code, 0);
	cr_assert_eq(call(&l, "start", "-n", "sh", "--set", "shell=yes", "--", "exec sleep 1000 # | x").code, 0);
	cr_assert_eq(call(&l, "scale", "web", "3").code, 0);
	cr_assert_eq(call(&l, "start", "tool").code, 0);
	cr_assert_eq(call(&l, "stop", "db").code, 0);
	cr_assert_eq(call(&l, "stop", "cl").code, 0);
	char said[256];
	(void)snprintf(said, sizeof(said), "saved 5 services in %s\n", live_path(&l, "dump.json"));
	struct called c = call(&l, "save");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(c.out, said);
	struct stat st;
	cr_assert_eq(stat(live_path(&l, "dump.json"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600, "%o", st.st_mode);
	cr_assert_eq(call(&l, "kill").code, 0);
	call_left_is(0);

	(void)setenv("COLOUR", "blue", 1);
	c = call(&l, "resurrect");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_eq(json_array_size(call_json(&l, "jlist", "web")), 3);
	cr_assert_eq(json_array_size(call_json(&l, "jlist", "cl")), 2);
	cr_assert_str_eq(live_text(&l, "web", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "web", "pm1.overlay"), "production");
	cr_assert_str_eq(live_text(&l, "tool", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "sh", "pm2_env.status"), "online");
	cr_assert_str_eq(live_text(&l, "db", "pm2_env.status"), "stopped");
	cr_assert_str_eq(live_text(&l, "cl", "pm2_env.status"), "stopped");
	cr_assert_eq(live_get(&l, "db", "pm2_env.restart_time"), 0);
	cr_assert_eq(live_get(&l, "cl", "pm2_env.kill_timeout"), 123);
	cr_assert(strstr(live_text(&l, "cl", "pm1.command"), "'a b'"), "%s", live_text(&l, "cl", "pm1.command"));
	cr_assert(strstr(call(&l, "env", "sh").out, "\nCOLOUR=red\n"));

	/* Once more: what is there is left as it is, and the list is the same. */
	long long pid = live_get(&l, "web", "pid");
	c = call(&l, "resurrect");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert(strstr(c.err, "'cl' is there already; leaving it as it is"), "%s", c.err);
	cr_assert_eq(live_get(&l, "web", "pid"), pid);
	cr_assert_str_eq(live_text(&l, "db", "pm2_env.status"), "stopped");
	cr_assert_eq(call(&l, "save").code, 0);
	size_t n, m;
	char *one = live_file(live_path(&l, "dump.json"), &n), *two = live_file(live_path(&l, "dump.json.bak"), &m);
	cr_assert(n == m && memcmp(one, two, n) == 0, "%s\n%s", one, two);
	cr_assert_eq(stat(live_path(&l, "dump.json.bak"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	ends(&l);
}

Test(cli_saved, a_file_that_is_gone_or_broken_is_told_and_the_rest_goes_on)
{
	struct live l;
	call_home(&l, NULL);
	put(&l, "a.ini", "[service:a]\ncommand = sleep 1000\n");
	put(&l, "b.ini", "[service:b]\ncommand = sleep 1000\n");
	put(&l, "c.ini", "[service:c]\ncommand = sleep 1000\n");
	cr_assert_eq(call(&l, "start", "a.ini", "b.ini", "c.ini").code, 0);
	cr_assert_eq(call(&l, "save").code, 0);
	cr_assert_eq(call(&l, "kill").code, 0);
	put(&l, "a.ini", "[service:a]\ncommand =\n");
	cr_assert_eq(unlink(live_path(&l, "b.ini")), 0);
	struct called c = call(&l, "resurrect");
	cr_assert_eq(c.code, 2, "%s", c.err);
	cr_assert(strstr(c.err, "a.ini:2: [service:a] command = : the command is empty") && strstr(c.err, "b.ini: ") &&
			  strstr(c.err, "resurrect: 2 of 3 entries could not be started as they were"),
		  "%s", c.err);
	cr_assert_str_eq(live_text(&l, "c", "pm2_env.status"), "online");
	cr_assert_null(live_service(&l, "a"));
	ends(&l);
}

Test(cli_saved, a_list_that_is_broken_is_told_with_what_is_wrong_and_nothing_is_started)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "line 1: '[' or '{' expected near end of file" },
		{ "{\"format\": 1,\n", "line 2: " },
		{ "[]", "it is no list that pm1 saved" },
		{ "{\"format\": 1}", "it is no list that pm1 saved" },
		{ "{\"format\": 2, \"list\": []}", "it is of a newer pm1 (format 2)" },
		{ "{\"format\": 1, \"list\": [5]}", "it is no list that pm1 saved" },
		{ "{\"format\": 1, \"list\": [{\"file\": \"relative\", \"memory\": {}}]}", "it is no list that pm1 saved" },
	};
	struct live l;
	call_home(&l, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(&l, "dump.json", cases[i].text);
		struct called c = call(&l, "resurrect");
		cr_assert_eq(c.code, 1, "%s", cases[i].text);
		cr_assert(strstr(c.err, "dump.json: ") && strstr(c.err, cases[i].says), "%s: %s", cases[i].text, c.err);
	}
	put(&l, "dump.json.bak", "x");
	cr_assert(strstr(call(&l, "resurrect").err, "dump.json.bak; `pm1 resurrect FILE' takes it\n"));
	/* A member that says nothing sensible of a service does no harm. */
	put(&l, "dump.json", "{\"format\": 1, \"list\": [{\"command\": {\"name\": \"x\", \"argv\": [\"sleep\", \"1000\"], \"cwd\": \"/\", \"env\": [],"
			     "\"options\": []}, \"memory\": {\"x\": {\"instances\": -7, \"up\": [0, \"a\", 99999999999]}}}]}");
	struct called c = call(&l, "resurrect");
	cr_assert_eq(c.code, 0, "%s", c.err);
	cr_assert_str_eq(live_text(&l, "x", "pm2_env.status"), "online");
	ends(&l);
}

Test(cli_saved, an_empty_list_wants_force_and_what_is_cleared_is_gone)
{
	struct live l;
	call_home(&l, NULL);
	char said[256];
	cr_assert_eq(call(&l, "start", "-n", "a", "--", "/bin/sleep", "1000").code, 0);
	cr_assert_eq(call(&l, "save").code, 0);
	cr_assert_eq(call(&l, "delete", "a").code, 0);
	struct called c = call(&l, "save");
	cr_assert_eq(c.code, 1);
	cr_assert_str_eq(c.err, "pm1: save: there are no services; --force saves that\n");
	cr_assert_eq(call(&l, "save", "--force").code, 0);
	cr_assert_eq(call(&l, "resurrect").code, 0);
	/* The one before is beside it. */
	cr_assert_eq(call(&l, "resurrect", "dump.json.bak").code, 0);
	cr_assert_str_eq(live_text(&l, "a", "pm2_env.status"), "online");
	cr_assert_eq(call(&l, "cleardump").code, 0);
	cr_assert_neq(access(live_path(&l, "dump.json"), F_OK), 0);
	cr_assert_neq(access(live_path(&l, "dump.json.bak"), F_OK), 0);
	(void)snprintf(said, sizeof(said), "pm1: resurrect: nothing is saved in %s\n", live_path(&l, "dump.json"));
	c = call(&l, "resurrect");
	cr_assert_eq(c.code, 1);
	cr_assert_str_eq(c.err, said);
	cr_assert_eq(call(&l, "cleardump").code, 1);
	ends(&l);
}

Test(cli_saved, a_place_that_cannot_be_written_is_told_and_the_old_list_stays)
{
	struct live l;
	call_home(&l, NULL);
	cr_assert_eq(call(&l, "start", "-n", "a", "--", "/bin/sleep", "1000").code, 0);
	cr_assert_eq(call(&l, "save", "deep/er/list.json").code, 0);
	cr_assert_eq(access(live_path(&l, "deep/er/list.json"), F_OK), 0);
	cr_assert_eq(mkdir(live_path(&l, "dump.json"), 0700), 0);
	struct called c = call(&l, "save");
	cr_assert_eq(c.code, 1);
	cr_assert(strstr(c.err, "save: cannot write "), "%s", c.err);
	cr_assert_neq(access(live_path(&l, "dump.json.tmp"), F_OK), 0);
	cr_assert_eq(call(&l, "save", "/proc/x/list").code, 1);
	ends(&l);
}
